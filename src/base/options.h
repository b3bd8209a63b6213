/* One table describes a struct of options: the command line, the JSON configuration, the defaults, --help and the docs all come from its rows. */
#ifndef HONE_BASE_OPTIONS_H
#define HONE_BASE_OPTIONS_H

#include "base/json.h"

#include <hone/options.h>

hone_status hone__options_defaults(const hone_option_table *t, void *options);
void hone__options_dispose(const hone_option_table *t, void *options);                  /* frees strings */
hone_status hone__options_copy(const hone_option_table *t, void *to, const void *from); /* deep; `to` is uninitialised */
const hone_option *hone__options_find(const hone_option_table *t, const char *name);    /* aliases included; NULL when unknown */
/* Sets one option from text. HONE_INVALID_ARGUMENT: "--name: …", with range, choices or, when unknown, the nearest name as hint. */
hone_status hone__options_set(const hone_option_table *t, void *options, const char *name, const char *value);
/* Takes argv[0..argc): `--name value`, `--name=value`, bare flags (true/false may follow), several values for STRINGS (up to the next `--x`).
 * Several tables share one command line: tables[i] fills structs[i]; the first table that knows a name gets it. What is no option goes to rest
 * (n_rest; may be NULL: then it is an error). "--" ends options. */
hone_status hone__options_parse(const hone_option_table *const *tables, void *const *structs, size_t n_tables, int argc, char **argv,
                                const char **rest, size_t *n_rest);
/* Sets one option from a JSON value; null leaves it. An array of one is its value, an array of strings for a STRING its texts with commas, an object for a STRING its text. */
hone_status hone__options_set_json(const hone_option_table *t, void *options, const char *key, const json_t *value);
/* HONE_INVALID_ARGUMENT "--name is no option" with the nearest name of the tables as hint. */
hone_status hone__options_fail_unknown(const hone_option_table *const *tables, size_t n_tables, const char *name);
/* Unknown keys are errors with the nearest name. */
hone_status hone__options_from_json(const hone_option_table *t, void *options, const json_t *object, const char *file);
void hone__options_to_json(const hone_option_table *t, const void *options, hone_json_writer *w);     /* as one object */
void hone__options_put_value(const hone_option *row, const void *options, hone_json_writer *w);       /* of one row */
void hone__options_put_members(const hone_option_table *t, const void *options, hone_json_writer *w); /* its members alone */
void hone__options_help(const hone_option_table *t, hone_str *out); /* grouped, aligned, with defaults and choices, 100 columns */

#endif
