/* From Oniguruma's syntax to PCRE2's (regex.h). What differs, by doc/RE of Oniguruma: ^ and $ are of lines; (?m) lets the dot match line ends; \h is a hexadecimal
 * digit, \v one character; X{n,m}+ repeats the repetition, X{n}? is optional, {,n} begins at 0; classes nest and intersect ([a-z&&[^aeiou]]).
 * Classes are in regex_class.c. */
#include "tokenizer/regex_translate.h"

#include "tokenizer/unicode.h"

#include <stdio.h>
#include <string.h>

void hone__regex_text_dispose(hone__regex_text *t)
{
    hone__str_dispose(&t->out);
    hone__free(t->marks);
    memset(t, 0, sizeof *t);
}

static void put_boundary(hone_str *out, bool negated)
{
    const hone__regex_property *word = hone__regex_find_property("word", 4);
    static const char *const parts[2][4] = {{"(?:(?<=", ")(?!", ")|(?<!", ")(?="}, {"(?:(?<=", ")(?=", ")|(?<!", ")(?!"}};
    for (int i = 0; i < 4; i++) {
        hone__str_puts(out, parts[negated][i]);
        hone__regex_put_property(out, word, false);
    }
    hone__str_puts(out, "))");
}

/* Escapes that PCRE2 has with the same meaning; the cursor stands at the letter. */
static bool copy_escape(hone__translator *r)
{
    char c = r->in[r->at];
    if (strchr("AzZGRXKN", c)) {
        hone__str_putc(r->out, '\\');
        hone__str_putc(r->out, c);
        r->at++;
        return true;
    }
    if (c >= '1' && c <= '9') { /* a group's text again */
        hone__str_printf(r->out, "\\g{%u}", hone__regex_read_digits(r, 3, 10));
        return true;
    }
    bool named = (c == 'k' || c == 'g') && hone__regex_more(r, 2) && (r->in[r->at + 1] == '<' || r->in[r->at + 1] == '\'');
    const char *close = named ? memchr(r->in + r->at + 2, r->in[r->at + 1] == '<' ? '>' : '\'', r->len - r->at - 2) : NULL;
    if (!close)
        return false;
    size_t n = (size_t)(close + 1 - (r->in + r->at));
    hone__str_putc(r->out, '\\');
    hone__str_append(r->out, r->in + r->at, n);
    r->at += n;
    return true;
}

static hone_status translate_escape(hone__translator *r)
{
    bool negated = false;
    const hone__regex_property *p = NULL;
    uint32_t cp;
    r->at++;
    char c = hone__regex_more(r, 1) ? r->in[r->at] : 0;
    if (c == 'b' || c == 'B') {
        put_boundary(r->out, c == 'B');
    } else if ((c == 'p' || c == 'P') && hone__regex_more(r, 2) && r->in[r->at + 1] == '{') {
        negated = c == 'P';
        r->at++;
        HONE_TRY(hone__regex_read_property(r, &p, &negated));
        hone__regex_put_property(r->out, p, negated);
        return HONE_OK;
    } else if ((p = hone__regex_set_of(c, &negated)) != NULL) {
        hone__regex_put_property(r->out, p, negated);
    } else if (c == 'O') {
        hone__str_puts(r->out, "(?s:.)");
    } else if (c == 'y' || c == 'Y') {
        return hone__regex_refuse(r, r->at, "\\y (boundary of a text segment) is not supported");
    } else if (!c || !copy_escape(r)) {
        HONE_TRY(hone__regex_read_escaped(r, &cp));
        hone__regex_put_char(r->out, cp);
        return HONE_OK;
    } else {
        return HONE_OK;
    }
    r->at++;
    return HONE_OK;
}

/* Everything since the last atom becomes one atom. */
static void wrap_atom(hone__translator *r)
{
    size_t tail = r->out->len - r->atom;
    hone__str_puts(r->out, "   )"); /* room for what comes in front */
    if (r->out->failed)
        return;
    char *at = r->out->data + r->atom;
    memmove(at + 3, at, tail);
    memcpy(at, "(?:", 3);
}

/* {n}, {n,}, {,n}, {n,m} at the cursor, as PCRE2 writes it; false when it is plain text. */
static bool read_interval(hone__translator *r, char text[32], bool *fixed)
{
    size_t old = r->at, digits = ++r->at;
    uint32_t low = hone__regex_read_digits(r, 6, 10), high = 0;
    bool has_low = r->at > digits, has_high = false, comma = hone__regex_more(r, 1) && r->in[r->at] == ',';
    if (comma) {
        digits = ++r->at;
        high = hone__regex_read_digits(r, 6, 10);
        has_high = r->at > digits;
    }
    if ((!has_low && !has_high) || !hone__regex_more(r, 1) || r->in[r->at] != '}') {
        r->at = old;
        return false;
    }
    r->at++;
    *fixed = !comma;
    if (has_high)
        snprintf(text, 32, "{%u,%u}", low, high);
    else
        snprintf(text, 32, comma ? "{%u,}" : "{%u}", low);
    return true;
}

/* A quantifier, behind its first character or its braces. One behind another gets a group of its own: PCRE2 refuses it, or takes it for something else. */
static void translate_quantifier(hone__translator *r, const char *text, bool interval, bool fixed)
{
    if (r->repeated == r->out->len && r->atom != SIZE_MAX)
        wrap_atom(r);
    hone__str_puts(r->out, text);
    char next = hone__regex_more(r, 1) ? r->in[r->at] : 0;
    if ((next == '?' && !fixed) || (next == '+' && !interval)) {
        hone__str_putc(r->out, next);
        r->at++;
    }
    r->repeated = r->out->len;
}

/* (?imx-imx) or (?imx-imx: behind the "(?"; m is PCRE2's s. */
static hone_status translate_options(hone__translator *r)
{
    bool on = true, extended = r->extended;
    for (; hone__regex_more(r, 1) && r->in[r->at] != ')' && r->in[r->at] != ':'; r->at++) {
        char c = r->in[r->at];
        if (!strchr("imx-", c))
            return hone__regex_refuse(r, r->at, "this option of a group is not known (there are i, m and x)");
        if (c == '-')
            on = false;
        else if (c == 'x')
            extended = on;
        hone__str_putc(r->out, c == 'm' ? 's' : c);
    }
    if (!hone__regex_more(r, 1))
        return hone__regex_refuse(r, r->len, "a group is not closed by )");
    if (r->in[r->at] == ')')
        r->depth--; /* they hold to the end of the group around */
    r->extended = extended;
    hone__str_putc(r->out, r->in[r->at++]);
    return HONE_OK;
}

static hone_status translate_open(hone__translator *r)
{
    static const char *const kinds[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    if (hone__regex_at(r, "(?#")) {
        const char *close = memchr(r->in + r->at, ')', r->len - r->at);
        r->at = close ? (size_t)(close + 1 - r->in) : r->len;
        return HONE_OK;
    }
    if (r->depth == HONE__REGEX_DEPTH)
        return hone__regex_refuse(r, r->at, "groups are nested too deep");
    r->groups[r->depth] = r->out->len;
    r->was_extended[r->depth++] = r->extended;
    size_t start = r->at++;
    hone__str_putc(r->out, '(');
    if (hone__regex_at(r, "*"))
        return hone__regex_refuse(r, start, "callouts are not supported");
    if (!hone__regex_at(r, "?"))
        return HONE_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hone__regex_at(r, kinds[i])) {
            hone__str_puts(r->out, kinds[i]);
            r->at += strlen(kinds[i]);
            return HONE_OK;
        }
    if (hone__regex_at(r, "?~"))
        return hone__regex_refuse(r, start, "absent groups are not supported");
    if (hone__regex_at(r, "?<") || hone__regex_at(r, "?'") || hone__regex_at(r, "?(")) {
        r->t->named_groups |= !hone__regex_at(r, "?(");
        hone__str_append(r->out, r->in + r->at, 2);
        r->at += 2;
        return HONE_OK;
    }
    hone__str_putc(r->out, '?');
    r->at++;
    return translate_options(r);
}

static hone_status translate_close(hone__translator *r)
{
    if (!r->depth)
        return hone__regex_refuse(r, r->at, "a ) has no group to close");
    r->depth--;
    r->extended = r->was_extended[r->depth];
    r->atom = r->groups[r->depth];
    r->at++;
    hone__str_putc(r->out, ')');
    return HONE_OK;
}

static void translate_plain(hone__translator *r)
{
    char c = r->in[r->at];
    size_t n = hone__char_len((unsigned char)c);
    r->atom = r->out->len;
    if (c == '$') /* before a line's end, or at the end unless a line's end is there */
        hone__str_puts(r->out, "(?:(?=\n)|(?<!\n)\\z)");
    else if (c == '{' || c == '}' || c == ']')
        hone__str_printf(r->out, "\\%c", c);
    else if (!c)
        hone__regex_put_char(r->out, 0);
    else
        hone__str_append(r->out, r->in + r->at, n);
    r->at += n;
    if (c == '|')
        r->atom = SIZE_MAX;
}

static hone_status translate_one(hone__translator *r)
{
    char c = r->in[r->at], interval[32];
    bool fixed = false;
    if (c == '(')
        return translate_open(r);
    if (c == ')')
        return translate_close(r);
    if (c == '*' || c == '+' || c == '?') {
        r->at++;
        translate_quantifier(r, (char[]){c, 0}, false, false);
        return HONE_OK;
    }
    if (c == '{' && r->atom != SIZE_MAX && read_interval(r, interval, &fixed)) {
        translate_quantifier(r, interval, true, fixed);
        return HONE_OK;
    }
    if (r->extended && c == '#') {
        const char *newline = memchr(r->in + r->at, '\n', r->len - r->at);
        r->at = newline ? (size_t)(newline - r->in) : r->len;
        return HONE_OK;
    }
    if (c != '\\' && c != '[') {
        translate_plain(r);
        return HONE_OK;
    }
    r->atom = r->out->len;
    return c == '[' ? hone__regex_read_class(r, r->out, 0) : translate_escape(r);
}

hone_status hone__regex_translate(hone__regex_text *t, const char *pattern, size_t len)
{
    hone__translator r = {.t = t, .out = &t->out, .in = pattern, .len = len, .atom = SIZE_MAX, .repeated = SIZE_MAX};
    while (r.at < r.len) {
        HONE_TRY(HONE_GROW(&t->marks, &t->marks_capacity, t->n_marks + 1));
        t->marks[t->n_marks++] = (hone__regex_mark){(uint32_t)t->out.len, (uint32_t)r.at};
        HONE_TRY(translate_one(&r));
        HONE_TRY(hone__str_status(&t->out));
    }
    return r.depth ? hone__regex_refuse(&r, len, "a group is not closed by )") : HONE_OK;
}
