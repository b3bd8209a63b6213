/* A thread's cache of words: what a short word became, by its bytes as they stand in the text. Direct-mapped, one cache line a word; a new word takes the slot of
 * an old one. What a word's tokens are must follow from its bytes alone. */
#ifndef HONE_TOKENIZER_WORD_CACHE_H
#define HONE_TOKENIZER_WORD_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HONE__CACHE_SLOTS (1 << 15) /* 64 bytes each: 2 MiB a thread */
#define HONE__CACHE_BYTES (HONE__CACHE_SLOTS * sizeof(hone__cached_word))

enum {
    HONE__CACHE_LONGEST = 24, /* bytes of a word */
    HONE__CACHE_TOKENS = 6,
    HONE__CACHE_SPLIT = 0x80 /* added to len: the word was split by the caller, and what is cached is all that it became */
};

/* A word and its tokens: ids and their places in the word, whole characters. */
typedef struct hone__cached_word {
    uint64_t key[3]; /* the word's bytes, zeros behind */
    int32_t ids[HONE__CACHE_TOKENS];
    uint8_t at[HONE__CACHE_TOKENS][2];
    uint8_t len, n;
    uint8_t pad[2];
} hone__cached_word;
_Static_assert(sizeof(hone__cached_word) == 64, "one cache line a word");

/* A word's key and the slot where it would be. */
typedef struct hone__cache_key {
    uint64_t bytes[3];
    uint8_t len; /* with HONE__CACHE_SPLIT */
} hone__cache_key;

static inline uint64_t hone__load8(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* The lowest n bytes of x, n <= 8. */
static inline uint64_t hone__low_bytes(uint64_t x, size_t n)
{
    return n < 8 ? x & ((UINT64_C(1) << 8 * n) - 1) : x;
}

/* Up to 8 bytes at p without a look behind them. */
static inline uint64_t hone__load_short(const char *p, size_t n)
{
    uint64_t x = 0;
    uint32_t low, high;
    if (n >= 8)
        return hone__load8(p);
    if (n >= 4) {
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        return low | (uint64_t)high << (8 * (n - 4));
    }
    for (size_t i = 0; i < n; i++)
        x |= (uint64_t)(unsigned char)p[i] << 8 * i;
    return x;
}

/* The key of a word of at most HONE__CACHE_LONGEST bytes. `left` >= len bytes may be read: with 24 of them it is done without branches on the length.
 * Bytes are numbered as on a little-endian machine; on another the two ways give different keys, which costs a slot and no more. */
static inline hone__cache_key hone__cache_key_of(const char *word, size_t len, size_t left, uint8_t mark)
{
    hone__cache_key key = {{0, 0, 0}, (uint8_t)(len | mark)};
    if (left < HONE__CACHE_LONGEST) {
        key.bytes[0] = hone__load_short(word, len);
        if (len > 8)
            key.bytes[1] = hone__load_short(word + 8, len - 8 < 8 ? len - 8 : 8);
        if (len > 16)
            key.bytes[2] = hone__load_short(word + 16, len - 16);
        return key;
    }
    key.bytes[0] = hone__load8(word);
    if (len <= 8) {
        key.bytes[0] = hone__low_bytes(key.bytes[0], len);
        return key;
    }
    key.bytes[1] = hone__low_bytes(hone__load8(word + 8), len < 16 ? len - 8 : 8);
    if (len > 16)
        key.bytes[2] = hone__low_bytes(hone__load8(word + 16), len - 16);
    return key;
}

static inline hone__cached_word *hone__cache_slot(hone__cached_word *cache, const hone__cache_key *key)
{
    uint64_t h = (key->bytes[0] ^ (key->bytes[0] >> 32)) * 0x9E3779B97F4A7C15u;
    h = (h ^ key->bytes[1]) * 0xC2B2AE3D27D4EB4Fu;
    h = (h ^ (h >> 29) ^ key->bytes[2] ^ key->len) * 0x165667B19E3779F9u;
    return &cache[(size_t)(h >> 40) & (HONE__CACHE_SLOTS - 1)];
}

static inline bool hone__cache_hit(const hone__cached_word *slot, const hone__cache_key *key)
{
    return slot->len == key->len && !((slot->key[0] ^ key->bytes[0]) | (slot->key[1] ^ key->bytes[1]) | (slot->key[2] ^ key->bytes[2]));
}

/* Gives the slot to a word; its n tokens follow. */
static inline void hone__cache_claim(hone__cached_word *slot, const hone__cache_key *key, size_t n)
{
    memcpy(slot->key, key->bytes, sizeof slot->key);
    slot->len = key->len;
    slot->n = (uint8_t)n;
}

#endif
