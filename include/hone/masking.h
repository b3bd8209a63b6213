/* Masked language modelling: which tokens of a batch are hidden, and what stands in their place (DataCollatorForLanguageModeling, DataCollatorForWholeWordMask).
 *
 *     hone_masking_options masking = HONE_MASKING_OPTIONS_INIT;
 *     CHECK(hone_masker_new(&masker, tokenizer, &masking));
 *     loader_options.collator = hone_masker_collator(masker);                         every batch comes masked, every epoch anew
 *
 * Masks are drawn from Philox, keyed by the seed, with the row's ordinal and the position in the row as its counter: neither the size of batches nor accumulation nor the order
 * in which batches are made changes one of them. The distribution is the reference's, the draws are hone's own. */
#ifndef HONE_MASKING_H
#define HONE_MASKING_H

#include <hone/loader.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_masking_options {
    double mlm_probability;     /* of a token that is not special to be drawn; 0.15 */
    double mask_replace_prob;   /* of a drawn token to become the mask token; 0.8 */
    double random_replace_prob; /* of a drawn token to become any entry of the vocabulary, special ones included; 0.1. The others stay */
    /* Words are drawn, not tokens: pieces that begin with "##" belong to the word before them. As many tokens of a row as mlm_probability of its length, at least 1, at most 512;
     * a word that would make it more is passed over (DataCollatorForWholeWordMask) */
    bool whole_word_mask;
    uint64_t seed; /* 42 */
    /* For evaluations: draws of another place than the training's. A loader without shuffling gives row i of an epoch 0 ordinal i, so that the masks are always the same */
    bool for_evaluation;
} hone_masking_options;
#define HONE_MASKING_OPTIONS_INIT        \
    {                                    \
        0.15, 0.8, 0.1, false, 42, false \
    }

typedef struct hone_masker hone_masker;

/* A masker for the ids of tokenizer, which it does not need afterwards. Special are the tokens that the tokenizer adds to a text ([CLS], [SEP]); with whole_word_mask also all others that play a
 * part ([UNK], …), as the reference has it. options NULL: the defaults. HONE_INVALID_ARGUMENT: probabilities that are none, or a tokenizer without a mask token. Free with hone_masker_free. Memory:
 * a byte for each entry of the vocabulary. */
HONE_API hone_status hone_masker_new(hone_masker **out, const hone_tokenizer *tokenizer, const hone_masking_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_masker_free(hone_masker *masker);
/* Masks a batch: input_ids (N), which are the batch's, change; labels (N) become the ids that stood there where a token was drawn and HONE_IGNORE_INDEX elsewhere, and the batch's
 * labels. Batches without ordinals have 0, 1, …. One thread at a time. */
HONE_API hone_status hone_masker_apply(hone_masker *masker, hone_batch *batch, int32_t *input_ids, int32_t *labels);
/* hone_masker_apply for a loader or a task. Lends masker. */
HONE_API hone_collator hone_masker_collator(hone_masker *masker);

#ifdef __cplusplus
}
#endif
#endif
