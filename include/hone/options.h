/* Tables of options: one table describes a struct; the command line, defaults and --help come from its rows. For commands and programs around the library. */
#ifndef HONE_OPTIONS_H
#define HONE_OPTIONS_H

#include <hone/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_option_type {
    HONE_OPTION_BOOL,    /* bool */
    HONE_OPTION_INT,     /* int64_t */
    HONE_OPTION_DOUBLE,  /* double */
    HONE_OPTION_STRING,  /* char *, owned by the struct; NULL: not given */
    HONE_OPTION_STRINGS, /* hone_strings: one or more values after one name */
    HONE_OPTION_ENUM,    /* int, one of `choices` ("no|steps|epoch"), by place */
    /* Names from elsewhere that are known and have no field. A value that is the `fallback` or one of `choices` asks for nothing and is taken silently. */
    HONE_OPTION_IGNORED, /* taken with a warning: without it the result is the same; `help` says why */
    HONE_OPTION_REFUSED  /* an error: the result would not be what was asked for; `help` says why and, behind a |, what to do */
} hone_option_type;

typedef struct hone_strings {
    char **items;
    size_t n;
} hone_strings;

typedef struct hone_option {
    const char *name; /* "learning_rate": `-` and `_` are the same on the command line */
    hone_option_type type;
    size_t offset;        /* in the struct */
    const char *fallback; /* the default as text, NULL: zero / NULL */
    double min, max;      /* INT and DOUBLE: the legal range; both 0: any */
    const char *choices;  /* ENUM: names with | between; IGNORED, REFUSED: further values that ask for nothing */
    const char *group;    /* heading in --help */
    const char *help;     /* one line */
} hone_option;

/* An older or shorter spelling of an option; "name=value" is one of a value: `value` stands for it then, NULL refuses it, and `note` says why. */
typedef struct hone_option_alias {
    const char *alias, *name;
    const char *value; /* what a bare flag means, or NULL */
    const char *note;  /* one line shown as a warning, or NULL */
} hone_option_alias;

typedef struct hone_option_table {
    const hone_option *rows;
    size_t n_rows;
    const hone_option_alias *aliases;
    size_t n_aliases;
} hone_option_table;

/* Fills a struct with its table's defaults; what it held is forgotten. Dispose of it with hone_options_dispose. */
HONE_API hone_status hone_options_defaults(const hone_option_table *table, void *options);
/* Frees the struct's strings. */
HONE_API void hone_options_dispose(const hone_option_table *table, void *options);
/* Takes argv[0..argc): `--name value`, `--name=value`, bare flags (true/false may follow), several values for STRINGS (up to the next `--x`). Several tables
 * share one command line: tables[i] fills structs[i]; the first that knows a name gets it. What is no option goes to rest (room for argc; lent from argv), counted in
 * *n_rest; both NULL: it is an error. "--" ends options. HONE_INVALID_ARGUMENT names the option, with range, choices or the nearest name. */
HONE_API hone_status hone_options_parse(const hone_option_table *const *tables, void *const *structs, size_t n_tables, int argc,
                                        char **argv, const char **rest, size_t *n_rest);
/* The tables' rows as --help shows them, grouped, with defaults and choices. Free with hone_options_free_text. */
HONE_API hone_status hone_options_help(char **out, const hone_option_table *const *tables, size_t n_tables);
/* Frees what hone_options_help gave; NULL is legal. */
HONE_API void hone_options_free_text(char *text);
/* The candidate nearest to word by edit distance, NULL when none is near: for "did you mean …". */
HONE_API const char *hone_nearest(const char *word, const char *const *candidates, size_t n);

#ifdef __cplusplus
}
#endif
#endif
