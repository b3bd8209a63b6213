/* The key-token loss three times: freely with ops, as weights of hone_next_token_loss, and as `--loss keytoken` computes it. Equal losses and gradients to 1e-5 (fp32 sums in
 * another order). And the free form beside the definition, computed here in double from the logits. */
#include "tasks/keytoken.h"
#include "unit/train/tiny.h"

#define ALPHA 0.7f
static const int32_t keys[] = {3, 18, 29, 40, 63};
enum { N_KEYS = sizeof(keys) / sizeof(*keys), ROWS = 6 };

typedef struct result {
    double loss;
    float *grad;
    size_t n;
} result;

static int is_key(int32_t id)
{
    for (int k = 0; k < N_KEYS; k++)
        if (keys[k] == id)
            return 1;
    return 0;
}

static hone_tensor *free_form(hone_tape *t, const hone_batch *b, hone_output *out)
{
    hone_tensor *set;
    assert_ok(hone_tensor_from_ints(&set, keys, 1, (const int64_t[]){N_KEYS}));
    hone_tensor *per_row = hone_rows_mean(t, hone_next_token_nll(t, out, b));
    hone_tensor *hits = hone_rows_sum(t, hone_is_in(t, hone_tape_ids(t, b), set));
    hone_tensor *weight = hone_scale(t, hone_add_scalar(t, hits, 1.0f), ALPHA);
    hone_tensor *loss = hone_mean(t, hone_mul(t, per_row, weight));
    hone_tensor_free(set);
    return loss;
}

static hone_tensor *linear_form(hone_tape *t, const hone_batch *b, hone_output *out)
{
    static float w[ROWS * TINY_LONGEST];
    for (int32_t r = 0; r < b->n_rows; r++) {
        int32_t begin = b->cu_seqlens[r], end = b->cu_seqlens[r + 1], hits = 0;
        for (int32_t i = begin; i < end; i++)
            hits += is_key(b->input_ids[i]);
        for (int32_t i = begin; i < end; i++)
            w[i] = ALPHA * (float)(1 + hits) / (float)((end - begin - 1) * b->n_rows);
    }
    return hone_next_token_loss(t, out, b, w);
}

static result run(hone_model *model, const hone_batch *b, hone_tensor *(*form)(hone_tape *, const hone_batch *, hone_output *))
{
    result r = {0, NULL, 0};
    hone_accelerator *acc;
    hone_parameter p;
    assert_ok(hone_accelerator_new(&acc, NULL));
    assert_ok(hone_accelerator_prepare(acc, model, NULL, NULL, NULL));
    hone__params_zero_grad(hone__model_params(model));
    hone_tape *t = hone_accelerator_accumulate(acc);
    hone_output out = hone_model_forward(model, t, b);
    hone_tensor *loss = form(t, b, &out);
    assert_ok(hone_accelerator_backward(acc, loss));
    assert_ok(hone_tensor_item(loss, &r.loss));
    for (size_t i = 0; hone_model_parameter(model, i, &p); i++) {
        size_t n = (size_t)hone_tensor_count(p.value);
        r.grad = realloc(r.grad, (r.n + n) * sizeof(float));
        assert_non_null(p.grad);
        assert_ok(hone_tensor_read(p.grad, r.grad + r.n, n));
        r.n += n;
    }
    hone_accelerator_free(acc);
    return r;
}

static void first_batch(hone_loader **loader, hone_batch *b, const hone_examples *data)
{
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    o.batch_size = ROWS;
    assert_ok(hone_loader_new(loader, data, &o));
    assert_true(hone_loader_next(*loader, b));
}

static void free_and_linear_are_one_loss(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(ROWS);
    hone_loader *loader;
    hone_batch b;
    first_batch(&loader, &b, data);
    result x = run(model, &b, free_form), y = run(model, &b, linear_form); /* dropout on: the same masks */
    double largest = 0, worst = 0;
    assert_true(fabs(x.loss - y.loss) <= 1e-5 * x.loss);
    for (size_t i = 0; i < x.n; i++) {
        largest = fmax(largest, fabs(x.grad[i]));
        worst = fmax(worst, fabs(x.grad[i] - y.grad[i]));
    }
    assert_true(largest > 1e-3);
    if (worst > 1e-5 * largest)
        fail_msg("gradients differ by %g of %g", worst, largest);
    free(x.grad);
    free(y.grad);
    hone_loader_free(loader);
    hone_examples_free(data);
    hone_model_free(model);
}

/* mean over rows of (mean over predicted tokens of -log softmax) alpha (1 + hits) */
static double by_definition(const hone_batch *b, const float *logits)
{
    double sum = 0;
    for (int32_t r = 0; r < b->n_rows; r++) {
        int32_t begin = b->cu_seqlens[r], end = b->cu_seqlens[r + 1], hits = 0;
        double nll = 0;
        for (int32_t i = begin; i < end; i++)
            hits += is_key(b->input_ids[i]);
        for (int32_t i = begin; i + 1 < end; i++) {
            double total = 0;
            for (int v = 0; v < TINY_VOCAB; v++)
                total += exp(logits[i * TINY_VOCAB + v]);
            nll += log(total) - logits[i * TINY_VOCAB + b->input_ids[i + 1]];
        }
        sum += nll / (end - begin - 1) * ALPHA * (1 + hits);
    }
    return sum / b->n_rows;
}

static void free_form_is_the_definition(void **state)
{
    (void)state;
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(ROWS);
    hone_loader *loader;
    hone_batch b;
    hone_tape *t;
    double loss;
    int32_t positions[ROWS * TINY_LONGEST];
    static float logits[ROWS * TINY_LONGEST * TINY_VOCAB];
    first_batch(&loader, &b, data);
    assert_ok(hone_tape_new(&t, tiny_device(), &(hone_tape_options){.recording = false}));
    hone_output out = hone_model_forward(model, t, &b);
    for (int32_t i = 0; i < b.n_tokens; i++)
        positions[i] = i;
    assert_ok(hone_tensor_read(hone_lm_logits(t, &out, positions, (size_t)b.n_tokens), logits, sizeof(logits) / sizeof(*logits)));
    assert_ok(hone_tensor_item(free_form(t, &b, &out), &loss));
    assert_true(fabs(loss - by_definition(&b, logits)) <= 1e-5 * loss);
    hone_tape_free(t);
    hone_loader_free(loader);
    hone_examples_free(data);
    hone_model_free(model);
}

/* ---- --loss keytoken ---- */

static hone_tokenizer *tokenizer;
static hone_keytoken *keytoken;

static hone_tensor *task_form(hone_tape *t, const hone_batch *b, hone_output *out)
{
    hone_task task = hone__keytoken_task(keytoken);
    hone_tensor *sum = task.loss(task.self, t, out, b); /* final: compared before the division */
    assert_int_equal(task.count_items(task.self, out->model, b), b->n_rows);
    return sum;
}

static int single(const char *text)
{
    hone_ids ids = HONE_IDS_INIT;
    assert_ok(hone_tokenizer_encode_ids(&ids, tokenizer, HONE_TEXT(text), false));
    int id = ids.n == 1 ? ids.data[0] : -1;
    hone_ids_dispose(&ids);
    return id;
}

/* The letters A and B have ids within the tiny vocabulary, so that they occur. */
static void the_task_is_the_same_sum(void **state)
{
    (void)state;
    char *items[] = {"A,B", "a word that is none"};
    hone_strings words = {items, 2};
    hone_model *model = tiny_model(true);
    hone_examples *data = tiny_examples(ROWS);
    hone_loader *loader;
    hone_batch b;
    assert_ok(hone_tokenizer_from_pretrained(&tokenizer, test_fixture("tok/gpt2")));
    assert_ok(hone__keytoken_new(&keytoken, tokenizer, &words, ALPHA));
    first_batch(&loader, &b, data);
    result x = run(model, &b, task_form);
    double expected = 0;
    int a = single("A"), c = single("B"), d = single(" A"), e = single(" B");
    assert_true(a >= 0 && a < TINY_VOCAB && c >= 0 && c < TINY_VOCAB);
    int all_hits = 0;
    hone_tape *t;
    assert_ok(hone_tape_new(&t, tiny_device(), &(hone_tape_options){.recording = false, .training = true, .seed = 42}));
    hone_output out = hone_model_forward(model, t, &b);
    float per_row[ROWS];
    assert_ok(hone_tensor_read(hone_rows_mean(t, hone_next_token_nll(t, &out, &b)), per_row, ROWS));
    for (int32_t r = 0; r < ROWS; r++) {
        int hits = 0;
        for (int32_t i = b.cu_seqlens[r]; i < b.cu_seqlens[r + 1]; i++)
            hits += b.input_ids[i] == a || b.input_ids[i] == c || b.input_ids[i] == d || b.input_ids[i] == e;
        all_hits += hits;
        expected += (double)per_row[r] * ALPHA * (1 + hits);
    }
    assert_true(all_hits > 0);
    assert_true(fabs(x.loss - expected) <= 1e-5 * expected);
    free(x.grad);
    items[0] = items[1];
    hone_keytoken *none;
    assert_fails(HONE_INVALID_ARGUMENT, "single token", hone__keytoken_new(&none, tokenizer, &words, 1));
    hone_tape_free(t);
    hone__keytoken_free(keytoken);
    hone_tokenizer_free(tokenizer);
    hone_loader_free(loader);
    hone_examples_free(data);
    hone_model_free(model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(free_and_linear_are_one_loss),
    cmocka_unit_test(free_form_is_the_definition),
    cmocka_unit_test(the_task_is_the_same_sum),
};
TEST_MAIN(tests)
