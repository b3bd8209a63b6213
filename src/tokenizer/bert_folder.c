/* Folders of BERT's kind without tokenizer.json: vocab.txt, a token a line, and tokenizer_config.json (transformers' convert_slow_tokenizer.py, BertConverter). */
#include "tokenizer/tokenizer.h"

#include "base/log.h"

#include <string.h>

/* Lines may end in CRLF: the reference would keep the CR in every token. An empty line at the end is none. */
static hone_status read_vocab_txt(hone__vocab *v, const char *path)
{
    hone_mapping file = {0};
    hone_status status = hone__map_file(&file, path);
    bool crlf = false;
    if (status == HONE_OK && hone__utf8_valid(file.data, file.len) != file.len)
        status = hone__fail(HONE_FORMAT, "%s: this is not UTF-8", path);
    for (size_t at = 0, number = 0; status == HONE_OK && at < file.len; number++) {
        const char *line = file.data + at, *newline = memchr(line, '\n', file.len - at);
        size_t len = newline ? (size_t)(newline - line) : file.len - at;
        at += len + (newline != NULL);
        if (len && line[len - 1] == '\r') {
            crlf = true;
            len--;
        }
        if ((status = hone__vocab_add(v, line, len, (int64_t)number)) != HONE_OK)
            hone__fail_in(status, "%s:%zu", path, number + 1);
    }
    if (status == HONE_OK && crlf)
        hone__log(HONE_LOG_WARNING, "%s: lines end in CRLF; the CR was taken off", path);
    hone__unmap_file(&file);
    return status;
}

static hone_status read_options(hone__normalizer *out, const char *config_path)
{
    json_t *config = NULL;
    hone_status status = HONE_OK;
    *out = hone__normalizer_bert(true);
    if (config_path)
        HONE_GO(hone__json_load(&config, config_path));
    HONE_GO(hone__json_get_bool(config, "do_lower_case", &out->lowercase, config_path));
    HONE_GO(hone__json_get_bool(config, "tokenize_chinese_chars", &out->handle_chinese_chars, config_path));
    const json_t *strip = json_object_get(config, "strip_accents");
    out->strip_accents = json_is_boolean(strip) ? json_is_true(strip) : -1;
done:
    json_decref(config);
    return status;
}

static hone_status add_specials(hone_tokenizer *tok, const char *path)
{
    static const char *const names[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    const hone__vocab *v = &tok->model.vocab;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int32_t id = hone__vocab_find(v, names[i], strlen(names[i]));
        if (id >= 0)
            HONE_TRY(hone__added_add(&tok->added, v, names[i], strlen(names[i]), id, true, NULL));
    }
    int32_t cls = hone__vocab_find(v, "[CLS]", 5), sep = hone__vocab_find(v, "[SEP]", 5);
    if (cls < 0 || sep < 0)
        return hone__fail(HONE_FORMAT, "%s: [CLS] and [SEP] are not in the vocabulary", path);
    return hone__postprocessor_bert(&tok->postprocessor, "[CLS]", cls, "[SEP]", sep);
}

hone_status hone__tokenizer_read_bert(hone_tokenizer **out, const char *vocab_path, const char *config_path)
{
    hone_tokenizer *tok = NULL;
    hone_status status;
    *out = NULL;
    HONE_GO(hone__tokenizer_new(&tok));
    HONE_GO(read_options(&tok->normalizer, config_path));
    HONE_GO(read_vocab_txt(&tok->model.vocab, vocab_path));
    HONE_GO(hone__model_make_wordpiece(&tok->model, "[UNK]", "##"));
    if ((status = hone__wordpiece_finish(&tok->model.wordpiece, &tok->model.vocab)) != HONE_OK) {
        hone__fail_in(status, "%s", vocab_path);
        goto done;
    }
    tok->pretokenizer.kind = HONE__PRETOKENIZER_BERT;
    tok->decoder = (hone__decoder){.kind = HONE__DECODER_WORDPIECE, .cleanup = true};
    HONE_GO(hone__strdup(&tok->decoder.prefix, "##"));
    HONE_GO(add_specials(tok, vocab_path));
    HONE_GO(hone__tokenizer_finish(tok, vocab_path));
    *out = tok;
    tok = NULL;
done:
    hone_tokenizer_free(tok);
    return status;
}
