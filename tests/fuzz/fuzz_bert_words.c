/* Any bytes as a text, and as words cut at blanks: BERT's fast way agrees with the general one, places lie inside the text. The first byte chooses the normalizer's options. */
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_WORDS 64

static const char vocab[] =
    "[UNK]\n[MASK]\na\nab\n##b\n##ab\n##a\nhello\n##lo\ne\n##e\ni\n##i\n!\n.\n\xE4\xBD\xA0\n\xD0\xB6\n##\xD1\x83\n=\n##1\n1\n";

static hone_tokenizer *make(bool clean, bool lowercase, bool strip)
{
    hone_str text = HONE_STR_INIT;
    hone_tokenizer *tok = NULL;
    hone__str_printf(
        &text,
        "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":1,\"content\":\"[MASK]\",\"lstrip\":true,\"normalized\":false,\"special\":true}],"
        "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":%s,\"handle_chinese_chars\":true,\"strip_accents\":%s,\"lowercase\":%s}"
        ","
        "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
        "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":9,\"vocab\":{",
        clean ? "true" : "false", strip ? "true" : "false", lowercase ? "true" : "false");
    int id = 0;
    for (const char *at = vocab, *end; *at; at = end + 1) {
        end = strchr(at, '\n');
        hone__str_printf(&text, "%s\"%.*s\":%d", id ? "," : "", (int)(end - at), at, id);
        id++;
    }
    hone__str_puts(&text, "}}}");
    if (hone_tokenizer_from_bytes(&tok, text.data, text.len) != HONE_OK || !tok->bert.usable)
        abort();
    hone__str_dispose(&text);
    return tok;
}

static void check(hone_tokenizer *tok, const hone_encode_input *input, size_t size)
{
    hone_encoding *fast = NULL, *general = NULL;
    hone_str a = HONE_STR_INIT, b = HONE_STR_INIT;
    if (hone_tokenizer_encode_input(&fast, tok, input, NULL) != HONE_OK)
        abort();
    tok->bert.usable = false;
    if (hone_tokenizer_encode_input(&general, tok, input, NULL) != HONE_OK)
        abort();
    tok->bert.usable = true;
    hone__encoding_write_json(&a, fast);
    hone__encoding_write_json(&b, general);
    if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0 || hone_encoding_n_replaced(fast) != hone_encoding_n_replaced(general))
        abort();
    for (size_t i = 0; i < hone_encoding_n_tokens(fast); i++) {
        hone_span x = hone_encoding_offsets(fast)[i], y = hone_encoding_offsets(general)[i];
        if (x.start != y.start || x.end != y.end || x.start > x.end || x.end > size)
            abort();
    }
    hone__str_dispose(&a);
    hone__str_dispose(&b);
    hone_encoding_free(fast);
    hone_encoding_free(general);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_tokenizer *tokenizers[8];
    hone_text words[MAX_WORDS];
    size_t n = 0;
    if (!size)
        return 0;
    unsigned kind = data[0] % 8;
    const char *text = (const char *)data + 1, *end = text + size - 1;
    if (!tokenizers[kind])
        tokenizers[kind] = make(kind & 1, kind & 2, kind & 4);
    check(tokenizers[kind], &(hone_encode_input){{{text, size - 1}, NULL, 0}, {{NULL, 0}, NULL, 0}}, size - 1);
    for (const char *at = text; n < MAX_WORDS; at = words[n - 1].data + words[n - 1].len + 1) {
        const char *blank = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        words[n++] = (hone_text){at, (size_t)((blank ? blank : end) - at)};
        if (!blank)
            break;
    }
    check(tokenizers[kind], &(hone_encode_input){{{NULL, 0}, words, n}, {{NULL, 0}, NULL, 0}}, size - 1);
    return 0;
}
