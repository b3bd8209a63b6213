/* What transformers' TrainingArguments (4.57.3), their older spellings and the example scripts (run_ner.py, run_classification.py, …) have and hone has not, with the reason: a practitioner keeps his
 * options. A task's own option of such a name comes first. Where leaving one out gives the same result it is taken with a warning (ignored); where it would not, it is refused, and behind the | stands what to do.
 * Values that ask for nothing (the reference's defaults) are taken silently, so that a file of all arguments can be read. docs/options.md is made from this table. */
#include "train/args/args.h"

#define IGNORED(name, neutral, more, group, why)                      \
    {                                                                 \
        name, HONE_OPTION_IGNORED, 0, neutral, 0, 0, more, group, why \
    }
#define REFUSED(name, neutral, more, group, why)                      \
    {                                                                 \
        name, HONE_OPTION_REFUSED, 0, neutral, 0, 0, more, group, why \
    }

static const char torch[] = "PyTorch and Python", devices[] = "Devices and processes", precision[] = "Precision", hub[] = "The Hub",
                  files[] = "Files and columns", evaluation[] = "Evaluation and metrics", logging[] = "Logs";

static const char one_process[] = "one process trains on one device";
static const char no_compile[] = "there is no graph to compile: the kernels are compiled already";
static const char no_loader[] = "batches are made from mapped files in the same process";
static const char of_the_hub[] = "it belongs to --push_to_hub, which is not there yet";
static const char compiled_metrics[] = "the metrics are compiled in and see what they need";
static const char of_a_dataset[] = "it belongs to --dataset_name: files are read here";
static const char small_results[] = "metrics are counted batch by batch: predictions are never collected";

static const hone_option rows[] = {
    IGNORED("torch_compile", "false", NULL, torch, no_compile),
    IGNORED("torch_compile_backend", "none", NULL, torch, no_compile),
    IGNORED("torch_compile_mode", "none", NULL, torch, no_compile),
    IGNORED("torchdynamo", "none", NULL, torch, no_compile),
    IGNORED("jit_mode_eval", "false", NULL, torch, no_compile),
    IGNORED("use_ipex", "false", NULL, torch, no_compile),
    IGNORED("use_liger_kernel", "false", NULL, torch, "the head's loss never holds all logits in any case"),
    IGNORED("liger_kernel_config", "none", NULL, torch, "it belongs to --use_liger_kernel, whose savings are always there"),
    IGNORED("torch_empty_cache_steps", "none", "0", torch, "memory is given back at once: there is no cache to empty"),
    IGNORED("dataloader_pin_memory", "true", "false", torch, no_loader),
    IGNORED("dataloader_num_workers", "0", NULL, torch, no_loader),
    IGNORED("dataloader_prefetch_factor", "none", NULL, torch, no_loader),
    IGNORED("dataloader_persistent_workers", "false", NULL, torch, no_loader),
    IGNORED("gradient_checkpointing_kwargs", "none", NULL, torch, "there is one way to compute activations again"),
    IGNORED("full_determinism", "false", NULL, torch, "every run is deterministic"),
    IGNORED("debug", "", "none", torch, "steps that are not finite are found, passed over and counted in every run"),
    IGNORED("skip_memory_metrics", "true", NULL, torch, "memory is in the log of every run"),
    IGNORED("average_tokens_across_devices", "true", NULL, torch, "a loss is always the mean over the tokens of the whole batch"),
    IGNORED("restore_callback_states_from_checkpoint", "false", NULL, torch, "what callbacks count is in a checkpoint and always restored"),
    REFUSED("ignore_data_skip", "false", NULL, torch,
            "the rest of the run would see other data|leave it out: going on in the middle of an epoch costs nothing here"),
    REFUSED("past_index", "-1", NULL, torch, "no model here carries a past from batch to batch|leave it out"),
    REFUSED("optim_target_modules", "none", NULL, torch,
            "it belongs to the optimizers of galore_torch and apollo_torch|give --optim adamw_torch, sgd, adagrad, rmsprop or adafactor"),
    IGNORED("mp_parameters", "", "none", torch, "it is SageMaker's"),
    IGNORED("ray_scope", "last", "none", torch, "it is Ray's, for searches of hyper-parameters"),

    IGNORED("local_rank", "-1", "0", devices, one_process),
    IGNORED("_n_gpu", "-1", "0|1", devices, one_process),
    IGNORED("ddp_backend", "none", NULL, devices, one_process),
    IGNORED("ddp_find_unused_parameters", "none", "false", devices, one_process),
    IGNORED("ddp_bucket_cap_mb", "none", NULL, devices, one_process),
    IGNORED("ddp_broadcast_buffers", "none", NULL, devices, one_process),
    IGNORED("ddp_timeout", "1800", NULL, devices, one_process),
    IGNORED("fsdp", "", "none|false", devices, "it spreads the same computation over processes; one process trains here"),
    IGNORED("fsdp_min_num_params", "0", NULL, devices, "it belongs to --fsdp: one process trains here"),
    IGNORED("fsdp_config", "none", "{…}", devices, "it belongs to --fsdp: one process trains here"),
    IGNORED("fsdp_transformer_layer_cls_to_wrap", "none", NULL, devices, "it belongs to --fsdp: one process trains here"),
    IGNORED("sharded_ddp", "", "none|false", devices, "it spreads the same computation over processes; one process trains here"),
    IGNORED("deepspeed", "none", NULL, devices,
            "it spreads the same computation over processes; one process trains here, by the options of this command line alone"),
    IGNORED("parallelism_config", "none", NULL, devices, one_process),
    IGNORED("accelerator_config", "none", "{…}", devices, "the accelerator has nothing to choose with one process"),
    IGNORED("dispatch_batches", "none", "false", devices, one_process),
    IGNORED("split_batches", "none", "false", devices, one_process),
    IGNORED("tpu_num_cores", "none", NULL, devices, "there is no TPU backend: it trains on the device of --device"),
    IGNORED("tpu_metrics_debug", "false", NULL, devices, "there is no TPU backend"),
    REFUSED("use_mps_device", "false", NULL, devices,
            "there is no backend for Apple's GPUs|leave it out: --device auto takes the best device there is"),
    IGNORED("log_on_each_node", "true", NULL, devices, one_process),
    IGNORED("save_on_each_node", "false", NULL, devices, one_process),
    IGNORED("log_level_replica", "warning", "passive|debug|info|error|critical", devices, one_process),

    IGNORED("tf32", "none", "false", precision, "it is a mode of NVIDIA's GPUs; the CPU multiplies in fp32"),
    IGNORED("fp16_opt_level", "O1", NULL, precision, "it belongs to Apex"),
    REFUSED("half_precision_backend", "auto", "cpu_amp|cuda_amp", precision,
            "Apex is not here|leave it out; --bf16 chooses mixed precision"),
    REFUSED("fp16_backend", "auto", "amp|cpu_amp|cuda_amp", precision, "Apex is not here|leave it out; --bf16 chooses mixed precision"),
    IGNORED("xpu_backend", "none", NULL, precision, "it chose between processes' libraries: one process trains here"),
    REFUSED("dtype", "none", "auto|float32", precision, "parameters are kept in fp32|leave it out; --bf16 chooses mixed precision"),
    REFUSED("torch_dtype", "none", "auto|float32", precision, "parameters are kept in fp32|leave it out; --bf16 chooses mixed precision"),
    REFUSED("fp16_full_eval", "false", NULL, precision, "evaluations are computed as the training is|leave it out"),

    IGNORED("remove_unused_columns", "true", NULL, files, "only the columns that the task names are read"),
    IGNORED("length_column_name", "length", NULL, files, "lengths are known from the tokens"),
    IGNORED("label_names", "none", "labels", files, "every task knows its labels"),
    IGNORED("use_fast_tokenizer", "true", NULL, files, "there is one implementation of each tokenizer"),
    IGNORED("low_cpu_mem_usage", "false", NULL, files, "weights are mapped from their file in any case"),
    IGNORED("trust_remote_code", "false", NULL, files, "no code comes with a model"),
    REFUSED("config_name", "none", NULL, files,
            "a configuration comes with its model|give --model_name_or_path, or --model_type with --config_overrides"),
    REFUSED("dataset_name", "none", NULL, files, "data are read from files: nothing is fetched|give --train_file and --validation_file"),
    IGNORED("dataset_config_name", "none", NULL, files, of_a_dataset),
    IGNORED("train_split_name", "none", NULL, files, of_a_dataset),
    IGNORED("validation_split_name", "none", NULL, files, of_a_dataset),
    IGNORED("test_split_name", "none", NULL, files, of_a_dataset),
    IGNORED("remove_splits", "none", NULL, files, of_a_dataset),
    IGNORED("remove_columns", "none", NULL, files, "only the columns that the task names are read"),
    IGNORED("streaming", "false", NULL, files, "texts are read as a stream in any case"),
    REFUSED("keep_linebreaks", "true", NULL, files, "line ends are part of the texts|leave it out, or take them out of the files"),
    REFUSED("task_name", "ner", "none", files,
            "it names a task of GLUE, for text-classification|leave it out; --label_column_name pos_tags chooses other tags than ner_tags"),
    REFUSED("text_column_names", "none", NULL, files,
            "texts are not joined|give --text_column_name, and --text_pair_column_name for a second one"),
    IGNORED("text_column_delimiter", " ", NULL, files, "it belongs to --text_column_names: texts are not joined"),
    REFUSED("shuffle_train_dataset", "false", NULL, files,
            "--max_train_samples takes the first rows|leave it out: the training shuffles in every epoch"),
    IGNORED("shuffle_seed", "42", NULL, files, "it belongs to --shuffle_train_dataset; --seed is that of the epochs"),
    REFUSED("save_safetensors", "true", NULL, files,
            "weights are written as safetensors only|leave it out: transformers and torch read model.safetensors"),

    REFUSED("metric_name", "none", NULL, evaluation,
            "the metrics are those of the task|leave it out; hone metric computes others from files of predictions"),
    IGNORED("eval_accumulation_steps", "none", NULL, evaluation, small_results),
    IGNORED("batch_eval_metrics", "false", NULL, evaluation, small_results),
    IGNORED("eval_do_concat_batches", "true", NULL, evaluation, small_results),
    IGNORED("eval_use_gather_object", "false", NULL, evaluation, one_process),
    IGNORED("use_legacy_prediction_loop", "false", NULL, evaluation, "there is one loop"),
    IGNORED("include_inputs_for_metrics", "false", NULL, evaluation, compiled_metrics),
    IGNORED("include_for_metrics", "none", NULL, evaluation, compiled_metrics),

    IGNORED("logging_nan_inf_filter", "true", NULL, logging,
            "steps that are not finite change nothing: they are counted (nonfinite_steps) and never part of a mean"),
    IGNORED("log_level", "passive", "debug|info|warning|error|critical", logging, "give it on the command line"),
    IGNORED("project", "huggingface", "none", logging, "it is Trackio's"),
    IGNORED("trackio_space_id", "trackio", "none", logging, "it is Trackio's"),

    REFUSED("push_to_hub", "false", NULL, hub,
            "models are not sent to the Hub yet|leave it out; --output_dir holds all that the Hub takes"),
    IGNORED("hub_model_id", "none", NULL, hub, of_the_hub),
    IGNORED("hub_strategy", "every_save", "end|checkpoint|all_checkpoints", hub, of_the_hub),
    IGNORED("hub_token", "none", "<HUB_TOKEN>", hub, of_the_hub),
    IGNORED("hub_private_repo", "none", "false", hub, of_the_hub),
    IGNORED("hub_always_push", "false", NULL, hub, of_the_hub),
    IGNORED("hub_revision", "none", NULL, hub, of_the_hub),
    IGNORED("push_to_hub_model_id", "none", NULL, hub, of_the_hub),
    IGNORED("push_to_hub_organization", "none", NULL, hub, of_the_hub),
    IGNORED("push_to_hub_token", "none", "<PUSH_TO_HUB_TOKEN>", hub, of_the_hub),
    IGNORED("token", "none", "false", hub, "models are read from folders: nothing is fetched"),
    IGNORED("use_auth_token", "none", "false", hub, "models are read from folders: nothing is fetched"),
    IGNORED("cache_dir", "none", NULL, hub, "models are read from folders: nothing is fetched"),
    IGNORED("model_revision", "main", NULL, hub, "models are read from folders: nothing is fetched"),
};
const hone_option_table hone__foreign_table = {rows, sizeof(rows) / sizeof(*rows), NULL, 0};
