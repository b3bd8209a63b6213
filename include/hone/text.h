/* Texts from files, as streams: files, folders with a glob, JSON lines with a column; a filter by keywords; tokenized blocks in a cache file.
 *
 * Files that cannot be used (unreadable, binary, not UTF-8, empty) and bad lines are passed over with a warning that names them, and counted; when nothing is
 * left it is an error. */
#ifndef HONE_TEXT_H
#define HONE_TEXT_H

#include <hone/loader.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_text_options {
    const char *glob;   /* "*.py": picks by name inside folders; NULL: all */
    const char *column; /* the text's key in JSON: "content" (NULL too) */
    bool line_by_line;  /* text files: each line, with its end, is a document */
    bool raw_newlines;  /* keep CRLF and CR; false: they become LF, as Python reads text */
    const char
        *format; /* "text", "jsonl" (JSON lines, or an array of objects); NULL: .jsonl, .ndjson and .json are JSON, all else is text */
    int64_t max_documents; /* < 0: all */
} hone_text_options;
#define HONE_TEXT_OPTIONS_INIT                  \
    {                                           \
        NULL, "content", false, false, NULL, -1 \
    }

/* A stream of documents over files and folders, in the order given (folders: sorted by path). Memory: one file's mapping and one document. */
typedef struct hone_text_stream hone_text_stream;
typedef struct hone_document {
    const char *data; /* UTF-8, lent until the next call; may hold NUL */
    size_t len;
    const char *path; /* where it comes from; lent until the next call */
    int64_t line;     /* from 1; 0: the whole file */
    const char *json; /* the JSON object that it is a column of, as it stands in the file; NULL for text files */
    size_t json_len;
} hone_document;

typedef struct hone_text_counts {
    int64_t n_files;      /* files that were opened and used */
    int64_t n_documents;  /* documents given */
    int64_t n_skipped;    /* files passed over: unreadable, binary, not UTF-8 */
    int64_t n_empty;      /* files without a byte, passed over too */
    int64_t n_bad_lines;  /* lines (or array entries) of JSON passed over */
    uint64_t bytes;       /* text of the documents */
    uint64_t bytes_read;  /* of files, up to where the stream stands */
    uint64_t bytes_total; /* of all files */
} hone_text_counts;

/* Opens a stream over n_paths files and folders ("-" alone: standard input, read as a whole). options NULL: the defaults. HONE_NOT_FOUND names a path that does
 * not exist, or says that nothing matched the glob. Free with hone_text_free. One thread at a time. */
HONE_API hone_status hone_text_open(hone_text_stream **out, const char *const *paths, size_t n_paths, const hone_text_options *options);
/* The next document. False at the end or after a failure; then status tells. */
HONE_API bool hone_text_next(hone_text_stream *s, hone_document *doc);
/* HONE_OK, or the failure that ended the stream: HONE_NOT_FOUND at the end of a stream that gave no document at all. Leaves its message as the thread's. */
HONE_API hone_status hone_text_status(const hone_text_stream *s);
/* What was seen so far. */
HONE_API void hone_text_counts_of(const hone_text_stream *s, hone_text_counts *out);
/* Frees; NULL is legal. */
HONE_API void hone_text_free(hone_text_stream *s);

/* ---- Filtering -------------------------------------------------------------------------------------------------------------------------- */

/* A set of words to look for in one pass, whatever their number (Aho-Corasick). Immutable: any number of threads may use one. */
typedef struct hone_keywords hone_keywords;
/* Copies n words. HONE_INVALID_ARGUMENT for an empty word, or none. */
HONE_API hone_status hone_keywords_new(hone_keywords **out, const char *const *words, size_t n);
/* True when text contains one of the words as a plain substring, compared byte for byte. */
HONE_API bool hone_keywords_match(const hone_keywords *k, const char *text, size_t len);
/* Frees; NULL is legal. */
HONE_API void hone_keywords_free(hone_keywords *k);

/* Gets a document that was kept; a failure ends the filtering. */
typedef hone_status (*hone_document_fn)(void *payload, const hone_document *doc);
typedef struct hone_filter_counts {
    int64_t n_documents, n_kept;
} hone_filter_counts;
/* Calls keep with every further document of s that contains a keyword; memory is the stream's. counts may be NULL. */
HONE_API hone_status hone_text_filter(hone_filter_counts *counts, hone_text_stream *s, const hone_keywords *k, hone_document_fn keep,
                                      void *payload);
/* A document as a line of JSON without its newline, into *out (freed with hone_text_free_json): its own object where it has one, else {"<column>": text,
 * "path": where}. column NULL: "content". */
HONE_API hone_status hone_document_to_json(char **out, size_t *len, const hone_document *doc, const char *column);
/* Frees what hone_document_to_json gave; NULL is legal. */
HONE_API void hone_text_free_json(char *json);

/* ---- Blocks of tokens -------------------------------------------------------------------------------------------------------------------- */

typedef struct hone_blocks_options {
    int64_t block_size;    /* tokens of an example: 128 */
    bool concatenate;      /* documents are joined, end-of-text after each; false: windows of each document, its tail dropped */
    int32_t eos_token_id;  /* for concatenate; -1: the tokenizer's */
    const char *cache_dir; /* NULL: $HONE_CACHE, else $XDG_CACHE_HOME/hone, else ~/.cache/hone */
    bool overwrite_cache;  /* tokenize even where the cache has it */
    int n_threads;         /* 0: all */
    int64_t max_examples;  /* < 0: all; tokenizing stops when there are enough */
    /* For masked language models, as run_mlm.py prepares texts: documents come with the special tokens that the tokenizer adds ([CLS] … [SEP]), and the end of a line (line_by_line) is no part
     * of it. false with special_tokens: all are joined and cut into blocks; one_each: a document is an example, cut to block_size tokens, and blank ones are left out. concatenate has no meaning then */
    bool special_tokens, one_each;
} hone_blocks_options;
#define HONE_BLOCKS_OPTIONS_INIT                         \
    {                                                    \
        128, false, -1, NULL, false, 0, -1, false, false \
    }

typedef struct hone_blocks_info {
    hone_text_counts text;
    int64_t n_tokens;         /* of all documents, end-of-text included where it was added */
    int64_t n_blocks;         /* examples */
    int64_t n_dropped_tokens; /* in no example */
    uint64_t content_hash;    /* of the files and how they were read */
    bool from_cache;
    char cache_file[512];
} hone_blocks_info;

/* Tokenizes all documents on all threads into a cache file (memory-mapped; its key is the files' content, the tokenizer and the options; a stale or torn file
 * is made anew) and gives examples of block_size tokens (one_each: of at most so many), without special tokens beside those that options ask for. text and options NULL: the defaults; info may be NULL.
 * Memory: some MB a thread and the longest document, whatever the corpus. HONE_NOT_FOUND when no block results: the message says how many documents and tokens
 * there were. Progress: "tokenizing", in bytes. Free with hone_examples_free. */
HONE_API hone_status hone_text_blocks(hone_examples **out, const char *const *paths, size_t n_paths, const hone_text_options *text,
                                      const hone_tokenizer *tokenizer, const hone_blocks_options *options, hone_blocks_info *info);

#ifdef __cplusplus
}
#endif
#endif
