/* What a run finds in folders of another run or of somebody else; the first byte says which file: 'a' training_args.json and 'c' config.json of a checkpoint, which are compared with this run's; 'h'
 * trainer_state.json, whose history becomes a picture, a model card and a table; 'r' all_results.json, into which results are put. */
#include "fuzz/folder.h"
#include "fuzz/tiny.h"
#include "train/report/card.h"
#include "train/trainer.h"

#include <hone/log.h>
#include <hone/tracker.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hone_trainer *make(json_t **identity)
{
    hone_trainer *t = NULL;
    hone_training_args args = HONE_TRAINING_ARGS_INIT;
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 0);
    must(hone_training_args_set(&args, "output_dir", path_of("run")));
    must(hone_training_args_set(&args, "report_to", "none"));
    args.max_steps = 1;
    args.save_strategy = HONE_STRATEGY_NO;
    args.disable_tqdm = true;
    hone_set_log(NULL, NULL, HONE_LOG_ERROR);
    must(hone_trainer_new(&t, tiny_model(HONE_CAUSAL_LM, 8, true), &args, &(hone_trainer_options){.train_dataset = tiny_examples()}));
    must(hone_trainer_train(t));
    hone__jw_object(&w);
    hone__trainer_put_identity(&w, t);
    hone__jw_end_object(&w);
    must(hone__json_parse(identity, text.data, text.len, "identity"));
    hone__str_dispose(&text);
    hone_training_args_dispose(&args);
    return t;
}

static void must_be_text(const hone_str *s, const char *last)
{
    if (s->failed || hone__utf8_valid(s->data, s->len) != s->len || strlen(s->data) != s->len || !hone__ends_with(s->data, last))
        abort();
}

static void log_all(const hone_trainer *t)
{
    static const char *const kinds[] = {"csv", "jsonl", "tensorboard"};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
        hone_tracker *tracker = NULL;
        must(hone_tracker_open(&tracker, kinds[k], path_of("logs"), NULL));
        for (size_t i = 0; i < t->n_logs; i++)
            must(hone_tracker_log(tracker, (int64_t)i, &t->logs[i]));
        hone_tracker_free(tracker);
    }
    must(hone__remove_tree(path_of("logs")));
}

static void show_history(hone_trainer *t, const json_t *root)
{
    hone_str svg = HONE_STR_INIT, yaml = HONE_STR_INIT;
    hone_metrics results = HONE_METRICS_INIT;
    for (size_t i = 0; i < t->n_logs; i++)
        hone_metrics_dispose(&t->logs[i]);
    t->n_logs = 0;
    if (hone__trainer_take_state(t, root, "state") == HONE_OK) {
        must(hone__trainer_plot(&svg, t));
        must_be_text(&svg, "</svg>\n");
        must(hone__card_results(&results, t));
        must(hone__card_put_yaml(&yaml, t, &results));
        must_be_text(&yaml, "---\n");
        must(hone_trainer_create_model_card(t));
        must(hone_trainer_save_state(t));
        log_all(t);
    }
    hone_metrics_dispose(&results);
    hone__str_dispose(&yaml);
    hone__str_dispose(&svg);
}

static void add_results(hone_trainer *t, const uint8_t *data, size_t size)
{
    hone_metrics m = HONE_METRICS_INIT;
    json_t *all = NULL;
    put_file("run/all_results.json", data, size);
    must(hone_metrics_set(&m, "eval_loss", 0.5));
    must(hone_trainer_save_metrics(t, "eval", &m));
    must(hone__json_load(&all, path_of("run/all_results.json")));
    if (json_number_value(json_object_get(all, "eval_loss")) != 0.5)
        abort();
    json_decref(all);
    hone_metrics_dispose(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_trainer *t;
    static json_t *identity;
    json_t *root = NULL;
    if (!t)
        t = make(&identity);
    if (size == 0)
        return 0;
    if (data[0] == 'r') {
        add_results(t, data + 1, size - 1);
    } else if (data[0] == 'h') {
        if (hone__json_parse(&root, (const char *)data + 1, size - 1, "state") == HONE_OK)
            show_history(t, root);
        json_decref(root);
    } else if (data[0] == 'a' || data[0] == 'c') {
        const char *name = data[0] == 'a' ? "training_args.json" : "config.json";
        put_file(name, data + 1, size - 1);
        if (hone__trainer_check_identity(t, identity, fuzz_folder, "state") != HONE_OK && !strstr(hone_error_message(), name))
            abort();
        unlink(path_of(name));
    }
    return 0;
}
