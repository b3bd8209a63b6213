/* From a text to tokens, without what stands around them: added tokens are cut out, the rest is normalized, cut into words, and each word goes to the model.
 *
 * Two ways lead there. The general one carries a map from bytes to the original through every stage (work.h). The fast ones, for GPT-2's kind of tokenizer
 * (hone_tokenizer.byte_words) and BERT's (bert_words.c), scan words on the text itself and ask a cache of words first. Tests hold them equal. */
#include "tokenizer/encoder.h"

#include "tokenizer/bytelevel.h"
#include "tokenizer/encoding.h"

#include <pthread.h>
#include <string.h>

struct hone__encoder_pool {
    pthread_mutex_t lock;
    hone__encoder *free;
};

hone_status hone__pool_new(struct hone__encoder_pool **out)
{
    HONE_TRY(HONE_NEW(out, 1));
    pthread_mutex_init(&(*out)->lock, NULL);
    return HONE_OK;
}

static void free_encoder(hone__encoder *e)
{
    if (!e)
        return;
    hone__free(e->tokens);
    hone__free(e->chars);
    hone__free(e->wide);
    hone__str_dispose(&e->wide_texts);
    hone__bpe_scratch_dispose(&e->scratch);
    hone__work_dispose(&e->work);
    hone__aligned_dispose(&e->repaired);
    hone__str_dispose(&e->lowered);
    hone__free(e->cache);
    hone__free(e);
}

void hone__pool_trim(struct hone__encoder_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    hone__encoder *e = pool->free;
    pool->free = NULL;
    pthread_mutex_unlock(&pool->lock);
    while (e) {
        hone__encoder *next = e->next;
        free_encoder(e);
        e = next;
    }
}

void hone__pool_free(struct hone__encoder_pool *pool)
{
    if (!pool)
        return;
    hone__pool_trim(pool);
    pthread_mutex_destroy(&pool->lock);
    hone__free(pool);
}

static hone_status new_encoder(hone__encoder **out, const hone_tokenizer *tok)
{
    HONE_TRY(HONE_NEW(out, 1));
    (*out)->tok = tok;
    hone_status status = tok->byte_words || tok->bert.usable ? HONE_NEW(&(*out)->cache, HONE__CACHE_SLOTS) : HONE_OK;
    if (status != HONE_OK) {
        free_encoder(*out);
        *out = NULL;
    }
    return status;
}

void hone__encoder_clear(hone__encoder *e)
{
    e->n_tokens = e->n_chars = e->n_wide = e->n_counted = e->n_replaced = 0;
    hone__str_clear(&e->wide_texts);
}

hone_status hone__encoder_take(hone__encoder **out, const hone_tokenizer *tok, hone__sink sink)
{
    pthread_mutex_lock(&tok->pool->lock);
    *out = tok->pool->free;
    if (*out)
        tok->pool->free = (*out)->next;
    pthread_mutex_unlock(&tok->pool->lock);
    if (!*out)
        HONE_TRY(new_encoder(out, tok));
    hone__encoder *e = *out;
    e->sink = sink;
    hone__encoder_clear(e);
    e->word = 0;
    e->fixed_word = false;
    e->ids = NULL;
    e->in_slabs = false;
    return HONE_OK;
}

/* The scratch that follows the longest text of the past. */
static size_t scratch_bytes(const hone__encoder *e)
{
    return e->capacity * sizeof *e->tokens + e->chars_capacity * sizeof *e->chars + e->scratch.capacity * sizeof *e->scratch.symbols * 2 +
           (e->work.text.from_capacity + e->work.next_text.from_capacity + e->repaired.from_capacity) * (1 + sizeof(hone__range)) +
           (e->work.splits.capacity + e->work.next_splits.capacity) * sizeof(hone__split);
}

static void shrink(hone__encoder *e)
{
    hone__free(e->tokens);
    hone__free(e->chars);
    e->tokens = NULL, e->chars = NULL;
    e->capacity = e->chars_capacity = 0;
    hone__bpe_scratch_dispose(&e->scratch);
    hone__work_dispose(&e->work);
    hone__aligned_dispose(&e->repaired);
}

void hone__encoder_give(hone__encoder *e)
{
    if (!e)
        return;
    hone__slab_drop(e->slab);
    e->slab = NULL;
    if (scratch_bytes(e) > HONE__KEEP_BYTES)
        shrink(e);
    struct hone__encoder_pool *pool = e->tok->pool;
    pthread_mutex_lock(&pool->lock);
    e->next = pool->free;
    pool->free = e;
    pthread_mutex_unlock(&pool->lock);
}

/* Takes an added token that covers text[0..len) at `at`. */
static hone_status emit_added(hone__encoder *e, const hone__added_token *t, const char *text, size_t len, hone__range at)
{
    HONE_TRY(hone__encoder_reserve(e, 1));
    if (e->sink == HONE__SINK_TOKENS && (len != t->len || memcmp(text, t->content, len) != 0)) {
        HONE_TRY(HONE_GROW(&e->wide, &e->wide_capacity, e->n_wide + 1));
        e->wide[e->n_wide++] = (hone__wide_token){e->n_tokens, e->wide_texts.len, len};
        hone__str_append(&e->wide_texts, text, len);
        HONE_TRY(hone__str_status(&e->wide_texts));
    }
    hone__emit(e, t->id, at);
    return HONE_OK;
}

/* ---- The fast way of the byte level ---- */

/* Widens [start, end) of a word to whole characters. */
static hone__range whole_chars(const char *word, size_t len, size_t start, size_t end)
{
    while (start && hone__is_continuation(word[start]))
        start--;
    while (end < len && hone__is_continuation(word[end]))
        end++;
    return (hone__range){(uint32_t)start, (uint32_t)end};
}

/* Runs the model on a word and hands its tokens on; keeps them in `slot` when they fit there. */
static hone_status encode_byte_word(hone__encoder *e, const char *word, size_t len, uint32_t base, hone__cached_word *slot,
                                    const hone__cache_key *key)
{
    const hone_tokenizer *tok = e->tok;
    HONE_TRY(hone__bpe_encode_bytes(&tok->model.bpe, &tok->model.vocab, &e->scratch, word, len));
    HONE_TRY(hone__encoder_reserve(e, e->scratch.n));
    bool keep = slot && e->scratch.n <= HONE__CACHE_TOKENS;
    if (keep)
        hone__cache_claim(slot, key, e->scratch.n);
    for (size_t i = 0, at = 0; i < e->scratch.n; at += e->scratch.symbols[i++].len) {
        hone__range r = whole_chars(word, len, at, at + e->scratch.symbols[i].len);
        if (keep) {
            slot->ids[i] = e->scratch.symbols[i].id;
            slot->at[i][0] = (uint8_t)r.start, slot->at[i][1] = (uint8_t)r.end;
        }
        hone__emit(e, e->scratch.symbols[i].id, (hone__range){base + r.start, base + r.end});
    }
    return HONE_OK;
}

/* text begins at `base` in what offsets count from. */
static hone_status encode_byte_words(hone__encoder *e, const char *text, size_t len, uint32_t base)
{
    for (size_t i = 0, end; i < len; i = end) {
        end = e->tok->pretokenizer.byte_level.use_regex ? hone__word_end(text, i, len) : len;
        size_t n = end - i;
        hone__cached_word *slot = NULL;
        hone__cache_key key;
        if (n <= HONE__CACHE_LONGEST) {
            key = hone__cache_key_of(text + i, n, len - i, 0);
            slot = hone__cache_slot(e->cache, &key);
        }
        if (slot && hone__cache_hit(slot, &key))
            HONE_TRY(hone__emit_cached(e, slot, base + (uint32_t)i));
        else
            HONE_TRY(encode_byte_word(e, text + i, n, base + (uint32_t)i, slot, &key));
        hone__next_word(e);
    }
    return HONE_OK;
}

/* ---- The general way ---- */

/* Cuts added tokens that are looked for in normalized text out of e->work. */
static hone_status split_normalized(hone__encoder *e)
{
    hone__work *w = &e->work;
    size_t done = 0, from = 0;
    hone__range at;
    for (const hone__added_token *t;
         (t = hone__added_next(&e->tok->added, &e->tok->added.normal, w->text.data, w->text.len, from, done, &at, &from)); done = at.end) {
        HONE_TRY(hone__splits_push(&w->splits, done, at.start, -1));
        HONE_TRY(hone__splits_push(&w->splits, at.start, at.end, t->id));
    }
    return hone__splits_push(&w->splits, done, w->text.len, -1);
}

static hone_status encode_split(hone__encoder *e, hone__split split)
{
    const hone__aligned *text = &e->work.text;
    size_t at = split.at.start, len = split.at.end - split.at.start;
    if (split.added_id >= 0)
        return emit_added(e, hone__added_by_id(&e->tok->added, split.added_id), text->data + at, len,
                          hone__aligned_origin(text, at, at + len));
    HONE_TRY(hone__model_encode(&e->tok->model, &e->scratch, text->data + at, len));
    HONE_TRY(hone__encoder_reserve(e, e->scratch.n));
    for (size_t i = 0, start = 0; i < e->scratch.n; i++) {
        size_t end = start + e->scratch.symbols[i].len;
        end = end < len ? end : len;
        hone__emit(e, e->scratch.symbols[i].id, hone__aligned_origin(text, at + start, at + end));
        start = end;
    }
    return HONE_OK;
}

hone_status hone__encode_general(hone__encoder *e, const char *text, size_t len, uint32_t base)
{
    hone__work *w = &e->work;
    w->splits.n = w->next_splits.n = 0;
    w->next_text.len = 0;
    HONE_TRY(hone__aligned_set(&w->text, text, len, base));
    HONE_TRY(hone__normalizer_run(&e->tok->normalizer, w));
    HONE_TRY(split_normalized(e));
    HONE_TRY(hone__pretokenizer_run(&e->tok->pretokenizer, w));
    for (size_t i = 0; i < w->splits.n; i++) {
        HONE_TRY(encode_split(e, w->splits.items[i]));
        hone__next_word(e);
    }
    return HONE_OK;
}

/* ---- Both ---- */

static hone_status encode_piece(hone__encoder *e, const char *text, size_t len, uint32_t base)
{
    if (!len)
        return HONE_OK;
    if (e->tok->byte_words && !e->tok->added.normal.n)
        return encode_byte_words(e, text, len, base);
    return e->tok->bert.usable ? hone__encode_bert_words(e, text, len, base) : hone__encode_general(e, text, len, base);
}

/* Cuts the added tokens of raw text out; what is between them goes on. */
static hone_status encode_valid(hone__encoder *e, const char *text, size_t len)
{
    size_t done = 0, from = 0;
    hone__range at;
    for (const hone__added_token *t; (t = hone__added_next(&e->tok->added, &e->tok->added.raw, text, len, from, done, &at, &from));
         done = at.end) {
        HONE_TRY(encode_piece(e, text + done, at.start - done, (uint32_t)done));
        HONE_TRY(emit_added(e, t, text + at.start, at.end - at.start, at));
        hone__next_word(e);
    }
    return encode_piece(e, text + done, len - done, (uint32_t)done);
}

static const uint64_t high_bits = 0x8080808080808080u;

/* The first byte of text[i..len) that is no ASCII, else len. */
static size_t ascii_end(const char *text, size_t i, size_t len)
{
    for (; i + 32 <= len; i += 32)
        if ((hone__load8(text + i) | hone__load8(text + i + 8) | hone__load8(text + i + 16) | hone__load8(text + i + 24)) & high_bits)
            break;
    while (i + 8 <= len && !(hone__load8(text + i) & high_bits))
        i += 8;
    while (i < len && (unsigned char)text[i] < 0x80)
        i++;
    return i;
}

/* The length in bytes of what counts as one character at text[i], ill-formed parts included. */
static size_t step(const char *text, size_t i, size_t len)
{
    uint32_t cp;
    if ((unsigned char)text[i] < 0x80)
        return 1;
    size_t n = hone__utf8_decode(&cp, text + i, len - i);
    return n ? n : hone__utf8_broken(text + i, len - i);
}

/* The characters that begin in n bytes of valid UTF-8. */
static size_t count_chars(const char *text, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    size_t count = 0;
    for (; n >= 8; text += 8, n -= 8) {
        uint64_t x = hone__load8(text), continues = (x >> 7) & ~(x >> 6) & ones;
        count += 8 - (size_t)((continues * ones) >> 56);
    }
    for (; n; text++, n--)
        count += !hone__is_continuation(*text);
    return count;
}

/* A place in a text, as bytes and as code points; text[byte..high) is known to be ASCII. */
typedef struct cursor {
    size_t byte, chars, high;
} cursor;

static void move_cursor(cursor *c, hone_text text, bool valid, size_t byte)
{
    if (byte < c->byte)
        *c = (cursor){0, 0, 0};
    if (valid) {
        c->chars += count_chars(text.data + c->byte, byte - c->byte);
        c->byte = byte;
        c->high = ascii_end(text.data, byte, text.len);
    }
    for (; c->byte < byte && c->byte < text.len; c->chars++)
        c->byte += step(text.data, c->byte, text.len);
}

static inline uint32_t chars_at(cursor *c, hone_text text, bool valid, size_t byte)
{
    if (byte >= c->byte && byte <= c->high) {
        c->chars += byte - c->byte;
        c->byte = byte;
    } else {
        move_cursor(c, text, valid, byte);
    }
    return (uint32_t)c->chars;
}

/* Code-point places of the tokens from `first` on, which are those of text. Starts ascend almost always; ends are near their starts. */
static hone_status add_chars(hone__encoder *e, size_t first, hone_text text, bool valid)
{
    HONE_TRY(HONE_GROW(&e->chars, &e->chars_capacity, e->n_tokens + 1));
    for (; e->n_chars < first; e->n_chars++)
        e->chars[e->n_chars] = e->tokens[e->n_chars].at;
    cursor start = {0, 0, 0};
    for (; e->n_chars < e->n_tokens; e->n_chars++) {
        hone__range at = e->tokens[e->n_chars].at;
        uint32_t from = chars_at(&start, text, valid, at.start);
        cursor end = start;
        e->chars[e->n_chars] = (hone__range){from, chars_at(&end, text, valid, at.end)};
    }
    return HONE_OK;
}

/* Ill-formed bytes: the text is encoded with U+FFFD in their place, then places are led back to the text as it was given. */
static hone_status encode_repaired(hone__encoder *e, hone_text text)
{
    size_t first = e->n_tokens;
    HONE_TRY(hone__aligned_repair(&e->repaired, text.data, text.len, &e->n_replaced));
    HONE_TRY(encode_valid(e, e->repaired.data, e->repaired.len));
    for (size_t i = first; i < e->n_tokens; i++)
        e->tokens[i].at = hone__aligned_origin(&e->repaired, e->tokens[i].at.start, e->tokens[i].at.end);
    return HONE_OK;
}

hone_status hone__encode_text(hone__encoder *e, hone_text text)
{
    if (text.len >= UINT32_MAX / 4)
        return hone__fail(HONE_INVALID_ARGUMENT, "a text of more than 1 GiB can't be encoded in one piece; cut it at a line's end");
    if (!text.len)
        return HONE_OK;
    size_t first = e->n_tokens;
    if (ascii_end(text.data, 0, text.len) == text.len) {
        HONE_TRY(encode_valid(e, text.data, text.len));
        return hone__encoder_is_ascii(e) || e->sink != HONE__SINK_TOKENS ? HONE_OK : add_chars(e, first, text, true);
    }
    bool valid = hone__utf8_valid(text.data, text.len) == text.len;
    HONE_TRY(valid ? encode_valid(e, text.data, text.len) : encode_repaired(e, text));
    return e->sink == HONE__SINK_TOKENS ? add_chars(e, first, text, valid) : HONE_OK;
}

hone_status hone__encode_split_word(hone__encoder *e, hone_text word)
{
    size_t first = e->n_tokens, n_wide = e->n_wide, n_replaced = e->n_replaced;
    bool cached = e->tok->byte_words || e->tok->bert.usable;
    if (!cached || e->sink != HONE__SINK_TOKENS || word.len > HONE__CACHE_LONGEST || !word.len)
        return hone__encode_text(e, word);
    hone__cache_key key = hone__cache_key_of(word.data, word.len, word.len, HONE__CACHE_SPLIT);
    hone__cached_word *slot = hone__cache_slot(e->cache, &key);
    if (!hone__cache_hit(slot, &key)) {
        HONE_TRY(hone__encode_text(e, word));
        if (e->n_tokens - first <= HONE__CACHE_TOKENS && e->n_wide == n_wide && e->n_replaced == n_replaced)
            hone__keep_word(e, slot, &key, first, 0);
        return HONE_OK;
    }
    HONE_TRY(hone__emit_cached(e, slot, 0));
    bool ascii = !((key.bytes[0] | key.bytes[1] | key.bytes[2]) & high_bits);
    return ascii && hone__encoder_is_ascii(e) ? HONE_OK : add_chars(e, first, word, true);
}
