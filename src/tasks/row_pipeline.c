/* The pipeline text-classification: texts, or pairs of them, to labels with scores, as transformers' pipelines/text_classification.py returns them. A row is encoded, rows become
 * packed batches, the head's logits become scores by the configuration's problem_type, the best labels are the answer.
 *
 * Departures: a text that is longer than the model takes is refused by name where the reference fails inside the model; a line of JSON may have a "top_k" of its own. As there, an
 * empty second text is none. */
#include "base/mem.h"
#include "base/spans.h"
#include "models/class.h"
#include "tasks/pipeline.h"
#include "tasks/pipeline_pass.h"
#include "tasks/token_aggregate.h"
#include "tokenizer/pieces.h"

#include <hone/job.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the task keeps between calls. */
typedef struct hone__classifier {
    hone__pass pass;
    hone_encode_options encode;
    hone_score_function function; /* never the default */
    const char *const *labels;    /* lent by the model */
    size_t n_labels;
} classifier;

/* An input on its way. */
typedef struct row {
    hone_encode_input input; /* lent */
    hone_encoding *encoding;
    float *scores; /* (n_labels), lent: logits first */
    size_t top_k;  /* 0: the best alone */
    bool is_bare;  /* answered without a list, as the reference does for a dictionary */
    bool is_done;  /* answered, or not to be */
} row;

typedef struct rows {
    row *items;
    float *scores; /* (n, n_labels) */
    size_t n;
} rows;

/* ---- options ---- */

static hone_status check(const hone_pipeline_options *o)
{
    if (o->function_to_apply < HONE_SCORES_DEFAULT || o->function_to_apply > HONE_SCORES_NONE)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no function of number %d for scores", (int)o->function_to_apply);
    if (o->long_text == HONE_LONG_TEXT_STRIDE)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "text classification reads no windows: a stride is for token classification"),
                          "truncation reads what fits of a long text");
    return HONE_OK;
}

/* The reference's choice: problem_type comes first, then the number of labels. */
static hone_score_function choose_function(const hone_pipeline *p, size_t n_labels)
{
    const char *type = json_string_value(json_object_get(p->model->config->json, "problem_type"));
    if (p->options.function_to_apply != HONE_SCORES_DEFAULT)
        return p->options.function_to_apply;
    if (type && strcmp(type, "regression") == 0)
        return HONE_SCORES_NONE;
    if (n_labels == 1 || (type && strcmp(type, "multi_label_classification") == 0))
        return HONE_SCORES_SIGMOID;
    return HONE_SCORES_SOFTMAX;
}

/* Without truncation the model's positions alone are the limit, as in the reference. */
static hone_status settle_length(classifier *c, const hone_pipeline *p)
{
    size_t longest = (size_t)hone_model_max_positions(p->model), of_tokenizer = hone_tokenizer_model_max_length(p->tokenizer);
    c->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    c->encode.max_length = longest;
    if (p->options.long_text != HONE_LONG_TEXT_TRUNCATE)
        return HONE_OK;
    c->encode.truncation = HONE_TRUNCATION_LONGEST_FIRST;
    c->encode.max_length = longest < of_tokenizer ? longest : of_tokenizer;
    size_t added = hone__tokenizer_n_added(p->tokenizer, true);
    if (c->encode.max_length <= added)
        return hone__fail(HONE_INVALID_ARGUMENT, "the model takes %zu tokens, of which %zu are special: none is left for a text",
                          c->encode.max_length, added);
    return HONE_OK;
}

static hone_status open(hone_pipeline *p)
{
    HONE_TRY(HONE_NEW(&p->classifier, 1));
    classifier *c = p->classifier;
    c->labels = hone_model_labels(p->model, &c->n_labels);
    c->function = choose_function(p, c->n_labels);
    HONE_TRY(settle_length(c, p));
    return hone__pass_init(&c->pass, p->options.device);
}

static void close(hone_pipeline *p)
{
    if (p->classifier)
        hone__pass_dispose(&p->classifier->pass);
    hone__free(p->classifier);
}

/* ---- reading ---- */

static hone_status take_text(hone_text *out, const json_t *value)
{
    if (!json_is_string(value))
        return hone__fail(HONE_FORMAT, "an input must be {\"inputs\": text} or {\"text\": text, \"text_pair\": text}");
    *out = (hone_text){json_string_value(value), json_string_length(value)};
    return HONE_OK;
}

static hone_status read_top_k(row *r, const json_t *input)
{
    const json_t *value = json_object_get(input, "top_k");
    if (value && !json_is_null(value) && json_integer_value(value) < 1)
        return hone__fail(HONE_FORMAT, "\"top_k\" must be a whole number from 1, or null for all labels");
    if (value)
        r->top_k = json_is_null(value) ? HONE_TOP_K_ALL : (size_t)json_integer_value(value);
    return HONE_OK;
}

/* "text", {"inputs": "text"}, {"text", "text_pair"}, {"inputs": {"text", "text_pair"}} */
static hone_status read_row(row *r, const json_t *input)
{
    const json_t *value = json_is_object(input) ? json_object_get(input, "inputs") : input;
    const json_t *object = json_is_object(value) ? value : input, *pair = json_object_get(object, "text_pair");
    HONE_TRY(read_top_k(r, input));
    r->is_bare = !json_is_string(value) && r->top_k == 0;
    HONE_TRY(take_text(&r->input.first.text, !value || json_is_object(value) ? json_object_get(object, "text") : value));
    if (pair && !json_is_null(pair))
        HONE_TRY(take_text(&r->input.second.text, pair));
    return HONE_OK;
}

static hone_status check_sequence(const hone_sequence *s)
{
    size_t n = s->words ? s->n_words : 1;
    for (size_t i = 0; i < n; i++) {
        hone_text text = s->words ? s->words[i] : s->text;
        size_t valid = text.data ? hone__utf8_valid(text.data, text.len) : text.len;
        if (valid < text.len)
            return hone__fail(HONE_INVALID_ARGUMENT, "the text is not UTF-8: byte 0x%02X at offset %zu", (unsigned char)text.data[valid],
                              valid);
    }
    return HONE_OK;
}

static hone_status take_row(row *r, const hone_encode_input *input)
{
    r->input = *input;
    if (!r->input.first.words && !r->input.first.text.data)
        r->input.first.text = HONE_TEXT("");
    HONE_TRY(check_sequence(&r->input.first));
    return check_sequence(&r->input.second);
}

static hone_status encode(const hone_pipeline *p, row *r)
{
    const classifier *c = p->classifier;
    hone_sequence *pair = &r->input.second;
    if (!pair->words && pair->text.len == 0)
        pair->text = HONE_TEXT_NONE;
    HONE_TRY(hone_tokenizer_encode_input(&r->encoding, p->tokenizer, &r->input, &c->encode));
    if (hone_encoding_n_tokens(r->encoding) == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the text has no token: there is nothing to classify");
    HONE_TRY(hone__pass_check_length(r->encoding, c->encode.max_length));
    return hone__pass_check_ids(p->model, r->encoding);
}

/* ---- scoring ---- */

static hone_status rows_init(rows *all, const hone_pipeline *p, size_t n)
{
    size_t n_labels = p->classifier->n_labels, n_scores;
    *all = (rows){.n = n};
    if (!hone__mul_size(&n_scores, n, n_labels))
        return hone__fail(HONE_OUT_OF_MEMORY, "the scores of %zu texts", n);
    HONE_TRY(HONE_NEW(&all->items, n));
    HONE_TRY(HONE_NEW(&all->scores, n_scores));
    for (size_t i = 0; i < n; i++) {
        all->items[i].scores = all->scores + i * n_labels;
        all->items[i].top_k = p->options.top_k;
    }
    return HONE_OK;
}

static void rows_dispose(rows *all)
{
    for (size_t i = 0; all->items && i < all->n; i++)
        hone_encoding_free(all->items[i].encoding);
    hone__free(all->items);
    hone__free(all->scores);
}

static void apply(const classifier *c, float *scores)
{
    if (c->function == HONE_SCORES_SOFTMAX)
        hone__label_scores(scores, scores, c->n_labels);
    for (size_t i = 0; c->function == HONE_SCORES_SIGMOID && i < c->n_labels; i++)
        scores[i] = 1.0f / (1.0f + expf(-scores[i]));
}

/* All of items that are not done. */
static hone_status score(hone_pipeline *p, row *items, size_t n)
{
    classifier *c = p->classifier;
    hone__pass_row *passing = NULL;
    size_t n_open = 0;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&passing, n));
    for (size_t i = 0; i < n; i++)
        if (!items[i].is_done)
            passing[n_open++] = (hone__pass_row){.encoding = items[i].encoding, .logits = items[i].scores};
    HONE_GO(hone__pass_run(&c->pass, p->model, passing, n_open, c->n_labels));
    hone__part_begin("postprocess");
    for (size_t i = 0; i < n_open; i++)
        apply(c, passing[i].logits);
    hone__span_end();
done:
    hone__free(passing);
    return status;
}

static int by_score(const void *a, const void *b)
{
    const hone_label_score *x = a, *y = b;
    if (x->score != y->score && !isnan(x->score) && !isnan(y->score))
        return x->score > y->score ? -1 : 1;
    return isnan(x->score) != isnan(y->score) ? (isnan(x->score) ? 1 : -1) : (x->id > y->id) - (x->id < y->id);
}

/* The best labels of a scored row; of equal scores the lower id comes first. */
static hone_status rank(hone_classification *out, const classifier *c, const row *r)
{
    size_t top_k = r->top_k == 0 ? 1 : r->top_k;
    HONE_TRY(HONE_NEW(&out->labels, c->n_labels));
    for (size_t i = 0; i < c->n_labels; i++)
        out->labels[i] = (hone_label_score){c->labels[i], r->scores[i], (int32_t)i};
    qsort(out->labels, c->n_labels, sizeof(*out->labels), by_score);
    out->n_labels = top_k < c->n_labels ? top_k : c->n_labels;
    return HONE_OK;
}

/* ---- JSON ---- */

static hone_status write_answer(char **answer, const classifier *c, const row *r)
{
    hone_classification found = {NULL, 0};
    hone_str json = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&json, 0);
    hone_status status = HONE_OK;
    w.spaced = true;
    HONE_GO(rank(&found, c, r));
    if (!r->is_bare)
        hone__jw_array(&w);
    for (size_t i = 0; i < found.n_labels; i++) {
        hone__jw_object(&w);
        hone__jw_key(&w, "label");
        hone__jw_string(&w, found.labels[i].label);
        hone__jw_key(&w, "score");
        hone__jw_float(&w, found.labels[i].score);
        hone__jw_end_object(&w);
    }
    if (!r->is_bare)
        hone__jw_end_array(&w);
    HONE_GO(hone__str_take(answer, &json));
done:
    hone__str_dispose(&json);
    hone_classification_dispose(&found);
    return status;
}

/* A batch, and where it fails its rows one by one: what one row did wrong is its own answer. */
static hone_status score_or_split(hone_pipeline *p, rows *all, char **answers, size_t *n_errors)
{
    hone_status status = score(p, all->items, all->n);
    if (status == HONE_OK || hone__pipeline_is_general(status))
        return status;
    for (size_t i = 0; i < all->n; i++) {
        row *r = &all->items[i];
        if (r->is_done || (status = score(p, r, 1)) == HONE_OK)
            continue;
        r->is_done = true;
        HONE_TRY(hone__pipeline_own_error(status, &answers[i], n_errors));
    }
    return HONE_OK;
}

static hone_status answer(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors)
{
    rows all;
    hone_status status = HONE_OK;
    HONE_GO(rows_init(&all, p, n));
    for (size_t i = 0; i < n; i++) {
        row *r = &all.items[i];
        hone_status own = inputs[i] ? read_row(r, inputs[i]) : HONE_OK;
        r->is_done = !inputs[i];
        if (inputs[i] && own == HONE_OK)
            own = encode(p, r);
        if (own != HONE_OK) {
            r->is_done = true;
            HONE_GO(hone__pipeline_own_error(own, &answers[i], n_errors));
        }
    }
    HONE_GO(score_or_split(p, &all, answers, n_errors));
    for (size_t i = 0; i < n; i++)
        if (!all.items[i].is_done)
            HONE_GO(write_answer(&answers[i], p->classifier, &all.items[i]));
done:
    rows_dispose(&all);
    return status;
}

const hone_pipeline_class hone__text_classification = {
    .kind = HONE_TEXT_CLASSIFICATION, .check = check, .open = open, .close = close, .answer = answer};

/* ---- the typed interface ---- */

static hone_status classify_all(hone_classification *out, hone_pipeline *p, const hone_encode_input *inputs, size_t n)
{
    rows all;
    hone_status status = HONE_OK;
    HONE_GO(rows_init(&all, p, n));
    for (size_t i = 0; i < n; i++) {
        if ((status = take_row(&all.items[i], &inputs[i])) == HONE_OK)
            status = encode(p, &all.items[i]);
        if (status != HONE_OK && n > 1)
            status = hone__fail_in(status, "input %zu", i + 1);
        HONE_GO(status);
    }
    HONE_GO(score(p, all.items, n));
    for (size_t i = 0; i < n; i++)
        HONE_GO(rank(&out[i], p->classifier, &all.items[i]));
done:
    rows_dispose(&all);
    return status;
}

hone_status hone_pipeline_classify_batch(hone_classification *out, hone_pipeline *pipeline, const hone_encode_input *inputs, size_t n)
{
    memset(out, 0, n * sizeof(*out));
    if (!pipeline->classifier)
        return hone__fail(HONE_INVALID_ARGUMENT, "labels of texts come from a pipeline for text-classification; this one is for %s",
                          hone_task_name(pipeline->class->kind));
    pthread_mutex_lock(&pipeline->lock);
    hone_status status = classify_all(out, pipeline, inputs, n);
    pthread_mutex_unlock(&pipeline->lock);
    for (size_t i = 0; status != HONE_OK && i < n; i++)
        hone_classification_dispose(&out[i]);
    return status;
}

hone_status hone_pipeline_classify(hone_classification *out, hone_pipeline *pipeline, hone_text text, hone_text pair)
{
    return hone_pipeline_classify_batch(out, pipeline, &(hone_encode_input){.first.text = text, .second.text = pair}, 1);
}

void hone_classification_dispose(hone_classification *classification)
{
    hone__free(classification->labels);
    *classification = (hone_classification){NULL, 0};
}
