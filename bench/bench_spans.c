/* What a span of a profile costs: steps of 8 parts with 30 spans in each, which do nothing, with a profile, with its trace too, and without a profile.
 *
 *     bench_spans [steps 20000]
 *
 * Prints one JSON object: nanoseconds a span, the best of five rounds. src/base/spans.h has the spans. */
#include "base/log.h"
#include "base/spans.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 8, SPANS = 30, ROUNDS = 5 };

static void one_step(void)
{
    static const char *const names[SPANS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",  "m",  "n",  "o",
                                             "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd"};
    hone__part_begin("step");
    for (int part = 0; part < PARTS; part++) {
        hone__part_begin(names[part]);
        for (int i = 0; i < SPANS; i++) {
            hone__span_begin(HONE__SPAN_KERNEL, names[i], -1);
            hone__span_end();
        }
        hone__span_end();
    }
    hone__span_end();
}

/* ns a span; tracing: of the first steps, as a trace has them (2^18 events and no more are kept). */
static double cost(hone__spans *spans, bool tracing, int steps)
{
    const double n = (double)steps * (1 + PARTS * (1 + SPANS));
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        if (spans)
            spans->tracing = tracing, spans->n_events = 0;
        double begun = hone__seconds();
        for (int i = 0; i < steps; i++)
            one_step();
        double ns = (hone__seconds() - begun) * 1e9 / n;
        best = ns < best ? ns : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    int steps = argc > 1 ? atoi(argv[1]) : 20000;
    hone__spans spans;
    if (steps < 1) {
        fprintf(stderr, "usage: bench_spans [steps]\n");
        return 2;
    }
    if (hone__spans_init(&spans) != HONE_OK) {
        fprintf(stderr, "%s\n", hone_error_message());
        return 1;
    }
    double without = cost(NULL, false, steps);
    hone__spans_now = &spans;
    double with = cost(&spans, false, steps), traced = cost(&spans, true, steps < 1000 ? steps : 1000);
    hone__spans_now = NULL;
    printf("{\"steps\": %d, \"spans_a_step\": %d, \"ns_profiled\": %.1f, \"ns_traced\": %.1f, \"ns_without\": %.2f}\n", steps,
           1 + PARTS * (1 + SPANS), with, traced, without);
    hone__spans_dispose(&spans);
    return 0;
}
