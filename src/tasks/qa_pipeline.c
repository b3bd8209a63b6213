/* The pipeline question-answering, as transformers 4's pipelines/question_answering.py with a fast tokenizer (version 5 has none): a question and its passage become windows; in each, probabilities of
 * start and end over the passage and [CLS] give scores of spans; the best are widened to whole words; equal answers add their scores.
 *
 * The windows are computed a few at a time, so that a book costs its encoding and no more. Departures: spans of probability 0, which the reference may list where a passage has fewer tokens than answers
 * are asked for, are left out; a window is no longer than the model's positions. */
#include "base/log.h"
#include "base/mem.h"
#include "base/spans.h"
#include "metrics/text.h"
#include "tasks/pipeline.h"
#include "tasks/pipeline_pass.h"

#include <hone/job.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOWS_AT_ONCE = 8,
    LONG = 64 /* windows that are worth a progress bar */,
    SLACK = 10 /* spans of a window beyond 2 top_k: widening makes some of them one */
};

/* A span of tokens of a window. */
typedef struct span {
    float score;
    int32_t start, end;
} span;

/* An answer while windows pass. */
typedef struct found {
    hone_span_answer answer;
    uint64_t lower; /* hash of its text in lower case */
    size_t order;
} found;

/* What the task keeps between calls. */
typedef struct hone__answerer {
    hone__pass pass;
    hone_encode_options encode;
    size_t top_k, max_answer_len, n_spans;
    float *logits, *start, *end; /* (WINDOWS_AT_ONCE, max_length, 2), (max_length) each */
    span *spans;                 /* (n_spans) best first */
    found *found;
    size_t n_found, found_capacity;
    hone_str lower;
    double null_score;
} answerer;

/* ---- options ---- */

static hone_status check(const hone_pipeline_options *o)
{
    if (o->top_k > 1000000 || o->max_answer_len > INT32_MAX || o->max_seq_len > INT32_MAX || o->doc_stride > INT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "question answering: top_k, max_answer_len, max_seq_len or doc_stride is too large");
    return HONE_OK;
}

static hone_status settle_length(answerer *a, const hone_pipeline *p)
{
    size_t positions = (size_t)hone_model_max_positions(p->model), length = hone_tokenizer_model_max_length(p->tokenizer);
    length = p->options.max_seq_len ? p->options.max_seq_len : length < 384 ? length : 384;
    length = length < positions ? length : positions;
    a->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    a->encode.truncation = HONE_TRUNCATION_ONLY_SECOND;
    a->encode.max_length = length;
    a->encode.stride = p->options.doc_stride ? p->options.doc_stride : length / 2 < 128 ? length / 2 : 128;
    if (a->encode.stride > length)
        return hone__fail(HONE_INVALID_ARGUMENT, "doc_stride %zu is larger than max_seq_len %zu", a->encode.stride, length);
    return HONE_OK;
}

static hone_status open(hone_pipeline *p)
{
    HONE_TRY(HONE_NEW(&p->answerer, 1));
    answerer *a = p->answerer;
    a->top_k = p->options.top_k ? p->options.top_k : 1;
    a->max_answer_len = p->options.max_answer_len ? p->options.max_answer_len : 15;
    a->n_spans = p->options.no_word_alignment ? a->top_k : 2 * a->top_k + SLACK;
    HONE_TRY(settle_length(a, p));
    HONE_TRY(HONE_ALLOC(&a->logits, 2 * a->encode.max_length * WINDOWS_AT_ONCE));
    HONE_TRY(HONE_ALLOC(&a->start, a->encode.max_length));
    HONE_TRY(HONE_ALLOC(&a->end, a->encode.max_length));
    HONE_TRY(HONE_ALLOC(&a->spans, a->n_spans));
    return hone__pass_init(&a->pass, p->options.device);
}

static void close(hone_pipeline *p)
{
    answerer *a = p->answerer;
    if (!a)
        return;
    hone__pass_dispose(&a->pass);
    hone__free(a->logits);
    hone__free(a->start);
    hone__free(a->end);
    hone__free(a->spans);
    hone__free(a->found);
    hone__str_dispose(&a->lower);
    hone__free(a);
}

/* ---- a window ---- */

/* Probabilities over the tokens that are wanted: of one column of the logits. */
static void weigh(float *out, const float *logits, const bool *wanted, size_t n)
{
    float top = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (wanted[i] && logits[2 * i] > top)
            top = logits[2 * i];
    for (size_t i = 0; i < n; i++)
        sum += out[i] = wanted[i] ? expf(logits[2 * i] - top) : 0.0f;
    for (size_t i = 0; i < n && sum > 0; i++)
        out[i] = (float)(out[i] / sum);
}

/* The best spans that are not too long, best first; of equal ones the earlier. */
static size_t find_spans(answerer *a, size_t n)
{
    size_t n_found = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n && j < i + a->max_answer_len && a->start[i] > 0; j++) {
            float score = a->start[i] * a->end[j];
            if (!(score > 0) || (n_found == a->n_spans && score <= a->spans[n_found - 1].score))
                continue;
            size_t at = n_found < a->n_spans ? n_found++ : n_found - 1;
            for (; at > 0 && score > a->spans[at - 1].score; at--)
                a->spans[at] = a->spans[at - 1];
            a->spans[at] = (span){score, (int32_t)i, (int32_t)j};
        }
    return n_found;
}

/* A span's tokens, words whole. */
static span widen(const hone_encoding *e, span s)
{
    ptrdiff_t first = hone_encoding_token_to_word(e, (size_t)s.start), last = hone_encoding_token_to_word(e, (size_t)s.end);
    hone_span from, to;
    if (first >= 0 && last >= 0 && hone_encoding_word_to_tokens(e, (size_t)first, 1, &from) &&
        hone_encoding_word_to_tokens(e, (size_t)last, 1, &to))
        return (span){s.score, (int32_t)from.start, (int32_t)to.end - 1};
    return s;
}

/* A new answer, or more score for one that was found before. */
static hone_status add_answer(answerer *a, hone_text context, const hone_encoding *e, span s)
{
    const hone_span *chars = hone_encoding_offsets_chars(e), *bytes = hone_encoding_offsets(e);
    hone_span_answer x = {s.score, chars[s.start].start, chars[s.end].end, bytes[s.start].start, bytes[s.end].end};
    hone__str_clear(&a->lower);
    if (x.byte_end > x.byte_start)
        hone__python_lower(&a->lower, context.data + x.byte_start, x.byte_end - x.byte_start);
    HONE_TRY(hone__str_status(&a->lower));
    uint64_t lower = hone__hash64(a->lower.data, a->lower.len, 0);
    for (size_t i = 0; i < a->n_found; i++)
        if (a->found[i].lower == lower) {
            a->found[i].answer.score += s.score;
            return HONE_OK;
        }
    HONE_TRY(HONE_GROW(&a->found, &a->found_capacity, a->n_found + 1));
    a->found[a->n_found] = (found){x, lower, a->n_found};
    a->n_found++;
    return HONE_OK;
}

static hone_status find_answers(hone_pipeline *p, const hone_encoding *e, const float *logits, hone_text context)
{
    answerer *a = p->answerer;
    const int32_t *sequence = hone_encoding_sequence_ids(e), *ids = hone_encoding_ids(e);
    int32_t cls = hone_tokenizer_special_id(p->tokenizer, HONE_SPECIAL_CLS);
    size_t n = hone_encoding_n_tokens(e);
    bool *wanted = NULL;
    hone_status status = HONE_OK;
    HONE_GO(HONE_ALLOC(&wanted, n));
    for (size_t i = 0; i < n; i++)
        wanted[i] = sequence[i] == 1 || ids[i] == cls;
    weigh(a->start, logits, wanted, n);
    weigh(a->end, logits + 1, wanted, n);
    double null_score = (double)(a->start[0] * a->end[0]);
    a->null_score = null_score < a->null_score ? null_score : a->null_score;
    a->start[0] = a->end[0] = 0;
    for (size_t i = 0, n_spans = find_spans(a, n); i < n_spans; i++) {
        const span *s = &a->spans[i];
        if (sequence[s->start] == 1 && sequence[s->end] == 1)
            HONE_GO(add_answer(a, context, e, p->options.no_word_alignment ? *s : widen(e, *s)));
    }
done:
    hone__free(wanted);
    return status;
}

/* ---- a question ---- */

static hone_status read_window(hone_pipeline *p, const hone_encoding *e, const float *logits, hone_text context)
{
    hone__part_begin("postprocess");
    hone_status status = find_answers(p, e, logits, context);
    hone__span_end();
    return status;
}

static const hone_encoding *window_of(const hone_encoding *e, size_t k)
{
    return k == 0 ? e : hone_encoding_overflowing(e, k - 1);
}

static hone_status read_windows(hone_pipeline *p, const hone_encoding *e, hone_text context)
{
    answerer *a = p->answerer;
    size_t n = 1 + hone_encoding_n_overflowing(e), width = 2 * a->encode.max_length;
    for (size_t first = 0; first < n; first += WINDOWS_AT_ONCE) {
        hone__pass_row rows[WINDOWS_AT_ONCE];
        size_t count = n - first < WINDOWS_AT_ONCE ? n - first : WINDOWS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            rows[i] = (hone__pass_row){.encoding = window_of(e, first + i), .logits = a->logits + i * width};
            HONE_TRY(hone__pass_check_ids(p->model, rows[i].encoding));
        }
        HONE_TRY(hone__pass_run(&a->pass, p->model, rows, count, 2));
        for (size_t i = 0; i < count; i++)
            HONE_TRY(read_window(p, rows[i].encoding, rows[i].logits, context));
        if (n >= LONG)
            hone__progress("reading the passage", (int64_t)(first + count), (int64_t)n, "windows", NULL);
    }
    if (n >= LONG)
        hone__progress_end("reading the passage", (int64_t)n, (int64_t)n, "windows", NULL);
    return HONE_OK;
}

static int by_score(const void *x, const void *y)
{
    const found *a = x, *b = y;
    if (a->answer.score != b->answer.score)
        return a->answer.score > b->answer.score ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* The best answers come to stand first in a->found. */
static hone_status ask(hone_pipeline *p, hone_text question, hone_text context)
{
    answerer *a = p->answerer;
    hone_encoding *e = NULL;
    hone_status status;
    a->n_found = 0;
    a->null_score = 1000000;
    if (question.len == 0 || context.len == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the %s is empty", question.len == 0 ? "question" : "context");
    HONE_GO(hone_tokenizer_encode(&e, p->tokenizer, question, context, &a->encode));
    HONE_GO(read_windows(p, e, context));
    if (p->options.handle_impossible_answer) {
        HONE_GO(HONE_GROW(&a->found, &a->found_capacity, a->n_found + 1));
        a->found[a->n_found] = (found){{.score = a->null_score}, 0, a->n_found};
        a->n_found++;
    }
    if (a->n_found > 1)
        qsort(a->found, a->n_found, sizeof(*a->found), by_score);
    a->n_found = a->n_found < a->top_k ? a->n_found : a->top_k;
done:
    hone_encoding_free(e);
    return status;
}

/* ---- JSON ---- */

static hone_status take_text(hone_text *out, const json_t *input, const char *key, const char *other)
{
    const json_t *value = json_object_get(input, key);
    value = value ? value : json_object_get(input, other);
    if (!json_is_string(value))
        return hone__fail(HONE_FORMAT, "an input must be {\"question\": text, \"context\": text}");
    *out = (hone_text){json_string_value(value), json_string_length(value)};
    return HONE_OK;
}

static hone_status write_answers(char **answer, const answerer *a, hone_text context)
{
    hone_str json = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&json, 0);
    w.spaced = true;
    if (a->n_found != 1)
        hone__jw_array(&w);
    for (size_t i = 0; i < a->n_found; i++) {
        const hone_span_answer *x = &a->found[i].answer;
        hone__jw_object(&w);
        hone__jw_key(&w, "score");
        hone__jw_double(&w, x->score);
        hone__jw_key(&w, "start");
        hone__jw_uint(&w, x->start);
        hone__jw_key(&w, "end");
        hone__jw_uint(&w, x->end);
        hone__jw_key(&w, "answer");
        hone__jw_string_n(&w, context.data + x->byte_start, x->byte_end > x->byte_start ? x->byte_end - x->byte_start : 0);
        hone__jw_end_object(&w);
    }
    if (a->n_found != 1)
        hone__jw_end_array(&w);
    hone_status status = hone__str_take(answer, &json);
    hone__str_dispose(&json);
    return status;
}

static hone_status answer_one(hone_pipeline *p, const json_t *input, char **answer)
{
    hone_text question, context;
    const json_t *inner = json_object_get(input, "inputs");
    input = json_is_object(inner) ? inner : input;
    HONE_TRY(take_text(&question, input, "question", "text"));
    HONE_TRY(take_text(&context, input, "context", "text_pair"));
    HONE_TRY(ask(p, question, context));
    return write_answers(answer, p->answerer, context);
}

static hone_status answer(hone_pipeline *p, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors)
{
    for (size_t i = 0; i < n; i++) {
        hone_status status = inputs[i] ? answer_one(p, inputs[i], &answers[i]) : HONE_OK;
        if (status != HONE_OK)
            HONE_TRY(hone__pipeline_own_error(status, &answers[i], n_errors));
    }
    return HONE_OK;
}

const hone_pipeline_class hone__question_answering = {
    .kind = HONE_QUESTION_ANSWERING, .check = check, .open = open, .close = close, .answer = answer};

/* ---- the typed interface ---- */

static hone_status copy_found(hone_span_answers *out, const answerer *a)
{
    HONE_TRY(HONE_NEW(&out->answers, a->n_found));
    for (size_t i = 0; i < a->n_found; i++)
        out->answers[i] = a->found[i].answer;
    out->n_answers = a->n_found;
    return HONE_OK;
}

hone_status hone_pipeline_answers(hone_span_answers *out, hone_pipeline *pipeline, hone_text question, hone_text context)
{
    *out = (hone_span_answers){NULL, 0};
    if (!pipeline->answerer)
        return hone__fail(HONE_INVALID_ARGUMENT, "answers come from a pipeline for question-answering; this one is for %s",
                          hone_task_name(pipeline->class->kind));
    if (hone__utf8_valid(question.data, question.len) < question.len || hone__utf8_valid(context.data, context.len) < context.len)
        return hone__fail(HONE_INVALID_ARGUMENT, "the question or its context is not UTF-8");
    pthread_mutex_lock(&pipeline->lock);
    hone_status status = ask(pipeline, question, context);
    if (status == HONE_OK)
        status = copy_found(out, pipeline->answerer);
    pthread_mutex_unlock(&pipeline->lock);
    return status;
}

void hone_span_answers_dispose(hone_span_answers *answers)
{
    hone__free(answers->answers);
    *answers = (hone_span_answers){NULL, 0};
}
