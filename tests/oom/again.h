/* Sweeps that look at one call at a time: the n-th allocation fails, the call says so and gives nothing, and the very same call succeeds at once, with the objects that it works on. */
#ifndef HONE_TESTS_OOM_AGAIN_H
#define HONE_TESTS_OOM_AGAIN_H

#include "support/support.h"

static size_t n_refused; /* calls of the present sweep that gave HONE_OUT_OF_MEMORY */

/* The call, and once more when there was no memory for it, where `nothing` must hold then; the second time there is. Needs a status and a label done. */
#define SURVIVE(nothing, call)              \
    do {                                    \
        status = (call);                    \
        if (status == HONE_OUT_OF_MEMORY) { \
            n_refused++;                    \
            assert_true(nothing);           \
            status = (call);                \
            assert_ok(status);              \
        }                                   \
        if (status != HONE_OK)              \
            goto done;                      \
    } while (0)

/* Sweeps over a body all of whose calls are such; at most `made_good` of its allocations may fail without one of them saying so. Gives the number of allocations. */
static inline size_t sweep_calls(hone_status (*body)(void *payload), void *payload, size_t made_good)
{
    n_refused = 0;
    size_t n = test_oom(body, payload);
    assert_in_range(n_refused, n > made_good ? n - made_good : 0, n);
    return n;
}

#endif
