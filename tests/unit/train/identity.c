/* Which run a checkpoint is of: another one is refused and named, a changed option is named, numbers that cannot be are refused; and what going on costs with a million examples. */
#include "tiny.h"

#include <unistd.h>

static const char *folder_of(const char *name)
{
    static char path[600];
    snprintf(path, sizeof(path), "%s", test_temp(name));
    return path;
}

static hone_training_args run_args(const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = folder;
    a.per_device_train_batch_size = 4;
    a.max_steps = 4;
    a.save_steps = 2;
    a.logging_steps = 1;
    a.disable_tqdm = true;
    return a;
}

static hone_status train(const hone_training_args *a, hone_examples *data, hone_trainer **keep)
{
    hone_trainer *t = NULL;
    hone_model *model = tiny_model(true);
    assert_ok(hone_trainer_new(&t, model, a, &(hone_trainer_options){.train_dataset = data}));
    hone_status status = hone_trainer_train(t);
    if (keep)
        *keep = t;
    else
        hone_trainer_free(t);
    if (!keep)
        hone_model_free(model);
    return status;
}

static void drop(hone_trainer *t)
{
    hone_model *model = hone_trainer_model(t);
    hone_trainer_free(t);
    hone_model_free(model);
}

/* The tiny rows, but for one token in the last of them. */
static hone_status other_get(void *self, int64_t i, hone_example *out)
{
    HONE_TRY(tiny_get(self, i, out));
    if (i == 20)
        ((tiny_rows *)self)->ids[2] ^= 1;
    return HONE_OK;
}

static hone_examples *other_examples(int64_t n)
{
    static tiny_rows rows;
    static const hone_examples_ops ops = {other_get, tiny_length, NULL};
    hone_examples *e = NULL;
    assert_ok(hone_examples_new(&e, &ops, &rows, n));
    return e;
}

static void one_token_makes_another_data_set(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(21), *other = other_examples(21), *more = tiny_examples(22);
    hone_training_args a = run_args(folder_of("data"));
    assert_ok(train(&a, data, NULL));
    a.resume_from_checkpoint = "last";
    assert_ok(train(&a, data, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "another data set: there are 21 training examples as in that run", train(&a, other, NULL));
    assert_fails(HONE_INVALID_ARGUMENT, "that run had training examples 21, this one has 22", train(&a, more, NULL));
    assert_non_null(strstr(hone_error_hint(), "--overwrite_output_dir"));
    hone_examples_free(data);
    hone_examples_free(other);
    hone_examples_free(more);
}

static void what_decides_about_the_order_is_named(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(21);
    hone_training_args a = run_args(folder_of("order")), b;
    assert_ok(train(&a, data, NULL));
    a.resume_from_checkpoint = "true";
    b = a, b.seed = 7;
    assert_fails(HONE_INVALID_ARGUMENT, "that run had seed 42, this one has 7", train(&b, data, NULL));
    b = a, b.data_seed = 7;
    assert_fails(HONE_INVALID_ARGUMENT, "data_seed", train(&b, data, NULL));
    b = a, b.per_device_train_batch_size = 5; /* as many steps as far as they were made */
    assert_fails(HONE_INVALID_ARGUMENT, "per_device_train_batch_size 4, this one has 5", train(&b, data, NULL));
    b = a, b.gradient_accumulation_steps = 2;
    assert_fails(HONE_INVALID_ARGUMENT, "gradient_accumulation_steps 1, this one has 2", train(&b, data, NULL));
    b = a, b.dataloader_drop_last = true;
    assert_fails(HONE_INVALID_ARGUMENT, "dataloader_drop_last 0, this one has 1", train(&b, data, NULL));
    hone_examples_free(data);
}

static char warnings[4096];
static void keep_warnings(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    size_t len = strlen(warnings);
    if (level == HONE_LOG_WARNING)
        snprintf(warnings + len, sizeof(warnings) - len, "%s\n", line);
}

static void a_changed_option_is_named(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(21);
    hone_training_args a = run_args(folder_of("options"));
    hone_trainer *t;
    assert_ok(train(&a, data, NULL));
    hone_set_log(keep_warnings, NULL, HONE_LOG_WARNING);
    a.resume_from_checkpoint = "true";
    a.save_total_limit = 2;
    a.disable_tqdm = false;
    a.save_in_background = HONE_TRUE;
    a.memory_limit = "none";
    a.license = a.language = a.model_tags = a.dataset_tags = a.dataset_args = "mit";
    a.include_tokens_per_second = a.include_num_input_tokens_seen = true;
    warnings[0] = '\0';
    assert_ok(train(&a, data, NULL));
    assert_string_equal(warnings, "");
    a.learning_rate = 1e-3;
    a.num_train_epochs = 2;
    a.max_steps = 6;
    assert_ok(train(&a, data, &t));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_non_null(strstr(warnings, "learning_rate (was 5e-05, is 0.001)"));
    assert_non_null(strstr(warnings, "max_steps (was 4, is 6)"));
    assert_null(strstr(warnings, "save_total_limit"));
    assert_int_equal(hone_trainer_get_state(t)->global_step, 6);
    drop(t);
    hone_examples_free(data);
}

/* ---- files that someone wrote ---- */

static void write_json(const char *path, json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(1));
    test_write_text(path, text);
    free(text);
    json_decref(value);
}

/* Puts `text` in the place of a file of a checkpoint, and into its manifest: as if hone had written it. */
static void forge(const char *checkpoint, const char *name, const char *text)
{
    char path[700], hex[17];
    uint64_t hash, size;
    snprintf(path, sizeof(path), "%s/%s", checkpoint, name);
    test_write_text(path, text);
    assert_ok(hone__hash_file(&hash, &size, path));
    snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)hash);
    snprintf(path, sizeof(path), "%s/manifest.json", checkpoint);
    json_t *manifest = test_read_json(path), *entry = json_object_get(json_object_get(manifest, "files"), name);
    assert_non_null(entry);
    json_object_set_new(entry, "size", json_integer((json_int_t)size));
    json_object_set_new(entry, "xxh3_64", json_string(hex));
    write_json(path, manifest);
}

/* The same with one value changed, which is taken. */
static void forge_value(const char *checkpoint, const char *name, const char *key, json_t *value)
{
    char path[700];
    snprintf(path, sizeof(path), "%s/%s", checkpoint, name);
    json_t *root = test_read_json(path);
    json_object_set_new(root, key, value);
    char *text = json_dumps(root, 0);
    forge(checkpoint, name, text);
    free(text);
    json_decref(root);
}

static void forge_number(const char *checkpoint, const char *name, const char *key, double value)
{
    forge_value(checkpoint, name, key, value == floor(value) ? json_integer((json_int_t)value) : json_real(value));
}

static void another_machine_is_told(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(21);
    hone_training_args a = run_args(folder_of("machine"));
    assert_ok(train(&a, data, NULL));
    forge_value(test_temp("machine/checkpoint-4"), "hone_state.json", "device", json_string("an abacus"));
    a.resume_from_checkpoint = "true";
    warnings[0] = '\0';
    hone_set_log(keep_warnings, NULL, HONE_LOG_WARNING);
    assert_ok(train(&a, data, NULL));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_non_null(strstr(warnings, "on an abacus): the same run to rounding, not to the bit"));
    hone_examples_free(data);
}

/* The same classes in another order: its rows would belong to others. */
static void another_order_of_labels_is_refused(void **state)
{
    (void)state;
    static const char *const labels[2][4] = {{"O", "B-X", "I-X", NULL}, {"O", "I-X", "B-X", NULL}};
    hone_model *models[2];
    for (int i = 0; i < 2; i++) {
        hone_model_options o = HONE_MODEL_OPTIONS_INIT;
        o.device = tiny_device();
        o.vocab_size = TINY_VOCAB;
        o.labels = labels[i];
        o.config_overrides = "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16";
        assert_ok(hone_model_from_config(&models[i], HONE_TOKEN_CLASSIFICATION, "bert", &o));
    }
    assert_ok(hone_model_save_pretrained(models[0], test_temp("labels")));
    assert_ok(hone__model_load_weights(models[0], test_temp("labels")));
    assert_fails(HONE_INVALID_ARGUMENT, "label 1 is \"B-X\" there and \"I-X\" here",
                 hone__model_load_weights(models[1], test_temp("labels")));
    hone_model_free(models[0]);
    hone_model_free(models[1]);
}

static void numbers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        double value;
    } wrong[] = {{"position_epoch", -1},    {"position_batch", 7},    {"position_batch", -1},   {"window.n_steps", 99},
                 {"total_loss_steps", -3},  {"scheduler_steps", 1e6}, {"position_epoch", 9e18}, {"format", 0},
                 {"nonfinite_in_a_row", 3}, {"position_batch", 0.5}};
    hone_examples *data = tiny_examples(21);
    char checkpoint[700], path[800];
    hone_training_args a = run_args(folder_of("forged"));
    assert_ok(train(&a, data, NULL));
    snprintf(checkpoint, sizeof(checkpoint), "%s/checkpoint-4", a.output_dir);
    snprintf(path, sizeof(path), "%s/hone_state.json", checkpoint);
    char *good = test_read(path, NULL);
    a.resume_from_checkpoint = checkpoint;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        forge_number(checkpoint, "hone_state.json", wrong[i].key, wrong[i].value);
        assert_fails(HONE_FORMAT, wrong[i].key, train(&a, data, NULL));
        forge(checkpoint, "hone_state.json", good);
    }
    forge_number(checkpoint, "hone_state.json", "format", 2);
    assert_fails(HONE_UNSUPPORTED, "of a newer hone", train(&a, data, NULL));
    assert_non_null(strstr(hone_error_hint(), "--model_name_or_path"));
    forge(checkpoint, "hone_state.json", good);
    forge_number(checkpoint, "hone_state.json", "n_ranks", 2);
    assert_fails(HONE_INVALID_ARGUMENT, "that run had processes 2, this one has 1", train(&a, data, NULL));
    forge(checkpoint, "hone_state.json", good);
    forge_number(checkpoint, "training_args.json", "wonders", 1);
    hone_set_log(keep_warnings, NULL, HONE_LOG_WARNING);
    warnings[0] = '\0';
    assert_ok(train(&a, data, NULL));
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    assert_non_null(strstr(warnings, "does not know: wonders"));
    forge(checkpoint, "hone_state.json", "{\"format\": 1");
    assert_fails(HONE_FORMAT, "hone_state.json", train(&a, data, NULL));
    forge(checkpoint, "hone_state.json", "[]");
    assert_fails(HONE_FORMAT, "hone_state.json", train(&a, data, NULL));
    forge(checkpoint, "hone_state.json", good);
    forge(checkpoint, "trainer_state.json", "{\"global_step\": -4}");
    assert_fails(HONE_FORMAT, "global_step", train(&a, data, NULL));
    hone__free(good);
    hone_examples_free(data);
}

/* ---- histories ---- */

/* The loss of every step from the third on is not finite, so that there is an entry without a number. */
static hone_tensor *poisoned_loss(void *self, hone_tape *tape, hone_output *out, const hone_batch *batch)
{
    int *step = self;
    float weights[4 * TINY_LONGEST];
    float weight = ++*step < 3 ? 1.0f : NAN;
    for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++)
        weights[i] = weight;
    return hone_next_token_loss(tape, out, batch, weights);
}

static void a_history_without_numbers_reads_back(void **state)
{
    (void)state;
    int step = 0;
    hone_examples *data = tiny_examples(21);
    hone_model *model = tiny_model(true);
    hone_trainer *t = NULL, *again = NULL;
    hone_task task = hone_task_default(model);
    hone_training_args a = run_args(folder_of("nan"));
    const hone_trainer_options options = {.train_dataset = data, .task = &task};
    task.loss = poisoned_loss;
    task.self = &step;
    assert_ok(hone_trainer_new(&t, model, &a, &options));
    assert_ok(hone_trainer_train(t));
    assert_int_equal(hone_trainer_get_state(t)->n_nonfinite_steps, 2);
    a.resume_from_checkpoint = "true";
    assert_ok(hone_trainer_new(&again, model, &a, &options));
    assert_ok(hone_trainer_train(again));
    tiny_assert_same_log(t, again);
    assert_int_equal(hone_trainer_get_state(again)->n_nonfinite_steps, 2);
    assert_int_equal(again->nonfinite_in_a_row, 2);
    hone_trainer_free(t);
    hone_trainer_free(again);
    hone_model_free(model);
    hone_examples_free(data);
}

/* An output folder that was given another name: the best checkpoint is found beside the one that is gone on from. */
static void the_best_moves_with_its_folder(void **state)
{
    (void)state;
    char moved[600], best[700];
    hone_examples *data = tiny_examples(21), *eval = tiny_examples(5);
    hone_model *model = tiny_model(true);
    hone_trainer *t = NULL;
    hone_training_args a = run_args(folder_of("before"));
    const hone_trainer_options options = {.train_dataset = data, .eval_dataset = eval};
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = 2;
    a.load_best_model_at_end = true;
    assert_ok(hone_trainer_new(&t, model, &a, &options));
    assert_ok(hone_trainer_train(t));
    hone_trainer_free(t);
    snprintf(moved, sizeof(moved), "%s", test_temp("after"));
    assert_int_equal(rename(a.output_dir, moved), 0);
    a.output_dir = moved;
    a.resume_from_checkpoint = "true";
    assert_ok(hone_trainer_new(&t, model, &a, &options));
    assert_ok(hone_trainer_train(t));
    snprintf(best, sizeof(best), "%s/checkpoint-4", moved);
    assert_string_equal(hone_trainer_get_state(t)->best_model_checkpoint, best);
    hone_trainer_free(t);
    hone_model_free(model);
    hone_examples_free(data);
    hone_examples_free(eval);
}

/* ---- a million examples ---- */

enum { MANY = 1000000 };

static double now(void)
{
    return hone__seconds();
}

static double first_batch_at(hone_loader *loader, int64_t epoch, int64_t place, hone_batch *batch)
{
    double started = now();
    assert_ok(hone_loader_start_epoch_at(loader, epoch, place));
    assert_true(hone_loader_next(loader, batch));
    return now() - started;
}

/* Going on at the end of an epoch costs what beginning it costs: its order is drawn, no batch is walked over. */
static void going_on_walks_over_nothing(void **state)
{
    (void)state;
    hone_examples *data = tiny_examples(MANY);
    hone_loader *loader = NULL;
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    hone_batch batch;
    o.shuffle = true;
    assert_ok(hone_loader_new(&loader, data, &o));
    double begin = 1, end = 1;
    for (int64_t i = 0; i < 3; i++) {
        double a = first_batch_at(loader, 2 * i, 0, &batch), b = first_batch_at(loader, 2 * i + 1, MANY / 8 - 1, &batch);
        begin = a < begin ? a : begin;
        end = b < end ? b : end;
    }
    printf("a million examples: the first batch of an epoch after %.1f ms, its last one after %.1f ms\n", begin * 1e3, end * 1e3);
    assert_true(end < 3 * begin + 0.02);
    hone_loader_free(loader);
    hone_examples_free(data);
}

static void fingerprints_cost_next_to_nothing(void **state)
{
    (void)state;
    uint64_t one, two, again;
    hone_examples *all = tiny_examples(100000), *many = tiny_examples(MANY), *other = other_examples(100000);
    double started = now();
    assert_ok(hone__examples_fingerprint(&one, all));
    double whole = now() - started;
    assert_ok(hone__examples_fingerprint(&again, all));
    assert_ok(hone__examples_fingerprint(&two, other));
    assert_true(one == again && one != two);
    started = now();
    assert_ok(hone__examples_fingerprint(&two, many));
    printf("fingerprints: 100,000 examples %.1f ms, a million %.1f ms\n", whole * 1e3, (now() - started) * 1e3);
    assert_true(now() - started < 1);
    hone_examples_free(all);
    hone_examples_free(many);
    hone_examples_free(other);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_token_makes_another_data_set),
    cmocka_unit_test(what_decides_about_the_order_is_named),
    cmocka_unit_test(a_changed_option_is_named),
    cmocka_unit_test(another_machine_is_told),
    cmocka_unit_test(another_order_of_labels_is_refused),
    cmocka_unit_test(numbers_that_cannot_be_are_refused),
    cmocka_unit_test(a_history_without_numbers_reads_back),
    cmocka_unit_test(the_best_moves_with_its_folder),
    cmocka_unit_test(going_on_walks_over_nothing),
    cmocka_unit_test(fingerprints_cost_next_to_nothing),
};
TEST_MAIN(tests)
