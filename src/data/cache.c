/* The cache file of tokenized text.
 *
 *     head (64 bytes)   magic, version, size of a fact sheet, the key
 *     ids               int32, in the order of the machine (a file of the other order is foreign: its version does not match)
 *     facts             counts; the hash of the ids; the hash of the facts; magic
 *
 * The hash of the ids is the sum of XXH3 over pieces of 65,536 ids, each seeded with its number, so that all threads can check a file. It is written aside and
 * renamed, so a torn file means that the disk lost it; then, as for any other mismatch, it is made anew. */
#include "data/cache.h"
#include "base/log.h"
#include "base/threads.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE        65536 /* ids */
#define HEAD_MAGIC   "HONETOK\n"
#define FOOT_MAGIC   "\nHONEEND"
#define CACHE_FORMAT 1
#define SMALL        ((size_t)8 << 20) /* a file that may stay */
#define LOOKS        16 /* until pages are given back: a kernel maps 64 KiB around a place, newer ones a whole folio, of 2 MiB at most */

typedef struct cache_head {
    char magic[8];
    uint32_t version, facts_size;
    hone_cache_key key;
    char zero[24];
} cache_head;

typedef struct cache_foot {
    hone_cache_facts facts;
    uint64_t ids_hash, facts_hash;
    char magic[8];
} cache_foot;

_Static_assert(sizeof(cache_head) == 64, "ids begin at a multiple of 64 bytes");

/* ---- where it lies ---- */

static hone_status default_folder(char **out)
{
    const char *own = getenv("HONE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    hone_str path = HONE_STR_INIT;
    *out = NULL;
    if (own && *own)
        hone__str_puts(&path, own);
    else if (xdg && *xdg)
        hone__str_printf(&path, "%s/hone", xdg);
    else if (home && *home)
        hone__str_printf(&path, "%s/.cache/hone", home);
    else
        return hone__fail(HONE_NOT_FOUND, "no folder for the cache: neither HONE_CACHE nor XDG_CACHE_HOME nor HOME is set");
    hone_status status = hone__str_take(out, &path);
    hone__str_dispose(&path);
    return status;
}

/* For those that have no home they could write to (services, containers): a folder of our own among the temporary ones. Anybody may make folders there: it must be ours, and no link. */
static hone_status temporary_folder(char **out)
{
    const char *tmp = getenv("TMPDIR");
    struct stat info;
    hone_str path = HONE_STR_INIT;
    hone_status status = HONE_OK;
    hone__str_printf(&path, "%s/hone-cache-%u", tmp && *tmp ? tmp : "/tmp", (unsigned)geteuid());
    HONE_GO(hone__str_take(out, &path));
    if (mkdir(*out, 0700) != 0 && errno != EEXIST)
        status = hone__fail_errno("cannot make the folder", *out);
    else if (lstat(*out, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 022))
        status = hone__fail(HONE_IO, "%s is not a folder of this user alone", *out);
done:
    hone__str_dispose(&path);
    return status;
}

static hone_status make_default_folder(char **out)
{
    const char *own = getenv("HONE_CACHE");
    hone_error_state why;
    hone_status status = default_folder(out);
    if (status == HONE_OK && (status = hone__make_dirs(*out)) == HONE_OK && access(*out, W_OK | X_OK) != 0)
        status = hone__fail_errno("cannot write to", *out);
    if (status == HONE_OK || status == HONE_OUT_OF_MEMORY || (own && *own))
        return status;
    hone__error_save(&why, status);
    hone__free(*out);
    *out = NULL;
    HONE_TRY(temporary_folder(out));
    hone__log(HONE_LOG_INFO, "tokenized texts are kept in %s (%s)", *out, why.message);
    return HONE_OK;
}

hone_status hone__cache_path(char *out, size_t capacity, const char *folder, const hone_cache_key *key)
{
    char *own = NULL;
    hone_status status = folder ? hone__make_dirs(folder) : make_default_folder(&own);
    if (status != HONE_OK)
        HONE_GO(hone__hint(status, "set HONE_CACHE to a folder that can be written to"));
    uint64_t name = hone__hash64(key, sizeof(*key), 0);
    int n = snprintf(out, capacity, "%s/tokens-%016llx.bin", folder ? folder : own, (unsigned long long)name);
    if (n < 0 || (size_t)n >= capacity)
        HONE_GO(hone__fail(HONE_INVALID_ARGUMENT, "the cache folder's name is too long: %s", folder ? folder : own));
done:
    hone__free(own);
    return status;
}

/* ---- reading ---- */

typedef struct check {
    const int32_t *ids;
    size_t n;
    atomic_uint_fast64_t sum; /* of integers: any order gives the same */
} check;

static uint64_t hash_piece(const int32_t *ids, size_t n, uint64_t number)
{
    return hone__hash64(ids, n * sizeof(*ids), number);
}

static hone_status check_piece(void *payload, size_t piece, int thread)
{
    check *c = payload;
    size_t first = piece * PIECE, left = c->n - first;
    (void)thread;
    size_t len = left < PIECE ? left : PIECE;
    atomic_fetch_add(&c->sum, hash_piece(c->ids + first, len, piece));
    hone__release_pages(c->ids + first, len * sizeof(int32_t));
    return HONE_OK;
}

static hone_status hash_ids(uint64_t *out, const hone_token_cache *cache, int n_threads)
{
    size_t n = (size_t)cache->facts.n_ids;
    check c = {.ids = cache->ids, .n = n};
    hone_status status = hone__parallel_for((n + PIECE - 1) / PIECE, n_threads, check_piece, &c);
    *out = c.sum;
    return status;
}

/* Why the mapped file is of no use, as far as its frame shows; NULL: it is sound, and its ids should have the hash *ids_hash. */
static const char *judge(hone_token_cache *c, const hone_cache_key *key, uint64_t *ids_hash)
{
    cache_head head;
    cache_foot foot;
    size_t frame = sizeof(head) + sizeof(foot);
    if (c->map.len < frame)
        return "it is too short";
    memcpy(&head, c->map.data, sizeof(head));
    memcpy(&foot, c->map.data + c->map.len - sizeof(foot), sizeof(foot));
    if (memcmp(head.magic, HEAD_MAGIC, 8) != 0 || head.version != CACHE_FORMAT || head.facts_size != sizeof(foot))
        return "it is of another kind or version";
    if (memcmp(&head.key, key, sizeof(*key)) != 0)
        return "it was made from something else";
    if (memcmp(foot.magic, FOOT_MAGIC, 8) != 0 || foot.facts_hash != hone__hash64(&foot.facts, sizeof(foot.facts), foot.ids_hash))
        return "its end is missing";
    const hone_cache_facts *f = &foot.facts;
    size_t n = (c->map.len - frame) / sizeof(int32_t);
    if ((c->map.len - frame) % sizeof(int32_t) != 0 || f->n_ids < 0 || (size_t)f->n_ids != n || f->block_size < 1 || f->n_blocks < 1 ||
        f->n_blocks > f->n_ids / f->block_size)
        return "its sizes do not fit";
    c->ids = (const int32_t *)(const void *)(c->map.data + sizeof(head));
    c->facts = *f;
    *ids_hash = foot.ids_hash;
    return NULL;
}

hone_status hone__cache_open(hone_token_cache *out, const char *path, const hone_cache_key *key, int n_threads)
{
    uint64_t expected = 0, found = 0;
    *out = (hone_token_cache){.map = {"", 0, -1}};
    if (!hone__is_file(path))
        return HONE_OK;
    const char *why = hone__map_file(&out->map, path) == HONE_OK ? judge(out, key, &expected) : hone_error_message();
    hone__small_pages(&out->map);
    hone_status status = why ? HONE_OK : hash_ids(&found, out, n_threads);
    if (!why && status == HONE_OK && found == expected)
        return HONE_OK;
    if (status == HONE_OK)
        hone__log(HONE_LOG_DEBUG, "the cache file %s is made anew: %s", path, why ? why : "its content does not match its hash");
    hone__cache_close(out);
    return status;
}

void hone__cache_close(hone_token_cache *cache)
{
    hone__unmap_file(&cache->map);
    cache->ids = NULL;
}

const int32_t *hone__cache_at(hone_token_cache *cache, size_t first)
{
    if (cache->map.len > SMALL && atomic_fetch_add_explicit(&cache->looks, 1, memory_order_relaxed) % LOOKS == LOOKS - 1)
        hone__release_pages(cache->map.data, cache->map.len);
    return cache->ids + first;
}

/* ---- writing ---- */

hone_status hone__cache_begin(hone_cache_writer *w, const char *path, const hone_cache_key *key)
{
    cache_head head = {"", CACHE_FORMAT, sizeof(cache_foot), *key, {0}};
    memcpy(head.magic, HEAD_MAGIC, 8);
    *w = (hone_cache_writer){0};
    HONE_TRY(HONE_ALLOC(&w->buffer, PIECE));
    hone_status status = hone__writer_open(&w->file, path);
    if (status != HONE_OK)
        hone__cache_abort(w);
    else
        hone__writer_write(w->file, &head, sizeof(head));
    return status;
}

static void flush_piece(hone_cache_writer *w)
{
    if (w->used == 0)
        return;
    w->hash += hash_piece(w->buffer, w->used, w->n_pieces++);
    hone__writer_write(w->file, w->buffer, w->used * sizeof(*w->buffer));
    w->used = 0;
}

void hone__cache_append(hone_cache_writer *w, const int32_t *ids, size_t n)
{
    w->n_ids += (int64_t)n;
    while (n > 0) {
        size_t part = n < PIECE - w->used ? n : PIECE - w->used;
        memcpy(w->buffer + w->used, ids, part * sizeof(*ids));
        w->used += part;
        ids += part;
        n -= part;
        if (w->used == PIECE)
            flush_piece(w);
    }
}

hone_status hone__cache_commit(hone_cache_writer *w, hone_cache_facts *facts)
{
    cache_foot foot;
    memset(&foot, 0, sizeof(foot)); /* no stray bytes: the facts are hashed */
    flush_piece(w);
    facts->n_ids = w->n_ids;
    foot.facts = *facts;
    foot.ids_hash = w->hash;
    foot.facts_hash = hone__hash64(&foot.facts, sizeof(foot.facts), foot.ids_hash);
    memcpy(foot.magic, FOOT_MAGIC, 8);
    hone__writer_write(w->file, &foot, sizeof(foot));
    hone_status status = hone__writer_commit(w->file);
    w->file = NULL;
    hone__cache_abort(w);
    return status;
}

void hone__cache_abort(hone_cache_writer *w)
{
    hone__writer_abort(w->file);
    hone__free(w->buffer);
    *w = (hone_cache_writer){0};
}
