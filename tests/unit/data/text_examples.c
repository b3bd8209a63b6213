/* Rows of one or two texts as examples: which columns are the texts of GLUE's published files, ids and types, what is cut, labels as classes, numbers and sets, the same for any number of threads. */
#include "support/support.h"

#include <hone/text_examples.h>

#include <math.h>

static char path[4096];

static hone_dataset *load_as(const char *name, const char *text, const char *label)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    o.single_cells = true;
    o.label_column_name = label;
    snprintf(path, sizeof(path), "%s", test_temp(name));
    test_write_text(path, text);
    assert_ok(hone_dataset_load(&d, (const char *[]){path}, 1, &o));
    return d;
}

static hone_dataset *load(const char *name, const char *text)
{
    return load_as(name, text, NULL);
}

/* Ids: a 5, b 6, c 7, d 8; ##a 9, … */
static hone_tokenizer *letters(void)
{
    char folder[4096], vocab[4200];
    hone_tokenizer *tok;
    snprintf(folder, sizeof(folder), "%s", test_temp("letters"));
    snprintf(vocab, sizeof(vocab), "%s/vocab.txt", folder);
    assert_ok(hone__make_dirs(folder));
    test_write_text(vocab, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n##a\n##b\n##c\n##d\n");
    assert_ok(hone_tokenizer_from_pretrained(&tok, folder));
    return tok;
}

static void check_texts(const char *name, const char *text, const char *first, const char *second, const char *label)
{
    ptrdiff_t a, b;
    hone_dataset *d = load(name, text);
    assert_ok(hone_dataset_find_texts(&a, &b, d, NULL, NULL));
    assert_string_equal(hone_dataset_feature(d, (size_t)a)->name, first);
    assert_string_equal(b < 0 ? "" : hone_dataset_feature(d, (size_t)b)->name, second);
    ptrdiff_t c = hone_dataset_label_column(d);
    assert_string_equal(c < 0 ? "" : hone_dataset_feature(d, (size_t)c)->name, label);
    hone_dataset_free(d);
}

/* The headers of GLUE's files, and of test files, which have no labels. */
static void glue_as_published(void **state)
{
    (void)state;
    check_texts("a.txt", "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\tHe \"said.\tShe.\r\n", "#1 String",
                "#2 String", "Quality");
    check_texts("a.tsv", "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\ta\tb\n", "#1 String", "#2 String", "");
    check_texts("a.tsv", "sentence\tlabel\nhide new secretions \t0\n", "sentence", "", "label");
    check_texts("a.tsv", "index\tsentence\n0\tuneasy mishmash\n", "sentence", "", "");
    check_texts("a.tsv", "index\tquestion\tsentence\tlabel\n0\tWhen?\tNow.\tentailment\n", "question", "sentence", "label");
    check_texts("a.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tHow?\tWhy?\t0\n", "question1", "question2",
                "is_duplicate");
    check_texts("a.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tnot_entailment\n", "sentence1", "sentence2", "label");
    check_texts("a.tsv",
                "index\tgenre\tfilename\tyear\told_"
                "index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tmain\tf\t2012\t1\tnone\tnone\ta\tb\t5.000\n",
                "sentence1", "sentence2", "score");
    check_texts("a.tsv",
                "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_"
                "parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
                "0\t1\t1n\tgov\tp\tq\tr\ts\ta\tb\tneutral\tneutral\n",
                "sentence1", "sentence2", "gold_label");
    check_texts("a.jsonl", "{\"premise\": \"a\", \"hypothesis\": \"b\", \"label\": 1}\n", "premise", "hypothesis", "label");
    check_texts("a.jsonl", "{\"label\": 1, \"x\": \"a\", \"y\": \"b\", \"n\": 3}\n", "x", "y", "label");
    check_texts("a.jsonl", "{\"review\": \"a\", \"title\": \"b\", \"label\": 1}\n", "review", "", "label");
    check_texts("a.txt", "a text\tO\n\nanother\tO\n", "text", "", "label"); /* words with tags elsewhere */
    check_texts("a.csv", "tokens,text,label\nq,a,1\n", "text", "", "label");
}

static void columns_by_name(void **state)
{
    ptrdiff_t a, b;
    hone_dataset *d = load("n.csv", "id,title,text,n,label\n1,a,b,2,x\n");
    (void)state;
    assert_ok(hone_dataset_find_texts(&a, &b, d, NULL, "title"));
    assert_int_equal(a, 2);
    assert_int_equal(b, 1);
    assert_ok(hone_dataset_find_texts(&a, &b, d, "title", NULL));
    assert_int_equal(a, 1);
    assert_int_equal(b, -1);
    assert_fails(HONE_INVALID_ARGUMENT, "n.csv: there is no column \"x\"", hone_dataset_find_texts(&a, &b, d, "x", NULL));
    assert_string_equal(hone_error_hint(),
                        "the columns are id, title, text, n, label; --text_column_name and --text_pair_column_name name them");
    assert_fails(HONE_INVALID_ARGUMENT, "n.csv: column \"n\" holds no texts", hone_dataset_find_texts(&a, &b, d, NULL, "n"));
    assert_fails(HONE_INVALID_ARGUMENT, "column \"label\" holds no texts", hone_dataset_find_texts(&a, &b, d, "label", NULL));
    hone_dataset_free(d);
    d = load_as("n.csv", "x,y\n0,a\n1,b\n", "x"); /* words and tags by their names elsewhere; here single cells */
    assert_ok(hone_dataset_find_texts(&a, &b, d, NULL, NULL));
    assert_int_equal(a, 1);
    hone_dataset_free(d);
    d = load("n.jsonl", "{\"a\": 1, \"label\": 2}\n");
    assert_fails(HONE_INVALID_ARGUMENT, "it is not clear which column is the text", hone_dataset_find_texts(&a, &b, d, NULL, NULL));
    hone_dataset_free(d);
}

static void assert_example(const hone_examples *e, int64_t i, const char *ids, const char *types, int32_t label)
{
    hone_example x;
    char text[2][256] = {"", ""};
    assert_ok(hone_examples_get(e, i, &x));
    assert_int_equal(hone_examples_length(e, i), x.n_tokens);
    for (int32_t k = 0; k < x.n_tokens; k++) {
        snprintf(text[0] + strlen(text[0]), 16, "%s%d", k ? " " : "", x.input_ids[k]);
        if (x.token_type_ids)
            snprintf(text[1] + strlen(text[1]), 16, "%s%d", k ? " " : "", x.token_type_ids[k]);
    }
    assert_string_equal(text[0], ids);
    assert_string_equal(text[1], types);
    assert_int_equal(x.row_label, label);
}

static void pairs_and_what_is_cut(void **state)
{
    hone_dataset *d = load("p.tsv", "sentence1\tsentence2\tlabel\na b\tc\tyes\n\tab\tno\na b c d\ta b c d a\tyes\n");
    hone_tokenizer *tok = letters();
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_examples *e;
    (void)state;
    o.max_length = 9;
    o.ids = (int32_t[]){7, 3}; /* no, yes */
    assert_ok(hone_text_examples(&e, d, tok, &o));
    assert_example(e, 0, "2 5 6 3 7 3", "0 0 0 0 1 1", 3);
    assert_example(e, 1, "2 3 5 10 3", "0 0 1 1 1", 7);
    assert_example(e, 2, "2 5 6 7 3 5 6 7 3", "0 0 0 0 0 1 1 1 1", 3);
    const hone_text_examples_info *info = hone_text_examples_get_info(e);
    assert_int_equal(info->n_rows, 3);
    assert_int_equal(info->n_tokens, 20);
    assert_int_equal(info->n_truncated, 1);
    assert_int_equal(info->longest, 9);
    hone_examples_free(e);
    o.text_column_name = "sentence2";
    o.max_examples = 1;
    o.unlabelled = true;
    assert_ok(hone_text_examples(&e, d, tok, &o));
    assert_int_equal(hone_examples_count(e), 1);
    assert_example(e, 0, "2 7 3", "", HONE_NO_LABEL);
    hone_examples_free(e);
    o.max_length = 2;
    o.text_column_name = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "p.tsv:2", hone_text_examples(&e, d, tok, &o));
    assert_null(e);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

static void check_targets(const char *name, const char *text, hone_row_labels labels, const char *const *names, int32_t n,
                          const float *expected, int64_t n_rows)
{
    hone_dataset *d = load(name, text);
    hone_tokenizer *tok = letters();
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_examples *e;
    hone_example x;
    o.labels = labels;
    o.names = names;
    assert_ok(hone_text_examples(&e, d, tok, &o));
    assert_int_equal(hone_examples_count(e), n_rows);
    for (int64_t i = 0; i < n_rows; i++) {
        assert_ok(hone_examples_get(e, i, &x));
        assert_int_equal(x.row_label, HONE_NO_LABEL);
        assert_int_equal(x.n_targets, n);
        assert_memory_equal(x.targets, expected + i * n, (size_t)n * sizeof(float));
    }
    hone_examples_free(e);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

static void numbers_and_sets(void **state)
{
    static const char *const names[] = {"x", "y", "z", NULL};
    (void)state;
    check_targets("t.csv", "text,score\na,1.5\nb,-2\n", HONE_ROW_NUMBERS, NULL, 1, (float[]){1.5f, -2.0f}, 2);
    check_targets("t.csv", "text,score\na,3\nb,1\n", HONE_ROW_NUMBERS, NULL, 1, (float[]){3.0f, 1.0f}, 2);
    const float sets[] = {1, 0, 1, 0, 0, 0, 0, 1, 0};
    check_targets(
        "t.jsonl",
        "{\"text\": \"a\", \"labels\": [\"z\", \"x\"]}\n{\"text\": \"b\", \"labels\": []}\n{\"text\": \"c\", \"labels\": [\"\\u0079\"]}\n",
        HONE_ROW_SETS, names, 3, sets, 3);
    check_targets("t.csv", "text,label\na,\"['z', 'x']\"\nb,[]\nc,y\n", HONE_ROW_SETS, names, 3, sets, 3);
    check_targets("t.tsv", "text\tlabel\na\tx,z\nb\t[]\nc\t[\"y\"]\n", HONE_ROW_SETS, names, 3, sets, 3);
}

static void check_refused(const char *name, const char *text, hone_row_labels labels, hone_status status, const char *what)
{
    static const char *const names[] = {"x", NULL};
    hone_dataset *d = load(name, text);
    hone_tokenizer *tok = letters();
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_examples *e;
    o.labels = labels;
    o.names = names;
    assert_fails(status, what, hone_text_examples(&e, d, tok, &o));
    assert_null(e);
    hone_tokenizer_free(tok);
    hone_dataset_free(d);
}

static void refused(void **state)
{
    hone_examples *e;
    hone_dataset *d;
    (void)state;
    check_refused("r.csv", "text,label\na,1.5\nb,q\n", HONE_ROW_NUMBERS, HONE_FORMAT, "r.csv:3: label \"q\" is no number");
    check_refused("r.csv", "text,label\na,1.5\nb,1e400\n", HONE_ROW_NUMBERS, HONE_FORMAT, "r.csv:3: ");
    check_refused("r.jsonl", "{\"text\": \"a\", \"label\": NaN}\n", HONE_ROW_NUMBERS, HONE_FORMAT,
                  "r.jsonl:1: the label is no finite number");
    check_refused("r.csv", "text,label\na,1.5\n", HONE_ROW_CLASSES, HONE_INVALID_ARGUMENT,
                  "the labels of column \"label\" are numbers, not classes");
    check_refused("r.csv", "text,label\na,x\nb,\"x,y\"\n", HONE_ROW_SETS, HONE_FORMAT,
                  "r.csv:3: label \"y\" is none of those that are known");
    assert_fails(HONE_INVALID_ARGUMENT, "must be given", hone_text_examples(&e, NULL, NULL, NULL));
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    snprintf(path, sizeof(path), "%s", test_temp("c.jsonl"));
    test_write_text(path, "{\"text\": \"a\", \"labels\": [\"x,y\"]}\n");
    assert_fails(HONE_FORMAT, "c.jsonl:1: \"labels\" holds a name with a comma", hone_dataset_load(&d, (const char *[]){path}, 1, &o));
}

/* 300 rows in blocks, on one and on four threads. */
static void any_number_of_threads(void **state)
{
    hone_str text = HONE_STR_INIT;
    hone_tokenizer *tok = letters();
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_examples *e[2];
    (void)state;
    hone__str_puts(&text, "sentence1\tsentence2\tlabel\n");
    for (int i = 0; i < 300; i++)
        hone__str_printf(&text, "%.*s\t%.*s\t%d\n", i % 17, "abcdabcdabcdabcdabcd", i % 5, "ddccbbaa", i % 3);
    hone_dataset *d = load("t.tsv", text.data);
    for (int k = 0; k < 2; k++) {
        o.n_threads = k ? 4 : 1;
        assert_ok(hone_text_examples(&e[k], d, tok, &o));
    }
    for (int64_t i = 0; i < 300; i++) {
        hone_example x, y;
        assert_ok(hone_examples_get(e[0], i, &x));
        assert_ok(hone_examples_get(e[1], i, &y));
        assert_int_equal(x.n_tokens, 3 + i % 17 + i % 5);
        assert_int_equal(x.row_label, i % 3);
        assert_int_equal(y.row_label, i % 3);
        assert_int_equal(x.n_tokens, y.n_tokens);
        assert_memory_equal(x.input_ids, y.input_ids, (size_t)x.n_tokens * sizeof(int32_t));
        assert_memory_equal(x.token_type_ids, y.token_type_ids, (size_t)x.n_tokens * sizeof(int32_t));
    }
    hone_examples_free(e[0]);
    hone_examples_free(e[1]);
    hone_dataset_free(d);
    hone_tokenizer_free(tok);
    hone__str_dispose(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(glue_as_published), cmocka_unit_test(columns_by_name), cmocka_unit_test(pairs_and_what_is_cut),
    cmocka_unit_test(numbers_and_sets),  cmocka_unit_test(refused),         cmocka_unit_test(any_number_of_threads),
};
TEST_MAIN(tests)
