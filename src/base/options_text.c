/* An options table as text: read from and written to JSON, and shown as --help. */
#include "base/options_impl.h"

#include <math.h>
#include <string.h>

static hone_status fail_json_type(const hone_option *row, const char *expected)
{
    return hone__fail(HONE_INVALID_ARGUMENT, "--%s: must be %s", row->name, expected);
}

/* What takes one text takes several with commas: "a,b". */
static hone_status set_joined(const hone_option_table *t, const hone_option *row, void *options, const json_t *array)
{
    hone_str text = HONE_STR_INIT;
    hone_status status = HONE_OK;
    for (size_t i = 0; i < json_array_size(array) && status == HONE_OK; i++) {
        const char *item = json_string_value(json_array_get(array, i));
        if (!item)
            status = fail_json_type(row, "a string or an array of strings");
        hone__str_printf(&text, "%s%s", i ? "," : "", item ? item : "");
    }
    if (status == HONE_OK)
        status = hone__str_status(&text);
    if (status == HONE_OK && text.data)
        status = hone__options_set(t, options, row->name, text.data);
    hone__str_dispose(&text);
    return status;
}

static hone_status set_strings(const hone_option *row, void *options, const json_t *array)
{
    const char **values = NULL;
    size_t n = json_array_size(array);
    hone_status status;
    HONE_GO(HONE_NEW(&values, n + 1));
    for (size_t i = 0; i < n; i++) {
        values[i] = json_string_value(json_array_get(array, i));
        if (!values[i])
            HONE_GO(fail_json_type(row, "an array of strings"));
    }
    status = hone__option_set_strings(row, options, values, n);
done:
    hone__free(values);
    return status;
}

static hone_status set_array(const hone_option_table *t, const hone_option *row, void *options, const json_t *array)
{
    size_t n = json_array_size(array);
    if (hone__option_is_foreign(row))
        return n ? hone__options_set(t, options, row->name,
                                     n == 1 && json_is_string(json_array_get(array, 0)) ? json_string_value(json_array_get(array, 0))
                                                                                        : "[…]")
                 : HONE_OK;
    if (row->type == HONE_OPTION_STRINGS)
        return set_strings(row, options, array);
    return row->type == HONE_OPTION_STRING ? set_joined(t, row, options, array) : fail_json_type(row, "one value, is an array");
}

/* What takes name=value pairs as text takes them as an object too (lr_scheduler_kwargs): its text. */
static hone_status set_object(const hone_option_table *t, const hone_option *row, void *options, const json_t *object)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    if (row->type != HONE_OPTION_STRING && !hone__option_is_foreign(row))
        return fail_json_type(row, "one value, is an object");
    if (json_object_size(object) == 0)
        return HONE_OK;
    hone__jw_json(&w, object);
    hone_status status = hone__str_status(&text);
    if (status == HONE_OK)
        status = hone__options_set(t, options, row->name, hone__option_is_foreign(row) ? "{…}" : text.data);
    hone__str_dispose(&text);
    return status;
}

/* A scalar goes through the text form, so that both ways have the same ranges and messages. */
hone_status hone__options_set_json(const hone_option_table *t, void *options, const char *key, const json_t *value)
{
    char text[32];
    const hone_option *row = hone__options_find(t, key);
    if (!row)
        return hone__options_fail_unknown(&t, 1, key);
    switch (json_typeof(value)) {
    case JSON_NULL:
        return HONE_OK;
    case JSON_ARRAY:
        return set_array(t, row, options, value);
    case JSON_OBJECT:
        return set_object(t, row, options, value);
    case JSON_STRING:
        return hone__options_set(t, options, key, json_string_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return hone__options_set(t, options, key, json_is_true(value) ? "true" : "false");
    case JSON_INTEGER: {
        hone_str number = HONE_STR_INIT;
        hone_json_writer w = hone__json_writer(&number, 0);
        hone__jw_int(&w, json_integer_value(value));
        hone_status status = hone__str_status(&number);
        if (status == HONE_OK)
            status = hone__options_set(t, options, key, number.data);
        hone__str_dispose(&number);
        return status;
    }
    default:
        hone__format_double(text, json_real_value(value));
        if (row->type == HONE_OPTION_INT && hone__ends_with(text, ".0"))
            text[strlen(text) - 2] = '\0';
        return hone__options_set(t, options, key, text);
    }
}

hone_status hone__options_from_json(const hone_option_table *t, void *options, const json_t *object, const char *file)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return hone__fail(HONE_FORMAT, "%s: an object of options was expected", file);
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        hone_status status = hone__options_set_json(t, options, key, value);
        if (status != HONE_OK)
            return hone__fail_in(status, "%s", file);
    }
    return HONE_OK;
}

static void put_value(const hone_option *row, const void *field, hone_json_writer *w)
{
    const hone_strings *strings = field;
    const char *text;
    size_t len = 0;
    switch (row->type) {
    case HONE_OPTION_BOOL:
        hone__jw_bool(w, *(const bool *)field);
        break;
    case HONE_OPTION_INT:
        hone__jw_int(w, *(const int64_t *)field);
        break;
    case HONE_OPTION_DOUBLE:
        hone__jw_double(w, *(const double *)field);
        break;
    case HONE_OPTION_STRING:
        text = *(char *const *)field;
        text ? hone__jw_string(w, text) : hone__jw_null(w);
        break;
    case HONE_OPTION_STRINGS:
        hone__jw_array(w);
        for (size_t i = 0; i < strings->n; i++)
            hone__jw_string(w, strings->items[i]);
        hone__jw_end_array(w);
        break;
    default:
        text = hone__option_choice(row, *(const int *)field, &len);
        hone__jw_string_n(w, text ? text : "", len);
    }
}

void hone__options_put_value(const hone_option *row, const void *options, hone_json_writer *w)
{
    put_value(row, hone__option_field(row, options), w);
}

void hone__options_put_members(const hone_option_table *t, const void *options, hone_json_writer *w)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        if (hone__option_is_foreign(&t->rows[i]))
            continue;
        hone__jw_key(w, t->rows[i].name);
        put_value(&t->rows[i], hone__option_field(&t->rows[i], options), w);
    }
}

void hone__options_to_json(const hone_option_table *t, const void *options, hone_json_writer *w)
{
    hone__jw_object(w);
    hone__options_put_members(t, options, w);
    hone__jw_end_object(w);
}

enum { HELP_WIDTH = 100, HELP_COLUMN = 34 };

/* Appends text in lines of HELP_WIDTH that begin in HELP_COLUMN; the first one goes on where the line stands. */
static void put_wrapped(hone_str *out, const char *text, size_t column)
{
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
            hone__str_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            hone__str_putc(out, ' ');
            column++;
        }
        hone__str_append(out, text, len);
        column += len;
        text += len + strspn(text + len, " ");
    }
    hone__str_putc(out, '\n');
}

static void put_choices(const hone_option *row, hone_str *out)
{
    const char *choice;
    size_t len;
    for (int i = 0; (choice = hone__option_choice(row, i, &len)); i++) {
        hone__str_puts(out, i ? ", " : "");
        hone__str_append(out, choice, len);
    }
}

static void help_row(const hone_option *row, hone_str *out)
{
    static const char *const kinds[] = {"", " N", " X", " TEXT", " TEXT…", " NAME", "", ""};
    hone_str text = HONE_STR_INIT;
    size_t begin = out->len;
    hone__str_printf(out, "  --%s%s", row->name, kinds[row->type]);
    size_t column = out->len - begin - (row->type == HONE_OPTION_STRINGS ? 2 : 0); /* "…" is three bytes wide and one column */
    if (column + 2 > HELP_COLUMN)
        hone__str_printf(out, "\n%*s", HELP_COLUMN, "");
    else
        hone__str_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
    hone__str_puts(&text, row->help);
    if (row->type == HONE_OPTION_ENUM) {
        hone__str_puts(&text, ": ");
        put_choices(row, &text);
    }
    if (row->fallback && (row->type != HONE_OPTION_BOOL || strcmp(row->fallback, "false") != 0))
        hone__str_printf(&text, " (default: %s)", row->fallback);
    if (text.failed)
        out->failed = true;
    else
        put_wrapped(out, text.data, HELP_COLUMN);
    hone__str_dispose(&text);
}

static bool same_group(const hone_option *a, const hone_option *b)
{
    return strcmp(a->group ? a->group : "", b->group ? b->group : "") == 0;
}

void hone__options_help(const hone_option_table *t, hone_str *out)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        size_t first = 0;
        while (!same_group(&t->rows[first], &t->rows[i]))
            first++;
        if (first < i)
            continue; /* shown with the first of its group */
        if (t->rows[i].group)
            hone__str_printf(out, "%s%s:\n", out->len ? "\n" : "", t->rows[i].group);
        for (size_t j = i; j < t->n_rows; j++)
            if (t->rows[j].help && same_group(&t->rows[i], &t->rows[j]))
                help_row(&t->rows[j], out);
    }
}
