/* Small tokenizers for targets that need one: BERT's words, and a byte-level one that is trained on a few texts. */
#ifndef HONE_TESTS_FUZZ_TOKENIZERS_H
#define HONE_TESTS_FUZZ_TOKENIZERS_H

#include "fuzz/folder.h"

#include <hone/log.h>
#include <hone/tokenizer.h>

static const char fuzz_words[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nab\n##a\n##b\nc\n.\n,\n?\n1\n##1\n\xC3\xA9\n\xE4\xBD\xA0\n";
enum { FUZZ_N_WORDS = 17 };

static inline hone_tokenizer *words_tokenizer(void)
{
    hone_tokenizer *tok = NULL;
    put_file("vocab.txt", fuzz_words, sizeof(fuzz_words) - 1);
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    if (hone_tokenizer_from_pretrained(&tok, fuzz_folder) != HONE_OK || hone_tokenizer_vocab_size(tok, true) != FUZZ_N_WORDS)
        abort();
    return tok;
}

/* Gives the texts of a list that NULL ends, one a call. */
static inline hone_status next_of_list(void *payload, hone_text *out)
{
    const char *const **texts = payload;
    if (**texts)
        *out = hone_text_from(*(*texts)++);
    return HONE_OK;
}

static inline hone_tokenizer *bytes_tokenizer(const char *const *texts, size_t vocab_size)
{
    hone_tokenizer *tok = NULL;
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    o.vocab_size = vocab_size;
    o.n_threads = 1;
    if (hone_tokenizer_train(&tok, &o, next_of_list, &texts) != HONE_OK)
        abort();
    return tok;
}

#endif
