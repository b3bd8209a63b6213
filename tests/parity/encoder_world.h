/* The fixtures model/bert-* and model/distilbert-* for tests/parity: what the files hold, packed batches of their rows, comparisons. */
#ifndef HONE_TESTS_PARITY_ENCODER_WORLD_H
#define HONE_TESTS_PARITY_ENCODER_WORLD_H

#include "models/class.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

typedef struct fixture {
    const char *folder;
    hone_task_kind task;
} fixture;

/* What the file has, padded at the end, and the packed batch of some of its rows. */
typedef struct world {
    const fixture *fixture;
    hone_device *device;
    hone_model *model;
    hone_tape *tape;
    hone_safetensors *batch, *expected;
    int32_t rows, width;
    int32_t *ids, *mask, *types, *labels, *starts, *ends; /* (rows, width), the last two (rows); labels either; NULL: none */
    hone_batch packed;
    int32_t *cu_seqlens, *packed_ids, *packed_types, *packed_labels, *packed_starts, *packed_ends;
    uint64_t *ordinals;
} world;

static hone_safetensors *open_case(const world *w, const char *name)
{
    char path[256];
    hone_safetensors *s;
    snprintf(path, sizeof(path), "%s/%s", w->fixture->folder, name);
    assert_ok(hone__safetensors_open(&s, test_fixture(path)));
    return s;
}

static float *read_floats(hone_safetensors *s, const char *name, size_t *n)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    float *out;
    if (!t)
        fail_msg("the fixture has no %s", name);
    assert_ok(HONE_ALLOC(&out, (size_t)t->count + 1));
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_F32, 0, t->count, out));
    *n = (size_t)t->count;
    return out;
}

/* NULL: the file has none. */
static int32_t *read_ints(hone_safetensors *s, const char *name)
{
    const hone_safetensor *t = hone__safetensors_find(s, name);
    int32_t *out;
    if (!t)
        return NULL;
    assert_ok(HONE_ALLOC(&out, (size_t)t->count));
    assert_ok(hone__safetensors_read(s, t, HONE_DTYPE_I32, 0, t->count, out));
    return out;
}

static void read_batch(world *w)
{
    const hone_safetensor *ids = hone__safetensors_find(w->batch, "input_ids");
    assert_non_null(ids);
    w->rows = (int32_t)ids->dim[0];
    w->width = (int32_t)ids->dim[1];
    w->ids = read_ints(w->batch, "input_ids");
    w->mask = read_ints(w->batch, "attention_mask");
    w->types = read_ints(w->batch, "token_type_ids");
    w->labels = read_ints(w->batch, "labels");
    w->starts = read_ints(w->batch, "start_positions");
    w->ends = read_ints(w->batch, "end_positions");
    size_t n = (size_t)(w->rows * w->width);
    assert_ok(HONE_NEW(&w->cu_seqlens, (size_t)w->rows + 1));
    assert_ok(HONE_NEW(&w->packed_ids, n));
    assert_ok(HONE_NEW(&w->packed_types, n));
    assert_ok(HONE_NEW(&w->packed_labels, n));
    assert_ok(HONE_NEW(&w->packed_starts, (size_t)w->rows));
    assert_ok(HONE_NEW(&w->packed_ends, (size_t)w->rows));
    assert_ok(HONE_NEW(&w->ordinals, (size_t)w->rows));
}

static bool labels_tokens(const world *w)
{
    return w->fixture->task == HONE_TOKEN_CLASSIFICATION || w->fixture->task == HONE_MASKED_LM;
}

/* Row `from` of the file becomes the next row of the packed batch. */
static void pack_row(world *w, int32_t from)
{
    int32_t r = w->packed.n_rows++, k = w->packed.n_tokens, row = from * w->width;
    for (int32_t i = 0; i < w->width && w->mask[row + i]; i++, k++) {
        w->packed_ids[k] = w->ids[row + i];
        w->packed_types[k] = w->types ? w->types[row + i] : 0;
        w->packed_labels[k] = labels_tokens(w) ? w->labels[row + i] : 0;
    }
    if (w->labels && !labels_tokens(w))
        w->packed_labels[r] = w->labels[from];
    w->packed_starts[r] = w->starts ? w->starts[from] : 0;
    w->packed_ends[r] = w->ends ? w->ends[from] : 0;
    w->ordinals[r] = (uint64_t)from;
    w->packed.longest = k - w->packed.n_tokens > w->packed.longest ? k - w->packed.n_tokens : w->packed.longest;
    w->packed.n_tokens = w->cu_seqlens[r + 1] = k;
}

/* The rows of the file whose numbers `order` has, in that order. */
static void pack(world *w, const int32_t *order, int32_t n_rows)
{
    w->packed = (hone_batch){.cu_seqlens = w->cu_seqlens, .input_ids = w->packed_ids, .ordinals = w->ordinals, .n_labelled = -1};
    for (int32_t r = 0; r < n_rows; r++)
        pack_row(w, order[r]);
    if (w->types)
        w->packed.token_type_ids = w->packed_types;
    if (labels_tokens(w))
        w->packed.labels = w->packed_labels;
    else if (w->labels)
        w->packed.row_labels = w->packed_labels;
    if (w->starts) {
        w->packed.start_positions = w->packed_starts;
        w->packed.end_positions = w->packed_ends;
    }
}

/* Rows first, first + 1, … modulo their number. */
static void pack_from(world *w, int32_t first, int32_t n_rows)
{
    int32_t order[64];
    assert_true(n_rows <= 64);
    for (int32_t r = 0; r < n_rows; r++)
        order[r] = (first + r) % w->rows;
    pack(w, order, n_rows);
}

static void world_open(world *w, const fixture *f, const char *device, double dropout)
{
    memset(w, 0, sizeof(*w));
    w->fixture = f;
    w->batch = open_case(w, "batch.safetensors");
    w->expected = open_case(w, "expected.safetensors");
    read_batch(w);
    assert_ok(hone_device_open(&w->device, &(hone_device_options){.name = device, .n_threads = 2}));
    hone_model_options options = HONE_MODEL_OPTIONS_INIT;
    options.device = w->device;
    options.for_training = true;
    options.dropout = dropout;
    assert_ok(hone_model_from_pretrained(&w->model, HONE_TASK_NONE, test_fixture(f->folder), &options));
    assert_int_equal(hone_model_task(w->model), f->task);
    assert_ok(hone_tape_new(&w->tape, w->device, &(hone_tape_options){.recording = true, .training = true, .seed = 3}));
    pack_from(w, 0, w->rows);
}

static void world_close(world *w)
{
    void *const arrays[] = {w->ids,        w->mask,         w->types,         w->labels,        w->starts,      w->ends,    w->cu_seqlens,
                            w->packed_ids, w->packed_types, w->packed_labels, w->packed_starts, w->packed_ends, w->ordinals};
    hone_tape_free(w->tape);
    hone_model_free(w->model);
    hone_device_free(w->device);
    hone__safetensors_close(w->batch);
    hone__safetensors_close(w->expected);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        hone__free(arrays[i]);
}

/* Largest difference as a part of the expected values' largest. */
static void compare(const char *name, const float *got, const float *expected, size_t n, double tolerance)
{
    double worst = 0.0, scale = 1e-30;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)expected[i]);
        worst = difference > worst || difference != difference ? difference : worst;
        scale = fabs((double)expected[i]) > scale ? fabs((double)expected[i]) : scale;
    }
    if (!(worst <= tolerance * scale))
        fail_msg("%s: differs by %g of %g (tolerance %g)", name, worst, scale, tolerance);
}

static float *read_tensor(const hone_tensor *x, size_t *n)
{
    float *out;
    assert_non_null(x);
    *n = hone_tensor_count(x);
    assert_ok(HONE_ALLOC(&out, *n + 1));
    assert_ok(hone_tensor_read(x, out, *n));
    return out;
}

/* x (N, C) of the packed batch against (rows, width, C) of the file, at real tokens; `labelled`: x has only those. */
static void compare_tokens(world *w, const char *name, const hone_tensor *x, bool labelled)
{
    size_t n, k = 0, n_got, c = (size_t)hone_tensor_dim(x, 1);
    float *expected = read_floats(w->expected, name, &n), *got = read_tensor(x, &n_got), *packed;
    assert_int_equal(n, (size_t)(w->rows * w->width) * c);
    assert_ok(HONE_ALLOC(&packed, n));
    for (int32_t i = 0; i < w->rows * w->width; i++)
        if (w->mask[i] && (!labelled || w->labels[i] >= 0))
            memcpy(packed + k++ * c, expected + (size_t)i * c, c * sizeof(float));
    assert_int_equal(k * c, n_got);
    compare(name, got, packed, n_got, 1e-5);
    hone__free(expected);
    hone__free(got);
    hone__free(packed);
}

static void compare_rows(world *w, const char *name, const hone_tensor *x)
{
    size_t n, n_got;
    float *expected = read_floats(w->expected, name, &n), *got = read_tensor(x, &n_got);
    assert_int_equal(n, n_got);
    compare(name, got, expected, n, 1e-5);
    hone__free(expected);
    hone__free(got);
}

static void compare_loss(world *w, const hone_tensor *loss)
{
    size_t n;
    double got;
    float *expected = read_floats(w->expected, "loss", &n);
    assert_ok(hone_tensor_item(loss, &got));
    compare("loss", &(float){(float)got}, expected, 1, 1e-5);
    hone__free(expected);
}

/* Column of (N, 2) against (rows, width). */
static void compare_column(world *w, const char *name, const hone_tensor *x, size_t column)
{
    size_t n, k = 0, n_got;
    float *expected = read_floats(w->expected, name, &n), *got = read_tensor(x, &n_got);
    assert_int_equal(n, w->rows * w->width);
    for (size_t i = 0; i < n; i++) {
        if (!w->mask[i])
            continue;
        got[k] = got[2 * k + column];
        expected[k++] = expected[i];
    }
    assert_int_equal(2 * k, n_got);
    compare(name, got, expected, k, 1e-5);
    hone__free(expected);
    hone__free(got);
}

static void compare_all_masked(world *w, hone_output *out)
{
    int32_t *all;
    assert_ok(HONE_ALLOC(&all, (size_t)w->packed.n_tokens));
    for (int32_t i = 0; i < w->packed.n_tokens; i++)
        all[i] = i;
    hone_tensor *logits = hone_lm_logits(w->tape, out, all, (size_t)w->packed.n_tokens);
    assert_ok(hone_tape_status(w->tape));
    compare_tokens(w, "logits", logits, false);
    hone__free(all);
}

static void compare_logits(world *w, hone_output *out)
{
    switch (w->fixture->task) {
    case HONE_TOKEN_CLASSIFICATION:
        compare_tokens(w, "logits", out->logits, w->packed.labels != NULL);
        break;
    case HONE_QUESTION_ANSWERING:
        compare_column(w, "start_logits", out->logits, 0);
        compare_column(w, "end_logits", out->logits, 1);
        break;
    case HONE_MASKED_LM:
        assert_null(out->logits);
        compare_all_masked(w, out);
        break;
    default:
        compare_rows(w, "logits", out->logits);
    }
}

#endif
