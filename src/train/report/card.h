/* The model card from the inside: card.c writes the text, card_yaml.c the head that the Hub reads, card_facts.c finds and names what both tell. */
#ifndef HONE_TRAIN_CARD_H
#define HONE_TRAIN_CARD_H

#include "train/trainer.h"

/* What the last evaluation gave: the last entry of log_history that has an eval_loss, and what the task reports beside it ("perplexity"); without times and counts. */
hone_status hone__card_results(hone_metrics *out, const hone_trainer *t);
/* "eval_PER_f1" → "Per F1", as the reference's card names metrics. */
void hone__card_put_title(hone_str *out, const char *name);
/* Whether a number of an evaluation's entry is a result of the model, and no time, count or place. */
bool hone__card_is_result(const char *name);
/* The name under which the Hub knows a metric, NULL: it does not. */
const char *hone__card_hub_metric(const hone_metric *m);
/* The task as the Hub calls it, NULL: it has none. */
const char *hone__card_pipeline_tag(hone_task_kind task);
/* The base model where that is a name of the Hub, and no folder. */
const char *hone__card_hub_base(const hone_trainer *t);
/* A value as Python prints it, shortened to four decimals as the reference's _maybe_round. */
void hone__card_put_value(hone_str *out, double value, bool is_integer);

/* The next of "a, b,c" and what is behind it; false at the end. */
bool hone__card_next_word(char *word, size_t size, const char **list);

/* The license that a model card (README.md) names in its head; "" when it names none, or none that is a plain word. */
void hone__card_find_license(char *out, size_t size, const char *text, size_t len);

hone_status hone__card_put_yaml(hone_str *out, const hone_trainer *t, const hone_metrics *results);

#endif
