/* The cache file of tokenized text: ids laid end to end, mapped on use. */
#ifndef HONE_DATA_CACHE_H
#define HONE_DATA_CACHE_H

#include "base/file.h"

#include <hone/text.h>

#include <stdatomic.h>

/* What a cache file is made from: any difference makes another file. */
typedef struct hone_cache_key {
    uint64_t content, tokenizer, options;
} hone_cache_key;

/* What stands behind the ids. Plain numbers: written as they lie in memory. */
typedef struct hone_cache_facts {
    hone_text_counts text;
    int64_t n_tokens; /* of all documents */
    int64_t n_ids;    /* in the file */
    int64_t block_size, n_blocks;
} hone_cache_facts;

typedef struct hone_token_cache {
    hone_mapping map;
    const int32_t *ids; /* (facts.n_ids) */
    hone_cache_facts facts;
    atomic_uint looks; /* at places of it */
} hone_token_cache;

/* The path of the file of key in folder (NULL: $HONE_CACHE, $XDG_CACHE_HOME/hone, ~/.cache/hone; where none of these can be written to: $TMPDIR/hone-cache-UID), which is made. */
hone_status hone__cache_path(char *out, size_t capacity, const char *folder, const hone_cache_key *key);

/* Maps a file and checks all of it. out->ids is NULL when it is missing, cut, stale or foreign (a debug line says which), which is no failure. */
hone_status hone__cache_open(hone_token_cache *out, const char *path, const hone_cache_key *key, int n_threads);
void hone__cache_close(hone_token_cache *cache);

/* The ids from `first` on. What was looked at does not stay resident for long: a run of hours touches every page of a corpus, which is not our memory. Any thread. */
const int32_t *hone__cache_at(hone_token_cache *cache, size_t first);

/* Writes a file aside; ids are appended in order. */
typedef struct hone_cache_writer {
    hone_file_writer *file;
    int32_t *buffer;
    size_t used;
    uint64_t hash, n_pieces;
    int64_t n_ids;
} hone_cache_writer;
hone_status hone__cache_begin(hone_cache_writer *w, const char *path, const hone_cache_key *key);
void hone__cache_append(hone_cache_writer *w, const int32_t *ids, size_t n);
/* Fills facts->n_ids and puts the file in place. Ends w in every case. */
hone_status hone__cache_commit(hone_cache_writer *w, hone_cache_facts *facts);
void hone__cache_abort(hone_cache_writer *w);

#endif
