/* Texts from files, as streams: files, folders with a glob, JSON lines with a column; a filter by keywords; tokenized blocks in a cache file.
 *
 * Files that cannot be used (unreadable, binary, not UTF-8) are passed over with a warning that names them, and counted; when nothing is left it is an error. */
#ifndef HONE_TEXT_H
#define HONE_TEXT_H

#include <hone/loader.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_text_options {
    const char *glob;          /* "*.py": picks by name inside folders; NULL: all */
    const char *column;        /* of .jsonl / .json lines: "content" */
    bool line_by_line;         /* text files: each line is a document */
    bool raw_newlines;         /* keep CRLF and CR; false: they become LF, as Python reads text */
    const char *format;        /* "text", "jsonl"; NULL: by extension and content */
    int64_t max_documents;     /* < 0: all */
} hone_text_options;
#define HONE_TEXT_OPTIONS_INIT { NULL, "content", false, false, NULL, -1 }

/* A stream of documents over files and folders, in the order given (folders: sorted by path). Memory: one file's mapping and one document. */
typedef struct hone_text_stream hone_text_stream;
typedef struct hone_document {
    const char *data; size_t len; /* UTF-8, lent until the next call; may hold NUL */
    const char *path; int64_t line; /* where it comes from; line 0: the whole file */
} hone_document;
typedef struct hone_text_counts { int64_t n_files, n_documents, n_skipped; uint64_t bytes; } hone_text_counts;

HONE_API hone_status hone_text_open(hone_text_stream **out, const char *const *paths, size_t n_paths, const hone_text_options *options);
/* False at the end or after a failure; then status tells. */
HONE_API bool hone_text_next(hone_text_stream *s, hone_document *doc);
HONE_API hone_status hone_text_status(const hone_text_stream *s);
HONE_API void hone_text_counts_of(const hone_text_stream *s, hone_text_counts *out);
HONE_API void hone_text_free(hone_text_stream *s);

/* True when text contains one of the words (plain substring), in one pass whatever their number (Aho-Corasick). */
typedef struct hone_keywords hone_keywords;
HONE_API hone_status hone_keywords_new(hone_keywords **out, const char *const *words, size_t n);
HONE_API bool hone_keywords_match(const hone_keywords *k, const char *text, size_t len);
HONE_API void hone_keywords_free(hone_keywords *k);

typedef struct hone_blocks_options {
    int64_t block_size;      /* tokens of an example: 128 */
    bool concatenate;        /* documents are joined, end-of-text after each; false: windows of each document, its tail dropped */
    int32_t eos_token_id;    /* for concatenate; -1: the tokenizer's */
    const char *cache_dir;   /* NULL: $HONE_CACHE, else $XDG_CACHE_HOME/hone, else ~/.cache/hone */
    bool overwrite_cache;
    int n_threads;           /* 0: all */
    int64_t max_examples;    /* < 0: all */
} hone_blocks_options;
#define HONE_BLOCKS_OPTIONS_INIT { 128, false, -1, NULL, false, 0, -1 }

typedef struct hone_blocks_info { hone_text_counts text; int64_t n_tokens, n_blocks, n_dropped_tokens; uint64_t content_hash; bool from_cache; char cache_file[512]; } hone_blocks_info;

/* Tokenizes all documents on all threads into a cache file (memory-mapped; its key is the files' content, the tokenizer and the options; a stale or torn file is made anew)
 * and gives examples of block_size tokens. info may be NULL. HONE_NOT_FOUND when no block results: the message says how many documents and tokens there were. */
HONE_API hone_status hone_text_blocks(hone_examples **out, const char *const *paths, size_t n_paths, const hone_text_options *text, const hone_tokenizer *tokenizer,
                                      const hone_blocks_options *options, hone_blocks_info *info);

#ifdef __cplusplus
}
#endif
#endif
