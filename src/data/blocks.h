/* Between text_blocks.c (keys, the cache, examples) and blocks.c (tokenizing a stream into a cache file). */
#ifndef HONE_DATA_BLOCKS_H
#define HONE_DATA_BLOCKS_H

#include "data/cache.h"

/* With options->one_each an example lies in the file as its number of tokens, followed by them, and facts.block_size is 1; otherwise examples are blocks end to end. */

/* Tokenizes the rest of stream into a new cache file. eos: the id after each document with options->concatenate. */
hone_status hone__blocks_make(const char *path, const hone_cache_key *key, hone_text_stream *stream, const hone_tokenizer *tokenizer,
                              int32_t eos, const hone_blocks_options *options);

#endif
