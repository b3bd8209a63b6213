/* Calls on data one at a time, each of their allocations failing in turn: nothing in *out, nothing lost of what they work on, and the same call succeeds when there is memory again. */
#include "oom/again.h"

#include <hone/masking.h>
#include <hone/qa.h>
#include <hone/text.h>
#include <hone/text_examples.h>

static hone_tokenizer *tok;

/* ---- examples and loaders ---- */

static hone_status toy_get(void *self, int64_t i, hone_example *out)
{
    static const int32_t ids[] = {5, 6, 7, 8};
    static const float targets[] = {0.5f, 1.5f};
    (void)self;
    out->n_tokens = (int32_t)(1 + i % 4);
    out->input_ids = out->labels = ids;
    out->targets = targets;
    out->n_targets = 2;
    return HONE_OK;
}

static int32_t toy_length(void *self, int64_t i)
{
    (void)self;
    return (int32_t)(1 + i % 4);
}

static const hone_examples_ops toy_ops = {toy_get, toy_length, NULL};

static hone_status use_parts(void *payload)
{
    hone_examples *all = NULL, *some = NULL, *middle = NULL;
    hone_example e;
    hone_status status;
    (void)payload;
    SURVIVE(!all, hone_examples_new(&all, &toy_ops, NULL, 30));
    SURVIVE(!some, hone_examples_take(&some, all, 7));
    SURVIVE(!middle, hone_examples_range(&middle, some, 2, 9));
    SURVIVE(true, hone_examples_get(middle, 1, &e));
    assert_int_equal(hone_examples_count(middle), 5);
    assert_int_equal(e.n_tokens, 4);
done:
    hone_examples_free(middle);
    hone_examples_free(some);
    hone_examples_free(all);
    return status;
}

/* Batches until the epoch ends; one that there was no memory for ends it, and the epoch starts again at that batch. */
static hone_status use_epochs(void *payload)
{
    static int64_t whole[2]; /* tokens of the batches from the second one, when nothing fails */
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    hone_examples *all = NULL;
    hone_loader *loader = NULL;
    hone_batch batch;
    int64_t n_tokens = 0;
    hone_status status;
    o.shuffle = true;
    o.group_by_length = payload ? 16 : 0;
    SURVIVE(!all, hone_examples_new(&all, &toy_ops, NULL, 30));
    SURVIVE(!loader, hone_loader_new(&loader, all, &o));
    SURVIVE(true, hone_loader_start_epoch(loader, 3));
    SURVIVE(true, hone_loader_start_epoch_at(loader, 3, 1));
    while (hone_loader_position(loader) < hone_loader_batches(loader)) {
        if (hone_loader_next(loader, &batch)) {
            n_tokens += batch.n_tokens;
            continue;
        }
        assert_int_equal(hone_loader_status(loader), HONE_OUT_OF_MEMORY);
        n_refused++;
        assert_ok(hone_loader_start_epoch_at(loader, 3, hone_loader_position(loader)));
    }
    if (whole[o.group_by_length > 0] == 0)
        whole[o.group_by_length > 0] = n_tokens;
    assert_int_equal(n_tokens, whole[o.group_by_length > 0]);
    assert_in_range(n_tokens, 40, 72);
done:
    hone_loader_free(loader);
    hone_examples_free(all);
    return status;
}

static void examples_survive(void **state)
{
    (void)state;
    assert_int_equal(sweep_calls(use_parts, NULL, 0), 5);
    assert_in_range(sweep_calls(use_epochs, NULL, 0), 5, 100);
    assert_in_range(sweep_calls(use_epochs, &(int){1}, 0), 5, 100);
}

/* ---- batches ---- */

static const int32_t ids[] = {2, 5, 6, 3, 2, 7, 3}, starts[] = {0, 4, 7};
static const hone_batch batch_of = {
    .n_tokens = 7, .n_rows = 2, .longest = 4, .cu_seqlens = starts, .input_ids = ids, .labels = ids, .n_labelled = -1};

static hone_status pad(void *payload)
{
    hone_padded_batch p = {.n_rows = 0};
    int32_t wide[8];
    hone_status status;
    (void)payload;
    SURVIVE(!p.input_ids && !p.attention_mask && !p.token_type_ids && !p.labels, hone_padded_batch_init(&p, &batch_of, NULL));
    SURVIVE(true, hone_batch_pad(&batch_of, ids, 0, 4, wide));
    assert_int_equal(p.width, 4);
    assert_memory_equal(p.input_ids, wide, sizeof(wide));
done:
    hone_padded_batch_dispose(&p);
    return status;
}

static hone_status mask(void *payload)
{
    hone_masking_options o = HONE_MASKING_OPTIONS_INIT;
    hone_masker *m = NULL;
    hone_batch batch = batch_of;
    int32_t masked[7], labels[7];
    hone_status status;
    o.whole_word_mask = payload != NULL;
    o.mlm_probability = 0.5;
    memcpy(masked, ids, sizeof(ids));
    batch.input_ids = masked;
    SURVIVE(!m, hone_masker_new(&m, tok, &o));
    SURVIVE(memcmp(masked, ids, sizeof(ids)) == 0, hone_masker_apply(m, &batch, masked, labels));
    for (int i = 0; i < 7; i++)
        assert_int_equal(labels[i] == HONE_IGNORE_INDEX ? masked[i] : labels[i], ids[i]);
done:
    hone_masker_free(m);
    return status;
}

static void batches_survive(void **state)
{
    (void)state;
    assert_int_equal(sweep_calls(pad, NULL, 0), 4);
    assert_in_range(sweep_calls(mask, NULL, 0), 2, 100);
    assert_in_range(sweep_calls(mask, &(int){1}, 0), 5, 100);
}

/* ---- files ---- */

static hone_status use_rows(void *payload)
{
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d = NULL;
    hone_examples *e = NULL;
    ptrdiff_t first, second;
    hone_status status;
    o.n_threads = 1;
    SURVIVE(!d, hone_dataset_load(&d, (const char *[]){payload}, 1, NULL));
    SURVIVE(true, hone_dataset_find_texts(&first, &second, d, NULL, NULL));
    SURVIVE(!e, hone_text_examples(&e, d, tok, &o));
    assert_true(first >= 0 && second > first);
    assert_int_equal(hone_text_examples_get_info(e)->n_rows, 2);
done:
    hone_tokenizer_trim(tok);
    hone_examples_free(e);
    hone_dataset_free(d);
    return status;
}

static hone_status use_questions(void *payload)
{
    hone_questions *q = NULL;
    hone_question_reader *r = NULL;
    hone_question one;
    hone_status status;
    SURVIVE(!q, hone_questions_load(&q, (const char *[]){payload}, 1, NULL));
    SURVIVE(!r, hone_question_reader_new(&r, q));
    for (int64_t i = 0; i < 2; i++) {
        SURVIVE(true, hone_question_reader_get(r, i, &one));
        assert_int_equal(one.n_answers, 1 + i);
        assert_int_equal(one.context.len, 8);
    }
done:
    hone_question_reader_free(r);
    hone_questions_free(q);
    return status;
}

/* A stream that ended for want of memory says so; another one reads to the end. */
static hone_status read_documents(void *payload)
{
    hone_text_stream *s = NULL;
    hone_document doc;
    int64_t n = 0;
    hone_status status;
    SURVIVE(!s, hone_text_open(&s, (const char *[]){payload}, 1, NULL));
    while (hone_text_next(s, &doc))
        n++;
    status = hone_text_status(s);
    if (status == HONE_OUT_OF_MEMORY)
        n_refused++;
    else
        assert_int_equal(n, 2);
done:
    hone_text_free(s);
    return status;
}

static hone_status parse_scheme(void *payload)
{
    hone_tag_scheme scheme;
    hone_status status;
    (void)payload;
    SURVIVE(true, hone_tag_scheme_parse(&scheme, "bilou"));
    assert_int_equal(scheme, HONE_SCHEME_BILOU);
done:
    return status;
}

static void files_survive(void **state)
{
    (void)state;
    test_write_text(test_temp("pairs.csv"), "sentence1,sentence2,label\n\"a \"\"b\"\"\",c,1\nb,a c,0\n");
    test_write_text(test_temp("questions.jsonl"),
                    "{\"id\": \"1\", \"question\": \"a ?\", \"context\": \"a b c\\u0020d\\n\", \"answers\": {\"text\": [\"b\"], "
                    "\"answer_start\": [2]}}\n"
                    "{\"id\": \"2\", \"question\": \"\\u0062 ?\", \"context\": \"a b c \\u00e9\", \"answers\": {\"text\": [\"b\", \"c\"], "
                    "\"answer_start\": [2, 4]}}\n");
    test_write_text(test_temp("lines.jsonl"), "{\"content\": \"a\\n b\"}\n{\"content\": \"c \\u00e9\"}\n");
    assert_in_range(sweep_calls(use_rows, (void *)(uintptr_t)test_temp("pairs.csv"), 0), 10, 1000);
    assert_in_range(sweep_calls(use_questions, (void *)(uintptr_t)test_temp("questions.jsonl"), 0), 4, 1000);
    assert_in_range(sweep_calls(read_documents, (void *)(uintptr_t)test_temp("lines.jsonl"), 0), 4, 1000);
    assert_int_equal(sweep_calls(parse_scheme, NULL, 0), 0);
}

static int make_tokenizer(void **state)
{
    char folder[4096];
    (void)state;
    snprintf(folder, sizeof(folder), "%s", test_temp("tok"));
    assert_ok(hone__make_dirs(folder));
    test_write_text(test_temp("tok/vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nc\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    return 0;
}

static int free_tokenizer(void **state)
{
    (void)state;
    hone_tokenizer_free(tok);
    return 0;
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(examples_survive),
                                          cmocka_unit_test_setup_teardown(batches_survive, make_tokenizer, free_tokenizer),
                                          cmocka_unit_test_setup_teardown(files_survive, make_tokenizer, free_tokenizer)};
TEST_MAIN(tests)
