/* Tokens as texts (pieces.h), after PreTrainedTokenizerFast.convert_tokens_to_string. */
#include "tokenizer/pieces.h"

void hone__tokenizer_join(hone_str *out, const hone_tokenizer *tok, const hone_text *tokens, size_t n)
{
    hone_str bytes = HONE_STR_INIT;
    for (size_t i = 0; i < n; i++)
        hone__decoder_append(&tok->decoder, &bytes, tokens[i].data, tokens[i].len, i == 0);
    hone__append_lossy(out, bytes.data, bytes.len);
    out->failed |= bytes.failed;
    hone__str_dispose(&bytes);
}

bool hone__tokenizer_marks_words(const hone_tokenizer *tok)
{
    const hone__model *m = &tok->model;
    const char *prefix = m->kind == HONE__MODEL_WORDPIECE ? m->wordpiece.prefix : m->bpe.prefix;
    return prefix && *prefix;
}

bool hone__tokenizer_cleans_up(const hone_tokenizer *tok)
{
    const json_t *said = json_object_get(tok->config, "clean_up_tokenization_spaces");
    return said ? json_is_true(said) : tok->is_slow;
}

size_t hone__tokenizer_n_added(const hone_tokenizer *tok, bool pair)
{
    return hone__postprocessor_n_added(&tok->postprocessor, pair);
}
