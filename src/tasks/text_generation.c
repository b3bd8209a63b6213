/* The pipeline text-generation: prompts to texts, as transformers' pipelines/text_generation.py returns them: the prompt as it was given, followed by the decoded ids without
 * special tokens. Departures: greedy unless sampling is asked for, and where nobody says how many tokens, 256 or what the model's positions leave.
 *
 * Prompts that may become equally much longer run as one packed batch; where a batch fails, its prompts are tried one by one, so that each gets its own answer or error. */
#include "base/log.h"
#include "base/spans.h"
#include "tasks/pipeline.h"

#include <string.h>

#define DEFAULT_NEW_TOKENS 256

typedef struct prompt {
    hone_text text; /* as it was given; data NULL: ids were given */
    hone_ids ids;
    bool is_bare; /* no text: ids begins with the model's own start, which is not shown */
    int64_t max_new;
    bool is_done; /* answered, or not to be */
} prompt;

/* ---- reading ---- */

static hone_status read_ids(prompt *p, const json_t *array)
{
    if (!json_is_array(array) || json_array_size(array) == 0)
        return hone__fail(HONE_FORMAT, "\"prompt_ids\" must be an array of ids, with one at least");
    HONE_TRY(HONE_GROW(&p->ids.data, &p->ids.capacity, json_array_size(array)));
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *id = json_array_get(array, i);
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX)
            return hone__fail(HONE_FORMAT, "\"prompt_ids\": entry %zu is no id", i + 1);
        p->ids.data[p->ids.n++] = (int32_t)json_integer_value(id);
    }
    return HONE_OK;
}

/* An empty prompt starts where the model's texts start (generate() begins from bos_token_id). */
static hone_status start_bare(const hone_pipeline *pipe, prompt *p)
{
    int64_t id = hone_tokenizer_special_id(pipe->tokenizer, HONE_SPECIAL_BOS);
    if (id < 0)
        id = hone_model_eos_token_id(pipe->model);
    if (id < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "the prompt is empty, and the model has no token that a text begins with");
    HONE_TRY(HONE_GROW(&p->ids.data, &p->ids.capacity, 1));
    p->ids.data[p->ids.n++] = (int32_t)id;
    p->is_bare = true;
    return HONE_OK;
}

static hone_status read_prompt(const hone_pipeline *pipe, prompt *p, const json_t *input)
{
    static const char *const keys[] = {"inputs", "text", "prompt", NULL};
    const json_t *text = hone__pipeline_text(input, keys);
    if (json_object_get(input, "prompt_ids"))
        return read_ids(p, json_object_get(input, "prompt_ids"));
    if (!text)
        return hone__fail(HONE_FORMAT, "an input must be {\"inputs\": text} or {\"prompt_ids\": [id, …]}");
    if (!pipe->tokenizer)
        return hone__error_restore(&pipe->without_tokenizer);
    p->text = (hone_text){json_string_value(text), json_string_length(text)};
    HONE_TRY(hone_tokenizer_encode_ids(&p->ids, pipe->tokenizer, p->text, true));
    return p->ids.n > 0 ? HONE_OK : start_bare(pipe, p);
}

static void settle_length(const hone_pipeline *pipe, prompt *p)
{
    int64_t left = hone_model_max_positions(pipe->model) - (int64_t)p->ids.n;
    p->max_new = pipe->options.generate.max_new_tokens;
    if (p->max_new < 0)
        p->max_new = left > 0 && left < DEFAULT_NEW_TOKENS ? left : DEFAULT_NEW_TOKENS;
}

/* ---- answering ---- */

/* Where text goes on after as many characters as `shown` has, as Python slices strings. */
static size_t skip_chars(const char *text, size_t len, const char *shown, size_t shown_len)
{
    size_t i = 0;
    for (size_t k = 0; k < shown_len; k++)
        if (((unsigned char)shown[k] & 0xC0) != 0x80)
            for (i += i < len; i < len && ((unsigned char)text[i] & 0xC0) == 0x80;)
                i++;
    return i;
}

static hone_status write_text(const hone_pipeline *pipe, hone_json_writer *w, const prompt *p, const int32_t *ids, size_t n)
{
    char *all = NULL, *before = NULL;
    size_t all_len, before_len = 0, skip = 0;
    hone_str shown = HONE_STR_INIT;
    hone_status status = HONE_OK;
    HONE_GO(hone_tokenizer_decode(&all, &all_len, pipe->tokenizer, ids, n, true));
    if (!p->is_bare) {
        HONE_GO(hone_tokenizer_decode(&before, &before_len, pipe->tokenizer, ids, p->ids.n, true));
        skip = skip_chars(all, all_len, before, before_len);
    }
    hone__str_append(&shown, p->text.data, p->text.len);
    hone__str_append(&shown, all + skip, all_len - skip);
    HONE_GO(hone__str_status(&shown));
    hone__jw_object(w);
    hone__jw_key(w, "generated_text");
    hone__jw_string_n(w, shown.data ? shown.data : "", shown.len);
    hone__jw_end_object(w);
done:
    hone_tokenizer_free_text(all);
    hone_tokenizer_free_text(before);
    hone__str_dispose(&shown);
    return status;
}

static void write_ids(hone_json_writer *w, const int32_t *ids, size_t n)
{
    hone__jw_array(w);
    for (size_t i = 0; i < n; i++)
        hone__jw_int(w, ids[i]);
    hone__jw_end_array(w);
}

/* The answer of a prompt whose rows begin at `first` in g. */
static hone_status write_sequences(const hone_pipeline *pipe, char **answer, const prompt *p, const hone_generation *g, size_t first)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    hone_status status = HONE_OK;
    size_t n_rows = (size_t)pipe->options.generate.num_return_sequences;
    w.spaced = true;
    if (!p->text.data) {
        hone__jw_object(&w);
        hone__jw_key(&w, "output_ids");
    }
    hone__jw_array(&w);
    for (size_t r = first; r < first + n_rows; r++)
        if (p->text.data)
            HONE_GO(write_text(pipe, &w, p, g->ids[r], (size_t)g->lengths[r]));
        else
            write_ids(&w, g->ids[r], (size_t)g->widths[r]);
    hone__jw_end_array(&w);
    if (!p->text.data)
        hone__jw_end_object(&w);
    HONE_GO(hone__str_take(answer, &text));
done:
    hone__str_dispose(&text);
    return status;
}

static hone_status write_answer(const hone_pipeline *pipe, char **answer, const prompt *p, const hone_generation *g, size_t first)
{
    hone__part_begin("postprocess");
    hone_status status = write_sequences(pipe, answer, p, g, first);
    hone__span_end();
    return status;
}

/* The prompts [first, first + n) that are not done, in one batch. */
static hone_status generate(hone_pipeline *pipe, prompt *prompts, size_t first, size_t n, char **answers)
{
    hone_generate_options o = pipe->options.generate;
    hone_generation g = {0};
    const int32_t **ids = NULL;
    size_t *lengths = NULL, n_open = 0;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&ids, n));
    HONE_GO(HONE_NEW(&lengths, n));
    for (size_t i = first; i < first + n; i++)
        if (!prompts[i].is_done) {
            ids[n_open] = prompts[i].ids.data;
            lengths[n_open++] = prompts[i].ids.n;
            o.max_new_tokens = prompts[i].max_new;
        }
    if (n_open == 0)
        goto done;
    o.first_sequence = pipe->n_sequences;
    HONE_GO(hone_generate(&g, pipe->model, ids, lengths, n_open, &o));
    n_open = 0;
    for (size_t i = first; i < first + n; i++)
        if (!prompts[i].is_done) {
            HONE_GO(write_answer(pipe, &answers[i], &prompts[i], &g, n_open++ * (size_t)o.num_return_sequences));
            prompts[i].is_done = true;
        }
    pipe->n_sequences += g.n_sequences;
done:
    hone_generation_dispose(&g);
    hone__free(ids);
    hone__free(lengths);
    return status;
}

static hone_status answer_error(prompt *p, hone_status status, char **answer, size_t *n_errors)
{
    p->is_done = true;
    return hone__pipeline_own_error(status, answer, n_errors);
}

/* A batch, and where it fails its prompts one by one. */
static hone_status generate_or_split(hone_pipeline *pipe, prompt *prompts, size_t first, size_t n, char **answers, size_t *n_errors)
{
    hone_status status = generate(pipe, prompts, first, n, answers);
    if (status == HONE_OK || hone__pipeline_is_general(status))
        return status;
    for (size_t i = first; i < first + n; i++) {
        if (prompts[i].is_done)
            continue;
        if ((status = generate(pipe, prompts, i, 1, answers)) != HONE_OK)
            HONE_TRY(answer_error(&prompts[i], status, &answers[i], n_errors));
    }
    return HONE_OK;
}

static hone_status read_prompts(const hone_pipeline *pipe, prompt *prompts, const json_t *const *inputs, size_t n, char **answers,
                                size_t *n_errors)
{
    for (size_t i = 0; i < n; i++) {
        prompts[i].is_done = inputs[i] == NULL;
        hone_status status = inputs[i] ? read_prompt(pipe, &prompts[i], inputs[i]) : HONE_OK;
        if (status != HONE_OK)
            HONE_TRY(answer_error(&prompts[i], status, &answers[i], n_errors));
        settle_length(pipe, &prompts[i]);
    }
    return HONE_OK;
}

static hone_status answer(hone_pipeline *pipe, const json_t *const *inputs, size_t n, char **answers, size_t *n_errors)
{
    prompt *prompts = NULL;
    hone_status status = HONE_OK;
    HONE_GO(HONE_NEW(&prompts, n));
    HONE_GO(read_prompts(pipe, prompts, inputs, n, answers, n_errors));
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && (prompts[end].is_done || prompts[end].max_new == prompts[first].max_new);)
            end++;
        HONE_GO(generate_or_split(pipe, prompts, first, end - first, answers, n_errors));
    }
done:
    for (size_t i = 0; prompts && i < n; i++)
        hone_ids_dispose(&prompts[i].ids);
    hone__free(prompts);
    return status;
}

/* A negative max_new_tokens is the pipeline's own default. */
static hone_status check(const hone_pipeline_options *options)
{
    hone_generate_options g = options->generate;
    if (g.max_new_tokens < 0)
        g.max_new_tokens = 1;
    return hone_generate_check(&g);
}

const hone_pipeline_class hone__text_generation = {
    .kind = HONE_CAUSAL_LM, .works_without_tokenizer = true, .check = check, .answer = answer};
