/* The course's code model (chapter 7.6) with a loss and a loop of one's own, through the public API only.
 *
 *     keytoken_weighted_loss TOKENIZER OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [STEPS]
 *
 * Rows in which key tokens occur often count more: mean over rows of (mean -log p of the next token) * alpha * (1 + key tokens in the row). Written twice: freely, with ops on
 * (N) and (R) numbers; and, as it is linear in -log p with weights that the ids decide, as weights of hone_next_token_loss, which is cheaper. Both are the same loss. */
#include <hone/accelerator.h>
#include <hone/metrics.h>
#include <hone/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(call)                                                              \
    do {                                                                         \
        if ((call) != HONE_OK) {                                                 \
            fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint()); \
            goto done;                                                           \
        }                                                                        \
    } while (0)

enum { BLOCK_SIZE = 32, BATCH_SIZE = 8, ACCUMULATION = 2, EVAL_EVERY = 10, MAX_KEYS = 64 };

/* The free form. The words are the course's: forward, log p, rows, a product, a mean. */
static hone_tensor *free_form(hone_tape *t, const hone_batch *batch, hone_output *out, const hone_tensor *keytokens, float alpha)
{
    hone_tensor *nll = hone_next_token_nll(t, out, batch);                                   /* (M) one for each predicted token */
    hone_tensor *per_row = hone_rows_mean(t, nll);                                           /* (R) */
    hone_tensor *hits = hone_rows_sum(t, hone_is_in(t, hone_tape_ids(t, batch), keytokens)); /* (R) */
    hone_tensor *weight = hone_scale(t, hone_add_scalar(t, hits, 1.0f), alpha);              /* (R) */
    return hone_mean(t, hone_mul(t, per_row, weight));                                       /* ()  */
}

static int is_key(int32_t id, const int32_t *keys, size_t n)
{
    while (n > 0 && keys[n - 1] != id)
        n--;
    return n > 0;
}

/* The linear form: w[i] = alpha (1 + hits of the row) / (predicted tokens of the row * rows). */
static hone_tensor *linear_form(hone_tape *t, const hone_batch *b, hone_output *out, const int32_t *keys, size_t n_keys, float alpha,
                                float *w)
{
    for (int32_t r = 0; r < b->n_rows; r++) {
        int hits = 0;
        for (int32_t i = b->cu_seqlens[r]; i < b->cu_seqlens[r + 1]; i++)
            hits += is_key(b->input_ids[i], keys, n_keys);
        for (int32_t i = b->cu_seqlens[r]; i < b->cu_seqlens[r + 1]; i++)
            w[i] = alpha * (float)(1 + hits) / (float)((b->cu_seqlens[r + 1] - b->cu_seqlens[r] - 1) * b->n_rows);
    }
    return hone_next_token_loss(t, out, b, w);
}

/* Each word counts with and without a leading blank, where it is a single token. */
static hone_status find_keys(const hone_tokenizer *tok, int32_t *keys, size_t *n)
{
    static const char *const words[] = {"plt", " plt", "pd", " pd", "sk", " sk", "fit", " fit", "predict", " predict", "import", " import"};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words) && status == HONE_OK; i++) {
        hone_ids ids = HONE_IDS_INIT;
        status = hone_tokenizer_encode_ids(&ids, tok, HONE_TEXT(words[i]), false);
        if (status == HONE_OK && ids.n == 1)
            keys[(*n)++] = ids.data[0];
        else if (status == HONE_OK)
            fprintf(stderr, "key token has not a single token: \"%s\"\n", words[i]);
        hone_ids_dispose(&ids);
    }
    return status;
}

static hone_status evaluate(hone_accelerator *acc, const hone_model *model, hone_loader *loader, double *loss, double *perplexity)
{
    hone_batch batch;
    double sums[2] = {0, 0}; /* -log p and tokens */
    hone_status status = hone_loader_start_epoch(loader, 0);
    while (status == HONE_OK && hone_loader_next(loader, &batch)) {
        double mean, items = (double)hone_model_count_items(model, &batch);
        hone_tape *t = hone_accelerator_inference(acc);
        hone_output out = hone_model_forward(model, t, &batch);
        hone_tensor *l = hone_model_loss(t, &out, &batch);
        if ((status = hone_tape_status(t)) == HONE_OK && (status = hone_tensor_item(l, &mean)) == HONE_OK) {
            sums[0] += mean * items;
            sums[1] += items;
        }
    }
    if (status == HONE_OK && (status = hone_loader_status(loader)) == HONE_OK)
        status = hone_accelerator_reduce_sum(acc, sums, 2);
    *loss = sums[0] / sums[1];
    *perplexity = hone_metric_perplexity(*loss);
    return status;
}

int main(int argc, char **argv)
{
    hone_tokenizer *tok = NULL;
    hone_examples *train = NULL, *valid = NULL;
    hone_loader *train_loader = NULL, *eval_loader = NULL;
    hone_model *model = NULL;
    hone_optimizer *optimizer = NULL;
    hone_scheduler *scheduler = NULL;
    hone_accelerator *acc = NULL;
    hone_tensor *keytokens = NULL;
    hone_batch batch;
    int32_t keys[MAX_KEYS];
    float weights[BATCH_SIZE * BLOCK_SIZE];
    size_t n_keys = 0;
    int exit_status = 1;
    if (argc < 5) {
        fprintf(stderr, "usage: %s TOKENIZER OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [STEPS]\n", argv[0]);
        return 2;
    }
    const char *output_dir = argv[2], *train_file = argv[3], *valid_file = argv[4];
    const int64_t n_steps = argc > 5 ? atoll(argv[5]) : 100;

    CHECK(hone_tokenizer_from_pretrained(&tok, argv[1]));
    CHECK(find_keys(tok, keys, &n_keys));
    CHECK(hone_tensor_from_ints(&keytokens, keys, 1, (const int64_t[]){(int64_t)n_keys}));

    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    blocks.block_size = BLOCK_SIZE;
    CHECK(hone_text_blocks(&train, &train_file, 1, NULL, tok, &blocks, NULL));
    CHECK(hone_text_blocks(&valid, &valid_file, 1, NULL, tok, &blocks, NULL));
    hone_loader_options loading = HONE_LOADER_OPTIONS_INIT;
    loading.batch_size = BATCH_SIZE;
    CHECK(hone_loader_new(&eval_loader, valid, &loading));
    loading.shuffle = true;
    CHECK(hone_loader_new(&train_loader, train, &loading));

    hone_model_options shape = HONE_MODEL_OPTIONS_INIT;
    shape.for_training = true;
    shape.config_overrides = "n_embd=64,n_layer=2,n_head=2,n_positions=64";
    shape.vocab_size = (int64_t)hone_tokenizer_vocab_size(tok, true);
    shape.bos_token_id = shape.eos_token_id = hone_tokenizer_special_id(tok, HONE_SPECIAL_EOS);
    CHECK(hone_model_from_config(&model, HONE_CAUSAL_LM, "gpt2", &shape));

    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = 3e-3;
    adamw.weight_decay = 0.1;
    CHECK(hone_optimizer_adamw_new(&optimizer, model, &adamw));
    CHECK(hone_scheduler_new(&scheduler, "cosine", optimizer, &(hone_scheduler_options){n_steps / 10, n_steps, NULL}));
    CHECK(hone_accelerator_new(&acc, &(hone_accelerator_options){.gradient_accumulation_steps = ACCUMULATION, .seed = 42}));
    CHECK(hone_accelerator_prepare(acc, model, optimizer, &train_loader, &eval_loader));

    for (int64_t epoch = 0; hone_scheduler_steps(scheduler) < n_steps; epoch++) {
        CHECK(hone_loader_start_epoch(train_loader, epoch));
        while (hone_scheduler_steps(scheduler) < n_steps && hone_loader_next(train_loader, &batch)) {
            hone_tape *t = hone_accelerator_accumulate(acc);
            hone_output out = hone_model_forward(model, t, &batch);
            int first = hone_scheduler_steps(scheduler) == 0; /* one step of the free form, to show it; they give the same numbers */
            hone_tensor *loss =
                first ? free_form(t, &batch, &out, keytokens, 1.0f) : linear_form(t, &batch, &out, keys, n_keys, 1.0f, weights);
            CHECK(hone_accelerator_backward(acc, loss));
            if (!hone_accelerator_sync_gradients(acc))
                continue;
            CHECK(hone_accelerator_clip_grad_norm(acc, 1.0, NULL));
            CHECK(hone_optimizer_step(optimizer));
            hone_scheduler_step(scheduler);
            hone_optimizer_zero_grad(optimizer);
            if (hone_scheduler_steps(scheduler) % EVAL_EVERY == 0) {
                double eval_loss, perplexity;
                CHECK(evaluate(acc, model, eval_loader, &eval_loss, &perplexity));
                printf("{\"step\": %lld, \"loss/eval\": %.17g, \"perplexity\": %.17g}\n", (long long)hone_scheduler_steps(scheduler),
                       eval_loss, perplexity);
                CHECK(hone_accelerator_wait_for_everyone(acc));
                if (hone_accelerator_is_main_process(acc))
                    CHECK(hone_model_save_pretrained(hone_accelerator_unwrap_model(acc, model), output_dir));
            }
        }
        CHECK(hone_loader_status(train_loader));
    }
    CHECK(hone_tokenizer_save(tok, output_dir));
    exit_status = 0;
done:
    hone_accelerator_free(acc);
    hone_scheduler_free(scheduler);
    hone_optimizer_free(optimizer);
    hone_loader_free(train_loader);
    hone_loader_free(eval_loader);
    hone_examples_free(train);
    hone_examples_free(valid);
    hone_tensor_free(keytokens);
    hone_model_free(model);
    hone_tokenizer_free(tok);
    return exit_status;
}
