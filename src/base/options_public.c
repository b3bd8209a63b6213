/* The public face of the options tables (hone/options.h). */
#include "base/options.h"

hone_status hone_options_defaults(const hone_option_table *table, void *options)
{
    return hone__options_defaults(table, options);
}

void hone_options_dispose(const hone_option_table *table, void *options)
{
    hone__options_dispose(table, options);
}

hone_status hone_options_parse(const hone_option_table *const *tables, void *const *structs, size_t n_tables, int argc, char **argv,
                               const char **rest, size_t *n_rest)
{
    return hone__options_parse(tables, structs, n_tables, argc, argv, rest, n_rest);
}

hone_status hone_options_help(char **out, const hone_option_table *const *tables, size_t n_tables)
{
    hone_str text = HONE_STR_INIT;
    for (size_t i = 0; i < n_tables; i++)
        hone__options_help(tables[i], &text);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

void hone_options_free_text(char *text)
{
    hone__free(text);
}

const char *hone_nearest(const char *word, const char *const *candidates, size_t n)
{
    return hone__nearest(word, candidates, n);
}
