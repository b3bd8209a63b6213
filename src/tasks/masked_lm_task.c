/* The task masked language modelling: a masker for the training and one for evaluations; the loss is the head's own. */
#include "base/mem.h"
#include "data/masking.h"
#include "nn/tape.h"

#include <hone/job.h>
#include <hone/tasks.h>

_Static_assert((int)HONE__MASKING_SITE == (int)HONE_PLACE_MASKING, "masks are drawn at the place that nn/tape.h keeps for them");

/* Of every evaluation, whatever the run's seed: scores of two models compare. */
#define EVALUATION_SEED 0

typedef struct masked_lm {
    hone_masker *train, *eval;
} masked_lm;

static void free_task(void *self)
{
    masked_lm *m = self;
    hone_masker_free(m->train);
    hone_masker_free(m->eval);
    hone__free(m);
}

static hone_status check(const hone_model *model, const hone_tokenizer *tokenizer)
{
    if (!model || !tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_masked_lm_task: model and tokenizer must be given");
    if (hone_model_task(model) != HONE_MASKED_LM)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "hone_masked_lm_task: the model's head is for %s", hone_task_name(hone_model_task(model))),
            "open it with HONE_MASKED_LM");
    if ((int64_t)hone_tokenizer_vocab_size(tokenizer, true) > hone_model_vocab_size(model))
        return hone__fail(HONE_INVALID_ARGUMENT, "the tokenizer has %zu tokens, the model's vocabulary %lld: they do not belong together",
                          hone_tokenizer_vocab_size(tokenizer, true), (long long)hone_model_vocab_size(model));
    return HONE_OK;
}

hone_status hone_masked_lm_task(hone_task *out, const hone_model *model, const hone_tokenizer *tokenizer,
                                const hone_masking_options *masking)
{
    hone_masking_options o = HONE_MASKING_OPTIONS_INIT;
    masked_lm *m = NULL;
    hone_status status = HONE_OK;
    *out = (hone_task){.kind = HONE_TASK_NONE};
    o = masking ? *masking : o;
    HONE_TRY(check(model, tokenizer));
    HONE_TRY(HONE_NEW(&m, 1));
    o.for_evaluation = false;
    HONE_GO(hone_masker_new(&m->train, tokenizer, &o));
    o.for_evaluation = true;
    o.seed = EVALUATION_SEED;
    HONE_GO(hone_masker_new(&m->eval, tokenizer, &o));
    *out = hone_task_default(model);
    out->self = m;
    out->free = free_task;
    out->collate_train = hone_masker_collator(m->train);
    out->collate_eval = hone_masker_collator(m->eval);
    m = NULL;
done:
    if (m)
        free_task(m);
    return status;
}
