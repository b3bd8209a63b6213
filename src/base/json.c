/* Reading JSON as Python's json module does, by way of jansson.
 *
 * jansson refuses three things that Python reads and writes: integers beyond 64 bits, reals beyond double, and NaN, Infinity, -Infinity. A text that jansson
 * refuses is read a second time with those tokens respelled: such an integer as a real, the others as the strings "\0NaN", "\0Infinity" and "\0-Infinity"
 * (jansson's reals cannot hold them), which hone__json_get_double and hone__jw_json know. Duplicate keys take the last value; a byte order mark is passed over. */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    size_t len;
    double value;
} constants[] = {{"NaN", 3, NAN}, {"Infinity", 8, INFINITY}, {"-Infinity", 9, -INFINITY}};

/* The number that a respelled string stands for; false for an ordinary string. */
static bool constant_value(double *out, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    for (size_t i = 0; text && i < 3; i++) {
        if (len == constants[i].len + 1 && text[0] == '\0' && memcmp(text + 1, constants[i].text, len - 1) == 0) {
            *out = constants[i].value;
            return true;
        }
    }
    return false;
}

/* Length of the string that begins at text[0] == '"', both quotes included. */
static size_t string_len(const char *text, size_t len)
{
    size_t i = 1;
    while (i < len && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i < len ? i + 1 : len;
}

static void put_constant(hone_str *out, int which)
{
    hone__str_puts(out, "\"\\u0000");
    hone__str_puts(out, constants[which].text);
    hone__str_putc(out, '"');
}

/* Copies the number (or -Infinity) at text, respelled where jansson cannot hold it; returns its length. */
static size_t copy_number(hone_str *out, const char *text, size_t len)
{
    char digits[512];
    size_t n = 0;
    if (len >= 9 && memcmp(text, "-Infinity", 9) == 0) {
        put_constant(out, 2);
        return 9;
    }
    while (n < len && strchr("+-.0123456789eE", text[n]) && text[n])
        n++;
    if (n < 19 && !memchr(text, 'e', n) && !memchr(text, 'E', n)) { /* no number of this length is out of range */
        hone__str_append(out, text, n);
        return n;
    }
    if (n >= sizeof(digits)) {
        hone__str_append(out, text, n);
        return n;
    }
    memcpy(digits, text, n);
    digits[n] = '\0';
    bool integral = strpbrk(digits, ".eE") == NULL;
    double value;
    errno = 0;
    if (hone__parse_double(&value, digits) && isinf(value)) {
        put_constant(out, digits[0] == '-' ? 2 : 1);
        return n;
    }
    hone__str_append(out, digits, n);
    errno = 0;
    (void)strtoll(digits, NULL, 10);
    if (integral && errno == ERANGE)
        hone__str_puts(out, ".0");
    return n;
}

/* Appends to out a text with the same meaning that jansson can read. Stops when out has `stop` bytes; returns the place reached in text. */
static size_t respell(hone_str *out, const char *text, size_t len, size_t stop)
{
    size_t i = 0;
    while (i < len && out->len < stop && !out->failed) {
        size_t left = len - i, n = 1;
        int which = left >= 3 && memcmp(text + i, "NaN", 3) == 0 ? 0 : left >= 8 && memcmp(text + i, "Infinity", 8) == 0 ? 1 : -1;
        if (which >= 0) {
            n = constants[which].len;
            put_constant(out, which);
        } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
            n = copy_number(out, text + i, left);
        } else {
            n = text[i] == '"' ? string_len(text + i, left) : 1;
            hone__str_append(out, text + i, n);
        }
        if (out->len > stop)
            return i; /* the place lies inside this token */
        i += n;
    }
    return i;
}

/* Where the token begins that jansson's error speaks of: its position is behind it. */
static size_t error_offset(const json_error_t *error, size_t len)
{
    size_t offset = error->position > 0 ? (size_t)error->position : 0;
    const char *near = strstr(error->text, " near '");
    if (near) {
        size_t token = strlen(near + strlen(" near '")) - 1;
        offset = token < offset ? offset - token : 0;
    }
    return offset < len ? offset : len;
}

static hone_status fail_at(const char *name, const char *text, size_t len, size_t offset, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return hone__hint_at(hone__fail(HONE_FORMAT, "%s:%zu:%zu: %s", name, line, column, what), text, len, offset);
}

static json_t *load(const char *text, size_t len, json_error_t *error)
{
    return json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, error);
}

/* The second reading; `error` is the first one's. */
static hone_status parse_respelled(json_t **out, const char *text, size_t len, const char *name, json_error_t *error)
{
    hone_str plain = HONE_STR_INIT, begin = HONE_STR_INIT;
    hone_status status = HONE_OK;
    respell(&plain, text, len, SIZE_MAX);
    HONE_GO(hone__str_status(&plain));
    size_t offset = 0;
    /* Twice, since jansson may call a failed allocation bad syntax. */
    if (!(*out = load(plain.data, plain.len, error)) && !(*out = load(plain.data, plain.len, error))) {
        offset = respell(&begin, text, len, error_offset(error, plain.len));
        HONE_GO(hone__str_status(&begin));
    }
    if (*out)
        goto done;
    if (error->text[0] == '\0' || json_error_code(error) == json_error_out_of_memory) /* jansson often has no words for it */
        HONE_GO(hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory while its JSON was read", name));
    status = fail_at(name, text, len, offset, error->text);
done:
    hone__str_dispose(&plain);
    hone__str_dispose(&begin);
    return status;
}

hone_status hone__json_parse(json_t **out, const char *text, size_t len, const char *name)
{
    json_error_t error;
    *out = NULL;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (len == 0)
        return hone__fail(HONE_FORMAT, "%s:1:1: it is empty, JSON was expected", name);
    if ((*out = load(text, len, &error)))
        return HONE_OK;
    return parse_respelled(out, text, len, name, &error);
}

hone_status hone__json_load(json_t **out, const char *path)
{
    char *text = NULL;
    size_t len;
    *out = NULL;
    HONE_TRY(hone__read_file(&text, &len, path, 0));
    hone_status status = hone__json_parse(out, text, len, path);
    hone__free(text);
    return status;
}

static const char *describe(const json_t *value)
{
    double constant;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return constant_value(&constant, value) ? "not finite" : "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}

static hone_status fail_type(const char *name, const char *key, const char *expected, const json_t *value)
{
    return hone__fail(HONE_FORMAT, "%s: \"%s\" must be %s, is %s", name, key, expected, describe(value));
}

/* The member, NULL when missing or null. */
static const json_t *member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

hone_status hone__json_get_int(const json_t *object, const char *key, int64_t *out, const char *name)
{
    const json_t *value = member(object, key);
    if (!value)
        return HONE_OK;
    double real = json_real_value(value);
    if (json_is_integer(value))
        *out = json_integer_value(value);
    else if (json_is_real(value) && real == trunc(real) && real >= -0x1p63 && real < 0x1p63)
        *out = (int64_t)real;
    else
        return fail_type(name, key, json_is_real(value) ? "an integer of 64 bits" : "an integer", value);
    return HONE_OK;
}

hone_status hone__json_get_double(const json_t *object, const char *key, double *out, const char *name)
{
    const json_t *value = member(object, key);
    if (!value || constant_value(out, value))
        return HONE_OK;
    if (!json_is_number(value))
        return fail_type(name, key, "a number", value);
    *out = json_number_value(value);
    return HONE_OK;
}

hone_status hone__json_get_bool(const json_t *object, const char *key, bool *out, const char *name)
{
    const json_t *value = member(object, key);
    if (!value)
        return HONE_OK;
    if (!json_is_boolean(value))
        return fail_type(name, key, "true or false", value);
    *out = json_is_true(value);
    return HONE_OK;
}

hone_status hone__json_get_string(const json_t *object, const char *key, const char **out, const char *name)
{
    const json_t *value = member(object, key);
    if (!value)
        return HONE_OK;
    if (!json_is_string(value))
        return fail_type(name, key, "a string", value);
    *out = json_string_value(value);
    return HONE_OK;
}
