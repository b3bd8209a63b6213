/* Pre-tokenizers that cut at delimiters (pretokenizer.h), as tokenizers/src/pre_tokenizers/{whitespace,punctuation,digits,split,delimiter,fixed_length}.rs and
 * NormalizedString::split. */
#include "tokenizer/pretokenizer.h"

#include "tokenizer/unicode.h"

hone_status hone__splitter_add(hone__splitter *s, size_t start, size_t end, bool is_match)
{
    bool joins = false;
    if (s->behavior == HONE__REMOVED)
        return is_match ? HONE_OK : hone__splits_push(s->out, start, end, -1);
    if (s->behavior == HONE__CONTIGUOUS)
        joins = is_match == s->was_match;
    else if (s->behavior == HONE__MERGED_WITH_PREVIOUS)
        joins = is_match && !s->was_match;
    else if (s->behavior == HONE__MERGED_WITH_NEXT)
        joins = !is_match && s->was_match;
    s->was_match = is_match;
    if (joins && s->has) {
        s->end = end;
        return HONE_OK;
    }
    if (s->has)
        HONE_TRY(hone__splits_push(s->out, s->start, s->end, -1));
    s->has = true;
    s->start = start, s->end = end;
    return HONE_OK;
}

hone_status hone__splitter_end(hone__splitter *s)
{
    hone_status status = s->has ? hone__splits_push(s->out, s->start, s->end, -1) : HONE_OK;
    s->has = s->was_match = false;
    return status;
}

/* Whether a character is a delimiter. */
static bool is_delimiter(const hone__pretokenizer *p, uint32_t cp)
{
    switch (p->kind) {
    case HONE__PRETOKENIZER_WHITESPACE_SPLIT:
        return hone__unicode(cp) & HONE__BERT_SPACE;
    case HONE__PRETOKENIZER_PUNCTUATION:
        return hone__unicode(cp) & HONE__BERT_PUNCTUATION;
    case HONE__PRETOKENIZER_DIGITS:
        return hone__unicode(cp) & HONE__NUMBER;
    default:
        return cp == p->delimiter;
    }
}

static hone_status split_at_chars(const hone__pretokenizer *p, hone__splitter *s, const char *text, hone__range at)
{
    size_t done = at.start;
    for (size_t i = at.start, n; i < at.end; i += n) {
        n = hone__char_len((unsigned char)text[i]);
        if (!is_delimiter(p, hone__char_at(text + i)))
            continue;
        if (done < i)
            HONE_TRY(hone__splitter_add(s, done, i, false));
        HONE_TRY(hone__splitter_add(s, i, i + n, true));
        done = i + n;
    }
    return done < at.end ? hone__splitter_add(s, done, at.end, false) : HONE_OK;
}

static hone_status split_at_pattern(hone__splitter *s, hone__matches *m, bool invert, const char *text, hone__range at)
{
    size_t done = 0, start, end, len = at.end - at.start;
    bool found;
    hone__matches_start(m, text + at.start, len);
    for (;;) {
        HONE_TRY(hone__matches_next(m, &start, &end, &found));
        if (!found)
            break;
        if (done != start)
            HONE_TRY(hone__splitter_add(s, at.start + done, at.start + start, invert));
        HONE_TRY(hone__splitter_add(s, at.start + start, at.start + end, !invert));
        done = end;
    }
    return done != len ? hone__splitter_add(s, at.start + done, at.end, invert) : HONE_OK;
}

/* \w+|[^\w\s]+: runs of the same kind, without white space. */
static hone_status split_whitespace(hone__splits *out, const char *text, hone__range at)
{
    size_t start = at.start;
    unsigned last = HONE__SPACE;
    for (size_t i = at.start; i < at.end; i += hone__char_len((unsigned char)text[i])) {
        unsigned flags = hone__unicode(hone__char_at(text + i)), kind = flags & HONE__WORD ? HONE__WORD : flags & HONE__SPACE;
        if (kind == last)
            continue;
        if (last != HONE__SPACE)
            HONE_TRY(hone__splits_push(out, start, i, -1));
        start = i;
        last = kind;
    }
    return last != HONE__SPACE ? hone__splits_push(out, start, at.end, -1) : HONE_OK;
}

static hone_status split_fixed(const hone__pretokenizer *p, hone__splits *out, const char *text, hone__range at)
{
    size_t start = at.start, n = 0;
    for (size_t i = at.start; i < at.end; i += hone__char_len((unsigned char)text[i]))
        if (n++ == p->length) {
            HONE_TRY(hone__splits_push(out, start, i, -1));
            start = i;
            n = 1;
        }
    return hone__splits_push(out, start, at.end, -1);
}

static hone_status split_one(const hone__pretokenizer *p, hone__splitter *s, hone__matches *m, const char *text, hone__range at)
{
    if (p->kind == HONE__PRETOKENIZER_WHITESPACE)
        return split_whitespace(s->out, text, at);
    if (p->kind == HONE__PRETOKENIZER_FIXED_LENGTH)
        return split_fixed(p, s->out, text, at);
    HONE_TRY(p->kind == HONE__PRETOKENIZER_SPLIT ? split_at_pattern(s, m, p->invert, text, at) : split_at_chars(p, s, text, at));
    return hone__splitter_end(s);
}

static hone__behavior behavior_of(const hone__pretokenizer *p)
{
    if (p->kind == HONE__PRETOKENIZER_PUNCTUATION || p->kind == HONE__PRETOKENIZER_SPLIT)
        return p->behavior;
    if (p->kind == HONE__PRETOKENIZER_DIGITS)
        return p->individual_digits ? HONE__ISOLATED : HONE__CONTIGUOUS;
    return HONE__REMOVED;
}

hone_status hone__split_words(const hone__pretokenizer *p, hone__work *w)
{
    hone__splitter s = {.behavior = behavior_of(p), .out = &w->next_splits};
    hone__matches m = {0};
    hone_status status = HONE_OK;
    if (p->kind == HONE__PRETOKENIZER_SPLIT)
        HONE_TRY(hone__matches_init(&m, &p->pattern));
    for (size_t i = 0; i < w->splits.n && status == HONE_OK; i++) {
        hone__split split = w->splits.items[i];
        if (split.added_id >= 0)
            status = hone__splits_push(&w->next_splits, split.at.start, split.at.end, split.added_id);
        else
            status = split_one(p, &s, &m, w->text.data, split.at);
    }
    hone__matches_dispose(&m);
    if (status == HONE_OK)
        hone__work_swap_splits(w);
    return status;
}
