/* Question answering from passages, as SQuAD has it: questions from files, their windows as examples, answers out of logits, the task for the trainer.
 *
 *     hone_questions *dev = NULL; hone_examples *windows = NULL; hone_task task;
 *     CHECK(hone_questions_load(&dev, &path, 1, NULL));
 *     CHECK(hone_qa_examples(&windows, dev, tokenizer, &(hone_qa_examples_options){384, 128, true, 0}));
 *     CHECK(hone_question_answering_task(&task, model, NULL));
 *     CHECK(hone_trainer_new(&trainer, model, &args, &(hone_trainer_options){.task = &task, .train_dataset = train, .eval_dataset = windows}));
 */
#ifndef HONE_QA_H
#define HONE_QA_H

#include <hone/train.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Questions from files ---------------------------------------------------------------------------------------------------------------- */

/* The questions of SQuAD's JSON (v1.1, v2.0), or of objects with id, context, question and answers: one a line, in an array, or under "data". Files stay mapped; a question is
 * taken apart when it is asked for, so that memory is 16 bytes a question and 24 a passage. Immutable: any number of threads, each with a reader of its own. */
typedef struct hone_questions hone_questions;

typedef struct hone_questions_options {
    const char *glob;      /* picks names inside folders; NULL: all */
    int64_t max_questions; /* the first ones; < 0: all */
    bool unique_ids;       /* an id that comes twice is an error; else it is counted */
    bool need_answers;     /* a question without a key "answers" is an error */
} hone_questions_options;
#define HONE_QUESTIONS_OPTIONS_INIT \
    {                               \
        NULL, -1, false, false      \
    }

typedef struct hone_questions_info {
    int64_t n_questions, n_contexts;
    int64_t n_unlabelled; /* without a key "answers" */
    int64_t n_impossible; /* whose list of answers is empty (v2.0) */
    int64_t
        n_mismatched; /* answers that do not stand where they say: named in the log (the first few), and used as they are, as the reference does */
    int64_t n_duplicate_ids; /* questions whose id was there already */
} hone_questions_info;

/* Reads and checks files and folders. options NULL: the defaults. HONE_FORMAT "file:line:column: question ID: what", for JSON that is none with the line and a caret as the hint;
 * a passage without text, and answers of a wrong type too. HONE_NOT_FOUND: no such path. Free with hone_questions_free. */
HONE_API hone_status hone_questions_load(hone_questions **out, const char *const *paths, size_t n_paths,
                                         const hone_questions_options *options);
/* Frees; NULL is legal. No reader and no examples of q may be in use. */
HONE_API void hone_questions_free(hone_questions *q);
/* What was found. Lent. */
HONE_API const hone_questions_info *hone_questions_get_info(const hone_questions *q);
/* Where question i begins: the file, lent, and the line. NULL when i is out of range. Takes a pass over the file up to there. */
HONE_API const char *hone_questions_place(int64_t *line, const hone_questions *q, int64_t i);

/* One question, lent by its reader until the next one. Texts are UTF-8 and, but for context, end with a NUL. */
typedef struct hone_question {
    hone_text id, question, context;
    const hone_text *answers;
    const int64_t *answer_starts; /* in code points of context, as SQuAD counts */
    size_t n_answers;
    bool labelled;         /* it has a key "answers" */
    bool context_is_ascii; /* code points are bytes */
} hone_question;

/* Takes questions apart: keeps the text of the passage that it read last. One thread at a time. */
typedef struct hone_question_reader hone_question_reader;
/* A reader over q, which must outlive it. Free with hone_question_reader_free. */
HONE_API hone_status hone_question_reader_new(hone_question_reader **out, const hone_questions *q);
/* Frees; NULL is legal. */
HONE_API void hone_question_reader_free(hone_question_reader *r);
/* Question i. HONE_INVALID_ARGUMENT when i is out of range. */
HONE_API hone_status hone_question_reader_get(hone_question_reader *r, int64_t i, hone_question *out);

/* ---- Questions as windows of tokens -------------------------------------------------------------------------------------------------------- */

typedef struct hone_qa_examples_options {
    size_t max_length; /* tokens of a window, question and special ones included: 384 */
    size_t doc_stride; /* tokens that neighbouring windows share: 128 */
    bool keep_offsets; /* for answers: 8 bytes a token of the passage */
    int n_threads;     /* 0: all cores */
} hone_qa_examples_options;
#define HONE_QA_EXAMPLES_OPTIONS_INIT \
    {                                 \
        384, 128, false, 0            \
    }

/* A window of a question's passage. Positions are token numbers in the window. */
typedef struct hone_qa_window {
    int64_t question;                 /* which one (overflow_to_sample_mapping) */
    int32_t context_first, n_context; /* the tokens that come from the passage */
    const uint32_t *offsets;          /* (2 n_context) start and end in the passage, in bytes; NULL without keep_offsets */
} hone_qa_window;

typedef struct hone_qa_examples_info {
    const hone_questions *questions;
    int64_t n_questions, n_examples, n_tokens;
    int64_t n_without_answer; /* labelled windows that do not hold the answer: start and end are 0 */
    int32_t longest;
} hone_qa_examples_info;

/* Tokenizes question and passage as a pair, truncation "only_second", on all threads: the windows of a question are examples one after the other. Questions are stripped of white space.
 * Start and end are those of the first answer, 0 and 0 where it is not wholly in the window; where a question has no key "answers", none has labels. Rows have their own length. questions is lent and outlives
 * *out. HONE_INVALID_ARGUMENT names the question that leaves no room for its passage. options NULL: the defaults. Free with hone_examples_free. */
HONE_API hone_status hone_qa_examples(hone_examples **out, const hone_questions *questions, const hone_tokenizer *tokenizer,
                                      const hone_qa_examples_options *options);
/* What hone_qa_examples made, lent by e; NULL for other examples. */
HONE_API const hone_qa_examples_info *hone_qa_examples_get_info(const hone_examples *e);
/* Window i of such examples; false when i is out of range, or they are others. */
HONE_API bool hone_qa_examples_window(const hone_examples *e, int64_t i, hone_qa_window *out);

/* ---- Answers out of logits ------------------------------------------------------------------------------------------------------------------- */

/* As utils_qa.py of the reference's examples: the n_best_size best starts and ends of each window, over every logit that is handed in, make candidates; those outside the passage, of
 * negative length and longer than max_answer_length tokens are dropped; of all windows' candidates the n_best_size best stay, in a heap. Of equal logits the earlier token counts more, of
 * equal candidates the one found first. Departure: where there is no candidate the answer is "", not "empty". */
typedef struct hone_qa_answers_options {
    size_t n_best_size;           /* 20 */
    size_t max_answer_length;     /* tokens: 30 */
    bool version_2_with_negative; /* a question may have no answer */
} hone_qa_answers_options;
#define HONE_QA_ANSWERS_OPTIONS_INIT \
    {                                \
        20, 30, false                \
    }

typedef struct hone_qa_candidate {
    size_t start, end;            /* bytes of the passage; start == end: no text (the null answer, or none found) */
    float start_logit, end_logit; /* score: their sum */
    float score;
    double probability; /* softmax over the candidates listed */
} hone_qa_candidate;

typedef struct hone_qa_result {
    const hone_qa_candidate
        *candidates; /* best first; with version_2_with_negative the null answer among them. Never empty. Lent until the next window */
    size_t n_candidates;
    const hone_qa_candidate *best; /* the best that has text; candidates[0] where none has */
    float null_score;              /* the lowest over the windows of start + end at the first token */
    double score_difference;       /* version_2_with_negative: null_score less the logits of best; above the threshold means no answer */
} hone_qa_result;

typedef struct hone_qa_answers hone_qa_answers;
/* options NULL: the defaults. HONE_INVALID_ARGUMENT when a number is 0. One thread at a time. Free with hone_qa_answers_free. Memory: a few times n_best_size. */
HONE_API hone_status hone_qa_answers_new(hone_qa_answers **out, const hone_qa_answers_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_qa_answers_free(hone_qa_answers *a);
/* A window of the present question: logits of its n tokens, start[i * step] and end[i * step] (a model's (N, 2) have step 2). w needs offsets. Only before _result. */
HONE_API hone_status hone_qa_answers_add(hone_qa_answers *a, const hone_qa_window *w, const float *start, const float *end, size_t step,
                                         size_t n);
/* The answer to the question whose windows were added; the next window begins another one. */
HONE_API void hone_qa_answers_result(hone_qa_answers *a, hone_qa_result *out);

/* ---- The task ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct hone_question_answering_options {
    hone_qa_answers_options answers;
    double null_score_diff_threshold; /* version 2: no answer when score_difference is above it: 0 */
} hone_question_answering_options;
#define HONE_QUESTION_ANSWERING_OPTIONS_INIT \
    {                                        \
        HONE_QA_ANSWERS_OPTIONS_INIT, 0.0    \
    }

/* Question answering: half of start's plus end's cross entropy over each row's real tokens; an evaluation over hone_qa_examples (with offsets) adds exact_match and f1, or the keys of
 * evaluate-v2.0.py (exact, f1, total, HasAns_…, NoAns_…, best_…: over thresholds of score_difference). No logits are kept. model, which must be of HONE_QUESTION_ANSWERING, is lent and
 * outlives the task. options NULL: the defaults. Dispose with hone_task_dispose. One thread at a time. */
HONE_API hone_status hone_question_answering_task(hone_task *out, const hone_model *model, const hone_question_answering_options *options);
/* From now on evaluations write PREFIXpredictions.json {id: answer}, PREFIXnbest_predictions.json {id: [{"start_logit", "end_logit", "text", "probability"}, …]} and, version 2,
 * PREFIXnull_odds.json {id: score_difference} into folder (NULL: no more). Copied; a failure leaves it at what was said before. HONE_INVALID_ARGUMENT for another task. */
HONE_API hone_status hone_question_answering_write_to(hone_task *task, const char *folder, const char *prefix);

#ifdef __cplusplus
}
#endif
#endif
