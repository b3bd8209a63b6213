/* JSON, csv and tsv files as data sets: words with tags in every layout, tables of cells, headers, ids with names, and what is wrong with them, by file and line. */
#include "support/support.h"

#include <hone/dataset.h>

static char path[4096];

/* Writes text to a file of that name and loads it. */
static hone_status load(hone_dataset **out, const char *name, const char *text, const hone_dataset_options *options)
{
    snprintf(path, sizeof(path), "%s", test_temp(name));
    test_write_text(path, text);
    return hone_dataset_load(out, (const char *[]){path}, 1, options);
}

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
    for (size_t i = 0; i < f->n_names; i++)
        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", i ? " " : "", f->names[i]);
    assert_string_equal(joined, expected);
}

/* Loads, compares the first row, frees. */
static void check(const char *name, const char *text, const hone_dataset_options *options, int64_t rows, const char *first)
{
    hone_dataset *d;
    assert_ok(load(&d, name, text, options));
    assert_int_equal(hone_dataset_n_rows(d), rows);
    assert_row(d, 0, first);
    hone_dataset_free(d);
}

/* ---- JSON ---- */

static void json_words_and_names(void **state)
{
    hone_dataset *d;
    int64_t line;
    (void)state;
    assert_ok(load(&d, "a.jsonl",
                   "{\"tokens\": [\"caf\\u00e9\", \"b\\\"\"], \"ner_tags\": [\"I-X\", \"O\"], \"id\": \"7\"}\n\n"
                   "{\"id\": \"8\", \"ner_tags\": [\"I-Y\"], \"tokens\": [\"\xE4\xB8\xAD\"]}",
                   NULL));
    assert_row(d, 0, "{\"tokens\": [\"caf\xC3\xA9\", \"b\\\"\"], \"ner_tags\": [\"B-X\", \"O\"], \"id\": \"7\"}");
    assert_row(d, 1, "{\"tokens\": [\"\xE4\xB8\xAD\"], \"ner_tags\": [\"B-Y\"], \"id\": \"8\"}");
    assert_names(d, "ner_tags", "O B-X I-X B-Y I-Y");
    assert_int_equal(hone_dataset_source_scheme(d), HONE_SCHEME_IOB1);
    hone_dataset_place(&line, d, 1, 0);
    assert_int_equal(line, 3);
    hone_dataset_free(d);
    check("b.json",
          " [\n {\"words\": [\"a\"], \"labels\": [\"B-X\"],\n\"other\": [1, 2]}\n,\n{\"words\": [], \"labels\": [], \"other\": []}]\n",
          NULL, 2, "{\"words\": [\"a\"], \"labels\": [\"B-X\"]}");
    check("c.jsonl", "{\"my words\": [\"a\"], \"my tags\": [\"NN\"], \"o\": {\"x\": 1}}",
          &(hone_dataset_options){.text_column_name = "my words", .label_column_name = "my tags", .max_rows = -1}, 1,
          "{\"my words\": [\"a\"], \"my tags\": [\"NN\"]}");
}

static const char with_ids[] = "{\"id\": \"0\", \"tokens\": [\"EU\", \"x\", \"y\"], \"pos_tags\": [1, 0, 1], \"ner_tags\": [3, 4, 0]}\n"
                               "{\"id\": \"1\", \"tokens\": [\"z\"], \"pos_tags\": [0], \"ner_tags\": [1]}\n";

static void json_ids(void **state)
{
    static const char *const labels[] = {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", NULL}, *const few[] = {"O", "B-PER", "I-PER", NULL};
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    assert_ok(load(&d, "a.jsonl", with_ids, NULL)); /* without names */
    assert_names(d, "ner_tags", "0 1 2 3 4");
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_NONE);
    assert_int_equal(hone_dataset_classes(d, 0, hone_dataset_label_column(d))[1], 4);
    hone_dataset_free(d);
    o.labels = labels;
    assert_ok(load(&d, "a.jsonl", with_ids, &o));
    assert_row(d, 0,
               "{\"id\": \"0\", \"tokens\": [\"EU\", \"x\", \"y\"], \"pos_tags\": [\"1\", \"0\", \"1\"], \"ner_tags\": [\"B-ORG\", "
               "\"I-ORG\", \"O\"]}");
    assert_int_equal(hone_dataset_scheme(d), HONE_SCHEME_IOB2);
    hone_dataset_free(d);
    o.labels = few;
    assert_fails(HONE_FORMAT, "a.jsonl:1: 3 is no class of \"ner_tags\", which has 3", load(&d, "a.jsonl", with_ids, &o));
    test_write_text(test_temp("dataset_info.json"),
                    "{\"features\": {\"ner_tags\": {\"feature\": {\"names\": [\"O\", \"B-PER\", \"I-PER\", \"B-ORG\", \"I-ORG\", "
                    "\"B-LOC\", \"I-LOC\"], "
                    "\"_type\": \"ClassLabel\"}, \"_type\": \"Sequence\"}, \"pos_tags\": {\"feature\": {\"names\": [\"NN\", \"VB\"]}}}}");
    assert_ok(load(&d, "a.jsonl", with_ids, NULL));
    assert_names(d, "ner_tags", "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC");
    assert_names(d, "pos_tags", "NN VB");
    assert_row(d, 1, "{\"id\": \"1\", \"tokens\": [\"z\"], \"pos_tags\": [\"NN\"], \"ner_tags\": [\"B-PER\"]}");
    hone_dataset_free(d);
    o.labels = (const char *const[]){"B-PER", "I-PER", "I-ORG", "B-ORG", "O", NULL}; /* by name, where the file has names */
    assert_ok(load(&d, "a.jsonl", with_ids, &o));
    assert_row(d, 1, "{\"id\": \"1\", \"tokens\": [\"z\"], \"pos_tags\": [\"NN\"], \"ner_tags\": [\"B-PER\"]}");
    assert_int_equal(hone_dataset_classes(d, 1, hone_dataset_label_column(d))[0], 0);
    hone_dataset_free(d);
    assert_int_equal(remove(test_temp("dataset_info.json")), 0);
    assert_fails(HONE_FORMAT, "a.jsonl:1: -100 is no class of \"ner_tags\"",
                 load(&d, "a.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [-100]}", NULL));
    assert_fails(HONE_FORMAT, "a.jsonl:1: 65536 is too high for a class of \"ner_tags\": ids without names end at 65535",
                 load(&d, "a.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [65536]}", NULL));
    assert_ok(load(&d, "a.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [65535]}", NULL));
    assert_int_equal(hone_dataset_feature(d, (size_t)hone_dataset_label_column(d))->n_names, 65536);
    hone_dataset_free(d);
}

static void json_faults(void **state)
{
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    assert_fails(
        HONE_FORMAT, "f.jsonl:2: \"ner_tags\" has 1 items for 2 words",
        load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"]}\n{\"tokens\": [\"a\", \"b\"], \"ner_tags\": [\"O\"]}\n", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:2: column 13: the text ends inside a string",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"]}\n{\"tokens\": \"", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:2: \"tokens\" is missing",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"]}\n{\"ner_tags\": []}\n", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:1: \"tokens\" holds something else than texts (item 2)",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\", null], \"ner_tags\": [\"O\", \"O\"]}\n", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:1: \"ner_tags\" has names of classes and numbers",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\", \"b\"], \"ner_tags\": [\"O\", 1]}\n", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:1: column 37: something follows the object",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"]}x\n", NULL));
    assert_fails(HONE_FORMAT, "f.json:3: column 1: ',' or ']' was expected",
                 load(&d, "f.json", "[{\"tokens\": [],\n \"ner_tags\": []}\nx]", NULL));
    assert_fails(HONE_FORMAT, "f.jsonl:1: half of a surrogate pair",
                 load(&d, "f.jsonl", "{\"tokens\": [\"\\ud800\"], \"ner_tags\": [\"O\"]}\n", NULL));
    assert_fails(
        HONE_FORMAT, "f.jsonl:2: tag \"X-LOC\"",
        load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"B-X\"]}\n{\"tokens\": [\"a\"], \"ner_tags\": [\"X-LOC\"]}\n", NULL));
    o.label_column_name = "tagz";
    assert_fails(HONE_FORMAT, "f.jsonl:1: there is no column \"tagz\"",
                 load(&d, "f.jsonl", "{\"tokens\": [\"a\"], \"ner_tags\": [\"O\"]}\n", &o));
    assert_string_equal(hone_error_hint(), "the columns are tokens, ner_tags; --text_column_name and --label_column_name name others");
    assert_fails(HONE_NOT_FOUND, "f.json: no row of data", load(&d, "f.json", "[]", NULL));
}

/* One line of 10 MB. */
static void long_line(void **state)
{
    hone_dataset *d;
    hone_str text = HONE_STR_INIT;
    const size_t n = 1000000;
    (void)state;
    hone__str_puts(&text, "{\"tokens\": [\"a\"");
    for (size_t i = 1; i < n; i++)
        hone__str_puts(&text, ",\"a\"");
    hone__str_puts(&text, "], \"ner_tags\": [\"O\"");
    for (size_t i = 1; i < n; i++)
        hone__str_puts(&text, ", \"O\"");
    hone__str_puts(&text, "]}\n");
    assert_ok(load(&d, "long.jsonl", text.data, NULL));
    assert_int_equal(hone_dataset_length(d, 0, 0), n);
    hone_dataset_free(d);
    text.data[text.len - 3] = ' ';
    assert_fails(HONE_FORMAT, "long.jsonl:1: column ", load(&d, "long.jsonl", text.data, NULL));
    hone__str_dispose(&text);
}

static void json_cells(void **state)
{
    hone_dataset *d;
    (void)state;
    assert_ok(load(&d, "a.jsonl",
                   "{\"text\": \"12\", \"label\": 1, \"x\": 0.5, \"y\": 3, \"z\": null}\n{\"text\": \"b\", \"label\": 0, \"x\": 2, \"y\": "
                   "4, \"z\": \"q\"}\n",
                   NULL));
    assert_row(d, 0, "{\"text\": \"12\", \"label\": \"1\", \"x\": 0.5, \"y\": 3, \"z\": \"\"}");
    assert_names(d, "label", "0 1");
    char *json;
    assert_ok(hone_dataset_row_to_json(&json, d, 1, false));
    assert_string_equal(json, "{\"text\": \"b\", \"label\": 0, \"x\": 2.0, \"y\": 4, \"z\": \"q\"}");
    hone_dataset_free_json(json);
    assert_int_equal(hone_dataset_int(d, 0, hone_dataset_label_column(d)), 1);
    assert_int_equal(hone_dataset_int(d, 1, hone_dataset_find(d, "y")), 4);
    assert_true(hone_dataset_double(d, 1, hone_dataset_find(d, "x")) == 2.0);
    assert_true(hone_dataset_double(d, 1, hone_dataset_find(d, "y")) == 4.0);
    hone_dataset_free(d);
}

/* Labels of single cells: by name, by id, missing. */
static void labels_of_cells(void **state)
{
    static const char *const names[] = {"bad", "good", NULL}, *const numbers[] = {"1", "0", NULL};
    hone_dataset *d;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    o.labels = names;
    check("l.csv", "text,label\na,1\n", &o, 1, "{\"text\": \"a\", \"label\": \"good\"}");
    check("l.csv", "text,label\na,good\n", &o, 1, "{\"text\": \"a\", \"label\": \"good\"}");
    assert_fails(HONE_FORMAT, "l.csv:3: 2 is no class of \"label\", which has 2", load(&d, "l.csv", "text,label\na,1\nb,2\n", &o));
    assert_fails(HONE_FORMAT, "l.csv:3: label \"god\" is none of the 2", load(&d, "l.csv", "text,label\na,good\nb,god\n", &o));
    o.labels = numbers;
    assert_ok(load(&d, "l.csv", "text,label\na,1\n", &o));
    assert_int_equal(hone_dataset_int(d, 0, hone_dataset_label_column(d)), 0);
    hone_dataset_free(d);
    assert_fails(HONE_FORMAT, "l.csv:3: \"label\" is empty here", load(&d, "l.csv", "text,label\na,1\nb,\n", NULL));
    check("l.csv", "text,label\na,\n", NULL, 1, "{\"text\": \"a\"}");
    check("l.jsonl", "{\"text\": \"a\", \"label\": null}", NULL, 1, "{\"text\": \"a\"}");
    assert_ok(load(&d, "l.jsonl", "{\"label\": null, \"text\": \"a\"}", NULL));
    assert_int_equal(hone_dataset_label_column(d), -1);
    assert_int_equal(hone_dataset_text_column(d), 0);
    hone_dataset_free(d);
}

/* ---- csv and tsv ---- */

static void mrpc_as_published(void **state)
{
    hone_dataset *d;
    (void)state;
    assert_ok(load(
        &d, "msr_paraphrase_train.txt",
        "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t702876\t702977\tAmrozi accused \"the witness\".\tHe said \"yes.\r\n"
        "0\t5\t6\t\"a\tb\"\r\n",
        NULL));
    assert_row(
        d, 0,
        "{\"Quality\": \"1\", \"#1 ID\": 702876, \"#2 ID\": 702977, \"#1 String\": \"Amrozi accused \\\"the witness\\\".\", \"#2 String\": "
        "\"He said \\\"yes.\"}");
    assert_row(d, 1, "{\"Quality\": \"0\", \"#1 ID\": 5, \"#2 ID\": 6, \"#1 String\": \"\\\"a\", \"#2 String\": \"b\\\"\"}");
    assert_int_equal(hone_dataset_label_column(d), 0);
    assert_int_equal(hone_dataset_text_column(d), 3);
    hone_dataset_free(d);
}

static void tables_of_cells(void **state)
{
    hone_dataset_options yes = HONE_DATASET_OPTIONS_INIT, no = HONE_DATASET_OPTIONS_INIT, asked = HONE_DATASET_OPTIONS_INIT;
    (void)state;
    yes.header = HONE_HEADER_YES;
    no.header = HONE_HEADER_NO;
    asked.label_column_name = "stars";
    check("a.tsv", "a good one\t1\nbad\t0\n", NULL, 2, "{\"text\": \"a good one\", \"label\": \"1\"}");
    check("a.tsv", "sentence\tlabel\na good one\t1\n", NULL, 1, "{\"sentence\": \"a good one\", \"label\": \"1\"}");
    check("a.tsv", "one\ttwo\tyes\n", NULL, 1, "{\"sentence1\": \"one\", \"sentence2\": \"two\", \"label\": \"yes\"}");
    check("a.tsv", "p\tq\n1\t2\n", NULL, 2, "{\"text\": \"p\", \"label\": \"q\"}");
    check("a.tsv", "p\tq\n1\t2.5\n", &yes, 1, "{\"p\": 1, \"q\": 2.5}");
    check("a.tsv", "text\tlabel\n1\t2\n", &no, 2, "{\"text\": \"text\", \"label\": \"label\"}");
    check("a.csv", "what,stars\n\"a, \"\"b\"\"\nc\",5\r\n\nd,4", &asked, 2, "{\"what\": \"a, \\\"b\\\"\\nc\", \"stars\": \"5\"}");
    check("a.csv", "text;label\na,b;pos\n", NULL, 1, "{\"text\": \"a,b\", \"label\": \"pos\"}");
    check("a.csv", ",text,label\n0,a,x\n1,b,y\n", NULL, 2, "{\"column_1\": 0, \"text\": \"a\", \"label\": \"x\"}");
    check("a.csv", "text,score,n\na,1.5,\nb,2,3\n", NULL, 2, "{\"text\": \"a\", \"score\": 1.5, \"n\": NaN}");
    check("a.csv", "a,b,c,d\n1,x,2.5,\n", NULL, 2, "{\"column_1\": \"a\", \"column_2\": \"b\", \"column_3\": \"c\", \"column_4\": \"d\"}");
}

static void csv_words(void **state)
{
    hone_dataset *d;
    int64_t line;
    (void)state;
    assert_ok(load(&d, "k.csv", "Sentence #,Word,POS,Tag\nSentence: 1,London,NNP,B-geo\n,\",\",\",\",O\nSentence: 2,x,NN,O\n", NULL));
    assert_row(d, 0,
               "{\"Sentence #\": \"Sentence: 1\", \"Word\": [\"London\", \",\"], \"POS\": [\"NNP\", \",\"], \"Tag\": [\"B-geo\", \"O\"]}");
    assert_row(d, 1, "{\"Sentence #\": \"Sentence: 2\", \"Word\": [\"x\"], \"POS\": [\"NN\"], \"Tag\": [\"O\"]}");
    assert_string_equal(hone_dataset_place(&line, d, 0, 1), path);
    assert_int_equal(line, 3);
    hone_dataset_free(d);
    check("k.csv", "sentence_id,words,labels\n0,a,O\n0,b,B-X\n1,c,O\n", NULL, 2,
          "{\"sentence_id\": 0, \"words\": [\"a\", \"b\"], \"labels\": [\"O\", \"B-X\"]}");
    check("k.csv", "tokens,ner_tags\na b  c,O B-X I-X\n", NULL, 1,
          "{\"tokens\": [\"a\", \"b\", \"c\"], \"ner_tags\": [\"O\", \"B-X\", \"I-X\"]}");
    check("k.csv", "id,tokens,ner_tags\n5,\"['a', \"\"it's\"\", '[']\",\"[0, 1, 2]\"\n", NULL, 1,
          "{\"id\": 5, \"tokens\": [\"a\", \"it's\", \"[\"], \"ner_tags\": [\"0\", \"1\", \"2\"]}");
    check("k.csv", "tokens,ner_tags\n['a' 'b\\'c'],['O' 'B-X']\n[ x ],O O O\n", NULL, 2,
          "{\"tokens\": [\"a\", \"b'c\"], \"ner_tags\": [\"O\", \"B-X\"]}");
    check("k.tsv", "tokens\ttags\n\"a b\tO O\n", NULL, 1, "{\"tokens\": [\"\\\"a\", \"b\"], \"tags\": [\"O\", \"O\"]}");
}

static void csv_faults(void **state)
{
    hone_dataset *d;
    (void)state;
    assert_fails(HONE_FORMAT, "f.csv:3: 1 column, the first line has 2", load(&d, "f.csv", "text,label\na,b\nc\n", NULL));
    assert_fails(HONE_FORMAT, "f.csv:4: a quotation mark is never closed", load(&d, "f.csv", "text,label\n\"a\n\",b\n\"c,d\n", NULL));
    assert_fails(HONE_FORMAT, "f.csv:2: something follows a closing quotation mark", load(&d, "f.csv", "text,label\n\"a\"b,c\n", NULL));
    assert_fails(HONE_FORMAT, "f.csv:2: \"ner_tags\" has 1 items for 2 words", load(&d, "f.csv", "tokens,ner_tags\na b,O\n", NULL));
    assert_fails(HONE_FORMAT, "f.csv:2: a list whose quotation mark is never closed", load(&d, "f.csv", "tokens,ner_tags\n['a],O\n", NULL));
    assert_fails(HONE_FORMAT, "f.csv:3: tag \"B\xC3\x96\"", load(&d, "f.csv", "sentence_id,token,tag\n1,a,B-X\n1,b,B\xC3\x96\n", NULL));
    assert_fails(HONE_NOT_FOUND, "f.csv: no row of data", load(&d, "f.csv", "text,label\n", NULL));
}

/* ---- which format ---- */

static void check_format(const char *name, const char *text, const char *expected)
{
    const char *file = test_temp(name);
    test_write_text(file, text);
    const char *got = hone_dataset_detect_format(&file, 1, NULL);
    if (expected)
        assert_string_equal(got ? got : "none", expected);
    else
        assert_null(got);
}

static void formats(void **state)
{
    hone_dataset *d;
    char first[4096];
    (void)state;
    check_format("d.txt", "a O\nb B-X\n\nc O\n", "conll");
    check_format("d.txt", "-DOCSTART- -X- O\n\nx NN\n", "conll");
    check_format("d.txt", "It is a text.\nOf two lines.\n", NULL);
    check_format("d.txt", "", NULL);
    check_format("d", "[ O\n{ O\n", "conll");
    check_format("d", "{\"tokens\": [], \"x\": 1}\n", "jsonl");
    check_format("d", "[\n{\"text\": \"a\", \"label\": 1}]\n", "jsonl");
    check_format("d.jsonl", "{\"content\": \"text\"}\n", NULL);
    check_format("d.py", "import os\n", NULL);
    check_format("d.tsv", "a\tO\nb\tB-X\n", "conll");
    check_format("d.tsv", "a\tNN\n\nb\tVB\n", "conll");
    check_format("d.tsv", "a\tNN\r\nb\tVB\r\n\r\n", "tsv");
    check_format("d.tsv", "text\tlabel\nb\tO\n", "tsv");
    check_format("d.tsv", "a b\t1\n", "tsv");
    check_format("d.csv", "x", "csv");
    check_format("d.conll", "x", "conll");
    assert_null(hone_dataset_detect_format((const char *[]){"nowhere"}, 1, NULL));
    snprintf(first, sizeof(first), "%s", test_temp("1.conll"));
    test_write_text(first, "a O\n");
    snprintf(path, sizeof(path), "%s", test_temp("2.csv"));
    test_write_text(path, "text,label\na,b\n");
    assert_fails(HONE_FORMAT, "2.csv: this is csv, the files before are conll",
                 hone_dataset_load(&d, (const char *[]){first, path}, 2, NULL));
}

/* Columns go by name over several files, in any order. */
static void several_files(void **state)
{
    hone_dataset *d;
    char first[4096];
    (void)state;
    snprintf(first, sizeof(first), "%s", test_temp("1.csv"));
    test_write_text(first, "text,label\na,x\n");
    snprintf(path, sizeof(path), "%s", test_temp("2.csv"));
    test_write_text(path, "label,text,more\ny,b,1\n");
    assert_ok(hone_dataset_load(&d, (const char *[]){first, path}, 2, NULL));
    assert_row(d, 1, "{\"text\": \"b\", \"label\": \"y\"}");
    assert_names(d, "label", "x y");
    hone_dataset_free(d);
    test_write_text(path, "text,other\nb,1\n");
    assert_fails(HONE_FORMAT, "2.csv:1: there is no column \"label\"", hone_dataset_load(&d, (const char *[]){first, path}, 2, NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_words_and_names),
    cmocka_unit_test(json_ids),
    cmocka_unit_test(json_faults),
    cmocka_unit_test(long_line),
    cmocka_unit_test(json_cells),
    cmocka_unit_test(labels_of_cells),
    cmocka_unit_test(mrpc_as_published),
    cmocka_unit_test(tables_of_cells),
    cmocka_unit_test(csv_words),
    cmocka_unit_test(csv_faults),
    cmocka_unit_test(formats),
    cmocka_unit_test(several_files),
};
TEST_MAIN(tests)
