/* A GPT-2 of a few thousand parameters and made-up rows of varying length, for tests of the trainer. */
#ifndef HONE_TESTS_TINY_H
#define HONE_TESTS_TINY_H

#include "support/support.h"
#include "models/model.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>

enum { TINY_VOCAB = 64, TINY_LONGEST = 24 };

typedef struct tiny_rows {
    int32_t ids[TINY_LONGEST];
} tiny_rows;

/* Row i has 3 .. 24 tokens that follow one another by a rule, so that something can be learnt. */
static inline int32_t tiny_length(void *self, int64_t i)
{
    (void)self;
    return 3 + (int32_t)((i * 7) % (TINY_LONGEST - 2));
}

static inline hone_status tiny_get(void *self, int64_t i, hone_example *out)
{
    tiny_rows *rows = self;
    int32_t id = (int32_t)((i * 13) % TINY_VOCAB);
    out->n_tokens = tiny_length(self, i);
    for (int k = 0; k < out->n_tokens; k++) {
        rows->ids[k] = id;
        id = (id * 5 + 3) % TINY_VOCAB;
    }
    out->input_ids = rows->ids;
    return HONE_OK;
}

static inline hone_examples *tiny_examples(int64_t n)
{
    static tiny_rows rows;
    static const hone_examples_ops ops = {tiny_get, tiny_length, NULL};
    hone_examples *e = NULL;
    assert_ok(hone_examples_new(&e, &ops, &rows, n));
    return e;
}

static int tiny_threads = 2;

static inline hone_device *tiny_device(void)
{
    static hone_device *device; /* lives as long as the program */
    if (!device)
        assert_ok(hone_device_open(&device,
                                   &(hone_device_options){getenv("HONE_TEST_DEVICE") ? getenv("HONE_TEST_DEVICE") : "cpu", tiny_threads}));
    return device;
}

static inline hone_model *tiny_model(bool for_training)
{
    hone_model *model = NULL;
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    o.device = tiny_device();
    o.for_training = for_training;
    o.vocab_size = TINY_VOCAB;
    o.bos_token_id = o.eos_token_id = 0;
    o.config_overrides = "n_embd=16,n_layer=2,n_head=2,n_positions=32";
    assert_ok(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &o));
    return model;
}

/* A training of the tiny model with what it needs. */
typedef struct tiny_run {
    hone_model *model;
    hone_examples *data, *eval;
    hone_trainer *trainer;
    char folder[512]; /* room for the name of its output folder */
} tiny_run;

/* eval_rows 0: nothing is evaluated. */
static inline void tiny_open(tiny_run *r, int64_t rows, int64_t eval_rows)
{
    r->model = tiny_model(true);
    r->data = tiny_examples(rows);
    r->eval = eval_rows ? tiny_examples(eval_rows) : NULL;
    r->trainer = NULL;
}

/* The same with a trainer; callback NULL: none beside its own. */
static inline void tiny_start(tiny_run *r, int64_t rows, int64_t eval_rows, const hone_training_args *a, const hone_callback *callback)
{
    tiny_open(r, rows, eval_rows);
    assert_ok(
        hone_trainer_new(&r->trainer, r->model, a,
                         &(hone_trainer_options){
                             .train_dataset = r->data, .eval_dataset = r->eval, .callbacks = callback, .n_callbacks = callback ? 1 : 0}));
}

static inline void tiny_end(tiny_run *r)
{
    hone_trainer_free(r->trainer);
    hone_examples_free(r->data);
    hone_examples_free(r->eval);
    hone_model_free(r->model);
}

/* All weights, one after the other; free it. */
static inline float *tiny_weights(const hone_model *model, size_t *n)
{
    hone_parameter p;
    float *out = NULL;
    *n = 0;
    for (size_t i = 0; hone_model_parameter(model, i, &p); i++) {
        size_t count = (size_t)hone_tensor_count(p.value);
        out = realloc(out, (*n + count) * sizeof(float));
        assert_ok(hone_tensor_read(p.value, out + *n, count));
        *n += count;
    }
    return out;
}

/* The largest difference of two sets of weights. */
static inline double tiny_distance(const float *a, const float *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

/* Numbers of a log that a clock made. */
static inline bool tiny_is_time(const char *name)
{
    return strstr(name, "_runtime") || strstr(name, "_per_second");
}

/* The two logs are the same to the bit, the clock's numbers aside. */
static inline void tiny_assert_same_log(const hone_trainer *a, const hone_trainer *b)
{
    const hone_metrics *x, *y;
    assert_int_equal(hone_trainer_get_state(a)->n_logs, hone_trainer_get_state(b)->n_logs);
    for (size_t i = 0; (x = hone_trainer_log_entry(a, i)); i++) {
        y = hone_trainer_log_entry(b, i);
        for (size_t k = 0; k < x->n; k++) {
            double value;
            if (!hone_metrics_get(y, x->items[k].name, &value))
                fail_msg("log entry %zu lacks %s", i, x->items[k].name);
            if (!tiny_is_time(x->items[k].name) && memcmp(&value, &x->items[k].value, sizeof(value)) != 0)
                fail_msg("log entry %zu: %s is %.17g and %.17g", i, x->items[k].name, x->items[k].value, value);
        }
    }
}

#endif
