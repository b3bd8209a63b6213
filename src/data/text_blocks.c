/* hone_text_blocks: the key of what is asked for, the cache file that has it (made when there is none), and examples that lie in it.
 *
 * The key is content: the bytes of the files in their order, the tokenizer, and every option that decides about the ids. Names, times and places of files do not
 * count, so a corpus that was moved is known again. All bytes are hashed at every start (some GB/s a core); nothing else is remembered about files. */
#include "base/log.h"
#include "base/threads.h"
#include "data/blocks.h"
#include "data/texts.h"
#include "tokenizer/pieces.h"

#include <stdio.h>
#include <string.h>

/* ---- the key ---- */

#define PIECE_BYTES ((size_t)16 << 20) /* of a file, that are hashed at a time */

typedef struct hash_job {
    const hone_file_list *files;
    int forced_kind;
    uint64_t *hashes; /* (files) */
} hash_job;

/* What cannot be read hashes as nothing: it will be passed over. */
static hone_status hash_file(void *payload, size_t item, int thread)
{
    hash_job *job = payload;
    hone_mapping map;
    (void)thread;
    if (hone__map_file(&map, job->files->paths[item]) != HONE_OK) {
        job->hashes[item] = 1;
        return HONE_OK;
    }
    int kind = job->forced_kind >= 0 ? job->forced_kind : (int)hone__text_kind_of(job->files->paths[item], map.data, map.len);
    job->hashes[item] = (uint64_t)kind + 2;
    for (size_t at = 0; at < map.len; at += PIECE_BYTES) {
        size_t len = map.len - at < PIECE_BYTES ? map.len - at : PIECE_BYTES;
        job->hashes[item] = hone__hash64(map.data + at, len, job->hashes[item]);
        if (map.len > PIECE_BYTES)
            hone__text_release(&map, at, at + len);
    }
    hone__unmap_file(&map);
    return HONE_OK;
}

/* The files' content and how they are read. */
static hone_status hash_content(uint64_t *out, const hone_text_stream *s, int n_threads)
{
    hash_job job = {&s->files, s->forced_kind, NULL};
    struct {
        uint64_t files, n;
        int64_t max_documents;
        uint8_t line_by_line, raw_newlines, zero[6];
    } how;
    memset(&how, 0, sizeof(how));
    HONE_TRY(HONE_ALLOC(&job.hashes, s->files.n));
    hone_status status = hone__parallel_for(s->files.n, n_threads, hash_file, &job);
    how.files = hone__hash64(job.hashes, s->files.n * sizeof(*job.hashes), 0);
    how.n = s->files.n;
    how.max_documents = s->options.max_documents < 0 ? -1 : s->options.max_documents;
    how.line_by_line = s->options.line_by_line;
    how.raw_newlines = s->options.raw_newlines;
    *out = hone__hash64(&how, sizeof(how), hone__hash64(s->column, strlen(s->column), 0));
    hone__free(job.hashes);
    return status;
}

static uint64_t hash_options(const hone_blocks_options *o, int32_t eos)
{
    int64_t facts[] = {o->block_size, o->concatenate, o->concatenate ? eos : -1, o->max_examples < 0 ? -1 : o->max_examples};
    return hone__hash64(facts, sizeof(facts), (uint64_t)o->special_tokens | (uint64_t)o->one_each << 1);
}

/* ---- examples in a cache file ---- */

static hone_status block_get(void *self, int64_t i, hone_example *out)
{
    hone_token_cache *cache = self;
    out->n_tokens = (int32_t)cache->facts.block_size;
    out->input_ids = hone__cache_at(cache, (size_t)(i * cache->facts.block_size));
    return HONE_OK;
}

static int32_t block_length(void *self, int64_t i)
{
    const hone_token_cache *cache = self;
    (void)i;
    return (int32_t)cache->facts.block_size;
}

static void block_free(void *self)
{
    hone__cache_close(self);
    hone__free(self);
}

/* ---- examples of their own length ---- */

typedef struct rows {
    hone_token_cache *cache;
    size_t *starts; /* (n_blocks + 1) of each one's tokens in cache->ids; the number before is how many */
} rows;

static hone_status row_get(void *self, int64_t i, hone_example *out)
{
    const rows *r = self;
    out->input_ids = hone__cache_at(r->cache, r->starts[i]);
    out->n_tokens = (int32_t)(r->starts[i + 1] - r->starts[i] - 1);
    return HONE_OK;
}

static int32_t row_length(void *self, int64_t i)
{
    const rows *r = self;
    return (int32_t)(r->starts[i + 1] - r->starts[i] - 1);
}

static void row_free(void *self)
{
    rows *r = self;
    block_free(r->cache);
    hone__free(r->starts);
    hone__free(r);
}

/* Where each row lies. The file was hashed: that it is otherwise is our own mistake, and is caught all the same. */
static hone_status find_rows(rows *r)
{
    const hone_cache_facts *f = &r->cache->facts;
    size_t at = 0, n_ids = (size_t)f->n_ids;
    HONE_TRY(HONE_ALLOC(&r->starts, (size_t)f->n_blocks + 1));
    for (int64_t i = 0; i < f->n_blocks; i++) {
        int32_t n = at < n_ids ? *hone__cache_at(r->cache, at) : 0;
        if (n < 1 || (size_t)n > n_ids - at - 1)
            return hone__hint(hone__fail(HONE_FORMAT, "a cache file of tokenized text is broken at row %lld", (long long)i),
                              "--overwrite_cache makes it anew");
        r->starts[i] = at + 1;
        at += (size_t)n + 1;
    }
    r->starts[f->n_blocks] = at + 1;
    return HONE_OK;
}

/* Takes *cache, unless it fails. */
static hone_status make_rows(hone_examples **out, hone_token_cache **cache)
{
    static const hone_examples_ops ops = {row_get, row_length, row_free};
    rows *r = NULL;
    HONE_TRY(HONE_NEW(&r, 1));
    r->cache = *cache;
    hone_status status = find_rows(r);
    if (status != HONE_OK) {
        hone__free(r->starts);
        hone__free(r);
        return status;
    }
    *cache = NULL;
    return hone_examples_new(out, &ops, r, r->cache->facts.n_blocks);
}

/* ---- the whole ---- */

static hone_status check_options(const hone_tokenizer *tokenizer, const hone_blocks_options *o, int32_t *eos)
{
    if (!tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_text_blocks: the tokenizer must be given");
    if (o->block_size < 1 || o->block_size > INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "--block_size %lld: it must be positive", (long long)o->block_size);
    *eos = o->eos_token_id >= 0 ? o->eos_token_id : hone_tokenizer_special_id(tokenizer, HONE_SPECIAL_EOS);
    if (o->one_each && (size_t)o->block_size <= hone__tokenizer_n_added(tokenizer, false))
        return hone__fail(HONE_INVALID_ARGUMENT, "examples of %lld tokens leave no room for a text beside its %zu special tokens",
                          (long long)o->block_size, hone__tokenizer_n_added(tokenizer, false));
    if (o->concatenate && *eos < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the tokenizer has no end-of-text token to put between concatenated documents");
    return HONE_OK;
}

static void fill_info(hone_blocks_info *info, const hone_token_cache *cache, const hone_cache_key *key, const char *path, bool from_cache,
                      bool one_each)
{
    const hone_cache_facts *f = &cache->facts;
    *info = (hone_blocks_info){
        .text = f->text, .n_tokens = f->n_tokens, .n_blocks = f->n_blocks, .content_hash = key->content, .from_cache = from_cache};
    info->n_dropped_tokens = f->n_tokens - (one_each ? f->n_ids - f->n_blocks : f->n_blocks * f->block_size);
    snprintf(info->cache_file, sizeof(info->cache_file), "%s", path);
}

/* Opens the cache file, or makes it and opens it then. */
static hone_status open_or_make(hone_token_cache *cache, const char *path, const hone_cache_key *key, hone_text_stream *stream,
                                const hone_tokenizer *tokenizer, int32_t eos, const hone_blocks_options *o, bool *from_cache)
{
    if (!o->overwrite_cache)
        HONE_TRY(hone__cache_open(cache, path, key, o->n_threads));
    *from_cache = cache->ids != NULL;
    if (*from_cache) {
        hone__log(HONE_LOG_DEBUG, "tokenized text was found in the cache: %s", path);
        if (cache->facts.text.n_skipped + cache->facts.text.n_bad_lines > 0)
            hone__log(HONE_LOG_WARNING, "%lld files and %lld lines were passed over when this text was tokenized",
                      (long long)cache->facts.text.n_skipped, (long long)cache->facts.text.n_bad_lines);
        return HONE_OK;
    }
    HONE_TRY(hone__blocks_make(path, key, stream, tokenizer, eos, o));
    HONE_TRY(hone__cache_open(cache, path, key, o->n_threads));
    return cache->ids ? HONE_OK : hone__fail(HONE_IO, "%s was written but does not read back", path);
}

hone_status hone_text_blocks(hone_examples **out, const char *const *paths, size_t n_paths, const hone_text_options *text,
                             const hone_tokenizer *tokenizer, const hone_blocks_options *options, hone_blocks_info *info)
{
    static const hone_examples_ops ops = {block_get, block_length, block_free};
    static const hone_blocks_options defaults = HONE_BLOCKS_OPTIONS_INIT;
    const hone_blocks_options *o = options ? options : &defaults;
    hone_text_stream *stream = NULL;
    hone_token_cache *cache = NULL;
    hone_cache_key key = {0};
    char path[sizeof(info->cache_file)];
    bool from_cache;
    int32_t eos = -1;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_TRY(check_options(tokenizer, o, &eos));
    if (n_paths == 1 && strcmp(paths[0], "-") == 0)
        return hone__fail(HONE_UNSUPPORTED, "standard input cannot be tokenized into blocks: give a file");
    HONE_GO(hone_text_open(&stream, paths, n_paths, text));
    HONE_GO(HONE_NEW(&cache, 1));
    HONE_GO(hash_content(&key.content, stream, o->n_threads));
    key.tokenizer = hone_tokenizer_hash(tokenizer);
    key.options = hash_options(o, eos);
    HONE_GO(hone__cache_path(path, sizeof(path), o->cache_dir, &key));
    HONE_GO(open_or_make(cache, path, &key, stream, tokenizer, eos, o, &from_cache));
    if (info)
        fill_info(info, cache, &key, path, from_cache, o->one_each);
    if (o->one_each) {
        HONE_GO(make_rows(out, &cache));
        goto done;
    }
    status = hone_examples_new(out, &ops, cache, cache->facts.n_blocks);
    cache = NULL; /* taken */
done:
    if (cache)
        block_free(cache);
    hone_text_free(stream);
    return status;
}
