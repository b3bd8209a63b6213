/* The course's key-token loss: rows in which key tokens occur often count more. */
#ifndef HONE_TASKS_KEYTOKEN_H
#define HONE_TASKS_KEYTOKEN_H

#include "base/options.h"
#include <hone/train.h>

typedef struct hone_keytoken hone_keytoken;

/* words: each with and without a leading blank counts where it is a single token; a word that is none in either form is named in a warning. Commas separate words too.
 * HONE_INVALID_ARGUMENT when none is left. */
hone_status hone__keytoken_new(hone_keytoken **out, const hone_tokenizer *tok, const hone_strings *words, double alpha);
void hone__keytoken_free(hone_keytoken *k);
/* A task whose training loss is this one; evaluation stays the plain mean. k is lent. */
hone_task hone__keytoken_task(hone_keytoken *k);

#endif
