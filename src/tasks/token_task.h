/* Token classification from the inside: what the job (token_classification.c), its scores (token_task.c) and its output (token_output.c) share. */
#ifndef HONE_TASKS_TOKEN_TASK_H
#define HONE_TASKS_TOKEN_TASK_H

#include "base/file.h"
#include <hone/tasks.h>

/* The class with the highest of n logits; the first of equal ones. */
static inline int32_t hone__argmax(const float *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = logits[i] > logits[best] ? i : best;
    return (int32_t)best;
}

/* How much of a window stands on the poorer side of tokens [from, to) of a row whose word ids are given (specials at its ends do not count). */
int32_t hone__token_context(const int32_t *word_ids, int32_t n, int32_t from, int32_t to);

/* Says that `part` holds the examples of `whole` from the first-th on, so that an evaluation of it knows its windows. Both are lent. */
void hone__token_task_part(hone_task *task, const hone_examples *part, const hone_examples *whole, int64_t first);

/* predictions.txt: the tags of a row of d joined by blanks, a tag a word; O where no example holds the word. */
hone_status hone__write_predictions(const char *path, const hone_dataset *d, const hone_examples *examples, const hone_predictions *p,
                                    const char *const *names, size_t n_names);

#endif
