/* The command line against options tables. An option is what begins with "--"; "-" is a file name and "-1" a number. */
#include "base/options_impl.h"

#include <string.h>

typedef struct parser {
    const hone_option_table *const *tables;
    void *const *structs;
    size_t n_tables;
    int argc, at;
    char **argv;
} parser;

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1] == '-';
}

/* Whether a value follows (not the next option, not the end). */
static bool value_follows(const parser *p)
{
    return p->at < p->argc && !is_option(p->argv[p->at]);
}

static bool is_true_or_false(const char *text)
{
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
}

/* The first table that knows name; n_tables when none does. */
static size_t find_table(const parser *p, const char *name)
{
    size_t i = 0;
    while (i < p->n_tables && !hone__options_find(p->tables[i], name))
        i++;
    return i;
}

/* True when a name stands for its meaning and takes no value but true and false. */
static bool is_flag(const hone_option_table *t, const char *name)
{
    const hone_option *row = hone__options_find(t, name);
    const hone_option_alias *alias = hone__options_find_alias(t, name);
    return row->type == HONE_OPTION_BOOL || (alias && alias->value);
}

/* --name, without a value in the same word. */
static hone_status set_spaced(parser *p, size_t table, const char *name)
{
    const hone_option_table *t = p->tables[table];
    const hone_option *row = hone__options_find(t, name);
    if (is_flag(t, name)) {
        bool given = value_follows(p) && is_true_or_false(p->argv[p->at]);
        return hone__options_set(t, p->structs[table], name, given ? p->argv[p->at++] : NULL);
    }
    if (hone__option_is_foreign(row)) {
        HONE_TRY(hone__options_set(t, p->structs[table], name, value_follows(p) ? p->argv[p->at] : NULL));
        while (value_follows(p))
            p->at++;
        return HONE_OK;
    }
    if (!value_follows(p))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: a value is missing", name);
    int first = p->at++;
    HONE_TRY(hone__options_set(t, p->structs[table], name, p->argv[first]));
    if (row->type != HONE_OPTION_STRINGS)
        return HONE_OK;
    while (value_follows(p))
        p->at++;
    return hone__option_set_strings(row, p->structs[table], (const char *const *)p->argv + first, (size_t)(p->at - first));
}

/* --no_name, for a flag that is on by default (as the reference's parser has it). */
static bool set_negated(parser *p, const char *name, hone_status *status)
{
    if (strncmp(name, "no_", 3) != 0 && strncmp(name, "no-", 3) != 0)
        return false;
    size_t table = find_table(p, name + 3);
    const hone_option *row = table < p->n_tables ? hone__options_find(p->tables[table], name + 3) : NULL;
    if (!row || (row->type != HONE_OPTION_BOOL && !hone__option_is_foreign(row)))
        return false;
    *status = hone__options_set(p->tables[table], p->structs[table], name + 3, "false");
    return true;
}

static hone_status take_option(parser *p)
{
    char *name = NULL;
    hone_status status = HONE_OK;
    const char *word = p->argv[p->at++] + 2, *equals = strchr(word, '=');
    HONE_TRY(hone__strndup(&name, word, equals ? (size_t)(equals - word) : strlen(word)));
    size_t table = find_table(p, name);
    if (table == p->n_tables) {
        if (equals || !set_negated(p, name, &status))
            status = hone__options_fail_unknown(p->tables, p->n_tables, name);
    } else {
        status = equals ? hone__options_set(p->tables[table], p->structs[table], name, equals + 1) : set_spaced(p, table, name);
    }
    hone__free(name);
    return status;
}

hone_status hone__options_parse(const hone_option_table *const *tables, void *const *structs, size_t n_tables, int argc, char **argv,
                                const char **rest, size_t *n_rest)
{
    parser p = {tables, structs, n_tables, argc, 0, argv};
    bool ended = false;
    if (n_rest)
        *n_rest = 0;
    while (p.at < argc) {
        const char *word = argv[p.at];
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
            p.at++;
        } else if (!ended && is_option(word)) {
            HONE_TRY(take_option(&p));
        } else if (rest && n_rest) {
            rest[(*n_rest)++] = word;
            p.at++;
        } else {
            return hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" was not expected here", word);
        }
    }
    return HONE_OK;
}
