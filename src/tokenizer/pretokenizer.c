/* Pre-tokenizers (pretokenizer.h). */
#include "tokenizer/pretokenizer.h"

#include "tokenizer/bytelevel.h"

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
    hone__jw_key(w, "type");
    hone__jw_string(w, "ByteLevel");
    hone__jw_key(w, "add_prefix_space");
    hone__jw_bool(w, options.add_prefix_space);
    hone__jw_key(w, "trim_offsets");
    hone__jw_bool(w, options.trim_offsets);
    hone__jw_key(w, "use_regex");
    hone__jw_bool(w, options.use_regex);
    hone__jw_end_object(w);
}

void hone__pretokenizer_dispose(hone__pretokenizer *p)
{
    *p = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_NONE};
}

hone_status hone__pretokenizer_read(hone__pretokenizer *out, const json_t *section, const char *name)
{
    *out = (hone__pretokenizer){.kind = HONE__PRETOKENIZER_NONE};
    if (!section || json_is_null(section))
        return HONE_OK;
    const char *type = NULL;
    HONE_TRY(hone__json_get_string(section, "type", &type, name));
    if (type && strcmp(type, "ByteLevel") == 0) {
        out->kind = HONE__PRETOKENIZER_BYTE_LEVEL;
        return hone__byte_level_read(&out->byte_level, section, name);
    }
    if (type && strcmp(type, "BertPreTokenizer") == 0) {
        out->kind = HONE__PRETOKENIZER_BERT;
        return HONE_OK;
    }
    return hone__fail(HONE_UNSUPPORTED, "%s: pre_tokenizer \"%s\" is not supported", name, type ? type : "(without a type)");
}

void hone__pretokenizer_write(const hone__pretokenizer *p, hone_json_writer *w)
{
    if (p->kind == HONE__PRETOKENIZER_BYTE_LEVEL) {
        hone__byte_level_write(p->byte_level, w);
    } else if (p->kind == HONE__PRETOKENIZER_BERT) {
        hone__jw_object(w);
        hone__jw_key(w, "type");
        hone__jw_string(w, "BertPreTokenizer");
        hone__jw_end_object(w);
    } else {
        hone__jw_null(w);
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
    if (p->kind == HONE__PRETOKENIZER_BYTE_LEVEL)
        return run_byte_level(&p->byte_level, w);
    return p->kind == HONE__PRETOKENIZER_BERT ? run_bert(w) : HONE_OK;
}
