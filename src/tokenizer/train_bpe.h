/* Training of byte pair encoding from counted words, as BpeTrainer of the reference (tokenizers/src/models/bpe/trainer.rs). */
#ifndef HONE_TOKENIZER_TRAIN_BPE_H
#define HONE_TOKENIZER_TRAIN_BPE_H

#include "tokenizer/words.h"

typedef struct hone__bpe_trainer {
    const hone__words *words; /* in order of first appearance */
    bool raw;                 /* words are bytes that stand for their letters */
    bool byte_alphabet;       /* all 256 byte letters belong to the alphabet */
    size_t vocab_size, limit_alphabet, max_token_length;
    uint64_t min_frequency;
    const char *prefix, *suffix; /* of letters inside or at the end of a word; NULL: none */
    const char *const *special_tokens;
    size_t n_special_tokens;
} hone__bpe_trainer;

/* Fills the vocabulary (special tokens, sorted letters, merged tokens) and bpe->merges. */
hone_status hone__train_bpe(hone__vocab *v, hone__bpe *bpe, const hone__bpe_trainer *t);

#endif
