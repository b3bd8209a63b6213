/* Any bytes as inputs of a pipeline, a line each; the first byte chooses the task. Every line has an answer, which is JSON. */
#include "base/json.h"
#include "fuzz/folder.h"
#include "fuzz/tiny.h"

#include <hone/log.h>
#include <hone/pipeline.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_LINES = 4, N_TASKS = 5 };
static const hone_task_kind tasks[N_TASKS] = {HONE_TOKEN_CLASSIFICATION, HONE_TEXT_CLASSIFICATION, HONE_QUESTION_ANSWERING, HONE_CAUSAL_LM,
                                              HONE_MASKED_LM};
static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\nc\n.\n,\n?\n\xC3\xA9\n";

static hone_pipeline *make(hone_task_kind task)
{
    hone_pipeline *p = NULL;
    hone_pipeline_options o = HONE_PIPELINE_OPTIONS_INIT;
    hone_tokenizer *tok = NULL;
    o.device = tiny_device();
    o.generate.max_new_tokens = 3;
    o.max_seq_len = 16;
    o.doc_stride = 4;
    o.aggregation_strategy = task == HONE_TOKEN_CLASSIFICATION ? HONE_AGGREGATE_SIMPLE : HONE_AGGREGATE_NONE;
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    put_file("vocab.txt", vocab, sizeof(vocab) - 1);
    must(hone_tokenizer_from_pretrained(&tok, fuzz_folder));
    hone_model *model = tiny_model(task, (int64_t)hone_tokenizer_vocab_size(tok, true), false);
    must(hone_model_save_pretrained(model, path_of("model")));
    must(hone_tokenizer_save(tok, path_of("model")));
    must(hone_pipeline_new(&p, task, path_of("model"), &o));
    must(hone__remove_tree(path_of("model")));
    hone_model_free(model);
    hone_tokenizer_free(tok);
    return p;
}

static size_t split(hone_text lines[MOST_LINES], const char *text, size_t len)
{
    size_t n = 0;
    while (n < MOST_LINES) {
        const char *newline = len && n + 1 < MOST_LINES ? memchr(text, '\n', len) : NULL;
        lines[n] = (hone_text){text, newline ? (size_t)(newline - text) : len};
        n++;
        if (!newline)
            break;
        len -= (size_t)(newline - text) + 1;
        text = newline + 1;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_pipeline *pipelines[N_TASKS];
    hone_text lines[MOST_LINES];
    char *answers[MOST_LINES];
    size_t n_errors = 0, n_found = 0;
    if (size == 0)
        return 0;
    size_t which = data[0] % N_TASKS;
    if (!pipelines[which])
        pipelines[which] = make(tasks[which]);
    size_t n = split(lines, (const char *)data + 1, size - 1);
    must(hone_pipeline_run_json(answers, &n_errors, pipelines[which], lines, n));
    for (size_t i = 0; i < n; i++) {
        json_t *answer = NULL;
        must(hone__json_parse(&answer, answers[i], strlen(answers[i]), "answer"));
        n_found += json_is_string(json_object_get(answer, "error"));
        json_decref(answer);
        hone_pipeline_free_text(answers[i]);
    }
    if (n_found != n_errors)
        abort();
    return 0;
}
