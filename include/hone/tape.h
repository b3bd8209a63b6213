/* The tape: records operations in order and walks them backwards (reverse-mode differentiation). It is also the context of a computation: backend, arena,
 * seed, and the first error. One tape belongs to one thread at a time.
 *
 *     hone_tensor *y = hone_op(t, x, ...);       an op whose input is NULL returns NULL: errors travel
 *     HONE_CHECK(hone_tape_backward(t, loss));   gives the first error of all ops before it
 *     hone_tape_reset(t);                        every tensor of the tape is gone, the memory stays for the next step
 */
#ifndef HONE_TAPE_H
#define HONE_TAPE_H

#include <hone/batch.h>
#include <hone/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_tape hone_tape;
typedef struct hone_device hone_device; /* where computation runs: a backend and its threads */

typedef struct hone_device_options {
    /* "auto" (NULL), "cpu"; "ref" (plain loops in double, slow) and "dry" (computes nothing, forecasts memory) are for tests and tools */
    const char *name;
    int n_threads; /* 0: all cores */
} hone_device_options;
#define HONE_DEVICE_OPTIONS_INIT \
    {                            \
        NULL, 0                  \
    }

/* options NULL: the defaults. HONE_UNSUPPORTED names the devices there are. Free after all models and tapes on it. */
HONE_API hone_status hone_device_open(hone_device **out, const hone_device_options *options);
/* Frees; NULL is legal. */
HONE_API void hone_device_free(hone_device *device);
/* "cpu". Lent. */
HONE_API const char *hone_device_name(const hone_device *device);
/* For people: "cpu, AVX-512, 2 threads". Lent. */
HONE_API const char *hone_device_describe(const hone_device *device);

typedef struct hone_tape_options {
    bool recording;   /* false: inference, nothing is kept for a backward pass */
    bool training;    /* dropout is on */
    uint64_t seed;    /* of dropout */
    hone_dtype dtype; /* of activations: HONE_DTYPE_F32 (0); HONE_DTYPE_F64 on the device "ref"; others are HONE_UNSUPPORTED */
    /* Of the factors of matrix products: F32 (0), or BF16, which rounds both to bfloat16 and adds in F32; everything else stays F32. HONE_UNSUPPORTED, with what would help,
     * where the device cannot do it faster. Tapes that run on one device at the same time must ask for the same, and for F32. */
    hone_dtype products;
} hone_tape_options;

/* A tape on device, which outlives it. options NULL: recording, without dropout. One thread at a time. */
HONE_API hone_status hone_tape_new(hone_tape **out, hone_device *device, const hone_tape_options *options);
/* Frees the tape and its tensors; NULL is legal. */
HONE_API void hone_tape_free(hone_tape *t);
/* Forgets records and tensors, clears the error; keeps the memory. */
HONE_API void hone_tape_reset(hone_tape *t);
/* Whether ops from now on are kept for a backward pass. */
HONE_API void hone_tape_set_recording(hone_tape *t, bool recording);
/* Whether there is dropout from now on. */
HONE_API void hone_tape_set_training(hone_tape *t, bool training);
/* The seed of dropout from now on. */
HONE_API void hone_tape_set_seed(hone_tape *t, uint64_t seed);
/* The factor that the next backward (and losses that form their gradient in the forward pass) multiply gradients by; 1 by default, kept until changed. */
HONE_API void hone_tape_set_loss_scale(hone_tape *t, double scale);

/* The first failure since the last reset, HONE_OK if none; leaves its message as the thread's. */
HONE_API hone_status hone_tape_status(const hone_tape *t);

/* Adds the gradients of `loss` (one element) to the parameters it was computed from. A parameter without a gradient yet is written, not added to.
 * May run more than once before the reset; not for a loss that formed its gradients in the forward pass (hone_next_token_loss). After a failure the
 * gradients are incomplete, the parameters as they were. */
HONE_API hone_status hone_tape_backward(hone_tape *t, hone_tensor *loss);
/* Asks for the gradient of a tensor of this tape, before backward. For a constant (hone_tape_floats) before the first op that uses it: it is differentiated by from then
 * on, and its gradients add up over several calls of backward; those of results are the last call's. */
HONE_API void hone_tape_retain_grad(hone_tape *t, hone_tensor *x);
/* The gradient of such a tensor after backward, for looking; NULL for one that hone_tape_retain_grad was not called on. Lent until the reset. */
HONE_API const hone_tensor *hone_tape_grad(hone_tape *t, const hone_tensor *x);

/* Bytes of the tape's arena in use. */
HONE_API size_t hone_tape_bytes(const hone_tape *t);
/* The most that were in use since the tape was made. */
HONE_API size_t hone_tape_bytes_peak(const hone_tape *t);

/* (N) I32: a batch's input_ids as a tensor of the tape; lent, so the batch must live until the reset. */
HONE_API hone_tensor *hone_tape_ids(hone_tape *t, const hone_batch *batch);
/* (N) I32: its labels in the same way; NULL with an error when it has none. */
HONE_API hone_tensor *hone_tape_labels(hone_tape *t, const hone_batch *batch);
/* A user's numbers as a constant of the tape (copied). Shape of n_dims entries. */
HONE_API hone_tensor *hone_tape_floats(hone_tape *t, const float *data, int n_dims, const int64_t *shape);
/* The same for whole numbers: I32. */
HONE_API hone_tensor *hone_tape_ints(hone_tape *t, const int32_t *data, int n_dims, const int64_t *shape);

#ifdef __cplusplus
}
#endif
#endif
