/* A tokenizer's folder as PreTrainedTokenizerFast.save_pretrained leaves it, so that AutoTokenizer loads it. */
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

static hone_status write_in(const char *folder, const char *name, const hone_str *text)
{
    char *path = NULL;
    HONE_TRY(hone__str_status(text));
    HONE_TRY(hone__path_join(&path, folder, name));
    hone_status status = hone__write_file(path, text->data ? text->data : "", text->len);
    hone__free(path);
    return status;
}

static hone_status save_vocab(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    hone__vocab_write(&tok->model.vocab, &w);
    hone_status status = write_in(folder, "vocab.json", &text);
    hone__str_dispose(&text);
    return status;
}

static hone_status save_merges(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    const hone__vocab *v = &tok->model.vocab;
    const hone__bpe *bpe = &tok->model.bpe;
    hone__str_puts(&text, "#version: 0.2\n");
    for (size_t i = 0; i < bpe->n_merges; i++) {
        hone__str_append(&text, hone__vocab_text(v, bpe->merges[i].left), v->len[bpe->merges[i].left]);
        hone__str_putc(&text, ' ');
        hone__str_append(&text, hone__vocab_text(v, bpe->merges[i].right), v->len[bpe->merges[i].right]);
        hone__str_putc(&text, '\n');
    }
    hone_status status = write_in(folder, "merges.txt", &text);
    hone__str_dispose(&text);
    return status;
}

static void write_special_tokens(const hone_tokenizer *tok, hone_json_writer *w)
{
    static const hone_special_token sorted[] = {HONE_SPECIAL_BOS, HONE_SPECIAL_CLS, HONE_SPECIAL_EOS, HONE_SPECIAL_MASK,
                                                HONE_SPECIAL_PAD, HONE_SPECIAL_SEP, HONE_SPECIAL_UNK};
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++) {
        int32_t id = tok->special_ids[sorted[i]];
        if (id < 0)
            continue;
        hone__jw_key(w, hone__special_key(sorted[i]));
        hone__jw_string(w, hone__tokenizer_token(tok, id, NULL));
    }
}

static hone_status save_special_map(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    hone__jw_object(&w);
    write_special_tokens(tok, &w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    hone_status status = write_in(folder, "special_tokens_map.json", &text);
    hone__str_dispose(&text);
    return status;
}

static void write_added_decoder(const hone_tokenizer *tok, hone_json_writer *w)
{
    hone__jw_key(w, "added_tokens_decoder");
    hone__jw_object(w);
    for (size_t i = 0; i < tok->added.n; i++) {
        const hone__added_token *t = &tok->added.tokens[i];
        char id[16];
        snprintf(id, sizeof id, "%d", t->id);
        hone__jw_key(w, id);
        hone__jw_object(w);
        hone__jw_key(w, "content");
        hone__jw_string_n(w, t->content, t->len);
        hone__jw_key(w, "lstrip");
        hone__jw_bool(w, t->lstrip);
        hone__jw_key(w, "normalized");
        hone__jw_bool(w, t->normalized);
        hone__jw_key(w, "rstrip");
        hone__jw_bool(w, t->rstrip);
        hone__jw_key(w, "single_word");
        hone__jw_bool(w, t->single_word);
        hone__jw_key(w, "special");
        hone__jw_bool(w, t->special);
        hone__jw_end_object(w);
    }
    hone__jw_end_object(w);
}

/* GPT-2's class knows what a byte-level BPE with <|endoftext|> is; any other is the general one. */
static const char *tokenizer_class(const hone_tokenizer *tok)
{
    return tok->byte_words && tok->special_ids[HONE_SPECIAL_EOS] >= 0 &&
                   tok->special_ids[HONE_SPECIAL_EOS] == hone_tokenizer_token_to_id(tok, "<|endoftext|>")
               ? "GPT2Tokenizer"
               : "PreTrainedTokenizerFast";
}

/* A configuration that was read is written again, the parts that hone knows anew. */
static hone_status save_config(const hone_tokenizer *tok, const char *folder)
{
    static const char *const own[] = {"added_tokens_decoder", "model_max_length", "tokenizer_class", "clean_up_tokenization_spaces",
                                      "extra_special_tokens"};
    hone_str text = HONE_STR_INIT;
    hone_json_writer writer = hone__json_writer(&text, 2), *w = &writer;
    const json_t *class = json_object_get(tok->config, "tokenizer_class"),
                 *clean = json_object_get(tok->config, "clean_up_tokenization_spaces"),
                 *extra = json_object_get(tok->config, "extra_special_tokens");
    hone__jw_object(w);
    write_added_decoder(tok, w);
    hone__jw_key(w, "clean_up_tokenization_spaces");
    hone__jw_bool(w, json_is_true(clean));
    hone__jw_key(w, "extra_special_tokens");
    if (extra) {
        hone__jw_json(w, extra);
    } else {
        hone__jw_object(w);
        hone__jw_end_object(w);
    }
    hone__jw_key(w, "model_max_length");
    if (tok->model_max_length == SIZE_MAX)
        hone__jw_double(w, 1e30);
    else
        hone__jw_uint(w, tok->model_max_length);
    write_special_tokens(tok, w);
    hone__jw_key(w, "tokenizer_class");
    hone__jw_string(w, json_is_string(class) ? json_string_value(class) : tokenizer_class(tok));
    const char *key;
    json_t *value;
    json_object_foreach(tok->config, key, value)
    {
        bool mine = false;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            mine |= strcmp(key, own[i]) == 0;
        for (int i = 0; i < HONE_SPECIAL_COUNT; i++)
            mine |= strcmp(key, hone__special_key((hone_special_token)i)) == 0;
        if (mine)
            continue;
        hone__jw_key(w, key);
        hone__jw_json(w, value);
    }
    hone__jw_end_object(w);
    hone__str_putc(&text, '\n');
    hone_status status = write_in(folder, "tokenizer_config.json", &text);
    hone__str_dispose(&text);
    return status;
}

hone_status hone_tokenizer_save(const hone_tokenizer *tok, const char *folder)
{
    hone_str text = HONE_STR_INIT;
    HONE_TRY(hone__make_dirs(folder));
    hone_status status = hone__tokenizer_write_json(&text, tok);
    if (status == HONE_OK)
        status = write_in(folder, "tokenizer.json", &text);
    hone__str_dispose(&text);
    HONE_TRY(status);
    HONE_TRY(save_vocab(tok, folder));
    HONE_TRY(save_merges(tok, folder));
    HONE_TRY(save_special_map(tok, folder));
    return save_config(tok, folder);
}
