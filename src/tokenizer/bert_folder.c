/* Folders of BERT's kind without tokenizer.json: vocab.txt, a token a line, and tokenizer_config.json (transformers' convert_slow_tokenizer.py, BertConverter). */
#include "tokenizer/tokenizer.h"

#include "base/log.h"

#include <stdlib.h>
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

/* The names of the special tokens that a BERT tokenizer has, by tokenizer_config.json, then special_tokens_map.json. */
typedef struct names {
    json_t *config, *map; /* NULL: no such file */
    const char *of[HONE_SPECIAL_COUNT];
    const json_t *value[HONE_SPECIAL_COUNT]; /* what names it: a text, or an object with flags */
} names;

static const char *text_of(const json_t *value)
{
    return json_string_value(json_is_object(value) ? json_object_get(value, "content") : value);
}

static hone_status read_names(names *out, const char *config_path, const char *map_path)
{
    static const char *const usual[HONE_SPECIAL_COUNT] = {[HONE_SPECIAL_UNK] = "[UNK]",
                                                          [HONE_SPECIAL_SEP] = "[SEP]",
                                                          [HONE_SPECIAL_PAD] = "[PAD]",
                                                          [HONE_SPECIAL_CLS] = "[CLS]",
                                                          [HONE_SPECIAL_MASK] = "[MASK]"};
    if (config_path)
        HONE_TRY(hone__json_load(&out->config, config_path));
    if (map_path)
        HONE_TRY(hone__json_load(&out->map, map_path));
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++) {
        const char *key = hone__special_key((hone_special_token)i);
        const json_t *config = json_object_get(out->config, key), *map = json_object_get(out->map, key);
        out->value[i] = text_of(config) ? config : map;
        out->of[i] = text_of(out->value[i]) ? text_of(out->value[i]) : usual[i];
    }
    return HONE_OK;
}

static hone_status read_options(hone__normalizer *out, const json_t *config, const char *config_path)
{
    *out = hone__normalizer_bert(true);
    HONE_TRY(hone__json_get_bool(config, "do_lower_case", &out->lowercase, config_path));
    HONE_TRY(hone__json_get_bool(config, "tokenize_chinese_chars", &out->handle_chinese_chars, config_path));
    const json_t *strip = json_object_get(config, "strip_accents");
    out->strip_accents = json_is_boolean(strip) ? json_is_true(strip) : -1;
    return HONE_OK;
}

static hone_status read_flags(hone__added_token *out, const json_t *item, const char *config_path)
{
    HONE_TRY(hone__json_get_bool(item, "normalized", &out->normalized, config_path));
    HONE_TRY(hone__json_get_bool(item, "single_word", &out->single_word, config_path));
    HONE_TRY(hone__json_get_bool(item, "lstrip", &out->lstrip, config_path));
    return hone__json_get_bool(item, "rstrip", &out->rstrip, config_path);
}

/* {"content": ..., "special": ..., flags}, under its id as a key. */
static hone_status add_one(hone_tokenizer *tok, const char *key, const json_t *item, const char *config_path)
{
    hone__added_token flags = {.normalized = false};
    bool special = false;
    char *end = NULL;
    const json_t *content = json_object_get(item, "content");
    long id = strtol(key, &end, 10);
    if (!*key || *end || !json_is_string(content))
        return hone__fail(HONE_FORMAT, "%s: added_tokens_decoder: \"%s\" is no id with a \"content\"", config_path, key);
    HONE_TRY(hone__json_get_bool(item, "special", &special, config_path));
    flags.normalized = !special;
    HONE_TRY(read_flags(&flags, item, config_path));
    hone_status status =
        hone__added_add(&tok->added, &tok->model.vocab, json_string_value(content), json_string_length(content), id, special, &flags);
    return status == HONE_OK ? HONE_OK : hone__fail_in(status, "%s: added_tokens_decoder", config_path);
}

static hone_status add_listed(hone_tokenizer *tok, const json_t *list, const char *config_path)
{
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)list, key, item) HONE_TRY(add_one(tok, key, item, config_path));
    return HONE_OK;
}

static hone_status add_specials(hone_tokenizer *tok, const names *n, const char *path)
{
    const hone__vocab *v = &tok->model.vocab;
    const char *cls = n->of[HONE_SPECIAL_CLS], *sep = n->of[HONE_SPECIAL_SEP];
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++) {
        int32_t id = n->of[i] ? hone__vocab_find(v, n->of[i], strlen(n->of[i])) : -1;
        hone__added_token flags = {.normalized = false};
        if (id < 0 || hone__added_by_id(&tok->added, id))
            continue;
        if (json_is_object(n->value[i]))
            HONE_TRY(read_flags(&flags, n->value[i], path));
        HONE_TRY(hone__added_add(&tok->added, v, n->of[i], strlen(n->of[i]), id, true, &flags));
    }
    int32_t cls_id = hone_tokenizer_token_to_id(tok, cls), sep_id = hone_tokenizer_token_to_id(tok, sep);
    if (cls_id < 0 || sep_id < 0)
        return hone__fail(HONE_FORMAT, "%s: %s and %s are not in the vocabulary", path, cls, sep);
    return hone__postprocessor_bert(&tok->postprocessor, cls, cls_id, sep, sep_id);
}

hone_status hone__tokenizer_read_bert(hone_tokenizer **out, const char *vocab_path, const char *config_path, const char *map_path)
{
    hone_tokenizer *tok = NULL;
    names n = {0};
    hone_status status;
    *out = NULL;
    HONE_GO(hone__tokenizer_new(&tok));
    tok->is_slow = true;
    HONE_GO(read_names(&n, config_path, map_path));
    HONE_GO(read_options(&tok->normalizer, n.config, config_path));
    HONE_GO(read_vocab_txt(&tok->model.vocab, vocab_path));
    HONE_GO(hone__model_make_wordpiece(&tok->model, n.of[HONE_SPECIAL_UNK], "##"));
    if ((status = hone__wordpiece_finish(&tok->model.wordpiece, &tok->model.vocab)) != HONE_OK) {
        hone__fail_in(status, "%s", vocab_path);
        goto done;
    }
    tok->pretokenizer.kind = HONE__PRETOKENIZER_BERT;
    tok->decoder = (hone__decoder){.kind = HONE__DECODER_WORDPIECE, .cleanup = true};
    HONE_GO(hone__strdup(&tok->decoder.prefix, "##"));
    HONE_GO(add_listed(tok, json_object_get(n.config, "added_tokens_decoder"), config_path));
    HONE_GO(add_specials(tok, &n, vocab_path));
    HONE_GO(hone__tokenizer_finish(tok, vocab_path));
    *out = tok;
    tok = NULL;
done:
    json_decref(n.config);
    json_decref(n.map);
    hone_tokenizer_free(tok);
    return status;
}
