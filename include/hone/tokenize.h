/* JSON lines through a tokenizer, in blocks on all threads, in order: what `hone tokenize` does. */
#ifndef HONE_TOKENIZE_H
#define HONE_TOKENIZE_H

#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_tokenize_format {
    HONE_TOKENIZE_ENCODINGS, /* {"encodings": [{"ids", "type_ids", "tokens", "offsets" (code points), …}, … overflowing ones]} */
    HONE_TOKENIZE_IDS,       /* [ids of the first window] */
    HONE_TOKENIZE_COUNT      /* nothing: only hone_tokenize_counts is of interest */
} hone_tokenize_format;

/* What holds for lines that do not say otherwise. Where neither the line nor these speak of lengths, tokenizer.json's own truncation and padding hold. */
typedef struct hone_tokenize_options {
    hone_tokenize_format format;
    int64_t max_length;     /* < 0: not given. Without a truncation: longest_first */
    int64_t stride;         /* < 0: not given */
    const char *truncation; /* "longest_first", "only_first", "only_second", "do_not_truncate"; NULL: not given */
    bool no_special_tokens;
    int n_threads; /* 0: all cores */
} hone_tokenize_options;
#define HONE_TOKENIZE_OPTIONS_INIT                      \
    {                                                   \
        HONE_TOKENIZE_ENCODINGS, -1, -1, NULL, false, 0 \
    }

typedef struct hone_tokenize_counts {
    int64_t n_lines, n_errors; /* n_errors of n_lines gave {"error": "…"} */
    int64_t n_tokens;
} hone_tokenize_counts;

/* Gets output, whole lines; a failure ends the work. */
typedef hone_status (*hone_write_fn)(void *payload, const char *text, size_t len);

/* Reads lines {"text": string or [word, …], "pair": string or null} from the open file descriptor `in` to its end and hands a line of JSON for each to write.
 * The keys max_length, stride, truncation and add_special_tokens of a line go before options. A line that is no JSON or cannot be encoded gives {"error": "…"} and
 * is counted; the work goes on. Memory: some MB a thread and the longest line. options NULL: the defaults; counts may be NULL. Progress: "tokenizing", in bytes. */
HONE_API hone_status hone_tokenize_lines(hone_tokenize_counts *counts, const hone_tokenizer *tokenizer, int in, hone_write_fn write,
                                         void *payload, const hone_tokenize_options *options);
/* The same for one line. *line is the answer without a newline, freed with hone_tokenizer_free_text; *ok (may be NULL) is false when it is an error. */
HONE_API hone_status hone_tokenize_line(char **line, bool *ok, const hone_tokenizer *tokenizer, hone_text json,
                                        const hone_tokenize_options *options);

#ifdef __cplusplus
}
#endif
#endif
