/* Writing JSON as Python's json.dumps(ensure_ascii=False) lays it out: a stream of tokens into a growing string, in the order in which they come. */
#include "base/json.h"

#include <math.h>
#include <string.h>

hone_json_writer hone__json_writer(hone_str *out, int indent)
{
    return (hone_json_writer){.out = out, .indent = indent};
}

static void break_line(hone_json_writer *w)
{
    if (w->indent == 0)
        return;
    hone__str_putc(w->out, '\n');
    for (int i = 0; i < w->depth * w->indent; i++)
        hone__str_putc(w->out, ' ');
}

/* What stands before a value or key: nothing after a key, else the comma and the new line. */
static void separate(hone_json_writer *w)
{
    if (!w->after_key && w->depth > 0) {
        if (w->need_comma)
            hone__str_append(w->out, ", ", w->spaced && w->indent == 0 ? 2 : 1);
        break_line(w);
    }
    w->after_key = false;
    w->need_comma = true;
}

static void begin(hone_json_writer *w, char c)
{
    separate(w);
    hone__str_putc(w->out, c);
    w->depth++;
    w->need_comma = false;
}

static void end(hone_json_writer *w, char c)
{
    w->depth--;
    if (w->need_comma)
        break_line(w);
    hone__str_putc(w->out, c);
    w->need_comma = true;
}

void hone__jw_object(hone_json_writer *w)
{
    begin(w, '{');
}

void hone__jw_end_object(hone_json_writer *w)
{
    end(w, '}');
}

void hone__jw_array(hone_json_writer *w)
{
    begin(w, '[');
}

void hone__jw_end_array(hone_json_writer *w)
{
    end(w, ']');
}

static void put_escape(hone_str *out, unsigned char c)
{
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        char pair[2] = {'\\', to[found - from]};
        hone__str_append(out, pair, 2);
    } else {
        hone__str_printf(out, "\\u%04x", c);
    }
}

/* Length of the run at text that is written as it stands: valid UTF-8 that needs no escape. */
static size_t plain_run(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        unsigned char c = (unsigned char)text[i];
        uint32_t cp;
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        size_t n = c < 0x80 ? 1 : hone__utf8_decode(&cp, text + i, len - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

static void put_quoted(hone_str *out, const char *text, size_t len)
{
    hone__str_putc(out, '"');
    for (size_t i = 0; i < len;) {
        size_t run = plain_run(text + i, len - i);
        hone__str_append(out, text + i, run);
        i += run;
        if (i >= len)
            break;
        unsigned char c = (unsigned char)text[i++];
        if (c < 0x80)
            put_escape(out, c);
        else
            hone__str_append(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
    }
    hone__str_putc(out, '"');
}

void hone__jw_key(hone_json_writer *w, const char *key)
{
    hone__jw_key_n(w, key, strlen(key));
}

void hone__jw_key_n(hone_json_writer *w, const char *key, size_t len)
{
    separate(w);
    put_quoted(w->out, key, len);
    hone__str_append(w->out, ": ", w->spaced || w->indent > 0 ? 2 : 1);
    w->after_key = true;
}

void hone__jw_string(hone_json_writer *w, const char *text)
{
    hone__jw_string_n(w, text, strlen(text));
}

void hone__jw_string_n(hone_json_writer *w, const char *text, size_t len)
{
    separate(w);
    put_quoted(w->out, text, len);
}

/* Arrays of integers are most of what is written: the comma and the digits go in one piece. */
static void put_integer(hone_json_writer *w, uint64_t value, bool negative)
{
    char text[24], *end = text + sizeof(text), *p = end;
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        *--p = '-';
    if (w->need_comma && !w->after_key && w->depth > 0 && w->indent == 0) {
        if (w->spaced)
            *--p = ' ';
        *--p = ',';
    } else {
        separate(w);
    }
    hone__str_append(w->out, p, (size_t)(end - p));
}

void hone__jw_int(hone_json_writer *w, int64_t value)
{
    put_integer(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

void hone__jw_uint(hone_json_writer *w, uint64_t value)
{
    put_integer(w, value, false);
}

void hone__jw_double(hone_json_writer *w, double value)
{
    char text[32];
    separate(w);
    hone__str_append(w->out, text, hone__format_double(text, value));
}

void hone__jw_float(hone_json_writer *w, float value)
{
    hone__jw_double(w, (double)value);
}

void hone__jw_bool(hone_json_writer *w, bool value)
{
    separate(w);
    hone__str_puts(w->out, value ? "true" : "false");
}

void hone__jw_null(hone_json_writer *w)
{
    separate(w);
    hone__str_puts(w->out, "null");
}

static void put_string_value(hone_json_writer *w, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    static const char *const constants[] = {"NaN", "Infinity", "-Infinity"}; /* as json.c holds them */
    for (size_t i = 0; i < 3; i++) {
        if (len > 1 && text[0] == '\0' && strlen(constants[i]) == len - 1 && memcmp(text + 1, constants[i], len - 1) == 0) {
            separate(w);
            hone__str_puts(w->out, constants[i]);
            return;
        }
    }
    hone__jw_string_n(w, text, len);
}

static void put_object(hone_json_writer *w, const json_t *object)
{
    const char *key;
    size_t key_len;
    json_t *value;
    hone__jw_object(w);
    json_object_keylen_foreach((json_t *)(uintptr_t)object, key, key_len, value)
    {
        hone__jw_string_n(w, key, key_len);
        hone__str_append(w->out, ": ", w->spaced || w->indent > 0 ? 2 : 1);
        w->after_key = true;
        hone__jw_json(w, value);
    }
    hone__jw_end_object(w);
}

void hone__jw_json(hone_json_writer *w, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(w, value);
        break;
    case JSON_ARRAY:
        hone__jw_array(w);
        for (size_t i = 0; i < json_array_size(value); i++)
            hone__jw_json(w, json_array_get(value, i));
        hone__jw_end_array(w);
        break;
    case JSON_STRING:
        put_string_value(w, value);
        break;
    case JSON_INTEGER:
        hone__jw_int(w, json_integer_value(value));
        break;
    case JSON_REAL:
        hone__jw_double(w, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        hone__jw_bool(w, json_is_true(value));
        break;
    default:
        hone__jw_null(w);
    }
}

void hone__jw_put_string(hone_json_writer *w, const char *key, const char *text)
{
    hone__jw_key(w, key);
    hone__jw_string(w, text);
}

void hone__jw_put_int(hone_json_writer *w, const char *key, int64_t value)
{
    hone__jw_key(w, key);
    hone__jw_int(w, value);
}

void hone__jw_put_uint(hone_json_writer *w, const char *key, uint64_t value)
{
    hone__jw_key(w, key);
    hone__jw_uint(w, value);
}

void hone__jw_put_double(hone_json_writer *w, const char *key, double value)
{
    hone__jw_key(w, key);
    hone__jw_double(w, value);
}

void hone__jw_put_bool(hone_json_writer *w, const char *key, bool value)
{
    hone__jw_key(w, key);
    hone__jw_bool(w, value);
}
