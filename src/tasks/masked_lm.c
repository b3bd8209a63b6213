/* The job of masked language modelling, as run_mlm.py of the reference does it: lines of text with their special tokens become blocks, or an example each; masks are drawn when a
 * batch is made; evaluation gives perplexity = exp(eval_loss). Departures: masks are hone's own draws, and an evaluation has always the same; all texts are joined, where the
 * script joins 1,000 at a time and drops what is left of each thousand; --validation_split_percentage counts blocks and is off unless it is given. Padding is never
 * computed, so that --pad_to_max_length changes nothing. */
#include "tasks/lm_job.h"
#include "base/log.h"
#include "data/masking.h"
#include "tokenizer/pieces.h"

#include <hone/tasks.h>

#include <stddef.h>

typedef struct options {
    hone_lm_options lm;
    double mlm_probability, mask_replace_prob, random_replace_prob;
    bool whole_word_mask;
} options;

#define AT(field) offsetof(options, field)
static const char mask_group[] = "Masks";

static const hone_option rows[] = {
    HONE__ROWS_LANGUAGE_MODEL(": bert, distilbert (bert)", "hidden_size=256,num_hidden_layers=4 (BERT base otherwise)"),

    HONE__ROWS_FILES,
    HONE__ROW_SPLIT("examples"),
    HONE__ROW_GLOB("*.txt"),
    HONE__ROW_FORMAT("text, whose lines are the texts, or jsonl (by extension and content)"),
    HONE__ROW_TEXT_COLUMN("text", "key of the text in .jsonl files"),
    HONE__ROW_LENGTH("tokens of an example (0: what tokenizer and model take, 1024 at most)"),
    HONE__ROW_LINES("each text is an example, cut to max_seq_length; otherwise all are joined and cut into blocks"),
    HONE__ROW_PADDING("false", "taken for the scripts' sake: padding is never computed"),
    HONE__ROWS_SAMPLES("examples"),
    HONE__ROWS_CACHE,
    HONE__ROW_WORKERS,

    {"mlm_probability", HONE_OPTION_DOUBLE, AT(mlm_probability), "0.15", 0, 1, NULL, mask_group, "share of the tokens that are drawn"},
    {"mask_replace_prob", HONE_OPTION_DOUBLE, AT(mask_replace_prob), "0.8", 0, 1, NULL, mask_group,
     "share of the drawn ones that become the mask token"},
    {"random_replace_prob", HONE_OPTION_DOUBLE, AT(random_replace_prob), "0.1", 0, 1, NULL, mask_group,
     "share of the drawn ones that become any token; the others stay"},
    {"whole_word_mask", HONE_OPTION_BOOL, AT(whole_word_mask), "false", 0, 0, NULL, mask_group,
     "draw words with all their pieces (\"##…\") instead of tokens"},
};
static const hone_option_alias aliases[] = {
    {"block_size", "max_seq_length", NULL, NULL},
    HONE__ALIASES_FILES,
    {"wwm", "whole_word_mask", NULL, NULL},
    {"wwm_probability", "mlm_probability", NULL, NULL},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

static hone_masking_options masking_of(const hone_job *job)
{
    const options *o = job->task_options;
    return (hone_masking_options){.mlm_probability = o->mlm_probability,
                                  .mask_replace_prob = o->mask_replace_prob,
                                  .random_replace_prob = o->random_replace_prob,
                                  .whole_word_mask = o->whole_word_mask,
                                  .seed = job->args.seed};
}

static hone_status check(const hone_job *job)
{
    hone_masking_options masking = masking_of(job);
    HONE_TRY(hone__masking_check(&masking));
    return hone__lm_check(job, "give a folder (hone tokenizer train --type wordpiece makes one), or --model_name_or_path");
}

/* ---- a job's set-up ---- */

static hone_status make_task(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_masking_options masking = masking_of(job);
    if (o->whole_word_mask && !hone__tokenizer_marks_words(parts->tokenizer))
        hone__log(HONE_LOG_WARNING, "--whole_word_mask: the tokenizer has no pieces that begin with \"##\", so that each token is a word");
    return hone_masked_lm_task(&parts->task, parts->model, parts->tokenizer, &masking);
}

static hone_status settle_length(int64_t *out, const hone_common_options *o, const hone_job_parts *parts)
{
    int64_t positions = hone_model_max_positions(parts->model);
    size_t longest = hone_tokenizer_model_max_length(parts->tokenizer);
    *out = o->max_seq_length ? o->max_seq_length : positions < 1024 ? positions : 1024;
    if (*out > positions)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--max_seq_length: %lld tokens are more than the model's %lld positions",
                                     (long long)*out, (long long)positions),
                          "give --max_seq_length %lld or less, or a new model with --config_overrides max_position_embeddings=%lld",
                          (long long)positions, (long long)*out);
    if ((size_t)*out > longest) {
        if (o->max_seq_length)
            hone__log(HONE_LOG_WARNING, "--max_seq_length: the tokenizer's model_max_length is %zu, which is taken", longest);
        *out = (int64_t)longest;
    }
    if (*out < 3)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--max_seq_length: %lld tokens leave no room for a text", (long long)*out),
                          "give 3 or more");
    return HONE_OK;
}

static hone_status make_examples(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    text.line_by_line = true;
    blocks.special_tokens = true;
    blocks.one_each = o->lm.line_by_line;
    HONE_TRY(settle_length(&blocks.block_size, &o->lm.common, parts));
    return hone__lm_make_examples(job, parts, text, blocks, "texts", o->lm.line_by_line ? "examples of at most" : "examples of");
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.pad_token_id = hone__job_new_id(job, parts, HONE_SPECIAL_PAD);
    HONE_TRY(hone__job_make_model(parts, job, m, "bert"));
    hone_status status = make_task(job, parts);
    return status == HONE_OK ? make_examples(job, parts) : hone__fail_in(status, "%s", hone__job_tokenizer_name(job));
}

static void free_task(hone_job_parts *parts)
{
    hone_task_dispose(&parts->task);
}

const hone_job_class hone__masked_lm_job = {.kind = HONE_MASKED_LM,
                                            .options = &table,
                                            .options_size = sizeof(options),
                                            .check = check,
                                            .set_up = set_up,
                                            .free_task = free_task,
                                            .report = hone__lm_report};
