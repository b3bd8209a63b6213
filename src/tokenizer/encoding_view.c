/* What an encoding shows: the getters of hone/tokenizer.h. */
#include "tokenizer/encoding.h"

size_t hone_encoding_n_tokens(const hone_encoding *e)
{
    return e->n;
}
const int32_t *hone_encoding_ids(const hone_encoding *e)
{
    return e->ids;
}
const int32_t *hone_encoding_type_ids(const hone_encoding *e)
{
    return e->type_ids;
}
const hone_span *hone_encoding_offsets(const hone_encoding *e)
{
    return e->offsets;
}
const hone_span *hone_encoding_offsets_chars(const hone_encoding *e)
{
    return e->chars;
}
const int32_t *hone_encoding_word_ids(const hone_encoding *e)
{
    return e->word_ids;
}
const int32_t *hone_encoding_sequence_ids(const hone_encoding *e)
{
    return e->sequence_ids;
}
const uint8_t *hone_encoding_special_tokens_mask(const hone_encoding *e)
{
    return e->special;
}
const uint8_t *hone_encoding_attention_mask(const hone_encoding *e)
{
    return e->attention;
}
size_t hone_encoding_n_overflowing(const hone_encoding *e)
{
    return e->n_overflowing;
}
size_t hone_encoding_n_replaced(const hone_encoding *e)
{
    return e->n_replaced;
}

const char *hone_encoding_token(const hone_encoding *e, size_t i)
{
    return hone__encoding_token(e, i, NULL);
}

const hone_encoding *hone_encoding_overflowing(const hone_encoding *e, size_t i)
{
    return i < e->n_overflowing ? e->overflowing[i] : NULL;
}

ptrdiff_t hone_encoding_char_to_token(const hone_encoding *e, size_t position, int sequence)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->sequence_ids[i] == sequence && position >= e->chars[i].start && position < e->chars[i].end)
            return (ptrdiff_t)i;
    return -1;
}

bool hone_encoding_token_to_chars(const hone_encoding *e, size_t i, hone_span *out)
{
    if (i >= e->n || e->sequence_ids[i] < 0)
        return false;
    *out = e->chars[i];
    return true;
}

bool hone_encoding_word_to_tokens(const hone_encoding *e, size_t word, int sequence, hone_span *out)
{
    bool found = false;
    for (size_t i = 0; i < e->n; i++) {
        if (e->sequence_ids[i] != sequence || e->word_ids[i] < 0 || (size_t)e->word_ids[i] != word)
            continue;
        if (!found)
            out->start = i;
        out->end = i + 1;
        found = true;
    }
    return found;
}

bool hone_encoding_word_to_chars(const hone_encoding *e, size_t word, int sequence, hone_span *out)
{
    hone_span tokens;
    if (!hone_encoding_word_to_tokens(e, word, sequence, &tokens))
        return false;
    *out = (hone_span){e->chars[tokens.start].start, e->chars[tokens.end - 1].end};
    return true;
}

ptrdiff_t hone_encoding_token_to_word(const hone_encoding *e, size_t i)
{
    return i < e->n ? e->word_ids[i] : -1;
}
