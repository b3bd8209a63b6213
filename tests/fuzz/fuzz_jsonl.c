/* The scanner of JSON objects beside jansson, on any UTF-8 bytes: what one takes the other takes, and the column's text is the same. */
#include "data/json_scan.h"

#include <hone/text.h>
#include <jansson.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both agree that the object has, or has not, a string "content", and on its text. */
static void compare(const hone_json_field *field, json_t *value)
{
    const json_t *column = json_object_get(value, "content");
    hone_str text = HONE_STR_INIT;
    size_t at;
    if ((field->data != NULL) != (column != NULL) || (column && field->is_string != json_is_string(column)))
        abort();
    if (json_is_string(column)) {
        if (!hone__json_unescape(&text, field->data, field->len, &at) || text.len != json_string_length(column))
            abort();
        if (text.len > 0 && memcmp(text.data, json_string_value(column), text.len) != 0)
            abort();
    }
    hone__str_dispose(&text);
}

/* What jansson refuses and the scanner takes: lone surrogates (found when the text is unescaped), NaN and Infinity, numbers out of range. */
static bool is_known_difference(const char *text, size_t len, const json_error_t *error)
{
    return memmem(text, len, "\\u", 2) || memmem(text, len, "NaN", 3) || memmem(text, len, "Infinity", 8) ||
           json_error_code(error) == json_error_numeric_overflow;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    hone_json_field field;
    hone_json_fault fault;
    json_error_t error;
    size_t used;
    if (memchr(text, '\0', size) || hone__utf8_valid(text, size) < size)
        return 0;
    bool ok = hone__json_scan(&field, &used, text, size, "content", &fault);
    if (used > size || (!ok && (fault.at > size || !fault.what)))
        abort();
    size_t end = used;
    while (ok && end < size && strchr(" \t\r\n", text[end]))
        end++;
    json_t *value = json_loadb(text, size, JSON_ALLOW_NUL, &error);
    if (json_is_object(value) && !ok)
        abort();
    if (ok && end == size && !value && !is_known_difference(text, size, &error))
        abort();
    if (ok && json_is_object(value))
        compare(&field, value);
    json_decref(value);
    return 0;
}
