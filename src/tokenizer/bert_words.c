/* BertNormalizer, BertPreTokenizer and WordPiece in one pass (tokenizers/src/normalizers/bert.rs, pre_tokenizers/bert.rs, models/wordpiece).
 *
 * The text is cut where it stands into blanks, single characters (punctuation, Chinese) and raw words between them. These cuts are those of the normalized text:
 * blanks, punctuation and Chinese characters stay what they are, combine with nothing, and end the reordering of marks. So what a raw word becomes follows from its bytes
 * alone, and a cache answers for most of them (word_cache.h). A new word of letters and digits is lower-cased and goes to the model, one of alphabets by way of a table; any
 * other one takes the general way by itself, which also finds the rare character that normalization turns into a cut (U+2260 is '=' and a mark). Tests hold both ways equal, for
 * every code point. */
#include "tokenizer/bert_words.h"

#include "tokenizer/encoder.h"
#include "tokenizer/unicode.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* What normalization makes of a character inside a word, where that is one character at most that waits for no mark. */
static uint16_t becomes_of(const hone__bert_words *b, const hone__normalizer *n, uint32_t cp)
{
    bool strip = n->strip_accents < 0 ? n->lowercase : n->strip_accents > 0;
    uint32_t parts[4] = {cp}, lower[2], kept = 0;
    size_t count = strip ? hone__decompose(parts, cp) : 1;
    if (hone__unicode(cp) & b->drop)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (strip && hone__unicode(parts[i]) & HONE__NONSPACING)
            continue;
        if (kept || (strip && hone__combining(parts[i])) || !parts[i])
            return HONE__BERT_MANY;
        kept = parts[i];
    }
    if (kept && n->lowercase && hone__lower(lower, kept) > 1)
        return HONE__BERT_MANY;
    kept = kept && n->lowercase ? lower[0] : kept;
    return kept >= HONE__BERT_MANY || hone__unicode(kept) & (b->blank | b->single) ? HONE__BERT_MANY : (uint16_t)kept;
}

void hone__bert_words_init(hone__bert_words *b, const hone_tokenizer *tok)
{
    const hone__normalizer *n = &tok->normalizer;
    *b = (hone__bert_words){.usable = false};
    if (n->kind != HONE__NORMALIZER_BERT || tok->pretokenizer.kind != HONE__PRETOKENIZER_BERT || tok->model.kind != HONE__MODEL_WORDPIECE ||
        tok->added.normal.n)
        return;
    b->usable = true;
    b->lowercase = n->lowercase;
    b->drop = n->clean_text ? HONE__CLEAN_DROP : 0;
    b->blank = HONE__BERT_SPACE | (n->clean_text ? HONE__CLEAN_SPACE : 0);
    b->single = HONE__BERT_PUNCTUATION | (n->handle_chinese_chars ? HONE__CJK : 0);
    for (int c = 0; c < 256; c++) {
        unsigned flags = c < 128 ? hone__unicode((uint32_t)c) : b->drop;
        char mark = (char)c;
        b->bytes[c] = c >= 128 || flags & b->drop ? HONE__BERT_OTHER
                      : flags & b->blank          ? HONE__BERT_BLANK
                      : flags & b->single         ? HONE__BERT_MARK
                                                  : HONE__BERT_WORD;
        if (b->bytes[c] == HONE__BERT_MARK) {
            int32_t id = tok->model.wordpiece.max_chars ? hone__vocab_find(&tok->model.vocab, &mark, 1) : -1;
            b->marks[c] = id >= 0 ? id : tok->model.wordpiece.unk_id;
        }
    }
    for (uint32_t cp = 0; cp < HONE__BERT_ROWS; cp++)
        b->becomes[cp] = becomes_of(b, n, cp);
}

/* The end of the run of ASCII letters and digits from i. */
static inline size_t run_end(const char *text, size_t i, size_t len)
{
#if defined(__SSE2__)
    /* compared as signed bytes, shifted so that the range begins at the least one; a byte above 0x7F is in neither range */
    const __m128i letters = _mm_set1_epi8((char)(-128 - 'a')), digits = _mm_set1_epi8((char)(-128 - '0'));
    for (; i + 16 <= len; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(text + i)), lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
        __m128i plain = _mm_or_si128(_mm_cmplt_epi8(_mm_add_epi8(lower, letters), _mm_set1_epi8(-128 + 26)),
                                     _mm_cmplt_epi8(_mm_add_epi8(x, digits), _mm_set1_epi8(-128 + 10)));
        unsigned stops = (unsigned)_mm_movemask_epi8(plain) ^ 0xFFFFu;
        if (stops)
            return i + (size_t)__builtin_ctz(stops);
    }
#endif
    for (; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((unsigned)(c | 0x20) - 'a' >= 26 && (unsigned)c - '0' >= 10)
            break;
    }
    return i;
}

/* The end of a raw word whose plain part ends at i, before a byte that needs a look; *plain becomes false when there is more to it. */
static size_t raw_end(const hone__bert_words *b, const char *text, size_t i, size_t len, bool *plain)
{
    for (size_t n; i < len; i += n) {
        uint8_t kind = b->bytes[(unsigned char)text[i]];
        n = 1;
        if (kind == HONE__BERT_BLANK || kind == HONE__BERT_MARK)
            return i;
        if (kind == HONE__BERT_OTHER) {
            unsigned flags = hone__unicode(hone__char_at(text + i));
            n = hone__char_len((unsigned char)text[i]);
            if (!(flags & b->drop) && flags & (b->blank | b->single))
                return i;
            *plain = false;
        }
    }
    return i;
}

/* A word of ASCII letters and digits. */
static hone_status encode_plain(hone__encoder *e, const char *word, size_t len, uint32_t base)
{
    const hone__model *m = &e->tok->model;
    hone__bpe_scratch *s = &e->scratch;
    hone__str_clear(&e->lowered);
    hone__str_append(&e->lowered, word, len);
    HONE_TRY(hone__str_status(&e->lowered));
    for (size_t i = 0; e->tok->bert.lowercase && i < len; i++) {
        char c = e->lowered.data[i];
        e->lowered.data[i] = (char)(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
    }
    HONE_TRY(hone__wordpiece_encode(&m->wordpiece, &m->vocab, s, e->lowered.data, len));
    HONE_TRY(hone__encoder_reserve(e, s->n));
    uint32_t start = base;
    for (size_t i = 0; i < s->n; start += s->symbols[i++].len)
        hone__emit(e, s->symbols[i].id, (hone__range){start, start + s->symbols[i].len});
    hone__next_word(e);
    return HONE_OK;
}

/* A word whose characters become one character each, or nothing, by the table; *done stays false where there are others. */
static hone_status encode_simple(hone__encoder *e, const char *word, size_t len, uint32_t base, bool *done)
{
    const hone__model *m = &e->tok->model;
    hone__aligned *a = &e->work.text;
    hone__bpe_scratch *s = &e->scratch;
    HONE_TRY(hone__aligned_reserve(a, 3 * len));
    a->len = 0;
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp = hone__char_at(word + i);
        n = hone__char_len((unsigned char)word[i]);
        uint16_t to = cp < HONE__BERT_ROWS ? e->tok->bert.becomes[cp] : HONE__BERT_MANY;
        if (to == HONE__BERT_MANY)
            return HONE_OK;
        size_t n_to = to ? hone__utf8_encode(a->data + a->len, to) : 0;
        for (size_t k = 0; k < n_to; k++)
            a->from[a->len + k] = (hone__range){base + (uint32_t)i, base + (uint32_t)(i + n)};
        a->len += n_to;
    }
    *done = true;
    if (!a->len)
        return HONE_OK;
    HONE_TRY(hone__wordpiece_encode(&m->wordpiece, &m->vocab, s, a->data, a->len));
    HONE_TRY(hone__encoder_reserve(e, s->n));
    for (size_t i = 0, start = 0; i < s->n; start += s->symbols[i++].len)
        hone__emit(e, s->symbols[i].id, hone__aligned_origin(a, start, start + s->symbols[i].len));
    hone__next_word(e);
    return HONE_OK;
}

/* A word that the cache does not know. Its places are needed for the cache, so it goes to the tokens first, whatever the sink. */
static hone_status encode_new(hone__encoder *e, const char *word, size_t len, uint32_t base, bool plain, hone__cached_word *slot,
                              const hone__cache_key *key)
{
    hone__sink sink = e->sink;
    size_t first = e->n_tokens;
    e->sink = HONE__SINK_TOKENS;
    bool done = plain;
    hone_status status = plain ? encode_plain(e, word, len, base) : encode_simple(e, word, len, base, &done);
    if (status == HONE_OK && !done)
        status = hone__encode_general(e, word, len, base);
    size_t n_tokens = e->n_tokens - first, n_words = done ? 1 : e->work.splits.n;
    if (status == HONE_OK && slot && n_words <= 1 && n_tokens <= HONE__CACHE_TOKENS)
        hone__keep_word(e, slot, key, first, base);
    e->sink = sink;
    if (sink == HONE__SINK_TOKENS)
        return status;
    e->n_tokens = first;
    if (status == HONE_OK)
        status = hone__encoder_reserve(e, n_tokens);
    for (size_t i = 0; status == HONE_OK && i < n_tokens; i++)
        hone__emit(e, e->tokens[first + i].id, e->tokens[first + i].at);
    return status;
}

static inline hone_status encode_raw(hone__encoder *e, const char *text, size_t i, size_t end, size_t len, uint32_t base, bool plain)
{
    size_t n = end - i;
    hone__cache_key key;
    hone__cached_word *slot = NULL;
    if (n <= HONE__CACHE_LONGEST) {
        key = hone__cache_key_of(text + i, n, len - i, 0);
        slot = hone__cache_slot(e->cache, &key);
        if (hone__cache_hit(slot, &key)) {
            HONE_TRY(hone__emit_cached(e, slot, base + (uint32_t)i));
            if (slot->n)
                hone__next_word(e);
            return HONE_OK;
        }
    }
    return encode_new(e, text + i, n, base + (uint32_t)i, plain, slot, &key);
}

hone_status hone__encode_bert_words(hone__encoder *e, const char *text, size_t len, uint32_t base)
{
    const hone__bert_words *b = &e->tok->bert;
    for (size_t i = 0, end; i < len; i = end) {
        unsigned char c = (unsigned char)text[i];
        end = i + 1;
        if (b->bytes[c] == HONE__BERT_BLANK)
            continue;
        if (b->bytes[c] == HONE__BERT_MARK) {
            HONE_TRY(hone__encoder_reserve(e, 1));
            hone__emit(e, b->marks[c], (hone__range){base + (uint32_t)i, base + (uint32_t)end});
            hone__next_word(e);
            continue;
        }
        bool plain = true;
        end = run_end(text, i, len);
        if (end < len)
            end = raw_end(b, text, end, len, &plain);
        if (end == i) { /* a longer character that is a cut */
            end = i + hone__char_len(c);
            plain = false;
            if (hone__unicode(hone__char_at(text + i)) & b->blank)
                continue;
        }
        HONE_TRY(encode_raw(e, text, i, end, len, base, plain));
    }
    return HONE_OK;
}
