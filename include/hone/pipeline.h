/* Using a model: text in, JSON out, as the reference's pipelines answer. There is text-generation.
 *
 *     hone_pipeline *generate = NULL; char *answer = NULL;
 *     CHECK(hone_pipeline_new(&generate, HONE_CAUSAL_LM, "my-model", NULL));
 *     CHECK(hone_pipeline_run(&answer, generate, HONE_TEXT("def main(")));        [{"generated_text": "def main(argv):…"}]
 */
#ifndef HONE_PIPELINE_H
#define HONE_PIPELINE_H

#include <hone/generate.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_pipeline hone_pipeline;

typedef struct hone_pipeline_options {
    hone_device *device;            /* NULL: opened for this pipeline */
    int n_threads;                  /* of a device opened for it; 0: all cores */
    hone_generate_options generate; /* max_new_tokens < 0: 256, or as many as the model's positions leave */
} hone_pipeline_options;
#define HONE_PIPELINE_OPTIONS_INIT          \
    {                                       \
        NULL, 0, HONE_GENERATE_OPTIONS_INIT \
    }

/* Loads the model and the tokenizer of a folder. A folder without a tokenizer serves {"prompt_ids"} only. options NULL: the defaults (greedy, max_new_tokens -1).
 * HONE_UNSUPPORTED names the tasks that there are. Free with hone_pipeline_free. */
HONE_API hone_status hone_pipeline_new(hone_pipeline **out, hone_task_kind task, const char *model, const hone_pipeline_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_pipeline_free(hone_pipeline *pipeline);

/* Answers one text: a line of JSON, [{"generated_text": prompt and what follows}, …]. Free with hone_pipeline_free_text. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_run(char **out, hone_pipeline *pipeline, hone_text text);
/* Answers n inputs as one batch; each is JSON: a string, {"inputs": text}, {"text": text}, or {"prompt_ids": [id, …]}, which gives {"output_ids": [[…], …]}: rows are the
 * prompt and what follows it, padded at the end to the longest. answers[i] is a line of JSON, freed with hone_pipeline_free_text; an input that cannot be answered gives
 * {"error": "…"} and is counted in *n_errors. Fails, with all answers NULL, only where nothing can be answered. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_run_json(char **answers, size_t *n_errors, hone_pipeline *pipeline, const hone_text *inputs, size_t n);
/* Frees an answer; NULL is legal. */
HONE_API void hone_pipeline_free_text(char *text);

#ifdef __cplusplus
}
#endif
#endif
