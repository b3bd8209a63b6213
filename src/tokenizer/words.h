/* Counting the words of a corpus: what training starts from. A thread counts into a table of its own; tables are added up at the end, so that the result does not
 * depend on the number of threads. Memory follows the number of distinct words. */
#ifndef HONE_TOKENIZER_WORDS_H
#define HONE_TOKENIZER_WORDS_H

#include "tokenizer/tokenizer.h"

typedef struct hone__word {
    uint64_t count, first; /* first: where it appeared first, for an order that doesn't depend on threads */
    size_t start;          /* in bytes */
    uint32_t len, hash;
} hone__word;

typedef struct hone__words {
    hone_str bytes;
    hone__word *items;
    size_t n, capacity;
    uint32_t *slots; /* index + 1 */
    size_t n_slots;
} hone__words;

void hone__words_dispose(hone__words *w);
hone_status hone__words_add(hone__words *w, const char *word, size_t len, uint64_t count, uint64_t first);
/* Adds all of `from`. */
hone_status hone__words_merge(hone__words *w, const hone__words *from);
/* Sorts by first appearance; nothing can be added afterwards. */
hone_status hone__words_sort(hone__words *w);

/* One thread's counter. With a plain ByteLevel the words are kept as their bytes, before they become letters (raw). */
typedef struct hone__word_counter {
    const hone_tokenizer *tok; /* its normalizer and pre-tokenizer */
    bool raw;
    hone__words words;
    hone__work work;
    uint64_t next; /* the next word's place */
} hone__word_counter;

hone_status hone__word_counter_init(hone__word_counter *c, const hone_tokenizer *tok);
void hone__word_counter_dispose(hone__word_counter *c);

/* Counts the words of a text, which must be UTF-8. */
hone_status hone__count_words(hone__word_counter *c, const char *text, size_t len);

#endif
