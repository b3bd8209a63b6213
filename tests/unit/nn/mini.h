/* A GPT-2 of toy size on the ops of src/nn: tied embeddings, two layers, everything that a real one uses. */
#ifndef TESTS_UNIT_NN_MINI_H
#define TESTS_UNIT_NN_MINI_H

#include "unit/nn/helpers.h"

enum { MINI_LAYERS = 2, MINI_C = 8, MINI_HEADS = 2, MINI_V = 13, MINI_T = 16, MINI_PER_LAYER = 12 };
enum { WTE, WPE, LNF_G, LNF_B, FIRST_LAYER };
enum { LN1_G, LN1_B, W_QKV, B_QKV, W_O, B_O, LN2_G, LN2_B, W_1, B_1, W_2, B_2 };

typedef struct mini {
    hone_device *device;
    hone_tape *t;
    hone_params *store;
    hone_param *p[FIRST_LAYER + MINI_LAYERS * MINI_PER_LAYER];
    float dropout;
    hone_dtype dtype;
} mini;

static inline void mini_param(mini *m, int at, const char *name, int64_t a, int64_t b)
{
    OK(hone__params_add(&m->p[at], m->store, name, b ? 2 : 1, (int64_t[]){a, b}, b > 0));
    m->p[at]->in_major = b > 0 && at >= FIRST_LAYER;
}

static inline void mini_declare(mini *m)
{
    static const char *const names[] = {"ln_1.weight", "ln_1.bias", "qkv.weight", "qkv.bias", "proj.weight",   "proj.bias",
                                        "ln_2.weight", "ln_2.bias", "fc.weight",  "fc.bias",  "fc_out.weight", "fc_out.bias"};
    const int64_t c = MINI_C,
                  shapes[MINI_PER_LAYER][2] = {{c}, {c}, {c, 3 * c}, {3 * c}, {c, c}, {c}, {c}, {c}, {c, 4 * c}, {4 * c}, {4 * c, c}, {c}};
    char name[64];
    mini_param(m, WTE, "wte.weight", MINI_V, c);
    mini_param(m, WPE, "wpe.weight", MINI_T, c);
    for (int l = 0; l < MINI_LAYERS; l++) {
        for (int k = 0; k < MINI_PER_LAYER; k++) {
            snprintf(name, sizeof(name), "h.%d.%s", l, names[k]);
            mini_param(m, FIRST_LAYER + l * MINI_PER_LAYER + k, name, shapes[k][0], shapes[k][1]);
        }
    }
    mini_param(m, LNF_G, "ln_f.weight", c, 0);
    mini_param(m, LNF_B, "ln_f.bias", c, 0);
}

static inline void mini_fill(mini *m)
{
    for (size_t k = 0; k < m->store->n_items; k++) {
        hone_param *p = m->store->items[k];
        for (size_t i = 0; i < p->count; i++)
            put_value(p->tensor.data, m->dtype, i, (double)(float)(0.5 * spread_value(p->offset + i)));
    }
}

/* A status instead of OK(): the tests of failing allocations come through here. */
static inline hone_status mini_start(mini *m)
{
    HONE_TRY(hone__params_allocate(m->store));
    return hone__params_train(m->store);
}

static inline void mini_open(mini *m, const char *device, int n_threads, hone_dtype dtype, float dropout)
{
    memset(m, 0, sizeof(*m));
    m->dropout = dropout;
    m->dtype = dtype;
    OK(hone_device_open(&m->device, &(hone_device_options){device, n_threads}));
    OK(hone_tape_new(&m->t, m->device, &(hone_tape_options){.recording = true, .training = true, .seed = 42, .dtype = dtype}));
    OK(hone__params_new(&m->store, m->device->backend));
    hone__params_set_dtype(m->store, dtype);
    mini_declare(m);
    OK(mini_start(m));
    if (strcmp(device, "dry") != 0)
        mini_fill(m);
}

static inline void mini_close(mini *m)
{
    hone_tape_free(m->t);
    hone__params_free(m->store);
    hone_device_free(m->device);
}

static inline hone_tensor *mini_layer(hone_tape *t, const void *self, int l, hone_tensor *x, const hone_rows *rows)
{
    const mini *m = self;
    hone_param *const *p = m->p + FIRST_LAYER + l * MINI_PER_LAYER;
    (void)rows;
    hone_tensor *h = hone__layer_norm(t, x, p[LN1_G], p[LN1_B], 1e-5f, 0);
    hone_tensor *o =
        hone__attention_block(t, h, p[W_QKV], p[B_QKV], MINI_HEADS, true, 0.5f, m->dropout, hone__site(HONE_PLACE_ATTENTION, l));
    hone_tensor *f = hone__linear(t, o, p[W_O], p[B_O], HONE_ACT_NONE, 0);
    hone_tensor *n = hone__residual_norm(t, &x, x, f, p[LN2_G], p[LN2_B], 1e-5f, m->dropout, hone__site(HONE_PLACE_ATTENTION_OUTPUT, l));
    f = hone__ffn(t, n, p[W_1], p[B_1], HONE_ACT_GELU_NEW, p[W_2], p[B_2], 0);
    return hone__residual(t, x, f, m->dropout, hone__site(HONE_PLACE_FFN_OUTPUT, l));
}

/* The hidden states of all tokens (N, C). */
static inline hone_tensor *mini_forward(mini *m, const hone_batch *b)
{
    hone_tape *t = m->t;
    const hone_rows *rows = hone__tape_rows(t, b);
    hone_param *tables[] = {m->p[WTE], m->p[WPE]};
    const int32_t *ids[] = {b->input_ids, rows ? rows->pos : NULL};
    hone_tensor *x = hone__embed(t, 2, tables, ids, NULL, rows, m->dropout, hone__site(HONE_PLACE_EMBEDDING, 0));
    for (int l = 0; l < MINI_LAYERS; l++)
        x = hone__tape_layer(t, mini_layer, m, l, x, rows);
    return hone__layer_norm(t, x, m->p[LNF_G], m->p[LNF_B], 1e-5f, hone__site(HONE_PLACE_FINAL_NORM, 0));
}

/* Tokens with a next one, and that next one; arrays of the tape. */
static inline int32_t mini_targets(mini *m, const hone_batch *b, const int32_t **index, const int32_t **labels)
{
    int32_t n = 0, *at = hone__tape_alloc(m->t, (size_t)b->n_tokens * sizeof(int32_t)),
            *next = hone__tape_alloc(m->t, (size_t)b->n_tokens * sizeof(int32_t));
    for (int32_t r = 0; at && next && r < b->n_rows; r++) {
        for (int32_t i = b->cu_seqlens[r]; i + 1 < b->cu_seqlens[r + 1]; i++) {
            at[n] = i;
            next[n++] = b->input_ids[i + 1];
        }
    }
    *index = at;
    *labels = next;
    return n;
}

static inline hone_tensor *mini_loss(mini *m, const hone_batch *b)
{
    const int32_t *index, *labels;
    int32_t n = mini_targets(m, b, &index, &labels);
    hone_tensor *x = mini_forward(m, b);
    if (!index || !labels)
        return NULL;
    return hone__vocab_loss(m->t, hone__tape_gather_tokens(m->t, x, index, n), m->p[WTE], NULL, labels, NULL, 0.0f);
}

/* One step without the optimizer: gradients are added to what is there. */
static inline hone_status mini_step(mini *m, const hone_batch *b, double *loss)
{
    hone_tensor *l = mini_loss(m, b);
    hone_status status = hone_tape_backward(m->t, l);
    if (status == HONE_OK && loss)
        status = hone_tensor_item(l, loss);
    hone_tape_reset(m->t);
    return status;
}

static inline double *mini_grads(const mini *m)
{
    double *g = calloc(m->store->n_elements, sizeof(double));
    for (size_t i = 0; i < m->store->n_elements; i++)
        g[i] = value_at(m->store->grad, m->dtype, i);
    return g;
}

/* Largest difference over the largest size. */
static inline double relative_difference(const double *a, const double *b, size_t n)
{
    double most = 0.0, size = 0.0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(a[i] - b[i]));
        size = fmax(size, fabs(a[i]));
        if (a[i] != a[i] || b[i] != b[i])
            return INFINITY;
    }
    return size > 0 ? most / size : most;
}

static const int32_t mini_ids[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4,
                                   6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0, 2, 8, 8, 4, 1, 9, 7};
static const int32_t mini_starts[] = {0, 5, 5, 14, 15, 27, 40};
static const uint64_t mini_ordinals[] = {7, 1, 12, 9, 30, 2};
static const hone_batch mini_batch = {.n_tokens = 40,
                                      .n_rows = 6,
                                      .longest = 13,
                                      .cu_seqlens = mini_starts,
                                      .input_ids = mini_ids,
                                      .ordinals = mini_ordinals,
                                      .n_labelled = -1};

#endif
