/* Any bytes as a regular expression of a tokenizer.json (the first line) and a text that it is searched in: it is refused, or its matches come one after the other and lie in the text. */
#include "tokenizer/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST_TEXT = 64 }; /* what one place may cost is bounded (regex.h), how many places there are is the text's affair */

static void walk(const hone__pattern *p, const char *text, size_t len)
{
    hone__matches m;
    size_t start = 0, end = 0, last = 0, n = 0;
    bool found = true;
    if (hone__matches_init(&m, p) != HONE_OK)
        abort();
    hone__matches_start(&m, text, len);
    while (hone__matches_next(&m, &start, &end, &found) == HONE_OK && found) {
        if (start > end || end > len || start < last || n++ > len + 1)
            abort();
        last = end;
    }
    hone__matches_dispose(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *newline = size ? memchr(text, '\n', size) : NULL;
    size_t len = newline ? (size_t)(newline - text) : size, rest = size - len - (newline != NULL);
    hone__pattern p = {.is_regex = true};
    if (hone__utf8_valid(text, len) != len) /* JSON has none */
        return 0;
    if (hone__regex_compile(&p.regex, text, len) != HONE_OK) {
        if (p.regex || !strstr(hone_error_message(), "regular expression"))
            abort();
        return 0;
    }
    rest = rest < LONGEST_TEXT ? rest : LONGEST_TEXT;
    walk(&p, newline ? newline + 1 : "", newline ? hone__utf8_valid(newline + 1, rest) : 0);
    hone__pattern_dispose(&p);
    return 0;
}
