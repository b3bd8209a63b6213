/* What the three files of the options table share (options.c, options_parse.c, options_text.c); nobody else includes this. */
#ifndef HONE_BASE_OPTIONS_IMPL_H
#define HONE_BASE_OPTIONS_IMPL_H

#include "base/options.h"

/* Where a row's value lies. */
static inline void *hone__option_field(const hone_option *row, const void *options)
{
    return (char *)(uintptr_t)options + row->offset;
}

/* Names are equal when they differ in case, `-` and `_` only. name2 ends after len2 bytes. */
bool hone__option_same_name(const char *name, const char *name2, size_t len2);

const hone_option_alias *hone__options_find_alias(const hone_option_table *t, const char *name);

/* The i-th choice of an ENUM, which is no string of its own: its start, and its length in *len; NULL behind the last. */
const char *hone__option_choice(const hone_option *row, int i, size_t *len);

/* An option from elsewhere, which has no field (IGNORED, REFUSED). */
static inline bool hone__option_is_foreign(const hone_option *row)
{
    return row->type == HONE_OPTION_IGNORED || row->type == HONE_OPTION_REFUSED;
}

/* Replaces a STRINGS value by copies of n texts. */
hone_status hone__option_set_strings(const hone_option *row, void *options, const char *const *values, size_t n);

#endif
