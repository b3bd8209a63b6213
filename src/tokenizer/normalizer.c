/* Normalizers (normalizer.h). BertNormalizer follows tokenizers/src/normalizers/bert.rs: clean_text, spaces around Chinese characters, NFD without the
 * non-spacing marks, lower case one code point at a time. Whatever a character becomes keeps the character's place. */
#include "tokenizer/normalizer.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

void hone__normalizer_dispose(hone__normalizer *n)
{
    *n = (hone__normalizer){.kind = HONE__NORMALIZER_NONE};
}

static hone_status read_bert(hone__normalizer *out, const json_t *section, const char *name)
{
    const json_t *strip = json_object_get(section, "strip_accents");
    *out = (hone__normalizer){HONE__NORMALIZER_BERT, true, true, true, json_is_boolean(strip) ? json_is_true(strip) : -1};
    HONE_TRY(hone__json_get_bool(section, "clean_text", &out->clean_text, name));
    HONE_TRY(hone__json_get_bool(section, "handle_chinese_chars", &out->handle_chinese_chars, name));
    return hone__json_get_bool(section, "lowercase", &out->lowercase, name);
}

hone_status hone__normalizer_read(hone__normalizer *out, const json_t *section, const char *name)
{
    *out = (hone__normalizer){.kind = HONE__NORMALIZER_NONE};
    if (!section || json_is_null(section))
        return HONE_OK;
    const char *type = NULL;
    HONE_TRY(hone__json_get_string(section, "type", &type, name));
    if (type && strcmp(type, "BertNormalizer") == 0)
        return read_bert(out, section, name);
    return hone__fail(HONE_UNSUPPORTED, "%s: normalizer \"%s\" is not supported", name, type ? type : "(without a type)");
}

void hone__normalizer_write(const hone__normalizer *n, hone_json_writer *w)
{
    if (n->kind == HONE__NORMALIZER_NONE) {
        hone__jw_null(w);
        return;
    }
    hone__jw_object(w);
    hone__jw_key(w, "type");
    hone__jw_string(w, "BertNormalizer");
    hone__jw_key(w, "clean_text");
    hone__jw_bool(w, n->clean_text);
    hone__jw_key(w, "handle_chinese_chars");
    hone__jw_bool(w, n->handle_chinese_chars);
    hone__jw_key(w, "strip_accents");
    if (n->strip_accents < 0)
        hone__jw_null(w);
    else
        hone__jw_bool(w, n->strip_accents);
    hone__jw_key(w, "lowercase");
    hone__jw_bool(w, n->lowercase);
    hone__jw_end_object(w);
}

/* A decomposed character that waits for its place among combining marks. */
typedef struct mark {
    uint32_t cp;
    unsigned class;
    size_t order;
    hone__range from;
} mark;

typedef struct marks {
    mark *items;
    size_t n, capacity;
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

/* Canonical order of the marks that were kept. */
static hone_status flush_marks(const hone__normalizer *n, hone__aligned *out, marks *m)
{
    if (m->n > 1)
        qsort(m->items, m->n, sizeof *m->items, compare_marks);
    for (size_t i = 0; i < m->n; i++)
        HONE_TRY(push_char(n, out, m->items[i].cp, m->items[i].from));
    m->n = 0;
    return HONE_OK;
}

/* NFD without non-spacing marks. */
static hone_status push_stripped(const hone__normalizer *n, hone__aligned *out, marks *m, uint32_t cp, hone__range from)
{
    uint32_t parts[4];
    size_t count = hone__decompose(parts, cp);
    for (size_t i = 0; i < count; i++) {
        if (hone__unicode(parts[i]) & HONE__NONSPACING)
            continue;
        unsigned class = hone__combining(parts[i]);
        if (!class) {
            HONE_TRY(flush_marks(n, out, m));
            HONE_TRY(push_char(n, out, parts[i], from));
            continue;
        }
        HONE_TRY(HONE_GROW(&m->items, &m->capacity, m->n + 1));
        m->items[m->n] = (mark){parts[i], class, m->n, from};
        m->n++;
    }
    return HONE_OK;
}

static hone_status run_bert(const hone__normalizer *n, hone__work *w)
{
    bool strip = n->strip_accents < 0 ? n->lowercase : n->strip_accents > 0;
    marks m = {NULL, 0, 0};
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
    return status;
}

hone_status hone__normalizer_run(const hone__normalizer *n, hone__work *w)
{
    return n->kind == HONE__NORMALIZER_BERT ? run_bert(n, w) : HONE_OK;
}
