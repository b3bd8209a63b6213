/* A profile's life: it makes the device's entries measure themselves (tensor/measure.c) and is what the thread's spans go to (base/spans.h). */
#include "nn/profile.h"
#include "nn/tape.h"

#include <string.h>

/* ---- the machine's rate ---- */

enum { PEAK_SIDE = 1024, PEAK_TRIES = 8 };

static double rate_of_products(hone_backend *b, const hone_backend_ops *ops, const hone_mat m[3])
{
    double best = 0, operations = 2.0 * PEAK_SIDE * PEAK_SIDE * PEAK_SIDE;
    for (int i = 0; i <= PEAK_TRIES; i++) {
        int64_t begin = hone__nanoseconds();
        if (ops->gemm(b, &m[0], &m[1], false, &m[2], false, 1.0f, 0.0f, NULL) != HONE_OK)
            return 0;
        double rate = operations / (1e-9 * (double)(hone__nanoseconds() - begin));
        best = i > 0 && rate > best ? rate : best; /* the first finds cold memory */
    }
    return best;
}

hone_status hone__measure_peak(double *out, hone_backend *b)
{
    const hone_backend_ops *ops = b->inner ? b->inner : b->ops;
    size_t bytes = (size_t)PEAK_SIDE * PEAK_SIDE * sizeof(float);
    void *memory[3] = {NULL, NULL, NULL};
    hone_mat m[3];
    hone_status status = HONE_OK;
    *out = 0;
    if (strcmp(ops->name, "cpu") != 0)
        return HONE_OK; /* plain loops would take seconds, and a dry run computes nothing */
    for (int i = 0; i < 3; i++) {
        HONE_GO(ops->alloc(b, &memory[i], bytes));
        m[i] = (hone_mat){memory[i], HONE_DTYPE_F32, PEAK_SIDE, PEAK_SIDE, PEAK_SIDE};
        HONE_GO(ops->random(b, &m[i], HONE_RANDOM_UNIFORM, -1.0f, 1.0f, (uint64_t)i));
    }
    *out = rate_of_products(b, ops, m);
done:
    for (int i = 0; i < 3; i++)
        ops->release(b, memory[i], bytes);
    return status;
}

hone_status hone__profile_peak(hone_profile *p)
{
    return hone__measure_peak(&p->peak, p->device->backend);
}

void hone__profile_memory(hone_profile *p)
{
    hone_mem_stats stats;
    hone__mem_stats(&stats);
    p->rss_peak = hone__rss_peak();
    p->own_peak = (size_t)stats.bytes_peak;
}

/* ---- life ---- */

hone_status hone_profile_start(hone_profile **out, hone_device *device, const hone_profile_options *options)
{
    hone_profile_options defaults = HONE_PROFILE_OPTIONS_INIT;
    hone_profile *p = NULL;
    hone_status status;
    *out = NULL;
    if (!device)
        return hone__fail(HONE_INVALID_ARGUMENT, "profile: the device is NULL");
    if (hone__spans_now)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "profile: this thread is being profiled already"), "free the other one first");
    HONE_GO(HONE_NEW(&p, 1));
    p->options = options ? *options : defaults;
    HONE_GO(hone__backend_measure(device->backend, true));
    p->device = device;
    HONE_GO(hone__spans_init(&p->spans));
    hone__spans_now = &p->spans;
    *out = p;
    p = NULL;
done:
    hone_profile_free(p);
    return status;
}

void hone_profile_free(hone_profile *p)
{
    if (!p)
        return;
    if (hone__spans_now == &p->spans)
        hone__spans_now = NULL;
    if (p->device)
        hone__backend_measure(p->device->backend, false);
    hone__spans_dispose(&p->spans);
    hone__free(p->order);
    hone__free(p->depths);
    hone__free(p);
}

/* ---- steps and parts ---- */

void hone_profile_step_begin(hone_profile *p)
{
    if (!p)
        return;
    p->n_steps++;
    if (p->options.skip_steps > 0 && p->n_steps == p->options.skip_steps + 1)
        hone__spans_clear(&p->spans);
    p->spans.tracing = p->n_steps >= p->options.trace_first && p->n_steps <= p->options.trace_last;
    hone__span_begin_(&p->spans, HONE__SPAN_PART, "step", -1);
}

void hone_profile_step_end(hone_profile *p)
{
    if (p)
        hone__span_end_(&p->spans, 0, 0);
}

void hone_profile_begin(hone_profile *p, const char *name)
{
    if (p)
        hone__span_begin_(&p->spans, HONE__SPAN_PART, name, -1);
}

void hone_profile_end(hone_profile *p)
{
    if (p)
        hone__span_end_(&p->spans, 0, 0);
}

int64_t hone_profile_steps(const hone_profile *p)
{
    int64_t skip = p->options.skip_steps;
    return p->n_steps > skip ? p->n_steps - skip : p->n_steps;
}

/* ---- the sums ---- */

const char *const hone__span_kinds[] = {"part", "forward", "backward", "kernel"};

static void walk(hone_profile *p, uint32_t parent, int depth)
{
    const hone__span *items = p->spans.items;
    for (uint32_t i = items[parent].first_child; i != HONE__NO_SPAN; i = items[i].next) {
        if (items[i].calls == 0)
            continue;
        p->order[p->n_order] = i;
        p->depths[p->n_order++] = depth;
        walk(p, i, depth + 1);
    }
}

hone_status hone__profile_sort(hone_profile *p)
{
    HONE_TRY(HONE_REALLOC(&p->order, p->spans.n_items));
    HONE_TRY(HONE_REALLOC(&p->depths, p->spans.n_items));
    p->n_order = 0;
    walk(p, HONE__NO_SPAN, 0);
    return HONE_OK;
}

void hone__profile_work(const hone_profile *p, uint32_t span, double *flops, double *bytes)
{
    const hone__span *items = p->spans.items;
    *flops = items[span].flops;
    *bytes = items[span].bytes;
    for (uint32_t i = items[span].first_child; i != HONE__NO_SPAN; i = items[i].next) {
        double more_flops, more_bytes;
        hone__profile_work(p, i, &more_flops, &more_bytes);
        *flops += more_flops;
        *bytes += more_bytes;
    }
}

size_t hone_profile_count(const hone_profile *p)
{
    return hone__profile_sort((hone_profile *)p) == HONE_OK ? p->n_order : 0;
}

bool hone_profile_get(const hone_profile *p, size_t i, hone_profile_entry *out)
{
    if (i >= p->n_order)
        return false;
    const hone__span *span = &p->spans.items[p->order[i]];
    *out = (hone_profile_entry){.name = span->name,
                                .kind = hone__span_kinds[span->kind],
                                .depth = p->depths[i],
                                .layer = span->layer,
                                .calls = span->calls,
                                .seconds = 1e-9 * (double)span->ns};
    hone__profile_work(p, p->order[i], &out->flops, &out->bytes);
    return true;
}
