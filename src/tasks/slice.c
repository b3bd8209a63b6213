/* A part of a set of examples, for splits: [first, first + n) of another set that outlives it. */
#include "tasks/job.h"
#include "base/mem.h"

typedef struct slice {
    const hone_examples *of;
    int64_t first;
} slice;

static hone_status get(void *self, int64_t i, hone_example *out)
{
    const slice *s = self;
    return hone_examples_get(s->of, s->first + i, out);
}

static int32_t length(void *self, int64_t i)
{
    const slice *s = self;
    return hone_examples_length(s->of, s->first + i);
}

static void free_slice(void *self)
{
    hone__free(self);
}

hone_status hone__examples_slice(hone_examples **out, const hone_examples *e, int64_t first, int64_t n)
{
    static const hone_examples_ops ops = {get, length, free_slice};
    slice *s = NULL;
    *out = NULL;
    HONE_TRY(HONE_NEW(&s, 1));
    s->of = e;
    s->first = first;
    return hone_examples_new(out, &ops, s, n);
}
