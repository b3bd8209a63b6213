/* Which columns of a table hold the one or two texts of a row: by name, by the names that GLUE's tasks have, or because there are no others. */
#include "data/dataset.h"
#include <hone/text_examples.h>

#include <string.h>
#include <strings.h>

static ptrdiff_t find_any_case(const hone_dataset *d, const char *name)
{
    for (size_t i = 0; i < d->n_columns; i++)
        if (strcasecmp(d->columns[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

static bool holds_texts(const hone_dataset *d, ptrdiff_t i)
{
    return i >= 0 && i != d->label_column && d->columns[i].kind == HONE_FEATURE_STRING && !d->columns[i].sequence;
}

static hone_status list_columns(const hone_dataset *d, hone_status status)
{
    hone_str list = HONE_STR_INIT;
    for (size_t i = 0; i < d->n_columns && i < 20; i++)
        hone__str_printf(&list, "%s%s", i ? ", " : "", d->columns[i].name);
    hone__hint(status, "the columns are %s; --text_column_name and --text_pair_column_name name them", list.data ? list.data : "none");
    hone__str_dispose(&list);
    return status;
}

static hone_status find_named(ptrdiff_t *out, const hone_dataset *d, const char *name)
{
    *out = hone_dataset_find(d, name);
    if (*out < 0)
        return list_columns(d, hone__fail(HONE_INVALID_ARGUMENT, "%s: there is no column \"%s\"", d->files[0].path, name));
    if (!holds_texts(d, *out))
        return list_columns(d, hone__fail(HONE_INVALID_ARGUMENT, "%s: column \"%s\" holds no texts", d->files[0].path, name));
    return HONE_OK;
}

static bool find_known_pair(ptrdiff_t *first, ptrdiff_t *second, const hone_dataset *d)
{
    static const char *const pairs[][2] = {
        {"sentence1", "sentence2"}, {"#1 String", "#2 String"}, {"question1", "question2"}, {"premise", "hypothesis"},
        {"question", "sentence"},   {"text", "text_pair"},      {"text1", "text2"},         {"sentence_1", "sentence_2"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        *first = find_any_case(d, pairs[i][0]);
        *second = find_any_case(d, pairs[i][1]);
        if (holds_texts(d, *first) && holds_texts(d, *second))
            return true;
    }
    *first = *second = -1;
    return false;
}

/* One or two columns of texts beside the label, and no third. */
static hone_status find_only(ptrdiff_t *first, ptrdiff_t *second, const hone_dataset *d)
{
    ptrdiff_t found[2] = {-1, -1};
    size_t n = 0;
    for (size_t i = 0; i < d->n_columns; i++)
        if (holds_texts(d, (ptrdiff_t)i) && n++ < 2)
            found[n - 1] = (ptrdiff_t)i;
    if (n == 0 || n > 2)
        return list_columns(d, hone__fail(HONE_INVALID_ARGUMENT, "%s: it is not clear which column is the text", d->files[0].path));
    *first = found[0];
    *second = found[1];
    return HONE_OK;
}

hone_status hone_dataset_find_texts(ptrdiff_t *first, ptrdiff_t *second, const hone_dataset *d, const char *text_column_name,
                                    const char *text_pair_column_name)
{
    *first = *second = -1;
    if (text_column_name)
        HONE_TRY(find_named(first, d, text_column_name));
    if (text_pair_column_name)
        HONE_TRY(find_named(second, d, text_pair_column_name));
    if (*first >= 0 || (*second < 0 && find_known_pair(first, second, d)))
        return HONE_OK;
    if (holds_texts(d, d->text_column) && d->text_column != *second) {
        *first = d->text_column;
        return HONE_OK;
    }
    if (*second >= 0)
        return list_columns(
            d, hone__fail(HONE_INVALID_ARGUMENT, "%s: there is no column of texts beside \"%s\"", d->files[0].path, text_pair_column_name));
    return find_only(first, second, d);
}
