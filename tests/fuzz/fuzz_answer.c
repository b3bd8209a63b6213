/* Any bytes as an answer of SQuAD: it agrees with itself, and nothing runs past the end. */
#include "metrics/text.h"

#include <hone/metrics.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_answer a = HONE_ANSWER_INIT;
    hone_squad *s = NULL;
    hone_metrics m = HONE_METRICS_INIT;
    double exact = 0;
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    if (hone__answer_normalise(&a, text, size) != HONE_OK || a.text.len > 3 * size)
        abort();
    for (size_t i = 0; i < a.n_words; i++)
        if (a.words[i].len == 0 || memchr(a.words[i].text, ' ', a.words[i].len))
            abort();
    const char *gold = text;
    if (hone_squad_new(&s, true) != HONE_OK || hone_squad_add(s, text, &gold, 1, 0) != HONE_OK ||
        hone_squad_compute(s, &m, 1, true) != HONE_OK)
        abort();
    if (!hone_metrics_get(&m, "exact", &exact) || exact != 100)
        abort();
    hone_metrics_dispose(&m);
    hone_squad_free(s);
    hone__answer_dispose(&a);
    free(text);
    return 0;
}
