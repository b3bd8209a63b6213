/* hone_training_args: the one table of its options. Names, defaults and meanings are transformers' TrainingArguments (4.57) where hone has the thing; what hone does not
 * have stands in args_foreign.c with the reason, so that a typo is an error and a wish no silence. A test holds HONE_TRAINING_ARGS_INIT equal to the defaults here. */
#include "train/args/args.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(hone_training_args, field)
#define HUGE      1e300
#define COUNT     9e18

#define X(name, text) "|" text
static const char schedules[] = HONE_SCHEDULE_MAP(X);
#undef X
#define X(name, text) "|" text
static const char optimizers[] = HONE_OPTIM_MAP(X);
#undef X

static const char run[] = "Run", data[] = "Batches and epochs", optim[] = "Optimizer and schedule", eval[] = "Evaluation",
                  logs[] = "Logging", card[] = "Model card", save[] = "Checkpoints", speed[] = "Memory and precision";

static const hone_option rows[] = {
    {"output_dir", HONE_OPTION_STRING, AT(output_dir), NULL, 0, 0, NULL, run,
     "where model, checkpoints, logs and results go (trainer_output)"},
    {"overwrite_output_dir", HONE_OPTION_BOOL, AT(overwrite_output_dir), "false", 0, 0, NULL, run,
     "start anew in an output folder that holds another run: its checkpoints are removed"},
    {"do_train", HONE_OPTION_BOOL, AT(do_train), "false", 0, 0, NULL, run, "train (implied by --train_file)"},
    {"do_eval", HONE_OPTION_BOOL, AT(do_eval), "false", 0, 0, NULL, run, "evaluate at the end (implied by --validation_file)"},

    {"per_device_train_batch_size", HONE_OPTION_INT, AT(per_device_train_batch_size), "8", 1, 1e6, NULL, data, "rows of a training batch"},
    {"per_device_eval_batch_size", HONE_OPTION_INT, AT(per_device_eval_batch_size), "8", 1, 1e6, NULL, data,
     "rows of an evaluation batch; results do not depend on it"},
    {"gradient_accumulation_steps", HONE_OPTION_INT, AT(gradient_accumulation_steps), "1", 1, 1e6, NULL, data,
     "batches whose gradients make one update"},
    {"num_train_epochs", HONE_OPTION_DOUBLE, AT(num_train_epochs), "3", 0, HUGE, NULL, data,
     "passes over the training data; a fraction is legal"},
    {"max_steps", HONE_OPTION_INT, AT(max_steps), "-1", -1, COUNT, NULL, data,
     "updates in all, instead of num_train_epochs (-1: by epochs)"},
    {"seed", HONE_OPTION_INT, AT(seed), "42", 0, COUNT, NULL, data, "of new weights, dropout and the order of the data"},
    {"data_seed", HONE_OPTION_INT, AT(data_seed), "-1", -1, COUNT, NULL, data, "of the order of the data alone (-1: seed)"},
    {"dataloader_drop_last", HONE_OPTION_BOOL, AT(dataloader_drop_last), "false", 0, 0, NULL, data,
     "leave out the last batch of an epoch when it is not full"},

    {"optim", HONE_OPTION_ENUM, AT(optim), "adamw_torch", 0, 0, optimizers + 1, optim, "the update; both names of AdamW stand for one"},
    {"optim_args", HONE_OPTION_STRING, AT(optim_args), NULL, 0, 0, NULL, optim,
     "more for the optimizer: momentum=0.9,nesterov=true (sgd), alpha=0.99,eps=1e-8,momentum=0 (rmsprop), … or a JSON object"},
    {"learning_rate", HONE_OPTION_DOUBLE, AT(learning_rate), "5e-05", 0, HUGE, NULL, optim, "the highest rate of the schedule"},
    {"weight_decay", HONE_OPTION_DOUBLE, AT(weight_decay), "0", 0, HUGE, NULL, optim,
     "decoupled decay of all parameters but biases and norms"},
    {"adam_beta1", HONE_OPTION_DOUBLE, AT(adam_beta1), "0.9", 0, 0.9999999, NULL, optim, "decay of the first moment"},
    {"adam_beta2", HONE_OPTION_DOUBLE, AT(adam_beta2), "0.999", 0, 0.9999999, NULL, optim, "decay of the second moment"},
    {"adam_epsilon", HONE_OPTION_DOUBLE, AT(adam_epsilon), "1e-08", 0, HUGE, NULL, optim, "added to the root of the second moment"},
    {"max_grad_norm", HONE_OPTION_DOUBLE, AT(max_grad_norm), "1", 0, HUGE, NULL, optim,
     "the gradients are scaled down to this global norm (0: not)"},
    {"lr_scheduler_type", HONE_OPTION_ENUM, AT(lr_scheduler_type), "linear", 0, 0, schedules + 1, optim,
     "how the learning rate goes on after the warm-up"},
    {"lr_scheduler_kwargs", HONE_OPTION_STRING, AT(lr_scheduler_kwargs), NULL, 0, 0, NULL, optim,
     "more for the schedule: num_cycles=2,power=3 or a JSON object"},
    {"warmup_steps", HONE_OPTION_DOUBLE, AT(warmup_steps), "0", 0, COUNT, NULL, optim,
     "updates of linear warm-up; below 1: that part of all updates"},
    {"warmup_ratio", HONE_OPTION_DOUBLE, AT(warmup_ratio), "0", 0, 1, NULL, optim,
     "the part of all updates that is warm-up, where warmup_steps is 0"},
    {"label_smoothing_factor", HONE_OPTION_DOUBLE, AT(label_smoothing_factor), "0", 0, 0.9999999, NULL, optim,
     "this part of each label is spread over all classes"},
    {"neftune_noise_alpha", HONE_OPTION_DOUBLE, AT(neftune_noise_alpha), "0", 0, HUGE, NULL, optim,
     "uniform noise on the words' embeddings while training, of alpha / sqrt(tokens x channels) (0: none)"},
    {"max_nonfinite_steps", HONE_OPTION_INT, AT(max_nonfinite_steps), "25", 0, COUNT, NULL, optim,
     "end with an error when so many steps in a row have a loss or gradients that are not finite (0: never)"},

    {"eval_strategy", HONE_OPTION_ENUM, AT(eval_strategy), "no", 0, 0, "no|steps|epoch", eval, "when to evaluate while training"},
    {"eval_steps", HONE_OPTION_DOUBLE, AT(eval_steps), "0", 0, COUNT, NULL, eval,
     "updates between evaluations; below 1: that part of all (0: logging_steps)"},
    {"eval_delay", HONE_OPTION_DOUBLE, AT(eval_delay), "0", 0, COUNT, NULL, eval,
     "epochs or updates before the first evaluation, as eval_strategy counts"},
    {"eval_on_start", HONE_OPTION_BOOL, AT(eval_on_start), "false", 0, 0, NULL, eval, "evaluate before the first update too"},
    {"prediction_loss_only", HONE_OPTION_BOOL, AT(prediction_loss_only), "false", 0, 0, NULL, eval,
     "an evaluation gives the loss alone, without the task's metrics"},

    {"logging_strategy", HONE_OPTION_ENUM, AT(logging_strategy), "steps", 0, 0, "no|steps|epoch", logs,
     "when to log loss, gradient norm and learning rate"},
    {"logging_steps", HONE_OPTION_DOUBLE, AT(logging_steps), "500", 0, COUNT, NULL, logs,
     "updates between log entries; below 1: that part of all"},
    {"logging_first_step", HONE_OPTION_BOOL, AT(logging_first_step), "false", 0, 0, NULL, logs, "log the first update too"},
    {"include_num_input_tokens_seen", HONE_OPTION_BOOL, AT(include_num_input_tokens_seen), "false", 0, 0, NULL, logs,
     "log how many tokens were trained on"},
    {"include_tokens_per_second", HONE_OPTION_BOOL, AT(include_tokens_per_second), "false", 0, 0, NULL, logs,
     "train_tokens_per_second in the results"},
    {"report_to", HONE_OPTION_STRINGS, AT(report_to), NULL, 0, 0, NULL, logs,
     "where numbers go while it runs: tensorboard, csv, jsonl, all, none (tensorboard jsonl)"},
    {"logging_dir", HONE_OPTION_STRING, AT(logging_dir), NULL, 0, 0, NULL, logs, "TensorBoard's folder (OUTPUT_DIR/runs/DATE_HOST)"},
    {"run_name", HONE_OPTION_STRING, AT(run_name), NULL, 0, 0, NULL, logs, "instead of DATE_HOST"},
    {"log_histograms_steps", HONE_OPTION_INT, AT(log_histograms_steps), "0", 0, COUNT, NULL, logs,
     "updates between histograms of all weights and gradients for TensorBoard (0: none)"},
    {"disable_tqdm", HONE_OPTION_BOOL, AT(disable_tqdm), "false", 0, 0, NULL, logs, "no progress from the trainer"},

    {"license", HONE_OPTION_STRING, AT(license), NULL, 0, 0, NULL, card,
     "of the model: apache-2.0 (what the card of the base model's folder says)"},
    {"language", HONE_OPTION_STRING, AT(language), NULL, 0, 0, NULL, card, "of the texts: en, or en,de"},
    {"model_tags", HONE_OPTION_STRING, AT(model_tags), NULL, 0, 0, NULL, card, "further tags: finance,legal"},
    {"dataset_tags", HONE_OPTION_STRING, AT(dataset_tags), NULL, 0, 0, NULL, card, "names of the data sets on the Hub: wnut_17"},
    {"dataset_args", HONE_OPTION_STRING, AT(dataset_args), NULL, 0, 0, NULL, card, "which part of the data set: mrpc"},

    {"save_strategy", HONE_OPTION_ENUM, AT(save_strategy), "steps", 0, 0, "no|steps|epoch|best", save,
     "when to save a checkpoint; steps: at the end too; best: after an evaluation that beats all before"},
    {"save_steps", HONE_OPTION_DOUBLE, AT(save_steps), "500", 0, COUNT, NULL, save,
     "updates between checkpoints; below 1: that part of all"},
    {"save_total_limit", HONE_OPTION_INT, AT(save_total_limit), "0", 0, COUNT, NULL, save,
     "checkpoints to keep: the newest, and the best in any case (0: all)"},
    {"save_only_model", HONE_OPTION_BOOL, AT(save_only_model), "false", 0, 0, NULL, save,
     "checkpoints without optimizer: smaller, but no run can be resumed from them"},
    {"save_in_background", HONE_OPTION_ENUM, AT(save_in_background), "auto", 0, 0, "auto|true|false", save,
     "write checkpoints beside the training, from a copy in memory (12 bytes a parameter); auto: large ones, where there is memory"},
    {"on_disk_full", HONE_OPTION_ENUM, AT(on_disk_full), "wait", 0, 0, "wait|stop", save,
     "when a checkpoint, the model or results find no room: try again until there is some, or end the run"},
    {"load_best_model_at_end", HONE_OPTION_BOOL, AT(load_best_model_at_end), "false", 0, 0, NULL, save,
     "end with the weights of the best checkpoint"},
    {"metric_for_best_model", HONE_OPTION_STRING, AT(metric_for_best_model), NULL, 0, 0, NULL, save,
     "what best means: loss, or a metric of the task (loss)"},
    {"greater_is_better", HONE_OPTION_ENUM, AT(greater_is_better), "auto", 0, 0, "auto|true|false", save,
     "auto: unless the metric's name ends with loss"},
    {"resume_from_checkpoint", HONE_OPTION_STRING, AT(resume_from_checkpoint), NULL, 0, 0, NULL, save,
     "true or last: the newest whole checkpoint of output_dir; or a folder"},

    {"group_by_length", HONE_OPTION_BOOL, AT(group_by_length), "false", 0, 0, NULL, data,
     "batches of rows of similar length, the longest first of all; nothing is padded in any case"},
    {"profile", HONE_OPTION_BOOL, AT(profile), "false", 0, 0, NULL, speed,
     "say at the end where a step's time went, op by op, and write profile.txt and a Chrome trace, profile_trace.json, into output_dir"},
    {"profile_steps", HONE_OPTION_STRING, AT(profile_steps), NULL, 0, 0, NULL, speed, "first and last step of the trace (4:6)"},
    {"profile_layers", HONE_OPTION_BOOL, AT(profile_layers), "false", 0, 0, NULL, speed, "the profile's sums by layer of the model too"},
    {"gradient_checkpointing", HONE_OPTION_BOOL, AT(gradient_checkpointing), "false", 0, 0, NULL, speed,
     "compute layers again in backward instead of keeping their activations"},
    {"auto_find_batch_size", HONE_OPTION_BOOL, AT(auto_find_batch_size), "false", 0, 0, NULL, speed,
     "cut batches that would not fit into memory into parts; updates stay those of the whole batch"},
    {"memory_limit", HONE_OPTION_STRING, AT(memory_limit), NULL, 0, 0, NULL, speed,
     "most memory that the process may hold, 6GB or 512MiB; none: any (what machine and control group have)"},
    {"bf16", HONE_OPTION_BOOL, AT(bf16), "false", 0, 0, NULL, speed,
     "matrix products in bfloat16, everything else in fp32, where the device has it"},
    {"bf16_full_eval", HONE_OPTION_BOOL, AT(bf16_full_eval), "false", 0, 0, NULL, speed,
     "evaluate with matrix products in bfloat16; a training with --bf16 does so too"},
    {"fp16", HONE_OPTION_BOOL, AT(fp16), "false", 0, 0, NULL, speed, "mixed precision with float16, where the device has it"},
};

/* Optimizers of other packages that the reference knows by name. */
#define OTHER(name, package)                                                                         \
    {                                                                                                \
        "optim=" name, "optim", NULL, "is the optimizer of the Python package " package ", not here" \
    }
static const hone_option_alias aliases[] = {
    {"evaluation_strategy", "eval_strategy", NULL, "is called --eval_strategy now"},
    {"per_gpu_train_batch_size", "per_device_train_batch_size", NULL, "is called --per_device_train_batch_size now"},
    {"per_gpu_eval_batch_size", "per_device_eval_batch_size", NULL, "is called --per_device_eval_batch_size now"},
    {"train_batch_size", "per_device_train_batch_size", NULL, NULL},
    {"eval_batch_size", "per_device_eval_batch_size", NULL, NULL},
    {"num_epochs", "num_train_epochs", NULL, NULL},
    {"lr_scheduler", "lr_scheduler_type", NULL, NULL},
    {"adafactor", "optim", "adafactor", "is --optim adafactor now"},
    {"lr_scheduler_type=wsd", "lr_scheduler_type", "warmup_stable_decay", NULL},
    {"optim=adamw_hf", "optim", "adamw_torch", "is adamw_torch now"},
    {"optim=adamw", "optim", "adamw_torch", NULL},
    {"optim=adamw_torch_xla", "optim", "adamw_torch", "is AdamW on a TPU: the same update as adamw_torch"},
    {"optim=adamw_torch_npu_fused", "optim", "adamw_torch", "is AdamW on an NPU: the same update as adamw_torch"},
    {"optim=adamw_apex_fused", "optim", "adamw_torch", "is Apex's AdamW: the same update as adamw_torch"},
    {"include_num_input_tokens_seen=all", "include_num_input_tokens_seen", "true", NULL},
    {"include_num_input_tokens_seen=non_padding", "include_num_input_tokens_seen", "true", NULL},
    OTHER("adamw_anyprecision", "torchdistx"),
    OTHER("adamw_torch_4bit", "torchao"),
    OTHER("adamw_torch_8bit", "torchao"),
    OTHER("ademamix", "bitsandbytes"),
    OTHER("adamw_bnb_8bit", "bitsandbytes"),
    OTHER("adamw_8bit", "bitsandbytes"),
    OTHER("ademamix_8bit", "bitsandbytes"),
    OTHER("lion_8bit", "bitsandbytes"),
    OTHER("lion_32bit", "bitsandbytes"),
    OTHER("paged_adamw_32bit", "bitsandbytes"),
    OTHER("paged_adamw_8bit", "bitsandbytes"),
    OTHER("paged_ademamix_32bit", "bitsandbytes"),
    OTHER("paged_ademamix_8bit", "bitsandbytes"),
    OTHER("paged_lion_32bit", "bitsandbytes"),
    OTHER("paged_lion_8bit", "bitsandbytes"),
    OTHER("rmsprop_bnb", "bitsandbytes"),
    OTHER("rmsprop_bnb_8bit", "bitsandbytes"),
    OTHER("rmsprop_bnb_32bit", "bitsandbytes"),
    OTHER("galore_adamw", "galore_torch"),
    OTHER("galore_adamw_8bit", "galore_torch"),
    OTHER("galore_adafactor", "galore_torch"),
    OTHER("galore_adamw_layerwise", "galore_torch"),
    OTHER("galore_adamw_8bit_layerwise", "galore_torch"),
    OTHER("galore_adafactor_layerwise", "galore_torch"),
    OTHER("lomo", "lomo_optim"),
    OTHER("adalomo", "lomo_optim"),
    OTHER("grokadamw", "grokadamw"),
    OTHER("schedule_free_radam", "schedulefree"),
    OTHER("schedule_free_adamw", "schedulefree"),
    OTHER("schedule_free_sgd", "schedulefree"),
    OTHER("apollo_adamw", "apollo_torch"),
    OTHER("apollo_adamw_layerwise", "apollo_torch"),
    OTHER("stable_adamw", "torch_optimi"),
};
#undef OTHER

const hone_option_table hone__training_table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

hone_status hone_training_args_init(hone_training_args *args)
{
    memset(args, 0, sizeof(*args));
    return hone__options_defaults(&hone__training_table, args);
}

void hone_training_args_dispose(hone_training_args *args)
{
    if (args)
        hone__options_dispose(&hone__training_table, args);
}

hone_status hone_training_args_set(hone_training_args *args, const char *name, const char *value)
{
    if (!hone__options_find(&hone__training_table, name) && hone__options_find(&hone__foreign_table, name))
        return hone__options_set(&hone__foreign_table, NULL, name, value);
    return hone__options_set(&hone__training_table, args, name, value);
}

hone_status hone_training_args_parse(hone_training_args *args, int argc, char **argv)
{
    const hone_option_table *tables[] = {&hone__training_table, &hone__foreign_table};
    void *structs[] = {args, NULL};
    return hone__options_parse(tables, structs, 2, argc, argv, NULL, NULL);
}

hone_status hone_training_args_help(char **out)
{
    hone_str text = HONE_STR_INIT;
    *out = NULL;
    hone__options_help(&hone__training_table, &text);
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

hone_status hone_training_args_to_json(char **out, const hone_training_args *args)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    *out = NULL;
    hone__jw_object(&w);
    hone__jw_put_string(&w, "hone_version", HONE_VERSION);
    hone__options_put_members(&hone__training_table, args, &w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    hone_status status = hone__str_take(out, &text);
    hone__str_dispose(&text);
    return status;
}

void hone_free_text(char *text)
{
    hone__free(text);
}

int64_t hone__training_steps(double option, int64_t max_steps)
{
    return option < 1 ? (int64_t)ceil(option * (double)max_steps) : (int64_t)option;
}

int64_t hone__training_warmup(const hone_training_args *args, int64_t max_steps)
{
    if (args->warmup_steps > 0)
        return hone__training_steps(args->warmup_steps, max_steps);
    return (int64_t)ceil(args->warmup_ratio * (double)max_steps);
}

const char *hone__training_output_dir(const hone_training_args *args)
{
    return args->output_dir ? args->output_dir : "trainer_output";
}
