/* Arenas: memory that is given back all at once, for what lives as long as a training step or a parse.
 *
 * An arena is a list of blocks, used in order. A mark is a place in that list; release goes back to it and keeps the blocks behind it. Reset goes
 * back to the start and, if several blocks were needed, replaces them by one of their total size, so that the same work done again finds
 * all its room in one block and asks for nothing. Under AddressSanitizer what is not handed out is poisoned. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_POISON 1
#endif
#endif
#ifdef HAVE_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN         ((size_t)64)
#define DEFAULT_BLOCK ((size_t)64 << 10)

typedef struct block {
    char *data;
    size_t size, used;
} block;

struct hone_arena {
    block *blocks;
    size_t n_blocks, capacity, current, block_bytes, peak;
};

hone_status hone__arena_new(hone_arena **out, size_t block_bytes)
{
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->block_bytes = block_bytes ? block_bytes : DEFAULT_BLOCK;
    return HONE_OK;
}

static void free_blocks(hone_arena *arena)
{
    for (size_t i = 0; i < arena->n_blocks; i++) {
        ASAN_UNPOISON_MEMORY_REGION(arena->blocks[i].data, arena->blocks[i].size);
        hone__pages_free(arena->blocks[i].data, arena->blocks[i].size);
    }
    arena->n_blocks = arena->current = 0;
}

void hone__arena_free(hone_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena);
    hone__free(arena->blocks);
    hone__free(arena);
}

/* Adds a block behind the last one. */
static hone_status add_block(hone_arena *arena, size_t bytes)
{
    void *data = NULL;
    HONE_TRY(HONE_GROW(&arena->blocks, &arena->capacity, arena->n_blocks + 1));
    HONE_TRY(hone__pages_alloc(&data, bytes));
    ASAN_POISON_MEMORY_REGION(data, bytes);
    arena->blocks[arena->n_blocks++] = (block){data, bytes, 0};
    return HONE_OK;
}

/* The first block from the current one on with room for bytes; NULL when memory is out. */
static block *find_room(hone_arena *arena, size_t bytes)
{
    for (size_t i = arena->current; i < arena->n_blocks; i++) {
        if (arena->blocks[i].size - arena->blocks[i].used >= bytes) {
            arena->current = i;
            return &arena->blocks[i];
        }
    }
    size_t size = bytes > arena->block_bytes ? bytes : arena->block_bytes, total = 0;
    for (size_t i = 0; i < arena->n_blocks; i++)
        total += arena->blocks[i].size;
    if (size < total / 2) /* so that there are never many blocks */
        size = total / 2 & ~(ALIGN - 1);
    if (add_block(arena, size) != HONE_OK)
        return NULL;
    arena->current = arena->n_blocks - 1;
    return &arena->blocks[arena->current];
}

void *hone__arena_alloc(hone_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGN) {
        hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %zu bytes asked for", bytes);
        return NULL;
    }
    size_t room = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) & ~(ALIGN - 1);
    block *b = find_room(arena, room);
    if (!b)
        return NULL;
    char *result = b->data + b->used;
    b->used += room;
    ASAN_UNPOISON_MEMORY_REGION(result, bytes);
    size_t used = hone__arena_used(arena);
    if (used > arena->peak)
        arena->peak = used;
    return result;
}

hone_arena_mark hone__arena_mark(const hone_arena *arena)
{
    return (hone_arena_mark){arena->current, arena->n_blocks ? arena->blocks[arena->current].used : 0};
}

void hone__arena_release(hone_arena *arena, hone_arena_mark mark)
{
    for (size_t i = mark.block; i < arena->n_blocks; i++) {
        block *b = &arena->blocks[i];
        size_t keep = i == mark.block ? mark.used : 0;
        HONE_ASSERT(keep <= b->used);
        ASAN_POISON_MEMORY_REGION(b->data + keep, b->size - keep);
        b->used = keep;
    }
    arena->current = mark.block;
}

void hone__arena_reset(hone_arena *arena)
{
    if (arena->n_blocks <= 1) {
        hone__arena_release(arena, (hone_arena_mark){0, 0});
        return;
    }
    size_t total = 0;
    for (size_t i = 0; i < arena->n_blocks; i++)
        total += arena->blocks[i].size;
    free_blocks(arena);            /* before the new one is asked for: the peak stays what the work itself needed */
    (void)add_block(arena, total); /* when that fails the next allocation tries again, and reports */
}

size_t hone__arena_used(const hone_arena *arena)
{
    size_t used = 0;
    for (size_t i = 0; i < arena->n_blocks && i <= arena->current; i++)
        used += arena->blocks[i].used;
    return used;
}

size_t hone__arena_peak(const hone_arena *arena)
{
    return arena->peak;
}

char *hone__arena_printf(hone_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : hone__arena_alloc(arena, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
