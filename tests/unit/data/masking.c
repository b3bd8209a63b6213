/* Masks: their proportions over many rows, what they depend on and what not, whole words, edges and refusals. */
#include "support/support.h"

#include <hone/masking.h>

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

/* 0 [PAD] 1 [UNK] 2 [CLS] 3 [SEP] 4 [MASK], 5..34 words, 35..44 pieces that go on */
enum { UNK = 1, CLS = 2, SEP = 3, MASK = 4, WORD = 5, PIECE = 35, V = 45 };

static hone_tokenizer *tok;

static int setup(void **state)
{
    hone_str vocab = HONE_STR_INIT;
    char path[4096];
    (void)state;
    hone__str_puts(&vocab, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
    for (int i = WORD; i < V; i++)
        hone__str_printf(&vocab, "%sw%d\n", i >= PIECE ? "##" : "", i);
    snprintf(path, sizeof(path), "%s", test_temp("tok"));
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/vocab.txt");
    test_write_text(path, vocab.data);
    hone__str_dispose(&vocab);
    *strrchr(path, '/') = '\0';
    assert_ok(hone_tokenizer_from_pretrained(&tok, path));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

static hone_masker *masker_of(hone_masking_options options)
{
    hone_masker *m;
    assert_ok(hone_masker_new(&m, tok, &options));
    return m;
}

/* Masks rows that lie in ids; labels too. */
static void apply(hone_masker *m, int32_t *ids, int32_t *labels, const int32_t *starts, int32_t n_rows, const uint64_t *ordinals)
{
    hone_batch batch = {.n_tokens = starts[n_rows], .n_rows = n_rows, .cu_seqlens = starts, .input_ids = ids, .ordinals = ordinals};
    assert_ok(hone_masker_apply(m, &batch, ids, labels));
    assert_ptr_equal(batch.labels, labels);
    assert_ptr_equal(batch.input_ids, ids);
}

/* [CLS], words, [SEP]. */
static void fill_row(int32_t *row, int32_t n, int seed)
{
    for (int32_t i = 0; i < n; i++)
        row[i] = i == 0 ? CLS : i == n - 1 ? SEP : WORD + (i * 7 + seed) % (PIECE - WORD);
}

/* True when a count of successes of `trials` with probability p lies within 5 standard deviations: by chance about one such assertion in two million fails, and the seed is fixed. */
static bool is_likely(double count, double trials, double p)
{
    return fabs(count - trials * p) < 5 * sqrt(trials * p * (1 - p));
}

static void proportions(void **state)
{
    enum { ROWS = 4000, N = 64 };
    static int32_t ids[N], labels[N], before[N];
    const int32_t starts[] = {0, N};
    double maskable = 0, drawn = 0, masked = 0, kept = 0, other = 0, at[N] = {0};
    bool seen[V] = {false};
    (void)state;
    hone_masker *m = masker_of((hone_masking_options)HONE_MASKING_OPTIONS_INIT);
    for (uint64_t r = 0; r < ROWS; r++) {
        fill_row(before, N, (int)r);
        memcpy(ids, before, sizeof(ids));
        apply(m, ids, labels, starts, 1, &r);
        assert_int_equal(labels[0], HONE_IGNORE_INDEX);
        assert_int_equal(labels[N - 1], HONE_IGNORE_INDEX);
        maskable += N - 2;
        for (int i = 0; i < N; i++) {
            if (labels[i] == HONE_IGNORE_INDEX) {
                assert_int_equal(ids[i], before[i]);
                continue;
            }
            assert_int_equal(labels[i], before[i]);
            drawn++;
            at[i]++;
            masked += ids[i] == MASK;
            kept += ids[i] == before[i];
            other += ids[i] != MASK && ids[i] != before[i];
            if (ids[i] != before[i] && ids[i] != MASK)
                seen[ids[i]] = true;
        }
    }
    assert_true(is_likely(drawn, maskable, 0.15));
    assert_true(is_likely(masked, drawn, 0.8 + 0.1 / V));
    assert_true(is_likely(kept, drawn, 0.1 + 0.1 / V));
    assert_true(is_likely(other, drawn, 0.1 * (V - 2) / V));
    for (int i = 1; i < N - 1; i++)
        assert_true(is_likely(at[i], ROWS, 0.15));
    for (int i = 0; i < V; i++) /* any id of the vocabulary, special ones included */
        assert_true(seen[i] || i == MASK);
    hone_masker_free(m);
}

/* ---- what masks depend on ---- */

enum { ROWS = 23 };

static hone_status toy_get(void *self, int64_t i, hone_example *out)
{
    static int32_t row[64];
    (void)self;
    out->n_tokens = (int32_t)(3 + i * 5 % 40);
    fill_row(row, out->n_tokens, (int)i);
    out->input_ids = row;
    return HONE_OK;
}

static int32_t toy_length(void *self, int64_t i)
{
    (void)self;
    return (int32_t)(3 + i * 5 % 40);
}

/* The ids and labels that an epoch gives, row after row. */
static size_t epoch(hone_masker *m, int64_t batch_size, int64_t number, int64_t from, int32_t *out)
{
    static const hone_examples_ops ops = {toy_get, toy_length, NULL};
    hone_loader_options options = HONE_LOADER_OPTIONS_INIT;
    hone_examples *e;
    hone_loader *loader;
    hone_batch batch;
    size_t n = 0;
    options.batch_size = batch_size;
    options.shuffle = true;
    options.collator = hone_masker_collator(m);
    assert_ok(hone_examples_new(&e, &ops, NULL, ROWS));
    assert_ok(hone_loader_new(&loader, e, &options));
    assert_ok(hone_loader_start_epoch_at(loader, number, from));
    while (hone_loader_next(loader, &batch))
        for (int32_t i = 0; i < batch.n_tokens; i++) {
            out[n++] = batch.input_ids[i];
            out[n++] = batch.labels[i];
        }
    assert_ok(hone_loader_status(loader));
    hone_loader_free(loader);
    hone_examples_free(e);
    return n;
}

static void shapes_decide_nothing(void **state)
{
    static int32_t one[4096], other[4096];
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        hone_masking_options options = HONE_MASKING_OPTIONS_INIT;
        options.whole_word_mask = whole;
        hone_masker *m = masker_of(options);
        size_t n = epoch(m, 1, 3, 0, one);
        for (int64_t size = 2; size < 30; size += 3) {
            assert_int_equal(epoch(m, size, 3, 0, other), n);
            assert_memory_equal(one, other, n * sizeof(*one));
        }
        size_t rest = epoch(m, 2, 3, 4, other); /* going on in the middle: the rows from the eighth on */
        assert_memory_equal(one + n - rest, other, rest * sizeof(*one));
        n = epoch(m, 4, 0, 0, one);
        hone_masker *again = masker_of(options);
        assert_int_equal(epoch(again, 4, 0, 0, other), n);
        assert_memory_equal(one, other, n * sizeof(*one));
        hone_masker_free(again);
        options.seed = 7;
        again = masker_of(options);
        epoch(again, 4, 0, 0, other);
        assert_memory_not_equal(one, other, n * sizeof(*one));
        hone_masker_free(again);
        hone_masker_free(m);
    }
}

/* Rows of a batch in another order have the same masks, each epoch has its own, and an evaluation's are others still. */
static void ordinals(void **state)
{
    enum { N = 40 };
    int32_t ids[2 * N], labels[2 * N], swapped[2 * N], swapped_labels[2 * N];
    const int32_t starts[] = {0, N, 2 * N};
    const uint64_t order[] = {5, (uint64_t)1 << 40}, reversed[] = {order[1], order[0]};
    hone_masking_options options = HONE_MASKING_OPTIONS_INIT;
    (void)state;
    hone_masker *m = masker_of(options);
    fill_row(ids, N, 1);
    fill_row(ids + N, N, 1);
    memcpy(swapped, ids, sizeof(ids));
    apply(m, ids, labels, starts, 2, order);
    apply(m, swapped, swapped_labels, starts, 2, reversed);
    assert_memory_equal(ids, swapped + N, N * sizeof(*ids));
    assert_memory_equal(labels + N, swapped_labels, N * sizeof(*ids));
    assert_memory_not_equal(labels, labels + N, N * sizeof(*ids));
    options.for_evaluation = true;
    hone_masker *evaluation = masker_of(options);
    fill_row(swapped, N, 1);
    fill_row(swapped + N, N, 1);
    apply(evaluation, swapped, swapped_labels, starts, 2, order);
    assert_memory_not_equal(labels, swapped_labels, N * sizeof(*ids));
    hone_masker_free(evaluation);
    hone_masker_free(m);
}

/* ---- whole words ---- */

static hone_masker *whole_words(double probability)
{
    hone_masking_options options = HONE_MASKING_OPTIONS_INIT;
    options.whole_word_mask = true;
    options.mlm_probability = probability;
    return masker_of(options);
}

static void words_are_whole(void **state)
{
    enum { N = 41 };
    int32_t ids[N], labels[N], before[N];
    const int32_t starts[] = {0, N};
    (void)state;
    hone_masker *m = whole_words(0.15);
    for (uint64_t r = 0; r < 500; r++) {
        int n_drawn = 0;
        fill_row(before, N, (int)r);
        for (int i = 2; i < N - 1; i++)
            if ((i + (int)r) % 3 == 0 || (i + (int)r) % 7 == 0)
                before[i] = PIECE + i % 10;
        memcpy(ids, before, sizeof(ids));
        apply(m, ids, labels, starts, 1, &r);
        for (int i = 1; i < N; i++) {
            n_drawn += labels[i] >= 0;
            if (before[i] >= PIECE)
                assert_int_equal(labels[i] >= 0, labels[i - 1] >= 0);
        }
        assert_in_range(n_drawn, 1, 6); /* round(0.15 * 41) */
    }
    hone_masker_free(m);
}

/* Words of one token: each equally often, and always as many as there are to be. */
static void words_are_drawn_evenly(void **state)
{
    enum { N = 22, TRIALS = 5000 };
    int32_t ids[N], labels[N];
    const int32_t starts[] = {0, N};
    double at[N] = {0};
    (void)state;
    hone_masker *m = whole_words(0.15);
    for (uint64_t r = 0; r < TRIALS; r++) {
        int n_drawn = 0;
        fill_row(ids, N, 3);
        apply(m, ids, labels, starts, 1, &r);
        for (int i = 0; i < N; i++) {
            n_drawn += labels[i] >= 0;
            at[i] += labels[i] >= 0;
        }
        assert_int_equal(n_drawn, 3); /* round(3.3) */
    }
    for (int i = 1; i < N - 1; i++)
        assert_true(is_likely(at[i], TRIALS, 3.0 / (N - 2)));
    hone_masker_free(m);
}

/* The rule's corners, as DataCollatorForWholeWordMask has them. */
static void words_at_the_edges(void **state)
{
    static int32_t ids[9000], labels[9000];
    const uint64_t zero = 0;
    int n_drawn = 0;
    (void)state;
    hone_masker *m = whole_words(0.15), *all = whole_words(1);
    fill_row(ids, 9000, 0);
    apply(m, ids, labels, (const int32_t[]){0, 9000}, 1, &zero);
    for (int i = 0; i < 9000; i++)
        n_drawn += labels[i] >= 0;
    assert_int_equal(n_drawn, 512);
    /* a row that begins with a piece; a piece behind [SEP] belongs to the word before it; [UNK] counts as a word but is not drawn */
    int32_t row[] = {PIECE, PIECE + 1, WORD, SEP, PIECE + 2, UNK, WORD + 1}, n = 7, out[7];
    apply(all, row, out, (const int32_t[]){0, n}, 1, &zero);
    assert_true(out[0] == PIECE && out[1] == PIECE + 1 && out[2] == WORD && out[4] == PIECE + 2 && out[6] == WORD + 1);
    assert_true(out[3] == HONE_IGNORE_INDEX && out[5] == HONE_IGNORE_INDEX);
    /* at least one token, but a word of two does not fit then: nothing is drawn */
    int32_t pair[] = {CLS, WORD, PIECE, SEP};
    apply(m, pair, out, (const int32_t[]){0, 4}, 1, &zero);
    for (int i = 0; i < 4; i++)
        assert_int_equal(out[i], HONE_IGNORE_INDEX);
    apply(m, pair, out, (const int32_t[]){0, 0, 0}, 2, NULL); /* empty rows */
    hone_masker_free(m);
    hone_masker_free(all);
}

/* ---- edges ---- */

static void certainties(void **state)
{
    enum { N = 30 };
    int32_t ids[N], labels[N], before[N];
    const int32_t starts[] = {0, N};
    const uint64_t zero = 0;
    hone_masking_options options = HONE_MASKING_OPTIONS_INIT;
    (void)state;
    fill_row(before, N, 0);
    before[4] = UNK; /* a token like others here: the tokenizer does not add it */
    options.mlm_probability = 0;
    for (int round = 0; round < 4; round++) {
        hone_masker *m = masker_of(options);
        memcpy(ids, before, sizeof(ids));
        apply(m, ids, labels, starts, 1, &zero);
        for (int i = 0; i < N; i++) {
            bool special = i == 0 || i == N - 1;
            assert_int_equal(labels[i], round == 0 || special ? HONE_IGNORE_INDEX : before[i]);
            if (round == 0 || special || round == 3)
                assert_int_equal(ids[i], before[i]);
            else if (round == 1)
                assert_int_equal(ids[i], MASK);
        }
        hone_masker_free(m);
        options = (hone_masking_options){1, round == 0, round == 1, false, 42, false}; /* all masks, all random, all kept */
    }
}

static void refusals(void **state)
{
    hone_masker *m;
    hone_tokenizer *bare;
    char path[4096];
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "mlm_probability 1.5", hone_masker_new(&m, tok, &(hone_masking_options){.mlm_probability = 1.5}));
    assert_null(m);
    assert_fails(HONE_INVALID_ARGUMENT, "mask_replace_prob nan",
                 hone_masker_new(&m, tok, &(hone_masking_options){.mask_replace_prob = (double)NAN}));
    assert_fails(HONE_INVALID_ARGUMENT, "more than 1 together",
                 hone_masker_new(&m, tok, &(hone_masking_options){0.15, 0.8, 0.3, false, 1, false}));
    assert_fails(HONE_INVALID_ARGUMENT, "tokenizer must be given", hone_masker_new(&m, NULL, NULL));
    snprintf(path, sizeof(path), "%s", test_temp("bare.json"));
    test_write_text(
        path,
        "{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"post_processor\":null,"
        "\"decoder\":null,\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0,\"u\":1},\"unk_token\":\"u\"}}");
    assert_ok(hone_tokenizer_from_pretrained(&bare, path));
    assert_fails(HONE_INVALID_ARGUMENT, "no mask token", hone_masker_new(&m, bare, NULL));
    assert_null(m);
    hone_tokenizer_free(bare);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(proportions),
    cmocka_unit_test(shapes_decide_nothing),
    cmocka_unit_test(ordinals),
    cmocka_unit_test(words_are_whole),
    cmocka_unit_test(words_are_drawn_evenly),
    cmocka_unit_test(words_at_the_edges),
    cmocka_unit_test(certainties),
    cmocka_unit_test(refusals),
};

int main(void)
{
    return cmocka_run_group_tests(tests, setup, teardown);
}
