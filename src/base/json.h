/* Reading JSON (jansson, with places in messages and Python's NaN / Infinity) and writing it (a small streaming writer, fast and ordered).
 * Configuration files whose integers exceed 64 bits (model_max_length 1000000000000000019884624838656) are read with integers as reals on the second try. */
#ifndef HONE_BASE_JSON_H
#define HONE_BASE_JSON_H

#include "base/file.h"
#include <jansson.h>

/* Parses text; `name` is the file's name for messages: HONE_FORMAT "name:line:column: what". json_decref the result. Nesting is limited by jansson. */
hone_status hone__json_parse(json_t **out, const char *text, size_t len, const char *name);
hone_status hone__json_load(json_t **out, const char *path);

/* Typed members of an object. Missing or null: *out is left as it is (the default) and HONE_OK. Another type: HONE_FORMAT `name: "key" must be …, is …`.
 * `name` is the file, for messages. Integers accept integral reals within int64. */
hone_status hone__json_get_int(const json_t *object, const char *key, int64_t *out, const char *name);
hone_status hone__json_get_double(const json_t *object, const char *key, double *out, const char *name);
hone_status hone__json_get_bool(const json_t *object, const char *key, bool *out, const char *name);
hone_status hone__json_get_string(const json_t *object, const char *key, const char **out, const char *name); /* lent by object */

/* Writes to a hone_str; commas and colons are its own business. Strings are escaped as Python's json.dumps(ensure_ascii=False); bytes that are not UTF-8
 * become U+FFFD. Indent 0 is one line ("," and ":" as separators, or ", " and ": " with spaced), n > 0 breaks lines like json.dumps(indent=n). */
typedef struct hone_json_writer {
    hone_str *out;
    int indent, depth;
    bool spaced, need_comma, after_key;
} hone_json_writer;
hone_json_writer hone__json_writer(hone_str *out, int indent);
void hone__jw_object(hone_json_writer *w);
void hone__jw_end_object(hone_json_writer *w);
void hone__jw_array(hone_json_writer *w);
void hone__jw_end_array(hone_json_writer *w);
void hone__jw_key(hone_json_writer *w, const char *key);
void hone__jw_key_n(hone_json_writer *w, const char *key, size_t len); /* may hold NUL bytes */
void hone__jw_string(hone_json_writer *w, const char *text);
void hone__jw_string_n(hone_json_writer *w, const char *text, size_t len);
void hone__jw_int(hone_json_writer *w, int64_t value);
void hone__jw_uint(hone_json_writer *w, uint64_t value);
void hone__jw_double(hone_json_writer *w, double value); /* shortest form that reads back; NaN and Infinity as Python writes them */
void hone__jw_float(hone_json_writer *w, float value);   /* widened to double exactly, as Python shows a float32 item */
void hone__jw_bool(hone_json_writer *w, bool value);
void hone__jw_null(hone_json_writer *w);
void hone__jw_json(hone_json_writer *w, const json_t *value); /* a whole jansson value */
/* A member of an object: its key and its value. */
void hone__jw_put_string(hone_json_writer *w, const char *key, const char *text);
void hone__jw_put_int(hone_json_writer *w, const char *key, int64_t value);
void hone__jw_put_uint(hone_json_writer *w, const char *key, uint64_t value);
void hone__jw_put_double(hone_json_writer *w, const char *key, double value);
void hone__jw_put_bool(hone_json_writer *w, const char *key, bool value);

#endif
