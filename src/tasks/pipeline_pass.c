/* Packed batches for pipelines (pipeline_pass.h). Rows stay in their order, so that answers do not depend on what else is asked. */
#include "tasks/pipeline_pass.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* Tokens of a batch: enough for products at full speed, little enough that memory does not follow the input. */
enum { PASS_TOKENS = 2048 };

hone_status hone__pass_init(hone__pass *pass, hone_device *device)
{
    *pass = (hone__pass){.tape = NULL};
    return hone_tape_new(&pass->tape, device, &(hone_tape_options){.recording = false});
}

void hone__pass_dispose(hone__pass *pass)
{
    hone_tape_free(pass->tape);
    hone__free(pass->ids);
    hone__free(pass->type_ids);
    hone__free(pass->starts);
    hone__free(pass->positions);
    hone__free(pass->logits);
    *pass = (hone__pass){.tape = NULL};
}

static hone_status pack(hone_batch *out, hone__pass *p, const hone__pass_row *rows, size_t n, size_t n_tokens)
{
    size_t at = 0, longest = 0;
    bool typed = false;
    HONE_TRY(HONE_GROW(&p->ids, &p->ids_capacity, n_tokens));
    HONE_TRY(HONE_GROW(&p->type_ids, &p->types_capacity, n_tokens));
    HONE_TRY(HONE_GROW(&p->starts, &p->starts_capacity, n + 1));
    for (size_t i = 0; i < n; i++) {
        const hone_encoding *e = rows[i].encoding;
        size_t len = hone_encoding_n_tokens(e);
        p->starts[i] = (int32_t)at;
        memcpy(p->ids + at, hone_encoding_ids(e), len * sizeof(int32_t));
        memcpy(p->type_ids + at, hone_encoding_type_ids(e), len * sizeof(int32_t));
        for (size_t k = at; k < at + len; k++)
            typed |= p->type_ids[k] != 0;
        at += len;
        longest = len > longest ? len : longest;
    }
    p->starts[n] = (int32_t)at;
    *out = (hone_batch){.n_tokens = (int32_t)at,
                        .n_rows = (int32_t)n,
                        .longest = (int32_t)longest,
                        .cu_seqlens = p->starts,
                        .input_ids = p->ids,
                        .token_type_ids = typed ? p->type_ids : NULL,
                        .n_labelled = -1};
    return HONE_OK;
}

/* The tokens of a batch whose logits are wanted: some of each row. */
static hone_status list_positions(hone__pass *p, const hone__pass_row *rows, size_t n, size_t *n_positions)
{
    *n_positions = 0;
    for (size_t i = 0; i < n; i++) {
        HONE_TRY(HONE_GROW(&p->positions, &p->positions_capacity, *n_positions + rows[i].n_positions));
        for (size_t k = 0; k < rows[i].n_positions; k++)
            p->positions[(*n_positions)++] = p->starts[i] + rows[i].positions[k];
    }
    return HONE_OK;
}

/* One batch for a masked language model. */
static hone_status forward_masked(hone__pass *p, const hone_model *model, const hone__pass_row *rows, size_t n, size_t n_tokens,
                                  size_t n_out)
{
    hone_batch batch;
    size_t n_positions;
    hone_status status = HONE_OK;
    HONE_TRY(pack(&batch, p, rows, n, n_tokens));
    HONE_TRY(list_positions(p, rows, n, &n_positions));
    HONE_TRY(HONE_GROW(&p->logits, &p->logits_capacity, n_positions * n_out));
    hone_output out = hone_model_forward(model, p->tape, &batch);
    hone_tensor *logits = hone_lm_logits(p->tape, &out, p->positions, n_positions);
    HONE_GO(hone_tape_status(p->tape));
    HONE_GO(hone_tensor_read(logits, p->logits, n_positions * n_out));
    const float *from = p->logits;
    for (size_t i = 0; i < n; i++) {
        memcpy(rows[i].logits, from, rows[i].n_positions * n_out * sizeof(float));
        from += rows[i].n_positions * n_out;
    }
done:
    hone_tape_reset(p->tape);
    return status;
}

/* One batch. */
static hone_status forward(hone__pass *p, const hone_model *model, const hone__pass_row *rows, size_t n, size_t n_tokens, size_t n_out)
{
    hone_batch batch;
    hone_status status = HONE_OK;
    bool by_row = hone_model_task(model) == HONE_TEXT_CLASSIFICATION;
    size_t n_logits = (by_row ? n : n_tokens) * n_out;
    HONE_TRY(pack(&batch, p, rows, n, n_tokens));
    HONE_TRY(HONE_GROW(&p->logits, &p->logits_capacity, n_logits));
    hone_output out = hone_model_forward(model, p->tape, &batch);
    HONE_GO(hone_tape_status(p->tape));
    HONE_GO(hone_tensor_read(out.logits, p->logits, n_logits));
    for (size_t i = 0; i < n; i++) {
        size_t first = by_row ? i : (size_t)p->starts[i], end = by_row ? i + 1 : (size_t)p->starts[i + 1];
        memcpy(rows[i].logits, p->logits + first * n_out, (end - first) * n_out * sizeof(float));
    }
done:
    hone_tape_reset(p->tape);
    return status;
}

hone_status hone__pass_run(hone__pass *pass, const hone_model *model, const hone__pass_row *rows, size_t n, size_t n_out)
{
    for (size_t first = 0, end; first < n; first = end) {
        size_t n_tokens = hone_encoding_n_tokens(rows[first].encoding);
        for (end = first + 1; end < n; end++) {
            size_t more = hone_encoding_n_tokens(rows[end].encoding);
            if (n_tokens + more > PASS_TOKENS)
                break;
            n_tokens += more;
        }
        if (n_tokens > 0)
            HONE_TRY((hone_model_task(model) == HONE_MASKED_LM ? forward_masked : forward)(pass, model, rows + first, end - first, n_tokens,
                                                                                           n_out));
    }
    return HONE_OK;
}

hone_status hone__pass_check_length(const hone_encoding *e, size_t longest)
{
    size_t n = hone_encoding_n_tokens(e);
    if (n <= longest)
        return HONE_OK;
    return hone__hint(
        hone__fail(HONE_INVALID_ARGUMENT, "the text has %zu tokens, the model takes %zu; truncation reads what fits", n, longest),
        "--truncation, or HONE_LONG_TEXT_TRUNCATE");
}

hone_status hone__pass_check_ids(const hone_model *model, const hone_encoding *e)
{
    const int32_t *ids = hone_encoding_ids(e);
    int64_t known = hone_model_vocab_size(model);
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++)
        if (ids[i] < 0 || ids[i] >= known)
            return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "token \"%s\" has id %d, the model's vocabulary %lld entries",
                                         hone_encoding_token(e, i), (int)ids[i], (long long)known),
                              "tokenizer and model do not belong together");
    return HONE_OK;
}
