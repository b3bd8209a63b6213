/* Finds one string of a JSON object without building the object: JSON lines are read at memory speed, and a string without escapes is lent from the file. */
#ifndef HONE_DATA_JSON_SCAN_H
#define HONE_DATA_JSON_SCAN_H

#include "base/str.h"

typedef struct hone_json_field {
    const char *data; /* between the quotes, as it stands in the text; NULL: the object has no such key */
    size_t len;
    bool escaped;   /* holds backslashes: hone__json_unescape */
    bool is_string; /* false: it is something else */
} hone_json_field;

/* Where and why a text is no JSON object. */
typedef struct hone_json_fault {
    size_t at;
    const char *what;
} hone_json_fault;

/* Reads the object at the start of text[0..len), which must be UTF-8 without NUL bytes; white space may stand before it. *used: bytes up to its end. The last
 * one counts when a key comes twice. False with *fault when it is no object, or not well-formed (RFC 8259, and NaN, Infinity, -Infinity as Python writes them). */
bool hone__json_scan(hone_json_field *out, size_t *used, const char *text, size_t len, const char *key, hone_json_fault *fault);

/* Walks over the members of an object, or the items of an array, whose text was found well-formed: starts at its brace or bracket. */
typedef struct hone_json_cursor {
    const char *p, *end;
} hone_json_cursor;
/* False behind the last one. */
bool hone__json_next_member(hone_json_cursor *c, hone_json_field *name, hone_json_field *value);
bool hone__json_next_item(hone_json_cursor *c, hone_json_field *value);

/* Appends the text that a string's inside stands for. False where an escape is a lone surrogate, which is no character: *at is its place. */
bool hone__json_unescape(hone_str *out, const char *data, size_t len, size_t *at);

#endif
