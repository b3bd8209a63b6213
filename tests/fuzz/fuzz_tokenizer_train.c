/* Any bytes as a file that a tokenizer is trained on; the first byte: the kind, the form of the file, the options. What comes of it writes itself, is read back, and encodes the file. */
#include "fuzz/folder.h"

#include <hone/log.h>
#include <hone/tokenizer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const hone_tokenizer *tok, hone_text text)
{
    hone_tokenizer *again = NULL;
    hone_ids one = HONE_IDS_INIT, two = HONE_IDS_INIT;
    char *json = NULL;
    size_t len = 0;
    if (hone_tokenizer_to_json(&json, &len, tok) != HONE_OK || hone_tokenizer_from_bytes(&again, json, len) != HONE_OK ||
        hone_tokenizer_encode_ids(&one, tok, text, true) != HONE_OK || hone_tokenizer_encode_ids(&two, again, text, true) != HONE_OK)
        abort();
    if (one.n != two.n || (one.n && memcmp(one.data, two.data, one.n * sizeof(int32_t)) != 0))
        abort();
    hone_ids_dispose(&one);
    hone_ids_dispose(&two);
    hone_tokenizer_free_text(json);
    hone_tokenizer_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_tokenizer_train_options o = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    hone_tokenizer *tok = NULL;
    if (size == 0)
        return 0;
    uint8_t how = data[0];
    o.kind = how & 1 ? HONE_TOKENIZER_WORDPIECE : HONE_TOKENIZER_BPE;
    o.whole_files = how & 4;
    o.lowercase = how & 8;
    o.min_frequency = how & 16 ? 2 : 0;
    o.limit_alphabet = how & 32 ? 5 : 0;
    o.max_token_length = how & 64 ? 3 : 0;
    o.add_prefix_space = how & 128;
    o.vocab_size = 320;
    o.n_threads = 1;
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    const char *path = put_file(how & 2 ? "corpus.jsonl" : "corpus.txt", data + 1, size - 1);
    if (hone_tokenizer_train_files(&tok, &o, &path, 1) == HONE_OK)
        use(tok, (hone_text){(const char *)data + 1, size - 1});
    else if (tok || !hone_error_message()[0])
        abort();
    hone_tokenizer_free(tok);
    unlink(path);
    return 0;
}
