/* Texts, windows and pieces of the pipeline of token classification (token_text.h), beside preprocess and gather_pre_entities of the reference's
 * pipelines/token_classification.py. A text that fits is one window. */
#include "tasks/token_text.h"
#include "tokenizer/pieces.h"

#include <string.h>

/* ---- reading ---- */

static size_t count_chars(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* Joins t->words and notes where they begin. */
static hone_status join(hone__tagged *t, hone_text delimiter)
{
    hone_str all = HONE_STR_INIT;
    hone_span at = {0, 0};
    size_t between = count_chars(delimiter.data, delimiter.len);
    hone_status status = HONE_NEW(&t->starts, t->n_words + 1);
    for (size_t i = 0; status == HONE_OK && i < t->n_words; i++) {
        if (i > 0)
            hone__str_append(&all, delimiter.data, delimiter.len);
        at.end = all.len;
        t->starts[i] = at;
        hone__str_append(&all, t->words[i].data, t->words[i].len);
        at.start += count_chars(t->words[i].data, t->words[i].len) + between;
    }
    t->text.len = all.len;
    if (status == HONE_OK)
        status = hone__str_take(&t->joined, &all);
    t->text.data = t->joined;
    hone__str_dispose(&all);
    return status;
}

static hone_status read_words(hone__tagged *t, const json_t *array, hone_text delimiter)
{
    t->n_words = json_array_size(array);
    HONE_TRY(HONE_NEW(&t->words, t->n_words + 1));
    for (size_t i = 0; i < t->n_words; i++) {
        const json_t *word = json_array_get(array, i);
        if (!json_is_string(word))
            return hone__fail(HONE_FORMAT, "word %zu of the input is no string", i + 1);
        t->words[i] = (hone_text){json_string_value(word), json_string_length(word)};
    }
    return join(t, delimiter);
}

hone_status hone__tagged_read(hone__tagged *t, const json_t *input)
{
    static const char *const keys[] = {"inputs", "text", "tokens"};
    const json_t *value = json_is_string(input) || json_is_array(input) ? input : NULL;
    const json_t *delimiter = json_object_get(input, "delimiter");
    for (size_t i = 0; !value && i < sizeof(keys) / sizeof(*keys); i++)
        value = json_object_get(input, keys[i]);
    if (delimiter && !json_is_string(delimiter))
        return hone__fail(HONE_FORMAT, "\"delimiter\" must be a string");
    if (json_is_array(value))
        return read_words(t, value, delimiter ? (hone_text){json_string_value(delimiter), json_string_length(delimiter)} : HONE_TEXT(" "));
    if (!json_is_string(value))
        return hone__fail(HONE_FORMAT, "an input must be {\"inputs\": text} or {\"tokens\": [word, …]}");
    t->text = (hone_text){json_string_value(value), json_string_length(value)};
    return HONE_OK;
}

static hone_status check_utf8(hone_text text)
{
    size_t valid = hone__utf8_valid(text.data, text.len);
    if (valid == text.len)
        return HONE_OK;
    return hone__fail(HONE_INVALID_ARGUMENT, "the text is not UTF-8: byte 0x%02X at offset %zu", (unsigned char)text.data[valid], valid);
}

hone_status hone__tagged_take(hone__tagged *t, const hone_sequence *sequence)
{
    if (!sequence->words) {
        t->text = sequence->text.data ? sequence->text : HONE_TEXT("");
        return check_utf8(t->text);
    }
    t->n_words = sequence->n_words;
    HONE_TRY(HONE_NEW(&t->words, t->n_words + 1));
    for (size_t i = 0; i < t->n_words; i++) {
        t->words[i] = sequence->words[i];
        HONE_TRY(check_utf8(t->words[i]));
    }
    return join(t, HONE_TEXT(" "));
}

void hone__tagged_dispose(hone__tagged *t)
{
    hone_encoding_free(t->encoding);
    hone__free(t->joined);
    hone__free(t->words);
    hone__free(t->starts);
    hone__free(t->scores);
    *t = (hone__tagged){.is_done = true};
}

/* ---- windows ---- */

hone_status hone__tagged_encode(hone__tagged *t, const hone_tokenizer *tok, const hone_encode_options *options)
{
    hone_encode_input input = {.first = {.text = t->text, .words = t->words, .n_words = t->n_words}};
    return hone_tokenizer_encode_input(&t->encoding, tok, &input, options);
}

size_t hone__tagged_n_windows(const hone__tagged *t)
{
    return 1 + hone_encoding_n_overflowing(t->encoding);
}

const hone_encoding *hone__tagged_window(const hone__tagged *t, size_t i)
{
    return i == 0 ? t->encoding : hone_encoding_overflowing(t->encoding, i - 1);
}

size_t hone__tagged_n_tokens(const hone__tagged *t)
{
    size_t n = 0;
    for (size_t i = 0; i < hone__tagged_n_windows(t); i++)
        n += hone_encoding_n_tokens(hone__tagged_window(t, i));
    return n;
}

/* ---- pieces ---- */

/* Token k of a window, its place in the whole text. */
static void place(hone__tagged_token *p, const hone__tagged *t, const hone_encoding *e, size_t k)
{
    p->chars = hone_encoding_offsets_chars(e)[k];
    p->bytes = hone_encoding_offsets(e)[k];
    p->word_id = hone_encoding_word_ids(e)[k];
    if (!t->words || p->word_id < 0)
        return;
    hone_span start = t->starts[p->word_id];
    p->chars = (hone_span){p->chars.start + start.start, p->chars.end + start.start};
    p->bytes = (hone_span){p->bytes.start + start.end, p->bytes.end + start.end};
}

/* The reference's fallback for tokenizers that do not mark words: no space on either side of where the token begins. */
static bool follows_closely(hone_text text, size_t byte)
{
    return byte > 0 && text.data[byte - 1] != ' ' && (byte >= text.len || text.data[byte] != ' ');
}

/* Whether a token goes on with a word, as the reference guesses: by its length, which differs from that of its part of the text when it has a prefix. */
static void guess(hone__tagged_token *p, hone_text text, bool is_unknown, bool marks_words)
{
    if (is_unknown) {
        p->word = (hone_text){text.data + p->bytes.start, p->bytes.end - p->bytes.start};
        p->is_subword = false;
    } else if (marks_words) {
        p->is_subword = count_chars(p->word.data, p->word.len) != p->chars.end - p->chars.start;
    } else {
        p->is_subword = follows_closely(text, p->bytes.start);
    }
}

/* Tokens [first, end) of a window, special ones left out. `index` is that of the window's first token. */
static hone_status add_pieces(hone__tagged_tokens *out, const hone__tagged *t, const hone_encoding *e, const float *scores, size_t n_labels,
                              const hone_tokenizer *tok, size_t first, size_t end, size_t index)
{
    int32_t unknown = hone_tokenizer_special_id(tok, HONE_SPECIAL_UNK);
    const int32_t *ids = hone_encoding_ids(e);
    bool marks_words = hone__tokenizer_marks_words(tok);
    HONE_TRY(HONE_GROW(&out->items, &out->capacity, out->n + (end - first)));
    for (size_t k = first; k < end; k++) {
        if (hone_encoding_special_tokens_mask(e)[k])
            continue;
        hone__tagged_token *p = &out->items[out->n++];
        *p = (hone__tagged_token){.scores = scores + k * n_labels, .index = (int64_t)(index + k)};
        p->word.data = hone__tokenizer_token(tok, ids[k], &p->word.len);
        place(p, t, e, k);
        guess(p, t->text, ids[k] == unknown, marks_words);
    }
    return HONE_OK;
}

hone_status hone__tagged_pieces(hone__tagged_tokens *out, const hone__tagged *t, size_t i, const float *scores, size_t n_labels,
                                const hone_tokenizer *tok)
{
    const hone_encoding *e = hone__tagged_window(t, i);
    out->n = 0;
    return add_pieces(out, t, e, scores, n_labels, tok, 0, hone_encoding_n_tokens(e), 0);
}

/* Special tokens before the text's. */
static size_t n_before(const hone_encoding *e)
{
    size_t n = 0;
    while (n < hone_encoding_n_tokens(e) && hone_encoding_special_tokens_mask(e)[n])
        n++;
    return n;
}

hone_status hone__tagged_all_pieces(hone__tagged_tokens *out, const hone__tagged *t, size_t n_labels, const hone_tokenizer *tok,
                                    size_t room, size_t stride)
{
    const float *scores = t->scores;
    size_t n = hone__tagged_n_windows(t), step = room - stride, half = stride - stride / 2;
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        const hone_encoding *e = hone__tagged_window(t, i);
        size_t n_tokens = hone_encoding_n_tokens(e), before = n_before(e);
        size_t first = i == 0 ? 0 : before + half, end = i + 1 == n ? n_tokens : before + step + half;
        if (first < end)
            HONE_TRY(add_pieces(out, t, e, scores, n_labels, tok, first, end, i * step));
        scores += n_tokens * n_labels;
    }
    return HONE_OK;
}
