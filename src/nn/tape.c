/* The tape: its life, its error, its memory. Records are made in record.c and walked in backward.c.
 *
 * The tape is the context of a computation; recording is a flag of it. The first error is kept with its message until reset, since other calls of the thread may
 * overwrite the thread's. */
#include "nn/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void start_pools(hone_tape *t, hone_backend *b)
{
    t->saved.backend = t->scratch.backend = t->grads.backend = b;
}

/* Low-precision activations want parameters with a copy in that dtype, which params.h does not have. */
static hone_status check_options(const hone_device *device, const hone_tape_options *o)
{
    const hone_backend *b = device->backend;
    if ((o->dtype != HONE_DTYPE_F32 && o->dtype != HONE_DTYPE_F64) || !b->ops->supports(b, o->dtype)) {
        hone__fail(HONE_UNSUPPORTED, "tape: activations in %s on the device %s", hone_dtype_name(o->dtype), b->ops->name);
        return hone__hint(HONE_UNSUPPORTED, "use F32 (or F64 on the device ref)");
    }
    if (o->products != HONE_DTYPE_F32 && o->dtype != HONE_DTYPE_F32)
        return hone__fail(HONE_UNSUPPORTED, "tape: products in %s are for activations in F32", hone_dtype_name(o->products));
    return device->backend->ops->prepare_products(device->backend, o->products);
}

hone_status hone_tape_new(hone_tape **out, hone_device *device, const hone_tape_options *options)
{
    static const hone_tape_options defaults = {.recording = true};
    hone_tape *t = NULL;
    hone_status status;
    *out = NULL;
    if (!device)
        return hone__fail(HONE_INVALID_ARGUMENT, "tape: the device is NULL");
    if (!options)
        options = &defaults;
    HONE_TRY(check_options(device, options));
    HONE_GO(HONE_NEW(&t, 1));
    t->device = device;
    t->backend = device->backend;
    t->recording = options->recording;
    t->training = options->training;
    t->seed = options->seed;
    t->dtype = options->dtype;
    t->products = options->products;
    t->loss_scale = 1.0;
    t->layer = -1;
    t->generation = 1;
    start_pools(t, device->backend);
    HONE_GO(hone__arena_new(&t->host, 0));
    *out = t;
    t = NULL;
done:
    hone_tape_free(t);
    return status;
}

static void free_slots(hone__slots *s)
{
    for (size_t i = 0; i < s->n_chunks; i++)
        hone__free(s->chunks[i]);
    hone__free(s->chunks);
}

/* Parameters outlive the tape: what it counted in them goes with it. */
static void forget_uses(hone_tape *t)
{
    for (size_t i = 0; i < t->n_used; i++)
        hone__param_release(t->used[i]);
    t->n_used = 0;
}

void hone_tape_free(hone_tape *t)
{
    if (!t)
        return;
    forget_uses(t);
    hone__pool_dispose(&t->saved);
    hone__pool_dispose(&t->scratch);
    hone__pool_dispose(&t->grads);
    free_slots(&t->slots[0]);
    free_slots(&t->slots[1]);
    hone__arena_free(t->host);
    hone__free(t->nodes);
    hone__free(t->free_grads);
    hone__free(t->used);
    hone__free(t);
}

void hone_tape_reset(hone_tape *t)
{
    forget_uses(t);
    hone__pool_reset(&t->saved);
    hone__pool_reset(&t->scratch);
    hone__pool_reset(&t->grads);
    hone__arena_reset(t->host);
    t->n_nodes = t->n_free_grads = 0;
    t->rows = NULL;
    t->generation++;
    t->slots[t->generation & 1].used = 0;
    t->error.status = HONE_OK;
}

void hone_tape_set_recording(hone_tape *t, bool recording)
{
    t->recording = recording;
}

void hone_tape_set_training(hone_tape *t, bool training)
{
    t->training = training;
}

void hone_tape_set_seed(hone_tape *t, uint64_t seed)
{
    t->seed = seed;
}

void hone_tape_set_loss_scale(hone_tape *t, double scale)
{
    t->loss_scale = scale;
}

hone_status hone__tape_set_products(hone_tape *t, hone_dtype products)
{
    HONE_TRY(t->backend->ops->prepare_products(t->backend, products));
    t->products = products;
    return HONE_OK;
}

void hone__tape_set_recompute(hone_tape *t, bool on)
{
    t->recompute = on;
}

void hone__tape_set_poison(hone_tape *t, bool on)
{
    t->poison = on;
}

void hone__tape_set_grad_hook(hone_tape *t, hone_grad_hook hook, void *payload)
{
    t->hook = hook;
    t->hook_payload = payload;
}

hone_status hone_tape_status(const hone_tape *t)
{
    return t->error.status == HONE_OK ? HONE_OK : hone__error_restore(&t->error);
}

hone_backend *hone__tape_backend(hone_tape *t)
{
    return t->backend;
}

/* Keeps the thread's present message as the tape's error when it is the first. */
static void keep_error(hone_tape *t, hone_status status)
{
    if (t->error.status == HONE_OK)
        hone__error_save(&t->error, status);
}

hone_tensor *hone__tape_fail(hone_tape *t, hone_status status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    hone__fail(status, "%s", text);
    keep_error(t, status);
    return NULL;
}

void *hone__tape_alloc(hone_tape *t, size_t bytes)
{
    void *memory = t->error.status == HONE_OK ? hone__arena_alloc(t->host, bytes) : NULL;
    if (!memory)
        keep_error(t, HONE_OUT_OF_MEMORY);
    return memory;
}

void *hone__tape_scratch(hone_tape *t, size_t bytes)
{
    void *memory = NULL;
    hone_status status = t->error.status == HONE_OK ? hone__pool_alloc(&t->scratch, &memory, bytes) : t->error.status;
    if (status != HONE_OK)
        keep_error(t, status);
    return memory;
}

hone_tensor *hone__tape_tensor(hone_tape *t, hone_dtype dtype, int n_dims, const int64_t *dims, const hone_rows *rows)
{
    hone_tensor *x = NULL;
    if (t->error.status != HONE_OK)
        return NULL;
    hone_status status = hone__op_output(t, &x, dtype, n_dims, dims, rows);
    if (status != HONE_OK)
        keep_error(t, status);
    return x;
}

size_t hone_tape_bytes(const hone_tape *t)
{
    return t->saved.used + t->scratch.used + t->grads.used + hone__arena_used(t->host);
}

/* The pools and the arena each keep what they needed at their fullest, so the sum of their peaks is what the tape costs. */
size_t hone_tape_bytes_peak(const hone_tape *t)
{
    return t->saved.peak + t->scratch.peak + t->grads.peak + hone__arena_peak(t->host);
}

void hone__tape_needs_of(hone__tape_needs *out, const hone_tape *t)
{
    *out = (hone__tape_needs){t->saved.peak, t->scratch.peak, t->grads.peak};
}

hone_status hone__tape_reserve(hone_tape *t, const hone__tape_needs *needs)
{
    hone_tape_reset(t);
    HONE_TRY(hone__pool_reserve(&t->saved, needs->saved));
    HONE_TRY(hone__pool_reserve(&t->scratch, needs->scratch));
    return hone__pool_reserve(&t->grads, needs->grads);
}

void hone__tape_trim(hone_tape *t)
{
    hone_tape_reset(t);
    hone__pool_dispose(&t->saved);
    hone__pool_dispose(&t->scratch);
    hone__pool_dispose(&t->grads);
}
