/* The library's only door to malloc, and the counters and the failing hook behind it.
 *
 * Owned objects come from malloc and are counted by malloc_usable_size, so that they need no header. Pages are anonymous mappings, aligned to 2 MiB
 * when they are big, so that the kernel can back them with huge pages. Under AddressSanitizer pages come from the heap instead: mappings are
 * no roots for its leak search and have no red zones. */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define PAGES_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAGES_FROM_HEAP 1
#endif
#endif

#define PAGE      ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)

static atomic_uint_fast64_t n_requests, bytes_now, bytes_peak;
static atomic_int_fast64_t fail_after; /* > 0: that many requests from now one fails */

bool hone__mul_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool hone__add_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Counts a request; true when the hook says that it fails. */
static bool request_fails(void)
{
    atomic_fetch_add_explicit(&n_requests, 1, memory_order_relaxed);
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) <= 0)
        return false;
    return atomic_fetch_sub(&fail_after, 1) == 1;
}

static void count_bytes(size_t more, size_t less)
{
    uint64_t now = atomic_fetch_add_explicit(&bytes_now, (uint64_t)more - less, memory_order_relaxed) + more - less;
    uint64_t peak = atomic_load_explicit(&bytes_peak, memory_order_relaxed);
    while (more > less && now > peak &&
           !atomic_compare_exchange_weak_explicit(&bytes_peak, &peak, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static hone_status fail_memory(size_t n, size_t size)
{
    if (size == 1)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %zu bytes asked for", n);
    return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %zu objects of %zu bytes asked for", n, size);
}

hone_status hone__alloc_(void **out, size_t n, size_t size)
{
    size_t bytes;
    *out = NULL;
    if (n == 0)
        return HONE_OK;
    if (!hone__mul_size(&bytes, n, size) || request_fails() || !(*out = malloc(bytes)))
        return fail_memory(n, size);
    count_bytes(malloc_usable_size(*out), 0);
    return HONE_OK;
}

hone_status hone__calloc_(void **out, size_t n, size_t size)
{
    size_t bytes;
    *out = NULL;
    if (n == 0)
        return HONE_OK;
    if (!hone__mul_size(&bytes, n, size) || request_fails() || !(*out = calloc(1, bytes)))
        return fail_memory(n, size);
    count_bytes(malloc_usable_size(*out), 0);
    return HONE_OK;
}

hone_status hone__realloc_(void **block, size_t n, size_t size)
{
    size_t bytes;
    if (n == 0) {
        hone__free(*block);
        *block = NULL;
        return HONE_OK;
    }
    size_t before = *block ? malloc_usable_size(*block) : 0;
    void *moved;
    if (!hone__mul_size(&bytes, n, size) || request_fails() || !(moved = realloc(*block, bytes)))
        return fail_memory(n, size);
    *block = moved;
    count_bytes(malloc_usable_size(moved), before);
    return HONE_OK;
}

void hone__free(void *block)
{
    if (!block)
        return;
    count_bytes(0, malloc_usable_size(block));
    free(block);
}

hone_status hone__strndup(char **out, const char *text, size_t len)
{
    size_t bytes;
    *out = NULL;
    if (!hone__add_size(&bytes, len, 1))
        return fail_memory(len, 1);
    HONE_TRY(HONE_ALLOC(out, bytes));
    if (len > 0)
        memcpy(*out, text, len);
    (*out)[len] = '\0';
    return HONE_OK;
}

hone_status hone__strdup(char **out, const char *text)
{
    return hone__strndup(out, text, strlen(text));
}

hone_status hone__grow_(void **block, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return HONE_OK;
    size_t n = *capacity > SIZE_MAX / 2 ? need : 2 * *capacity;
    if (n < 16)
        n = 16;
    if (n < need)
        n = need;
    HONE_TRY(hone__realloc_(block, n, size));
    *capacity = n;
    return HONE_OK;
}

#ifdef PAGES_FROM_HEAP

static void *map_pages(size_t bytes)
{
    void *pages = NULL;
    if (posix_memalign(&pages, PAGE, bytes) != 0)
        return NULL;
    return memset(pages, 0, bytes);
}

static void *map_plain(size_t bytes)
{
    return map_pages(bytes);
}

static void unmap_pages(void *pages, size_t bytes)
{
    (void)bytes;
    free(pages);
}

#else

static size_t round_pages(size_t bytes)
{
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static void *map_plain(size_t bytes)
{
    bytes = round_pages(bytes);
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static void *map_pages(size_t bytes)
{
    bytes = round_pages(bytes);
    if (bytes < 2 * HUGE_PAGE)
        return map_plain(bytes);
    char *wide = map_plain(bytes + HUGE_PAGE); /* the ends are cut off, so that the rest begins at a huge page */
    if (!wide)
        return NULL;
    size_t head = (HUGE_PAGE - (uintptr_t)wide % HUGE_PAGE) % HUGE_PAGE;
    if (head > 0)
        munmap(wide, head);
    munmap(wide + head + bytes, HUGE_PAGE - head);
    (void)madvise(wide + head, bytes, MADV_HUGEPAGE); /* advice: a kernel without it works as well */
    return wide + head;
}

static void unmap_pages(void *pages, size_t bytes)
{
    munmap(pages, round_pages(bytes));
}

#endif

static hone_status get_pages(void **out, size_t bytes, void *(*map)(size_t bytes))
{
    *out = NULL;
    if (bytes == 0)
        return HONE_OK;
    if (bytes > SIZE_MAX / 2 || request_fails() || !(*out = map(bytes)))
        return fail_memory(bytes, 1);
    count_bytes(bytes, 0);
    return HONE_OK;
}

hone_status hone__pages_alloc(void **out, size_t bytes)
{
    return get_pages(out, bytes, map_pages);
}

hone_status hone__pages_alloc_plain(void **out, size_t bytes)
{
    return get_pages(out, bytes, map_plain);
}

void hone__pages_free(void *pages, size_t bytes)
{
    if (!pages)
        return;
    unmap_pages(pages, bytes);
    count_bytes(0, bytes);
}

void hone__mem_trim(void)
{
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

void hone__mem_stats(hone_mem_stats *out)
{
    out->n_requests = atomic_load(&n_requests);
    out->bytes_now = atomic_load(&bytes_now);
    out->bytes_peak = atomic_load(&bytes_peak);
}

void hone__mem_reset_peak(void)
{
    atomic_store(&bytes_peak, atomic_load(&bytes_now));
}

void hone__mem_fail_at(uint64_t n)
{
    atomic_store(&fail_after, (int_fast64_t)n);
}
