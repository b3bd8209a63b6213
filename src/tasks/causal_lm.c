/* Causal language modelling, as run_clm.py of the reference does it: tokenizer and texts become blocks of equal length, a model comes from a folder or is made from a
 * configuration, the loss is that of the next token, evaluation gives perplexity = exp(eval_loss). Departures: a text file is one document, and windows of a document are the
 * course's (chapter 7.6: the tail is dropped) unless --concatenate joins documents. */
#include "tasks/keytoken.h"
#include "tasks/lm_job.h"

#include <stddef.h>

typedef struct options {
    hone_lm_options lm;
    int64_t block_size;
    bool raw_newlines, concatenate;
    int loss; /* loss_kind */
    hone_strings key_tokens;
    double keytoken_alpha;
} options;

typedef enum loss_kind { LOSS_MEAN, LOSS_KEYTOKEN } loss_kind;

#define AT(field) offsetof(options, field)
static const char data_group[] = "Data", loss_group[] = "Loss";

static const hone_option rows[] = {
    HONE__ROWS_LANGUAGE_MODEL(" (gpt2)", "n_embd=256,n_layer=4,n_head=4 (GPT-2 small otherwise)"),

    HONE__ROWS_FILES,
    HONE__ROW_SPLIT("blocks"),
    HONE__ROW_GLOB("*.py"),
    HONE__ROW_FORMAT("text or jsonl (by extension and content)"),
    HONE__ROW_TEXT_COLUMN("content", "key of the text in .jsonl files"),
    {"block_size", HONE_OPTION_INT, AT(block_size), "0", 0, 1e9, NULL, data_group, "tokens of an example (0: min(n_positions, 1024))"},
    HONE__ROW_LINES("each line of a text file is a document"),
    {"raw_newlines", HONE_OPTION_BOOL, AT(raw_newlines), "false", 0, 0, NULL, data_group, "keep CRLF and CR as they are"},
    {"concatenate", HONE_OPTION_BOOL, AT(concatenate), "false", 0, 0, NULL, data_group,
     "join documents, end-of-text after each; otherwise the tail of each is dropped"},
    HONE__ROWS_SAMPLES("examples"),
    HONE__ROWS_CACHE,
    HONE__ROW_WORKERS,

    {"loss", HONE_OPTION_ENUM, AT(loss), "mean", 0, 0, "mean|keytoken", loss_group, "keytoken: rows with key tokens count more"},
    {"key_tokens", HONE_OPTION_STRINGS, AT(key_tokens), NULL, 0, 0, NULL, loss_group, "their words: plt,pd,sk,fit,predict"},
    {"keytoken_alpha", HONE_OPTION_DOUBLE, AT(keytoken_alpha), "1", 0, 1e300, NULL, loss_group, "factor of the key-token loss"},
};
static const hone_option_alias aliases[] = {
    {"context_length", "block_size", NULL, NULL}, HONE__ALIASES_FILES, {"loss_type", "loss", NULL, NULL}};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

static hone_status check(const hone_job *job)
{
    const options *o = job->task_options;
    HONE_TRY(hone__lm_check(job, "give a folder (hone tokenizer train makes one), or --model_name_or_path"));
    if (o->loss == LOSS_KEYTOKEN && o->key_tokens.n == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--loss keytoken: which are the key tokens?"),
                          "give --key_tokens plt,pd,sk,fit,predict");
    if (o->loss != LOSS_KEYTOKEN && o->key_tokens.n > 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--key_tokens: only the loss keytoken has them"), "give --loss keytoken too");
    return HONE_OK;
}

/* ---- a job's set-up ---- */

static hone_status make_model(hone_job *job, hone_job_parts *parts)
{
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.eos_token_id = hone__job_new_id(job, parts, HONE_SPECIAL_EOS);
    m.bos_token_id = hone__job_new_id(job, parts, HONE_SPECIAL_BOS);
    if (m.bos_token_id < 0)
        m.bos_token_id = m.eos_token_id;
    return hone__job_make_model(parts, job, m, "gpt2");
}

static hone_status settle_block_size(int64_t *out, const options *o, const hone_model *model)
{
    int64_t positions = hone_model_max_positions(model);
    *out = o->block_size ? o->block_size : positions < 1024 ? positions : 1024;
    if (*out > positions)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--block_size: %lld tokens are more than the model's %lld positions",
                                     (long long)*out, (long long)positions),
                          "give --block_size %lld or less, or a new model with --config_overrides n_positions=%lld", (long long)positions,
                          (long long)*out);
    if (*out < 2)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--block_size: %lld token predicts nothing", (long long)*out),
                          "give 2 or more");
    return HONE_OK;
}

static hone_status make_examples(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    text.line_by_line = o->lm.line_by_line;
    text.raw_newlines = o->raw_newlines;
    blocks.concatenate = o->concatenate;
    HONE_TRY(settle_block_size(&blocks.block_size, o, parts->model));
    return hone__lm_make_examples(job, parts, text, blocks, "documents", "blocks of");
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_keytoken *keytoken = NULL;
    HONE_TRY(make_model(job, parts));
    parts->task = hone_task_default(parts->model);
    if (job->kind == HONE_JOB_TRAIN && o->loss == LOSS_KEYTOKEN) {
        HONE_TRY(hone__keytoken_new(&keytoken, parts->tokenizer, &o->key_tokens, o->keytoken_alpha));
        parts->task = hone__keytoken_task(keytoken);
    }
    return make_examples(job, parts);
}

static void free_task(hone_job_parts *parts)
{
    hone__keytoken_free(parts->task.self);
}

const hone_job_class hone__causal_lm_job = {.kind = HONE_CAUSAL_LM,
                                            .options = &table,
                                            .options_size = sizeof(options),
                                            .check = check,
                                            .set_up = set_up,
                                            .free_task = free_task,
                                            .report = hone__lm_report};
