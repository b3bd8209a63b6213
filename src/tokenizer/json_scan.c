/* A cursor over JSON text (json_scan.h). Never recursive, so that no nesting is too deep for it. */
#include "tokenizer/json_scan.h"

#include <string.h>

hone_status hone__scan_init(hone__scan *s, const char *text, size_t len, const char *name)
{
    *s = (hone__scan){.text = text, .len = len, .name = name};
    s->at = hone__utf8_valid(text, len);
    if (s->at != len)
        return hone__scan_fail(s, "this is not UTF-8");
    s->at = 0;
    return HONE_OK;
}

void hone__scan_dispose(hone__scan *s)
{
    hone__str_dispose(&s->unescaped);
}

hone_status hone__scan_fail(hone__scan *s, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < s->at && i < s->len; i++) {
        column = s->text[i] == '\n' ? 1 : column + 1;
        line += s->text[i] == '\n';
    }
    return hone__fail(HONE_FORMAT, "%s:%zu:%zu: %s", s->name, line, column, s->at >= s->len ? "the file ends too early" : what);
}

char hone__scan_peek(hone__scan *s)
{
    while (s->at < s->len && (s->text[s->at] == ' ' || s->text[s->at] == '\n' || s->text[s->at] == '\r' || s->text[s->at] == '\t'))
        s->at++;
    return s->at < s->len ? s->text[s->at] : '\0';
}

hone_status hone__scan_expect(hone__scan *s, char c)
{
    char what[] = "'?' is missing here";
    what[1] = c;
    if (hone__scan_peek(s) != c || s->at >= s->len)
        return hone__scan_fail(s, what);
    s->at++;
    return HONE_OK;
}

hone_status hone__scan_more(hone__scan *s, char close, bool first, bool *more)
{
    *more = hone__scan_peek(s) != close;
    if (!*more) {
        s->at++;
        return HONE_OK;
    }
    return first ? HONE_OK : hone__scan_expect(s, ',');
}

/* Four hexadecimal digits at the cursor. */
static hone_status scan_unit(hone__scan *s, uint32_t *unit)
{
    int32_t value = hone__hex4(s->text + s->at, s->text + s->len);
    if (value < 0)
        return hone__scan_fail(s, "\\u needs four hexadecimal digits");
    *unit = (uint32_t)value;
    s->at += 4;
    return HONE_OK;
}

/* What follows a backslash. */
static hone_status scan_escape(hone__scan *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = s->at < s->len ? s->text[s->at++] : '\0', utf8[4];
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        hone__str_putc(&s->unescaped, to[found - from]);
        return HONE_OK;
    }
    uint32_t cp, low;
    if (c != 'u')
        return hone__scan_fail(s, "unknown escape in a string");
    HONE_TRY(scan_unit(s, &cp));
    if (cp >= 0xD800 && cp < 0xE000) {
        if (cp >= 0xDC00 || s->at + 1 >= s->len || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
            return hone__scan_fail(s, "half of a surrogate pair");
        s->at += 2;
        HONE_TRY(scan_unit(s, &low));
        if (low < 0xDC00 || low > 0xDFFF)
            return hone__scan_fail(s, "half of a surrogate pair");
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    hone__str_append(&s->unescaped, utf8, hone__utf8_encode(utf8, cp));
    return HONE_OK;
}

hone_status hone__scan_string(hone__scan *s, const char **text, size_t *len)
{
    if (hone__scan_peek(s) != '"')
        return hone__scan_fail(s, "a string is missing here");
    size_t start = ++s->at;
    bool escaped = false;
    hone__str_clear(&s->unescaped);
    for (; s->at < s->len && s->text[s->at] != '"';) {
        if ((unsigned char)s->text[s->at] < 0x20)
            return hone__scan_fail(s, "a control character inside a string");
        if (s->text[s->at] != '\\') {
            s->at++;
            continue;
        }
        hone__str_append(&s->unescaped, s->text + start, s->at - start);
        s->at++;
        HONE_TRY(scan_escape(s));
        start = s->at;
        escaped = true;
    }
    if (s->at >= s->len)
        return hone__scan_fail(s, "");
    *text = s->text + start;
    *len = s->at++ - start;
    if (escaped) {
        hone__str_append(&s->unescaped, *text, *len);
        HONE_TRY(hone__str_status(&s->unescaped));
        *text = s->unescaped.data ? s->unescaped.data : "";
        *len = s->unescaped.len;
    }
    return HONE_OK;
}

hone_status hone__scan_int(hone__scan *s, int64_t *value)
{
    bool negative = hone__scan_peek(s) == '-';
    size_t start = s->at += negative;
    *value = 0;
    for (; s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9'; s->at++) {
        if (s->at - start > 17)
            return hone__scan_fail(s, "this number is out of range");
        *value = *value * 10 + (s->text[s->at] - '0');
    }
    char next = s->at < s->len ? s->text[s->at] : ' ';
    if (s->at == start || next == '.' || next == 'e' || next == 'E')
        return hone__scan_fail(s, "a whole number is missing here");
    if (negative)
        *value = -*value;
    return HONE_OK;
}

hone_status hone__scan_skip(hone__scan *s, hone__stretch *value)
{
    const char *text;
    size_t len, depth = 0;
    hone__scan_peek(s);
    value->start = s->at;
    do {
        char c = hone__scan_peek(s);
        if (s->at >= s->len)
            return hone__scan_fail(s, "");
        if (c == '"') {
            HONE_TRY(hone__scan_string(s, &text, &len));
            continue;
        }
        if (depth == 0 && strchr(",:}]", c))
            return hone__scan_fail(s, "a value is missing here");
        s->at++;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (c != ',' && c != ':') /* a number or a word */
            while (s->at < s->len && !strchr(",:}]{[\" \t\r\n", s->text[s->at]))
                s->at++;
    } while (depth);
    value->end = s->at;
    return HONE_OK;
}
