/* The values behind an options table: defaults, copies, and one option set from text, which the command line and the JSON configuration both do. */
#include "base/options_impl.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

bool hone__option_same_name(const char *name, const char *name2, size_t len2)
{
    size_t i = 0;
    while (i < len2 && name[i] && fold(name[i]) == fold(name2[i]))
        i++;
    return i == len2 && !name[i];
}

const hone_option_alias *hone__options_find_alias(const hone_option_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_aliases; i++)
        if (hone__option_same_name(name, t->aliases[i].alias, strlen(t->aliases[i].alias)))
            return &t->aliases[i];
    return NULL;
}

static const hone_option *find_row(const hone_option_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_rows; i++)
        if (hone__option_same_name(name, t->rows[i].name, strlen(t->rows[i].name)))
            return &t->rows[i];
    return NULL;
}

const hone_option *hone__options_find(const hone_option_table *t, const char *name)
{
    const hone_option *row = find_row(t, name);
    const hone_option_alias *alias = row ? NULL : hone__options_find_alias(t, name);
    return alias ? find_row(t, alias->name) : row;
}

const char *hone__option_choice(const hone_option *row, int i, size_t *len)
{
    const char *at = row->choices;
    for (; at && i > 0; i--) {
        at = strchr(at, '|');
        at = at ? at + 1 : NULL;
    }
    if (at)
        *len = strcspn(at, "|");
    return at;
}

hone_status hone__options_fail_unknown(const hone_option_table *const *tables, size_t n_tables, const char *name)
{
    const char **candidates = NULL;
    size_t n = 0;
    char folded[64];
    for (size_t i = 0; i < n_tables; i++)
        n += tables[i]->n_rows + tables[i]->n_aliases;
    HONE_TRY(HONE_NEW(&candidates, n + 1));
    n = 0;
    for (size_t i = 0; i < n_tables; i++) {
        for (size_t j = 0; j < tables[i]->n_rows; j++)
            candidates[n++] = tables[i]->rows[j].name;
        for (size_t j = 0; j < tables[i]->n_aliases; j++)
            if (!strchr(tables[i]->aliases[j].alias, '='))
                candidates[n++] = tables[i]->aliases[j].alias;
    }
    size_t len = strlen(name);
    for (size_t i = 0; i <= len && i < sizeof(folded); i++)
        folded[i] = (char)fold(name[i]);
    const char *nearest = len < sizeof(folded) ? hone__nearest(folded, candidates, n) : NULL;
    hone__free(candidates);
    hone_status status = hone__fail(HONE_INVALID_ARGUMENT, "--%s is no option", name);
    return nearest ? hone__hint(status, "did you mean --%s?", nearest) : status;
}

static bool parse_bool(bool *out, const char *text)
{
    static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no", "off"};
    for (size_t i = 0; i < 4; i++) {
        *out = strcasecmp(text, yes[i]) == 0;
        if (*out || strcasecmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

/* A bound beyond int64 is no bound. */
static bool is_bound(double x)
{
    return fabs(x) < 9.2e18;
}

static hone_status check_range(const hone_option *row, double value, const char *text)
{
    char low[32], high[32];
    if ((row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max))
        return HONE_OK;
    hone__format_double(low, row->min);
    hone__format_double(high, row->max);
    for (char *bound = low; bound; bound = bound == low ? high : NULL)
        if (hone__ends_with(bound, ".0"))
            bound[strlen(bound) - 2] = '\0';
    if (!is_bound(row->max))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be at least %s, is %s", row->name, low, text);
    if (!is_bound(row->min))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be at most %s, is %s", row->name, high, text);
    return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be between %s and %s, is %s", row->name, low, high, text);
}

static hone_status set_int(const hone_option *row, int64_t *out, const char *text)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || isspace((unsigned char)text[0]))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be an integer, is \"%s\"", row->name, text);
    if (errno == ERANGE)
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: %s does not fit 64 bits", row->name, text);
    HONE_TRY(check_range(row, (double)value, text));
    *out = value;
    return HONE_OK;
}

static hone_status set_double(const hone_option *row, double *out, const char *text)
{
    double value;
    if (!hone__parse_double(&value, text))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be a number, is \"%s\"", row->name, text);
    HONE_TRY(check_range(row, value, text));
    *out = value;
    return HONE_OK;
}

static hone_status set_enum(const hone_option *row, int *out, const char *text)
{
    const char *choice;
    size_t len;
    hone_str list = HONE_STR_INIT;
    for (int i = 0; (choice = hone__option_choice(row, i, &len)); i++) {
        if (hone__option_same_name(text, choice, len)) {
            hone__str_dispose(&list);
            *out = i;
            return HONE_OK;
        }
        hone__str_puts(&list, i ? ", " : "");
        hone__str_append(&list, choice, len);
    }
    hone_status status = hone__str_status(&list);
    if (status == HONE_OK)
        status = hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be one of %s, is \"%s\"", row->name, list.data ? list.data : "", text);
    hone__str_dispose(&list);
    return status;
}

static hone_status set_string(char **field, const char *text)
{
    char *copy = NULL;
    HONE_TRY(hone__strdup(&copy, text));
    hone__free(*field);
    *field = copy;
    return HONE_OK;
}

static void free_strings(hone_strings *strings)
{
    for (size_t i = 0; i < strings->n; i++)
        hone__free(strings->items[i]);
    hone__free(strings->items);
    *strings = (hone_strings){NULL, 0};
}

hone_status hone__option_set_strings(const hone_option *row, void *options, const char *const *values, size_t n)
{
    hone_strings copy = {NULL, 0};
    hone_status status = HONE_OK;
    hone_strings *field = hone__option_field(row, options);
    HONE_GO(HONE_NEW(&copy.items, n));
    for (; copy.n < n; copy.n++)
        HONE_GO(hone__strdup(&copy.items[copy.n], values[copy.n]));
    free_strings(field);
    *field = copy;
    return HONE_OK;
done:
    free_strings(&copy);
    return status;
}

/* Whether a value of an option from elsewhere asks for nothing. */
static bool is_neutral(const hone_option *row, const char *value)
{
    const char *choice;
    size_t len;
    if (row->fallback && hone__option_same_name(value, row->fallback, strlen(row->fallback)))
        return true;
    for (int i = 0; (choice = hone__option_choice(row, i, &len)); i++)
        if (hone__option_same_name(value, choice, len))
            return true;
    return false;
}

static hone_status take_foreign(const hone_option *row, const char *value)
{
    const char *remedy = strchr(row->help, '|');
    int len = (int)strcspn(row->help, "|");
    if (is_neutral(row, value ? value : "true"))
        return HONE_OK;
    if (row->type == HONE_OPTION_IGNORED) {
        hone__log(HONE_LOG_WARNING, "--%s does nothing here: %s", row->name, row->help);
        return HONE_OK;
    }
    return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--%s%s%s: %.*s", row->name, value ? " " : "", value ? value : "", len, row->help),
                      "%s", remedy ? remedy + 1 : "leave it out");
}

/* value NULL: the bare flag. */
static hone_status set_row(const hone_option *row, void *options, const char *value)
{
    if (hone__option_is_foreign(row))
        return take_foreign(row, value);
    void *field = hone__option_field(row, options);
    if (!value && row->type != HONE_OPTION_BOOL)
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: a value is missing", row->name);
    switch (row->type) {
    case HONE_OPTION_BOOL:
        if (!parse_bool(field, value ? value : "true"))
            return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be true or false, is \"%s\"", row->name, value);
        return HONE_OK;
    case HONE_OPTION_INT:
        return set_int(row, field, value);
    case HONE_OPTION_DOUBLE:
        return set_double(row, field, value);
    case HONE_OPTION_STRING:
        return set_string(field, value);
    case HONE_OPTION_STRINGS:
        return hone__option_set_strings(row, options, &value, 1);
    default:
        return set_enum(row, field, value);
    }
}

/* Another spelling of a row's value ("optim=adamw_hf"), NULL: there is none. */
static const hone_option_alias *find_value_alias(const hone_option_table *t, const hone_option *row, const char *value)
{
    size_t len = strlen(row->name);
    for (size_t i = 0; value && i < t->n_aliases; i++) {
        const char *alias = t->aliases[i].alias;
        if (strncmp(alias, row->name, len) == 0 && alias[len] == '=' &&
            hone__option_same_name(value, alias + len + 1, strlen(alias + len + 1)))
            return &t->aliases[i];
    }
    return NULL;
}

static hone_status set_value(const hone_option_table *t, const hone_option *row, void *options, const char *value)
{
    const hone_option_alias *alias = find_value_alias(t, row, value);
    if (alias && !alias->value)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--%s %s: %s", row->name, value, alias->note), "there are: %s",
                          row->choices ? row->choices : "other values");
    if (alias && alias->note)
        hone__log(HONE_LOG_WARNING, "--%s %s: %s", row->name, value, alias->note);
    return set_row(row, options, alias ? alias->value : value);
}

/* An alias that stands for a value is itself a flag: true sets the value, false leaves all as it is. */
static hone_status set_alias(const hone_option_table *t, void *options, const hone_option_alias *alias, const char *value)
{
    bool flag = true;
    const hone_option *row = find_row(t, alias->name);
    if (!row)
        return hone__options_fail_unknown(&t, 1, alias->name);
    if (alias->value && value && !parse_bool(&flag, value))
        return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be true or false, is \"%s\"", alias->alias, value);
    if (alias->note && flag)
        hone__log(HONE_LOG_WARNING, "--%s: %s", alias->alias, alias->note);
    if (!alias->value)
        return set_value(t, row, options, value);
    return flag ? set_row(row, options, alias->value) : HONE_OK;
}

hone_status hone__options_set(const hone_option_table *t, void *options, const char *name, const char *value)
{
    const hone_option *row = find_row(t, name);
    if (row)
        return set_value(t, row, options, value);
    const hone_option_alias *alias = hone__options_find_alias(t, name);
    return alias ? set_alias(t, options, alias, value) : hone__options_fail_unknown(&t, 1, name);
}

static size_t field_size(hone_option_type type)
{
    static const size_t sizes[] = {sizeof(bool), sizeof(int64_t), sizeof(double), sizeof(char *), sizeof(hone_strings), sizeof(int), 0, 0};
    return sizes[type];
}

/* The texts of a fallback of several, between commas. */
static hone_status set_fallback_strings(const hone_option *row, void *options)
{
    const char *values[32];
    char *text = NULL, *rest = NULL;
    size_t n = 0;
    HONE_TRY(hone__strdup(&text, row->fallback));
    for (char *item = strtok_r(text, ",", &rest); item && n < 32; item = strtok_r(NULL, ",", &rest))
        values[n++] = item;
    hone_status status = hone__option_set_strings(row, options, values, n);
    hone__free(text);
    return status;
}

hone_status hone__options_defaults(const hone_option_table *t, void *options)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < t->n_rows; i++)
        memset(hone__option_field(&t->rows[i], options), 0, field_size(t->rows[i].type));
    for (size_t i = 0; i < t->n_rows && status == HONE_OK; i++) {
        const hone_option *row = &t->rows[i];
        if (row->fallback && !hone__option_is_foreign(row))
            status = row->type == HONE_OPTION_STRINGS ? set_fallback_strings(row, options) : set_row(row, options, row->fallback);
    }
    if (status != HONE_OK)
        hone__options_dispose(t, options);
    return status;
}

void hone__options_dispose(const hone_option_table *t, void *options)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        void *field = hone__option_field(&t->rows[i], options);
        if (t->rows[i].type == HONE_OPTION_STRING) {
            hone__free(*(char **)field);
            *(char **)field = NULL;
        } else if (t->rows[i].type == HONE_OPTION_STRINGS) {
            free_strings(field);
        }
    }
}

hone_status hone__options_copy(const hone_option_table *t, void *to, const void *from)
{
    hone_status status = HONE_OK;
    for (size_t i = 0; i < t->n_rows; i++) {
        const hone_option *row = &t->rows[i];
        size_t size = field_size(row->type);
        if (row->type == HONE_OPTION_STRING || row->type == HONE_OPTION_STRINGS)
            memset(hone__option_field(row, to), 0, size);
        else
            memcpy(hone__option_field(row, to), hone__option_field(row, from), size);
    }
    for (size_t i = 0; i < t->n_rows && status == HONE_OK; i++) {
        const hone_option *row = &t->rows[i];
        const void *field = hone__option_field(row, from);
        if (row->type == HONE_OPTION_STRING && *(char *const *)field)
            status = set_string(hone__option_field(row, to), *(char *const *)field);
        else if (row->type == HONE_OPTION_STRINGS) {
            const hone_strings *strings = field;
            status = hone__option_set_strings(row, to, (const char *const *)strings->items, strings->n);
        }
    }
    if (status != HONE_OK)
        hone__options_dispose(t, to);
    return status;
}
