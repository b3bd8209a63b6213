/* Where the encodings of a batch lie: slabs of several MB, backed by huge pages where the kernel has them.
 *
 * A batch of encodings is some twelve times its text, all of it new memory, and on a virtual machine a page fault of 4 KB costs as much as the tokens that fit there. A slab
 * counts what lies in it and goes when the last of that goes, so that an encoding is still freed by itself; one that is kept keeps its slab. The tokenizer keeps a few
 * empty ones for its next batch. */
#include "tokenizer/encoding.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLAB_BYTES ((size_t)4 << 20)
#define KEPT       4 /* empty slabs of a tokenizer */

struct hone__slab {
    atomic_size_t n_users;
    size_t used; /* of SLAB_BYTES */
    hone__slab_shelf *shelf;
    hone__slab *next; /* on the shelf */
};

struct hone__slab_shelf {
    pthread_mutex_t lock;
    hone__slab *empty;
    size_t n;
};

hone_status hone__slab_shelf_new(hone__slab_shelf **out)
{
    HONE_TRY(HONE_NEW(out, 1));
    pthread_mutex_init(&(*out)->lock, NULL);
    return HONE_OK;
}

void hone__slab_shelf_trim(hone__slab_shelf *shelf)
{
    pthread_mutex_lock(&shelf->lock);
    hone__slab *slab = shelf->empty;
    shelf->empty = NULL;
    shelf->n = 0;
    pthread_mutex_unlock(&shelf->lock);
    while (slab) {
        hone__slab *next = slab->next;
        hone__pages_free(slab, SLAB_BYTES);
        slab = next;
    }
}

void hone__slab_shelf_free(hone__slab_shelf *shelf)
{
    if (!shelf)
        return;
    hone__slab_shelf_trim(shelf);
    pthread_mutex_destroy(&shelf->lock);
    hone__free(shelf);
}

/* Blocks of a slab begin where any object may. */
static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static hone_status new_slab(hone__slab **out, hone__slab_shelf *shelf)
{
    pthread_mutex_lock(&shelf->lock);
    *out = shelf->empty;
    if (*out) {
        shelf->empty = (*out)->next;
        shelf->n--;
    }
    pthread_mutex_unlock(&shelf->lock);
    if (!*out)
        HONE_TRY(hone__pages_alloc((void **)out, SLAB_BYTES));
    atomic_init(&(*out)->n_users, 1);
    (*out)->used = round_up(sizeof **out);
    (*out)->shelf = shelf;
    return HONE_OK;
}

void hone__slab_drop(hone__slab *slab)
{
    if (!slab || atomic_fetch_sub_explicit(&slab->n_users, 1, memory_order_acq_rel) != 1)
        return;
    hone__slab_shelf *shelf = slab->shelf;
    pthread_mutex_lock(&shelf->lock);
    bool keep = shelf->n < KEPT;
    if (keep) {
        slab->next = shelf->empty;
        shelf->empty = slab;
        shelf->n++;
    }
    pthread_mutex_unlock(&shelf->lock);
    if (!keep)
        hone__pages_free(slab, SLAB_BYTES);
}

hone_status hone__slab_take(void **out, hone__slab **slab, hone__slab_shelf *shelf, size_t bytes)
{
    size_t need = round_up(bytes);
    *out = NULL;
    if (*slab && SLAB_BYTES - (*slab)->used < need) {
        hone__slab_drop(*slab);
        *slab = NULL;
    }
    if (!*slab)
        HONE_TRY(new_slab(slab, shelf));
    *out = (char *)*slab + (*slab)->used;
    (*slab)->used += need;
    atomic_fetch_add_explicit(&(*slab)->n_users, 1, memory_order_relaxed);
    return HONE_OK;
}
