/* CoNLL files: columns, documents, schemes, classes, and what is wrong with them, by file and line. */
#include "support/support.h"

#include <hone/dataset.h>
#include <hone/log.h>

static char path[4096];

static hone_status load(hone_dataset **out, const char *text, const hone_dataset_options *options)
{
    snprintf(path, sizeof(path), "%s", test_temp("data.conll"));
    test_write_text(path, text);
    return hone_dataset_load(out, (const char *[]){path}, 1, options);
}

/* Row `row` of the text, as JSON with class names. */
static void assert_row(const hone_dataset *d, int64_t row, const char *expected)
{
    char *json;
    assert_ok(hone_dataset_row_to_json(&json, d, row, true));
    assert_string_equal(json, expected);
    hone_dataset_free_json(json);
}

static void assert_names(const hone_dataset *d, const char *column, const char *expected)
{
    char joined[512] = "";
    const hone_feature *f = hone_dataset_feature(d, (size_t)hone_dataset_find(d, column));
    assert_non_null(f);
    for (size_t i = 0; i < f->n_names; i++)
        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", i ? " " : "", f->names[i]);
    assert_null(f->names[f->n_names]);
    assert_string_equal(joined, expected);
}

static const char published[] =
    "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\ncall NN I-NP O\n\n"
    "Peter NNP I-NP I-PER\nBlackburn NNP I-NP I-PER\n\n-DOCSTART- -X- O O\n\nOslo NNP I-NP I-LOC\nBonn NNP B-NP B-LOC\n";

static void check_published(const char *text)
{
    hone_dataset *d;
    int64_t line;
    assert_ok(load(&d, text, NULL));
    assert_int_equal(hone_dataset_n_rows(d), 3);
    assert_int_equal(hone_dataset_n_documents(d), 2);
    assert_int_equal(hone_dataset_source_scheme(d), HONE_SCHEME_IOB1);
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_IOB2);
    assert_row(d, 0,
               "{\"id\": 0, \"document\": 0, \"tokens\": [\"EU\", \"rejects\", \"German\", \"call\"], \"pos_tags\": [\"NNP\", \"VBZ\", "
               "\"JJ\", \"NN\"], "
               "\"chunk_tags\": [\"B-NP\", \"B-VP\", \"B-NP\", \"I-NP\"], \"ner_tags\": [\"B-ORG\", \"O\", \"B-MISC\", \"O\"]}");
    assert_row(
        d, 1,
        "{\"id\": 1, \"document\": 0, \"tokens\": [\"Peter\", \"Blackburn\"], \"pos_tags\": [\"NNP\", \"NNP\"], \"chunk_tags\": [\"B-NP\", "
        "\"I-NP\"], \"ner_tags\": [\"B-PER\", \"I-PER\"]}");
    assert_row(d, 2,
               "{\"id\": 2, \"document\": 1, \"tokens\": [\"Oslo\", \"Bonn\"], \"pos_tags\": [\"NNP\", \"NNP\"], \"chunk_tags\": "
               "[\"B-NP\", \"B-NP\"], "
               "\"ner_tags\": [\"B-LOC\", \"B-LOC\"]}");
    assert_names(d, "ner_tags", "O B-LOC I-LOC B-MISC I-MISC B-ORG I-ORG B-PER I-PER");
    assert_names(d, "chunk_tags", "O B-NP I-NP B-VP I-VP");
    assert_names(d, "pos_tags", "JJ NN NNP VBZ");
    assert_string_equal(hone_dataset_place(&line, d, 1, 1), path);
    assert_int_equal(line, 9);
    assert_int_equal(hone_dataset_int(d, 2, hone_dataset_find(d, "document")), 1);
    assert_int_equal(hone_dataset_int(d, 2, hone_dataset_find(d, "id")), 2);
    hone_dataset_free(d);
}

/* CoNLL-2003 as it is published, with LF, CRLF, CR, a byte-order mark, lines of blanks, and no newline at the end. */
static void conll_2003(void **state)
{
    (void)state;
    char text[2048] = "\xEF\xBB\xBF";
    check_published(published);
    strcat(text, published);
    check_published(text);
    for (int kind = 0; kind < 3; kind++) {
        size_t n = 0;
        for (const char *p = published; *p; p++)
            if (*p != '\n')
                text[n++] = *p;
            else
                n += (size_t)sprintf(text + n, "%s", kind == 0 ? "\r\n" : kind == 1 ? "\r" : p[1] == '\n' ? "\n \t " : "\n");
        text[n - (kind == 2)] = '\0';
        check_published(text);
    }
}

static void two_and_more_columns(void **state)
{
    hone_dataset *d;
    (void)state;
    assert_ok(load(&d,
                   "New York\tB-LOC\n\xC2\xA0\tO\na\xE3\x80\x80"
                   "b\tO\t\n\n\n#\tO\n# x\tO\n\n",
                   NULL));
    assert_row(d, 0,
               "{\"id\": 0, \"tokens\": [\"New York\", \"\xC2\xA0\", \"a\xE3\x80\x80"
               "b\"], \"ner_tags\": [\"B-LOC\", \"O\", \"O\"]}");
    assert_row(d, 1, "{\"id\": 1, \"tokens\": [\"#\", \"# x\"], \"ner_tags\": [\"O\", \"O\"]}");
    assert_int_equal(hone_dataset_n_documents(d), 0);
    hone_dataset_free(d);
    assert_ok(load(&d, "  a  NN   O \nb NN O", NULL));
    assert_row(d, 0, "{\"id\": 0, \"tokens\": [\"a\", \"b\"], \"pos_tags\": [\"NN\", \"NN\"], \"ner_tags\": [\"O\", \"O\"]}");
    hone_dataset_free(d);
    assert_ok(load(&d, "a l1 P C O", NULL));
    assert_row(
        d, 0,
        "{\"id\": 0, \"tokens\": [\"a\"], \"column_2\": [\"l1\"], \"column_3\": [\"P\"], \"column_4\": [\"C\"], \"ner_tags\": [\"O\"]}");
    hone_dataset_free(d);
    assert_ok(load(&d, "# newdoc\n# text = # O\n# O\n#b O\n# O\n", NULL));
    assert_row(d, 0, "{\"id\": 0, \"tokens\": [\"#\", \"#b\", \"#\"], \"ner_tags\": [\"O\", \"O\", \"O\"]}");
    hone_dataset_free(d);
    assert_ok(load(&d, "\tO\nb\tO", NULL));
    assert_row(d, 0, "{\"id\": 0, \"tokens\": [\"\", \"b\"], \"ner_tags\": [\"O\", \"O\"]}");
    hone_dataset_free(d);
}

static void check_scheme(const char *text, hone_tag_scheme scheme, const char *names)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    o.keep_scheme = true;
    assert_ok(load(&d, text, &o));
    assert_int_equal(hone_dataset_source_scheme(d), scheme);
    assert_int_equal(hone_dataset_scheme(d), scheme);
    assert_names(d, "ner_tags", names);
    hone_dataset_free(d);
}

static void schemes(void **state)
{
    (void)state;
    check_scheme("a I-X\nb I-X\nc B-X\n", HONE_SCHEME_IOB1, "O B-X I-X");
    check_scheme("a B-X\nb I-X\nc B-X\n", HONE_SCHEME_IOB2, "O B-X I-X");
    check_scheme("a I-X\nb O\n", HONE_SCHEME_IOB1, "O B-X I-X");
    check_scheme("a O\nb O\n", HONE_SCHEME_IOB2, "O");
    check_scheme("a S-X\nb B-Y\nc E-Y\n", HONE_SCHEME_IOBES, "O B-X I-X E-X S-X B-Y I-Y E-Y S-Y");
    check_scheme("a B-Y\nb E-Y\n", HONE_SCHEME_IOBES, "O B-Y I-Y E-Y S-Y");
    check_scheme("a U-X\nb B-Y\nc L-Y\n", HONE_SCHEME_BILOU, "O B-X I-X L-X U-X B-Y I-Y L-Y U-Y");
    check_scheme("a I-X\nb E-X\nc O\n", HONE_SCHEME_IOE2, "O I-X E-X");
    check_scheme("a I-X\nb E-X\nc I-X\n", HONE_SCHEME_IOE1, "O I-X E-X");
    check_scheme("a NN\nb VB\nc .\n", HONE_SCHEME_NONE, ". NN VB");
    check_scheme("a PER\nb O\nc LOC\n", HONE_SCHEME_NONE, "O LOC PER");
    check_scheme("a 10\nb 9\nc 100\n", HONE_SCHEME_NONE, "9 10 100");
    check_scheme("a B\nb I\nc O\n", HONE_SCHEME_IOB2, "O B I");
    check_scheme("a B-X-Y\nb I-X-Y\n", HONE_SCHEME_IOB2, "O B-X-Y I-X-Y");
    for (int s = HONE_SCHEME_AUTO; s <= HONE_SCHEME_NONE; s++) {
        hone_tag_scheme parsed;
        assert_ok(hone_tag_scheme_parse(&parsed, hone_tag_scheme_name((hone_tag_scheme)s)));
        assert_int_equal(parsed, s);
    }
    hone_tag_scheme scheme;
    assert_ok(hone_tag_scheme_parse(&scheme, "iobes"));
    assert_fails(HONE_INVALID_ARGUMENT, "IOBES, BILOU", hone_tag_scheme_parse(&scheme, "iobis"));
}

/* Only I- tags: IO when it is asked for; else IOB1, which becomes IOB2. */
static void io_is_asked_for(void **state)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    o.scheme = HONE_SCHEME_IO;
    assert_ok(load(&d, "a I-X\nb I-X\n", &o));
    assert_names(d, "ner_tags", "O I-X");
    assert_row(d, 0, "{\"id\": 0, \"tokens\": [\"a\", \"b\"], \"ner_tags\": [\"I-X\", \"I-X\"]}");
    hone_dataset_free(d);
    o.scheme = HONE_SCHEME_AUTO;
    assert_ok(load(&d, "a I-X\nb I-X\nc I-Y\nd B-Y\ne I-Y\n\nf I-Y\n", &o));
    assert_row(d, 0,
               "{\"id\": 0, \"tokens\": [\"a\", \"b\", \"c\", \"d\", \"e\"], \"ner_tags\": [\"B-X\", \"I-X\", \"B-Y\", \"B-Y\", \"I-Y\"]}");
    assert_row(d, 1, "{\"id\": 1, \"tokens\": [\"f\"], \"ner_tags\": [\"B-Y\"]}");
    hone_dataset_free(d);
}

static void labels_are_given(void **state)
{
    static const char *const labels[] = {"I-PER", "O", "B-PER", NULL}, *const twice[] = {"O", "B-X", "O", NULL};
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    o.labels = labels;
    assert_ok(load(&d, "a I-PER\nb O\n", &o));
    assert_int_equal(hone_dataset_classes(d, 0, hone_dataset_label_column(d))[0], 2);
    assert_int_equal(hone_dataset_classes(d, 0, hone_dataset_label_column(d))[1], 1);
    hone_dataset_free(d);
    assert_fails(HONE_FORMAT, "data.conll:2: label \"B-PEE\" is none of the 3 that are known", load(&d, "a O\nb B-PEE\n", &o));
    assert_string_equal(hone_error_hint(), "did you mean \"B-PER\"? The labels are I-PER, O, B-PER");
    o.labels = twice;
    assert_fails(HONE_INVALID_ARGUMENT, "label \"O\" stands twice", load(&d, "a O\n", &o));
}

/* A model whose labels have no B- keeps IOB1. */
static void labels_without_begins(void **state)
{
    static const char *const labels[] = {"O", "I-X", NULL};
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    o.labels = labels;
    assert_ok(load(&d, "a I-X\nb I-X\n", &o));
    assert_row(d, 0, "{\"id\": 0, \"tokens\": [\"a\", \"b\"], \"ner_tags\": [\"I-X\", \"I-X\"]}");
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_IOB1);
    hone_dataset_free(d);
}

static char log_text[4096];
static void keep_log(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    (void)level;
    snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s\n", line);
}

/* What is odd, and no error, is said with its place and number. */
static void warnings(void **state)
{
    hone_dataset *d;
    (void)state;
    hone_set_log(keep_log, NULL, HONE_LOG_WARNING);
    assert_ok(load(&d, "a\tO\n\tO\n\tO\n", NULL));
    hone_dataset_free(d);
    assert_ok(load(&d, "a B-X\n\nb I-X\n\nc B-X\n", NULL));
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_IOB2);
    hone_dataset_free(d);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    assert_non_null(strstr(log_text, "data.conll:2: 2 empty words"));
    assert_non_null(strstr(log_text, "data.conll:3: an entity begins with I-, as 1 do; 2 begin with B-: the tags are read as IOB2"));
}

static void bad_input(void **state)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    assert_fails(HONE_FORMAT, "data.conll:3: 3 columns, the lines before have 2", load(&d, "a O\n\nb c O\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:2: 1 column, the lines before have 2", load(&d, "a\tO\nb\t\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:1: one column: a word and its tag were expected", load(&d, "word\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:2: tag \"PER-B\" is outside every scheme", load(&d, "a B-PER\nb PER-B\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:1: tag \"PER-B\"", load(&d, "a PER-B\nb PER-I\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:3: tag \"X-LOC\"", load(&d, "a B-PER\n\nb X-LOC\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:2: tag \"B-\"", load(&d, "a O\nb B-\n", NULL));
    assert_fails(HONE_FORMAT, "data.conll:3: tag \"S-X\" is outside BILOU", load(&d, "a U-X\nb O\nc S-X\n", NULL));
    o.scheme = HONE_SCHEME_IOB2;
    assert_fails(HONE_FORMAT, "data.conll:2: tag \"E-X\" is outside the scheme IOB2", load(&d, "a B-X\nb E-X\n", &o));
    assert_fails(HONE_FORMAT, "data.conll:2: not UTF-8 (byte 0xE9 at offset 7)", load(&d, "a O\ncaf\xE9 O\n", NULL));
    assert_fails(HONE_NOT_FOUND, "data.conll: no row of data, the file is empty", load(&d, "", NULL));
    assert_fails(HONE_NOT_FOUND, "data.conll: no row of data", load(&d, "\n \n-DOCSTART- O\n", NULL));
    assert_fails(HONE_NOT_FOUND, "nowhere.conll", hone_dataset_load(&d, (const char *[]){"nowhere.conll"}, 1, NULL));
    o.format = "conl";
    assert_fails(HONE_INVALID_ARGUMENT, "\"conl\" is no format of labelled data", load(&d, "a O\n", &o));
    snprintf(path, sizeof(path), "%s", test_temp("nul.conll"));
    test_write(path, "a O\nb\0 O\n", 9);
    assert_fails(HONE_FORMAT, "nul.conll:2: a NUL byte", hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
    test_write(path, "\x1F\x8B\b\0", 4);
    assert_fails(HONE_FORMAT, "compressed with gzip", hone_dataset_load(&d, (const char *[]){path}, 1, NULL));
}

/* Lines of 10 MB: a word, and one without an end to its columns. */
static void long_lines(void **state)
{
    const size_t n = 10000000;
    hone_dataset *d;
    char *text = NULL;
    (void)state;
    assert_ok(HONE_ALLOC(&text, n + 3));
    memset(text, 'a', n);
    strcpy(text + n, " O");
    assert_ok(load(&d, text, NULL));
    assert_int_equal(hone_dataset_texts(d, 0, hone_dataset_text_column(d))->len, n);
    hone_dataset_free(d);
    for (size_t i = 1; i < n; i += 2)
        text[i] = ' ';
    assert_fails(HONE_FORMAT, "data.conll:1: 5000001 columns: at most 64 are read", load(&d, text, NULL));
    hone__free(text);
}

/* Classes and the scheme are those of all files together; documents and rows go on. */
static void several_files(void **state)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    char first[4096], second[4096];
    int64_t line;
    (void)state;
    snprintf(first, sizeof(first), "%s", test_temp("1.conll"));
    snprintf(second, sizeof(second), "%s", test_temp("2.conll"));
    test_write_text(first, "-DOCSTART- O\n\na I-X\nb B-X\n");
    test_write_text(second, "c I-X\n\nd I-W\n");
    const char *const both[] = {first, second};
    assert_ok(hone_dataset_load(&d, both, 2, &o));
    assert_int_equal(hone_dataset_n_documents(d), 2);
    assert_names(d, "ner_tags", "O B-W I-W B-X I-X");
    assert_row(d, 1, "{\"id\": 1, \"document\": 1, \"tokens\": [\"c\"], \"ner_tags\": [\"B-X\"]}");
    assert_string_equal(hone_dataset_place(&line, d, 2, 0), second);
    assert_int_equal(line, 3);
    hone_dataset_free(d);
    o.max_rows = 2;
    assert_ok(hone_dataset_load(&d, both, 2, &o));
    assert_int_equal(hone_dataset_n_rows(d), 2);
    hone_dataset_free(d);
    test_write_text(second, "c X I-X\n");
    assert_fails(HONE_FORMAT, "2.conll:1: 3 columns, the lines before have 2", hone_dataset_load(&d, both, 2, NULL));
}

static void getters_at_the_edge(void **state)
{
    hone_dataset *d;
    int64_t line;
    char *json;
    (void)state;
    assert_ok(load(&d, "a O", NULL));
    assert_int_equal(hone_dataset_n_features(d), 3);
    assert_null(hone_dataset_feature(d, 3));
    assert_int_equal(hone_dataset_find(d, "other"), -1);
    assert_int_equal(hone_dataset_length(d, 0, 0), 1);
    assert_int_equal(hone_dataset_length(d, 1, 0), 0);
    assert_null(hone_dataset_texts(d, 0, 2));
    assert_null(hone_dataset_classes(d, 0, 1));
    assert_int_equal(hone_dataset_int(d, 0, 1), 0);
    assert_true(hone_dataset_double(d, 0, 0) == 0.0);
    assert_null(hone_dataset_place(&line, d, 1, 0));
    assert_fails(HONE_INVALID_ARGUMENT, "there is no row 1", hone_dataset_row_to_json(&json, d, 1, true));
    assert_ok(hone_dataset_info_to_json(&json, d));
    assert_string_equal(
        json,
        "{\"num_rows\": 1, \"num_words\": 1, \"longest_row\": 1, \"scheme\": \"IOB2\", \"source_scheme\": \"IOB2\", \"entities\": {}, "
        "\"features\": {\"id\": {\"dtype\": \"int64\", \"_type\": \"Value\"}, \"tokens\": {\"feature\": {\"dtype\": \"string\", \"_type\": "
        "\"Value\"}, \"_type\": \"Sequence\"}, \"ner_tags\": {\"feature\": {\"names\": [\"O\"], \"_type\": \"ClassLabel\"}, \"_type\": "
        "\"Sequence\"}}}");
    hone_dataset_free_json(json);
    hone_dataset_free(d);
    hone_dataset_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(conll_2003),      cmocka_unit_test(two_and_more_columns),  cmocka_unit_test(schemes),
    cmocka_unit_test(io_is_asked_for), cmocka_unit_test(labels_are_given),      cmocka_unit_test(bad_input),
    cmocka_unit_test(long_lines),      cmocka_unit_test(labels_without_begins), cmocka_unit_test(warnings),
    cmocka_unit_test(several_files),   cmocka_unit_test(getters_at_the_edge),
};
TEST_MAIN(tests)
