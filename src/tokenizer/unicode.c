/* Look-ups in the sparse tables of unicode_tables.c: lower case, canonical decomposition, combining classes. */
#include "tokenizer/unicode.h"

enum { HANGUL = 0xAC00, HANGUL_LAST = 0xD7A3, JAMO_L = 0x1100, JAMO_V = 0x1161, JAMO_T = 0x11A7, N_V = 21, N_T = 28 };

size_t hone__decompose(uint32_t out[4], uint32_t cp)
{
    out[0] = cp;
    if (cp < 0xC0)
        return 1;
    if (cp >= HANGUL && cp <= HANGUL_LAST) {
        uint32_t s = cp - HANGUL;
        out[0] = JAMO_L + s / (N_V * N_T);
        out[1] = JAMO_V + s % (N_V * N_T) / N_T;
        out[2] = JAMO_T + s % N_T;
        return s % N_T ? 3 : 2;
    }
    size_t low = 0, high = hone__unicode_n_nfd;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (hone__unicode_nfd[middle].from < cp)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == hone__unicode_n_nfd || hone__unicode_nfd[low].from != cp)
        return 1;
    size_t n = 0;
    for (; n < 4 && hone__unicode_nfd[low].to[n]; n++)
        out[n] = hone__unicode_nfd[low].to[n];
    return n;
}

unsigned hone__combining(uint32_t cp)
{
    if (cp < 0x300)
        return 0;
    size_t low = 0, high = hone__unicode_n_classes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (hone__unicode_classes[middle].last < cp)
            low = middle + 1;
        else
            high = middle;
    }
    return low < hone__unicode_n_classes && hone__unicode_classes[low].first <= cp ? hone__unicode_classes[low].value : 0;
}

size_t hone__lower(uint32_t out[2], uint32_t cp)
{
    out[0] = cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (cp < 0x80)
        return 1;
    size_t low = 0, high = hone__unicode_n_lower;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (hone__unicode_lower[middle].from < cp)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == hone__unicode_n_lower || hone__unicode_lower[low].from != cp)
        return 1;
    out[0] = hone__unicode_lower[low].to;
    out[1] = hone__unicode_lower[low].then;
    return out[1] ? 2 : 1;
}
