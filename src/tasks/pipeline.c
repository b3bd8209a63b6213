/* hone/pipeline.h: loading, reading inputs, answering in batches. What an answer is, is the task's own (text_generation.c). */
#include "tasks/pipeline.h"
#include "base/log.h"

#include <hone/job.h>

#include <inttypes.h>
#include <string.h>

static const hone_pipeline_class *const classes[] = {&hone__token_classification, &hone__text_classification, &hone__question_answering,
                                                     &hone__text_generation, &hone__fill_mask};

static hone_status find_class(const hone_pipeline_class **out, hone_task_kind task)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (classes[i]->kind == task) {
            *out = classes[i];
            return HONE_OK;
        }
    *out = NULL;
    return hone__hint(hone__fail(HONE_UNSUPPORTED, "there is no pipeline for %s yet", hone_task_name(task)),
                      "there are: token-classification, text-classification, question-answering, text-generation, fill-mask");
}

/* A language model without a tokenizer still answers ids; a tokenizer that is broken is a failure. */
static hone_status load_tokenizer(hone_pipeline *p, const char *folder)
{
    hone_status status = hone_tokenizer_from_pretrained(&p->tokenizer, folder);
    if (status != HONE_NOT_FOUND)
        return status;
    if (!p->class->works_without_tokenizer)
        return hone__hint(status, "a pipeline for %s needs the model's tokenizer.json or vocab.txt in its folder",
                          hone_task_name(p->class->kind));
    hone__error_save(&p->without_tokenizer, status);
    return HONE_OK;
}

/* Such a model may still answer most texts, so that this is no failure: ids that it does not know are. */
static void compare_vocabularies(const hone_pipeline *p, const char *folder)
{
    int64_t has = p->tokenizer ? (int64_t)hone_tokenizer_vocab_size(p->tokenizer, true) : 0, takes = hone_model_vocab_size(p->model);
    if (has > takes)
        hone__log(HONE_LOG_WARNING, "the tokenizer of %s has %lld tokens, the model's vocabulary %lld: they do not belong together", folder,
                  (long long)has, (long long)takes);
}

static hone_status load(hone_pipeline *p, hone_task_kind task, const char *folder)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    hone_device_options d = HONE_DEVICE_OPTIONS_INIT;
    if (!p->options.device) {
        d.n_threads = p->options.n_threads;
        HONE_TRY(hone_device_open(&p->own_device, &d));
        p->options.device = p->own_device;
    }
    m.device = p->options.device;
    HONE_TRY(hone_model_from_pretrained(&p->model, task, folder, &m));
    HONE_TRY(hone_model_quantize(p->model, p->options.quantize));
    HONE_TRY(load_tokenizer(p, folder));
    compare_vocabularies(p, folder);
    return p->class->open ? p->class->open(p) : HONE_OK;
}

hone_status hone_pipeline_new(hone_pipeline **out, hone_task_kind task, const char *model, const hone_pipeline_options *options)
{
    hone_pipeline_options defaults = HONE_PIPELINE_OPTIONS_INIT;
    const hone_pipeline_class *class;
    hone_pipeline *p = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    defaults.generate.max_new_tokens = -1;
    HONE_TRY(find_class(&class, task));
    HONE_TRY(HONE_NEW(&p, 1));
    p->class = class;
    p->options = options ? *options : defaults;
    pthread_mutex_init(&p->lock, NULL);
    HONE_GO(class->check(&p->options));
    HONE_GO(load(p, task, model));
    *out = p;
    p = NULL;
done:
    hone_pipeline_free(p);
    return status;
}

void hone_pipeline_free(hone_pipeline *pipeline)
{
    if (!pipeline)
        return;
    if (pipeline->class->close)
        pipeline->class->close(pipeline);
    hone_model_free(pipeline->model);
    hone_tokenizer_free(pipeline->tokenizer);
    hone_device_free(pipeline->own_device);
    pthread_mutex_destroy(&pipeline->lock);
    hone__free(pipeline);
}

hone_status hone__pipeline_error(char **answer)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    w.spaced = true;
    hone__jw_object(&w);
    hone__jw_key(&w, "error");
    hone__jw_string(&w, hone_error_message());
    hone__jw_end_object(&w);
    hone_status status = hone__str_take(answer, &text);
    hone__str_dispose(&text);
    return status;
}

bool hone__pipeline_is_general(hone_status status)
{
    return status == HONE_OUT_OF_MEMORY || status == HONE_DEVICE || status == HONE_CANCELLED;
}

hone_status hone__pipeline_own_error(hone_status status, char **answer, size_t *n_errors)
{
    if (hone__pipeline_is_general(status))
        return status;
    ++*n_errors;
    hone__free(*answer);
    *answer = NULL;
    return hone__pipeline_error(answer);
}

const json_t *hone__pipeline_text(const json_t *input, const char *const *keys)
{
    const json_t *text = json_is_string(input) ? input : NULL;
    for (; !text && *keys; keys++)
        text = json_object_get(input, *keys);
    return json_is_string(text) ? text : NULL;
}

/* Values of the inputs; one that is no JSON stays NULL and is answered with its error. */
static hone_status parse(hone_pipeline *p, json_t **values, char **answers, size_t *n_errors, const hone_text *inputs, size_t n)
{
    static const char first[] = "input:1:"; /* each input is a line: its own first is that of the file */
    for (size_t i = 0; i < n; i++) {
        p->n_inputs++;
        hone_status status = hone__json_parse(&values[i], inputs[i].data, inputs[i].len, "input");
        if (status == HONE_OUT_OF_MEMORY)
            return status;
        if (status != HONE_OK) {
            if (strncmp(hone_error_message(), first, sizeof(first) - 1) == 0)
                hone__fail(status, "input:%" PRIu64 ":%s", p->n_inputs, hone_error_message() + sizeof(first) - 1);
            HONE_TRY(hone__pipeline_error(&answers[i]));
            ++*n_errors;
        }
    }
    return HONE_OK;
}

hone_status hone_pipeline_run_json(char **answers, size_t *n_errors, hone_pipeline *pipeline, const hone_text *inputs, size_t n)
{
    json_t **values = NULL;
    hone_status status = HONE_OK;
    *n_errors = 0;
    memset(answers, 0, n * sizeof(*answers));
    pthread_mutex_lock(&pipeline->lock);
    HONE_GO(HONE_NEW(&values, n));
    HONE_GO(parse(pipeline, values, answers, n_errors, inputs, n));
    HONE_GO(pipeline->class->answer(pipeline, (const json_t *const *)values, n, answers, n_errors));
done:
    pthread_mutex_unlock(&pipeline->lock);
    for (size_t i = 0; values && i < n; i++)
        json_decref(values[i]);
    hone__free(values);
    for (size_t i = 0; status != HONE_OK && i < n; i++) {
        hone__free(answers[i]);
        answers[i] = NULL;
    }
    return status;
}

static hone_status check_text(hone_text text)
{
    size_t valid = text.data ? hone__utf8_valid(text.data, text.len) : text.len;
    if (valid == text.len)
        return HONE_OK;
    return hone__fail(HONE_INVALID_ARGUMENT, "the text is not UTF-8: byte 0x%02X at offset %zu", (unsigned char)text.data[valid], valid);
}

/* An input as JSON: a string, or an object with both texts. */
static void write_input(hone_json_writer *w, hone_text text, hone_text pair)
{
    if (!pair.data) {
        hone__jw_string_n(w, text.data, text.len);
        return;
    }
    hone__jw_object(w);
    hone__jw_key(w, "text");
    hone__jw_string_n(w, text.data, text.len);
    hone__jw_key(w, "text_pair");
    hone__jw_string_n(w, pair.data, pair.len);
    hone__jw_end_object(w);
}

hone_status hone_pipeline_run_pair(char **out, hone_pipeline *pipeline, hone_text text, hone_text pair)
{
    hone_str json = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&json, 0);
    size_t n_errors = 0;
    *out = NULL;
    HONE_TRY(check_text(text));
    HONE_TRY(check_text(pair));
    if (pair.data && !pipeline->classifier && !pipeline->answerer)
        return hone__fail(HONE_INVALID_ARGUMENT,
                          "pairs of texts are for text-classification and question-answering; this pipeline is for %s",
                          hone_task_name(pipeline->class->kind));
    write_input(&w, text, pair);
    hone_status status = hone__str_status(&json);
    hone_text input = {json.data, json.len};
    if (status == HONE_OK)
        status = hone_pipeline_run_json(out, &n_errors, pipeline, &input, 1);
    hone__str_dispose(&json);
    if (status == HONE_OK && n_errors > 0) {
        hone__free(*out);
        *out = NULL;
        status = HONE_INVALID_ARGUMENT; /* its message is the thread's */
    }
    return status;
}

hone_status hone_pipeline_run(char **out, hone_pipeline *pipeline, hone_text text)
{
    return hone_pipeline_run_pair(out, pipeline, text, HONE_TEXT_NONE);
}

void hone_pipeline_free_text(char *text)
{
    hone__free(text);
}
