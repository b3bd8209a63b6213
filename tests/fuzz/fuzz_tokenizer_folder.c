/* Folders of a tokenizer without tokenizer.json. The first byte says which: vocab.txt, or vocab.json and merges.txt; then come their parts, tokenizer_config.json and special_tokens_map.json. What
 * is accepted encodes, decodes, and what it writes is read again. */
#include "fuzz/folder.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const hone_tokenizer *tok)
{
    hone_encoding *e = NULL;
    hone_tokenizer *again = NULL;
    char *text = NULL;
    size_t len = 0;
    if (hone_tokenizer_encode(&e, tok, HONE_TEXT("ab [MASK] \xC3\xA9 Ab<|endoftext|>"), HONE_TEXT("ba"), NULL) == HONE_OK &&
        hone_tokenizer_decode(&text, NULL, tok, hone_encoding_ids(e), hone_encoding_n_tokens(e), true) == HONE_OK)
        hone_tokenizer_free_text(text);
    hone_encoding_free(e);
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++)
        if (hone_tokenizer_special_id(tok, (hone_special_token)i) >= (int64_t)hone_tokenizer_vocab_size(tok, true))
            abort();
    if (hone_tokenizer_to_json(&text, &len, tok) != HONE_OK)
        abort();
    if (hone_tokenizer_from_bytes(&again, text, len) != HONE_OK)
        abort();
    hone_tokenizer_free_text(text);
    hone_tokenizer_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"};
    hone_tokenizer *tok = NULL;
    if (size == 0)
        return 0;
    bool gpt2 = data[0] == 'g', done = false;
    data++, size--;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        bool wanted = i >= 3 || (i > 0) == gpt2;
        if (wanted && !done)
            put_part(names[i], &data, &size);
        else
            unlink(path_of(names[i]));
        done = done || (wanted && size == 0 && i > 1); /* what the input has no part for is not there */
    }
    path_of("");
    if (hone_tokenizer_from_pretrained(&tok, fuzz_folder) == HONE_OK)
        use(tok);
    else if (tok || !hone_error_message()[0])
        abort();
    hone_tokenizer_free(tok);
    return 0;
}
