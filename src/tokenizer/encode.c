/* The public ways to encode: one input, a batch over threads, ids only, a count. */
#include "tokenizer/encoding.h"

#include "base/spans.h"
#include "base/threads.h"

#include <string.h>

hone_status hone_truncation_parse(hone_truncation *out, const char *name)
{
    static const char *const names[] = {"do_not_truncate", "longest_first", "only_first", "only_second"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (hone_truncation)i;
            return HONE_OK;
        }
    *out = HONE_TRUNCATION_NONE;
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "unknown truncation \"%s\"", name),
                      "use longest_first, only_first, only_second or do_not_truncate");
}

/* One side of an input behind what the encoder holds. Words of a text are numbered on; pre-split words have their own numbers. */
static hone_status encode_sequence(hone__encoder *e, const hone_sequence *s)
{
    e->word = 0;
    e->fixed_word = s->words != NULL;
    if (!s->words)
        return hone__encode_text(e, s->text);
    for (size_t i = 0; i < s->n_words; i++) {
        e->word = (int32_t)i;
        HONE_TRY(hone__encode_split_word(e, s->words[i]));
    }
    return HONE_OK;
}

static bool is_given(const hone_sequence *s)
{
    return s->words || s->text.data;
}

static hone_status check_input(const hone_encode_input *input)
{
    if (!is_given(&input->first))
        return hone__fail(HONE_INVALID_ARGUMENT, "no text to encode");
    if (input->first.n_words > INT32_MAX || input->second.n_words > INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "more words than fit 31 bits");
    return HONE_OK;
}

/* Encodes without padding, which a batch decides on together. */
static hone_status encode_unpadded(hone_encoding **out, hone__encoder *e, const hone_encode_input *input,
                                   const hone_encode_options *options)
{
    *out = NULL;
    HONE_TRY(check_input(input));
    hone__encoder_clear(e);
    HONE_TRY(encode_sequence(e, &input->first));
    size_t n_first = e->n_tokens;
    bool pair = is_given(&input->second);
    if (pair)
        HONE_TRY(encode_sequence(e, &input->second));
    return hone__encoding_build(out, e, n_first, pair, options);
}

hone_status hone_tokenizer_encode_input(hone_encoding **out, const hone_tokenizer *tok, const hone_encode_input *input,
                                        const hone_encode_options *options)
{
    const hone_encode_options *o = options ? options : &tok->defaults;
    hone__encoder *e = NULL;
    *out = NULL;
    HONE_TRY(hone__encoder_take(&e, tok, HONE__SINK_TOKENS));
    hone__part_begin("tokenize");
    hone_status status = encode_unpadded(out, e, input, o);
    hone__span_end();
    hone__encoder_give(e);
    if (status == HONE_OK && o->padding != HONE_PADDING_NONE)
        status = hone__encoding_pad(out, hone__pad_length((*out)->n, o), o, NULL);
    if (status != HONE_OK) {
        hone_encoding_free(*out);
        *out = NULL;
    }
    return status;
}

hone_status hone_tokenizer_encode(hone_encoding **out, const hone_tokenizer *tok, hone_text text, hone_text pair,
                                  const hone_encode_options *options)
{
    hone_encode_input input = {{text, NULL, 0}, {pair, NULL, 0}};
    return hone_tokenizer_encode_input(out, tok, &input, options);
}

hone_status hone_tokenizer_encode_words(hone_encoding **out, const hone_tokenizer *tok, const hone_text *words, size_t n_words,
                                        const hone_text *pair_words, size_t n_pair_words, const hone_encode_options *options)
{
    static const hone_text nothing = {"", 0};
    hone_encode_input input = {{{NULL, 0}, words || n_words ? words : &nothing, n_words}, {{NULL, 0}, pair_words, n_pair_words}};
    return hone_tokenizer_encode_input(out, tok, &input, options);
}

/* ---- Batches ---- */

typedef struct batch {
    hone_encoding **out;
    const hone_tokenizer *tok;
    const hone_encode_input *inputs;
    size_t n, per_item;
    const hone_encode_options *options;
    size_t length; /* to pad to */
    bool in_slabs;
    hone__encoder **encoders; /* of the threads, NULL before they begin */
} batch;

static hone_status encoder_of(hone__encoder **out, const batch *b, int thread)
{
    *out = b->encoders[thread];
    if (*out)
        return HONE_OK;
    HONE_TRY(hone__encoder_take(&b->encoders[thread], b->tok, HONE__SINK_TOKENS));
    *out = b->encoders[thread];
    (*out)->in_slabs = b->in_slabs;
    return HONE_OK;
}

static hone_status encode_stretch(void *payload, size_t item, int thread)
{
    batch *b = payload;
    size_t end = (item + 1) * b->per_item < b->n ? (item + 1) * b->per_item : b->n;
    hone__encoder *e = NULL;
    HONE_TRY(encoder_of(&e, b, thread));
    for (size_t i = item * b->per_item; i < end; i++) {
        hone_status status = encode_unpadded(&b->out[i], e, &b->inputs[i], b->options);
        if (status != HONE_OK)
            return hone__fail_in(status, "input %zu", i);
    }
    return HONE_OK;
}

static hone_status pad_stretch(void *payload, size_t item, int thread)
{
    batch *b = payload;
    size_t end = (item + 1) * b->per_item < b->n ? (item + 1) * b->per_item : b->n;
    hone__encoder *e = NULL;
    HONE_TRY(encoder_of(&e, b, thread));
    for (size_t i = item * b->per_item; i < end; i++)
        HONE_TRY(hone__encoding_pad(&b->out[i], b->length, b->options, e->in_slabs ? &e->slab : NULL));
    return HONE_OK;
}

/* Whether there will be so many tokens that slabs are worth their while. */
static bool is_big(const batch *b)
{
    enum { MANY = 20000, BYTES_A_TOKEN = 4 };
    size_t n = b->options->padding == HONE_PADDING_MAX_LENGTH && b->options->pad_length > MANY / (b->n + 1) ? MANY : 0;
    for (size_t i = 0; i < b->n && n < MANY; i++) {
        const hone_encode_input *in = &b->inputs[i];
        n += in->first.n_words + in->second.n_words + (in->first.text.len + in->second.text.len) / BYTES_A_TOKEN;
    }
    return n >= MANY;
}

static hone_status encode_all(batch *b, int n_threads)
{
    size_t n_items = (b->n + b->per_item - 1) / b->per_item, longest = 0;
    HONE_TRY(hone__parallel_for(n_items, n_threads, encode_stretch, b));
    if (b->options->padding == HONE_PADDING_NONE)
        return HONE_OK;
    for (size_t i = 0; i < b->n; i++)
        longest = b->out[i]->n > longest ? b->out[i]->n : longest;
    b->length = hone__pad_length(longest, b->options);
    return hone__parallel_for(n_items, n_threads, pad_stretch, b);
}

hone_status hone_tokenizer_encode_batch(hone_encoding **out, const hone_tokenizer *tok, const hone_encode_input *inputs, size_t n,
                                        const hone_encode_options *options, int n_threads)
{
    batch b = {out, tok, inputs, n, 16, options ? options : &tok->defaults, 0, false, NULL};
    size_t n_encoders = (size_t)(n_threads > 0 ? n_threads : hone__cpu_count());
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    b.in_slabs = is_big(&b);
    HONE_TRY(HONE_NEW(&b.encoders, n_encoders));
    hone_status status = encode_all(&b, (int)n_encoders);
    for (size_t i = 0; i < n_encoders; i++)
        hone__encoder_give(b.encoders[i]);
    hone__free(b.encoders);
    for (size_t i = 0; status != HONE_OK && i < n; i++) {
        hone_encoding_free(out[i]);
        out[i] = NULL;
    }
    return status;
}

/* ---- Ids only ---- */

static hone_status push_special(hone__encoder *e, const hone__template_token *special)
{
    e->n_counted += special->n;
    for (size_t k = 0; e->sink == HONE__SINK_IDS && k < special->n; k++) {
        HONE_TRY(HONE_GROW(&e->ids->data, &e->ids->capacity, e->ids->n + 1));
        e->ids->data[e->ids->n++] = special->ids[k];
    }
    return HONE_OK;
}

/* The template's tokens, and the text wherever it stands among them. */
static hone_status encode_lean(hone__encoder *e, hone_text text, bool add_special_tokens)
{
    const hone__postprocessor *p = &e->tok->postprocessor, *core = hone__postprocessor_core_const(p);
    const hone__template *t = hone__postprocessor_template(p, false);
    for (size_t i = 0; i < t->n; i++) {
        if (t->pieces[i].sequence >= 0)
            HONE_TRY(hone__encode_text(e, text));
        else if (add_special_tokens)
            HONE_TRY(push_special(e, &core->specials[t->pieces[i].special]));
    }
    return HONE_OK;
}

hone_status hone_tokenizer_encode_ids(hone_ids *ids, const hone_tokenizer *tok, hone_text text, bool add_special_tokens)
{
    hone__encoder *e = NULL;
    size_t old = ids->n;
    HONE_TRY(hone__encoder_take(&e, tok, HONE__SINK_IDS));
    e->ids = ids;
    hone__part_begin("tokenize");
    hone_status status = encode_lean(e, text, add_special_tokens);
    hone__span_end();
    hone__encoder_give(e);
    if (status != HONE_OK)
        ids->n = old;
    return status;
}

hone_status hone_tokenizer_count(size_t *out, const hone_tokenizer *tok, hone_text text, bool add_special_tokens)
{
    hone__encoder *e = NULL;
    *out = 0;
    HONE_TRY(hone__encoder_take(&e, tok, HONE__SINK_COUNT));
    hone_status status = encode_lean(e, text, add_special_tokens);
    if (status == HONE_OK)
        *out = e->n_counted;
    hone__encoder_give(e);
    return status;
}
