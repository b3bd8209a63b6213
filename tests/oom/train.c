/* Every allocation of a training run fails in turn: the trainer gives HONE_OUT_OF_MEMORY, and nothing is left behind. */
#include "oom/job.h"
#include "unit/train/tiny.h"

#include <hone/tracker.h>

static hone_status make_model(hone_model **out)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.for_training = true;
    o.vocab_size = TINY_VOCAB;
    o.config_overrides = "n_embd=8,n_layer=1,n_head=2,n_positions=32";
    return hone_model_from_config(out, HONE_CAUSAL_LM, "gpt2", &o);
}

static hone_status train_and_report(hone_trainer *t)
{
    hone_metrics metrics = HONE_METRICS_INIT;
    hone_status status;
    HONE_GO(hone_trainer_train(t));
    HONE_GO(hone_trainer_evaluate(t, &metrics));
    HONE_GO(hone_trainer_save_metrics(t, "eval", &metrics));
    HONE_GO(hone_trainer_save_state(t));
    status = hone_trainer_create_model_card(t);
done:
    hone_metrics_dispose(&metrics);
    return status;
}

static hone_status run(void *payload)
{
    hone_model *model = NULL;
    hone_trainer *t = NULL;
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    hone_trainer_options o = {.train_dataset = payload, .eval_dataset = payload};
    hone_status status;
    a.output_dir = test_temp("oom");
    a.per_device_train_batch_size = 4;
    a.max_steps = 1;
    a.logging_steps = 1;
    a.save_steps = 1;
    a.save_total_limit = 1;
    a.lr_scheduler_kwargs = NULL;
    a.disable_tqdm = true;
    HONE_GO(make_model(&model));
    HONE_GO(hone_trainer_new(&t, model, &a, &o));
    status = train_and_report(t);
done:
    hone_trainer_free(t);
    hone_model_free(model);
    return status;
}

static void training(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(8);
    printf("%zu allocations\n", test_oom(run, data));
    hone_examples_free(data);
}

/* ---- a whole job: data, tokenizer, model, training, evaluation, predictions ---- */

static hone_status tag(void *payload)
{
    const char *data = test_temp("data.conll");
    const char *const options[][2] = {
        {"train_file", data},    {"validation_file", data}, {"test_file", data},
        {"max_seq_length", "4"}, {"stride", "1"},           {"return_entity_level_metrics", "true"},
    };
    (void)payload;
    return run_job(HONE_TOKEN_CLASSIFICATION, options, sizeof(options) / sizeof(*options));
}

static void tagging(void **state)
{
    (void)state;
    make_tokenizer("a\n##b\nc\n");
    test_write_text(test_temp("data.conll"), "ab B-X\nc I-X\na O\n\nc O\nab B-Y\n");
    assert_ok(tag(NULL)); /* what a process makes once is made */
    printf("%zu allocations\n", test_oom(tag, NULL));
}

static hone_status fill_args(void *payload)
{
    hone_training_args a;
    char *text = NULL;
    hone_status status;
    (void)payload;
    HONE_TRY(hone_training_args_init(&a));
    HONE_GO(hone_training_args_set(&a, "output_dir", "somewhere"));
    HONE_GO(hone_training_args_set(&a, "lr_scheduler_kwargs", "power=2"));
    HONE_GO(hone_training_args_to_json(&text, &a));
done:
    hone_free_text(text);
    hone_training_args_dispose(&a);
    return status;
}

static void arguments(void **state)
{
    (void)state;
    test_oom(fill_args, NULL);
}

/* Each kind of log, begun, gone on with from a file that must be cut back, and written to. */
static hone_status track(void *payload)
{
    const char *kind = payload;
    hone_metrics m = HONE_METRICS_INIT;
    hone_tracker *t = NULL;
    hone_status status;
    const float values[] = {1, 2, -3};
    char folder[4200];
    snprintf(folder, sizeof(folder), "%s", test_temp(kind));
    HONE_TRY(hone__remove_tree(folder)); /* each run begins with the same files, or asks for more memory than the one before */
    for (int64_t resume = -1; resume < 2; resume += 2) {
        HONE_GO(hone_metrics_set(&m, resume < 0 ? "loss" : "other", 1));
        HONE_GO(hone_tracker_open(&t, kind, folder, &(hone_tracker_options){resume, true}));
        for (int64_t step = 1; step < 4; step++)
            HONE_GO(hone_tracker_log(t, step, &m));
        HONE_GO(hone_tracker_log_text(t, 4, "note", "text"));
        HONE_GO(hone_tracker_log_histogram(t, 4, "values", values, 3));
        (void)hone_tracker_flush(t); /* what could not be written for want of memory is kept */
        hone_tracker_free(t);
        t = NULL;
    }
done:
    hone_metrics_dispose(&m);
    hone_tracker_free(t);
    return status;
}

static void trackers(void **state)
{
    (void)state;
    for (const char *const *kind = (const char *const[]){"tensorboard", "csv", "jsonl", NULL}; *kind; kind++)
        printf("%s: %zu allocations\n", *kind, test_oom(track, (void *)(uintptr_t)*kind));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(arguments), cmocka_unit_test(training), cmocka_unit_test(tagging),
                                          cmocka_unit_test(trackers)};
TEST_MAIN(tests)
