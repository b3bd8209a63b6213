/* Tokenized examples behind a table of functions, so that the loader knows nothing about tasks or files; and parts of them (the first n, a range, a split). */
#include <hone/loader.h>

#include "base/mem.h"
#include "data/examples.h"

#include <math.h>

struct hone_examples {
    hone_examples_ops ops;
    void *self;
    int64_t n;
};

hone_status hone_examples_new(hone_examples **out, const hone_examples_ops *ops, void *self, int64_t n)
{
    hone_examples *e = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    if (!ops || !ops->get || !ops->length || n < 0)
        status = hone__fail(HONE_INVALID_ARGUMENT, "hone_examples_new: get and length must be given and n must not be negative");
    if (status == HONE_OK)
        status = HONE_NEW(&e, 1);
    if (status != HONE_OK) {
        if (ops && ops->free)
            ops->free(self);
        return status;
    }
    e->ops = *ops;
    e->self = self;
    e->n = n;
    *out = e;
    return HONE_OK;
}

void hone_examples_free(hone_examples *e)
{
    if (e && e->ops.free)
        e->ops.free(e->self);
    hone__free(e);
}

void *hone__examples_self(const hone_examples *e, const hone_examples_ops *ops)
{
    return e->ops.get == ops->get && e->ops.free == ops->free ? e->self : NULL;
}

int64_t hone_examples_count(const hone_examples *e)
{
    return e ? e->n : 0;
}

hone_status hone_examples_get(const hone_examples *e, int64_t i, hone_example *out)
{
    *out = (hone_example){.row_label = HONE_NO_LABEL, .start_position = HONE_NO_LABEL, .end_position = HONE_NO_LABEL};
    if (!e || i < 0 || i >= e->n)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no example %lld, there are %lld", (long long)i,
                          (long long)hone_examples_count(e));
    return e->ops.get(e->self, i, out);
}

int32_t hone_examples_length(const hone_examples *e, int64_t i)
{
    return e && i >= 0 && i < e->n ? e->ops.length(e->self, i) : 0;
}

/* ---- parts of others ---- */

typedef struct range {
    const hone_examples *base;
    int64_t first;
} range;

static hone_status range_get(void *self, int64_t i, hone_example *out)
{
    const range *r = self;
    return hone_examples_get(r->base, r->first + i, out);
}

static int32_t range_length(void *self, int64_t i)
{
    const range *r = self;
    return hone_examples_length(r->base, r->first + i);
}

hone_status hone_examples_range(hone_examples **out, const hone_examples *e, int64_t first, int64_t n)
{
    static const hone_examples_ops ops = {range_get, range_length, hone__free};
    range *r = NULL;
    *out = NULL;
    if (!e || first < 0 || n < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_examples_range: the examples must be given, first and n must not be negative");
    int64_t left = first < e->n ? e->n - first : 0;
    HONE_TRY(HONE_NEW(&r, 1));
    r->base = e;
    r->first = first;
    return hone_examples_new(out, &ops, r, n < left ? n : left);
}

hone_status hone_examples_take(hone_examples **out, const hone_examples *e, int64_t n)
{
    return hone_examples_range(out, e, 0, n < 0 ? INT64_MAX : n);
}

hone_status hone_examples_split(hone_examples **train, hone_examples **validation, const hone_examples *e, double percent)
{
    *train = *validation = NULL;
    int64_t n = hone_examples_count(e);
    if (!(percent > 0 && percent < 100))
        return hone__fail(HONE_INVALID_ARGUMENT, "a validation split of %g percent: it must lie between 0 and 100", percent);
    if (n < 2)
        return hone__fail(HONE_INVALID_ARGUMENT, "%lld examples cannot be split into training and validation", (long long)n);
    int64_t held = llround((double)n * percent / 100.0);
    held = held < 1 ? 1 : held > n - 1 ? n - 1 : held;
    HONE_TRY(hone_examples_range(validation, e, 0, held));
    hone_status status = hone_examples_range(train, e, held, n - held);
    if (status != HONE_OK) {
        hone_examples_free(*validation);
        *validation = NULL;
    }
    return status;
}
