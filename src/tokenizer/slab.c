/* Where the encodings of a batch lie: slabs of several MB, backed by huge pages where the kernel has them.
 *
 * A batch of encodings is some twelve times its text, all of it new memory, and on a virtual machine a page fault of 4 KB costs as much as the tokens that fit there. A slab
 * counts what lies in it and goes when the last of that goes, so that an encoding is still freed by itself; one that is kept keeps its slab. */
#include "tokenizer/encoding.h"

#include <stdatomic.h>

#define SLAB_BYTES ((size_t)4 << 20)

struct hone__slab {
    atomic_size_t n_users;
    size_t used; /* of SLAB_BYTES */
};

/* Blocks of a slab begin where any object may. */
static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

void hone__slab_drop(hone__slab *slab)
{
    if (slab && atomic_fetch_sub_explicit(&slab->n_users, 1, memory_order_acq_rel) == 1)
        hone__pages_free(slab, SLAB_BYTES);
}

hone_status hone__slab_take(void **out, hone__slab **slab, size_t bytes)
{
    size_t need = round_up(bytes);
    *out = NULL;
    if (*slab && SLAB_BYTES - (*slab)->used < need) {
        hone__slab_drop(*slab);
        *slab = NULL;
    }
    if (!*slab) {
        HONE_TRY(hone__pages_alloc((void **)slab, SLAB_BYTES));
        atomic_init(&(*slab)->n_users, 1);
        (*slab)->used = round_up(sizeof **slab);
    }
    *out = (char *)*slab + (*slab)->used;
    (*slab)->used += need;
    atomic_fetch_add_explicit(&(*slab)->n_users, 1, memory_order_relaxed);
    return HONE_OK;
}
