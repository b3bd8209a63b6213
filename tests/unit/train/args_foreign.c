/* Options that come from elsewhere: every TrainingArgument of transformers 4.57.3 is an option, an older spelling of one, or known with the reason why it is none; what asks
 * for nothing is taken silently, what changes nothing with a warning, and the rest is refused with a remedy. */
#include "base/log.h"
#include "support/support.h"
#include "tasks/job.h"

/* dataclasses.fields(transformers.TrainingArguments) of 4.57.3, in its order. */
static const char *const names[] = {
    "output_dir",
    "overwrite_output_dir",
    "do_train",
    "do_eval",
    "do_predict",
    "eval_strategy",
    "prediction_loss_only",
    "per_device_train_batch_size",
    "per_device_eval_batch_size",
    "per_gpu_train_batch_size",
    "per_gpu_eval_batch_size",
    "gradient_accumulation_steps",
    "eval_accumulation_steps",
    "eval_delay",
    "torch_empty_cache_steps",
    "learning_rate",
    "weight_decay",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "max_grad_norm",
    "num_train_epochs",
    "max_steps",
    "lr_scheduler_type",
    "lr_scheduler_kwargs",
    "warmup_ratio",
    "warmup_steps",
    "log_level",
    "log_level_replica",
    "log_on_each_node",
    "logging_dir",
    "logging_strategy",
    "logging_first_step",
    "logging_steps",
    "logging_nan_inf_filter",
    "save_strategy",
    "save_steps",
    "save_total_limit",
    "save_safetensors",
    "save_on_each_node",
    "save_only_model",
    "restore_callback_states_from_checkpoint",
    "no_cuda",
    "use_cpu",
    "use_mps_device",
    "seed",
    "data_seed",
    "jit_mode_eval",
    "bf16",
    "fp16",
    "fp16_opt_level",
    "half_precision_backend",
    "bf16_full_eval",
    "fp16_full_eval",
    "tf32",
    "local_rank",
    "ddp_backend",
    "tpu_num_cores",
    "tpu_metrics_debug",
    "debug",
    "dataloader_drop_last",
    "eval_steps",
    "dataloader_num_workers",
    "dataloader_prefetch_factor",
    "past_index",
    "run_name",
    "disable_tqdm",
    "remove_unused_columns",
    "label_names",
    "load_best_model_at_end",
    "metric_for_best_model",
    "greater_is_better",
    "ignore_data_skip",
    "fsdp",
    "fsdp_min_num_params",
    "fsdp_config",
    "fsdp_transformer_layer_cls_to_wrap",
    "accelerator_config",
    "parallelism_config",
    "deepspeed",
    "label_smoothing_factor",
    "optim",
    "optim_args",
    "adafactor",
    "group_by_length",
    "length_column_name",
    "report_to",
    "project",
    "trackio_space_id",
    "ddp_find_unused_parameters",
    "ddp_bucket_cap_mb",
    "ddp_broadcast_buffers",
    "dataloader_pin_memory",
    "dataloader_persistent_workers",
    "skip_memory_metrics",
    "use_legacy_prediction_loop",
    "push_to_hub",
    "resume_from_checkpoint",
    "hub_model_id",
    "hub_strategy",
    "hub_token",
    "hub_private_repo",
    "hub_always_push",
    "hub_revision",
    "gradient_checkpointing",
    "gradient_checkpointing_kwargs",
    "include_inputs_for_metrics",
    "include_for_metrics",
    "eval_do_concat_batches",
    "fp16_backend",
    "push_to_hub_model_id",
    "push_to_hub_organization",
    "push_to_hub_token",
    "_n_gpu",
    "mp_parameters",
    "auto_find_batch_size",
    "full_determinism",
    "torchdynamo",
    "ray_scope",
    "ddp_timeout",
    "torch_compile",
    "torch_compile_backend",
    "torch_compile_mode",
    "include_tokens_per_second",
    "include_num_input_tokens_seen",
    "neftune_noise_alpha",
    "optim_target_modules",
    "batch_eval_metrics",
    "eval_on_start",
    "use_liger_kernel",
    "liger_kernel_config",
    "eval_use_gather_object",
    "average_tokens_across_devices",
};

static const hone_option_table *const tables[] = {&hone__training_table, &hone__job_table, &hone__foreign_table};

static const hone_option *find(const char *name)
{
    const hone_option *row = NULL;
    for (size_t i = 0; i < 3 && !row; i++)
        row = hone__options_find(tables[i], name);
    return row;
}

static void every_argument_of_the_reference_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!find(names[i]))
            fail_msg("--%s is not known", names[i]);
}

/* ModelArguments and DataTrainingArguments of the example scripts, beside what their tasks share. */
static const struct {
    const hone_job_class *class;
    const char *names[40];
} scripts[] = {
    {&hone__token_classification_job,
     {"ignore_mismatched_sizes", "task_name", "test_file", "text_column_name", "label_column_name", "max_seq_length", "pad_to_max_length",
      "max_predict_samples", "label_all_tokens", "return_entity_level_metrics"}},
    {&hone__text_classification_job,
     {"use_fast_tokenizer", "ignore_mismatched_sizes", "task_name", "do_regression", "text_column_names", "text_column_delimiter",
      "train_split_name", "validation_split_name", "test_split_name", "remove_splits", "remove_columns", "label_column_name",
      "max_seq_length", "pad_to_max_length", "shuffle_train_dataset", "shuffle_seed", "max_predict_samples", "metric_name", "test_file"}},
    {&hone__question_answering_job,
     {"test_file", "max_seq_length", "pad_to_max_length", "max_predict_samples", "version_2_with_negative", "null_score_diff_threshold",
      "doc_stride", "n_best_size", "max_answer_length"}},
    {&hone__causal_lm_job,
     {"model_type", "config_overrides", "use_fast_tokenizer", "dtype", "torch_dtype", "streaming", "block_size",
      "validation_split_percentage", "keep_linebreaks"}},
    {&hone__masked_lm_job,
     {"model_type", "config_overrides", "use_fast_tokenizer", "dtype", "torch_dtype", "streaming", "validation_split_percentage",
      "max_seq_length", "mlm_probability", "line_by_line", "pad_to_max_length"}},
};
static const char *const shared[] = {"model_name_or_path", "config_name",         "tokenizer_name",
                                     "cache_dir",          "model_revision",      "token",
                                     "use_auth_token",     "trust_remote_code",   "low_cpu_mem_usage",
                                     "dataset_name",       "dataset_config_name", "train_file",
                                     "validation_file",    "overwrite_cache",     "preprocessing_num_workers",
                                     "max_train_samples",  "max_eval_samples"};

static void every_argument_of_the_scripts_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        const hone_option_table *own = scripts[i].class->options;
        for (const char *const *name = scripts[i].names; *name; name++)
            if (!hone__options_find(own, *name) && !find(*name))
                fail_msg("%s: --%s is not known", hone_task_name(scripts[i].class->kind), *name);
        for (size_t k = 0; k < sizeof(shared) / sizeof(*shared); k++)
            if (!hone__options_find(own, shared[k]) && !find(shared[k]))
                fail_msg("%s: --%s is not known", hone_task_name(scripts[i].class->kind), shared[k]);
    }
}

static void reasons_are_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < hone__foreign_table.n_rows; i++) {
        const hone_option *row = &hone__foreign_table.rows[i];
        assert_true(row->type == HONE_OPTION_IGNORED || row->type == HONE_OPTION_REFUSED);
        assert_true(row->help && strlen(row->help) > 8 && row->fallback && row->group);
        if (row->type == HONE_OPTION_REFUSED && !strchr(row->help, '|'))
            fail_msg("--%s is refused without a remedy", row->name);
        if (row->type == HONE_OPTION_IGNORED && strchr(row->help, '|'))
            fail_msg("--%s is ignored and has a remedy", row->name);
    }
}

static char last[512];
static int n_lines;

static void keep_line(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    (void)level;
    n_lines++;
    snprintf(last, sizeof(last), "%s", line);
}

static void ignored_with_a_warning(void **state)
{
    (void)state;
    hone_training_args a;
    char *argv[] = {"--torch_compile", "--ddp_backend", "nccl", "--fsdp=full_shard", "--tf32", "True", "--seed", "7"};
    assert_ok(hone_training_args_init(&a));
    hone_set_log(keep_line, NULL, HONE_LOG_WARNING);
    n_lines = 0;
    assert_ok(hone_training_args_parse(&a, 8, argv));
    assert_int_equal(n_lines, 4);
    assert_int_equal(a.seed, 7);
    assert_string_equal(last, "--tf32 does nothing here: it is a mode of NVIDIA's GPUs; the CPU multiplies in fp32");
    n_lines = 0;
    assert_ok(hone_training_args_set(&a, "dataloader_pin_memory", "True"));
    assert_ok(hone_training_args_set(&a, "push_to_hub", "False"));
    assert_ok(hone_training_args_set(&a, "half_precision_backend", "auto"));
    assert_ok(hone_training_args_set(&a, "adafactor", "False"));
    assert_int_equal(n_lines, 0);
    hone_set_log(NULL, NULL, HONE_LOG_WARNING);
    hone_training_args_dispose(&a);
}

static void refused_with_a_remedy(void **state)
{
    (void)state;
    hone_training_args a;
    char *argv[] = {"--push_to_hub"};
    assert_ok(hone_training_args_init(&a));
    assert_fails(HONE_INVALID_ARGUMENT, "--push_to_hub: ", hone_training_args_parse(&a, 1, argv));
    assert_true(*hone_error_hint());
    assert_fails(HONE_INVALID_ARGUMENT, "--half_precision_backend apex: ", hone_training_args_set(&a, "half_precision_backend", "apex"));
    assert_fails(HONE_INVALID_ARGUMENT, "--optim galore_adamw: is the optimizer of the Python package galore_torch",
                 hone_training_args_set(&a, "optim", "galore_adamw"));
    assert_fails(HONE_INVALID_ARGUMENT, "--optim: must be one of adamw_torch", hone_training_args_set(&a, "optim", "adam"));
    hone_training_args_dispose(&a);
}

static void older_values(void **state)
{
    (void)state;
    hone_training_args a;
    assert_ok(hone_training_args_init(&a));
    assert_ok(hone_training_args_set(&a, "optim", "sgd"));
    assert_ok(hone_training_args_set(&a, "optim", "adamw_hf"));
    assert_int_equal(a.optim, HONE_OPTIM_ADAMW_TORCH);
    assert_ok(hone_training_args_set(&a, "adafactor", NULL));
    assert_int_equal(a.optim, HONE_OPTIM_ADAFACTOR);
    assert_ok(hone_training_args_set(&a, "include_num_input_tokens_seen", "non_padding"));
    assert_true(a.include_num_input_tokens_seen);
    hone_training_args_dispose(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_argument_of_the_reference_is_known),
    cmocka_unit_test(every_argument_of_the_scripts_is_known),
    cmocka_unit_test(reasons_are_sentences),
    cmocka_unit_test(ignored_with_a_warning),
    cmocka_unit_test(refused_with_a_remedy),
    cmocka_unit_test(older_values),
};
TEST_MAIN(tests)
