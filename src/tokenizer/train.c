/* Training of tokenizers: the parts around the model, the corpus, and what follows when the vocabulary is there. */
#include "tokenizer/corpus.h"
#include "tokenizer/train_bpe.h"

#include <string.h>

/* The texts to train on: a callback, or files. */
typedef struct source {
    hone_text_fn next;
    void *payload;
    const char *const *paths;
    size_t n_paths;
} source;

static const hone_tokenizer_train_options defaults = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;

/* A list of special tokens; those that are there twice count once. */
typedef struct specials {
    const char **items;
    size_t n, capacity;
} specials;

static hone_status add_special(specials *s, const char *text)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->items[i], text) == 0)
            return HONE_OK;
    if (!*text || hone__utf8_valid(text, strlen(text)) != strlen(text))
        return hone__fail(HONE_INVALID_ARGUMENT, "a special token is empty or not UTF-8");
    HONE_TRY(HONE_GROW(&s->items, &s->capacity, s->n + 1));
    s->items[s->n++] = text;
    return HONE_OK;
}

static hone_status count_corpus(hone__words *out, const hone_tokenizer *tok, const source *from, const hone_tokenizer_train_options *o)
{
    hone__corpus corpus = {0};
    hone__corpus_options files = {o->whole_files, o->glob, o->text_column_name};
    hone_status status;
    HONE_GO(hone__corpus_init(&corpus, tok, o->n_threads));
    if (from->next)
        HONE_GO(hone__corpus_count_texts(&corpus, from->next, from->payload));
    else
        HONE_GO(hone__corpus_count_files(&corpus, from->paths, from->n_paths, &files));
    status = hone__corpus_take(out, &corpus);
done:
    hone__corpus_dispose(&corpus);
    return status;
}

/* Fills the model of tok, whose normalizer, pre-tokenizer and model options are there. */
static hone_status train_model(hone_tokenizer *tok, const source *from, const hone_tokenizer_train_options *o, const specials *special)
{
    hone__words words = {0};
    bool byte_level = tok->pretokenizer.kind == HONE__PRETOKENIZER_BYTE_LEVEL;
    bool wordpiece = tok->model.kind == HONE__MODEL_WORDPIECE;
    hone__bpe_trainer t = {.words = &words,
                           .raw = byte_level && tok->normalizer.kind == HONE__NORMALIZER_NONE &&
                                  !tok->pretokenizer.byte_level.add_prefix_space,
                           .byte_alphabet = hone__pretokenizer_has_byte_level(&tok->pretokenizer),
                           .vocab_size = o->vocab_size,
                           .limit_alphabet = o->limit_alphabet,
                           .max_token_length = o->max_token_length,
                           .min_frequency = o->min_frequency,
                           .prefix = wordpiece ? tok->model.wordpiece.prefix : tok->model.bpe.prefix,
                           .suffix = tok->model.bpe.suffix,
                           .special_tokens = special->items,
                           .n_special_tokens = special->n};
    hone_status status = count_corpus(&words, tok, from, o);
    if (status == HONE_OK)
        status = hone__train_bpe(&tok->model.vocab, &tok->model.bpe, &t);
    hone__words_dispose(&words);
    if (wordpiece) /* its merges have done their work */
        hone__bpe_dispose(&tok->model.bpe);
    if (status != HONE_OK)
        return status;
    return wordpiece ? hone__wordpiece_finish(&tok->model.wordpiece, &tok->model.vocab)
                     : hone__bpe_finish(&tok->model.bpe, &tok->model.vocab);
}

/* Special tokens become added tokens, with the flags that they had in `old`. */
static hone_status add_specials(hone_tokenizer *tok, const specials *special, const hone__added *old)
{
    for (size_t i = 0; i < special->n; i++) {
        const hone__added_token *flags = NULL;
        for (size_t k = 0; old && k < old->n; k++)
            if (strcmp(old->tokens[k].content, special->items[i]) == 0)
                flags = &old->tokens[k];
        size_t len = strlen(special->items[i]);
        HONE_TRY(hone__added_add(&tok->added, &tok->model.vocab, special->items[i], len,
                                 hone__vocab_find(&tok->model.vocab, special->items[i], len), true, flags));
    }
    return HONE_OK;
}

static hone_status check_options(const hone_tokenizer_train_options *o)
{
    if (o->vocab_size >= HONE__MAX_ID)
        return hone__fail(HONE_INVALID_ARGUMENT, "vocab_size %zu is out of range", o->vocab_size);
    if (o->kind != HONE_TOKENIZER_BPE && o->kind != HONE_TOKENIZER_WORDPIECE)
        return hone__fail(HONE_INVALID_ARGUMENT, "no such kind of tokenizer: %d", (int)o->kind);
    return HONE_OK;
}

/* The parts around a byte-level BPE. */
static void make_byte_level(hone_tokenizer *tok, const hone_tokenizer_train_options *o)
{
    tok->pretokenizer = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_BYTE_LEVEL, .byte_level = {o->add_prefix_space, true, true}};
    tok->postprocessor = (hone__postprocessor){.kind = HONE__POSTPROCESSOR_BYTE_LEVEL, .byte_level = {true, false, true}};
    tok->decoder = (hone__decoder){.kind = HONE__DECODER_BYTE_LEVEL, .byte_level = {true, true, true}};
}

/* The parts around BERT's WordPiece; the template follows when the ids are known. */
static hone_status make_bert(hone_tokenizer *tok, const hone_tokenizer_train_options *o)
{
    tok->normalizer = hone__normalizer_bert(o->lowercase);
    tok->pretokenizer.kind = HONE__PRETOKENIZER_BERT;
    tok->decoder = (hone__decoder){.kind = HONE__DECODER_WORDPIECE, .cleanup = true};
    HONE_TRY(hone__strdup(&tok->decoder.prefix, "##"));
    return hone__model_make_wordpiece(&tok->model, "[UNK]", "##");
}

/* TemplateProcessing when [CLS] and [SEP] are among the special tokens. */
static hone_status make_template(hone_tokenizer *tok, const specials *special)
{
    bool cls = false, sep = false;
    for (size_t i = 0; i < special->n; i++) {
        cls |= strcmp(special->items[i], "[CLS]") == 0;
        sep |= strcmp(special->items[i], "[SEP]") == 0;
    }
    if (tok->model.kind != HONE__MODEL_WORDPIECE || !cls || !sep)
        return HONE_OK;
    const hone__vocab *v = &tok->model.vocab;
    return hone__postprocessor_bert(&tok->postprocessor, "[CLS]", hone__vocab_find(v, "[CLS]", 5), "[SEP]",
                                    hone__vocab_find(v, "[SEP]", 5));
}

static hone_status list_specials(specials *special, const hone_tokenizer_train_options *o)
{
    static const char *const bpe[] = {"<|endoftext|>"}, *const wordpiece[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    bool is_bpe = o->kind == HONE_TOKENIZER_BPE;
    const char *const *items = o->special_tokens ? o->special_tokens : is_bpe ? bpe : wordpiece;
    size_t n = o->special_tokens ? o->n_special_tokens : is_bpe ? 1 : 5;
    for (size_t i = 0; i < n; i++)
        HONE_TRY(add_special(special, items[i]));
    return HONE_OK;
}

static hone_status train_new(hone_tokenizer **out, const source *from, const hone_tokenizer_train_options *o)
{
    hone_tokenizer *tok = NULL;
    specials special = {0};
    hone_status status;
    *out = NULL;
    HONE_GO(check_options(o));
    HONE_GO(list_specials(&special, o));
    HONE_GO(hone__tokenizer_new(&tok));
    if (o->kind == HONE_TOKENIZER_WORDPIECE)
        HONE_GO(make_bert(tok, o));
    else
        make_byte_level(tok, o);
    HONE_GO(train_model(tok, from, o, &special));
    HONE_GO(add_specials(tok, &special, NULL));
    HONE_GO(make_template(tok, &special));
    HONE_GO(hone__tokenizer_finish(tok, "the trained tokenizer"));
    if (o->model_max_length)
        tok->model_max_length = o->model_max_length;
    *out = tok;
    tok = NULL;
done:
    hone_tokenizer_free(tok);
    hone__free(special.items);
    return status;
}

hone_status hone_tokenizer_train(hone_tokenizer **out, const hone_tokenizer_train_options *options, hone_text_fn next, void *payload)
{
    return train_new(out, &(source){next, payload, NULL, 0}, options ? options : &defaults);
}

hone_status hone_tokenizer_train_files(hone_tokenizer **out, const hone_tokenizer_train_options *options, const char *const *paths,
                                       size_t n_paths)
{
    return train_new(out, &(source){NULL, NULL, paths, n_paths}, options ? options : &defaults);
}

/* ---- A new vocabulary for an old tokenizer ---- */

/* Copies a section by writing and reading it. */
#define COPY_SECTION(part)                                                             \
    do {                                                                               \
        hone_str text_ = HONE_STR_INIT;                                                \
        json_t *json_ = NULL;                                                          \
        hone_json_writer w_ = hone__json_writer(&text_, 0);                            \
        hone__jw_array(&w_);                                                           \
        hone__##part##_write(&old->part, &w_);                                         \
        hone__jw_end_array(&w_);                                                       \
        if ((status = hone__str_status(&text_)) == HONE_OK)                            \
            status = hone__json_parse(&json_, text_.data, text_.len, #part);           \
        if (status == HONE_OK)                                                         \
            status = hone__##part##_read(&tok->part, json_array_get(json_, 0), #part); \
        json_decref(json_);                                                            \
        hone__str_dispose(&text_);                                                     \
        if (status != HONE_OK)                                                         \
            return status;                                                             \
    } while (0)

static hone_status copy_parts(hone_tokenizer *tok, const hone_tokenizer *old)
{
    hone_status status;
    COPY_SECTION(normalizer);
    COPY_SECTION(pretokenizer);
    COPY_SECTION(postprocessor);
    COPY_SECTION(decoder);
    tok->defaults = old->defaults;
    tok->pad_to_multiple = old->pad_to_multiple;
    tok->model_max_length = old->model_max_length;
    if (old->pad_token)
        HONE_TRY(hone__strdup(&tok->pad_token, old->pad_token));
    tok->defaults.pad_token = tok->pad_token;
    tok->config = json_deep_copy(old->config);
    if (old->model.kind == HONE__MODEL_WORDPIECE) {
        HONE_TRY(hone__model_make_wordpiece(&tok->model, old->model.wordpiece.unk_token, old->model.wordpiece.prefix));
        tok->model.wordpiece.max_chars = old->model.wordpiece.max_chars;
        return HONE_OK;
    }
    hone__bpe *to = &tok->model.bpe;
    const hone__bpe *from = &old->model.bpe;
    to->fuse_unk = from->fuse_unk, to->byte_fallback = from->byte_fallback, to->ignore_merges = from->ignore_merges;
    if (from->unk_token)
        HONE_TRY(hone__strdup(&to->unk_token, from->unk_token));
    if (from->prefix)
        HONE_TRY(hone__strdup(&to->prefix, from->prefix));
    return from->suffix ? hone__strdup(&to->suffix, from->suffix) : HONE_OK;
}

/* The ids of a template's tokens follow their texts. */
static hone_status renumber_template(hone_tokenizer *tok)
{
    hone__postprocessor *p = hone__postprocessor_core(&tok->postprocessor);
    for (size_t i = 0; i < p->n_specials; i++)
        for (size_t k = 0; k < p->specials[i].n; k++) {
            p->specials[i].ids[k] = hone_tokenizer_token_to_id(tok, p->specials[i].tokens[k]);
            if (p->specials[i].ids[k] < 0)
                return hone__fail(HONE_INVALID_ARGUMENT, "the post-processor needs \"%s\", which is no special token",
                                  p->specials[i].tokens[k]);
        }
    return HONE_OK;
}

/* The parts that special tokens play stay with their texts. */
static void copy_roles(hone_tokenizer *tok, const hone_tokenizer *old)
{
    for (int i = 0; i < HONE_SPECIAL_COUNT; i++) {
        const char *text = hone_tokenizer_id_to_token(old, old->special_ids[i]);
        tok->special_ids[i] = text ? hone_tokenizer_token_to_id(tok, text) : -1;
    }
    if (tok->defaults.padding != HONE_PADDING_NONE && tok->pad_token && hone_tokenizer_token_to_id(tok, tok->pad_token) >= 0)
        tok->defaults.pad_id = hone_tokenizer_token_to_id(tok, tok->pad_token);
}

hone_status hone_tokenizer_train_new_from_iterator(hone_tokenizer **out, const hone_tokenizer *old,
                                                   const hone_tokenizer_train_options *options, hone_text_fn next, void *payload)
{
    const hone_tokenizer_train_options *o = options ? options : &defaults;
    hone_tokenizer *tok = NULL;
    specials special = {0};
    hone_status status;
    *out = NULL;
    HONE_GO(check_options(o));
    if (old->model.kind == HONE__MODEL_WORDLEVEL) {
        status = hone__fail(HONE_UNSUPPORTED, "training a model of type WordLevel is not supported (only BPE and WordPiece)");
        goto done;
    }
    HONE_GO(hone__tokenizer_new(&tok));
    HONE_GO(copy_parts(tok, old));
    for (size_t i = 0; i < old->added.n; i++)
        if (old->added.tokens[i].special)
            HONE_GO(add_special(&special, old->added.tokens[i].content));
    for (size_t i = 0; o->special_tokens && i < o->n_special_tokens; i++)
        HONE_GO(add_special(&special, o->special_tokens[i]));
    HONE_GO(train_model(tok, &(source){next, payload, NULL, 0}, o, &special));
    HONE_GO(add_specials(tok, &special, &old->added));
    HONE_GO(renumber_template(tok));
    HONE_GO(hone__tokenizer_finish(tok, "the trained tokenizer"));
    copy_roles(tok, old);
    *out = tok;
    tok = NULL;
done:
    hone_tokenizer_free(tok);
    hone__free(special.items);
    return status;
}
