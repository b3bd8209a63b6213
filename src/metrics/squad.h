/* What the files of SQuAD's metrics share. */
#ifndef HONE_METRICS_SQUAD_H
#define HONE_METRICS_SQUAD_H

#include "metrics/text.h"

#include <hone/metrics.h>

typedef struct hone_squad_question {
    double exact, f1, no_answer_probability;
    uint64_t order; /* among questions of one probability */
    bool has_answer, is_answered;
} hone_squad_question;

struct hone_squad {
    bool version_2;
    hone_squad_question *questions;
    size_t n, capacity;
    hone_answer prediction, gold;
};

/* hone_squad_add with the place of the question among those of one probability. */
hone_status hone__squad_add(hone_squad *s, const char *prediction, const char *const *answers, size_t n_answers,
                            double no_answer_probability, uint64_t order);

/* The scores of the official script's files: a data set and {id: answer}; no_answer (may be NULL): {id: probability}. */
hone_status hone__squad_files(hone_metrics *out, bool version_2, const char *dataset, const char *predictions, const char *no_answer,
                              double no_answer_threshold);

#endif
