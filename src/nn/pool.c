/* Memory of a device in blocks, given back all at once: what a tape's tensors, scratch and gradients live in.
 *
 * The same idea as base's arena, but the memory comes from the backend: device memory on a GPU, addresses without memory behind them on `dry`. A reset after which
 * several blocks were needed replaces them by one that holds the most ever used, so that steps soon ask for nothing. */
#include "nn/op.h"

#define ALIGN       ((size_t)64)
#define FIRST_BLOCK ((size_t)1 << 20)

static hone_status add_block(hone__pool *p, size_t bytes)
{
    void *data = NULL;
    HONE_TRY(HONE_GROW(&p->blocks, &p->capacity, p->n_blocks + 1));
    HONE_TRY(p->backend->ops->alloc(p->backend, &data, bytes));
    p->blocks[p->n_blocks++] = (hone__pool_block){data, bytes, 0};
    return HONE_OK;
}

static void free_blocks(hone__pool *p)
{
    for (size_t i = 0; i < p->n_blocks; i++)
        p->backend->ops->release(p->backend, p->blocks[i].data, p->blocks[i].size);
    p->n_blocks = p->current = p->used = 0;
}

/* Blocks grow with the pool, so that a first step makes few of them; behind one block that held all so far little can be missing. */
static size_t next_block(const hone__pool *p, size_t bytes)
{
    size_t size = p->n_blocks == 1 ? p->used / 32 : p->used / 2;
    if (size < FIRST_BLOCK)
        size = FIRST_BLOCK;
    return bytes > size ? bytes : size;
}

hone_status hone__pool_alloc(hone__pool *p, void **out, size_t bytes)
{
    *out = NULL;
    if (bytes > SIZE_MAX - ALIGN)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %zu bytes asked for", bytes);
    size_t room = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) & ~(ALIGN - 1);
    while (p->current < p->n_blocks && p->blocks[p->current].size - p->blocks[p->current].used < room)
        p->current++;
    if (p->current >= p->n_blocks) {
        hone_status status = add_block(p, next_block(p, room));
        p->current = p->n_blocks ? p->n_blocks - 1 : 0;
        HONE_TRY(status);
    }
    hone__pool_block *b = &p->blocks[p->current];
    *out = b->data + b->used;
    b->used += room;
    p->used += room;
    if (p->used > p->peak)
        p->peak = p->used;
    return HONE_OK;
}

hone__pool_mark hone__pool_get_mark(const hone__pool *p)
{
    return (hone__pool_mark){p->current, p->n_blocks ? p->blocks[p->current].used : 0, p->used};
}

void hone__pool_release(hone__pool *p, hone__pool_mark mark)
{
    for (size_t i = mark.block; i < p->n_blocks; i++)
        p->blocks[i].used = i == mark.block ? mark.block_used : 0;
    p->current = mark.block;
    p->used = mark.used;
}

void hone__pool_reset(hone__pool *p)
{
    if (p->n_blocks <= 1) {
        hone__pool_release(p, (hone__pool_mark){0, 0, 0});
        return;
    }
    free_blocks(p);              /* before the new one is asked for */
    (void)add_block(p, p->peak); /* when that fails, the next allocation tries again and reports */
}

hone_status hone__pool_reserve(hone__pool *p, size_t bytes)
{
    HONE_ASSERT(p->used == 0);
    if (bytes == 0 || (p->n_blocks == 1 && p->blocks[0].size >= bytes))
        return HONE_OK;
    free_blocks(p);
    if (bytes > p->peak)
        p->peak = bytes;
    return add_block(p, bytes);
}

void hone__pool_dispose(hone__pool *p)
{
    free_blocks(p);
    hone__free(p->blocks);
    p->blocks = NULL;
    p->capacity = p->peak = 0;
}
