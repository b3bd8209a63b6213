/* Added tokens (added.h). There are few of them and they begin with few different bytes, so a table of first bytes passes over most of the text. */
#include "tokenizer/added.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

void hone__added_dispose(hone__added *a)
{
    for (size_t i = 0; i < a->n; i++) {
        hone__free(a->tokens[i].content);
        hone__free(a->tokens[i].pattern);
    }
    hone__free(a->tokens);
    hone__free(a->raw.order);
    hone__free(a->normal.order);
    hone__free(a->extra_ids);
    hone__vocab_dispose(&a->extra);
    memset(a, 0, sizeof *a);
}

hone_status hone__added_add(hone__added *a, const hone__vocab *model, const char *content, size_t len, int64_t id, bool special,
                            const hone__added_token *flags)
{
    if (!len)
        return HONE_OK; /* the reference passes over empty ones, too */
    int32_t known = hone__vocab_find(model, content, len);
    if (known >= 0 && known != id)
        return hone__fail(HONE_FORMAT, "added token \"%.100s\" has id %lld, but the model's vocabulary says %d", content, (long long)id,
                          known);
    if (known < 0 && hone__vocab_has(model, id))
        return hone__fail(HONE_FORMAT, "added token \"%.100s\" has id %lld, which is \"%s\" in the model's vocabulary", content,
                          (long long)id, hone__vocab_text(model, (int32_t)id));
    if (id < 0 || id >= HONE__MAX_ID)
        return hone__fail(HONE_FORMAT, "added token \"%.100s\" has id %lld, which is out of range", content, (long long)id);
    const hone__added_token *same = hone__added_by_id(a, (int32_t)id);
    if (same || hone__added_find(a, content, len) >= 0)
        return hone__fail(HONE_FORMAT, "added token \"%.100s\" or its id %lld appears twice", content, (long long)id);
    HONE_TRY(HONE_GROW(&a->tokens, &a->capacity, a->n + 1));
    HONE_TRY(HONE_GROW(&a->extra_ids, &a->extra_capacity, a->extra.n_ids + 1));
    if (known < 0) {
        HONE_TRY(hone__vocab_add(&a->extra, content, len, (int64_t)a->extra.n_ids));
        a->extra_ids[a->extra.n_ids - 1] = (int32_t)id;
    }
    hone__added_token token = flags ? *flags : (hone__added_token){0};
    HONE_TRY(hone__strndup(&token.content, content, len));
    token.pattern = NULL;
    token.pattern_len = 0;
    token.len = len;
    token.id = (int32_t)id;
    token.special = special;
    size_t i = a->n++;
    for (; i && a->tokens[i - 1].id > token.id; i--)
        a->tokens[i] = a->tokens[i - 1];
    a->tokens[i] = token;
    return HONE_OK;
}

const hone__added_token *hone__added_by_id(const hone__added *a, int32_t id)
{
    size_t low = 0, high = a->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (a->tokens[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->n && a->tokens[low].id == id ? &a->tokens[low] : NULL;
}

int32_t hone__added_find(const hone__added *a, const char *text, size_t len)
{
    int32_t i = hone__vocab_find(&a->extra, text, len);
    return i < 0 ? -1 : a->extra_ids[i];
}

static int compare_tokens(const void *left, const void *right, void *payload)
{
    const hone__added_token *tokens = payload, *l = &tokens[*(const uint32_t *)left], *r = &tokens[*(const uint32_t *)right];
    int first = (unsigned char)l->pattern[0] - (unsigned char)r->pattern[0];
    if (first || l->pattern_len != r->pattern_len)
        return first ? first : l->pattern_len < r->pattern_len ? 1 : -1;
    int order = memcmp(l->pattern, r->pattern, l->pattern_len);
    if (order || l->special != r->special)
        return order ? order : r->special - l->special;
    return l < r ? -1 : l > r;
}

static hone_status build_matcher(hone__matcher *m, const hone__added *a, bool normalized)
{
    HONE_TRY(HONE_ALLOC(&m->order, a->n));
    for (size_t i = 0; i < a->n; i++)
        if (a->tokens[i].normalized == normalized && a->tokens[i].pattern_len)
            m->order[m->n++] = (uint32_t)i;
    if (m->n)
        qsort_r(m->order, m->n, sizeof *m->order, compare_tokens, a->tokens);
    for (size_t b = 0, i = 0; b < 257; b++) {
        while (i < m->n && (unsigned char)a->tokens[m->order[i]].pattern[0] < b)
            i++;
        m->first[b] = (uint32_t)i;
    }
    return HONE_OK;
}

static hone_status make_pattern(hone__added_token *t, const hone__normalizer *normalizer, hone__work *w)
{
    if (!t->normalized || normalizer->kind == HONE__NORMALIZER_NONE) {
        t->pattern_len = t->len;
        return hone__strndup(&t->pattern, t->content, t->len);
    }
    HONE_TRY(hone__aligned_set(&w->text, t->content, t->len, 0));
    HONE_TRY(hone__normalizer_run(normalizer, w));
    t->pattern_len = w->text.len;
    return hone__strndup(&t->pattern, w->text.len ? w->text.data : "", w->text.len);
}

hone_status hone__added_finish(hone__added *a, const hone__normalizer *normalizer)
{
    hone__work w = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < a->n && status == HONE_OK; i++)
        status = make_pattern(&a->tokens[i], normalizer, &w);
    hone__work_dispose(&w);
    HONE_TRY(status);
    HONE_TRY(build_matcher(&a->raw, a, false));
    return build_matcher(&a->normal, a, true);
}

static bool is_word_char(uint32_t cp)
{
    return hone__unicode(cp) & HONE__WORD;
}

/* Widens or refuses a match by the token's flags. */
static bool apply_flags(const hone__added_token *token, const char *text, size_t len, size_t done, hone__range *at)
{
    size_t start = at->start, end = at->end, n;
    if (token->single_word &&
        ((start && is_word_char(hone__char_before(text + start, &n))) || (end < len && is_word_char(hone__char_at(text + end)))))
        return false;
    if (token->lstrip)
        while (start > done && hone__unicode(hone__char_before(text + start, &n)) & HONE__SPACE)
            start -= n;
    if (token->rstrip)
        while (end < len && hone__unicode(hone__char_at(text + end)) & HONE__SPACE)
            end += hone__char_len((unsigned char)text[end]);
    *at = (hone__range){(uint32_t)(start > done ? start : done), (uint32_t)end};
    return true;
}

const hone__added_token *hone__added_next(const hone__added *a, const hone__matcher *m, const char *text, size_t len, size_t from,
                                          size_t done, hone__range *at, size_t *resume)
{
    if (!m->n)
        return NULL;
    unsigned char only = (unsigned char)a->tokens[m->order[0]].pattern[0];
    bool one = m->first[only + 1] - m->first[only] == m->n;
    for (size_t i = from; i < len; i++) {
        if (one) {
            const char *hit = memchr(text + i, only, len - i);
            if (!hit)
                return NULL;
            i = (size_t)(hit - text);
        }
        unsigned char c = (unsigned char)text[i];
        for (uint32_t k = m->first[c]; k < m->first[c + 1]; k++) {
            const hone__added_token *token = &a->tokens[m->order[k]];
            if (token->pattern_len > len - i || memcmp(text + i, token->pattern, token->pattern_len) != 0)
                continue;
            *at = (hone__range){(uint32_t)i, (uint32_t)(i + token->pattern_len)};
            *resume = at->end;
            if (apply_flags(token, text, len, done, at))
                return token;
            i = *resume - 1; /* a refused match is passed over as a whole */
            break;
        }
    }
    return NULL;
}

hone_status hone__added_read(hone__added *a, const hone__vocab *model, const json_t *list, const char *name)
{
    if (list && !json_is_null(list) && !json_is_array(list))
        return hone__fail(HONE_FORMAT, "%s: \"added_tokens\" must be a list", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i), *content = json_object_get(item, "content");
        hone__added_token flags = {.normalized = true};
        int64_t id = -1;
        bool special = false;
        if (!json_is_string(content))
            return hone__fail(HONE_FORMAT, "%s: added token %zu has no \"content\"", name, i);
        HONE_TRY(hone__json_get_int(item, "id", &id, name));
        HONE_TRY(hone__json_get_bool(item, "special", &special, name));
        flags.normalized = !special;
        HONE_TRY(hone__json_get_bool(item, "single_word", &flags.single_word, name));
        HONE_TRY(hone__json_get_bool(item, "lstrip", &flags.lstrip, name));
        HONE_TRY(hone__json_get_bool(item, "rstrip", &flags.rstrip, name));
        HONE_TRY(hone__json_get_bool(item, "normalized", &flags.normalized, name));
        hone_status status = hone__added_add(a, model, json_string_value(content), json_string_length(content), id, special, &flags);
        if (status != HONE_OK)
            return hone__fail_in(status, "%s", name);
    }
    return HONE_OK;
}

void hone__added_write(const hone__added *a, hone_json_writer *w)
{
    hone__jw_array(w);
    for (size_t i = 0; i < a->n; i++) {
        const hone__added_token *t = &a->tokens[i];
        hone__jw_object(w);
        hone__jw_put_int(w, "id", t->id);
        hone__jw_key(w, "content");
        hone__jw_string_n(w, t->content, t->len);
        hone__jw_put_bool(w, "single_word", t->single_word);
        hone__jw_put_bool(w, "lstrip", t->lstrip);
        hone__jw_put_bool(w, "rstrip", t->rstrip);
        hone__jw_put_bool(w, "normalized", t->normalized);
        hone__jw_put_bool(w, "special", t->special);
        hone__jw_end_object(w);
    }
    hone__jw_end_array(w);
}
