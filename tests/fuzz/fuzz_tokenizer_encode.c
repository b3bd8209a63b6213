/* Any bytes as a text: both ways to encode agree, decoding gives the text back where it was UTF-8, places lie inside it. */
#include "fuzz/tokenizers.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const corpus[] = {"hello world isn't the world", "  def f(x): return x + 1",
                                     "\xE4\xBD\xA0\xE5\xA5\xBD \xD0\xBC\xD0\xB8\xD1\x80", NULL};

static void check(const hone_encoding *fast, const hone_encoding *general, size_t size)
{
    if (hone_encoding_n_tokens(fast) != hone_encoding_n_tokens(general))
        abort();
    for (size_t i = 0; i < hone_encoding_n_tokens(fast); i++) {
        hone_span a = hone_encoding_offsets(fast)[i], b = hone_encoding_offsets(general)[i];
        if (hone_encoding_ids(fast)[i] != hone_encoding_ids(general)[i] || a.start != b.start || a.end != b.end || a.start > a.end ||
            a.end > size)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_tokenizer *tok;
    if (!tok)
        tok = bytes_tokenizer(corpus, 300);
    hone_encoding *fast = NULL, *general = NULL;
    hone_text text = {(const char *)data, size};
    char *back = NULL;
    size_t len = 0;
    if (!size || hone_tokenizer_encode(&fast, tok, text, HONE_TEXT_NONE, NULL) != HONE_OK)
        return 0;
    tok->byte_words = false;
    if (hone_tokenizer_encode(&general, tok, text, HONE_TEXT_NONE, NULL) != HONE_OK)
        abort();
    tok->byte_words = true;
    check(fast, general, size);
    if (hone_tokenizer_decode(&back, &len, tok, hone_encoding_ids(fast), hone_encoding_n_tokens(fast), false) != HONE_OK)
        abort();
    if (hone_encoding_n_replaced(fast) == 0 && (len != size || memcmp(back, data, size) != 0))
        abort();
    hone_tokenizer_free_text(back);
    hone_encoding_free(fast);
    hone_encoding_free(general);
    return 0;
}
