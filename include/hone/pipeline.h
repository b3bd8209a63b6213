/* Using a model: text in, entities, labels or JSON out, as the reference's pipelines answer. There are token-classification, text-classification and text-generation.
 *
 *     hone_pipeline *ner = NULL; hone_entities found;
 *     CHECK(hone_pipeline_new(&ner, HONE_TOKEN_CLASSIFICATION, "my-tagger", &(hone_pipeline_options){.aggregation_strategy = HONE_AGGREGATE_SIMPLE}));
 *     CHECK(hone_pipeline_entities(&found, ner, HONE_TEXT("Sylvain works in Brooklyn.")));
 *     for (size_t i = 0; i < found.n_entities; i++)
 *         printf("%s %.4f %s\n", found.entities[i].group, found.entities[i].score, found.entities[i].word);         PER 0.9985 Sylvain …
 *     hone_entities_dispose(&found);
 *
 * and for any task, in JSON:
 *
 *     char *answer = NULL;
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

/* How labelled tokens become entities. none to max are the reference's strategies, with its rules of thumb for what a word is (transformers,
 * pipelines/token_classification.py). */
typedef enum hone_aggregation {
    HONE_AGGREGATE_NONE,    /* each token that has a label */
    HONE_AGGREGATE_SIMPLE,  /* tokens of one type in a row; "B-" begins a new entity */
    HONE_AGGREGATE_FIRST,   /* words, each with the label of its first token, then as simple */
    HONE_AGGREGATE_AVERAGE, /* words, each with the best label of its tokens' mean scores */
    HONE_AGGREGATE_MAX,     /* words, each with the label of its token that has the highest score */
    /* hone's own: words as the tokenizer split them (word_ids), or as they were given; each with the label of its first token. `word` is the text itself, from start to end */
    HONE_AGGREGATE_WORD
} hone_aggregation;

/* What happens to a text of more tokens than the model takes (the smaller of the tokenizer's model_max_length and the model's positions). */
typedef enum hone_long_text {
    /* It is read in windows that overlap, and each token's scores come from the window in which it stands farther from the edge; then the text is aggregated as one. A departure
     * from the reference, whose default is TRUNCATE */
    HONE_LONG_TEXT_WINDOWS,
    /* The reference's way with `stride`: each window is aggregated for itself; of entities that overlap the longer one stays, of equally long ones the higher score. Not with
     * HONE_AGGREGATE_NONE */
    HONE_LONG_TEXT_STRIDE,
    HONE_LONG_TEXT_TRUNCATE /* what is too long is not read, as the reference does without a stride */
} hone_long_text;

/* How a head's logits become scores of labels. */
typedef enum hone_score_function {
    /* The reference's choice by the model's config: its problem_type regression: NONE; multi_label_classification, or a single label: SIGMOID; else SOFTMAX */
    HONE_SCORES_DEFAULT,
    HONE_SCORES_SIGMOID,
    HONE_SCORES_SOFTMAX,
    HONE_SCORES_NONE
} hone_score_function;

/* All labels. */
#define HONE_TOP_K_ALL SIZE_MAX

/* A zeroed one is good for classification; HONE_PIPELINE_OPTIONS_INIT for all tasks. */
typedef struct hone_pipeline_options {
    hone_device *device;            /* NULL: opened for this pipeline */
    int n_threads;                  /* of a device opened for it; 0: all cores */
    hone_generate_options generate; /* max_new_tokens < 0: 256, or as many as the model's positions leave */
    /* ---- token-classification ---- */
    hone_aggregation aggregation_strategy;
    const char *const *
        ignore_labels; /* NULL-terminated: labels (none) or groups that are left out, "" for nothing; NULL: "O" alone. Read by hone_pipeline_new only */
    /* Text classification knows TRUNCATE; otherwise a text that is longer than the model's positions is an error, which the reference leaves to the model */
    hone_long_text long_text;
    size_t stride; /* tokens that neighbouring windows share; WINDOWS: 0 is a quarter of a window */
    /* ---- text-classification ---- */
    size_t
        top_k; /* how many labels an answer has, the best first; 0: the best alone, in JSON in the shape that the reference has without a top_k */
    hone_score_function function_to_apply;
    /* ---- question-answering; top_k: how many answers, 0: one ---- */
    size_t max_answer_len;         /* tokens of the longest answer; 0: 15 */
    size_t max_seq_len;            /* tokens of a window; 0: the tokenizer's model_max_length, 384 at most */
    size_t doc_stride;             /* tokens that neighbouring windows share; 0: half of a window, 128 at most */
    bool handle_impossible_answer; /* "" is an answer too */
    bool no_word_alignment;        /* answers end where tokens do; otherwise where words do */
    /* ---- fill-mask, which has top_k too (0: five tokens a mask), and knows long_text as text classification does ---- */
    const char *const *
        targets; /* NULL-terminated: only these words may stand for a mask, or of those that are no token their first pieces; NULL: any. Read by hone_pipeline_new only */
    hone_quantization quantize; /* of every task: hone_model_quantize, as the model is loaded */
} hone_pipeline_options;
#define HONE_PIPELINE_OPTIONS_INIT                                                                                                         \
    {                                                                                                                                      \
        NULL, 0, HONE_GENERATE_OPTIONS_INIT, HONE_AGGREGATE_NONE, NULL, HONE_LONG_TEXT_WINDOWS, 0, 0, HONE_SCORES_DEFAULT, 0, 0, 0, false, \
            false, NULL, HONE_QUANTIZE_NONE                                                                                                \
    }

/* Loads the model and the tokenizer of a folder. Only text-generation works without a tokenizer (it serves {"prompt_ids"}); elsewhere its absence is HONE_NOT_FOUND. options
 * NULL: the defaults (generation: greedy, max_new_tokens -1). HONE_UNSUPPORTED names the tasks that there are; HONE_INVALID_ARGUMENT says which option is wrong. Free with
 * hone_pipeline_free. */
HONE_API hone_status hone_pipeline_new(hone_pipeline **out, hone_task_kind task, const char *model, const hone_pipeline_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_pipeline_free(hone_pipeline *pipeline);

/* Answers one text: a line of JSON, [{"generated_text": prompt and what follows}, …], [{"entity_group": "PER", "score", "word", "start", "end"}, …],
 * [{"label": "POSITIVE", "score"}, …], or [{"score", "token", "token_str", "sequence"}, …] for the mask of a text (a list of those lists where it has several). Free with hone_pipeline_free_text. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_run(char **out, hone_pipeline *pipeline, hone_text text);
/* The same for two texts: question and context for question-answering; for text-classification a pair {"label", "score"} alone where options->top_k is 0, as the reference has it. pair HONE_TEXT_NONE: as hone_pipeline_run. */
HONE_API hone_status hone_pipeline_run_pair(char **out, hone_pipeline *pipeline, hone_text text, hone_text pair);
/* Answers n inputs as one batch; each is JSON: a string, {"inputs": text}, {"text": text}; {"prompt_ids": [id, …]} for generation, which gives {"output_ids": [[…], …]}: rows are
 * the prompt and what follows it, padded at the end to the longest; {"tokens": [word, …]} for token classification, whose offsets are in the words joined by spaces (or by
 * "delimiter"); {"text", "text_pair"} for text classification, perhaps under "inputs", and perhaps with a "top_k" of its own (null: all), which is answered without a list unless top_k is given; {"question", "context"} for question answering. answers[i] is a line of JSON, freed with hone_pipeline_free_text; an input that cannot be answered gives {"error": "…"} and is counted in *n_errors. Fails, with
 * all answers NULL, only where nothing can be answered. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_run_json(char **answers, size_t *n_errors, hone_pipeline *pipeline, const hone_text *inputs, size_t n);
/* Frees an answer; NULL is legal. */
HONE_API void hone_pipeline_free_text(char *text);

/* ---- token-classification ---- */

typedef struct hone_entity {
    const char *entity; /* strategy none: the token's label, "B-PER"; else NULL */
    const char *group;  /* "PER" */
    float score;
    const char *word;  /* the reference's: tokens joined by its decoder; text[start, end) with HONE_AGGREGATE_WORD */
    size_t start, end; /* in the text, in code points as Python counts */
    size_t byte_start, byte_end;
    int64_t index; /* strategy none: place of the token in the encoded text, [CLS] counted; else -1 */
} hone_entity;

/* Entities in the order of the text. Labels are lent by the pipeline, all else is owned. */
typedef struct hone_entities {
    hone_entity *entities;
    size_t n_entities;
    char *words; /* what entities[i].word points to */
} hone_entities;

/* Finds the entities of a text. *out is empty on failure; dispose of it. Any thread: calls queue. HONE_INVALID_ARGUMENT for text that is not UTF-8, or a pipeline of another task. */
HONE_API hone_status hone_pipeline_entities(hone_entities *out, hone_pipeline *pipeline, hone_text text);
/* The same for n inputs as one batch: texts, or words that were split already (offsets are in the words joined by single spaces). On failure all of out is empty, and the message
 * names the input. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_entities_batch(hone_entities *out, hone_pipeline *pipeline, const hone_sequence *inputs, size_t n);
/* Gives the memory back; *entities is empty afterwards. */
HONE_API void hone_entities_dispose(hone_entities *entities);

/* ---- text-classification ---- */

typedef struct hone_label_score {
    const char *label; /* lent by the pipeline */
    float score;
    int32_t id; /* of the label in the model's config */
} hone_label_score;

/* The labels of a text, the best first; of equal scores the lower id. */
typedef struct hone_classification {
    hone_label_score *labels;
    size_t n_labels; /* options->top_k, at most all; at least 1 */
} hone_classification;

/* Classifies a text, or a pair of texts (pair HONE_TEXT_NONE, or empty as in the reference: none). *out is empty on failure; dispose of it. Any thread: calls queue.
 * HONE_INVALID_ARGUMENT for text that is not UTF-8, has no token, or has more than the model takes (unless options->long_text is TRUNCATE), or a pipeline of another task. */
HONE_API hone_status hone_pipeline_classify(hone_classification *out, hone_pipeline *pipeline, hone_text text, hone_text pair);
/* The same for n inputs as one batch; their sequences may be words that were split already. On failure all of out is empty, and the message names the input. Any thread: calls queue. */
HONE_API hone_status hone_pipeline_classify_batch(hone_classification *out, hone_pipeline *pipeline, const hone_encode_input *inputs,
                                                  size_t n);
/* Gives the memory back; *classification is empty afterwards. */
HONE_API void hone_classification_dispose(hone_classification *classification);

/* ---- question-answering ---- */

typedef struct hone_span_answer {
    double score;      /* probability; equal answers of several places and windows add theirs, so that it may exceed 1 */
    size_t start, end; /* in the context, in code points as Python counts; 0 and 0: there is no answer */
    size_t byte_start, byte_end;
} hone_span_answer;

/* The best first. */
typedef struct hone_span_answers {
    hone_span_answer *answers;
    size_t n_answers;
} hone_span_answers;

/* The answers to a question about a context of any length, read in windows. *out is empty on failure; dispose of it. Any thread: calls queue. HONE_INVALID_ARGUMENT for text that is empty or not
 * UTF-8, a question that leaves no room for the context, or a pipeline of another task. */
HONE_API hone_status hone_pipeline_answers(hone_span_answers *out, hone_pipeline *pipeline, hone_text question, hone_text context);
/* Gives the memory back; *answers is empty afterwards. */
HONE_API void hone_span_answers_dispose(hone_span_answers *answers);

#ifdef __cplusplus
}
#endif
#endif
