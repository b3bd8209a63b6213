/* NEFTune (Jain et al. 2023): while training, uniform noise on the embeddings of the words, y = x + u, u in (-m, m), m = alpha / sqrt(T C) for a row of T tokens with C
 * channels. transformers' hook takes T from the padded batch; here it is the row's own length, so that neither the batch nor its padding enters. u is drawn from counters
 * (engine.md, 4): the same row of the run gets the same noise however batches are cut. The host draws it, as many floats as x has.
 *
 *     dx = dy */
#include "base/rng.h"
#include "nn/op.h"
#include <hone/ops.h>

#include <math.h>

/* A counter gives the noise of four channels of a token. */
static void draw(float *out, const hone_rows *rows, int64_t token, int64_t channels, float alpha, uint64_t key)
{
    int32_t r = rows->row[token];
    double length = (double)(hone__rows_end(rows, r) - rows->start[r]);
    float most = (float)((double)alpha / sqrt(length * (double)channels));
    for (int64_t c = 0; c < channels; c += 4) {
        uint32_t words[4];
        const uint32_t counter[4] = {(uint32_t)(c / 4), (uint32_t)rows->pos[token], (uint32_t)rows->key[r], (uint32_t)(rows->key[r] >> 32)};
        hone__philox4x32(words, counter, key);
        for (int64_t k = 0; k < 4 && c + k < channels; k++)
            out[c + k] = most * (2.0f * (float)hone__uniform_open(words[k]) - 1.0f);
    }
}

static hone_status make_noise(hone_tape *t, hone_tensor **out, const hone_tensor *x, float alpha, uint32_t site)
{
    const hone_rows *rows = x->rows;
    int64_t n = x->dim[0], channels = x->dim[1], tokens = rows ? rows->start[rows->n_rows] : 0;
    float *noise = NULL;
    const void *data;
    if (t->dtype != HONE_DTYPE_F32 || !rows)
        return hone__hint(hone__fail(HONE_UNSUPPORTED, "--neftune_noise_alpha: noise is there for embeddings in fp32 alone"),
                          "leave it out");
    HONE_TRY(hone__op_attr(t, (void **)&noise, (size_t)(n * channels) * sizeof(*noise)));
#pragma omp parallel for schedule(static) num_threads(t->backend->n_threads)
    for (int64_t i = 0; i < tokens; i++)
        draw(noise + i * channels, rows, i, channels, alpha, hone__site_key(t->seed, site));
    HONE_TRY(hone__place(t, &data, noise, (size_t)(n * channels) * sizeof(*noise)));
    HONE_TRY(hone__op_header(t, out, (void *)(uintptr_t)data, HONE_DTYPE_F32, 2, x->dim, rows));
    hone__slot_of(*out)->lent = true;
    return HONE_OK;
}

hone_tensor *hone__noise(hone_tape *t, hone_tensor *x, float alpha, uint32_t site)
{
    hone_tensor *noise = NULL;
    if (!x || !t->training || !(alpha > 0.0f))
        return x;
    hone_status status = make_noise(t, &noise, x, alpha, site);
    return status == HONE_OK ? hone_add(t, x, noise) : hone__tape_fail(t, status, "%s", hone_error_message());
}
