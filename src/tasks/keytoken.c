/* The course's key-token loss (chapter 7.6; semantics.md, 36): the mean over rows of (mean -log p of the row's predicted tokens) * alpha * (1 + hits), where hits counts the
 * key tokens among all tokens of the row. It is linear in -log p with weights that the ids alone decide, w[i] = alpha (1 + hits_r) / tokens_r and a division by the number of
 * rows, so that it goes through hone_next_token_loss and full logits never exist (engine.md, 7). examples/keytoken_weighted_loss.c shows the free form beside it. */
#include "tasks/keytoken.h"
#include "base/log.h"
#include "nn/tape.h"

#include <stdlib.h>
#include <string.h>

struct hone_keytoken {
    int32_t *ids; /* ascending */
    size_t n, capacity;
    double alpha;
    float *weights; /* of a batch's tokens */
    size_t weights_capacity;
};

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static hone_status add_form(hone_keytoken *k, const hone_tokenizer *tok, const char *blank, const char *word, size_t len, bool *single)
{
    hone_ids ids = HONE_IDS_INIT;
    hone_str text = HONE_STR_INIT;
    hone_status status;
    hone__str_puts(&text, blank);
    hone__str_append(&text, word, len);
    HONE_GO(hone__str_status(&text));
    HONE_GO(hone_tokenizer_encode_ids(&ids, tok, (hone_text){text.data, text.len}, false));
    if (ids.n == 1) {
        HONE_GO(HONE_GROW(&k->ids, &k->capacity, k->n + 1));
        k->ids[k->n++] = ids.data[0];
        *single = true;
    }
done:
    hone__str_dispose(&text);
    hone_ids_dispose(&ids);
    return status;
}

static hone_status add_word(hone_keytoken *k, const hone_tokenizer *tok, const char *word, size_t len)
{
    bool single = false;
    HONE_TRY(add_form(k, tok, "", word, len, &single));
    HONE_TRY(add_form(k, tok, " ", word, len, &single));
    if (!single)
        hone__log(HONE_LOG_WARNING, "key token \"%.*s\" is more than one token, with and without a blank before it: it was left out",
                  (int)len, word);
    return HONE_OK;
}

static hone_status add_words(hone_keytoken *k, const hone_tokenizer *tok, const char *words)
{
    while (*words) {
        size_t len = strcspn(words, ",");
        if (len)
            HONE_TRY(add_word(k, tok, words, len));
        words += len + (words[len] == ',');
    }
    return HONE_OK;
}

static void sort_unique(hone_keytoken *k)
{
    size_t n = 0;
    if (k->n)
        qsort(k->ids, k->n, sizeof(*k->ids), ascending);
    for (size_t i = 0; i < k->n; i++)
        if (n == 0 || k->ids[n - 1] != k->ids[i])
            k->ids[n++] = k->ids[i];
    k->n = n;
}

hone_status hone__keytoken_new(hone_keytoken **out, const hone_tokenizer *tok, const hone_strings *words, double alpha)
{
    hone_keytoken *k = NULL;
    hone_status status;
    *out = NULL;
    HONE_GO(HONE_NEW(&k, 1));
    k->alpha = alpha;
    for (size_t i = 0; i < words->n; i++)
        HONE_GO(add_words(k, tok, words->items[i]));
    sort_unique(k);
    if (k->n == 0)
        HONE_GO(hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "--key_tokens: none of the words is a single token of this tokenizer"),
                           "name words that occur often in the tokenizer's corpus"));
    *out = k;
    return HONE_OK;
done:
    hone__keytoken_free(k);
    return status;
}

void hone__keytoken_free(hone_keytoken *k)
{
    if (!k)
        return;
    hone__free(k->ids);
    hone__free(k->weights);
    hone__free(k);
}

/* The predicted tokens of row r, and the key tokens in it. */
static void count_row(const hone_keytoken *k, const hone_batch *batch, int32_t r, int64_t *predicted, int64_t *hits)
{
    *predicted = *hits = 0;
    for (int32_t i = batch->cu_seqlens[r]; i < batch->cu_seqlens[r + 1]; i++) {
        *hits += bsearch(&batch->input_ids[i], k->ids, k->n, sizeof(*k->ids), ascending) != NULL;
        *predicted += i + 1 < batch->cu_seqlens[r + 1] && (!batch->labels || batch->labels[i + 1] >= 0);
    }
}

static hone_tensor *loss(void *self, hone_tape *t, hone_output *out, const hone_batch *batch)
{
    hone_keytoken *k = self;
    if (HONE_GROW(&k->weights, &k->weights_capacity, (size_t)batch->n_tokens) != HONE_OK)
        return hone__tape_fail(t, HONE_OUT_OF_MEMORY, "out of memory: weights of %d tokens", batch->n_tokens);
    for (int32_t r = 0; r < batch->n_rows; r++) {
        int64_t predicted, hits;
        count_row(k, batch, r, &predicted, &hits);
        float w = predicted ? (float)(k->alpha * (double)(1 + hits) / (double)predicted) : 0;
        for (int32_t i = batch->cu_seqlens[r]; i < batch->cu_seqlens[r + 1]; i++)
            k->weights[i] = w;
    }
    return hone_next_token_loss(t, out, batch, k->weights);
}

static int64_t count_rows(void *self, const hone_model *model, const hone_batch *batch)
{
    (void)self, (void)model;
    return batch->n_rows;
}

hone_task hone__keytoken_task(hone_keytoken *k)
{
    return (hone_task){.kind = HONE_CAUSAL_LM, .self = k, .loss = loss, .loss_runs_dry = true, .count_items = count_rows};
}
