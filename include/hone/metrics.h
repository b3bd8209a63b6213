/* Metrics: plain arrays in, numbers out, no tensors; and the ordered list of named numbers that evaluation, logs and result files pass around. */
#ifndef HONE_METRICS_H
#define HONE_METRICS_H

#include <hone/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_metric {
    char name[64];
    double value;
    bool is_integer; /* written to JSON without a point */
} hone_metric;

/* Named numbers in the order in which they were first set; start with HONE_METRICS_INIT. */
typedef struct hone_metrics {
    hone_metric *items;
    size_t n, capacity;
} hone_metrics;
#define HONE_METRICS_INIT \
    {                     \
        NULL, 0, 0        \
    }

/* Sets a number (replacing one of the same name in its place). HONE_INVALID_ARGUMENT for a name of 64 bytes or more. */
HONE_API hone_status hone_metrics_set(hone_metrics *metrics, const char *name, double value);
/* The same for a whole number. */
HONE_API hone_status hone_metrics_set_int(hone_metrics *metrics, const char *name, int64_t value);
/* The number of that name in *out; false when there is none. */
HONE_API bool hone_metrics_get(const hone_metrics *metrics, const char *name, double *out);
/* Sets every number of `from` in `metrics`. */
HONE_API hone_status hone_metrics_update(hone_metrics *metrics, const hone_metrics *from);
/* Forgets the numbers and keeps the memory. */
HONE_API void hone_metrics_clear(hone_metrics *metrics);
/* Gives the memory back; metrics is empty and usable afterwards. */
HONE_API void hone_metrics_dispose(hone_metrics *metrics);
/* The list as one JSON object, numbers that read back exactly, NaN and Infinity as Python writes them. indent 0: one line. Free with hone_metrics_free_json. */
HONE_API hone_status hone_metrics_to_json(char **out, const hone_metrics *metrics, int indent);
/* Frees what hone_metrics_to_json gave; NULL is legal. */
HONE_API void hone_metrics_free_json(char *json);

/* exp of a mean negative log likelihood (the course's perplexity of an eval_loss); infinity when that is beyond a double, NaN for NaN. */
HONE_API double hone_metric_perplexity(double mean_nll);
/* The mean over texts of exp(mean nll of the text), as the package `evaluate` defines perplexity: another number than the one above. 0 for no text. */
HONE_API double hone_metric_mean_perplexity(const double *mean_nll, size_t n_texts);

/* ---- seqeval: entities in sequences of tags ------------------------------------------------------------------------------------------------
 * As the package seqeval 1.2.2 (metrics/sequence_labeling.py, metrics/v1.py, scheme.py) and evaluate's seqeval.py. Default mode is conlleval's: the sentences joined, an I-X after something else opens an
 * entity. Strict mode: an entity counts only where it follows the scheme. Tags: O, or a letter, "-", a type; tags that end with their letter ("PER-B") are not read. Odd tags mean what seqeval makes of them, with a
 * warning in the default mode. Counting is streaming, in every mode: memory follows the number of different tags and the longest sentence.
 *
 *     hone_seqeval *s = NULL;
 *     hone_seqeval_scores scores;
 *     CHECK(hone_seqeval_new(&s, NULL));
 *     for each sentence: CHECK(hone_seqeval_add(s, references, predictions, n));
 *     CHECK(hone_seqeval_compute(s, &scores)); */

/* The schemes' enum stands in hone/dataset.h; here they are numbers of it (HONE_SCHEME_IOB2, …), so that metrics need no data sets. */
typedef struct hone_seqeval hone_seqeval;
typedef struct hone_seqeval_options {
    bool strict;
    int scheme; /* strict: a hone_tag_scheme; HONE_SCHEME_AUTO (0): found out from the references, as seqeval's auto_detect (IOB2, IOE2, IOBES, BILOU).
                   The other schemes: IOB1, IOE1 */
} hone_seqeval_options;
#define HONE_SEQEVAL_OPTIONS_INIT \
    {                             \
        false, 0                  \
    }

typedef struct hone_seqeval_type {
    const char *name; /* "PER"; "_" where a tag has no type */
    double precision, recall, f1;
    int64_t n_correct, n_predicted, number; /* number: entities of the references */
} hone_seqeval_type;

typedef struct hone_seqeval_scores {
    const hone_seqeval_type *types; /* sorted by name, lent until the next call with this hone_seqeval */
    size_t n_types;
    hone_seqeval_type overall, macro, weighted; /* micro average; means over types. names "overall", "macro avg", "weighted avg" */
    double accuracy;                            /* of tags, O included */
    int64_t n_tags, n_sentences;
} hone_seqeval_scores;

/* options NULL: the default mode. One thread at a time. HONE_INVALID_ARGUMENT for a scheme without entities. Free with hone_seqeval_free. */
HONE_API hone_status hone_seqeval_new(hone_seqeval **out, const hone_seqeval_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_seqeval_free(hone_seqeval *s);
/* One sentence of n tags (0 is legal). HONE_INVALID_ARGUMENT for an empty tag, in strict mode also for one outside the scheme: then nothing of the sentence is counted. */
HONE_API hone_status hone_seqeval_add(hone_seqeval *s, const char *const *references, const char *const *predictions, size_t n);
/* The same by ids of names (n_names). Where a reference is negative (-100, as labels are masked) both are passed over; other ids must be in range. The names are parsed once and must stay the same
 * while their address does. */
HONE_API hone_status hone_seqeval_add_ids(hone_seqeval *s, const char *const *names, size_t n_names, const int32_t *references,
                                          const int32_t *predictions, size_t n);
/* The scores of all sentences since the start or the last reset; more may be added afterwards. What divides by zero is 0, averages over no type too. HONE_INVALID_ARGUMENT when no scheme can be found out, or
 * a prediction is not of the one that was. */
HONE_API hone_status hone_seqeval_compute(hone_seqeval *s, hone_seqeval_scores *out);
/* Forgets the sentences. */
HONE_API void hone_seqeval_reset(hone_seqeval *s);
/* precision, recall, f1, accuracy into metrics; with types also PER_precision, PER_recall, PER_f1, PER_number of each. */
HONE_API hone_status hone_seqeval_to_metrics(const hone_seqeval_scores *scores, bool types, hone_metrics *metrics);
/* evaluate's object in one line: {"PER": {"precision", "recall", "f1", "number"}, …, "overall_precision", "overall_recall", "overall_f1", "overall_accuracy"}. Free with hone_metrics_free_json. */
HONE_API hone_status hone_seqeval_to_json(char **out, const hone_seqeval_scores *scores);
/* A table for people, which says mode and scheme: lines, each with its end. Free with hone_metrics_free_json. */
HONE_API hone_status hone_seqeval_report(char **out, const hone_seqeval *s, const hone_seqeval_scores *scores);

/* ---- classes -------------------------------------------------------------------------------------------------------------------------------
 * As scikit-learn 1.9 (accuracy_score, precision_recall_fscore_support with zero_division 0, matthews_corrcoef) and evaluate's accuracy, f1, precision, recall, matthews_correlation. Streaming: memory follows
 * the largest class. */

/* BINARY: of one class, the positive one; MACRO: the mean over the classes that occur; MICRO: of all together; WEIGHTED: the mean by occurrences in the references. */
typedef enum hone_average { HONE_AVERAGE_BINARY, HONE_AVERAGE_MACRO, HONE_AVERAGE_MICRO, HONE_AVERAGE_WEIGHTED } hone_average;

typedef struct hone_class_scores {
    double accuracy, precision, recall, f1;
    double matthews_correlation;
    int64_t n;
} hone_class_scores;

typedef struct hone_class_counts hone_class_counts;
/* One thread at a time. Free with hone_class_counts_free. */
HONE_API hone_status hone_class_counts_new(hone_class_counts **out);
/* Frees; NULL is legal. */
HONE_API void hone_class_counts_free(hone_class_counts *c);
/* n pairs of classes, from 0 to below 2^24: HONE_INVALID_ARGUMENT beyond, and nothing of the call is counted. Pairs with a reference of -100 are passed over. */
HONE_API hone_status hone_class_counts_add(hone_class_counts *c, const int32_t *references, const int32_t *predictions, size_t n);
/* The scores of all pairs; what divides by zero is 0. positive: the class of HONE_AVERAGE_BINARY, else not looked at. */
HONE_API hone_status hone_class_counts_compute(const hone_class_counts *c, hone_average average, int32_t positive, hone_class_scores *out);
/* Forgets the pairs. */
HONE_API void hone_class_counts_reset(hone_class_counts *c);

/* Pearson's correlation of two lists of n numbers. NaN when one of them is constant or holds NaN. HONE_INVALID_ARGUMENT for n < 2. */
HONE_API hone_status hone_metric_pearson(double *out, const double *x, const double *y, size_t n);
/* Spearman's: that of their ranks, where equal values share the mean of theirs. Otherwise as hone_metric_pearson. */
HONE_API hone_status hone_metric_spearman(double *out, const double *x, const double *y, size_t n);

/* GLUE. True for a task of GLUE ("mrpc", "stsb", …); *regression: its labels are numbers (stsb). */
HONE_API bool hone_glue_task(const char *task, bool *regression);
/* The metrics that GLUE takes for a task of classes: mrpc, qqp: accuracy, f1 (of class 1); cola: matthews_correlation; the others: accuracy. HONE_INVALID_ARGUMENT for a task that is none. */
HONE_API hone_status hone_glue_metrics(hone_metrics *metrics, const char *task, const hone_class_counts *c);
/* stsb: pearson, spearmanr. */
HONE_API hone_status hone_glue_regression_metrics(hone_metrics *metrics, const double *references, const double *predictions, size_t n);

/* ---- SQuAD ---------------------------------------------------------------------------------------------------------------------------------
 * As the official scripts evaluate-v1.1.py and evaluate-v2.0.py: answers in lower case, without punctuation and articles; the best over the gold answers. */
typedef struct hone_squad hone_squad;
/* One thread at a time. Free with hone_squad_free. */
HONE_API hone_status hone_squad_new(hone_squad **out, bool version_2);
/* Frees; NULL is legal. */
HONE_API void hone_squad_free(hone_squad *s);
/* One question: the predicted answer ("": none; NULL: the question was not answered, which counts as wrong) and its gold answers, all UTF-8; n_answers 0: it has none (version 2). The probability that it has
 * none counts in version 2. Texts are not kept. */
HONE_API hone_status hone_squad_add(hone_squad *s, const char *prediction, const char *const *answers, size_t n_answers,
                                    double no_answer_probability);
/* Into metrics: exact_match, f1 (0 to 100); version 2: exact, f1, total, the same of questions with an answer (HasAns_…) and without (NoAns_…), where a question of a probability above no_answer_threshold (the
 * script's is 1) counts as having none; with best also best_exact, best_exact_thresh, best_f1, best_f1_thresh. */
HONE_API hone_status hone_squad_compute(const hone_squad *s, hone_metrics *metrics, double no_answer_threshold, bool best);

/* ---- files ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct hone_metric_options {
    hone_seqeval_options seqeval;
    bool table;                 /* seqeval: a table for people instead of JSON */
    hone_average average;       /* f1, precision, recall */
    const char *positive;       /* BINARY: the positive class as the files write it; NULL: 1, or what a task of GLUE calls it */
    const char *no_answer_file; /* squad_v2: {id: probability that there is no answer}; NULL: none */
    double no_answer_threshold;
} hone_metric_options;
#define HONE_METRIC_OPTIONS_INIT                                               \
    {                                                                          \
        HONE_SEQEVAL_OPTIONS_INIT, false, HONE_AVERAGE_BINARY, NULL, NULL, 1.0 \
    }

/* Computes a metric from two files, as one line of JSON (or the table). name: seqeval (a sentence a line: tags between blanks, or a JSON array), accuracy, f1, precision, recall, matthews_correlation, glue/<task>
 * (a label a line: a number or a name), pearsonr, spearmanr (a number a line), squad, squad_v2 (the official script's files). options NULL: the defaults. HONE_FORMAT names file and line; HONE_INVALID_ARGUMENT:
 * another name. Free with hone_metrics_free_json. */
HONE_API hone_status hone_metric_from_files(char **out, const char *name, const char *references, const char *predictions,
                                            const hone_metric_options *options);

#ifdef __cplusplus
}
#endif
#endif
