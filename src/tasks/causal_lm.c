/* Causal language modelling, as run_clm.py of the reference does it: tokenizer and texts become blocks of equal length, a model comes from a folder or is made from a
 * configuration, the loss is that of the next token, evaluation gives perplexity = exp(eval_loss). Departures: a text file is one document, and windows of a document are the
 * course's (chapter 7.6: the tail is dropped) unless --concatenate joins documents. */
#include "tasks/keytoken.h"
#include "tasks/lm_job.h"
#include "base/file.h"
#include "base/log.h"
#include "nn/tape.h"
#include <hone/text.h>

#include <stddef.h>
#include <string.h>

typedef struct options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    hone_strings train_file, validation_file;
    int64_t validation_split_percentage;
    char *glob, *format, *text_column_name, *cache_dir;
    int64_t block_size;
    bool line_by_line, raw_newlines, concatenate, overwrite_cache;
    int64_t max_train_samples, max_eval_samples, preprocessing_num_workers;
    int loss; /* loss_kind */
    hone_strings key_tokens;
    double keytoken_alpha;
} options;

typedef enum loss_kind { LOSS_MEAN, LOSS_KEYTOKEN } loss_kind;

#define AT(field) offsetof(options, field)
static const char model_group[] = "Model", data_group[] = "Data", loss_group[] = "Loss";

static const hone_option rows[] = {
    {"model_name_or_path", HONE_OPTION_STRING, AT(model_name_or_path), NULL, 0, 0, NULL, model_group,
     "a model folder to go on from; without it a new model is made"},
    {"model_type", HONE_OPTION_STRING, AT(model_type), NULL, 0, 0, NULL, model_group, "what a new model is (gpt2)"},
    {"config_overrides", HONE_OPTION_STRING, AT(config_overrides), NULL, 0, 0, NULL, model_group,
     "its shape, n_embd=256,n_layer=4,n_head=4 (GPT-2 small otherwise)"},
    {"tokenizer_name", HONE_OPTION_STRING, AT(tokenizer_name), NULL, 0, 0, NULL, model_group,
     "folder or file of the tokenizer (the model's own)"},

    {"train_file", HONE_OPTION_STRINGS, AT(train_file), NULL, 0, 0, NULL, data_group, "files and folders to train on"},
    {"validation_file", HONE_OPTION_STRINGS, AT(validation_file), NULL, 0, 0, NULL, data_group, "files and folders to evaluate on"},
    {"validation_split_percentage", HONE_OPTION_INT, AT(validation_split_percentage), "0", 0, 90, NULL, data_group,
     "without a validation file: the first N % of the training blocks"},
    {"glob", HONE_OPTION_STRING, AT(glob), NULL, 0, 0, NULL, data_group, "picks files inside folders by name: '*.py'"},
    {"format", HONE_OPTION_STRING, AT(format), NULL, 0, 0, NULL, data_group, "text or jsonl (by extension and content)"},
    {"text_column_name", HONE_OPTION_STRING, AT(text_column_name), "content", 0, 0, NULL, data_group, "key of the text in .jsonl files"},
    {"block_size", HONE_OPTION_INT, AT(block_size), "0", 0, 1e9, NULL, data_group, "tokens of an example (0: min(n_positions, 1024))"},
    {"line_by_line", HONE_OPTION_BOOL, AT(line_by_line), "false", 0, 0, NULL, data_group, "each line of a text file is a document"},
    {"raw_newlines", HONE_OPTION_BOOL, AT(raw_newlines), "false", 0, 0, NULL, data_group, "keep CRLF and CR as they are"},
    {"concatenate", HONE_OPTION_BOOL, AT(concatenate), "false", 0, 0, NULL, data_group,
     "join documents, end-of-text after each; otherwise the tail of each is dropped"},
    {"max_train_samples", HONE_OPTION_INT, AT(max_train_samples), "-1", -1, 9e18, NULL, data_group, "train on the first N examples only"},
    {"max_eval_samples", HONE_OPTION_INT, AT(max_eval_samples), "-1", -1, 9e18, NULL, data_group, "evaluate on the first N examples only"},
    {"overwrite_cache", HONE_OPTION_BOOL, AT(overwrite_cache), "false", 0, 0, NULL, data_group, "tokenize again although the cache has it"},
    {"cache_dir", HONE_OPTION_STRING, AT(cache_dir), NULL, 0, 0, NULL, data_group,
     "where tokenized texts are kept ($HONE_CACHE, ~/.cache/hone)"},
    {"preprocessing_num_workers", HONE_OPTION_INT, AT(preprocessing_num_workers), "0", 0, 4096, NULL, data_group,
     "threads that tokenize (0: all cores)"},

    {"loss", HONE_OPTION_ENUM, AT(loss), "mean", 0, 0, "mean|keytoken", loss_group, "keytoken: rows with key tokens count more"},
    {"key_tokens", HONE_OPTION_STRINGS, AT(key_tokens), NULL, 0, 0, NULL, loss_group, "their words: plt,pd,sk,fit,predict"},
    {"keytoken_alpha", HONE_OPTION_DOUBLE, AT(keytoken_alpha), "1", 0, 1e300, NULL, loss_group, "factor of the key-token loss"},
};
static const hone_option_alias aliases[] = {
    {"context_length", "block_size", NULL, NULL},
    {"train_files", "train_file", NULL, NULL},
    {"validation_files", "validation_file", NULL, NULL},
    {"loss_type", "loss", NULL, NULL},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

static bool has_train(const void *o)
{
    return ((const options *)o)->train_file.n > 0;
}

static bool has_eval(const void *o)
{
    return ((const options *)o)->validation_file.n > 0 || (((const options *)o)->validation_split_percentage > 0 && has_train(o));
}

static hone_status check(const hone_job *job)
{
    const options *o = job->task_options;
    HONE_TRY(hone__lm_check_model(job, o->model_name_or_path, o->tokenizer_name, o->config_overrides,
                                  "give a folder (hone tokenizer train makes one), or --model_name_or_path"));
    HONE_TRY(hone__lm_check_format(o->format));
    HONE_TRY(hone__job_check_samples(o->max_train_samples, o->max_eval_samples, -1, "examples"));
    if (o->loss == LOSS_KEYTOKEN && o->key_tokens.n == 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--loss keytoken: which are the key tokens?"),
                          "give --key_tokens plt,pd,sk,fit,predict");
    if (o->loss != LOSS_KEYTOKEN && o->key_tokens.n > 0)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--key_tokens: only the loss keytoken has them"), "give --loss keytoken too");
    return HONE_OK;
}

/* ---- tokenizer and model ---- */

static hone_status make_model(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_model_options m = HONE_MODEL_OPTIONS_INIT;
    m.device = parts->device;
    m.for_training = job->kind == HONE_JOB_TRAIN;
    m.empty_weights = m.for_training; /* until it is known that the run fits into memory */
    m.seed = job->args.seed;
    if (o->model_name_or_path)
        return hone_model_from_pretrained(&parts->model, HONE_CAUSAL_LM, o->model_name_or_path, &m);
    m.config_overrides = o->config_overrides;
    m.vocab_size = (int64_t)hone_tokenizer_vocab_size(parts->tokenizer, true);
    m.eos_token_id = hone_tokenizer_special_id(parts->tokenizer, HONE_SPECIAL_EOS);
    m.bos_token_id = hone_tokenizer_special_id(parts->tokenizer, HONE_SPECIAL_BOS);
    if (m.bos_token_id < 0)
        m.bos_token_id = m.eos_token_id;
    return hone__job_new_model(&parts->model, HONE_CAUSAL_LM, o->model_type ? o->model_type : "gpt2", &m);
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

/* ---- data ---- */

static hone_status make_blocks(hone_examples **out, const hone_job *job, const hone_job_parts *parts, const hone_strings *files,
                               int64_t block_size, int64_t max_examples)
{
    const options *o = job->task_options;
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    hone_blocks_info info;
    text.glob = o->glob;
    text.column = o->text_column_name;
    text.line_by_line = o->line_by_line;
    text.raw_newlines = o->raw_newlines;
    text.format = o->format;
    blocks.block_size = block_size;
    blocks.concatenate = o->concatenate;
    blocks.cache_dir = o->cache_dir;
    blocks.overwrite_cache = o->overwrite_cache;
    blocks.max_examples = max_examples;
    blocks.n_threads = (int)(o->preprocessing_num_workers ? o->preprocessing_num_workers : job->run.threads);
    HONE_TRY(hone_text_blocks(out, (const char *const *)files->items, files->n, &text, parts->tokenizer, &blocks, &info));
    hone__log(HONE_LOG_INFO, "%s%s: %lld documents, %lld tokens, %lld blocks of %lld", files->items[0], files->n > 1 ? ", …" : "",
              (long long)info.text.n_documents, (long long)info.n_tokens, (long long)info.n_blocks, (long long)block_size);
    return HONE_OK;
}

static hone_status make_examples(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    int64_t block_size;
    HONE_TRY(settle_block_size(&block_size, o, parts->model));
    bool train = job->kind == HONE_JOB_TRAIN;
    if (train && o->validation_file.n == 0 && o->validation_split_percentage > 0) {
        HONE_TRY(make_blocks(&parts->all, job, parts, &o->train_file, block_size, -1));
        return hone__lm_split(parts, o->validation_split_percentage, o->max_train_samples, o->max_eval_samples);
    }
    if (train)
        HONE_TRY(make_blocks(&parts->train, job, parts, &o->train_file, block_size, o->max_train_samples));
    return o->validation_file.n ? make_blocks(&parts->eval, job, parts, &o->validation_file, block_size, o->max_eval_samples) : HONE_OK;
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    const char *tokenizer = o->tokenizer_name ? o->tokenizer_name : o->model_name_or_path;
    hone_keytoken *keytoken = NULL;
    HONE_TRY(hone_tokenizer_from_pretrained(&parts->tokenizer, tokenizer));
    HONE_TRY(make_model(job, parts));
    HONE_TRY(hone__job_check_vocabulary(parts, tokenizer, !o->tokenizer_name));
    parts->task = hone_task_default(parts->model);
    if (job->kind == HONE_JOB_TRAIN && o->loss == LOSS_KEYTOKEN) {
        HONE_TRY(hone__keytoken_new(&keytoken, parts->tokenizer, &o->key_tokens, o->keytoken_alpha));
        parts->task = hone__keytoken_task(keytoken);
    }
    HONE_TRY(make_examples(job, parts));
    parts->base_model = o->model_name_or_path;
    if (o->train_file.n == 1)
        parts->dataset_name = hone__path_base(o->train_file.items[0]);
    return HONE_OK;
}

static void free_task(hone_job_parts *parts)
{
    hone__keytoken_free(parts->task.self);
}

const hone_job_class hone__causal_lm_job = {HONE_CAUSAL_LM,  &table,    sizeof(options), check, set_up, free_task,
                                            hone__lm_report, has_train, has_eval,        NULL,  NULL,   NULL};
