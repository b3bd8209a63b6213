/* Folders with a tokenizer: tokenizer.json, or vocab.json + merges.txt (GPT-2's), or vocab.txt (BERT's, bert_folder.c), beside tokenizer_config.json and special_tokens_map.json. */
#include "tokenizer/tokenizer.h"

#include "tokenizer/json_scan.h"

#include <string.h>

/* ---- The configuration ---- */

/* A special token stands as a string, or as an object with "content". */
static const char *token_text(const json_t *value)
{
    const json_t *content = json_is_object(value) ? json_object_get(value, "content") : value;
    return json_is_string(content) ? json_string_value(content) : NULL;
}

static void take_specials(hone_tokenizer *tok, const json_t *config, bool seen[HONE_SPECIAL_COUNT])
{
    for (int which = 0; which < HONE_SPECIAL_COUNT; which++) {
        const json_t *value = json_object_get(config, hone__special_key((hone_special_token)which));
        const char *text = token_text(value);
        if (!value || seen[which])
            continue;
        seen[which] = true;
        tok->special_ids[which] = text ? hone_tokenizer_token_to_id(tok, text) : -1;
    }
}

/* transformers writes 1000000000000000019884624838656 for "no limit". */
static void take_max_length(hone_tokenizer *tok, const json_t *config)
{
    const json_t *value = json_object_get(config, "model_max_length");
    double length = json_is_number(value) ? json_number_value(value) : 0;
    if (length >= 1 && length < 1e18)
        tok->model_max_length = (size_t)length;
}

hone_status hone__tokenizer_configure(hone_tokenizer *tok, const char *config_path, const char *map_path)
{
    json_t *map = NULL;
    bool seen[HONE_SPECIAL_COUNT] = {false};
    hone_status status = HONE_OK;
    if (config_path)
        HONE_GO(hone__json_load(&tok->config, config_path));
    if (map_path)
        HONE_GO(hone__json_load(&map, map_path));
    if ((tok->config && !json_is_object(tok->config)) || (map && !json_is_object(map))) {
        status =
            hone__fail(HONE_FORMAT, "%s: this is not a JSON object", tok->config && !json_is_object(tok->config) ? config_path : map_path);
        goto done;
    }
    take_max_length(tok, tok->config);
    take_specials(tok, tok->config, seen);
    take_specials(tok, map, seen);
    const char *class = json_string_value(json_object_get(tok->config, "tokenizer_class"));
    for (int i = 0; class && strcmp(class, "PreTrainedTokenizerFast") == 0 && i < HONE_SPECIAL_COUNT; i++)
        if (!seen[i]) /* other classes have special tokens by default */
            tok->special_ids[i] = -1;
done:
    json_decref(map);
    return status;
}

/* ---- vocab.json and merges.txt ---- */

static hone_status read_vocab_json(hone__vocab *v, const char *path)
{
    hone_mapping file = {0};
    hone__scan s = {0};
    HONE_TRY(hone__map_file(&file, path));
    hone_status status = hone__scan_init(&s, file.data, file.len, path);
    if (status == HONE_OK)
        status = hone__vocab_read(v, &s);
    hone__scan_dispose(&s);
    hone__unmap_file(&file);
    return status;
}

/* A line of merges.txt, without its end. */
static hone_status read_merge_line(hone__model *m, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    size_t n = space ? (size_t)(space - line) : 0;
    if (!space || memchr(space + 1, ' ', len - n - 1))
        return hone__fail(HONE_FORMAT, "a merge must be two tokens with one space between them");
    return hone__bpe_add_merge(&m->bpe, &m->vocab, line, n, space + 1, len - n - 1);
}

static hone_status read_merges_txt(hone__model *m, const char *path)
{
    hone_mapping file = {0};
    hone_status status = hone__map_file(&file, path);
    size_t number = 0;
    if (status == HONE_OK && hone__utf8_valid(file.data, file.len) != file.len)
        status = hone__fail(HONE_FORMAT, "%s: this is not UTF-8", path);
    for (size_t at = 0; status == HONE_OK && at < file.len;) {
        const char *line = file.data + at, *newline = memchr(line, '\n', file.len - at);
        size_t len = newline ? (size_t)(newline - line) : file.len - at;
        at += len + (newline != NULL);
        number++;
        len -= len && line[len - 1] == '\r';
        if (!len || (len >= 8 && memcmp(line, "#version", 8) == 0))
            continue;
        if ((status = read_merge_line(m, line, len)) != HONE_OK)
            hone__fail_in(status, "%s:%zu", path, number);
    }
    hone__unmap_file(&file);
    return status;
}

/* The parts that GPT-2's tokenizer has around its vocabulary and merges (transformers' convert_slow_tokenizer.py, GPT2Converter). */
static hone_status read_gpt2(hone_tokenizer **out, const char *vocab_path, const char *merges_path)
{
    static const char end_of_text[] = "<|endoftext|>";
    hone_tokenizer *tok = NULL;
    hone_status status;
    HONE_GO(hone__tokenizer_new(&tok));
    HONE_GO(read_vocab_json(&tok->model.vocab, vocab_path));
    HONE_GO(read_merges_txt(&tok->model, merges_path));
    HONE_GO(hone__bpe_finish(&tok->model.bpe, &tok->model.vocab));
    tok->pretokenizer = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_BYTE_LEVEL, .byte_level = {false, true, true}};
    tok->postprocessor = (hone__postprocessor){.kind = HONE__POSTPROCESSOR_BYTE_LEVEL, .byte_level = {true, false, true}};
    tok->decoder = (hone__decoder){.kind = HONE__DECODER_BYTE_LEVEL, .byte_level = {true, true, true}};
    int32_t id = hone__vocab_find(&tok->model.vocab, end_of_text, sizeof end_of_text - 1);
    if (id >= 0)
        HONE_GO(hone__added_add(&tok->added, &tok->model.vocab, end_of_text, sizeof end_of_text - 1, id, true, NULL));
    HONE_GO(hone__tokenizer_finish(tok, vocab_path));
    *out = tok;
    tok = NULL;
done:
    hone_tokenizer_free(tok);
    return status;
}

/* ---- Folders ---- */

static hone_status read_file(hone_tokenizer **out, const char *path)
{
    hone_mapping file = {0};
    HONE_TRY(hone__map_file(&file, path));
    hone_status status = hone__tokenizer_read_json(out, file.data, file.len, path);
    hone__unmap_file(&file);
    return status;
}

enum { TOKENIZER_JSON, VOCAB_JSON, MERGES_TXT, VOCAB_TXT, CONFIG, SPECIAL_MAP, N_FILES };

/* The files of a tokenizer's folder; NULL where there is none of that name. */
static hone_status find_files(char *paths[N_FILES], const char *folder)
{
    static const char *const names[N_FILES] = {"tokenizer.json",         "vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json",
                                               "special_tokens_map.json"};
    for (int i = 0; i < N_FILES; i++) {
        HONE_TRY(hone__path_join(&paths[i], folder, names[i]));
        if (!hone__is_file(paths[i])) {
            hone__free(paths[i]);
            paths[i] = NULL;
        }
    }
    return HONE_OK;
}

static hone_status read_folder(hone_tokenizer **out, const char *folder)
{
    char *paths[N_FILES] = {NULL};
    hone_status status;
    HONE_GO(find_files(paths, folder));
    if (paths[TOKENIZER_JSON])
        status = read_file(out, paths[TOKENIZER_JSON]);
    else if (paths[VOCAB_JSON] && paths[MERGES_TXT])
        status = read_gpt2(out, paths[VOCAB_JSON], paths[MERGES_TXT]);
    else if (paths[VOCAB_TXT])
        status = hone__tokenizer_read_bert(out, paths[VOCAB_TXT], paths[CONFIG], paths[SPECIAL_MAP]);
    else
        status =
            hone__fail(HONE_NOT_FOUND,
                       "%s: no tokenizer in this folder: neither tokenizer.json, nor vocab.json and merges.txt, nor vocab.txt", folder);
    if (status == HONE_OK)
        status = hone__tokenizer_configure(*out, paths[CONFIG], paths[SPECIAL_MAP]);
    if (status != HONE_OK) {
        hone_tokenizer_free(*out);
        *out = NULL;
    }
done:
    for (int i = 0; i < N_FILES; i++)
        hone__free(paths[i]);
    return status;
}

hone_status hone_tokenizer_from_pretrained(hone_tokenizer **out, const char *path)
{
    *out = NULL;
    if (hone__is_dir(path))
        return read_folder(out, path);
    if (hone__is_file(path))
        return read_file(out, path);
    return hone__hint(hone__fail(HONE_NOT_FOUND, "tokenizer %s: no such file or folder", path),
                      "give a folder with a tokenizer.json; a model of the Hub has to be downloaded first");
}
