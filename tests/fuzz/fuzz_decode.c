/* Any numbers as ids of a byte-level vocabulary, whose parts may be broken UTF-8: decoded at once and one by one they are the same text, and that is UTF-8. */
#include "base/str.h"
#include "fuzz/tokenizers.h"
#include "tokenizer/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const corpus[] = {"hello world isn't the world \xF0\x9F\x98\x80\xF0\x9F\x98\x81",
                                     "\xE4\xBD\xA0\xE5\xA5\xBD \xD0\xBC\xD0\xB8\xD1\x80 \xE4\xBD\xA0\xE5\xA5\xBD", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_tokenizer *tok;
    hone_decode_stream *stream = NULL;
    hone_str all = HONE_STR_INIT;
    hone_text piece;
    char *whole = NULL, *clean = NULL;
    size_t len = 0, n = size / 2;
    if (!tok)
        tok = bytes_tokenizer(corpus, 290);
    int32_t *ids = malloc(n * sizeof(*ids) + 1);
    bool skip = size % 2;
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)(data[2 * i] | data[2 * i + 1] << 8) % 320 - 2;
    if (hone_tokenizer_decode(&whole, &len, tok, ids, n, skip) != HONE_OK || hone_decode_stream_new(&stream, tok, skip) != HONE_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (hone_decode_stream_push(&piece, stream, ids[i]) != HONE_OK || hone__utf8_valid(piece.data, piece.len) != piece.len)
            abort();
        hone__str_append(&all, piece.data, piece.len);
    }
    if (hone_decode_stream_end(&piece, stream) != HONE_OK)
        abort();
    hone__str_append(&all, piece.data, piece.len);
    if (all.len != len || (len && memcmp(all.data, whole, len) != 0) || hone__utf8_valid(whole, len) != len)
        abort();
    if (hone_clean_up_tokenization(&clean, whole) != HONE_OK || strlen(clean) > strlen(whole))
        abort();
    hone_tokenizer_free_text(clean);
    hone_tokenizer_free_text(whole);
    hone__str_dispose(&all);
    hone_decode_stream_free(stream);
    free(ids);
    return 0;
}
