/* Normalizers (normalizer.h). BertNormalizer follows tokenizers/src/normalizers/bert.rs: clean_text, spaces around Chinese characters, NFD without the
 * non-spacing marks, lower case one code point at a time. Whatever a character becomes keeps the character's place. */
#include "tokenizer/normalizer.h"

#include "tokenizer/part.h"
#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

/* The types by hone__normalizer_kind. */
static const char *const types[] = {"",      "BertNormalizer", "Sequence", "NFC",     "NFD", "NFKC",      "NFKD", "Lowercase",
                                    "Strip", "StripAccents",   "Replace",  "Prepend", "Nmt", "ByteLevel", NULL};

void hone__normalizer_dispose(hone__normalizer *n)
{
    for (size_t i = 0; i < n->n_items; i++)
        hone__normalizer_dispose(&n->items[i]);
    hone__free(n->items);
    hone__free(n->text);
    hone__pattern_dispose(&n->pattern);
    *n = (hone__normalizer){.kind = HONE__NORMALIZER_NONE};
}

hone__normalizer hone__normalizer_bert(bool lowercase)
{
    return (hone__normalizer){
        .kind = HONE__NORMALIZER_BERT, .clean_text = true, .handle_chinese_chars = true, .lowercase = lowercase, .strip_accents = -1};
}

static hone_status read_bert(hone__normalizer *out, const json_t *section, const char *name)
{
    const json_t *strip = json_object_get(section, "strip_accents");
    *out = hone__normalizer_bert(true);
    out->strip_accents = json_is_boolean(strip) ? json_is_true(strip) : -1;
    HONE_TRY(hone__json_get_bool(section, "clean_text", &out->clean_text, name));
    HONE_TRY(hone__json_get_bool(section, "handle_chinese_chars", &out->handle_chinese_chars, name));
    return hone__json_get_bool(section, "lowercase", &out->lowercase, name);
}

static hone_status read_sequence(hone__normalizer *out, const json_t *section, const char *name)
{
    const json_t *list;
    HONE_TRY(hone__part_list(&list, section, "normalizers", "normalizer Sequence", name));
    HONE_TRY(HONE_NEW(&out->items, json_array_size(list)));
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->n_items++;
        HONE_TRY(hone__normalizer_read(&out->items[i], json_array_get(list, i), name));
    }
    return HONE_OK;
}

static hone_status read_replace(hone__normalizer *out, const json_t *section, const char *name)
{
    HONE_TRY(hone__pattern_read(&out->pattern, json_object_get(section, "pattern"), "normalizer Replace", name));
    return hone__part_text(&out->text, &out->text_len, section, "content", "normalizer Replace", name);
}

hone_status hone__normalizer_read(hone__normalizer *out, const json_t *section, const char *name)
{
    *out = (hone__normalizer){.kind = HONE__NORMALIZER_NONE};
    int kind;
    HONE_TRY(hone__part_kind(&kind, section, types, "normalizer", name));
    out->kind = (hone__normalizer_kind)kind;
    switch (out->kind) {
    case HONE__NORMALIZER_BERT:
        return read_bert(out, section, name);
    case HONE__NORMALIZER_SEQUENCE:
        return read_sequence(out, section, name);
    case HONE__NORMALIZER_REPLACE:
        return read_replace(out, section, name);
    case HONE__NORMALIZER_PREPEND:
        return hone__part_text(&out->text, &out->text_len, section, "prepend", "normalizer Prepend", name);
    case HONE__NORMALIZER_STRIP:
        HONE_TRY(hone__part_bool(&out->left, section, "strip_left", "normalizer Strip", name));
        return hone__part_bool(&out->right, section, "strip_right", "normalizer Strip", name);
    default:
        return HONE_OK;
    }
}

static void write_bert(const hone__normalizer *n, hone_json_writer *w)
{
    hone__jw_put_bool(w, "clean_text", n->clean_text);
    hone__jw_put_bool(w, "handle_chinese_chars", n->handle_chinese_chars);
    hone__jw_key(w, "strip_accents");
    if (n->strip_accents < 0)
        hone__jw_null(w);
    else
        hone__jw_bool(w, n->strip_accents);
    hone__jw_put_bool(w, "lowercase", n->lowercase);
}

static void write_options(const hone__normalizer *n, hone_json_writer *w)
{
    if (n->kind == HONE__NORMALIZER_BERT) {
        write_bert(n, w);
    } else if (n->kind == HONE__NORMALIZER_STRIP) {
        hone__jw_put_bool(w, "strip_left", n->left);
        hone__jw_put_bool(w, "strip_right", n->right);
    } else if (n->kind == HONE__NORMALIZER_SEQUENCE) {
        hone__jw_key(w, "normalizers");
        hone__jw_array(w);
        for (size_t i = 0; i < n->n_items; i++)
            hone__normalizer_write(&n->items[i], w);
        hone__jw_end_array(w);
    } else if (n->kind == HONE__NORMALIZER_REPLACE || n->kind == HONE__NORMALIZER_PREPEND) {
        if (n->kind == HONE__NORMALIZER_REPLACE)
            hone__pattern_write(&n->pattern, w);
        hone__jw_key(w, n->kind == HONE__NORMALIZER_REPLACE ? "content" : "prepend");
        hone__jw_string_n(w, n->text, n->text_len);
    }
}

void hone__normalizer_write(const hone__normalizer *n, hone_json_writer *w)
{
    if (n->kind == HONE__NORMALIZER_NONE) {
        hone__jw_null(w);
        return;
    }
    hone__part_begin(w, types[n->kind]);
    write_options(n, w);
    hone__jw_end_object(w);
}

/* A decomposed character that waits for its place among combining marks. */
typedef struct mark {
    uint32_t cp;
    unsigned class;
    size_t order;
    bool own; /* stands for a character of the text; the other parts of a decomposition were added to it */
} mark;

typedef struct marks {
    mark *items;
    hone__range *places; /* of the characters that own marks stand for */
    size_t n, capacity, n_places, places_capacity;
    hone__range last; /* of the character before */
} marks;

static int compare_marks(const void *a, const void *b)
{
    const mark *x = a, *y = b;
    return x->class != y->class ? (x->class > y->class) - (x->class < y->class) : (x->order > y->order) - (x->order < y->order);
}

static hone_status push_char(const hone__normalizer *n, hone__aligned *out, uint32_t cp, hone__range from)
{
    uint32_t lower[2] = {cp, 0};
    size_t count = n->lowercase ? hone__lower(lower, cp) : 1;
    for (size_t i = 0; i < count; i++) {
        char utf8[4];
        HONE_TRY(hone__aligned_push(out, utf8, hone__utf8_encode(utf8, lower[i]), from));
    }
    return HONE_OK;
}

/* The marks in canonical order, without the non-spacing ones. The reference hands places out by position: marks that change theirs leave them to the one that comes in
 * their stead, and what a decomposition added shares the place before it. */
static hone_status flush_marks(const hone__normalizer *n, hone__aligned *out, marks *m)
{
    if (m->n > 1)
        qsort(m->items, m->n, sizeof *m->items, compare_marks);
    for (size_t i = 0, place = 0; i < m->n; i++) {
        if (m->items[i].own)
            m->last = m->places[place++];
        if (!(hone__unicode(m->items[i].cp) & HONE__NONSPACING))
            HONE_TRY(push_char(n, out, m->items[i].cp, m->last));
    }
    m->n = m->n_places = 0;
    return HONE_OK;
}

/* NFD without non-spacing marks. */
static hone_status push_stripped(const hone__normalizer *n, hone__aligned *out, marks *m, uint32_t cp, hone__range from)
{
    uint32_t parts[4];
    size_t count = hone__decompose(parts, cp);
    for (size_t i = 0; i < count; i++) {
        unsigned class = hone__combining(parts[i]);
        if (!class) {
            HONE_TRY(flush_marks(n, out, m));
            m->last = from;
            if (!(hone__unicode(parts[i]) & HONE__NONSPACING))
                HONE_TRY(push_char(n, out, parts[i], from));
            continue;
        }
        HONE_TRY(HONE_GROW(&m->items, &m->capacity, m->n + 1));
        HONE_TRY(HONE_GROW(&m->places, &m->places_capacity, m->n_places + 1));
        m->items[m->n] = (mark){parts[i], class, m->n, i == 0};
        m->n++;
        m->places[m->n_places] = from;
        m->n_places += i == 0;
    }
    return HONE_OK;
}

static hone_status run_bert(const hone__normalizer *n, hone__work *w)
{
    bool strip = n->strip_accents < 0 ? n->lowercase : n->strip_accents > 0;
    marks m = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0, len; i < w->text.len; i += len) {
        uint32_t cp = hone__char_at(w->text.data + i);
        unsigned flags = hone__unicode(cp);
        hone__range from = w->text.from[i];
        len = hone__char_len((unsigned char)w->text.data[i]);
        if (n->clean_text && flags & HONE__CLEAN_DROP)
            continue;
        if (n->clean_text && flags & HONE__CLEAN_SPACE)
            cp = ' ';
        bool cjk = n->handle_chinese_chars && flags & HONE__CJK;
        if (cjk) {
            HONE_GO(flush_marks(n, &w->next_text, &m));
            HONE_GO(push_char(n, &w->next_text, ' ', from));
        }
        HONE_GO(strip ? push_stripped(n, &w->next_text, &m, cp, from) : push_char(n, &w->next_text, cp, from));
        if (cjk)
            HONE_GO(push_char(n, &w->next_text, ' ', from));
    }
    HONE_GO(flush_marks(n, &w->next_text, &m));
    hone__work_swap_text(w);
done:
    hone__free(m.items);
    hone__free(m.places);
    return status;
}

hone_status hone__normalizer_run(const hone__normalizer *n, hone__work *w)
{
    switch (n->kind) {
    case HONE__NORMALIZER_NONE:
        return HONE_OK;
    case HONE__NORMALIZER_BERT:
        return run_bert(n, w);
    case HONE__NORMALIZER_SEQUENCE:
        for (size_t i = 0; i < n->n_items; i++)
            HONE_TRY(hone__normalizer_run(&n->items[i], w));
        return HONE_OK;
    case HONE__NORMALIZER_NFC:
    case HONE__NORMALIZER_NFD:
    case HONE__NORMALIZER_NFKC:
    case HONE__NORMALIZER_NFKD:
        return hone__normalize_form(w, n->kind == HONE__NORMALIZER_NFC || n->kind == HONE__NORMALIZER_NFKC,
                                    n->kind == HONE__NORMALIZER_NFKC || n->kind == HONE__NORMALIZER_NFKD);
    default:
        return hone__normalize_edit(n, w);
    }
}
