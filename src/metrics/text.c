/* The normalisation of SQuAD's official scripts (text.h). It is Python's: str.lower() with its final sigma, `\b` of `re` between characters of \w, str.split() at
 * Unicode's white space. `\b(a|an|the)\b` matches exactly the runs of \w that are one of the three words. */
#include "metrics/text.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

enum { SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2 };

static bool in_ranges(const hone__code_range *ranges, size_t n, uint32_t cp)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges[middle].last < cp)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && ranges[low].first <= cp;
}

/* The character at text[0], a stray byte as U+FFFD. */
static size_t next_char(uint32_t *cp, const char *text, size_t len)
{
    size_t n = hone__utf8_decode(cp, text, len);
    if (!n)
        *cp = 0xFFFD;
    return n ? n : 1;
}

static size_t last_char(uint32_t *cp, const char *text, size_t len)
{
    size_t n = 1;
    while (n < 4 && n < len && hone__is_continuation(text[len - n]))
        n++;
    if (hone__utf8_decode(cp, text + len - n, n) == n)
        return n;
    *cp = 0xFFFD;
    return 1;
}

/* Whether the first character that is not case-ignorable, before or behind, is a cased one. */
static bool cased_before(const char *text, size_t at)
{
    uint32_t cp;
    while (at > 0) {
        at -= last_char(&cp, text, at);
        if (!in_ranges(hone__case_ignorable, hone__case_ignorable_n, cp))
            return in_ranges(hone__cased, hone__cased_n, cp);
    }
    return false;
}

static bool cased_after(const char *text, size_t len, size_t at)
{
    uint32_t cp;
    while (at < len) {
        at += next_char(&cp, text + at, len - at);
        if (!in_ranges(hone__case_ignorable, hone__case_ignorable_n, cp))
            return in_ranges(hone__cased, hone__cased_n, cp);
    }
    return false;
}

static void append_char(hone_str *out, uint32_t cp)
{
    char bytes[4];
    hone__str_append(out, bytes, hone__utf8_encode(bytes, cp));
}

void hone__python_lower(hone_str *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t cp, lower[2] = {0, 0};
        size_t n = hone__utf8_decode(&cp, text + at, len - at);
        if (!n) {
            hone__str_putc(out, text[at++]);
            continue;
        }
        if (cp == SIGMA) {
            append_char(out, cased_before(text, at) && !cased_after(text, len, at + n) ? FINAL_SIGMA : SMALL_SIGMA);
        } else {
            size_t n_lower = hone__lower(lower, cp);
            for (size_t i = 0; i < n_lower; i++)
                append_char(out, lower[i]);
        }
        at += n;
    }
}

static bool is_punctuation(uint32_t cp)
{
    return (cp > ' ' && cp < '0') || (cp > '9' && cp < 'A') || (cp > 'Z' && cp < 'a') || (cp > 'z' && cp < 0x7F);
}

static bool is_space(uint32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x20) || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

static bool is_word(uint32_t cp)
{
    return hone__unicode(cp) & (HONE__LETTER | HONE__NUMBER);
}

static void drop_punctuation(hone_str *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->len; i++)
        if (!is_punctuation((unsigned char)s->data[i]))
            s->data[kept++] = s->data[i];
    s->len = kept;
}

/* The run of \w at text[0]. */
static size_t word_run(const char *text, size_t len)
{
    size_t end = 0;
    uint32_t cp;
    while (end < len) {
        size_t n = next_char(&cp, text + end, len - end);
        if (!is_word(cp))
            break;
        end += n;
    }
    return end;
}

static bool is_article(const char *run, size_t len)
{
    return (len == 1 && run[0] == 'a') || (len == 2 && memcmp(run, "an", 2) == 0) || (len == 3 && memcmp(run, "the", 3) == 0);
}

/* Articles and white space become one blank between what is left. */
static void join_words(hone_str *out, const char *text, size_t len)
{
    bool gap = false;
    for (size_t at = 0; at < len;) {
        uint32_t cp;
        size_t run = word_run(text + at, len - at);
        size_t n = run ? run : next_char(&cp, text + at, len - at);
        if (run ? is_article(text + at, run) : is_space(cp)) {
            gap = true;
        } else {
            if (gap && out->len)
                hone__str_putc(out, ' ');
            gap = false;
            hone__str_append(out, text + at, n);
        }
        at += n;
    }
}

int hone__word_compare(const hone_word *a, const hone_word *b)
{
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

static int by_bytes(const void *a, const void *b)
{
    return hone__word_compare(a, b);
}

static hone_status split_words(hone_answer *a)
{
    const char *at = a->text.data, *end = a->text.len ? at + a->text.len : at;
    a->n_words = 0;
    while (at < end) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        HONE_TRY(HONE_GROW(&a->words, &a->capacity, a->n_words + 1));
        a->words[a->n_words++] = (hone_word){at, (size_t)((blank ? blank : end) - at)};
        at = blank ? blank + 1 : end;
    }
    if (a->n_words)
        qsort(a->words, a->n_words, sizeof(*a->words), by_bytes);
    return HONE_OK;
}

hone_status hone__answer_normalise(hone_answer *out, const char *text, size_t len)
{
    hone_str lower = HONE_STR_INIT;
    hone_status status = HONE_OK;
    hone__python_lower(&lower, text, len);
    HONE_GO(hone__str_status(&lower));
    drop_punctuation(&lower);
    hone__str_clear(&out->text);
    join_words(&out->text, lower.data, lower.len);
    HONE_GO(hone__str_status(&out->text));
    HONE_GO(split_words(out));
done:
    hone__str_dispose(&lower);
    return status;
}

void hone__answer_dispose(hone_answer *a)
{
    hone__str_dispose(&a->text);
    hone__free(a->words);
    *a = HONE_ANSWER_INIT;
}
