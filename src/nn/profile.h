/* A profile from the inside: profile.c runs it, profile_report.c prints it, profile_trace.c writes its trace. */
#ifndef HONE_NN_PROFILE_H
#define HONE_NN_PROFILE_H

#include "base/spans.h"
#include "tensor/backend.h"
#include <hone/profile.h>

struct hone_profile {
    hone__spans spans;
    hone_device *device;
    hone_profile_options options;
    int64_t n_steps;           /* begun */
    double peak;               /* operations a second of sgemm; 0: unknown */
    size_t rss_peak, own_peak; /* bytes that the process, and hone's own memory, held at most until the report */
    uint32_t *order;           /* entries: spans with calls, parents first */
    int *depths;               /* of them */
    size_t n_order;
};

/* Names of hone__span_kind. */
extern const char *const hone__span_kinds[];
/* What hone__measure_peak takes while it measures. */
#define HONE__PEAK_BYTES ((size_t)3 * 1024 * 1024 * sizeof(float))
/* Operations a second of a product of 1024 x 1024 matrices on this device, the best of a few (some 10 ms each at 200 GFLOP/s); 0 where that says nothing. */
hone_status hone__measure_peak(double *out, hone_backend *b);
/* The same into peak. */
hone_status hone__profile_peak(hone_profile *p);
/* The process's memory into rss_peak and own_peak. */
void hone__profile_memory(hone_profile *p);
/* Brings `order` up to date. */
hone_status hone__profile_sort(hone_profile *p);
/* Operations and bytes of a span with all that lies in it. */
void hone__profile_work(const hone_profile *p, uint32_t span, double *flops, double *bytes);

#endif
