/* Options of a run that is gone on with, beside those that its checkpoint was made with: another learning rate is legal and worth a line. What would make the checkpoint
 * worthless (the data, the batches, seeds) is an error elsewhere (resume.c). */
#include "base/log.h"
#include "train/args.h"

#include <string.h>

/* Options that do not change what the rest of the run computes are not compared. */
static const char *const decisive[] = {"num_train_epochs",
                                       "max_steps",
                                       "optim",
                                       "optim_args",
                                       "learning_rate",
                                       "weight_decay",
                                       "adam_beta1",
                                       "adam_beta2",
                                       "adam_epsilon",
                                       "max_grad_norm",
                                       "lr_scheduler_type",
                                       "lr_scheduler_kwargs",
                                       "warmup_steps",
                                       "warmup_ratio",
                                       "label_smoothing_factor",
                                       "neftune_noise_alpha",
                                       "metric_for_best_model",
                                       "greater_is_better",
                                       "bf16",
                                       "fp16"};

static void put_text(hone_str *out, const hone_option *row, const hone_training_args *args)
{
    hone_json_writer w = hone__json_writer(out, 0);
    hone__options_put_value(row, args, &w);
}

/* Appends "learning_rate 0.01 (was 0.005)" when they differ. */
static void compare(hone_str *out, const hone_option *row, const hone_training_args *now, const hone_training_args *was)
{
    hone_str here = HONE_STR_INIT, there = HONE_STR_INIT;
    put_text(&here, row, now);
    put_text(&there, row, was);
    if (!here.failed && !there.failed && strcmp(here.data, there.data) != 0)
        hone__str_printf(out, "%s%s %s (was %s)", out->len ? ", " : "", row->name, here.data, there.data);
    hone__str_dispose(&here);
    hone__str_dispose(&there);
}

/* Reads what is known; names of options that are not (a later version's) go to unknown. */
static void read_args(hone_training_args *was, hone_str *unknown, const json_t *root)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)root, key, value)
    {
        if (strcmp(key, "hone_version") == 0)
            continue;
        if (!hone__options_find(&hone__training_table, key) || hone__options_set_json(&hone__training_table, was, key, value) != HONE_OK)
            hone__str_printf(unknown, "%s%s", unknown->len ? ", " : "", key);
    }
}

static void tell(const char *folder, const hone_str *changed, const hone_str *unknown, const char *version)
{
    if (!changed->failed && changed->len)
        hone__log(HONE_LOG_WARNING, "%s was made with other options: %s; from here on the present ones hold", folder, changed->data);
    if (!unknown->failed && unknown->len)
        hone__log(HONE_LOG_WARNING, "%s was made by hone %s with options that hone %s does not know: %s", folder,
                  version ? version : "of another version", HONE_VERSION, unknown->data);
}

void hone__training_compare(const hone_training_args *now, const char *folder)
{
    hone_training_args was;
    hone_str changed = HONE_STR_INIT, unknown = HONE_STR_INIT;
    char *path = NULL;
    json_t *root = NULL;
    if (hone_training_args_init(&was) != HONE_OK)
        return;
    if (hone__path_join(&path, folder, "training_args.json") != HONE_OK || hone__json_load(&root, path) != HONE_OK || !json_is_object(root))
        goto done;
    read_args(&was, &unknown, root);
    for (size_t i = 0; i < sizeof(decisive) / sizeof(*decisive); i++) {
        const hone_option *row = hone__options_find(&hone__training_table, decisive[i]);
        if (row)
            compare(&changed, row, now, &was);
    }
    tell(folder, &changed, &unknown, json_string_value(json_object_get(root, "hone_version")));
done:
    json_decref(root);
    hone__free(path);
    hone__str_dispose(&changed);
    hone__str_dispose(&unknown);
    hone_training_args_dispose(&was);
}
