/* A profile as tables for people. An op's time is its span's without the ops in it (a layer that is computed again), a kernel's its span's; both are summed over layers and places.
 * What a part does beside its ops (records, checks, copies to and from the host) stands in a line of its own, so that the lines of each table add up to its whole. */
#include "base/log.h"
#include "nn/profile.h"
#include "nn/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *name, *note;
    int64_t calls, ns;
    double flops, bytes;
} row;

enum { MOST_ROWS = 160 };
typedef struct table {
    row rows[MOST_ROWS];
    size_t n;
} table;

static row *row_of(table *t, const char *name, const char *note)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->rows[i].name, name) == 0 && strcmp(t->rows[i].note, note) == 0)
            return &t->rows[i];
    }
    if (t->n == MOST_ROWS)
        return &t->rows[MOST_ROWS - 1];
    t->rows[t->n] = (row){.name = name, .note = note};
    return &t->rows[t->n++];
}

static bool is_op(const hone__span *s)
{
    return s->kind == HONE__SPAN_FORWARD || s->kind == HONE__SPAN_BACKWARD;
}

/* Time, operations and bytes of the spans below `at`, of what is chosen. */
static void collect(const hone_profile *p, uint32_t at, bool kernels, table *t)
{
    const hone__span *items = p->spans.items;
    for (uint32_t i = items[at].first_child; i != HONE__NO_SPAN; i = items[i].next) {
        const hone__span *s = &items[i];
        bool chosen = kernels ? s->kind == HONE__SPAN_KERNEL : is_op(s);
        if (s->calls > 0 && chosen) {
            row *r = row_of(t, s->name, kernels ? "" : s->kind == HONE__SPAN_FORWARD ? "forward" : "backward");
            r->calls += s->calls;
            r->ns += s->ns;
            r->flops += s->flops;
            r->bytes += s->bytes;
            for (uint32_t k = s->first_child; !kernels && k != HONE__NO_SPAN; k = items[k].next) {
                if (items[k].kind != HONE__SPAN_KERNEL) {
                    r->ns -= items[k].ns;
                    continue;
                }
                r->flops += items[k].flops;
                r->bytes += items[k].bytes;
            }
        }
        collect(p, i, kernels, t);
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const row *)a)->ns, y = ((const row *)b)->ns;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* ---- lines ---- */

static void number(hone_str *out, double value, bool known)
{
    if (known)
        hone__str_printf(out, " %9.1f", value);
    else
        hone__str_puts(out, "          ");
}

static void put_row(hone_str *out, const hone_profile *p, const row *r, double whole_ns, double steps)
{
    char name[48];
    double seconds = 1e-9 * (double)r->ns;
    snprintf(name, sizeof(name), *r->note ? "%s, %s" : "%s", r->name, r->note);
    hone__str_printf(out, "  %-34s %9.1f %10.3f %6.1f%%", name, (double)r->calls / steps, 1e3 * seconds / steps,
                     whole_ns > 0 ? 100.0 * (double)r->ns / whole_ns : 0.0);
    number(out, 1e-9 * r->flops / seconds, r->flops > 0 && seconds > 0);
    number(out, 1e-9 * r->bytes / seconds, r->bytes > 0 && seconds > 0);
    if (r->flops > 0 && seconds > 0 && p->peak > 0)
        hone__str_printf(out, " %7.0f%%", 100 * r->flops / seconds / p->peak);
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    hone__str_putc(out, '\n');
}

static void put_rest(hone_str *out, const char *what, double ns, double whole_ns, double steps)
{
    hone__str_printf(out, "  %-34s %9s %10.3f %6.1f%%\n", what, "", 1e-6 * ns / steps, whole_ns > 0 ? 100 * ns / whole_ns : 0.0);
}

static void put_head(hone_str *out, const char *title, const char *unit)
{
    hone__str_printf(out, "\n%-36s %9s %10s %7s %9s %9s %8s\n", title, "calls", unit, "share", "GFLOP/s", "GB/s", "of sgemm");
}

/* The children of a span, and what is left of it. */
static void put_parts(hone_str *out, const hone_profile *p, uint32_t at, double whole_ns, double steps, const char *rest)
{
    const hone__span *items = p->spans.items;
    table *t = NULL;
    double left = whole_ns;
    if (HONE_NEW(&t, 1) != HONE_OK) {
        out->failed = true;
        return;
    }
    for (uint32_t i = items[at].first_child; i != HONE__NO_SPAN; i = items[i].next) {
        if (items[i].calls == 0 || items[i].kind == HONE__SPAN_KERNEL)
            continue;
        row *r = row_of(t, is_op(&items[i]) ? "other ops" : items[i].name, "");
        double flops, bytes;
        hone__profile_work(p, i, &flops, &bytes);
        r->calls += items[i].calls;
        r->ns += items[i].ns;
        r->flops += flops;
        r->bytes += bytes;
        left -= (double)items[i].ns;
    }
    qsort(t->rows, t->n, sizeof(row), by_time);
    for (size_t i = 0; i < t->n; i++)
        put_row(out, p, &t->rows[i], whole_ns, steps);
    put_rest(out, rest, left, whole_ns, steps);
    hone__free(t);
}

static void put_work(hone_str *out, const hone_profile *p, uint32_t step, bool kernels, double steps)
{
    table *t = NULL;
    double whole = (double)p->spans.items[step].ns, left = whole;
    if (HONE_NEW(&t, 1) != HONE_OK) {
        out->failed = true;
        return;
    }
    collect(p, step, kernels, t);
    qsort(t->rows, t->n, sizeof(row), by_time);
    for (size_t i = 0; i < t->n; i++) {
        left -= (double)t->rows[i].ns;
        put_row(out, p, &t->rows[i], whole, steps);
    }
    put_rest(out, kernels ? "outside of kernels" : "outside of ops", left, whole, steps);
    hone__free(t);
}

/* ---- layers ---- */

static void add_layers(const hone_profile *p, uint32_t at, double *ns, int n_layers)
{
    const hone__span *items = p->spans.items;
    for (uint32_t i = items[at].first_child; i != HONE__NO_SPAN; i = items[i].next) {
        const hone__span *s = &items[i];
        if (is_op(s) && s->layer >= 0 && s->layer < n_layers)
            ns[2 * s->layer + (s->kind == HONE__SPAN_BACKWARD)] += (double)s->ns;
        else
            add_layers(p, i, ns, n_layers);
    }
}

static void put_layers(hone_str *out, const hone_profile *p, uint32_t step, double steps)
{
    int n_layers = 0;
    double *ns = NULL, whole = (double)p->spans.items[step].ns;
    for (size_t i = 0; i < p->spans.n_items; i++)
        n_layers = p->spans.items[i].layer >= n_layers ? p->spans.items[i].layer + 1 : n_layers;
    if (HONE_NEW(&ns, 2 * (size_t)n_layers) != HONE_OK) {
        out->failed = true;
        return;
    }
    add_layers(p, step, ns, n_layers);
    if (n_layers > 0)
        hone__str_printf(out, "\n%-36s %9s %10s %7s\n", "Layers", "forward", "backward", "share");
    for (int l = 0; l < n_layers; l++)
        hone__str_printf(out, "  layer %-28d %9.3f %10.3f %6.1f%%\n", l, 1e-6 * ns[2 * l] / steps, 1e-6 * ns[2 * l + 1] / steps,
                         whole > 0 ? 100 * (ns[2 * l] + ns[2 * l + 1]) / whole : 0.0);
    hone__free(ns);
}

/* ---- the whole ---- */

static uint32_t find_step(const hone_profile *p)
{
    const hone__span *items = p->spans.items;
    uint32_t i = items[HONE__NO_SPAN].first_child;
    while (i != HONE__NO_SPAN && (strcmp(items[i].name, "step") != 0 || items[i].calls == 0))
        i = items[i].next;
    return i;
}

static void put_summary(hone_str *out, const hone_profile *p, uint32_t step, double steps)
{
    double flops, bytes, seconds = 1e-9 * (double)p->spans.items[step].ns;
    int64_t left_out = p->n_steps - hone_profile_steps(p);
    hone__profile_work(p, step, &flops, &bytes);
    hone__str_printf(out, "%.0f steps of %.3f ms", steps, 1e3 * seconds / steps);
    if (left_out > 0)
        hone__str_printf(out, ", the first %lld left out", (long long)left_out);
    hone__str_printf(out, "; %s", hone_device_describe(p->device));
    if (flops > 0 && seconds > 0)
        hone__str_printf(out, "; %.2f GFLOP a step, %.1f GFLOP/s", 1e-9 * flops / steps, 1e-9 * flops / seconds);
    if (flops > 0 && seconds > 0 && p->peak > 0)
        hone__str_printf(out, ", %.0f %% of sgemm's %.0f", 100 * flops / seconds / p->peak, 1e-9 * p->peak);
    hone__str_putc(out, '\n');
    hone__str_printf(out, "the process held %.1f MB at most, hone itself %.1f MB\n", (double)p->rss_peak / 1e6, (double)p->own_peak / 1e6);
    if (p->spans.n_lost > 0)
        hone__str_printf(out, "%lld spans did not fit into the trace\n", (long long)p->spans.n_lost);
}

hone_status hone_profile_report(char **out, hone_profile *p, bool by_layer)
{
    hone_str text = HONE_STR_INIT;
    double run = (double)(hone__nanoseconds() - p->spans.started), steps;
    uint32_t step = find_step(p);
    hone_status status;
    *out = NULL;
    if (step == HONE__NO_SPAN)
        return hone__fail(HONE_INVALID_ARGUMENT, "profile: no step has ended");
    hone__profile_memory(p); /* before the machine's rate is measured, which takes some */
    HONE_TRY(hone__profile_peak(p));
    steps = (double)p->spans.items[step].calls;
    put_summary(&text, p, step, steps);
    put_head(&text, "The run", "ms in all");
    put_parts(&text, p, HONE__NO_SPAN, run, 1, "anything else");
    put_head(&text, "Parts of a step", "ms a step");
    put_parts(&text, p, step, (double)p->spans.items[step].ns, steps, "anything else");
    put_head(&text, "Ops", "ms a step");
    put_work(&text, p, step, false, steps);
    put_head(&text, "Kernels", "ms a step");
    put_work(&text, p, step, true, steps);
    if (by_layer)
        put_layers(&text, p, step, steps);
    status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}
