/* Finding any of many words in one pass: the automaton of Aho and Corasick (1975), over bytes.
 *
 * Bytes that occur in no word share one column of the table, so that a table for hundreds of words stays in the cache. Only whether something occurs is asked
 * for, so a state that ends a word, or has a suffix that does, is final and needs no outputs. */
#include <hone/text.h>

#include "base/mem.h"

#include <string.h>

struct hone_keywords {
    uint8_t class_of[256]; /* column of a byte; 0: in no word */
    size_t n_classes, n_states;
    int32_t *next;  /* (n_states, n_classes) */
    bool *is_final; /* (n_states) */
};

static hone_status count_classes(hone_keywords *k, const char *const *words, size_t n, size_t *max_states)
{
    *max_states = 1;
    k->n_classes = 1;
    for (size_t w = 0; w < n; w++) {
        if (!words[w] || !words[w][0])
            return hone__fail(HONE_INVALID_ARGUMENT, "keyword %zu is empty: it would match every text", w + 1);
        for (const char *p = words[w]; *p; p++, ++*max_states) {
            unsigned char c = (unsigned char)*p;
            if (k->class_of[c] == 0)
                k->class_of[c] = (uint8_t)k->n_classes++; /* a NUL is in no word, so 255 at most */
        }
    }
    return *max_states > INT32_MAX ? hone__fail(HONE_INVALID_ARGUMENT, "the keywords are too long") : HONE_OK;
}

/* The trie of the words; 0 is the root, and stands for "no edge" in a table that is not complete yet. */
static void add_word(hone_keywords *k, const char *word)
{
    size_t state = 0;
    for (const char *p = word; *p; p++) {
        int32_t *edge = &k->next[state * k->n_classes + k->class_of[(unsigned char)*p]];
        if (*edge == 0)
            *edge = (int32_t)k->n_states++;
        state = (size_t)*edge;
    }
    k->is_final[state] = true;
}

/* Completes the table, breadth first: a missing edge is the edge of the longest proper suffix that is a state. */
static hone_status complete(hone_keywords *k)
{
    int32_t *queue = NULL, *suffix = NULL;
    size_t head = 0, tail = 0, n = k->n_classes;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&queue, k->n_states));
    HONE_GO(HONE_NEW(&suffix, k->n_states));
    for (queue[tail++] = 0; head < tail; head++) {
        size_t state = (size_t)queue[head], back = (size_t)suffix[state];
        k->is_final[state] = k->is_final[state] || k->is_final[back];
        for (size_t c = 1; c < n; c++) {
            int32_t *edge = &k->next[state * n + c];
            int32_t fallback = state == 0 ? 0 : k->next[back * n + c];
            if (*edge == 0) {
                *edge = fallback;
            } else {
                suffix[*edge] = fallback;
                queue[tail++] = *edge;
            }
        }
    }
done:
    hone__free(queue);
    hone__free(suffix);
    return status;
}

hone_status hone_keywords_new(hone_keywords **out, const char *const *words, size_t n)
{
    hone_keywords *k = NULL;
    size_t max_states, cells;
    hone_status status = HONE_OK;
    *out = NULL;
    if (!words || n == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "no keywords were given");
    HONE_TRY(HONE_NEW(&k, 1));
    HONE_GO(count_classes(k, words, n, &max_states));
    if (!hone__mul_size(&cells, max_states, k->n_classes))
        HONE_GO(hone__fail(HONE_OUT_OF_MEMORY, "out of memory: the keywords are too long"));
    HONE_GO(HONE_NEW(&k->next, cells));
    HONE_GO(HONE_NEW(&k->is_final, max_states));
    k->n_states = 1;
    for (size_t w = 0; w < n; w++)
        add_word(k, words[w]);
    HONE_GO(complete(k));
    *out = k;
    k = NULL;
done:
    hone_keywords_free(k);
    return status;
}

bool hone_keywords_match(const hone_keywords *k, const char *text, size_t len)
{
    size_t state = 0;
    for (size_t i = 0; i < len; i++) {
        state = (size_t)k->next[state * k->n_classes + k->class_of[(unsigned char)text[i]]];
        if (k->is_final[state])
            return true;
    }
    return false;
}

void hone_keywords_free(hone_keywords *k)
{
    if (!k)
        return;
    hone__free(k->next);
    hone__free(k->is_final);
    hone__free(k);
}
