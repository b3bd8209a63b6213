/* Tags of a whole data set: which scheme they follow, and IOB1 turned into IOB2.
 *
 * The scheme is found out from all files together. Prefixes alone decide where they can (U or L: BILOU; S, or E beside B: IOBES); B and I are IOB1 when an I- begins
 * an entity and no B- stands but between two entities of one type; E and I are IOE1 when an entity ends with I-. Tags with I- alone are IOB1 in which no two entities
 * touch, as WikiGold's are: IO has to be asked for. Where B- and I- both begin entities the file is at odds with itself: the more frequent way wins, with a warning. */
#include "base/log.h"
#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

/* The classes of a column, taken apart: by the column's numbers. */
typedef struct tag_table {
    char *prefixes; /* (n), 0: no tag of a scheme */
    int32_t *types; /* (n) number of the type */
    hone_classes type_names;
    size_t n;
} tag_table;

static void dispose(tag_table *t)
{
    hone__free(t->prefixes);
    hone__free(t->types);
    hone__classes_dispose(&t->type_names);
}

static hone_status take_apart(tag_table *t, const hone_column *c)
{
    t->n = c->found.n;
    HONE_TRY(HONE_NEW(&t->prefixes, t->n));
    HONE_TRY(HONE_NEW(&t->types, t->n));
    for (size_t i = 0; i < t->n; i++) {
        const hone_class *found = &c->found.items[i];
        hone_tag tag = hone__tag_parse(found->name);
        t->prefixes[i] = tag.prefix;
        HONE_TRY(hone__classes_intern(&t->types[i], &t->type_names, tag.type, found->row, found->item));
    }
    return HONE_OK;
}

/* ---- which scheme ---- */

static hone_status fail_tag(const hone_dataset *d, const hone_class *tag, const char *outside)
{
    return hone__hint(
        hone__dataset_fail_at(d, tag->row, tag->item, "tag \"%.*s\" is outside %s", (int)tag->name.len, tag->name.data, outside),
        "a tag is O, or a prefix, a hyphen and a type: B-PER, I-PER (IOB), also E- S- (IOBES) or L- U- (BILOU)");
}

/* "B-", or "PER-B": meant as a tag of a scheme, and none. */
static bool is_near_tag(hone_text name)
{
    static const char letters[] = "BIESLU";
    if (name.len == 2 && name.data[1] == '-')
        return memchr(letters, name.data[0], sizeof(letters) - 1);
    return name.len > 2 && name.data[name.len - 2] == '-' && memchr("BI", name.data[name.len - 1], 2);
}

/* True when the tags are meant to mark entities: one has a prefix and a type, or all are O and bare prefixes. */
static bool marks_entities(const hone_column *c, const tag_table *t)
{
    bool all = true;
    for (size_t i = 0; i < t->n; i++) {
        hone_text name = c->found.items[i].name;
        if ((t->prefixes[i] && name.len > 2) || (!t->prefixes[i] && is_near_tag(name)))
            return true;
        all = all && t->prefixes[i];
    }
    return all;
}

/* The prefixes that occur must be among `allowed`. */
static hone_status check_prefixes(const hone_dataset *d, const hone_column *c, const tag_table *t, const char *allowed, const char *outside)
{
    for (size_t i = 0; i < t->n; i++)
        if (!t->prefixes[i] || (t->prefixes[i] != 'O' && !strchr(allowed, t->prefixes[i])))
            return fail_tag(d, &c->found.items[i], outside);
    return HONE_OK;
}

/* How entities begin and end. */
typedef struct boundaries {
    int64_t i_begins; /* I- behind O, another type or nothing */
    int64_t b_begins; /* B- there: IOB1 has none */
    int64_t i_ends;   /* I- before those: IOE2 has none */
    int64_t row;      /* the first row with i_begins */
    size_t item;
} boundaries;

/* True where items k-1 and k (of n, tags at row) are of one type and no O. */
static bool continues(const tag_table *t, const int32_t *row, size_t k, size_t n)
{
    if (k == 0 || k >= n)
        return false;
    char before = t->prefixes[row[k - 1]], now = t->prefixes[row[k]];
    return before != 'O' && now != 'O' && t->types[row[k - 1]] == t->types[row[k]];
}

static void look_at_boundaries(boundaries *b, const hone_dataset *d, const hone_column *c, const tag_table *t)
{
    *b = (boundaries){.row = -1};
    for (int64_t r = 0; c->classes && r < d->n_rows; r++) {
        size_t n = d->starts[r + 1] - d->starts[r];
        const int32_t *row = c->classes + d->starts[r]; /* (n) */
        for (size_t k = 0; k < n; k++) {
            char prefix = t->prefixes[row[k]];
            bool begins = !continues(t, row, k, n);
            b->b_begins += prefix == 'B' && begins;
            b->i_begins += prefix == 'I' && begins;
            b->i_ends += prefix == 'I' && !continues(t, row, k + 1, n);
            if (prefix == 'I' && begins && b->row < 0) {
                b->row = r;
                b->item = k;
            }
        }
    }
}

static void warn_of_mixture(const hone_dataset *d, const boundaries *b)
{
    int64_t line;
    const char *path = hone_dataset_place(&line, d, b->row, b->item);
    hone__log(HONE_LOG_WARNING, "%s:%lld: an entity begins with I-, as %lld do; %lld begin with B-: the tags are read as %s", path,
              (long long)line, (long long)b->i_begins, (long long)b->b_begins, b->b_begins >= b->i_begins ? "IOB2" : "IOB1");
}

/* The scheme of tags whose prefixes are in `seen`. */
static hone_tag_scheme find_scheme(const char *seen, const hone_dataset *d, const hone_column *c, const tag_table *t)
{
    boundaries b;
    if (strpbrk(seen, "LU"))
        return HONE_SCHEME_BILOU;
    if (strchr(seen, 'S') || (strchr(seen, 'E') && strchr(seen, 'B')))
        return HONE_SCHEME_IOBES;
    look_at_boundaries(&b, d, c, t);
    if (strchr(seen, 'E'))
        return b.i_ends > 0 ? HONE_SCHEME_IOE1 : HONE_SCHEME_IOE2;
    if (b.i_begins > 0 && b.b_begins > 0)
        warn_of_mixture(d, &b);
    return b.i_begins > b.b_begins ? HONE_SCHEME_IOB1 : HONE_SCHEME_IOB2;
}

static hone_status find_out(hone_tag_scheme *out, const hone_dataset *d, const hone_column *c, const tag_table *t)
{
    char seen[8] = "";
    size_t n = 0;
    if (!marks_entities(c, t)) {
        *out = HONE_SCHEME_NONE;
        return HONE_OK;
    }
    HONE_TRY(check_prefixes(d, c, t, "BIESLU", "every scheme"));
    for (size_t i = 0; i < t->n; i++)
        if (t->prefixes[i] != 'O' && !strchr(seen, t->prefixes[i]))
            seen[n++] = t->prefixes[i];
    *out = find_scheme(seen, d, c, t);
    return check_prefixes(d, c, t, hone__scheme_prefixes(*out),
                          *out == HONE_SCHEME_BILOU ? "BILOU, which other tags follow" : "the scheme");
}

hone_status hone__tags_scheme(hone_tag_scheme *out, const hone_dataset *d, const hone_column *c, hone_tag_scheme asked)
{
    tag_table t = {0};
    char outside[64];
    *out = asked;
    if (asked == HONE_SCHEME_NONE)
        return HONE_OK;
    hone_status status = take_apart(&t, c);
    snprintf(outside, sizeof(outside), "the scheme %s", hone_tag_scheme_name(asked));
    if (status == HONE_OK && asked == HONE_SCHEME_AUTO)
        status = find_out(out, d, c, &t);
    else if (status == HONE_OK)
        status = check_prefixes(d, c, &t, hone__scheme_prefixes(asked), outside);
    dispose(&t);
    return status;
}

/* ---- IOB1 to IOB2 ---- */

/* The class B-X for each type X that an I- has, added where it is missing: (types). */
static hone_status add_begins(int32_t *begin_of, hone_dataset *d, hone_column *c, const tag_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        hone_class tag = c->found.items[i];
        hone_text name = tag.name;
        char *copy = NULL;
        if (t->prefixes[i] != 'I')
            continue;
        HONE_TRY(hone__strndup(&copy, name.data, name.len));
        copy[0] = 'B';
        hone_status status = hone__dataset_keep_text(&name, d, (hone_text){copy, name.len});
        hone__free(copy);
        HONE_TRY(status);
        HONE_TRY(hone__classes_intern(&begin_of[t->types[i]], &c->found, name, tag.row, tag.item));
    }
    return HONE_OK;
}

hone_status hone__tags_to_iob2(hone_dataset *d, hone_column *c)
{
    tag_table t = {0};
    int32_t *begin_of = NULL; /* (types) */
    hone_status status = HONE_OK;
    HONE_GO(take_apart(&t, c));
    HONE_GO(HONE_NEW(&begin_of, t.type_names.n));
    HONE_GO(add_begins(begin_of, d, c, &t));
    for (int64_t r = 0; c->classes && r < d->n_rows; r++) {
        size_t n = d->starts[r + 1] - d->starts[r];
        int32_t *row = c->classes + d->starts[r]; /* (n) */
        for (size_t k = n; k-- > 0;)              /* from the end: what stands before is still as it was */
            if (t.prefixes[row[k]] == 'I' && !continues(&t, row, k, n))
                row[k] = begin_of[t.types[row[k]]];
    }
done:
    hone__free(begin_of);
    dispose(&t);
    return status;
}
