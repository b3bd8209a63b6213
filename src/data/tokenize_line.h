/* One line of `hone tokenize`: tokenize_line.c makes it, tokenize_lines.c reads and writes many. */
#ifndef HONE_DATA_TOKENIZE_LINE_H
#define HONE_DATA_TOKENIZE_LINE_H

#include "base/json.h"

#include <hone/tokenize.h>

typedef struct hone_line_tokenizer {
    const hone_tokenizer *tokenizer;
    const hone_tokenize_options *options;
    hone_text *words; /* scratch of is_split_into_words */
    size_t words_capacity;
    char *plain; /* scratch: texts without their escapes */
    size_t plain_capacity;
    hone_ids ids; /* scratch */
    hone_str *out;
    int64_t n_lines, n_errors, n_tokens;
} hone_line_tokenizer;

/* Appends the answer to line `number` and a newline to t->out. Fails only for want of memory: any other failure is the answer. */
hone_status hone__tokenize_line(hone_line_tokenizer *t, const char *line, size_t len, int64_t number);
/* Reads a plain line's texts, lent by the line and t; false when it is for jansson to read (tokenize_scan.c). */
bool hone__scan_line(hone_line_tokenizer *t, hone_encode_input *out, const char *line, size_t len);
void hone__tokenize_line_dispose(hone_line_tokenizer *t);

#endif
