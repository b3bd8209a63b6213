/* Where the time of a training step goes: op by op, kernel by kernel, with GFLOP/s, GB/s and the share of the machine's sgemm rate; and a Chrome trace.
 *
 *     CHECK(hone_profile_start(&profile, device, NULL));
 *     while (hone_loader_next(loader, &batch)) {
 *         hone_profile_step_begin(profile);
 *         …                                            forward, backward, optimizer: the library's own parts are spans by themselves
 *         hone_profile_begin(profile, "my metric");    and so is this
 *         …
 *         hone_profile_end(profile);
 *         hone_profile_step_end(profile);
 *     }
 *     CHECK(hone_profile_report(&text, profile, false));
 *     CHECK(hone_profile_write_trace(profile, "trace.json"));       for chrome://tracing and ui.perfetto.dev
 *     hone_profile_free(profile);
 *
 * `hone train --profile` and `hone evaluate --profile` do the same (hone_training_args.profile), and `hone pipeline --profile`, whose steps are batches of texts. A span costs 0.1 to 0.2 us while a profile is on (bench_spans), nothing while none is. */
#ifndef HONE_PROFILE_H
#define HONE_PROFILE_H

#include <hone/tape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_profile hone_profile;
typedef struct hone_profile_options {
    int64_t skip_steps; /* the first steps, which stay out of the numbers, with all that came before: buffers grow, pages are new; 3 */
    int64_t trace_first, trace_last; /* steps of the trace, counted from 1; 0, 0: none */
} hone_profile_options;
#define HONE_PROFILE_OPTIONS_INIT \
    {                             \
        3, 4, 6                   \
    }

/* Starts: all that this thread computes on device is measured from now on. options NULL: the defaults. One profile a thread; HONE_INVALID_ARGUMENT when there is one.
 */
HONE_API hone_status hone_profile_start(hone_profile **out, hone_device *device, const hone_profile_options *options);
/* Ends it, on the same thread and before the device is freed; NULL is legal. */
HONE_API void hone_profile_free(hone_profile *p);

/* A step begins: what comes until hone_profile_step_end is a part of it. p NULL: nothing happens, here and below. */
HONE_API void hone_profile_step_begin(hone_profile *p);
/* It ends. */
HONE_API void hone_profile_step_end(hone_profile *p);
/* A part of one's own begins; parts nest. name is a text that lives as long as the profile. */
HONE_API void hone_profile_begin(hone_profile *p, const char *name);
/* The part that was begun last ends. */
HONE_API void hone_profile_end(hone_profile *p);

/* One line of the sums. Entries form a tree, parents first. */
typedef struct hone_profile_entry {
    const char *name; /* "step", "backward", "feed-forward", "linear_dx". Lent */
    const char *kind; /* "part", "forward", "backward" (ops), "kernel" (entries of the backend) */
    int depth;        /* in the tree: 0 at the top */
    int layer;        /* of the model; -1: none */
    int64_t calls;
    double seconds;      /* what lies in it included */
    double flops, bytes; /* what lies in it included. flops: of matrix products and attention; bytes: of operands, each counted once */
} hone_profile_entry;
/* Steps that the numbers are of. */
HONE_API int64_t hone_profile_steps(const hone_profile *p);
/* The number of entries. */
HONE_API size_t hone_profile_count(const hone_profile *p);
/* Entry i; false beyond the last. */
HONE_API bool hone_profile_get(const hone_profile *p, size_t i, hone_profile_entry *out);
/* Tables for people: what the process held at most, parts of the run, of a step, ops, kernels; with by_layer also the model's layers. The machine's sgemm rate is measured now (some 0.05 s). Free with
 * hone_free_text. HONE_INVALID_ARGUMENT when no step has ended. */
HONE_API hone_status hone_profile_report(char **out, hone_profile *p, bool by_layer);
/* The steps trace_first to trace_last as Trace Event JSON, for chrome://tracing and ui.perfetto.dev; HONE_IO or HONE_NOT_FOUND when path cannot be written. */
HONE_API hone_status hone_profile_write_trace(const hone_profile *p, const char *path);

#ifdef __cplusplus
}
#endif
#endif
