/* The pipeline token-classification: texts to entities, as transformers' pipelines/token_classification.py returns them. Texts are encoded into windows, windows become packed
 * batches without padding, logits become scores, token_aggregate.c makes entities of them.
 *
 * Departure: a text that is longer than the model takes is read in windows unless truncation is asked for; the reference cuts it without a word. */
#include "base/log.h"
#include "base/spans.h"
#include "tasks/pipeline.h"
#include "tasks/pipeline_pass.h"
#include "tasks/token_text.h"
#include "tokenizer/pieces.h"

#include <hone/job.h>

#include <string.h>

/* What the task keeps between calls. */
typedef struct hone__tagger {
    hone__pass pass;
    hone__aggregator how;
    hone_encode_options encode;
    size_t room; /* tokens of the text in a window */
    hone_long_text long_text;
    hone__tagged_tokens pieces;
    hone__findings found;
} tagger;

/* ---- options ---- */

static hone_status check(const hone_pipeline_options *o)
{
    if (o->aggregation_strategy < HONE_AGGREGATE_NONE || o->aggregation_strategy > HONE_AGGREGATE_WORD)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no aggregation strategy of number %d", (int)o->aggregation_strategy);
    if (o->long_text == HONE_LONG_TEXT_STRIDE && o->aggregation_strategy == HONE_AGGREGATE_NONE)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "a stride needs an aggregation strategy other than \"none\""),
                          "without a stride long texts are read in windows too, with any strategy");
    return HONE_OK;
}

/* How long windows are, and what they share. */
static hone_status settle_windows(tagger *t, const hone_pipeline *p)
{
    size_t longest = hone_tokenizer_model_max_length(p->tokenizer), positions = (size_t)hone_model_max_positions(p->model);
    size_t added = hone__tokenizer_n_added(p->tokenizer, false);
    longest = longest < positions ? longest : positions;
    if (longest <= added)
        return hone__fail(HONE_INVALID_ARGUMENT, "the model takes %zu tokens, of which %zu are special: none is left for a text", longest,
                          added);
    t->long_text = p->options.long_text;
    t->room = longest - added;
    t->encode.truncation = HONE_TRUNCATION_LONGEST_FIRST;
    t->encode.max_length = longest;
    t->encode.stride = t->long_text == HONE_LONG_TEXT_TRUNCATE ? 0 : p->options.stride;
    if (t->long_text == HONE_LONG_TEXT_WINDOWS && t->encode.stride == 0)
        t->encode.stride = t->room / 4;
    if (t->encode.stride >= t->room)
        return hone__fail(HONE_INVALID_ARGUMENT, "a stride of %zu leaves no room: a window holds %zu tokens of a text", t->encode.stride,
                          t->room);
    return HONE_OK;
}

static hone_status open(hone_pipeline *p)
{
    size_t n_labels;
    const char *const *labels = hone_model_labels(p->model, &n_labels);
    hone_aggregation strategy = p->options.aggregation_strategy;
    HONE_TRY(HONE_NEW(&p->tagger, 1));
    p->tagger->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    HONE_TRY(settle_windows(p->tagger, p));
    HONE_TRY(hone__aggregator_init(&p->tagger->how, p->tokenizer, strategy, labels, n_labels, p->options.ignore_labels));
    p->options.ignore_labels = NULL;
    if (strategy > HONE_AGGREGATE_SIMPLE && strategy < HONE_AGGREGATE_WORD && !hone__tokenizer_marks_words(p->tokenizer))
        hone__log(HONE_LOG_WARNING, "the tokenizer does not mark words: tokens after a space begin one; strategy \"word\" knows better");
    return hone__pass_init(&p->tagger->pass, p->options.device);
}

static void close(hone_pipeline *p)
{
    tagger *t = p->tagger;
    if (!t)
        return;
    hone__pass_dispose(&t->pass);
    hone__aggregator_dispose(&t->how);
    hone__findings_dispose(&t->found);
    hone__free(t->pieces.items);
    hone__free(t);
}

/* ---- scoring ---- */

typedef struct windows {
    hone__pass_row *items;
    size_t n, capacity;
} windows;

static hone_status list_windows(windows *out, hone__tagged *t, size_t n_labels)
{
    size_t n = hone__tagged_n_windows(t), bytes;
    if (!hone__mul_size(&bytes, hone__tagged_n_tokens(t), n_labels))
        return hone__fail(HONE_OUT_OF_MEMORY, "the scores of a text of %zu tokens", hone__tagged_n_tokens(t));
    HONE_TRY(HONE_ALLOC(&t->scores, bytes));
    HONE_TRY(HONE_GROW(&out->items, &out->capacity, out->n + n));
    float *scores = t->scores;
    for (size_t i = 0; i < n; i++) {
        const hone_encoding *e = hone__tagged_window(t, i);
        out->items[out->n++] = (hone__pass_row){.encoding = e, .logits = scores};
        scores += hone_encoding_n_tokens(e) * n_labels;
    }
    return HONE_OK;
}

/* Logits, and the scores they are, in their place. */
static hone_status score(hone_pipeline *p, const windows *all)
{
    size_t n_labels = p->tagger->how.n_labels;
    HONE_TRY(hone__pass_run(&p->tagger->pass, p->model, all->items, all->n, n_labels));
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < hone_encoding_n_tokens(all->items[i].encoding); k++)
            hone__label_scores(all->items[i].logits + k * n_labels, all->items[i].logits + k * n_labels, n_labels);
    return HONE_OK;
}

/* ---- from text to entities ---- */

static hone_status encode(const hone_pipeline *p, hone__tagged *t)
{
    HONE_TRY(hone__tagged_encode(t, p->tokenizer, &p->tagger->encode));
    for (size_t i = 0; i < hone__tagged_n_windows(t); i++)
        HONE_TRY(hone__pass_check_ids(p->model, hone__tagged_window(t, i)));
    return HONE_OK;
}

/* The entities of a scored text, in p->tagger->found. */
static hone_status aggregate(hone_pipeline *p, const hone__tagged *text)
{
    tagger *t = p->tagger;
    const float *scores = text->scores;
    size_t n = t->long_text == HONE_LONG_TEXT_TRUNCATE ? 1 : hone__tagged_n_windows(text), n_labels = t->how.n_labels;
    hone__findings_clear(&t->found);
    if (t->long_text == HONE_LONG_TEXT_WINDOWS) {
        HONE_TRY(hone__tagged_all_pieces(&t->pieces, text, n_labels, p->tokenizer, t->room, t->encode.stride));
        return hone__aggregate(&t->found, &t->how, text->text, t->pieces.items, t->pieces.n);
    }
    for (size_t i = 0; i < n; i++) {
        HONE_TRY(hone__tagged_pieces(&t->pieces, text, i, scores, n_labels, p->tokenizer));
        HONE_TRY(hone__aggregate(&t->found, &t->how, text->text, t->pieces.items, t->pieces.n));
        scores += hone_encoding_n_tokens(hone__tagged_window(text, i)) * n_labels;
    }
    if (n > 1)
        hone__findings_resolve(&t->found);
    return HONE_OK;
}

static hone_status collect(hone_pipeline *p, const hone__tagged *text)
{
    hone__part_begin("postprocess");
    hone_status status = aggregate(p, text);
    hone__span_end();
    return status;
}

/* Scores all texts that are not done. */
static hone_status score_texts(hone_pipeline *p, hone__tagged *texts, size_t n)
{
    windows all = {0};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < n; i++)
        if (!texts[i].is_done)
            HONE_GO(list_windows(&all, &texts[i], p->tagger->how.n_labels));
    HONE_GO(score(p, &all));
done:
    hone__free(all.items);
    return status;
}

static void dispose_texts(hone__tagged *texts, size_t n)
{
    for (size_t i = 0; texts && i < n; i++)
        hone__tagged_dispose(&texts[i]);
    hone__free(texts);
}

/* ---- JSON ---- */

static void write_entity(hone_json_writer *w, const tagger *t, const hone__found *f)
{
    const char *label = t->how.labels[f->label];
    bool is_token = t->how.strategy == HONE_AGGREGATE_NONE;
    hone__jw_object(w);
    hone__jw_key(w, is_token ? "entity" : "entity_group");
    hone__jw_string(w, is_token ? label : hone__label_group(label));
    hone__jw_key(w, "score");
    hone__jw_float(w, f->score);
    if (is_token) {
        hone__jw_key(w, "index");
        hone__jw_int(w, f->index);
    }
    hone__jw_key(w, "word");
    hone__jw_string_n(w, t->found.text.data + f->word.start, f->word.end - f->word.start);
    hone__jw_key(w, "start");
    hone__jw_uint(w, f->chars.start);
    hone__jw_key(w, "end");
    hone__jw_uint(w, f->chars.end);
    hone__jw_end_object(w);
}

static hone_status write_answer(char **answer, hone_pipeline *p, const hone__tagged *text)
{
    hone_str json = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&json, 0);
    w.spaced = true;
    HONE_TRY(collect(p, text));
    hone__jw_array(&w);
    for (size_t i = 0; i < p->tagger->found.n; i++)
        write_entity(&w, p->tagger, &p->tagger->found.items[i]);
    hone__jw_end_array(&w);
    hone_status status = hone__str_take(answer, &json);
    hone__str_dispose(&json);
    return status;
}

static hone_status answer(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors)
{
    hone__tagged *texts = NULL;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&texts, n));
    for (size_t i = 0; i < n; i++) {
        hone_status own = inputs[i] ? hone__tagged_read(&texts[i], inputs[i]) : HONE_OK;
        texts[i].is_done = !inputs[i];
        if (inputs[i] && own == HONE_OK)
            own = encode(p, &texts[i]);
        if (own != HONE_OK) {
            texts[i].is_done = true;
            HONE_GO(hone__pipeline_own_error(own, &answers[i], n_errors));
        }
    }
    HONE_GO(score_texts(p, texts, n));
    for (size_t i = 0; i < n; i++)
        if (!texts[i].is_done)
            HONE_GO(write_answer(&answers[i], p, &texts[i]));
done:
    dispose_texts(texts, n);
    return status;
}

const hone_pipeline_class hone__token_classification = {
    .kind = HONE_TOKEN_CLASSIFICATION, .check = check, .open = open, .close = close, .answer = answer};

/* ---- the typed interface ---- */

/* Every word gets a NUL of its own. */
static hone_status take_found(hone_entities *out, const tagger *t)
{
    const hone__findings *f = &t->found;
    size_t n_bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        n_bytes += f->items[i].word.end - f->items[i].word.start + 1;
    HONE_TRY(HONE_NEW(&out->entities, f->n));
    HONE_TRY(HONE_ALLOC(&out->words, n_bytes));
    char *word = out->words;
    for (size_t i = 0; i < f->n; i++) {
        const hone__found *item = &f->items[i];
        size_t len = item->word.end - item->word.start;
        const char *label = t->how.labels[item->label];
        memcpy(word, f->text.data + item->word.start, len);
        word[len] = '\0';
        out->entities[i] = (hone_entity){.entity = t->how.strategy == HONE_AGGREGATE_NONE ? label : NULL,
                                         .group = hone__label_group(label),
                                         .score = item->score,
                                         .word = word,
                                         .start = item->chars.start,
                                         .end = item->chars.end,
                                         .byte_start = item->bytes.start,
                                         .byte_end = item->bytes.end,
                                         .index = item->index};
        word += len + 1;
    }
    out->n_entities = f->n;
    return HONE_OK;
}

static hone_status find_all(hone_entities *out, hone_pipeline *p, const hone_sequence *inputs, size_t n)
{
    hone__tagged *texts = NULL;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&texts, n));
    for (size_t i = 0; i < n; i++) {
        if ((status = hone__tagged_take(&texts[i], &inputs[i])) == HONE_OK)
            status = encode(p, &texts[i]);
        if (status != HONE_OK && n > 1)
            status = hone__fail_in(status, "input %zu", i + 1);
        HONE_GO(status);
    }
    HONE_GO(score_texts(p, texts, n));
    for (size_t i = 0; i < n; i++) {
        HONE_GO(collect(p, &texts[i]));
        HONE_GO(take_found(&out[i], p->tagger));
    }
done:
    dispose_texts(texts, n);
    return status;
}

hone_status hone_pipeline_entities_batch(hone_entities *out, hone_pipeline *pipeline, const hone_sequence *inputs, size_t n)
{
    memset(out, 0, n * sizeof(*out));
    if (!pipeline->tagger)
        return hone__fail(HONE_INVALID_ARGUMENT, "entities come from a pipeline for token-classification; this one is for %s",
                          hone_task_name(pipeline->class->kind));
    pthread_mutex_lock(&pipeline->lock);
    hone_status status = find_all(out, pipeline, inputs, n);
    pthread_mutex_unlock(&pipeline->lock);
    for (size_t i = 0; status != HONE_OK && i < n; i++)
        hone_entities_dispose(&out[i]);
    return status;
}

hone_status hone_pipeline_entities(hone_entities *out, hone_pipeline *pipeline, hone_text text)
{
    return hone_pipeline_entities_batch(out, pipeline, &(hone_sequence){.text = text}, 1);
}

void hone_entities_dispose(hone_entities *entities)
{
    hone__free(entities->entities);
    hone__free(entities->words);
    *entities = (hone_entities){NULL, 0, NULL};
}
