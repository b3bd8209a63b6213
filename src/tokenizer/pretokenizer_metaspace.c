/* The Metaspace pre-tokenizer (pretokenizer.h), as tokenizers/src/pre_tokenizers/metaspace.rs: spaces become U+2581, one is put before a word, and words begin at it. */
#include "tokenizer/pretokenizer.h"

#include "tokenizer/part.h"
#include "tokenizer/unicode.h"

#include <string.h>

static const char *const schemes[] = {"always", "first", "never", NULL};

hone_status hone__metaspace_read(hone__metaspace *out, const json_t *section, const char *part, const char *name)
{
    const char *scheme = "always";
    bool prefix = true;
    *out = (hone__metaspace){0x2581, HONE__PREPEND_ALWAYS, true};
    HONE_TRY(hone__part_char(&out->replacement, section, "replacement", part, name));
    HONE_TRY(hone__json_get_string(section, "prepend_scheme", &scheme, name));
    HONE_TRY(hone__json_get_bool(section, "add_prefix_space", &prefix, name)); /* in older files */
    HONE_TRY(hone__json_get_bool(section, "split", &out->split, name));
    int which = hone__part_find(schemes, scheme);
    if (which < 0)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: %s: prepend_scheme \"%s\" is not known", name, part, scheme),
                          "it is always, first or never");
    if (!prefix && which != HONE__PREPEND_NEVER && json_object_get(section, "prepend_scheme"))
        return hone__fail(HONE_FORMAT, "%s: %s: add_prefix_space is false, but prepend_scheme is \"%s\"", name, part, scheme);
    out->prepend = prefix ? (hone__prepend)which : HONE__PREPEND_NEVER;
    return HONE_OK;
}

void hone__metaspace_write(hone__metaspace options, hone_json_writer *w)
{
    hone__part_begin(w, "Metaspace");
    hone__part_write_char(w, "replacement", options.replacement);
    hone__jw_put_string(w, "prepend_scheme", schemes[options.prepend]);
    hone__jw_put_bool(w, "split", options.split);
    hone__jw_end_object(w);
}

/* Appends a word to next_text with spaces replaced; *first says that it must begin with the replacement. */
static hone_status push_word(hone__work *w, hone__range at, const char *mark, size_t n_mark, bool prepend)
{
    const hone__aligned *text = &w->text;
    bool begins = text->data[at.start] == ' ' || (at.end - at.start >= n_mark && memcmp(text->data + at.start, mark, n_mark) == 0);
    if (prepend && !begins)
        HONE_TRY(hone__aligned_push(&w->next_text, mark, n_mark, text->from[at.start]));
    for (size_t i = at.start, n; i < at.end; i += n) {
        bool space = text->data[i] == ' ';
        n = hone__char_len((unsigned char)text->data[i]);
        HONE_TRY(hone__aligned_push(&w->next_text, space ? mark : text->data + i, space ? n_mark : n, text->from[i]));
    }
    return HONE_OK;
}

/* Cuts next_text[start..] before each replacement. */
static hone_status cut_word(hone__work *w, size_t start, const char *mark, size_t n_mark)
{
    const hone__aligned *text = &w->next_text;
    for (size_t i = start; i < text->len; i += hone__char_len((unsigned char)text->data[i])) {
        if (i == start || text->len - i < n_mark || memcmp(text->data + i, mark, n_mark) != 0)
            continue;
        HONE_TRY(hone__splits_push(&w->next_splits, start, i, -1));
        start = i;
    }
    return hone__splits_push(&w->next_splits, start, text->len, -1);
}

hone_status hone__split_metaspace(hone__metaspace options, hone__work *w)
{
    char mark[4];
    size_t n_mark = hone__utf8_encode(mark, options.replacement);
    for (size_t k = 0; k < w->splits.n; k++) {
        hone__split split = w->splits.items[k];
        size_t start = w->next_text.len;
        if (split.added_id >= 0) {
            for (size_t i = split.at.start; i < split.at.end; i++)
                HONE_TRY(hone__aligned_push(&w->next_text, w->text.data + i, 1, w->text.from[i]));
            HONE_TRY(hone__splits_push(&w->next_splits, start, w->next_text.len, split.added_id));
            continue;
        }
        bool prepend =
            options.prepend == HONE__PREPEND_ALWAYS || (options.prepend == HONE__PREPEND_FIRST && w->text.from[split.at.start].start == 0);
        HONE_TRY(push_word(w, split.at, mark, n_mark, prepend));
        HONE_TRY(options.split ? cut_word(w, start, mark, n_mark) : hone__splits_push(&w->next_splits, start, w->next_text.len, -1));
    }
    hone__work_swap_text(w);
    hone__work_swap_splits(w);
    return HONE_OK;
}
