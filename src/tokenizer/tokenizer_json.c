/* tokenizer.json, read and written as the reference's serialization (tokenizers/src/tokenizer/serialization.rs). Its big members, vocabulary and merges, are
 * read as a stream; all others are small and go through the JSON reader. What hone does not know is refused by name, never passed over. */
#include "tokenizer/tokenizer.h"

#include "tokenizer/json_scan.h"
#include "tokenizer/part.h"

#include <string.h>

/* Members of an object, the big ones by their place, the others as a tree. */
typedef struct members {
    json_t *small;
    hone__stretch big[2]; /* of the names asked for; end 0: not there */
} members;

/* Splits the object at the cursor; big[] names up to two members that are not to be read yet. */
static hone_status split_members(members *out, hone__scan *s, const char *const big[2])
{
    hone_str small = HONE_STR_INIT;
    hone_status status;
    bool more;
    HONE_GO(hone__scan_expect(s, '{'));
    hone__str_putc(&small, '{');
    for (bool first = true;; first = false) {
        const char *key;
        size_t len;
        hone__stretch name, value;
        HONE_GO(hone__scan_more(s, '}', first, &more));
        if (!more)
            break;
        hone__scan_peek(s);
        name.start = s->at;
        HONE_GO(hone__scan_string(s, &key, &len));
        name.end = s->at;
        int which = big[0] && len == strlen(big[0]) && memcmp(key, big[0], len) == 0   ? 0
                    : big[1] && len == strlen(big[1]) && memcmp(key, big[1], len) == 0 ? 1
                                                                                       : -1;
        HONE_GO(hone__scan_expect(s, ':'));
        HONE_GO(hone__scan_skip(s, &value));
        if (which >= 0) {
            out->big[which] = value;
            continue;
        }
        if (small.len > 1)
            hone__str_putc(&small, ',');
        hone__str_append(&small, s->text + name.start, name.end - name.start);
        hone__str_putc(&small, ':');
        hone__str_append(&small, s->text + value.start, value.end - value.start);
    }
    hone__str_putc(&small, '}');
    HONE_GO(hone__str_status(&small));
    status = hone__json_parse(&out->small, small.data, small.len, s->name);
done:
    hone__str_dispose(&small);
    return status;
}

hone_status hone__vocab_read(hone__vocab *v, hone__scan *s)
{
    bool more;
    HONE_TRY(hone__scan_expect(s, '{'));
    for (bool first = true;; first = false) {
        const char *text;
        size_t len;
        int64_t id;
        HONE_TRY(hone__scan_more(s, '}', first, &more));
        if (!more)
            return HONE_OK;
        HONE_TRY(hone__scan_string(s, &text, &len));
        HONE_TRY(hone__scan_expect(s, ':'));
        HONE_TRY(hone__scan_int(s, &id));
        if (id >= 0 && (uint64_t)id >= s->len) /* more ids than bytes: there are holes, and memory must not follow them */
            return hone__fail(HONE_FORMAT, "%s: token \"%.*s\" has id %lld, which leaves holes in the vocabulary", s->name,
                              (int)(len < 100 ? len : 100), text, (long long)id);
        hone_status status = hone__vocab_add(v, text, len, id);
        if (status != HONE_OK)
            return hone__fail_in(status, "%s", s->name);
    }
}

/* A merge: ["a", "b"], or "a b" in older files. */
static hone_status read_merge(hone__model *m, hone__scan *s, hone_str *left)
{
    const char *text;
    size_t len;
    if (hone__scan_peek(s) == '[') {
        s->at++;
        HONE_TRY(hone__scan_string(s, &text, &len));
        hone__str_clear(left);
        hone__str_append(left, text, len);
        HONE_TRY(hone__str_status(left));
        HONE_TRY(hone__scan_expect(s, ','));
        HONE_TRY(hone__scan_string(s, &text, &len));
        HONE_TRY(hone__scan_expect(s, ']'));
        return hone__bpe_add_merge(&m->bpe, &m->vocab, left->len ? left->data : "", left->len, text, len);
    }
    HONE_TRY(hone__scan_string(s, &text, &len));
    const char *space = memchr(text, ' ', len);
    size_t n = space ? (size_t)(space - text) : 0;
    if (!space || memchr(space + 1, ' ', len - n - 1))
        return hone__scan_fail(s, "a merge must be two tokens with one space between them");
    return hone__bpe_add_merge(&m->bpe, &m->vocab, text, n, space + 1, len - n - 1);
}

static hone_status read_merges(hone__model *m, hone__scan *s)
{
    hone_str left = HONE_STR_INIT;
    bool more = true;
    hone_status status = hone__scan_expect(s, '[');
    for (size_t i = 0; status == HONE_OK; i++) {
        HONE_GO(hone__scan_more(s, ']', i == 0, &more));
        if (!more)
            break;
        hone__scan_peek(s);
        size_t at = s->at;
        if ((status = read_merge(m, s, &left)) != HONE_OK) {
            size_t line = 1;
            for (size_t k = 0; k < at; k++)
                line += s->text[k] == '\n';
            hone__fail_in(status, "%s:%zu: merges[%zu]", s->name, line, i);
        }
    }
done:
    hone__str_dispose(&left);
    return status;
}

static hone_status copy_text(char **out, const json_t *options, const char *key, const char *name)
{
    const char *text = NULL;
    HONE_TRY(hone__json_get_string(options, key, &text, name));
    return text && *text ? hone__strdup(out, text) : HONE_OK;
}

static hone_status read_bpe_options(hone__bpe *bpe, const json_t *options, const char *name)
{
    double dropout = 0;
    HONE_TRY(hone__json_get_double(options, "dropout", &dropout, name));
    if (dropout != 0)
        return hone__fail(HONE_UNSUPPORTED, "%s: model: dropout %g is not supported (only null)", name, dropout);
    HONE_TRY(copy_text(&bpe->unk_token, options, "unk_token", name));
    HONE_TRY(copy_text(&bpe->prefix, options, "continuing_subword_prefix", name));
    HONE_TRY(copy_text(&bpe->suffix, options, "end_of_word_suffix", name));
    HONE_TRY(hone__json_get_bool(options, "fuse_unk", &bpe->fuse_unk, name));
    HONE_TRY(hone__json_get_bool(options, "byte_fallback", &bpe->byte_fallback, name));
    return hone__json_get_bool(options, "ignore_merges", &bpe->ignore_merges, name);
}

static hone_status read_wordpiece_options(hone__wordpiece *w, const json_t *options, const char *name)
{
    const char *unk = "[UNK]", *prefix = "##";
    int64_t max_chars = 100;
    HONE_TRY(hone__json_get_string(options, "unk_token", &unk, name));
    HONE_TRY(hone__json_get_string(options, "continuing_subword_prefix", &prefix, name));
    HONE_TRY(hone__json_get_int(options, "max_input_chars_per_word", &max_chars, name));
    if (max_chars < 0)
        return hone__fail(HONE_FORMAT, "%s: model: max_input_chars_per_word is negative", name);
    w->max_chars = (size_t)max_chars;
    HONE_TRY(hone__strdup(&w->unk_token, unk));
    return hone__strdup(&w->prefix, prefix);
}

static hone_status read_wordlevel_options(hone__wordlevel *w, const json_t *options, const char *name)
{
    const char *unk = "<unk>";
    HONE_TRY(hone__json_get_string(options, "unk_token", &unk, name));
    return hone__strdup(&w->unk_token, unk);
}

/* The model's kind; files of old versions don't name it, and only BPE has merges. */
static hone_status read_kind(hone__model *m, const members *parts, const char *name)
{
    static const char *const types[] = {"BPE", "WordPiece", "WordLevel", NULL}; /* by hone__model_kind */
    const char *type = parts->big[1].end ? "BPE" : "WordPiece";
    HONE_TRY(hone__json_get_string(parts->small, "type", &type, name));
    int kind = hone__part_find(types, type);
    if (kind < 0)
        return hone__fail(HONE_UNSUPPORTED, "%s: model \"%s\" is not supported", name, type);
    m->kind = (hone__model_kind)kind;
    if (!parts->big[0].end || (m->kind == HONE__MODEL_BPE && !parts->big[1].end))
        return hone__fail(HONE_FORMAT, "%s: the model has no \"%s\"", name, parts->big[0].end ? "merges" : "vocab");
    return HONE_OK;
}

static hone_status read_model_options(hone__model *m, const json_t *options, const char *name)
{
    if (m->kind == HONE__MODEL_WORDPIECE)
        return read_wordpiece_options(&m->wordpiece, options, name);
    if (m->kind == HONE__MODEL_WORDLEVEL)
        return read_wordlevel_options(&m->wordlevel, options, name);
    return read_bpe_options(&m->bpe, options, name);
}

/* Once the vocabulary is there: merges, which lie at `merges`, and what is derived. */
static hone_status finish_model(hone__model *m, hone__scan *s, hone__stretch merges)
{
    if (m->kind == HONE__MODEL_WORDPIECE) {
        hone_status status = hone__wordpiece_finish(&m->wordpiece, &m->vocab);
        return status == HONE_OK ? HONE_OK : hone__fail_in(status, "%s", s->name);
    }
    if (m->kind == HONE__MODEL_WORDLEVEL) {
        hone__wordlevel_finish(&m->wordlevel, &m->vocab);
        return HONE_OK;
    }
    s->at = merges.start;
    HONE_TRY(read_merges(m, s));
    return hone__bpe_finish(&m->bpe, &m->vocab);
}

static hone_status read_model(hone_tokenizer *tok, hone__scan *s, hone__stretch at)
{
    static const char *const big[2] = {"vocab", "merges"};
    members m = {0};
    hone__model *model = &tok->model;
    hone_status status;
    s->at = at.start;
    HONE_GO(split_members(&m, s, big));
    HONE_GO(read_kind(model, &m, s->name));
    HONE_GO(read_model_options(model, m.small, s->name));
    s->at = m.big[0].start;
    HONE_GO(hone__vocab_read(&model->vocab, s));
    status = finish_model(model, s, m.big[1]);
done:
    json_decref(m.small);
    return status;
}

/* ---- The sections truncation and padding ---- */

static hone_status read_side(hone_side *out, const json_t *section, const char *name)
{
    const char *direction = "Right";
    HONE_TRY(hone__json_get_string(section, "direction", &direction, name));
    *out = strcmp(direction, "Left") == 0 ? HONE_SIDE_LEFT : HONE_SIDE_RIGHT;
    return HONE_OK;
}

static hone_status read_truncation(hone_tokenizer *tok, const json_t *section, const char *name)
{
    static const char *const names[] = {"", "LongestFirst", "OnlyFirst", "OnlySecond"};
    hone_encode_options *o = &tok->defaults;
    int64_t max_length = 512, stride = 0;
    const char *strategy = "LongestFirst";
    if (!section || json_is_null(section))
        return HONE_OK;
    HONE_TRY(read_side(&o->truncation_side, section, name));
    HONE_TRY(hone__json_get_int(section, "max_length", &max_length, name));
    HONE_TRY(hone__json_get_int(section, "stride", &stride, name));
    HONE_TRY(hone__json_get_string(section, "strategy", &strategy, name));
    for (int i = 1; i < 4; i++)
        if (strcmp(strategy, names[i]) == 0)
            o->truncation = (hone_truncation)i;
    if (o->truncation == HONE_TRUNCATION_NONE || max_length < 0 || stride < 0)
        return hone__fail(HONE_FORMAT, "%s: truncation has an unknown strategy or a negative length", name);
    o->max_length = (size_t)max_length;
    o->stride = (size_t)stride;
    return HONE_OK;
}

enum { MAX_PADDING = 1 << 20 }; /* tokens that each text may be padded to: a few bytes of file must not ask for gigabytes */

static hone_status read_padding(hone_tokenizer *tok, const json_t *section, const char *name)
{
    hone_encode_options *o = &tok->defaults;
    int64_t multiple = -1, pad_id = 0, pad_type_id = 0;
    const char *pad_token = "[PAD]";
    if (!section || json_is_null(section))
        return HONE_OK;
    const json_t *strategy = json_object_get(section, "strategy"), *fixed = json_object_get(strategy, "Fixed");
    o->padding = json_is_integer(fixed) ? HONE_PADDING_MAX_LENGTH : HONE_PADDING_LONGEST;
    o->pad_length = json_is_integer(fixed) && json_integer_value(fixed) > 0 ? (size_t)json_integer_value(fixed) : 0;
    HONE_TRY(read_side(&o->padding_side, section, name));
    HONE_TRY(hone__json_get_int(section, "pad_to_multiple_of", &multiple, name));
    HONE_TRY(hone__json_get_int(section, "pad_id", &pad_id, name));
    HONE_TRY(hone__json_get_int(section, "pad_type_id", &pad_type_id, name));
    HONE_TRY(hone__json_get_string(section, "pad_token", &pad_token, name));
    if (o->pad_length > MAX_PADDING || multiple > MAX_PADDING || pad_id < 0 || pad_id > HONE__MAX_ID || pad_type_id < 0 ||
        pad_type_id > HONE__MAX_ID)
        return hone__fail(HONE_FORMAT, "%s: padding has a number out of range", name);
    tok->pad_to_multiple = multiple >= 0;
    o->pad_to_multiple_of = multiple > 0 ? (size_t)multiple : 0;
    o->pad_id = (int32_t)pad_id;
    o->pad_type_id = (int32_t)pad_type_id;
    HONE_TRY(hone__strdup(&tok->pad_token, pad_token));
    o->pad_token = tok->pad_token;
    return HONE_OK;
}

static hone_status read_sections(hone_tokenizer *tok, const json_t *small, const char *name)
{
    const char *version = "1.0";
    HONE_TRY(hone__json_get_string(small, "version", &version, name));
    if (strcmp(version, "1.0") != 0)
        return hone__fail(HONE_UNSUPPORTED, "%s: version \"%s\" of tokenizer.json is not supported (only 1.0)", name, version);
    HONE_TRY(hone__added_read(&tok->added, &tok->model.vocab, json_object_get(small, "added_tokens"), name));
    HONE_TRY(hone__normalizer_read(&tok->normalizer, json_object_get(small, "normalizer"), name));
    HONE_TRY(hone__pretokenizer_read(&tok->pretokenizer, json_object_get(small, "pre_tokenizer"), name));
    HONE_TRY(hone__postprocessor_read(&tok->postprocessor, json_object_get(small, "post_processor"), name));
    HONE_TRY(hone__decoder_read(&tok->decoder, json_object_get(small, "decoder"), name));
    HONE_TRY(read_truncation(tok, json_object_get(small, "truncation"), name));
    return read_padding(tok, json_object_get(small, "padding"), name);
}

hone_status hone__tokenizer_read_json(hone_tokenizer **out, const char *json, size_t len, const char *name)
{
    static const char *const big[2] = {"model", NULL};
    hone_tokenizer *tok = NULL;
    members m = {0};
    hone__scan s = {0};
    hone_status status;
    *out = NULL;
    HONE_GO(hone__scan_init(&s, json, len, name));
    HONE_GO(split_members(&m, &s, big));
    if (hone__scan_peek(&s) != '\0' || s.at < s.len) {
        status = hone__scan_fail(&s, "there is something behind the end of the object");
        goto done;
    }
    if (!m.big[0].end) {
        status = hone__fail(HONE_FORMAT, "%s: this is not a tokenizer.json: it has no \"model\"", name);
        goto done;
    }
    HONE_GO(hone__tokenizer_new(&tok));
    HONE_GO(read_model(tok, &s, m.big[0]));
    HONE_GO(read_sections(tok, m.small, name));
    HONE_GO(hone__tokenizer_finish(tok, name));
    *out = tok;
    tok = NULL;
done:
    hone_tokenizer_free(tok);
    json_decref(m.small);
    hone__scan_dispose(&s);
    return status;
}

hone_status hone_tokenizer_from_bytes(hone_tokenizer **out, const char *json, size_t len)
{
    return hone__tokenizer_read_json(out, json, len, "tokenizer.json");
}

/* ---- Writing ---- */

static void write_truncation(const hone_encode_options *o, hone_json_writer *w)
{
    static const char *const names[] = {"", "LongestFirst", "OnlyFirst", "OnlySecond"};
    hone__jw_key(w, "truncation");
    if (o->truncation == HONE_TRUNCATION_NONE) {
        hone__jw_null(w);
        return;
    }
    hone__jw_object(w);
    hone__jw_put_string(w, "direction", o->truncation_side == HONE_SIDE_LEFT ? "Left" : "Right");
    hone__jw_put_uint(w, "max_length", o->max_length);
    hone__jw_put_string(w, "strategy", names[o->truncation]);
    hone__jw_put_uint(w, "stride", o->stride);
    hone__jw_end_object(w);
}

static void write_padding(const hone_tokenizer *tok, hone_json_writer *w)
{
    const hone_encode_options *o = &tok->defaults;
    hone__jw_key(w, "padding");
    if (o->padding == HONE_PADDING_NONE) {
        hone__jw_null(w);
        return;
    }
    hone__jw_object(w);
    hone__jw_key(w, "strategy");
    if (o->padding == HONE_PADDING_LONGEST) {
        hone__jw_string(w, "BatchLongest");
    } else {
        hone__jw_object(w);
        hone__jw_put_uint(w, "Fixed", o->pad_length);
        hone__jw_end_object(w);
    }
    hone__jw_put_string(w, "direction", o->padding_side == HONE_SIDE_LEFT ? "Left" : "Right");
    hone__jw_key(w, "pad_to_multiple_of");
    if (tok->pad_to_multiple)
        hone__jw_uint(w, o->pad_to_multiple_of);
    else
        hone__jw_null(w);
    hone__jw_put_int(w, "pad_id", o->pad_id);
    hone__jw_put_int(w, "pad_type_id", o->pad_type_id);
    hone__jw_put_string(w, "pad_token", o->pad_token ? o->pad_token : "[PAD]");
    hone__jw_end_object(w);
}

void hone__vocab_write(const hone__vocab *v, hone_json_writer *w)
{
    hone__jw_object(w);
    for (size_t id = 0; id < v->n_ids; id++) {
        if (v->start[id] == HONE__NO_TEXT)
            continue;
        hone__jw_key_n(w, v->texts.data + v->start[id], v->len[id]);
        hone__jw_uint(w, id);
    }
    hone__jw_end_object(w);
}

static void write_token(const hone__vocab *v, int32_t id, hone_json_writer *w)
{
    hone__jw_string_n(w, hone__vocab_text(v, id), v->len[id]);
}

static void write_optional(hone_json_writer *w, const char *key, const char *text)
{
    hone__jw_key(w, key);
    if (text)
        hone__jw_string(w, text);
    else
        hone__jw_null(w);
}

static void write_wordpiece(const hone__model *m, hone_json_writer *w)
{
    hone__jw_object(w);
    hone__jw_put_string(w, "type", "WordPiece");
    write_optional(w, "unk_token", m->wordpiece.unk_token);
    write_optional(w, "continuing_subword_prefix", m->wordpiece.prefix);
    hone__jw_put_uint(w, "max_input_chars_per_word", m->wordpiece.max_chars);
    hone__jw_key(w, "vocab");
    hone__vocab_write(&m->vocab, w);
    hone__jw_end_object(w);
}

static void write_wordlevel(const hone__model *m, hone_json_writer *w)
{
    hone__part_begin(w, "WordLevel");
    hone__jw_key(w, "vocab");
    hone__vocab_write(&m->vocab, w);
    write_optional(w, "unk_token", m->wordlevel.unk_token);
    hone__jw_end_object(w);
}

static void write_bpe(const hone__model *m, hone_json_writer *w)
{
    const hone__bpe *bpe = &m->bpe;
    hone__jw_object(w);
    hone__jw_put_string(w, "type", "BPE");
    hone__jw_key(w, "dropout");
    hone__jw_null(w);
    write_optional(w, "unk_token", bpe->unk_token);
    write_optional(w, "continuing_subword_prefix", bpe->prefix);
    write_optional(w, "end_of_word_suffix", bpe->suffix);
    hone__jw_put_bool(w, "fuse_unk", bpe->fuse_unk);
    hone__jw_put_bool(w, "byte_fallback", bpe->byte_fallback);
    hone__jw_put_bool(w, "ignore_merges", bpe->ignore_merges);
    hone__jw_key(w, "vocab");
    hone__vocab_write(&m->vocab, w);
    hone__jw_key(w, "merges");
    hone__jw_array(w);
    for (size_t i = 0; i < bpe->n_merges; i++) {
        hone__jw_array(w);
        write_token(&m->vocab, bpe->merges[i].left, w);
        write_token(&m->vocab, bpe->merges[i].right, w);
        hone__jw_end_array(w);
    }
    hone__jw_end_array(w);
    hone__jw_end_object(w);
}

hone_status hone__tokenizer_write_json(hone_str *out, const hone_tokenizer *tok)
{
    hone_json_writer writer = hone__json_writer(out, 0), *w = &writer;
    hone__jw_object(w);
    hone__jw_put_string(w, "version", "1.0");
    write_truncation(&tok->defaults, w);
    write_padding(tok, w);
    hone__jw_key(w, "added_tokens");
    hone__added_write(&tok->added, w);
    hone__jw_key(w, "normalizer");
    hone__normalizer_write(&tok->normalizer, w);
    hone__jw_key(w, "pre_tokenizer");
    hone__pretokenizer_write(&tok->pretokenizer, w);
    hone__jw_key(w, "post_processor");
    hone__postprocessor_write(&tok->postprocessor, w);
    hone__jw_key(w, "decoder");
    hone__decoder_write(&tok->decoder, w);
    hone__jw_key(w, "model");
    if (tok->model.kind == HONE__MODEL_WORDPIECE)
        write_wordpiece(&tok->model, w);
    else if (tok->model.kind == HONE__MODEL_WORDLEVEL)
        write_wordlevel(&tok->model, w);
    else
        write_bpe(&tok->model, w);
    hone__jw_end_object(w);
    return hone__str_status(out);
}

hone_status hone_tokenizer_to_json(char **out, size_t *len, const hone_tokenizer *tok)
{
    hone_str text = HONE_STR_INIT;
    *out = NULL;
    hone_status status = hone__tokenizer_write_json(&text, tok);
    if (len)
        *len = text.len;
    if (status == HONE_OK)
        status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}
