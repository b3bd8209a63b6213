/* Answering texts: lines of JSON in batches, or what stands on the command line; as JSON, or marked for people. */
#include "cli/pipeline_cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- lines ---- */

typedef struct batch {
    hone_pipeline *pipeline;
    hone_profile *profile;
    FILE *out;
    hone_text *inputs; /* (capacity) */
    char **owned;      /* (capacity) what inputs point to */
    char **answers;    /* (capacity) */
    size_t n, capacity, n_errors;
} batch;

static bool batch_init(batch *b, hone_pipeline *pipeline, const pipeline_options *o, FILE *out)
{
    size_t capacity = (size_t)o->batch_size;
    *b = (batch){.pipeline = pipeline, .profile = o->profiling, .out = out, .capacity = capacity};
    b->inputs = calloc(capacity, sizeof(*b->inputs));
    b->owned = calloc(capacity, sizeof(*b->owned));
    b->answers = calloc(capacity, sizeof(*b->answers));
    return b->inputs && b->owned && b->answers;
}

static void batch_dispose(batch *b)
{
    for (size_t i = 0; b->owned && i < b->n; i++)
        free(b->owned[i]);
    free(b->inputs);
    free(b->owned);
    free(b->answers);
}

static hone_status batch_flush(batch *b)
{
    size_t n_errors = 0;
    if (b->n == 0)
        return HONE_OK;
    hone_profile_step_begin(b->profile);
    hone_status status = hone_pipeline_run_json(b->answers, &n_errors, b->pipeline, b->inputs, b->n);
    hone_profile_begin(b->profile, "write");
    for (size_t i = 0; i < b->n; i++) {
        if (status == HONE_OK)
            fprintf(b->out, "%s\n", b->answers[i]);
        hone_pipeline_free_text(b->answers[i]);
        free(b->owned[i]);
        b->owned[i] = NULL;
    }
    if (fflush(b->out) != 0 && status == HONE_OK)
        status = HONE_IO;
    hone_profile_end(b->profile);
    hone_profile_step_end(b->profile);
    b->n_errors += n_errors;
    b->n = 0;
    return status;
}

static hone_status read_lines(batch *b, FILE *in)
{
    hone_status status = HONE_OK;
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t len; status == HONE_OK && (len = getline(&line, &capacity, in)) >= 0;) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        b->owned[b->n] = line;
        b->inputs[b->n++] = (hone_text){line, (size_t)len};
        line = NULL;
        capacity = 0;
        if (b->n == b->capacity)
            status = batch_flush(b);
    }
    free(line);
    return status == HONE_OK ? batch_flush(b) : status;
}

hone_status pipeline_run_lines(size_t *n_errors, hone_pipeline *pipeline, const pipeline_options *o, FILE *in, FILE *out)
{
    batch b;
    hone_status status = HONE_OUT_OF_MEMORY;
    if (batch_init(&b, pipeline, o, out))
        status = read_lines(&b, in);
    *n_errors = b.n_errors;
    batch_dispose(&b);
    return status;
}

hone_status pipeline_run_words(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out)
{
    hone_status status = HONE_OK;
    hone_text pair = HONE_TEXT(o->text_pair);
    for (size_t i = 0; status == HONE_OK && i < n; i++) {
        char *answer = NULL;
        hone_profile_step_begin(o->profiling);
        status = hone_pipeline_run_pair(&answer, pipeline, HONE_TEXT(words[i]), pair);
        if (status == HONE_OK)
            fprintf(out, "%s\n", answer);
        if (fflush(out) != 0 && status == HONE_OK)
            status = HONE_IO;
        hone_pipeline_free_text(answer);
        hone_profile_step_end(o->profiling);
    }
    return status;
}

/* ---- marked texts ---- */

enum { N_COLOURS = 6 };
static const char *const colours[N_COLOURS] = {"32", "36", "35", "33", "34", "31"};

/* Groups get their colours in order of appearance. */
typedef struct palette {
    bool has_colours;
    const char *groups[N_COLOURS];
    size_t n;
} palette;

bool pipeline_has_colours(FILE *out)
{
    const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(fileno(out)) && !(off && *off) && terminal && strcmp(terminal, "dumb") != 0;
}

static const char *colour_of(palette *p, const char *group)
{
    for (size_t i = 0; i < p->n && i < N_COLOURS; i++)
        if (strcmp(p->groups[i], group) == 0)
            return colours[i];
    p->groups[p->n % N_COLOURS] = group;
    return colours[p->n++ % N_COLOURS];
}

void pipeline_put_plain(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        putc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F ? '?' : c, out);
    }
}

/* "[Sylvain PER 0.99]" */
static void put_entity(FILE *out, palette *p, hone_text text, const hone_entity *e)
{
    const char *label = e->entity ? e->entity : e->group;
    if (p->has_colours)
        fprintf(out, "\033[1;%sm", colour_of(p, e->group));
    putc('[', out);
    pipeline_put_plain(out, text.data + e->byte_start, e->byte_end - e->byte_start);
    fprintf(out, "%s %s %.2f]%s", p->has_colours ? "\033[22m" : "", label, (double)e->score, p->has_colours ? "\033[0m" : "");
}

static void put_marked(FILE *out, palette *p, hone_text text, const hone_entities *found)
{
    size_t at = 0;
    for (size_t i = 0; i < found->n_entities; i++) {
        const hone_entity *e = &found->entities[i];
        if (e->byte_start < at || e->byte_end < e->byte_start || e->byte_end > text.len)
            continue; /* tokens that share a character: it was shown */
        pipeline_put_plain(out, text.data + at, e->byte_start - at);
        put_entity(out, p, text, e);
        at = e->byte_end;
    }
    pipeline_put_plain(out, text.data + at, text.len - at);
    putc('\n', out);
}

hone_status pipeline_mark_words(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out)
{
    palette p = {.has_colours = pipeline_has_colours(out)};
    hone_status status = HONE_OK;
    for (size_t i = 0; status == HONE_OK && i < n; i++) {
        hone_entities found;
        hone_text text = HONE_TEXT(words[i]);
        hone_profile_step_begin(o->profiling);
        if ((status = hone_pipeline_entities(&found, pipeline, text)) == HONE_OK)
            put_marked(out, &p, text, &found);
        if (fflush(out) != 0 && status == HONE_OK)
            status = HONE_IO;
        hone_entities_dispose(&found);
        hone_profile_step_end(o->profiling);
    }
    return status;
}
