/* The reader of CoNLL files beside a Python computation over WNUT-17 and WikiGold (the reader and the IOB2 turn of the reference run, entities by seqeval's
 * get_entities, CRC-32 of all words and tags) and beside what wrote a file of CoNLL-2003's shape, and the alignment of labels beside the fixture task/alignment.jsonl. */
#include "support/support.h"

#include <hone/dataset.h>

/* Lines "word word …<tab>tag tag …" between newlines, as zlib.crc32 sums them. */
typedef struct crc {
    uint32_t value;
} crc;

static void crc_add(crc *c, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        c->value ^= (uint8_t)data[i];
        for (int k = 0; k < 8; k++)
            c->value = c->value >> 1 ^ (c->value & 1 ? 0xEDB88320u : 0);
    }
}

static uint32_t crc_of(const hone_dataset *d)
{
    crc c = {0xFFFFFFFFu};
    ptrdiff_t words = hone_dataset_text_column(d), tags = hone_dataset_label_column(d);
    const hone_feature *labels = hone_dataset_feature(d, (size_t)tags);
    for (int64_t r = 0; r < hone_dataset_n_rows(d); r++) {
        size_t n = hone_dataset_length(d, r, words);
        crc_add(&c, "\n", r > 0);
        for (size_t k = 0; k < n; k++) {
            crc_add(&c, " ", k > 0);
            crc_add(&c, hone_dataset_texts(d, r, words)[k].data, hone_dataset_texts(d, r, words)[k].len);
        }
        for (size_t k = 0; k < n; k++) {
            const char *name = labels->names[hone_dataset_classes(d, r, tags)[k]];
            crc_add(&c, k > 0 ? " " : "\t", 1);
            crc_add(&c, name, strlen(name));
        }
    }
    return ~c.value;
}

typedef struct expected {
    const char *file;
    int64_t rows, words, longest, documents;
    uint32_t crc;
    const char *entities, *labels;
    hone_tag_scheme scheme;
} expected;

static void check_file(const expected *x)
{
    hone_dataset *d;
    char *info, path[4096], joined[1024] = "";
    json_t *value, *entities;
    snprintf(path, sizeof(path), "%s", test_data(x->file));
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
    assert_ok(hone_dataset_info_to_json(&info, d));
    assert_ok(hone__json_parse(&value, info, strlen(info), "info"));
    assert_int_equal(hone_dataset_n_rows(d), x->rows);
    assert_int_equal(json_integer_value(json_object_get(value, "num_words")), x->words);
    assert_int_equal(json_integer_value(json_object_get(value, "longest_row")), x->longest);
    assert_ok(hone__json_parse(&entities, x->entities, strlen(x->entities), "expected"));
    assert_true(json_equal(json_object_get(value, "entities"), entities));
    assert_int_equal(hone_dataset_n_documents(d), x->documents);
    assert_int_equal(hone_dataset_source_scheme(d), x->scheme);
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_IOB2);
    const hone_feature *labels = hone_dataset_feature(d, (size_t)hone_dataset_find(d, "ner_tags"));
    for (size_t i = 0; i < labels->n_names; i++)
        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", i ? " " : "", labels->names[i]);
    assert_string_equal(joined, x->labels);
    assert_int_equal(crc_of(d), x->crc);
    json_decref(entities);
    json_decref(value);
    hone_dataset_free_json(info);
    hone_dataset_free(d);
}

static const char wnut_labels[] =
    "O B-corporation I-corporation B-creative-work I-creative-work B-group I-group B-location I-location B-person "
    "I-person B-product I-product";

static void wnut17(void **state)
{
    (void)state;
    check_file(
        &(expected){"wnut17_train.conll", 3394, 62730, 41, 0, 0x09567d99,
                    "{\"corporation\": 221, \"creative-work\": 140, \"group\": 264, \"location\": 548, \"person\": 660, \"product\": 142}",
                    wnut_labels, HONE_SCHEME_IOB2});
    check_file(
        &(expected){"wnut17_dev.conll", 1009, 15733, 82, 0, 0xb365ded0,
                    "{\"corporation\": 34, \"creative-work\": 105, \"group\": 39, \"location\": 74, \"person\": 470, \"product\": 114}",
                    wnut_labels, HONE_SCHEME_IOB2});
    check_file(
        &(expected){"wnut17_test.conll", 1287, 23394, 105, 0, 0x801c8506,
                    "{\"corporation\": 66, \"creative-work\": 142, \"group\": 165, \"location\": 150, \"person\": 429, \"product\": 127}",
                    wnut_labels, HONE_SCHEME_IOB2});
}

static void wikigold(void **state)
{
    (void)state;
    check_file(&(expected){"wikigold.conll.txt", 1696, 39007, 144, 145, 0x26a0e322,
                           "{\"LOC\": 1014, \"MISC\": 712, \"ORG\": 898, \"PER\": 934}",
                           "O B-LOC I-LOC B-MISC I-MISC B-ORG I-ORG B-PER I-PER", HONE_SCHEME_IOB1});
}

/* ---- a file of CoNLL-2003's published shape ---- */

enum { N_SENTENCES = 3000, N_TYPES = 4 };
static const char *const types[N_TYPES] = {"LOC", "MISC", "ORG", "PER"};

/* The truth about one sentence: its words, and its tags by number (O, B-LOC, I-LOC, B-MISC, …). */
typedef struct sentence {
    int n, document;
    int words[40], tags[40];
} sentence;

static uint32_t draw(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % n;
}

static void make_sentence(sentence *s, uint64_t *state)
{
    s->n = 1 + (int)draw(state, 39);
    for (int k = 0; k < s->n; k++) {
        uint32_t what = draw(state, 10);
        int before = k ? s->tags[k - 1] : 0;
        s->words[k] = (int)draw(state, 5000);
        s->tags[k] = what < 6 ? 0 : what < 8 || !before ? 1 + 2 * (int)draw(state, N_TYPES) : before + before % 2;
    }
}

/* As the shared task published it: I- everywhere but between two entities of one type that touch. */
static void write_sentence(hone_str *out, const sentence *s, const char *eol)
{
    for (int k = 0; k < s->n; k++) {
        int tag = s->tags[k], before = k ? s->tags[k - 1] : 0;
        bool touches = tag % 2 && before && (before - 1) / 2 == (tag - 1) / 2;
        hone__str_printf(out, "w%d NN %s ", s->words[k], k % 3 ? "I-NP" : "B-VP");
        if (tag)
            hone__str_printf(out, "%c-%s", touches ? 'B' : 'I', types[(tag - 1) / 2]);
        hone__str_printf(out, "%s%s", tag ? "" : "O", eol);
    }
    hone__str_puts(out, eol);
}

static void write_file(sentence *sentences, const char *path, const char *eol)
{
    hone_str out = HONE_STR_INIT;
    uint64_t state = 2003;
    int document = -1;
    for (int i = 0; i < N_SENTENCES; i++) {
        if (i == 0 || draw(&state, 15) == 0) {
            hone__str_printf(&out, "-DOCSTART- -X- %s O%s%s", ++document % 2 ? "O" : "-X-", eol, eol);
        }
        make_sentence(&sentences[i], &state);
        sentences[i].document = document;
        write_sentence(&out, &sentences[i], eol);
    }
    test_write_text(path, out.data);
    hone__str_dispose(&out);
}

static void check_sentence(const hone_dataset *d, int64_t row, const sentence *s)
{
    char word[16];
    ptrdiff_t tokens = hone_dataset_find(d, "tokens"), tags = hone_dataset_find(d, "ner_tags");
    assert_int_equal(hone_dataset_length(d, row, tokens), s->n);
    assert_int_equal(hone_dataset_int(d, row, hone_dataset_find(d, "document")), s->document);
    for (int k = 0; k < s->n; k++) {
        hone_text got = hone_dataset_texts(d, row, tokens)[k];
        snprintf(word, sizeof(word), "w%d", s->words[k]);
        assert_int_equal(got.len, strlen(word));
        assert_memory_equal(got.data, word, got.len);
        assert_int_equal(hone_dataset_classes(d, row, tags)[k], s->tags[k]);
    }
}

static void conll_2003(void **state)
{
    static const char *const ends[] = {"\n", "\r\n"};
    static sentence sentences[N_SENTENCES];
    hone_dataset *d;
    char path[4096];
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s", test_temp("eng.train"));
        write_file(sentences, path, ends[i]);
        assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
        assert_int_equal(hone_dataset_n_rows(d), N_SENTENCES);
        assert_int_equal(hone_dataset_n_documents(d), sentences[N_SENTENCES - 1].document + 1);
        assert_int_equal(hone_dataset_source_scheme(d), HONE_SCHEME_IOB1);
        assert_int_equal(hone_dataset_feature(d, (size_t)hone_dataset_label_column(d))->n_names, 1 + 2 * N_TYPES);
        for (int row = 0; row < N_SENTENCES; row++)
            check_sentence(d, row, &sentences[row]);
        hone_dataset_free(d);
    }
}

/* ---- alignment ---- */

enum { MAX_ITEMS = 512 };

static size_t read_ints(int32_t *out, const json_t *array)
{
    assert_in_range(json_array_size(array), 0, MAX_ITEMS);
    for (size_t i = 0; i < json_array_size(array); i++)
        out[i] = (int32_t)json_integer_value(json_array_get(array, i));
    return json_array_size(array);
}

static void check_labels(const json_t *line, const char *key, const hone_encoding *e, const int32_t *tags, size_t n, const int32_t *inside)
{
    int32_t want[MAX_ITEMS], got[MAX_ITEMS];
    size_t n_tokens = read_ints(want, json_object_get(line, key));
    assert_int_equal(n_tokens, hone_encoding_n_tokens(e));
    hone_align_labels(got, e, tags, n, inside, strcmp(key, "labels") == 0);
    assert_memory_equal(got, want, n_tokens * sizeof(*got));
}

static void alignment(void **state)
{
    static const char *const names[] = {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"};
    int32_t inside[9], tags[MAX_ITEMS];
    hone_text words[MAX_ITEMS];
    hone_tokenizer *tok;
    (void)state;
    json_t *lines = test_read_jsonl(test_fixture("task/alignment.jsonl"));
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/bert-cased")));
    hone_inside_labels(inside, names, 9);
    assert_in_range(json_array_size(lines), 50, 100000);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i), *tokens = json_object_get(line, "tokens");
        size_t n = read_ints(tags, json_object_get(line, "ner_tags"));
        hone_encoding *e;
        for (size_t k = 0; k < n; k++)
            words[k] = HONE_TEXT(json_string_value(json_array_get(tokens, k)));
        assert_ok(hone_tokenizer_encode_words(&e, tok, words, n, NULL, 0, NULL));
        check_labels(line, "labels", e, tags, n, inside);
        check_labels(line, "labels_first", e, tags, n, inside);
        hone_encoding_free(e);
    }
    json_decref(lines);
    hone_tokenizer_free(tok);
}

/* The same through the reader of JSON lines and hone_token_examples. */
static void alignment_of_examples(void **state)
{
    static const char *const names[] = {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC", NULL};
    hone_dataset_options data = HONE_DATASET_OPTIONS_INIT;
    hone_token_examples_options options = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_dataset *d;
    hone_tokenizer *tok;
    hone_examples *e;
    char path[4096];
    int32_t inside[9], want[MAX_ITEMS];
    (void)state;
    snprintf(path, sizeof(path), "%s", test_fixture("task/alignment.jsonl"));
    json_t *lines = test_read_jsonl(path);
    data.labels = names;
    data.label_column_name = "ner_tags";
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, &data));
    assert_int_equal(hone_dataset_n_features(d), 2); /* labels and labels_first are not as long as the words */
    assert_ok(hone_tokenizer_from_pretrained(&tok, test_fixture("tok/bert-cased")));
    hone_inside_labels(inside, names, 9);
    options.inside = inside;
    for (int all = 0; all < 2; all++) {
        options.label_all_tokens = all;
        assert_ok(hone_token_examples(&e, d, tok, &options));
        assert_int_equal(hone_examples_count(e), json_array_size(lines));
        for (int64_t i = 0; i < hone_examples_count(e); i++) {
            hone_example x;
            size_t n = read_ints(want, json_object_get(json_array_get(lines, (size_t)i), all ? "labels" : "labels_first"));
            assert_ok(hone_examples_get(e, i, &x));
            assert_int_equal(x.n_tokens, n);
            assert_memory_equal(x.labels, want, n * sizeof(*want));
        }
        hone_examples_free(e);
    }
    json_decref(lines);
    hone_dataset_free(d);
    hone_tokenizer_free(tok);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(wnut17), cmocka_unit_test(wikigold), cmocka_unit_test(conll_2003),
                                          cmocka_unit_test(alignment), cmocka_unit_test(alignment_of_examples)};
TEST_MAIN(tests)
