/* Encodings (encoding.h): windows, template, padding. semantics follow tokenizers/src/tokenizer/encoding.rs and utils/truncation.rs; what they panic about
 * (a stride that leaves no room, a max_length below the special tokens) is an error here. */
#include "tokenizer/encoding.h"

#include "tokenizer/unicode.h"

#include <string.h>

/* ---- Windows ---- */

static hone_status push_window(hone__windows *out, size_t start, size_t n)
{
    HONE_TRY(HONE_GROW(&out->items, &out->capacity, out->n + 1));
    out->items[out->n++] = (hone__window){start, n};
    return HONE_OK;
}

hone_status hone__truncate(hone__windows *out, hone__window all, size_t max_len, size_t stride, hone_side side)
{
    if (max_len >= all.n)
        return push_window(out, all.start, all.n);
    if (max_len == 0) {
        HONE_TRY(push_window(out, all.start, 0));
        return push_window(out, all.start, all.n);
    }
    if (stride >= max_len)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "stride %zu leaves no room in windows of %zu tokens (max_length without special tokens)", stride,
                                     max_len),
                          "choose a stride below %zu", max_len);
    size_t step = max_len - stride;
    if (side == HONE_SIDE_RIGHT) {
        for (size_t start = 0;; start += step) {
            size_t n = all.n - start < max_len ? all.n - start : max_len;
            HONE_TRY(push_window(out, all.start + start, n));
            if (start + n == all.n)
                return HONE_OK;
        }
    }
    for (size_t end = all.n;; end -= step) {
        size_t n = end < max_len ? end : max_len;
        HONE_TRY(push_window(out, all.start + end - n, n));
        if (end == n || end <= step)
            return HONE_OK;
    }
}

void hone__longest_first(size_t *first, size_t *second, size_t max_length)
{
    bool swap = *first > *second;
    size_t n1 = swap ? *second : *first, n2;
    if (n1 > max_length)
        n2 = n1;
    else
        n2 = n1 > max_length - n1 ? n1 : max_length - n1;
    if (n1 + n2 > max_length) {
        n1 = max_length / 2;
        n2 = n1 + max_length % 2;
    }
    *first = swap ? n2 : n1;
    *second = swap ? n1 : n2;
}

/* Decides how many tokens of each sequence fit, special tokens taken off. */
static hone_status plan_lengths(size_t keep[2], const hone_tokenizer *tok, bool pair, const hone_encode_options *o)
{
    size_t added = o->no_special_tokens ? 0 : hone__postprocessor_n_added(&tok->postprocessor, pair), total = keep[0] + keep[1];
    if (o->truncation == HONE_TRUNCATION_NONE)
        return HONE_OK;
    if (o->max_length < added)
        return hone__fail(HONE_INVALID_ARGUMENT, "max_length %zu leaves no room for the %zu special tokens", o->max_length, added);
    size_t max_length = o->max_length - added;
    if (max_length == 0) {
        keep[0] = keep[1] = 0;
        return HONE_OK;
    }
    if (total <= max_length)
        return HONE_OK;
    if (o->truncation == HONE_TRUNCATION_LONGEST_FIRST) {
        if (pair)
            hone__longest_first(&keep[0], &keep[1], max_length);
        else
            keep[0] = max_length;
        return HONE_OK;
    }
    int target = o->truncation == HONE_TRUNCATION_ONLY_SECOND;
    if (target && !pair)
        return hone__fail(HONE_INVALID_ARGUMENT, "truncation only_second needs a second text");
    if (keep[target] <= total - max_length)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "%s: the %s text has %zu tokens, too short to take off the %zu that are too many",
                                     target ? "only_second" : "only_first", target ? "second" : "first", keep[target], total - max_length),
                          "raise max_length, or use truncation longest_first");
    keep[target] -= total - max_length;
    return HONE_OK;
}

/* ---- One encoding ---- */

/* Encodings of more than this have a block of their own in any case. */
#define SLAB_MOST ((size_t)256 << 10)

/* slab NULL: a block of its own. */
static hone_status new_encoding(hone_encoding **out, const hone_tokenizer *tok, size_t n, bool ascii, hone__slab **slab)
{
    size_t each = sizeof(hone_span) * (ascii ? 1 : 2) + 4 * sizeof(int32_t) + 2, bytes;
    char *block = NULL;
    *out = NULL;
    if (!hone__mul_size(&bytes, n, each) || !hone__add_size(&bytes, bytes, sizeof(hone_encoding)))
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: an encoding of %zu tokens", n);
    bool shared = slab && bytes <= SLAB_MOST;
    if (shared)
        HONE_TRY(hone__slab_take((void **)&block, slab, tok->slabs, bytes));
    else
        HONE_TRY(HONE_ALLOC(&block, bytes));
    hone_encoding *e = (hone_encoding *)block;
    *e = (hone_encoding){.slab = shared ? *slab : NULL, .tok = tok, .n = n};
    e->offsets = (hone_span *)(block + sizeof *e);
    e->chars = ascii ? e->offsets : e->offsets + n;
    e->ids = (int32_t *)(e->chars + n);
    e->type_ids = e->ids + n;
    e->word_ids = e->type_ids + n;
    e->sequence_ids = e->word_ids + n;
    e->special = (uint8_t *)(e->sequence_ids + n);
    e->attention = e->special + n;
    *out = e;
    return HONE_OK;
}

/* Gives the block back, not what it points to. */
static void free_block(hone_encoding *e)
{
    if (e->slab)
        hone__slab_drop(e->slab);
    else
        hone__free(e);
}

void hone_encoding_free(hone_encoding *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->n_overflowing; i++)
        hone_encoding_free(e->overflowing[i]);
    hone__free(e->overflowing);
    for (size_t i = 0; i < e->n_texts; i++)
        hone__free(e->texts[i].text);
    hone__free(e->texts);
    free_block(e);
}

/* Token i becomes one that comes from no text. */
static void set_outside(hone_encoding *e, size_t i, int32_t id, int32_t type_id, uint8_t attention)
{
    e->ids[i] = id;
    e->type_ids[i] = type_id;
    e->offsets[i] = e->chars[i] = (hone_span){0, 0};
    e->word_ids[i] = e->sequence_ids[i] = -1;
    e->special[i] = 1;
    e->attention[i] = attention;
}

static hone_span span_of(hone__range r)
{
    return (hone_span){r.start, r.end};
}

static void set_sequence(hone_encoding *e, size_t at, const hone__encoder *from, hone__window window, int sequence, int32_t type_id)
{
    if (window.n == 0) /* there may be no array of tokens yet */
        return;
    const hone__token *tokens = from->tokens + window.start;
    for (size_t k = 0; k < window.n; k++) {
        e->ids[at + k] = tokens[k].id;
        e->word_ids[at + k] = tokens[k].word;
        e->offsets[at + k] = span_of(tokens[k].at);
    }
    for (size_t k = 0; k < window.n; k++) {
        e->type_ids[at + k] = type_id;
        e->sequence_ids[at + k] = sequence;
    }
    memset(e->special + at, 0, window.n);
    memset(e->attention + at, 1, window.n);
    if (e->chars != e->offsets)
        for (size_t k = 0; k < window.n; k++)
            e->chars[at + k] = span_of(window.start + k < from->n_chars ? from->chars[window.start + k] : tokens[k].at);
}

const char *hone__encoding_token(const hone_encoding *e, size_t i, size_t *len)
{
    size_t n = 0;
    const char *text = i < e->n ? hone__tokenizer_token(e->tok, e->ids[i], &n) : NULL;
    for (size_t k = 0; k < e->n_texts; k++)
        if (e->texts[k].token == i)
            text = e->texts[k].text, n = e->texts[k].len;
    if (len)
        *len = text ? n : 0;
    return text ? text : "";
}

/* How many blanks (the letter of a space, or white space) a token begins and ends with. */
static void count_blanks(const char *token, size_t len, size_t *leading, size_t *trailing)
{
    size_t i = 0, n;
    *leading = *trailing = 0;
    for (uint32_t cp; i < len && ((cp = hone__char_at(token + i)) == 0x120 || hone__unicode(cp) & HONE__SPACE);
         i += hone__char_len((unsigned char)token[i]))
        ++*leading;
    for (uint32_t cp; len && ((cp = hone__char_before(token + len, &n)) == 0x120 || hone__unicode(cp) & HONE__SPACE); len -= n)
        ++*trailing;
}

static void trim_span(hone_span *at, size_t leading, size_t trailing, bool keep_one)
{
    if (leading && !(keep_one && leading == 1))
        at->start = at->start + leading < at->end ? at->start + leading : at->end;
    if (trailing && at->end >= trailing)
        at->end = at->end - trailing > at->start ? at->end - trailing : at->start;
}

/* trim_offsets of the ByteLevel post-processor (process_offsets of the reference): blanks don't belong to a token's place, except one that add_prefix_space
 * may have put there. */
static void trim_offsets(hone_encoding *e, size_t at, size_t n, bool add_prefix_space)
{
    for (size_t i = at; i < at + n; i++) {
        size_t len, leading, trailing;
        const char *token = hone__encoding_token(e, i, &len);
        count_blanks(token, len, &leading, &trailing);
        if (!leading && !trailing)
            continue;
        hone_span bytes = e->offsets[i], chars = e->chars[i];
        bool keep_one = (i == at || chars.start == 0) && add_prefix_space;
        trim_span(&e->offsets[i], leading, trailing, keep_one);
        if (e->chars == e->offsets)
            continue;
        trim_span(&e->chars[i], leading, trailing, keep_one);
        if (e->chars[i].start == e->chars[i].end) /* a blank that stood for a longer character */
            e->offsets[i].start = e->offsets[i].end = e->chars[i].start == chars.start ? bytes.start : bytes.end;
    }
}

/* The texts of the window's wide tokens; the window begins at token `at` of the encoding. */
static hone_status add_texts(hone_encoding *e, const hone__encoder *from, hone__window window, size_t at)
{
    for (size_t i = 0; i < from->n_wide; i++) {
        hone__wide_token wide = from->wide[i];
        if (wide.token < window.start || wide.token >= window.start + window.n)
            continue;
        HONE_TRY(HONE_GROW(&e->texts, &e->texts_capacity, e->n_texts + 1));
        hone__token_text *text = &e->texts[e->n_texts];
        HONE_TRY(hone__strndup(&text->text, from->wide_texts.data + wide.start, wide.len));
        text->token = at + wide.token - window.start;
        text->len = wide.len;
        e->n_texts++;
    }
    return HONE_OK;
}

/* What the post-processors do to places, in turn. */
static void trim_places(hone_encoding *e, const hone__postprocessor *p, size_t at, size_t n)
{
    bool trims = p->kind == HONE__POSTPROCESSOR_BYTE_LEVEL || p->kind == HONE__POSTPROCESSOR_ROBERTA;
    if (trims && p->byte_level.trim_offsets)
        trim_offsets(e, at, n, p->byte_level.add_prefix_space);
    for (size_t i = 0; i < p->n_items; i++)
        trim_places(e, &p->items[i], at, n);
}

/* A sequence that stands twice in a template: the last one counts as its place. */
static void unmark_earlier(hone_encoding *e, const hone__template *t, size_t piece, size_t at)
{
    bool repeated = false;
    for (size_t i = 0; i < piece; i++)
        repeated |= t->pieces[i].sequence == t->pieces[piece].sequence;
    for (size_t i = 0; repeated && i < at; i++)
        if (e->sequence_ids[i] == t->pieces[piece].sequence)
            e->sequence_ids[i] = -1;
}

/* The type of a sequence's tokens. What overflows has the sequence's number, whatever the template says, as the reference has it. */
static int32_t type_of(const hone__encoder *from, const hone__piece *piece, hone__window window, const hone__windows *all, bool special)
{
    hone__postprocessor_kind kind = hone__postprocessor_core_const(&from->tok->postprocessor)->kind;
    bool forgets = kind == HONE__POSTPROCESSOR_TEMPLATE || (kind == HONE__POSTPROCESSOR_ROBERTA && !special);
    bool main = !all || (window.start == all[piece->sequence].items[0].start && window.n == all[piece->sequence].items[0].n);
    return forgets && !main ? piece->sequence : piece->type_id;
}

/* An encoding of one window for each sequence of the template, in the order in which they stand there. all: the windows of both sequences, NULL when each is whole. */
static hone_status compose(hone_encoding **out, hone__encoder *from, const hone__template *t, const hone__window *windows,
                           const hone__windows *all, bool special)
{
    const hone__template_token *specials = hone__postprocessor_core_const(&from->tok->postprocessor)->specials;
    size_t n = 0, at = 0, w = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->pieces[i].sequence >= 0 ? windows[w++].n : special ? specials[t->pieces[i].special].n : 0;
    HONE_TRY(new_encoding(out, from->tok, n, hone__encoder_is_ascii(from), from->in_slabs ? &from->slab : NULL));
    w = 0;
    for (size_t i = 0; i < t->n; i++) {
        const hone__piece *piece = &t->pieces[i];
        if (piece->sequence >= 0) {
            unmark_earlier(*out, t, i, at);
            set_sequence(*out, at, from, windows[w], piece->sequence, type_of(from, piece, windows[w], all, special));
            HONE_TRY(add_texts(*out, from, windows[w], at));
            trim_places(*out, &from->tok->postprocessor, at, windows[w].n);
            at += windows[w++].n;
        } else if (special) {
            for (size_t k = 0; k < specials[piece->special].n; k++)
                set_outside(*out, at++, specials[piece->special].ids[k], piece->type_id, 1);
        }
    }
    (*out)->n_replaced = from->n_replaced;
    return HONE_OK;
}

/* ---- All windows ---- */

enum { MAX_ENCODINGS = 1 << 20 }; /* of one input: a template that repeats a long text multiplies its windows */

/* Rows of one window for each sequence of the template. */
typedef struct rows {
    hone__window *items;
    size_t n, width, capacity;
} rows;

static hone_status push_row(rows *out, const hone__window *row, size_t width, hone__window last)
{
    if (out->n == MAX_ENCODINGS)
        return hone__fail(HONE_INVALID_ARGUMENT, "the text overflows into more than %d encodings", MAX_ENCODINGS);
    HONE_TRY(HONE_GROW(&out->items, &out->capacity, (out->n + 1) * (width + 1)));
    hone__window *to = out->items + out->n++ * (width + 1);
    if (width)
        memcpy(to, row, width * sizeof *row);
    to[width] = last;
    return HONE_OK;
}

/* Each row gets one more window (Encoding::merge_with): first the main one of both; then the other rows, each with all windows; then the main row with the others. */
static hone_status widen_rows(rows *all, const hone__windows *w)
{
    rows out = {0};
    hone_status status;
    HONE_GO(push_row(&out, all->items, all->width, w->items[0]));
    for (size_t i = 1; i < all->n; i++)
        for (size_t k = 0; k < w->n; k++)
            HONE_GO(push_row(&out, all->items + i * all->width, all->width, w->items[k]));
    for (size_t k = 1; k < w->n; k++)
        HONE_GO(push_row(&out, all->items, all->width, w->items[k]));
    out.width = all->width + 1;
    hone__free(all->items);
    *all = out;
    return HONE_OK;
done:
    hone__free(out.items);
    return status;
}

static hone_status compose_rows(hone_encoding **out, hone__encoder *from, const hone__template *t, const rows *all,
                                const hone__windows w[2], bool special)
{
    HONE_TRY(compose(out, from, t, all->items, w, special));
    hone_encoding *e = *out;
    for (size_t i = 1; i < all->n; i++) {
        HONE_TRY(HONE_GROW(&e->overflowing, &e->overflowing_capacity, e->n_overflowing + 1));
        e->overflowing[e->n_overflowing++] = NULL;
        HONE_TRY(compose(&e->overflowing[e->n_overflowing - 1], from, t, all->items + i * all->width, w, special));
    }
    return HONE_OK;
}

static hone_status compose_all(hone_encoding **out, hone__encoder *from, const hone__windows w[2], const hone__template *t, bool special)
{
    rows all = {.n = 1};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < t->n && status == HONE_OK; i++)
        if (t->pieces[i].sequence >= 0)
            status = widen_rows(&all, &w[t->pieces[i].sequence]);
    if (status == HONE_OK)
        status = compose_rows(out, from, t, &all, w, special);
    hone__free(all.items);
    return status;
}

enum { FEW_WINDOWS = 8 };

/* Nothing is cut off: each sequence is one window. False when the template names more than FEW_WINDOWS. */
static bool place_whole(hone__window out[FEW_WINDOWS], const hone__template *t, const hone__window all[2])
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->pieces[i].sequence < 0)
            continue;
        if (n == FEW_WINDOWS)
            return false;
        out[n++] = all[t->pieces[i].sequence];
    }
    return true;
}

static hone_status build(hone_encoding **out, hone__encoder *e, const hone__window all[2], const size_t keep[2], bool pair,
                         const hone_encode_options *o)
{
    const hone__template *t = hone__postprocessor_template(&e->tok->postprocessor, pair);
    hone__windows windows[2] = {{0}};
    hone__window few[FEW_WINDOWS];
    hone_status status = HONE_OK;
    if (keep[0] == all[0].n && keep[1] == all[1].n && place_whole(few, t, all))
        return compose(out, e, t, few, NULL, !o->no_special_tokens);
    for (int i = 0; i < 1 + pair && status == HONE_OK; i++)
        status = hone__truncate(&windows[i], all[i], keep[i], o->stride, o->truncation_side);
    if (status == HONE_OK)
        status = compose_all(out, e, windows, t, !o->no_special_tokens);
    hone__free(windows[0].items);
    hone__free(windows[1].items);
    return status;
}

hone_status hone__encoding_build(hone_encoding **out, hone__encoder *e, size_t n_first, bool pair, const hone_encode_options *o)
{
    hone__window all[2] = {{0, n_first}, {n_first, e->n_tokens - n_first}};
    size_t keep[2] = {all[0].n, all[1].n};
    *out = NULL;
    HONE_TRY(plan_lengths(keep, e->tok, pair, o));
    hone_status status = build(out, e, all, keep, pair, o);
    if (status != HONE_OK) {
        hone_encoding_free(*out);
        *out = NULL;
    }
    return status;
}

/* ---- Padding ---- */

static void copy_arrays(hone_encoding *to, size_t at, const hone_encoding *from)
{
    size_t n = from->n;
    memcpy(to->offsets + at, from->offsets, n * sizeof *to->offsets);
    if (to->chars != to->offsets)
        memcpy(to->chars + at, from->chars, n * sizeof *to->chars);
    memcpy(to->ids + at, from->ids, n * sizeof *to->ids);
    memcpy(to->type_ids + at, from->type_ids, n * sizeof *to->type_ids);
    memcpy(to->word_ids + at, from->word_ids, n * sizeof *to->word_ids);
    memcpy(to->sequence_ids + at, from->sequence_ids, n * sizeof *to->sequence_ids);
    memcpy(to->special + at, from->special, n);
    memcpy(to->attention + at, from->attention, n);
}

hone_status hone__encoding_pad(hone_encoding **e, size_t length, const hone_encode_options *o, hone__slab **slab)
{
    hone_encoding *old = *e, *wide = NULL;
    for (size_t i = 0; i < old->n_overflowing; i++)
        HONE_TRY(hone__encoding_pad(&old->overflowing[i], length, o, slab));
    if (old->n >= length)
        return HONE_OK;
    HONE_TRY(new_encoding(&wide, old->tok, length, old->chars == old->offsets, slab));
    size_t n_pads = length - old->n, first = o->padding_side == HONE_SIDE_LEFT ? 0 : old->n;
    copy_arrays(wide, o->padding_side == HONE_SIDE_LEFT ? n_pads : 0, old);
    for (size_t i = first; i < first + n_pads; i++)
        set_outside(wide, i, o->pad_id, o->pad_type_id, 0);
    wide->n_replaced = old->n_replaced;
    wide->overflowing = old->overflowing;
    wide->n_overflowing = old->n_overflowing;
    wide->texts = old->texts;
    wide->n_texts = old->n_texts;
    for (size_t i = 0; o->padding_side == HONE_SIDE_LEFT && i < wide->n_texts; i++)
        wide->texts[i].token += n_pads;
    free_block(old);
    *e = wide;
    return HONE_OK;
}

size_t hone__pad_length(size_t longest, const hone_encode_options *o)
{
    size_t n = o->padding == HONE_PADDING_MAX_LENGTH ? o->pad_length
               : o->padding == HONE_PADDING_LONGEST  ? longest
                                                     : 0,
           multiple = o->pad_to_multiple_of;
    return multiple && n % multiple ? n + multiple - n % multiple : n;
}
