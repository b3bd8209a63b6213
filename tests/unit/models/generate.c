/* hone/generate.h: refusals before anything runs, sampling (frequencies, independence of the batch), streaming, memory; logits processors by hand. What the
 * reference generates is compared in tests/parity/generation.c. */
#include "models/logits_process.h"
#include "support/support.h"

#include <hone/generate.h>
#include <math.h>
#include <stdlib.h>

static hone_model *make(const char *overrides)
{
    hone_model_options o = HONE_MODEL_OPTIONS_INIT;
    hone_model *m;
    o.config_overrides = overrides;
    assert_ok(hone_model_from_config(&m, HONE_CAUSAL_LM, "gpt2", &o));
    return m;
}
#define SMALL "vocab_size=23,n_embd=16,n_layer=2,n_head=2,n_positions=40,initializer_range=0.3,eos_token_id=none"

/* ---- processors ---- */

static void penalties(void **state)
{
    hone_logits_work w;
    float x[] = {2.0f, -1.0f, 3.0f, 0.5f}, y[] = {1, 1, 1, 1}, z[] = {1, 1, 1, 1};
    (void)state;
    assert_ok(hone__logits_work_init(&w, 4));
    hone__repetition_penalty(x, (const int32_t[]){0, 1, 0, 1}, 4, 2.0f, &w);
    assert_true(x[0] == 1.0f && x[1] == -2.0f && x[2] == 3.0f && x[3] == 0.5f);
    hone__ban_repeated_ngrams(y, (const int32_t[]){1, 2, 3, 1, 2}, 5, 3); /* 1 2 -> 3 has been */
    assert_true(y[3] == -INFINITY && y[0] == 1 && y[1] == 1 && y[2] == 1);
    hone__ban_repeated_ngrams(z, (const int32_t[]){1}, 1, 3); /* too short for any */
    hone__ban_repeated_ngrams(z, (const int32_t[]){2, 1}, 2, 1);
    assert_true(z[2] == -INFINITY && z[1] == -INFINITY && z[0] == 1);
    hone__logits_work_dispose(&w);
}

static void kept(const float *x, const char *expected)
{
    for (size_t i = 0; expected[i]; i++)
        assert_int_equal(x[i] != -INFINITY, expected[i] == 'x');
}

static void top_k_and_top_p(void **state)
{
    hone_logits_work w;
    (void)state;
    assert_ok(hone__logits_work_init(&w, 5));
    float a[] = {1, 3, 3, 2, 3}, b[] = {1, 3, 3, 2, 3}, c[] = {1, 3, 3, 2, 3};
    hone__keep_top_k(a, 2, &w); /* a tie at the border stays */
    kept(a, ".xx.x");
    hone__keep_top_k(b, 4, &w);
    kept(b, ".xxxx");
    hone__keep_top_k(c, 9, &w);
    kept(c, "xxxxx");
    float p[] = {logf(0.4f), logf(0.3f), logf(0.2f), logf(0.1f), -INFINITY}, q[5], r[5];
    memcpy(q, p, sizeof(p));
    memcpy(r, p, sizeof(p));
    hone__keep_top_p(p, 0.75, &w);
    kept(p, "xxx..");
    hone__keep_top_p(q, 0.69, &w);
    kept(q, "xx...");
    hone__keep_top_p(r, 0.0, &w); /* always one */
    kept(r, "x....");
    hone__logits_work_dispose(&w);
}

/* 100,000 draws: each frequency within 4.5 standard deviations of its probability. */
static void frequencies(void **state)
{
    static const double p[] = {0.5, 0.25, 0.0, 0.2, 0.05};
    enum { N = 100000 };
    float x[5];
    int count[5] = {0};
    (void)state;
    for (int i = 0; i < 5; i++)
        x[i] = p[i] > 0.0 ? (float)log(p[i]) : -INFINITY;
    for (int i = 0; i < N; i++)
        count[hone__sample(x, 5, hone__sample_uniform(42, (uint64_t)(i % 1000), (uint32_t)(i / 1000)))]++;
    for (int i = 0; i < 5; i++)
        assert_true(fabs(count[i] - N * p[i]) <= 4.5 * sqrt(N * p[i] * (1.0 - p[i])));
    assert_int_equal(hone__sample(x, 5, 0.0), 0);
    assert_int_equal(hone__sample(x, 5, 0x1.fffffffffffffp-1), 4);
}

/* ---- refusals ---- */

static hone_status run(hone_generation *g, const hone_model *m, const int32_t *prompt, size_t n, hone_generate_options *o)
{
    return hone_generate(g, m, &prompt, &n, 1, o);
}

static void refusals(void **state)
{
    static const int32_t prompt[41] = {1, 2, 3}, outside[] = {1, 23}, negative[] = {-1};
    hone_model *m = make(SMALL);
    hone_generation g;
    (void)state;
#define REFUSE(status, part, prompt_, n_, ...)                   \
    do {                                                         \
        hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;    \
        o.max_new_tokens = 4;                                    \
        __VA_ARGS__;                                             \
        assert_fails(status, part, run(&g, m, prompt_, n_, &o)); \
        assert_null(g.ids);                                      \
    } while (0)
    REFUSE(HONE_INVALID_ARGUMENT, "--max_new_tokens 37 fits", prompt, 3, o.max_new_tokens = 38);
    REFUSE(HONE_INVALID_ARGUMENT, "the model has 40 positions", prompt, 41, (void)0);
    REFUSE(HONE_INVALID_ARGUMENT, "the prompt is empty", prompt, 0, (void)0);
    REFUSE(HONE_INVALID_ARGUMENT, "id 23 is outside", outside, 2, (void)0);
    REFUSE(HONE_INVALID_ARGUMENT, "id -1 is outside", negative, 1, (void)0);
    REFUSE(HONE_INVALID_ARGUMENT, "--max_new_tokens: must be between 1 and 2147483647, is 0", prompt, 3, o.max_new_tokens = 0);
    REFUSE(HONE_INVALID_ARGUMENT, "--num_beams: must be between ", prompt, 3, o.num_beams = 0);
    REFUSE(HONE_INVALID_ARGUMENT, "must not exceed --num_beams", prompt, 3, o.num_beams = 2, o.num_return_sequences = 3);
    REFUSE(HONE_INVALID_ARGUMENT, "add --do_sample", prompt, 3, o.num_return_sequences = 3);
    REFUSE(HONE_UNSUPPORTED, "beams are not sampled", prompt, 3, o.num_beams = 2, o.do_sample = true);
    REFUSE(HONE_INVALID_ARGUMENT, "--temperature: must be between ", prompt, 3, o.do_sample = true, o.temperature = 0);
    REFUSE(HONE_INVALID_ARGUMENT, "--top_p: must be between ", prompt, 3, o.do_sample = true, o.top_p = 1.5);
    REFUSE(HONE_INVALID_ARGUMENT, "--top_k: must be between ", prompt, 3, o.do_sample = true, o.top_k = -1);
    REFUSE(HONE_INVALID_ARGUMENT, "--repetition_penalty: must be between ", prompt, 3, o.repetition_penalty = 0);
    REFUSE(HONE_INVALID_ARGUMENT, "--repetition_penalty: must be between ", prompt, 3, o.repetition_penalty = NAN);
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    o.max_new_tokens = 37; /* the last position is reached */
    assert_ok(run(&g, m, prompt, 3, &o));
    assert_int_equal(g.lengths[0], 40);
    hone_generation_dispose(&g);
    assert_ok(hone_generate(&g, m, NULL, NULL, 0, &o));
    assert_int_equal(g.n_sequences, 0);
    hone_model_free(m);
}

/* ---- sampling ---- */

/* A sequence's draws depend on the seed, its number and its step: not on who else is in the batch, nor on the way the prompts were read. */
static void sampling(void **state)
{
    static const int32_t a[] = {1, 2, 3}, b[] = {4, 5, 6, 7, 8};
    const int32_t *const prompts[] = {a, b};
    const size_t lengths[] = {3, 5};
    hone_model *m = make(SMALL);
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    hone_generation both, alone, other;
    (void)state;
    o.max_new_tokens = 20;
    o.do_sample = true;
    o.num_return_sequences = 3;
    o.top_k = 10;
    o.top_p = 0.95;
    o.temperature = 1.3;
    assert_ok(hone_generate(&both, m, prompts, lengths, 2, &o));
    assert_ok(hone_generate(&alone, m, prompts, lengths, 1, &o));
    assert_int_equal(both.n_sequences, 6);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(both.lengths[i], alone.lengths[i]);
        assert_memory_equal(both.ids[i], alone.ids[i], (size_t)alone.lengths[i] * sizeof(int32_t));
    }
    assert_memory_not_equal(alone.ids[0], alone.ids[1], 23 * sizeof(int32_t));
    o.seed = 43;
    assert_ok(hone_generate(&other, m, prompts, lengths, 1, &o));
    assert_memory_not_equal(alone.ids[0], other.ids[0], 23 * sizeof(int32_t));
    hone_generation_dispose(&both);
    hone_generation_dispose(&alone);
    hone_generation_dispose(&other);
    hone_model_free(m);
}

/* ---- streaming ---- */

typedef struct heard {
    int32_t ids[64];
    int n, stop_after;
} heard;

static bool hear(void *payload, size_t sequence, int32_t id)
{
    heard *h = payload;
    assert_int_equal(sequence, 0);
    h->ids[h->n++] = id;
    return h->n != h->stop_after;
}

static void streaming(void **state)
{
    static const int32_t prompt[] = {1, 2, 3};
    hone_model *m = make(SMALL);
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    hone_generation g;
    heard h = {.stop_after = -1};
    (void)state;
    o.max_new_tokens = 12;
    o.on_token = hear;
    o.payload = &h;
    assert_ok(run(&g, m, prompt, 3, &o));
    assert_int_equal(h.n, 12);
    assert_memory_equal(h.ids, g.ids[0] + 3, 12 * sizeof(int32_t));
    hone_generation_dispose(&g);
    h = (heard){.stop_after = 5};
    assert_ok(run(&g, m, prompt, 3, &o));
    assert_int_equal(h.n, 5);
    assert_int_equal(g.lengths[0], 8);
    hone_generation_dispose(&g);
    hone_model_free(m);
}

/* ---- prompts longer than one reading, and what a token costs ---- */

/* Long prompts are read in pieces; the ids are the same as when the whole is read at once, which the score confirms. */
static void long_prompts(void **state)
{
    enum { LENGTH = 2100 };
    hone_model *m = make("vocab_size=23,n_embd=16,n_layer=2,n_head=2,n_positions=2200,initializer_range=0.3,eos_token_id=none");
    int32_t *prompt, *starts, positions[1] = {LENGTH};
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    hone_generation g;
    hone_tape *t;
    float logits[23];
    (void)state;
    assert_ok(HONE_ALLOC(&prompt, LENGTH + 1));
    assert_ok(HONE_NEW(&starts, 2));
    for (int i = 0; i < LENGTH; i++)
        prompt[i] = i * 7 % 23;
    o.max_new_tokens = 2;
    assert_ok(run(&g, m, prompt, LENGTH, &o));
    prompt[LENGTH] = g.ids[0][LENGTH];
    starts[1] = LENGTH + 1;
    hone_batch batch = {.n_tokens = LENGTH + 1, .n_rows = 1, .longest = LENGTH + 1, .cu_seqlens = starts, .input_ids = prompt};
    assert_ok(hone_tape_new(&t, hone_model_device(m), &(hone_tape_options){0}));
    hone_output out = hone_model_forward(m, t, &batch);
    hone_tensor *x = hone_lm_logits(t, &out, positions, 1);
    assert_ok(hone_tape_status(t));
    assert_ok(hone_tensor_read(x, logits, 23));
    for (int i = 0; i < 23; i++)
        assert_true(logits[i] <= logits[g.ids[0][LENGTH + 1]] + 1e-4f);
    hone_tape_free(t);
    hone_generation_dispose(&g);
    hone__free(prompt);
    hone__free(starts);
    hone_model_free(m);
}

typedef struct meter {
    int n;
    uint64_t requests[64];
} meter;

static bool count_requests(void *payload, size_t sequence, int32_t id)
{
    meter *c = payload;
    hone_mem_stats stats;
    (void)sequence;
    (void)id;
    hone__mem_stats(&stats);
    c->requests[c->n++] = stats.n_requests;
    return true;
}

/* From the third token on (the tape's memory settles in the second) nothing is asked of the allocator until the cache doubles, which at these lengths it need not. */
static void tokens_allocate_nothing(void **state)
{
    static const int32_t prompt[] = {1, 2, 3};
    hone_model *m = make(SMALL);
    meter c = {0};
    hone_generate_options o = HONE_GENERATE_OPTIONS_INIT;
    hone_generation g;
    (void)state;
    o.max_new_tokens = 36;
    o.on_token = count_requests;
    o.payload = &c;
    for (int sampled = 0; sampled < 2; sampled++) {
        c.n = 0;
        o.do_sample = sampled;
        assert_ok(run(&g, m, prompt, 3, &o));
        assert_int_equal(c.n, 36);
        assert_int_equal(c.requests[35], c.requests[2]);
        hone_generation_dispose(&g);
    }
    hone_model_free(m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(penalties),    cmocka_unit_test(top_k_and_top_p),
    cmocka_unit_test(frequencies),  cmocka_unit_test(refusals),
    cmocka_unit_test(sampling),     cmocka_unit_test(streaming),
    cmocka_unit_test(long_prompts), cmocka_unit_test(tokens_allocate_nothing),
};
TEST_MAIN(tests)
