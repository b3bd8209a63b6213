/* Unicode normal forms with places (normalizer.h), as the reference's crate unicode-normalization-alignments: each character that comes out says how many of the
 * characters that went in it stands for, and places follow from walking along both. So of "e" + U+0301, which NFC makes one, the place is the e's; marks that change
 * their order take their places in turn. Compatibility decompositions and compositions are utf8proc's, less what the reference's older table lacks (HONE__LATE). */
#include "tokenizer/normalizer.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <utf8proc.h>

enum { MAX_DECOMPOSITION = 32 };

/* change: 1 is put in, 0 stands for one character, -n for n more. */
typedef struct piece {
    uint32_t cp;
    int change;
    unsigned class;
    size_t order;
} piece;

typedef struct pieces {
    piece *items;
    size_t n, capacity;
} pieces;

typedef struct form {
    hone__work *w;
    bool compose;
    size_t at;     /* how far the text that went in is used up */
    pieces marks;  /* behind the last starter, before they are in order */
    pieces held;   /* in order, behind a starter that might still compose */
    piece starter; /* that starter */
    bool has_starter;
    unsigned last_class; /* of held */
} form;

static hone_status push(pieces *list, piece p)
{
    HONE_TRY(HONE_GROW(&list->items, &list->capacity, list->n + 1));
    p.order = list->n;
    list->items[list->n++] = p;
    return HONE_OK;
}

/* Passes over n characters that went in. */
static void advance(form *f, int n)
{
    const hone__aligned *text = &f->w->text;
    for (; n > 0 && f->at < text->len; n--)
        f->at += hone__char_len((unsigned char)text->data[f->at]);
}

/* A character comes out: NormalizedString::transform. */
static hone_status give(form *f, piece p)
{
    const hone__aligned *text = &f->w->text;
    char utf8[4];
    size_t place = p.change > 0 && f->at ? f->at - 1 : f->at < text->len ? f->at : text->len - 1;
    if (p.change <= 0)
        advance(f, 1 - p.change);
    return hone__aligned_push(&f->w->next_text, utf8, hone__utf8_encode(utf8, p.cp), text->from[place]);
}

static bool is_late(uint32_t cp)
{
    return hone__unicode(cp) & HONE__LATE;
}

/* The character that two make together, 0 for none. */
static uint32_t compose(uint32_t first, uint32_t second)
{
    utf8proc_int32_t both[2] = {(utf8proc_int32_t)first, (utf8proc_int32_t)second};
    if (second < 0x300 || is_late(first) || is_late(second))
        return 0;
    if (utf8proc_normalize_utf32(both, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE) != 1 || is_late((uint32_t)both[0]))
        return 0;
    return (uint32_t)both[0];
}

static hone_status give_held(form *f)
{
    for (size_t i = 0; i < f->held.n; i++)
        HONE_TRY(give(f, f->held.items[i]));
    f->held.n = 0;
    return HONE_OK;
}

/* The next character of the decomposed text, in canonical order. */
static hone_status recompose(form *f, piece p)
{
    if (!f->has_starter) {
        if (p.class)
            return give(f, p);
        f->starter = p;
        f->has_starter = true;
        return HONE_OK;
    }
    bool blocked = f->held.n && f->last_class >= p.class;
    uint32_t both = blocked ? 0 : compose(f->starter.cp, p.cp);
    if (both) {
        f->starter.cp = both;
        f->starter.change += p.change - 1;
        return HONE_OK;
    }
    if (p.class) {
        f->last_class = p.class;
        return push(&f->held, p);
    }
    HONE_TRY(give(f, f->starter));
    HONE_TRY(give_held(f));
    f->starter = p;
    return HONE_OK;
}

static hone_status take_piece(form *f, piece p)
{
    return f->compose ? recompose(f, p) : give(f, p);
}

static int compare_marks(const void *a, const void *b)
{
    const piece *x = a, *y = b;
    return x->class != y->class ? (x->class > y->class) - (x->class < y->class) : (x->order > y->order) - (x->order < y->order);
}

static hone_status take_marks(form *f)
{
    if (f->marks.n > 1)
        qsort(f->marks.items, f->marks.n, sizeof *f->marks.items, compare_marks);
    for (size_t i = 0; i < f->marks.n; i++)
        HONE_TRY(take_piece(f, f->marks.items[i]));
    f->marks.n = 0;
    return HONE_OK;
}

static hone_status take_part(form *f, uint32_t cp, bool first)
{
    piece p = {cp, first ? 0 : 1, hone__combining(cp), 0};
    if (p.class)
        return push(&f->marks, p);
    HONE_TRY(take_marks(f));
    return take_piece(f, p);
}

static size_t decompose(uint32_t out[MAX_DECOMPOSITION], uint32_t cp, bool compatible)
{
    if (!compatible || is_late(cp))
        return hone__decompose(out, cp);
    utf8proc_int32_t parts[MAX_DECOMPOSITION];
    utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)cp, parts, MAX_DECOMPOSITION, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, NULL);
    if (n <= 0 || n > MAX_DECOMPOSITION)
        return hone__decompose(out, cp);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        out[i] = (uint32_t)parts[i];
    return (size_t)n;
}

/* Nothing in the text has a form of its own: composed forms leave what lies below the combining marks, decomposed ones what is ASCII. */
static bool is_plain(const hone__aligned *text, bool compose, bool compatible)
{
    unsigned char limit = compose && !compatible ? 0xCC : 0x80; /* 0xCC leads U+0300 */
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] >= limit)
            return false;
    return true;
}

static hone_status run(form *f, bool compatible)
{
    const hone__aligned *text = &f->w->text;
    for (size_t i = 0; i < text->len; i += hone__char_len((unsigned char)text->data[i])) {
        uint32_t parts[MAX_DECOMPOSITION];
        size_t n = decompose(parts, hone__char_at(text->data + i), compatible);
        for (size_t k = 0; k < n; k++)
            HONE_TRY(take_part(f, parts[k], k == 0));
    }
    HONE_TRY(take_marks(f));
    if (f->has_starter)
        HONE_TRY(give(f, f->starter));
    return give_held(f);
}

hone_status hone__normalize_form(hone__work *w, bool composed, bool compatible)
{
    form f = {.w = w, .compose = composed};
    if (is_plain(&w->text, composed, compatible))
        return HONE_OK;
    hone_status status = run(&f, compatible);
    hone__free(f.marks.items);
    hone__free(f.held.items);
    if (status == HONE_OK)
        hone__work_swap_text(w);
    return status;
}
