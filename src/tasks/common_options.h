/* The options that several tasks have: one struct, the first member of every task's own, and the rows of their tables, each of which stands here once. What a task's table has no
 * row for stays empty. */
#ifndef HONE_TASKS_COMMON_OPTIONS_H
#define HONE_TASKS_COMMON_OPTIONS_H

#include <hone/options.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct hone_common_options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    double dropout;
    bool ignore_mismatched_sizes;
    hone_strings train_file, validation_file, test_file;
    int64_t validation_split_percentage;
    char *glob, *format, *text_column_name, *label_column_name;
    int header; /* hone_header */
    hone_strings label_names;
    int64_t max_seq_length; /* 0: not given */
    bool pad_to_max_length, overwrite_cache;
    int64_t max_train_samples, max_eval_samples, max_predict_samples, preprocessing_num_workers;
} hone_common_options;

/* clang-format off */
#define HONE__ROW(name, type, fallback, min, max, choices, group, help) \
    {#name, HONE_OPTION_##type, offsetof(hone_common_options, name), fallback, min, max, choices, group, help}

/* The model: of tasks that fine-tune one ... */
#define HONE__ROWS_FINE_TUNED(types) \
    HONE__ROW(model_name_or_path, STRING, NULL, 0, 0, NULL, "Model", "folder of a pretrained or fine-tuned model; without it a training makes a new one"), \
    HONE__ROW(model_type, STRING, NULL, 0, 0, NULL, "Model", "what a new model is: " types " (bert)"), \
    HONE__ROW(config_overrides, STRING, NULL, 0, 0, NULL, "Model", "the shape of a new model: hidden_size=128,num_hidden_layers=2"), \
    HONE__ROW_TOKENIZER, \
    HONE__ROW(dropout, DOUBLE, "-1", -1, 0.9999999, NULL, "Model", "replaces every dropout probability of the model (-1: the model's own)")
#define HONE__ROW_NEW_HEAD \
    HONE__ROW(ignore_mismatched_sizes, BOOL, "false", 0, 0, NULL, "Model", "make a new head where the folder's has another number of classes")
/* ... and of language models, which may begin anew. */
#define HONE__ROWS_LANGUAGE_MODEL(types, shape) \
    HONE__ROW(model_name_or_path, STRING, NULL, 0, 0, NULL, "Model", "a model folder to go on from; without it a training makes a new one"), \
    HONE__ROW(model_type, STRING, NULL, 0, 0, NULL, "Model", "what a new model is" types), \
    HONE__ROW(config_overrides, STRING, NULL, 0, 0, NULL, "Model", "its shape, " shape), \
    HONE__ROW_TOKENIZER
#define HONE__ROW_TOKENIZER \
    HONE__ROW(tokenizer_name, STRING, NULL, 0, 0, NULL, "Model", "folder or file of the tokenizer (the model's own)")

/* The files. */
#define HONE__ROWS_FILES \
    HONE__ROW(train_file, STRINGS, NULL, 0, 0, NULL, "Data", "files and folders to train on"), \
    HONE__ROW(validation_file, STRINGS, NULL, 0, 0, NULL, "Data", "files and folders to evaluate on")
#define HONE__ROW_TEST_FILE(help) HONE__ROW(test_file, STRINGS, NULL, 0, 0, NULL, "Data", help)
#define HONE__ROW_SPLIT(rows) \
    HONE__ROW(validation_split_percentage, INT, "0", 0, 90, NULL, "Data", "without a validation file: the first N % of the training " rows)
#define HONE__ROW_GLOB(pattern)  HONE__ROW(glob, STRING, NULL, 0, 0, NULL, "Data", "picks files inside folders by name: '" pattern "'")
#define HONE__ROW_FORMAT(help)   HONE__ROW(format, STRING, NULL, 0, 0, NULL, "Data", help)
#define HONE__ROW_HEADER \
    HONE__ROW(header, ENUM, "auto", 0, 0, "auto|yes|no", "Data", "csv, tsv: whether the first line names the columns")
#define HONE__ROW_TEXT_COLUMN(fallback, help) HONE__ROW(text_column_name, STRING, fallback, 0, 0, NULL, "Data", help)
#define HONE__ROW_LABEL_COLUMN(help)          HONE__ROW(label_column_name, STRING, NULL, 0, 0, NULL, "Data", help)
#define HONE__ROW_LABEL_NAMES(sources) \
    HONE__ROW(label_names, STRINGS, NULL, 0, 0, NULL, "Data", "the classes in order of their ids (" sources ")")

/* How much of them. */
#define HONE__ROW_LENGTH(help) HONE__ROW(max_seq_length, INT, "0", 0, 1e9, NULL, "Data", help)
#define HONE__ROW_PADDING(fallback, help) HONE__ROW(pad_to_max_length, BOOL, fallback, 0, 0, NULL, "Data", help)
#define HONE__ROWS_SAMPLES(rows) \
    HONE__ROW(max_train_samples, INT, "-1", -1, 9e18, NULL, "Data", "train on the first N " rows " only"), \
    HONE__ROW(max_eval_samples, INT, "-1", -1, 9e18, NULL, "Data", "evaluate on the first N " rows " only")
#define HONE__ROW_PREDICTED(help)    HONE__ROW(max_predict_samples, INT, "-1", -1, 9e18, NULL, "Data", help)
#define HONE__ROW_CACHE(help)        HONE__ROW(overwrite_cache, BOOL, "false", 0, 0, NULL, "Data", help)
#define HONE__ROW_WORKERS \
    HONE__ROW(preprocessing_num_workers, INT, "0", 0, 4096, NULL, "Data", "threads that tokenize (0: all cores)")
#define HONE__NO_PADDING "accepted: nothing is ever padded"
#define HONE__NO_CACHE   "accepted: there is no cache to overwrite"

#define HONE__ALIASES_FILES {"train_files", "train_file", NULL, NULL}, {"validation_files", "validation_file", NULL, NULL}
#define HONE__ALIASES_FINE_TUNED HONE__ALIASES_FILES, {"test_files", "test_file", NULL, NULL}, {"max_length", "max_seq_length", NULL, NULL}
/* clang-format on */

#endif
