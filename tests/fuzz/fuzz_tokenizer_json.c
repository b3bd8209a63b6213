/* Any bytes as a tokenizer.json: an error, or a tokenizer that encodes, decodes and writes itself. */
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_tokenizer *tok = NULL;
    if (hone_tokenizer_from_bytes(&tok, (const char *)data, size) != HONE_OK)
        return 0;
    hone_encoding *e = NULL;
    char *text = NULL;
    if (hone_tokenizer_encode(&e, tok, HONE_TEXT("ab <|endoftext|> a\xC3\xA9 b"), HONE_TEXT("ba"), NULL) == HONE_OK &&
        hone_tokenizer_decode(&text, NULL, tok, hone_encoding_ids(e), hone_encoding_n_tokens(e), false) == HONE_OK)
        hone_tokenizer_free_text(text);
    hone_encoding_free(e);
    if (hone_tokenizer_to_json(&text, NULL, tok) == HONE_OK)
        hone_tokenizer_free_text(text);
    hone_tokenizer_free(tok);
    return 0;
}
