/* The numbers of classes: as the caller's list says, or O first, then the prefixes of each type in alphabetical order, other names in alphabetical or numeric order.
 *
 * Order is that of bytes, which for UTF-8 is that of code points, as Python sorts. */
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- orders ---- */

static int compare_texts(const void *a, const void *b)
{
    const hone_text *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* A whole number without superfluous zeros, of at most 18 digits. */
static bool parse_number(long long *out, hone_text t)
{
    char digits[24];
    if (t.len == 0 || t.len > 18)
        return false;
    memcpy(digits, t.data, t.len);
    digits[t.len] = '\0';
    size_t start = digits[0] == '-';
    if (strspn(digits + start, "0123456789") != t.len - start || t.len == start || (digits[start] == '0' && t.len > start + 1))
        return false;
    *out = strtoll(digits, NULL, 10);
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    long long x = 0, y = 0;
    parse_number(&x, *(const hone_text *)a);
    parse_number(&y, *(const hone_text *)b);
    return (x > y) - (x < y);
}

/* Alphabetical, or numeric when all are numbers. */
static void sort_texts(hone_text *items, size_t n)
{
    long long ignored;
    bool numbers = true;
    for (size_t i = 0; i < n; i++)
        numbers = numbers && parse_number(&ignored, items[i]);
    if (n > 1)
        qsort(items, n, sizeof(*items), numbers ? compare_numbers : compare_texts);
}

/* ---- lists of names ---- */

/* Room for n names in c->names, which is NULL-terminated at any time. */
static hone_status start_names(hone_column *c, size_t n)
{
    c->n_names = 0;
    return HONE_NEW(&c->names, n + 1);
}

static hone_status add_name(hone_column *c, char prefix, hone_text type)
{
    char *name = NULL;
    size_t lead = prefix ? (type.len > 0 ? 2 : 1) : 0;
    HONE_TRY(HONE_ALLOC(&name, lead + type.len + 1));
    if (lead > 0)
        name[0] = prefix;
    if (lead > 1)
        name[1] = '-';
    memcpy(name + lead, type.data, type.len);
    name[lead + type.len] = '\0';
    c->names[c->n_names++] = name;
    return HONE_OK;
}

/* O, and each type with each prefix. */
static hone_status name_entities(hone_column *c, const char *prefixes)
{
    hone_classes types = {0};
    hone_text *sorted = NULL; /* (types.n) */
    hone_status status = HONE_OK;
    int32_t ignored;
    for (size_t i = 0; i < c->found.n; i++) {
        hone_tag tag = hone__tag_parse(c->found.items[i].name);
        if (tag.prefix != 'O')
            HONE_GO(hone__classes_intern(&ignored, &types, tag.type, 0, 0));
    }
    HONE_GO(HONE_ALLOC(&sorted, types.n));
    for (size_t i = 0; i < types.n; i++)
        sorted[i] = types.items[i].name;
    sort_texts(sorted, types.n);
    HONE_GO(start_names(c, 1 + types.n * strlen(prefixes)));
    HONE_GO(add_name(c, 0, HONE_TEXT("O")));
    for (size_t i = 0; i < types.n; i++)
        for (const char *prefix = prefixes; *prefix; prefix++)
            HONE_GO(add_name(c, *prefix, sorted[i]));
done:
    hone__free(sorted);
    hone__classes_dispose(&types);
    return status;
}

/* The names that were found: O first, the others in order. */
static hone_status name_plain(hone_column *c)
{
    hone_text *sorted = NULL; /* (found.n) */
    size_t n = 0;
    hone_status status = HONE_OK;
    HONE_TRY(HONE_ALLOC(&sorted, c->found.n + 1));
    for (size_t i = 0; i < c->found.n; i++)
        if (hone__tag_parse(c->found.items[i].name).prefix != 'O')
            sorted[n++] = c->found.items[i].name;
    sort_texts(sorted, n);
    HONE_GO(start_names(c, c->found.n));
    if (n < c->found.n)
        HONE_GO(add_name(c, 0, HONE_TEXT("O")));
    for (size_t i = 0; i < n; i++)
        HONE_GO(add_name(c, 0, sorted[i]));
done:
    hone__free(sorted);
    return status;
}

static hone_status name_as_asked(hone_column *c, const char *const *labels)
{
    size_t n = 0;
    while (labels[n])
        n++;
    HONE_TRY(start_names(c, n));
    for (size_t i = 0; i < n; i++)
        HONE_TRY(add_name(c, 0, HONE_TEXT(labels[i])));
    return HONE_OK;
}

/* ---- from names by appearance to numbers ---- */

/* The first cell that has class number `number`, which one has. */
static void find_cell(int64_t *row, size_t *item, const hone_dataset *d, const hone_column *c, int32_t number)
{
    size_t at = 0;
    while (c->classes[at] != number)
        at++;
    *row = (int64_t)at;
    *item = 0;
    if (!c->sequence)
        return;
    for (*row = 0; d->starts[*row + 1] <= at;)
        (*row)++;
    *item = at - d->starts[*row];
}

static hone_status fail_unknown(const hone_dataset *d, const hone_column *c, int32_t number)
{
    const hone_text *name = &c->found.items[number].name;
    int64_t row;
    size_t item;
    char word[128], list[320];
    size_t used = 0;
    find_cell(&row, &item, d, c, number);
    hone_status status =
        hone__dataset_fail_at(d, row, item, "label \"%.*s\" is none of the %zu that are known", (int)name->len, name->data, c->n_names);
    snprintf(word, sizeof(word), "%.*s", (int)(name->len < 120 ? name->len : 120), name->data);
    const char *near = hone__nearest(word, (const char *const *)c->names, c->n_names);
    for (size_t i = 0; i < c->n_names && used + 8 < sizeof(list); i++) {
        int n = snprintf(list + used, sizeof(list) - used - 5, "%s%s", i ? ", " : "", c->names[i]);
        bool fits = n > 0 && (size_t)n < sizeof(list) - used - 5;
        used += fits ? (size_t)n : (size_t)snprintf(list + used, 6, ", …");
        if (!fits)
            break;
    }
    return near ? hone__hint(status, "did you mean \"%s\"? The labels are %.*s", near, (int)used, list)
                : hone__hint(status, "the labels are %.*s", (int)used, list);
}

/* Classes that no cell has (a B- that the turn into IOB2 did not need) may be unknown. */
static void mark_used(bool *used, const hone_column *c)
{
    for (size_t i = 0; i < c->n; i++)
        used[c->classes[i]] = true;
}

static hone_status renumber(hone_dataset *d, hone_column *c)
{
    hone_classes known = {0};
    int32_t *number = NULL; /* (found.n) */
    bool *used = NULL;      /* (found.n) */
    hone_status status = HONE_OK;
    int32_t ignored;
    HONE_GO(HONE_ALLOC(&number, c->found.n));
    HONE_GO(HONE_NEW(&used, c->found.n));
    mark_used(used, c);
    for (size_t i = 0; i < c->n_names; i++) {
        HONE_GO(hone__classes_intern(&ignored, &known, HONE_TEXT(c->names[i]), 0, 0));
        if (known.n != i + 1)
            HONE_GO(hone__fail(HONE_INVALID_ARGUMENT, "label \"%s\" stands twice in the list of labels", c->names[i]));
    }
    for (size_t i = 0; i < c->found.n; i++) {
        number[i] = hone__classes_find(&known, c->found.items[i].name);
        if (number[i] < 0 && used[i])
            HONE_GO(fail_unknown(d, c, (int32_t)i));
    }
    for (size_t i = 0; i < c->n; i++)
        c->classes[i] = number[c->classes[i]];
done:
    hone__free(number);
    hone__free(used);
    hone__classes_dispose(&known);
    return status;
}

hone_status hone__classes_number(hone_dataset *d, hone_column *c, hone_tag_scheme scheme, const char *const *labels)
{
    if (labels)
        HONE_TRY(name_as_asked(c, labels));
    else if (scheme == HONE_SCHEME_NONE)
        HONE_TRY(name_plain(c));
    else
        HONE_TRY(name_entities(c, hone__scheme_prefixes(scheme)));
    HONE_TRY(renumber(d, c));
    hone__classes_dispose(&c->found);
    return HONE_OK;
}

hone_status hone__classes_keep(hone_column *c)
{
    HONE_TRY(start_names(c, c->found.n));
    for (size_t i = 0; i < c->found.n; i++)
        HONE_TRY(add_name(c, 0, c->found.items[i].name));
    hone__classes_dispose(&c->found);
    return HONE_OK;
}
