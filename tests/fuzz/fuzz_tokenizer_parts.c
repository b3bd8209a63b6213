/* Any bytes as a text for tokenizers of many parts; the first byte chooses one. Places lie inside the text, and what was encoded decodes. */
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MODEL                                                                                                                             \
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"?\",\"vocab\":{\"?\":0,\"a\":1,\"##a\":2,\"\xE2\x96\x81\":3,\"##b\":4,\"<0xC3>\":" \
    "5}}}"
#define TEMPLATE                                                                                                          \
    "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\",\"trim_offsets\":true},{\"type\":" \
    "\"RobertaProcessing\",\"sep\":[\"a\",1],\"cls\":[\"?\",0],\"trim_offsets\":true,\"add_prefix_space\":true}]},"

static const char *const specs[] = {
    "{\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"decoder\":{\"type\":\"Fuse\"}," MODEL,
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKD\"},{\"type\":\"NFC\"},{\"type\":\"StripAccents\"},{\"type\":"
    "\"Strip\",\"strip_left\":true,"
    "\"strip_right\":true},{\"type\":\"Nmt\"}]},\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\",\"prepend_"
    "scheme\":\"first\"},"
    "\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\xE2\x96\x81\"}," TEMPLATE MODEL,
    "{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"^|[^\\\\w\\\\s]|\\\\p{Lu}*\"},\"content\":\"a\"},\"pre_tokenizer\":{"
    "\"type\":\"Split\",\"pattern\":{\"Regex\":"
    "\"'(?i:[sdmt]|ll)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?+\\\\p{L}+|\\\\p{N}{1,3}|\\\\s+(?!\\\\S)|\\\\b\"},\"behavior\":\"MergedWithNext\","
    "\"invert\":false},\"decoder\":{\"type\":\"Sequence\","
    "\"decoders\":[{\"type\":\"ByteFallback\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"\"},{\"type\":\"Strip\","
    "\"content\":\"b\",\"start\":2,\"stop\":1}]}," MODEL,
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":\"Lowercase\"},{\"type\":\"Prepend\","
    "\"prepend\":\" a\"}]},\"pre_tokenizer\":{\"type\":"
    "\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"},{\"type\":\"Digits\",\"individual_"
    "digits\":false},{\"type\":\"FixedLength\","
    "\"length\":3},{\"type\":\"ByteLevel\",\"add_prefix_space\":true}]},\"decoder\":{\"type\":\"CTC\",\"pad_token\":\"a\",\"word_delimiter_"
    "token\":\"?\",\"cleanup\":true}," TEMPLATE MODEL};
enum { N_SPECS = sizeof specs / sizeof *specs };

static void check(const hone_encoding *e, size_t size)
{
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++) {
        hone_span at = hone_encoding_offsets(e)[i], chars = hone_encoding_offsets_chars(e)[i];
        if (at.start > at.end || at.end > size || chars.start > chars.end || chars.end > size)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_tokenizer *toks[N_SPECS];
    if (!size)
        return 0;
    size_t which = data[0] % N_SPECS;
    if (!toks[which] && hone_tokenizer_from_bytes(&toks[which], specs[which], strlen(specs[which])) != HONE_OK)
        abort();
    hone_encoding *e = NULL;
    char *back = NULL;
    hone_text text = {(const char *)data + 1, size - 1};
    if (hone_tokenizer_encode(&e, toks[which], text, HONE_TEXT_NONE, NULL) != HONE_OK)
        return 0;
    check(e, size - 1);
    if (hone_tokenizer_decode(&back, NULL, toks[which], hone_encoding_ids(e), hone_encoding_n_tokens(e), false) != HONE_OK)
        abort();
    hone_tokenizer_free_text(back);
    hone_encoding_free(e);
    return 0;
}
