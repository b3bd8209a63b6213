/* The job of masked language modelling, as run_mlm.py of the reference does it: lines of text with their special tokens become blocks, or an example each; masks are drawn when a
 * batch is made; evaluation gives perplexity = exp(eval_loss). Departures: masks are hone's own draws, and an evaluation has always the same; all texts are joined, where the
 * script joins 1,000 at a time and drops what is left of each thousand; --validation_split_percentage counts blocks and is off unless it is given. Padding is never
 * computed, so that --pad_to_max_length changes nothing. */
#include "tasks/lm_job.h"
#include "base/file.h"
#include "base/log.h"
#include "tokenizer/pieces.h"

#include <hone/tasks.h>
#include <hone/text.h>

#include <stddef.h>

typedef struct options {
    char *model_name_or_path, *model_type, *config_overrides, *tokenizer_name;
    hone_strings train_file, validation_file;
    int64_t validation_split_percentage;
    char *glob, *format, *text_column_name, *cache_dir;
    int64_t max_seq_length;
    bool line_by_line, pad_to_max_length, overwrite_cache;
    int64_t max_train_samples, max_eval_samples, preprocessing_num_workers;
    double mlm_probability, mask_replace_prob, random_replace_prob;
    bool whole_word_mask;
} options;

#define AT(field) offsetof(options, field)
static const char model_group[] = "Model", data_group[] = "Data", mask_group[] = "Masks";

static const hone_option rows[] = {
    {"model_name_or_path", HONE_OPTION_STRING, AT(model_name_or_path), NULL, 0, 0, NULL, model_group,
     "a model folder to go on from; without it a new model is made"},
    {"model_type", HONE_OPTION_STRING, AT(model_type), NULL, 0, 0, NULL, model_group, "what a new model is: bert, distilbert (bert)"},
    {"config_overrides", HONE_OPTION_STRING, AT(config_overrides), NULL, 0, 0, NULL, model_group,
     "its shape, hidden_size=256,num_hidden_layers=4 (BERT base otherwise)"},
    {"tokenizer_name", HONE_OPTION_STRING, AT(tokenizer_name), NULL, 0, 0, NULL, model_group,
     "folder or file of the tokenizer (the model's own)"},

    {"train_file", HONE_OPTION_STRINGS, AT(train_file), NULL, 0, 0, NULL, data_group, "files and folders to train on"},
    {"validation_file", HONE_OPTION_STRINGS, AT(validation_file), NULL, 0, 0, NULL, data_group, "files and folders to evaluate on"},
    {"validation_split_percentage", HONE_OPTION_INT, AT(validation_split_percentage), "0", 0, 90, NULL, data_group,
     "without a validation file: the first N % of the training examples"},
    {"glob", HONE_OPTION_STRING, AT(glob), NULL, 0, 0, NULL, data_group, "picks files inside folders by name: '*.txt'"},
    {"format", HONE_OPTION_STRING, AT(format), NULL, 0, 0, NULL, data_group,
     "text, whose lines are the texts, or jsonl (by extension and content)"},
    {"text_column_name", HONE_OPTION_STRING, AT(text_column_name), "text", 0, 0, NULL, data_group, "key of the text in .jsonl files"},
    {"max_seq_length", HONE_OPTION_INT, AT(max_seq_length), "0", 0, 1e9, NULL, data_group,
     "tokens of an example (0: what tokenizer and model take, 1024 at most)"},
    {"line_by_line", HONE_OPTION_BOOL, AT(line_by_line), "false", 0, 0, NULL, data_group,
     "each text is an example, cut to max_seq_length; otherwise all are joined and cut into blocks"},
    {"pad_to_max_length", HONE_OPTION_BOOL, AT(pad_to_max_length), "false", 0, 0, NULL, data_group,
     "taken for the scripts' sake: padding is never computed"},
    {"max_train_samples", HONE_OPTION_INT, AT(max_train_samples), "-1", -1, 9e18, NULL, data_group, "train on the first N examples only"},
    {"max_eval_samples", HONE_OPTION_INT, AT(max_eval_samples), "-1", -1, 9e18, NULL, data_group, "evaluate on the first N examples only"},
    {"overwrite_cache", HONE_OPTION_BOOL, AT(overwrite_cache), "false", 0, 0, NULL, data_group, "tokenize again although the cache has it"},
    {"cache_dir", HONE_OPTION_STRING, AT(cache_dir), NULL, 0, 0, NULL, data_group,
     "where tokenized texts are kept ($HONE_CACHE, ~/.cache/hone)"},
    {"preprocessing_num_workers", HONE_OPTION_INT, AT(preprocessing_num_workers), "0", 0, 4096, NULL, data_group,
     "threads that tokenize (0: all cores)"},

    {"mlm_probability", HONE_OPTION_DOUBLE, AT(mlm_probability), "0.15", 0, 1, NULL, mask_group, "share of the tokens that are drawn"},
    {"mask_replace_prob", HONE_OPTION_DOUBLE, AT(mask_replace_prob), "0.8", 0, 1, NULL, mask_group,
     "share of the drawn ones that become the mask token"},
    {"random_replace_prob", HONE_OPTION_DOUBLE, AT(random_replace_prob), "0.1", 0, 1, NULL, mask_group,
     "share of the drawn ones that become any token; the others stay"},
    {"whole_word_mask", HONE_OPTION_BOOL, AT(whole_word_mask), "false", 0, 0, NULL, mask_group,
     "draw words with all their pieces (\"##…\") instead of tokens"},
};
static const hone_option_alias aliases[] = {
    {"block_size", "max_seq_length", NULL, NULL},        {"train_files", "train_file", NULL, NULL},
    {"validation_files", "validation_file", NULL, NULL}, {"wwm", "whole_word_mask", NULL, NULL},
    {"wwm_probability", "mlm_probability", NULL, NULL},
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
                                  "give a folder (hone tokenizer train --type wordpiece makes one), or --model_name_or_path"));
    HONE_TRY(hone__lm_check_format(o->format));
    return hone__job_check_samples(o->max_train_samples, o->max_eval_samples, -1, "examples");
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
        return hone_model_from_pretrained(&parts->model, HONE_MASKED_LM, o->model_name_or_path, &m);
    m.config_overrides = o->config_overrides;
    m.vocab_size = (int64_t)hone_tokenizer_vocab_size(parts->tokenizer, true);
    m.pad_token_id = hone_tokenizer_special_id(parts->tokenizer, HONE_SPECIAL_PAD);
    return hone__job_new_model(&parts->model, HONE_MASKED_LM, o->model_type ? o->model_type : "bert", &m);
}

static hone_status make_task(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    hone_masking_options masking = HONE_MASKING_OPTIONS_INIT;
    masking.mlm_probability = o->mlm_probability;
    masking.mask_replace_prob = o->mask_replace_prob;
    masking.random_replace_prob = o->random_replace_prob;
    masking.whole_word_mask = o->whole_word_mask;
    masking.seed = job->args.seed;
    if (o->whole_word_mask && !hone__tokenizer_marks_words(parts->tokenizer))
        hone__log(HONE_LOG_WARNING, "--whole_word_mask: the tokenizer has no pieces that begin with \"##\", so that each token is a word");
    return hone_masked_lm_task(&parts->task, parts->model, parts->tokenizer, &masking);
}

/* ---- data ---- */

static hone_status settle_length(int64_t *out, const options *o, const hone_job_parts *parts)
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

static hone_status make_part(hone_examples **out, const hone_job *job, const hone_job_parts *parts, const hone_strings *files,
                             int64_t length, int64_t max_examples)
{
    const options *o = job->task_options;
    hone_text_options text = HONE_TEXT_OPTIONS_INIT;
    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    hone_blocks_info info;
    text.glob = o->glob;
    text.column = o->text_column_name;
    text.line_by_line = true;
    text.format = o->format;
    blocks.block_size = length;
    blocks.special_tokens = true;
    blocks.one_each = o->line_by_line;
    blocks.cache_dir = o->cache_dir;
    blocks.overwrite_cache = o->overwrite_cache;
    blocks.max_examples = max_examples;
    blocks.n_threads = (int)(o->preprocessing_num_workers ? o->preprocessing_num_workers : job->run.threads);
    HONE_TRY(hone_text_blocks(out, (const char *const *)files->items, files->n, &text, parts->tokenizer, &blocks, &info));
    hone__log(HONE_LOG_INFO, "%s%s: %lld texts, %lld tokens, %lld examples of %s%lld", files->items[0], files->n > 1 ? ", …" : "",
              (long long)info.text.n_documents, (long long)info.n_tokens, (long long)info.n_blocks, o->line_by_line ? "at most " : "",
              (long long)length);
    return HONE_OK;
}

static hone_status make_examples(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    int64_t length;
    HONE_TRY(settle_length(&length, o, parts));
    bool train = job->kind == HONE_JOB_TRAIN;
    if (train && o->validation_file.n == 0 && o->validation_split_percentage > 0) {
        HONE_TRY(make_part(&parts->all, job, parts, &o->train_file, length, -1));
        return hone__lm_split(parts, o->validation_split_percentage, o->max_train_samples, o->max_eval_samples);
    }
    if (train)
        HONE_TRY(make_part(&parts->train, job, parts, &o->train_file, length, o->max_train_samples));
    return o->validation_file.n ? make_part(&parts->eval, job, parts, &o->validation_file, length, o->max_eval_samples) : HONE_OK;
}

static hone_status set_up(hone_job *job, hone_job_parts *parts)
{
    const options *o = job->task_options;
    const char *tokenizer = o->tokenizer_name ? o->tokenizer_name : o->model_name_or_path;
    HONE_TRY(hone_tokenizer_from_pretrained(&parts->tokenizer, tokenizer));
    HONE_TRY(make_model(job, parts));
    HONE_TRY(hone__job_check_vocabulary(parts, tokenizer, !o->tokenizer_name));
    hone_status status = make_task(job, parts);
    if (status != HONE_OK)
        return hone__fail_in(status, "%s", tokenizer);
    HONE_TRY(make_examples(job, parts));
    parts->base_model = o->model_name_or_path;
    if (o->train_file.n == 1)
        parts->dataset_name = hone__path_base(o->train_file.items[0]);
    return HONE_OK;
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
                                            .report = hone__lm_report,
                                            .has_train = has_train,
                                            .has_eval = has_eval};
