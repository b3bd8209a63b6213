/* seqeval from two texts of a sentence a line: tags between blanks, or a JSON array of strings. */
#include "metrics/files.h"
#include "metrics/seqeval.h"

#include "base/json.h"

#include <string.h>

/* The tags of one line; lent by `text` or by `json`. */
typedef struct sentence {
    hone_str text;
    json_t *json;
    const char **tags;
    size_t n, capacity;
} sentence;

static void dispose(sentence *s)
{
    hone__str_dispose(&s->text);
    json_decref(s->json);
    hone__free(s->tags);
}

static hone_status read_array(sentence *s, const hone_line *line, const hone_lines *from)
{
    json_error_t error;
    json_decref(s->json);
    s->json = json_loadb(line->text, line->len, 0, &error);
    if (!s->json && json_error_code(&error) == json_error_out_of_memory)
        return hone__fail(HONE_OUT_OF_MEMORY, "%s:%lld: out of memory", from->name, (long long)from->line);
    if (!s->json)
        return hone__fail(HONE_FORMAT, "%s:%lld:%d: %s", from->name, (long long)from->line, error.position, error.text);
    s->n = json_array_size(s->json);
    HONE_TRY(HONE_GROW(&s->tags, &s->capacity, s->n));
    for (size_t i = 0; i < s->n; i++) {
        s->tags[i] = json_string_value(json_array_get(s->json, i));
        if (!s->tags[i])
            return hone__fail(HONE_FORMAT, "%s:%lld: tag %zu is no string", from->name, (long long)from->line, i + 1);
    }
    return HONE_OK;
}

static hone_status read_words(sentence *s, const hone_line *line)
{
    static const char blanks[] = " \t\r\f\v";
    s->n = 0;
    hone__str_clear(&s->text);
    hone__str_append(&s->text, line->text, line->len);
    HONE_TRY(hone__str_status(&s->text));
    char *at = s->text.data ? s->text.data + strspn(s->text.data, blanks) : NULL;
    while (at && *at) {
        HONE_TRY(HONE_GROW(&s->tags, &s->capacity, s->n + 1));
        s->tags[s->n++] = at;
        at += strcspn(at, blanks);
        if (*at)
            *at++ = '\0';
        at += strspn(at, blanks);
    }
    return HONE_OK;
}

static hone_status read_sentence(sentence *s, const hone_line *line, const hone_lines *from)
{
    return line->len && line->text[0] == '[' ? read_array(s, line, from) : read_words(s, line);
}

/* Puts the place of the tag that was refused before the message. */
static hone_status fail_at(hone_status status, hone_seqeval *s, const sentence *reference, const hone_lines *references,
                           const hone_lines *predictions)
{
    hone_error_state cause;
    bool in_reference = false;
    if (status != HONE_INVALID_ARGUMENT)
        return status;
    hone__error_save(&cause, status);
    for (size_t i = 0; i < reference->n && !in_reference; i++)
        in_reference = hone_seqeval_add(s, &reference->tags[i], &reference->tags[i], 1) == HONE_INVALID_ARGUMENT;
    hone__error_restore(&cause);
    const hone_lines *at = in_reference ? references : predictions;
    return hone__fail_in(HONE_FORMAT, "%s:%lld", at->name, (long long)at->line);
}

static hone_status add_lines(hone_seqeval *s, sentence sides[2], hone_lines *references, hone_lines *predictions)
{
    hone_line reference, prediction;
    bool more;
    for (;;) {
        HONE_TRY(hone__lines_next(&more, &reference, &prediction, references, predictions));
        if (!more)
            return HONE_OK;
        HONE_TRY(read_sentence(&sides[0], &reference, references));
        HONE_TRY(read_sentence(&sides[1], &prediction, predictions));
        if (sides[0].n != sides[1].n)
            return hone__fail(HONE_FORMAT, "%s:%lld: %zu tags, %s:%lld has %zu", predictions->name, (long long)predictions->line,
                              sides[1].n, references->name, (long long)references->line, sides[0].n);
        hone_status status = hone_seqeval_add(s, sides[0].tags, sides[1].tags, sides[0].n);
        if (status != HONE_OK)
            return fail_at(status, s, &sides[0], references, predictions);
    }
}

/* The scheme was not found out, or a prediction is not of the one that was: its line is the number of the sentence. */
static hone_status fail_scheme(hone_status status, const hone_seqeval *s, const hone_lines *references, const hone_lines *predictions)
{
    for (size_t k = 0; k < s->n_counters; k++) {
        const seqeval_counter *c = &s->counters[k];
        if (status == HONE_INVALID_ARGUMENT && c->scheme.id == s->found && c->bad_tag >= 0)
            return hone__fail_in(HONE_FORMAT, "%s:%lld", predictions->name, (long long)c->bad_sentence);
    }
    return hone__fail_in(status, "%s", references->name);
}

hone_status hone__seqeval_from_lines(char **out, hone_lines *references, hone_lines *predictions, const hone_metric_options *options)
{
    hone_seqeval *s = NULL;
    hone_seqeval_scores scores;
    sentence sides[2] = {{.text = HONE_STR_INIT}, {.text = HONE_STR_INIT}};
    hone_status status = HONE_OK;
    HONE_GO(hone_seqeval_new(&s, &options->seqeval));
    HONE_GO(add_lines(s, sides, references, predictions));
    if (references->line == 0)
        HONE_GO(hone__fail(HONE_FORMAT, "%s is empty", references->name));
    if ((status = hone_seqeval_compute(s, &scores)) != HONE_OK)
        HONE_GO(fail_scheme(status, s, references, predictions));
    status = options->table ? hone_seqeval_report(out, s, &scores) : hone_seqeval_to_json(out, &scores);
done:
    dispose(&sides[0]);
    dispose(&sides[1]);
    hone_seqeval_free(s);
    return status;
}
