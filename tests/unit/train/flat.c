/* Memory of a long run: 10,000 updates of a tiny model with everything on that keeps something from step to step (log and all trackers, histograms, evaluations, checkpoints beside the training with
 * a limit, the best one, accumulation, group_by_length, noise, a profile). Between update 1,000 and the last one nothing may grow but log_history, whose entries are counted.
 * HONE_FLAT_STEPS sets another number of updates. Under a sanitizer, whose own memory grows, 2,000 are run and only the library's own bytes are compared. */
#include "tiny.h"

enum { FIRST = 1000, EVERY = 100 }; /* the first reading; updates between checkpoints, evaluations and entries of the log */

typedef struct reading {
    size_t resident, log;
    uint64_t own;
} reading;

typedef struct readings {
    int64_t last;
    reading at[2];
} readings;

/* Bytes of log_history: a name and a number each. */
static size_t log_bytes(const hone_trainer *t)
{
    size_t bytes = t->logs_capacity * sizeof(*t->logs);
    for (size_t i = 0; i < t->n_logs; i++)
        bytes += t->logs[i].capacity * sizeof(*t->logs[i].items);
    return bytes;
}

/* Before the step's log, evaluation and checkpoint; the one before is written by then. */
static hone_status read_memory(void *payload, hone_trainer *t, hone_event event, const hone_trainer_state *state,
                               hone_trainer_control *control, const hone_metrics *metrics)
{
    readings *r = payload;
    hone_mem_stats own;
    (void)control, (void)metrics;
    if (event != HONE_ON_STEP_BEGIN || (state->global_step != FIRST && state->global_step != r->last - 1))
        return HONE_OK;
    HONE_TRY(hone__trainer_settle_save(t, true));
    hone__mem_stats(&own);
    r->at[state->global_step != FIRST] = (reading){hone__rss_now(), log_bytes(t), own.bytes_now};
    return HONE_OK;
}

static hone_training_args everything(int64_t steps)
{
    static char *trackers[] = {"all"};
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    a.output_dir = test_temp("flat");
    a.max_steps = steps;
    a.per_device_train_batch_size = 2;
    a.gradient_accumulation_steps = 2;
    a.group_by_length = true;
    a.logging_steps = EVERY / 10;
    a.eval_strategy = HONE_STRATEGY_STEPS;
    a.eval_steps = a.save_steps = EVERY;
    a.log_histograms_steps = EVERY;
    a.save_total_limit = 2;
    a.save_in_background = HONE_TRUE;
    a.load_best_model_at_end = true;
    a.neftune_noise_alpha = 5;
    a.include_num_input_tokens_seen = true;
    a.profile = true;
    a.disable_tqdm = true;
    a.report_to = (hone_strings){trackers, 1};
    return a;
}

static int64_t grown(uint64_t before, uint64_t after, const readings *r)
{
    return (int64_t)(after - before) - (int64_t)(r->at[1].log - r->at[0].log);
}

static void compare(const readings *r, size_t n_logs)
{
    int64_t own = grown(r->at[0].own, r->at[1].own, r), resident = grown(r->at[0].resident, r->at[1].resident, r);
    print_message("updates %d and %lld: own memory %.0f and %.0f KB, resident %.0f and %.0f KB; of the growth log_history took %.0f KB "
                  "(%zu entries, %.0f bytes each)\n",
                  FIRST, (long long)r->last, (double)r->at[0].own / 1e3, (double)r->at[1].own / 1e3, (double)r->at[0].resident / 1e3,
                  (double)r->at[1].resident / 1e3, (double)(r->at[1].log - r->at[0].log) / 1e3, n_logs,
                  (double)r->at[1].log / (double)n_logs);
    /* The text of the history, made anew at each checkpoint, is freed; a few buffers that doubled at their last growth are not. */
    if (own > 64 << 10)
        fail_msg("own memory grew by %lld bytes beside the log", (long long)own);
    /* Texts that are made of the history at each checkpoint (trainer_state.json, the picture) are as long as it is, and the heap keeps their room; beside that its pieces lie differently, and the
     * kernel counts pages of a thread in lots. */
    if (!TEST_SANITIZED && resident > (int64_t)(r->at[1].log - r->at[0].log) + (1 << 20))
        fail_msg("resident memory grew by %lld bytes beside the log", (long long)resident);
}

static void stays_flat(void **state)
{
    const char *asked = getenv("HONE_FLAT_STEPS");
    readings r = {.last = asked ? strtoll(asked, NULL, 10) : TEST_SANITIZED ? 2000 : 10000};
    hone_training_args a = everything(r.last);
    tiny_threads = 1; /* so small a model gains nothing by more */
    hone_callback callback = {.name = "Memory", .fn = read_memory, .payload = &r};
    hone_model *model = tiny_model(true);
    hone_examples *train = tiny_examples(101), *eval = tiny_examples(9);
    hone_trainer *t = NULL;
    hone_trainer_options o = {.train_dataset = train, .eval_dataset = eval, .callbacks = &callback, .n_callbacks = 1};
    (void)state;
    assert_true(r.last > 2 * FIRST - 1);
    assert_ok(hone_trainer_new(&t, model, &a, &o));
    assert_ok(hone_trainer_train(t));
    assert_true(r.at[0].own > 0 && r.at[1].own > 0);
    compare(&r, t->n_logs);
    hone_trainer_free(t);
    hone_examples_free(train);
    hone_examples_free(eval);
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(stays_flat)};

TEST_MAIN(tests)
