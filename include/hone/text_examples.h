/* Rows of one or two texts with a label, as tokenized examples: what GLUE's tasks, reviews and pairs of questions are.
 *
 *     hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
 *     o.max_length = 128;
 *     CHECK(hone_dataset_load(&data, &file, 1, NULL));
 *     CHECK(hone_text_examples(&train, data, tokenizer, &o));                  [CLS] sentence1 [SEP] sentence2 [SEP], row_label
 */
#ifndef HONE_TEXT_EXAMPLES_H
#define HONE_TEXT_EXAMPLES_H

#include <hone/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which columns hold the texts: *first and *second (-1: single texts). Named ones must be there and hold texts; a pair that is named alone goes with the data set's own text
 * column. With no name: sentence1 and sentence2, "#1 String" and "#2 String", question1 and question2, premise and hypothesis, question and sentence, text and text_pair (in any case of letters); else the data set's
 * text column; else its columns of single texts beside the label, when there are one or two. HONE_INVALID_ARGUMENT lists the columns. */
HONE_API hone_status hone_dataset_find_texts(ptrdiff_t *first, ptrdiff_t *second, const hone_dataset *d, const char *text_column_name,
                                             const char *text_pair_column_name);

/* What an example gets of the label column. CLASSES: row_label; NUMBERS: one target, of whole or real numbers, or classes whose names are numbers; SETS: a target of 0 or 1 for each name, of cells that list
 * names ("joy, anger", "['joy']", "[\"joy\"]", "[]"). A data set without label column gives examples without labels. */
typedef enum hone_row_labels { HONE_ROW_CLASSES, HONE_ROW_NUMBERS, HONE_ROW_SETS } hone_row_labels;

typedef struct hone_text_examples_options {
    const char *text_column_name, *text_pair_column_name; /* see hone_dataset_find_texts */
    size_t max_length; /* tokens of an example with special ones; longer ones lose tokens of the longer text first. 0: no limit */
    hone_row_labels labels;
    const int32_t *ids;       /* CLASSES: the model's id of each class of the label column; NULL: the same ids */
    const char *const *names; /* SETS: the names, NULL-terminated */
    bool unlabelled;          /* as if there were no label column */
    int64_t max_examples;     /* < 0: all rows */
    int n_threads;            /* 0: all cores */
} hone_text_examples_options;
#define HONE_TEXT_EXAMPLES_OPTIONS_INIT                           \
    {                                                             \
        NULL, NULL, 0, HONE_ROW_CLASSES, NULL, NULL, false, -1, 0 \
    }

/* What became of the rows; owned by the examples. Example i is row i. */
typedef struct hone_text_examples_info {
    int64_t n_rows, n_tokens;
    int64_t n_truncated; /* rows that were cut */
    int32_t longest;     /* tokens of the longest example */
    ptrdiff_t first, second;
} hone_text_examples_info;

/* Tokenizes every row on all threads. HONE_FORMAT names file and line of a label that is no number, or none of the names. The examples are independent of the data set afterwards. Progress: "tokenizing".
 * Memory: 4 bytes a token (8 of pairs) and some 30 a row. Free with hone_examples_free. */
HONE_API hone_status hone_text_examples(hone_examples **out, const hone_dataset *d, const hone_tokenizer *tokenizer,
                                        const hone_text_examples_options *options);
/* Facts about examples that hone_text_examples made, lent; NULL for others. */
HONE_API const hone_text_examples_info *hone_text_examples_get_info(const hone_examples *e);

#ifdef __cplusplus
}
#endif
#endif
