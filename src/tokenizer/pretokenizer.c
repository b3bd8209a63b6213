/* Pre-tokenizers (pretokenizer.h). */
#include "tokenizer/pretokenizer.h"

#include "tokenizer/bytelevel.h"
#include "tokenizer/part.h"

#include <string.h>

hone_status hone__byte_level_read(hone__byte_level *out, const json_t *section, const char *name)
{
    *out = (hone__byte_level){true, true, true};
    HONE_TRY(hone__json_get_bool(section, "add_prefix_space", &out->add_prefix_space, name));
    HONE_TRY(hone__json_get_bool(section, "trim_offsets", &out->trim_offsets, name));
    return hone__json_get_bool(section, "use_regex", &out->use_regex, name);
}

void hone__byte_level_write(hone__byte_level options, hone_json_writer *w)
{
    hone__jw_object(w);
    hone__jw_put_string(w, "type", "ByteLevel");
    hone__jw_put_bool(w, "add_prefix_space", options.add_prefix_space);
    hone__jw_put_bool(w, "trim_offsets", options.trim_offsets);
    hone__jw_put_bool(w, "use_regex", options.use_regex);
    hone__jw_end_object(w);
}

/* The types by hone__pretokenizer_kind. */
static const char *const types[] = {
    "",      "ByteLevel", "BertPreTokenizer",   "Sequence",    "Whitespace", "WhitespaceSplit", "Punctuation", "Digits",
    "Split", "Metaspace", "CharDelimiterSplit", "FixedLength", NULL};
static const char *const behaviors[] = {"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous", NULL};

void hone__pretokenizer_dispose(hone__pretokenizer *p)
{
    for (size_t i = 0; i < p->n_items; i++)
        hone__pretokenizer_dispose(&p->items[i]);
    hone__free(p->items);
    hone__pattern_dispose(&p->pattern);
    *p = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_NONE};
}

bool hone__pretokenizer_has_byte_level(const hone__pretokenizer *p)
{
    bool has = p->kind == HONE__PRETOKENIZER_BYTE_LEVEL;
    for (size_t i = 0; i < p->n_items; i++)
        has |= hone__pretokenizer_has_byte_level(&p->items[i]);
    return has;
}

static hone_status read_sequence(hone__pretokenizer *out, const json_t *section, const char *name)
{
    const json_t *list;
    HONE_TRY(hone__part_list(&list, section, "pretokenizers", "pre_tokenizer Sequence", name));
    HONE_TRY(HONE_NEW(&out->items, json_array_size(list)));
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->n_items++;
        HONE_TRY(hone__pretokenizer_read(&out->items[i], json_array_get(list, i), name));
    }
    return HONE_OK;
}

static hone_status read_behavior(hone__behavior *out, const json_t *section, const char *part, const char *name)
{
    const char *behavior = "Isolated";
    HONE_TRY(hone__json_get_string(section, "behavior", &behavior, name));
    int which = hone__part_find(behaviors, behavior);
    if (which < 0)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: %s: behavior \"%s\" is not known", name, part, behavior),
                          "it is Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
    *out = (hone__behavior)which;
    return HONE_OK;
}

static hone_status read_split(hone__pretokenizer *out, const json_t *section, const char *name)
{
    HONE_TRY(hone__pattern_read(&out->pattern, json_object_get(section, "pattern"), "pre_tokenizer Split", name));
    HONE_TRY(hone__part_bool(&out->invert, section, "invert", "pre_tokenizer Split", name));
    return read_behavior(&out->behavior, section, "pre_tokenizer Split", name);
}

static hone_status read_fixed(hone__pretokenizer *out, const json_t *section, const char *name)
{
    out->length = 5;
    HONE_TRY(hone__part_count(&out->length, section, "length", "pre_tokenizer FixedLength", name));
    return out->length ? HONE_OK : hone__fail(HONE_FORMAT, "%s: pre_tokenizer FixedLength: length is 0", name);
}

static hone_status read_options(hone__pretokenizer *out, const json_t *section, const char *name)
{
    switch (out->kind) {
    case HONE__PRETOKENIZER_BYTE_LEVEL:
        return hone__byte_level_read(&out->byte_level, section, name);
    case HONE__PRETOKENIZER_SEQUENCE:
        return read_sequence(out, section, name);
    case HONE__PRETOKENIZER_PUNCTUATION:
        return read_behavior(&out->behavior, section, "pre_tokenizer Punctuation", name);
    case HONE__PRETOKENIZER_DIGITS:
        return hone__part_bool(&out->individual_digits, section, "individual_digits", "pre_tokenizer Digits", name);
    case HONE__PRETOKENIZER_SPLIT:
        return read_split(out, section, name);
    case HONE__PRETOKENIZER_METASPACE:
        return hone__metaspace_read(&out->metaspace, section, "pre_tokenizer Metaspace", name);
    case HONE__PRETOKENIZER_CHAR_DELIMITER:
        return hone__part_char(&out->delimiter, section, "delimiter", "pre_tokenizer CharDelimiterSplit", name);
    case HONE__PRETOKENIZER_FIXED_LENGTH:
        return read_fixed(out, section, name);
    default:
        return HONE_OK;
    }
}

hone_status hone__pretokenizer_read(hone__pretokenizer *out, const json_t *section, const char *name)
{
    *out = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_NONE};
    int kind;
    HONE_TRY(hone__part_kind(&kind, section, types, "pre_tokenizer", name));
    out->kind = (hone__pretokenizer_kind)kind;
    return read_options(out, section, name);
}

static void write_options(const hone__pretokenizer *p, hone_json_writer *w)
{
    if (p->kind == HONE__PRETOKENIZER_SEQUENCE) {
        hone__jw_key(w, "pretokenizers");
        hone__jw_array(w);
        for (size_t i = 0; i < p->n_items; i++)
            hone__pretokenizer_write(&p->items[i], w);
        hone__jw_end_array(w);
    } else if (p->kind == HONE__PRETOKENIZER_DIGITS) {
        hone__jw_put_bool(w, "individual_digits", p->individual_digits);
    } else if (p->kind == HONE__PRETOKENIZER_CHAR_DELIMITER) {
        hone__part_write_char(w, "delimiter", p->delimiter);
    } else if (p->kind == HONE__PRETOKENIZER_FIXED_LENGTH) {
        hone__jw_put_uint(w, "length", p->length);
    } else if (p->kind == HONE__PRETOKENIZER_SPLIT || p->kind == HONE__PRETOKENIZER_PUNCTUATION) {
        if (p->kind == HONE__PRETOKENIZER_SPLIT)
            hone__pattern_write(&p->pattern, w);
        hone__jw_put_string(w, "behavior", behaviors[p->behavior]);
        if (p->kind == HONE__PRETOKENIZER_SPLIT)
            hone__jw_put_bool(w, "invert", p->invert);
    }
}

void hone__pretokenizer_write(const hone__pretokenizer *p, hone_json_writer *w)
{
    if (p->kind == HONE__PRETOKENIZER_NONE) {
        hone__jw_null(w);
    } else if (p->kind == HONE__PRETOKENIZER_BYTE_LEVEL) {
        hone__byte_level_write(p->byte_level, w);
    } else if (p->kind == HONE__PRETOKENIZER_METASPACE) {
        hone__metaspace_write(p->metaspace, w);
    } else {
        hone__part_begin(w, types[p->kind]);
        write_options(p, w);
        hone__jw_end_object(w);
    }
}

/* Appends the letters of a word's bytes to next_text, each with its byte's origin. */
static hone_status push_letters(hone__work *w, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) {
        char letter[2];
        HONE_TRY(hone__aligned_push(&w->next_text, letter, hone__byte_letters(letter, w->text.data + i, 1), w->text.from[i]));
    }
    return HONE_OK;
}

/* The first word of a split with add_prefix_space: a space in front, which stands for the first character, as in NormalizedString::prepend. The word that the
 * pattern finds must be the one that it would find behind a real space. */
static hone_status push_prefixed_word(const hone__byte_level *o, hone__work *w, size_t start, size_t end, size_t *word_end)
{
    size_t first = start + hone__char_len((unsigned char)w->text.data[start]), next = end, old = w->next_text.len;
    if (o->use_regex) {
        hone_str text = HONE_STR_INIT;
        hone__str_putc(&text, ' ');
        hone__str_append(&text, w->text.data + start, end - start);
        next = text.failed ? start : start + hone__word_end(text.data, 0, text.len) - 1;
        hone_status status = hone__str_status(&text);
        hone__str_dispose(&text);
        HONE_TRY(status);
    }
    char letter[2];
    hone__range from = {w->text.from[start].start, w->text.from[first - 1].end};
    HONE_TRY(hone__aligned_push(&w->next_text, letter, hone__byte_letters(letter, " ", 1), from));
    HONE_TRY(push_letters(w, start, next));
    *word_end = next;
    return hone__splits_push(&w->next_splits, old, w->next_text.len, -1);
}

static hone_status run_byte_level(const hone__byte_level *o, hone__work *w)
{
    for (size_t k = 0; k < w->splits.n; k++) {
        hone__split split = w->splits.items[k];
        size_t i = split.at.start, end = split.at.end, old = w->next_text.len;
        if (split.added_id >= 0) {
            for (; i < end; i++)
                HONE_TRY(hone__aligned_push(&w->next_text, w->text.data + i, 1, w->text.from[i]));
            HONE_TRY(hone__splits_push(&w->next_splits, old, w->next_text.len, split.added_id));
            continue;
        }
        if (o->add_prefix_space && w->text.data[i] != ' ')
            HONE_TRY(push_prefixed_word(o, w, i, end, &i));
        while (i < end) {
            size_t next = o->use_regex ? hone__word_end(w->text.data, i, end) : end;
            old = w->next_text.len;
            HONE_TRY(push_letters(w, i, next));
            HONE_TRY(hone__splits_push(&w->next_splits, old, w->next_text.len, -1));
            i = next;
        }
    }
    hone__work_swap_text(w);
    hone__work_swap_splits(w);
    return HONE_OK;
}

/* Words end at white space, which goes, and at punctuation, which is a word of its own. */
static hone_status run_bert(hone__work *w)
{
    for (size_t k = 0; k < w->splits.n; k++) {
        hone__split split = w->splits.items[k];
        size_t start = split.at.start;
        if (split.added_id >= 0) {
            HONE_TRY(hone__splits_push(&w->next_splits, split.at.start, split.at.end, split.added_id));
            continue;
        }
        for (size_t i = start, n; i < split.at.end; i += n) {
            unsigned flags = hone__unicode(hone__char_at(w->text.data + i));
            n = hone__char_len((unsigned char)w->text.data[i]);
            if (!(flags & (HONE__BERT_SPACE | HONE__BERT_PUNCTUATION)))
                continue;
            HONE_TRY(hone__splits_push(&w->next_splits, start, i, -1));
            if (flags & HONE__BERT_PUNCTUATION)
                HONE_TRY(hone__splits_push(&w->next_splits, i, i + n, -1));
            start = i + n;
        }
        HONE_TRY(hone__splits_push(&w->next_splits, start, split.at.end, -1));
    }
    hone__work_swap_splits(w);
    return HONE_OK;
}

hone_status hone__pretokenizer_run(const hone__pretokenizer *p, hone__work *w)
{
    switch (p->kind) {
    case HONE__PRETOKENIZER_NONE:
        return HONE_OK;
    case HONE__PRETOKENIZER_BYTE_LEVEL:
        return run_byte_level(&p->byte_level, w);
    case HONE__PRETOKENIZER_BERT:
        return run_bert(w);
    case HONE__PRETOKENIZER_METASPACE:
        return hone__split_metaspace(p->metaspace, w);
    case HONE__PRETOKENIZER_SEQUENCE:
        for (size_t i = 0; i < p->n_items; i++)
            HONE_TRY(hone__pretokenizer_run(&p->items[i], w));
        return HONE_OK;
    default:
        return hone__split_words(p, w);
    }
}
