/* Which run a checkpoint is of: what must be the same when it is gone on with (the data, their order, the tokenizer, the model: another one is an error that names it), and what makes
 * the rest another run although it can be gone on with (learning rate, schedule, loss, dropout, machine: a warning that names it). Written into hone_state.json; options
 * are compared with training_args.json, the model's with config.json, both of which a checkpoint has. */
#include "models/model.h"
#include "train/trainer.h"

#include <inttypes.h>
#include <string.h>

/* ---- fingerprints ---- */

/* Up to ALL examples every one counts (some 20 ms); of more, SOME at equal distances and the lengths of all. */
enum { ALL = 1 << 17, SOME = 1 << 13 };

static uint64_t hash_array(const void *data, size_t n, size_t size, uint64_t hash)
{
    return data && n ? hone__hash64(data, n * size, hash) : hash + 1;
}

static uint64_t hash_example(const hone_example *e, uint64_t hash)
{
    size_t n = e->n_tokens > 0 ? (size_t)e->n_tokens : 0;
    int32_t numbers[] = {e->n_tokens, e->row_label, e->start_position, e->end_position, e->targets ? e->n_targets : 0};
    hash = hone__hash64(numbers, sizeof(numbers), hash);
    hash = hash_array(e->input_ids, n, sizeof(int32_t), hash);
    hash = hash_array(e->token_type_ids, n, sizeof(int32_t), hash);
    hash = hash_array(e->labels, n, sizeof(int32_t), hash);
    return e->targets ? hash_array(e->targets, (size_t)e->n_targets, sizeof(float), hash) : hash;
}

hone_status hone__examples_fingerprint(uint64_t *out, const hone_examples *examples)
{
    int64_t n = hone_examples_count(examples), looked_at = n <= ALL ? n : SOME;
    uint64_t hash = (uint64_t)n;
    hone_example e;
    *out = 0;
    for (int64_t i = 0; i < looked_at; i++) {
        HONE_TRY(hone_examples_get(examples, n / looked_at * i, &e));
        hash = hash_example(&e, hash);
    }
    for (int64_t i = 0; i < n && looked_at < n;) {
        int32_t lengths[1024];
        size_t k = 0;
        while (k < sizeof(lengths) / sizeof(*lengths) && i < n)
            lengths[k++] = hone_examples_length(examples, i++);
        hash = hash_array(lengths, k, sizeof(*lengths), hash);
    }
    *out = hash;
    return HONE_OK;
}

static hone_status tokenizer_fingerprint(uint64_t *out, const hone_tokenizer *tok)
{
    char *text = NULL;
    size_t len = 0;
    HONE_TRY(hone_tokenizer_to_json(&text, &len, tok));
    *out = hone__hash64(text, len, 0);
    hone_tokenizer_free_text(text);
    return HONE_OK;
}

hone_status hone__trainer_identify(hone_trainer *t)
{
    hone_identity *id = &t->identity;
    *id = (hone_identity){0};
    HONE_TRY(hone__examples_fingerprint(&id->data, t->options.train_dataset));
    if (t->options.eval_dataset)
        HONE_TRY(hone__examples_fingerprint(&id->eval_data, t->options.eval_dataset));
    if (t->options.tokenizer)
        HONE_TRY(tokenizer_fingerprint(&id->tokenizer, t->options.tokenizer));
    id->lineage = hone__lineage_begin(id);
    return HONE_OK;
}

/* ---- writing ---- */

/* What decides about the data's order. */
typedef struct fact {
    const char *name, *what; /* what: in words, for messages; NULL: the name */
    int64_t value;
} fact;
enum { N_FACTS = 9 };

static void collect(fact *out, const hone_trainer *t)
{
    const hone_training_args *a = &t->args;
    const fact facts[N_FACTS] = {
        {"n_examples", "training examples", hone_examples_count(t->options.train_dataset)},
        {"per_device_train_batch_size", NULL, a->per_device_train_batch_size},
        {"gradient_accumulation_steps", NULL, a->gradient_accumulation_steps},
        {"seed", NULL, (int64_t)a->seed},
        {"data_seed", NULL, a->data_seed},
        {"dataloader_drop_last", NULL, a->dataloader_drop_last},
        {"group_by_length", NULL, a->group_by_length},
        {"n_ranks", "processes", t->comm->n_ranks},
        {"n_batches", "batches of an epoch", t->n_batches},
    };
    memcpy(out, facts, sizeof(facts));
}

static void put_hash(hone_json_writer *w, const char *name, uint64_t hash)
{
    char hex[17];
    snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
    hone__jw_key(w, name);
    hash ? hone__jw_string(w, hex) : hone__jw_null(w);
}

void hone__trainer_put_identity(hone_json_writer *w, const hone_trainer *t)
{
    fact facts[N_FACTS];
    collect(facts, t);
    for (size_t i = 0; i < N_FACTS; i++) {
        hone__jw_put_int(w, facts[i].name, facts[i].value);
    }
    put_hash(w, "data", t->identity.data);
    put_hash(w, "eval_data", t->identity.eval_data);
    put_hash(w, "tokenizer", t->identity.tokenizer);
    put_hash(w, "lineage", t->identity.lineage);
    hone__jw_put_string(w, "device", hone_device_describe(hone_model_device(t->model)));
    hone__jw_put_string(w, "version", HONE_VERSION);
    if (t->task_table) {
        hone__jw_key(w, "task");
        hone__options_to_json(t->task_table, t->task_options, w);
    }
}

/* ---- comparing ---- */

const char hone__other_run[] =
    "resume with the data and options of that run, or start anew with --overwrite_output_dir or another --output_dir";

static hone_status check_facts(const hone_trainer *t, const json_t *root, const char *path)
{
    fact facts[N_FACTS];
    collect(facts, t);
    for (size_t i = 0; i < N_FACTS; i++) {
        int64_t was = facts[i].value;
        HONE_TRY(hone__json_get_int(root, facts[i].name, &was, path));
        if (was != facts[i].value)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: that run had %s %" PRId64 ", this one has %" PRId64, path,
                                         facts[i].what ? facts[i].what : facts[i].name, was, facts[i].value),
                              "%s", hone__other_run);
    }
    return HONE_OK;
}

/* True when the checkpoint names another one; one that names none passes. */
static bool is_other(const json_t *root, const char *name, uint64_t now)
{
    char hex[17];
    const char *was = json_string_value(json_object_get(root, name));
    snprintf(hex, sizeof(hex), "%016" PRIx64, now);
    return was && now && strcmp(was, hex) != 0;
}

static hone_status check_fingerprints(const hone_trainer *t, const json_t *root, const char *path)
{
    if (is_other(root, "data", t->identity.data))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "%s: another data set: there are %" PRId64
                                     " training examples as in that run, but they are not the same",
                                     path, hone_examples_count(t->options.train_dataset)),
                          "%s", hone__other_run);
    if (is_other(root, "tokenizer", t->identity.tokenizer))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: that run had another tokenizer", path), "%s", hone__other_run);
    if (is_other(root, "eval_data", t->identity.eval_data))
        hone__log(HONE_LOG_WARNING, "the validation examples are not those of that run: its metrics and its best are of others");
    return HONE_OK;
}

#define ARGS "training_args.json"

/* Options that decide about no number of a run: where things are, what is told and kept; what the facts above hold already; and what comes in through the data. */
static const char *const harmless[] = {
    "hone_version", "output_dir", "overwrite_output_dir", "do_train", "do_eval", "do_predict", "resume_from_checkpoint", "disable_tqdm",
    "per_device_train_batch_size", "gradient_accumulation_steps", "seed", "data_seed", "dataloader_drop_last", "group_by_length",
    "per_device_eval_batch_size", "report_to", "run_name", "logging_dir", "log_histograms_steps", "log_level", "save_strategy",
    "save_steps", "save_total_limit", "save_only_model", "save_in_background", "max_nonfinite_steps", "on_disk_full",
    "gradient_checkpointing", "auto_find_batch_size", "memory_limit", "profile", "profile_steps", "profile_layers",
    "dataloader_num_workers", "prediction_loss_only", "include_tokens_per_second", "include_num_input_tokens_seen", "license", "language",
    "model_tags", "dataset_tags", "dataset_args",
    /* of tasks */
    "train_file", "validation_file", "test_file", "model_name_or_path", "tokenizer_name", "cache_dir", "overwrite_cache", "glob", "format",
    "preprocessing_num_workers", "max_train_samples", "max_predict_samples", "pad_to_max_length", "header",
    /* of models */
    "problem_type", "transformers_version", "_name_or_path", "architectures", "torch_dtype", "dtype", "use_cache"};

static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (strcmp(harmless[i], name) == 0)
            return true;
    return false;
}

static void put_value(hone_str *out, const json_t *value)
{
    hone_json_writer w = hone__json_writer(out, 0);
    w.spaced = true;
    hone__jw_json(&w, value);
}

/* Appends "name (was A, is B)" for each member that both have and that matters; of `now` as JSON text. */
static hone_status list_changes(hone_str *out, const json_t *was, const char *now, const char *what)
{
    json_t *here = NULL, *value;
    const char *name;
    HONE_TRY(hone__json_parse(&here, now, strlen(now), what));
    json_object_foreach(here, name, value)
    {
        const json_t *old = json_object_get(was, name);
        if (!old || is_harmless(name) || json_equal((json_t *)(uintptr_t)old, value))
            continue;
        hone__str_puts(out, out->len ? ", " : "");
        hone__str_puts(out, name);
        hone__str_puts(out, " (was ");
        put_value(out, old);
        hone__str_puts(out, ", is ");
        put_value(out, value);
        hone__str_puts(out, ")");
    }
    json_decref(here);
    return hone__str_status(out);
}

/* Options that this hone does not have: those of another version. */
static hone_status warn_of_strangers(const json_t *was, const char *now)
{
    hone_str names = HONE_STR_INIT;
    json_t *here = NULL, *value;
    const char *name;
    hone_status status;
    HONE_GO(hone__json_parse(&here, now, strlen(now), "options"));
    json_object_foreach((json_t *)(uintptr_t)was, name, value)
    {
        if (json_object_get(here, name) || strcmp(name, "hone_version") == 0)
            continue;
        hone__str_puts(&names, names.len ? ", " : "");
        hone__str_puts(&names, name);
    }
    HONE_GO(hone__str_status(&names));
    if (names.len)
        hone__log(HONE_LOG_WARNING, "that run had options that hone %s does not know: %s", HONE_VERSION, names.data);
done:
    json_decref(here);
    hone__str_dispose(&names);
    return status;
}

/* The same with a file of the checkpoint, which may be missing. */
static hone_status list_file_changes(hone_str *out, const char *folder, const char *file, const char *now)
{
    char *path = NULL;
    json_t *was = NULL;
    hone_status status;
    HONE_GO(hone__path_join(&path, folder, file));
    if (hone__is_file(path))
        HONE_GO(hone__json_load(&was, path));
    status = was ? list_changes(out, was, now, file) : HONE_OK;
    if (was && status == HONE_OK && strcmp(file, ARGS) == 0)
        status = warn_of_strangers(was, now);
done:
    json_decref(was);
    hone__free(path);
    return status;
}

static hone_status warn_of_changes(hone_trainer *t, const json_t *root, const char *folder)
{
    hone_str changes = HONE_STR_INIT, text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    char *args = NULL;
    hone_status status;
    HONE_GO(hone_training_args_to_json(&args, &t->args));
    HONE_GO(list_file_changes(&changes, folder, ARGS, args));
    HONE_GO(hone__model_config_text(&text, t->model));
    HONE_GO(hone__str_status(&text));
    HONE_GO(list_file_changes(&changes, folder, "config.json", text.data));
    hone__str_clear(&text);
    if (t->task_table)
        hone__options_to_json(t->task_table, t->task_options, &w);
    HONE_GO(hone__str_status(&text));
    if (t->task_table)
        HONE_GO(list_changes(&changes, json_object_get(root, "task"), text.data, "task"));
    if (changes.len)
        hone__log(HONE_LOG_WARNING, "not as in that run, so that from here on it is another one: %s", changes.data);
    if (is_other(root, "eval_data", t->identity.eval_data)) /* the best, and what follows from it */
        hone__str_printf(&changes, ", %016" PRIx64, t->identity.eval_data);
    HONE_GO(hone__str_status(&changes));
    if (changes.len)
        t->identity.lineage = hone__lineage_turn(t->identity.lineage, t->state.global_step, &changes);
done:
    hone_free_text(args);
    hone__str_dispose(&text);
    hone__str_dispose(&changes);
    return status;
}

hone_status hone__trainer_check_identity(hone_trainer *t, const json_t *root, const char *folder, const char *path)
{
    const char *device = NULL, *version = NULL, *here = hone_device_describe(hone_model_device(t->model));
    HONE_TRY(check_facts(t, root, path));
    HONE_TRY(check_fingerprints(t, root, path));
    t->identity.lineage = hone__lineage_read(root);
    HONE_TRY(hone__json_get_string(root, "device", &device, path));
    HONE_TRY(hone__json_get_string(root, "version", &version, path));
    if ((device && strcmp(device, here) != 0) || (version && strcmp(version, HONE_VERSION) != 0))
        hone__log(HONE_LOG_WARNING, "resuming elsewhere (hone %s on %s, was hone %s on %s): the same run to rounding, not to the bit",
                  HONE_VERSION, here, version ? version : "?", device ? device : "?");
    return folder ? warn_of_changes(t, root, folder) : HONE_OK;
}
