/* The course's code model (chapter 7.6) with a loss and a loop of one's own, through the public API only.
 *
 *     keytoken_weighted_loss TOKENIZER OUTPUT_DIR TRAIN_FILE VALIDATION_FILE [STEPS]
 *
 * Rows in which key tokens occur often count more: mean over rows of (mean -log p of the next token) * alpha * (1 + key tokens in the row). Written twice: freely, with ops on
 * (N) and (R) numbers; and, as it is linear in -log p with weights that the ids decide, as weights of hone_next_token_loss, which is cheaper. Both are the same loss. */
#include "example.h"

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
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        hone_ids ids = HONE_IDS_INIT;
        hone_status status = hone_tokenizer_encode_ids(&ids, tok, HONE_TEXT(words[i]), false);
        if (status == HONE_OK && ids.n == 1)
            keys[(*n)++] = ids.data[0];
        else if (status == HONE_OK)
            fprintf(stderr, "key token has not a single token: \"%s\"\n", words[i]);
        hone_ids_dispose(&ids);
        TRY(status);
    }
    return HONE_OK;
}

/* sums: -log p and tokens. */
static hone_status add_loss(void *sums, example *e, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    double mean, items = (double)hone_model_count_items(e->model, batch);
    TRY(hone_tensor_item(hone_model_loss(t, out, batch), &mean));
    ((double *)sums)[0] += mean * items;
    ((double *)sums)[1] += items;
    return HONE_OK;
}

/* evaluate(), then the model is saved: what the course does every eval_steps. */
static hone_status evaluate_and_save(example *e)
{
    double sums[2] = {0, 0};
    TRY(example_evaluate(e, add_loss, sums));
    TRY(hone_accelerator_reduce_sum(e->acc, sums, 2));
    printf("{\"step\": %lld, \"loss/eval\": %.17g, \"perplexity\": %.17g}\n", (long long)hone_scheduler_steps(e->scheduler),
           sums[0] / sums[1], hone_metric_perplexity(sums[0] / sums[1]));
    return example_save(e);
}

static hone_status read_texts(example *e)
{
    hone_blocks_options blocks = HONE_BLOCKS_OPTIONS_INIT;
    blocks.block_size = BLOCK_SIZE;
    TRY(hone_text_blocks(&e->train, &e->train_file, 1, NULL, e->tok, &blocks, NULL));
    return hone_text_blocks(&e->valid, &e->valid_file, 1, NULL, e->tok, &blocks, NULL);
}

/* GPT2LMHeadModel(AutoConfig.from_pretrained("gpt2", vocab_size=len(tokenizer), …)), small. */
static hone_status make_model(example *e)
{
    hone_model_options shape = HONE_MODEL_OPTIONS_INIT;
    shape.for_training = true;
    shape.config_overrides = "n_embd=64,n_layer=2,n_head=2,n_positions=64";
    shape.vocab_size = (int64_t)hone_tokenizer_vocab_size(e->tok, true);
    shape.bos_token_id = shape.eos_token_id = hone_tokenizer_special_id(e->tok, HONE_SPECIAL_EOS);
    return hone_model_from_config(&e->model, HONE_CAUSAL_LM, "gpt2", &shape);
}

int main(int argc, char **argv)
{
    example e = {0};
    hone_tensor *keytokens = NULL;
    hone_batch batch;
    int32_t keys[MAX_KEYS];
    float weights[BATCH_SIZE * BLOCK_SIZE];
    size_t n_keys = 0;
    int exit_status = 1;
    if (!example_arguments(&e, argc, argv, "TOKENIZER", "[STEPS]"))
        return 2;
    const int64_t n_steps = example_number(argc, argv, 5, 100);

    CHECK(hone_tokenizer_from_pretrained(&e.tok, e.checkpoint));
    CHECK(find_keys(e.tok, keys, &n_keys));
    CHECK(hone_tensor_from_ints(&keytokens, keys, 1, (const int64_t[]){(int64_t)n_keys}));
    CHECK(read_texts(&e));
    CHECK(make_model(&e));

    hone_adamw_options adamw = HONE_ADAMW_OPTIONS_INIT;
    adamw.learning_rate = 3e-3;
    adamw.weight_decay = 0.1;
    CHECK(hone_optimizer_adamw_new(&e.optimizer, e.model, &adamw));
    CHECK(hone_scheduler_new(&e.scheduler, "cosine", e.optimizer, &(hone_scheduler_options){n_steps / 10, n_steps, NULL}));
    CHECK(example_prepare(&e, BATCH_SIZE, ACCUMULATION));

    for (int64_t epoch = 0; hone_scheduler_steps(e.scheduler) < n_steps; epoch++) {
        CHECK(hone_loader_start_epoch(e.train_loader, epoch));
        while (hone_scheduler_steps(e.scheduler) < n_steps && hone_loader_next(e.train_loader, &batch)) {
            hone_tape *t = hone_accelerator_accumulate(e.acc);
            hone_output out = hone_model_forward(e.model, t, &batch);
            bool first = hone_scheduler_steps(e.scheduler) == 0; /* one step of the free form, to show it; they give the same numbers */
            hone_tensor *loss =
                first ? free_form(t, &batch, &out, keytokens, 1.0f) : linear_form(t, &batch, &out, keys, n_keys, 1.0f, weights);
            CHECK(hone_accelerator_backward(e.acc, loss));
            if (!hone_accelerator_sync_gradients(e.acc))
                continue;
            CHECK(hone_accelerator_clip_grad_norm(e.acc, 1.0, NULL));
            CHECK(hone_optimizer_step(e.optimizer));
            hone_scheduler_step(e.scheduler);
            hone_optimizer_zero_grad(e.optimizer);
            if (hone_scheduler_steps(e.scheduler) % EVAL_EVERY == 0)
                CHECK(evaluate_and_save(&e));
        }
        CHECK(hone_loader_status(e.train_loader));
    }
    CHECK(example_save(&e));
    exit_status = 0;
done:
    hone_tensor_free(keytokens);
    example_dispose(&e);
    return exit_status;
}
