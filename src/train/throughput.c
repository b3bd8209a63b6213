/* How fast a run is: rows, tokens and arithmetic of its training steps, the padding that packed batches do without, and how near it comes to the machine's peak. The table of these at the end of a run.
 *
 * Arithmetic is the model's, counted as in the field (Kaplan et al. 2020, appendix B; "model FLOPs utilisation" of PaLM, Chowdhery et al. 2022): 6 a weight of a matrix product and token that it meets, forward and
 * backward, embeddings not; 12 T^2 C a row of T tokens and layer for attention, half of it in causal models; 6 V C a predicted token for a vocabulary head. What is computed a second time (gradient checkpointing) does
 * not count. The peak is that of a product of two 1024 x 1024 matrices with the run's device and threads, the best of a few measured after the last step. */
#include "models/model.h"
#include "nn/profile.h"
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

#define MEASURE_AFTER 5.0 /* seconds in steps: the product takes 1 % of that or less */

static bool is_of_items(const char *name)
{
    return strstr(name, "pooler") || strstr(name, "classifier") || strstr(name, "score.") || strstr(name, "predictions.transform");
}

static bool is_embedding(const char *name)
{
    return strstr(name, "wte.weight") || strstr(name, "wpe.weight") || strstr(name, "_embeddings.weight");
}

double hone__flos_per_token(const hone_model *model)
{
    const hone_params *params = hone__model_params(model);
    double n = 0;
    for (size_t i = 0; i < params->n_items; i++)
        n += is_embedding(params->items[i]->name) ? 0 : (double)params->items[i]->count;
    return 6 * n;
}

void hone__throughput_begin(hone_trainer *t)
{
    hone_throughput *p = &t->throughput;
    const hone_params *params = hone__model_params(t->model);
    hone_task_kind task = hone_model_task(t->model);
    *p = (hone_throughput){0};
    for (size_t i = 0; i < params->n_items; i++) {
        const hone_param *param = params->items[i];
        if (param->tensor.n_dims < 2 || is_embedding(param->name) || strstr(param->name, "lm_head") || strstr(param->name, "decoder"))
            continue;
        *(is_of_items(param->name) ? &p->weights_of_items : &p->weights_of_tokens) += (double)param->count;
    }
    if (task == HONE_CAUSAL_LM || task == HONE_MASKED_LM)
        p->weights_of_items += (double)hone_model_vocab_size(t->model) * (double)hone_model_hidden_size(t->model);
    p->attention = (task == HONE_CAUSAL_LM || strcmp(hone_model_type(t->model), "gpt2") == 0 ? 6.0 : 12.0) *
                   (double)hone_model_hidden_size(t->model) * hone_model_n_layers(t->model);
}

void hone__throughput_add(hone_trainer *t, const hone_batch *batch)
{
    hone_throughput *p = &t->throughput;
    double squares = 0;
    for (int32_t i = 0; i < batch->n_rows; i++) {
        double length = batch->cu_seqlens[i + 1] - batch->cu_seqlens[i];
        squares += length * length;
    }
    p->rows += batch->n_rows;
    p->tokens += batch->n_tokens;
    p->padded += (double)batch->n_rows * batch->longest;
    p->flops += 6 * (p->weights_of_tokens * batch->n_tokens + p->weights_of_items * (double)hone_model_count_items(t->model, batch)) +
                p->attention * squares;
}

/* ---- what people read ---- */

static void put_time(char *out, size_t size, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (seconds < 60)
        snprintf(out, size, "%.1f s", seconds);
    else if (s < 3600)
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void put_rate(char *out, size_t size, double rate)
{
    snprintf(out, size, rate < 10 ? "%.2f" : rate < 100 ? "%.1f" : "%.0f", rate);
}

static void tell_speed(const hone_throughput *p, double steps)
{
    char a[32], b[32], c[32];
    put_rate(a, sizeof(a), steps / p->seconds);
    put_rate(b, sizeof(b), p->rows / p->seconds);
    put_rate(c, sizeof(c), p->tokens / p->seconds);
    hone__log(HONE_LOG_INFO, "  speed       %s updates/s, %s rows/s, %s tokens/s", a, b, c);
    if (p->padded > 0)
        hone__log(HONE_LOG_INFO, "  padding     %.1f %% of what padded batches compute was never there", 100 * (1 - p->tokens / p->padded));
}

/* The measurement takes three matrices: not more than the tape did that was given back, so that a run stays within its forecast. */
static bool has_room_to_measure(const hone_trainer *t)
{
    const hone__tape_needs *tape = &t->forecast_details.needs;
    return t->forecast.own == 0 || tape->saved + tape->scratch + tape->grads >= HONE__PEAK_BYTES;
}

static hone_status tell_arithmetic(const hone_trainer *t)
{
    const hone_throughput *p = &t->throughput;
    double peak = 0, rate = p->flops / p->seconds;
    if (p->seconds >= MEASURE_AFTER && has_room_to_measure(t))
        HONE_TRY(hone__measure_peak(&peak, hone__model_params(t->model)->backend));
    if (peak > 0)
        hone__log(HONE_LOG_INFO,
                  "  arithmetic  %.1f GFLOP/s of the model's, %.0f %% of what a product of 1024 x 1024 matrices does here (%.0f)",
                  1e-9 * rate, 100 * rate / peak, 1e-9 * peak);
    else
        hone__log(HONE_LOG_INFO, "  arithmetic  %.1f GFLOP/s of the model's", 1e-9 * rate);
    return HONE_OK;
}

hone_status hone__throughput_tell(const hone_trainer *t)
{
    const hone_throughput *p = &t->throughput;
    int64_t steps = t->state.global_step - t->started_step;
    char in_steps[32];
    put_time(in_steps, sizeof(in_steps), p->seconds);
    hone__log(HONE_LOG_INFO, "  updates     %lld in %s, the rest was evaluation and files", (long long)steps, in_steps);
    if (p->seconds > 0 && steps > 0) {
        tell_speed(p, (double)steps);
        HONE_TRY(tell_arithmetic(t));
    }
    if (t->state.n_nonfinite_steps > 0)
        hone__log(HONE_LOG_WARNING, "  not finite  %lld of %lld updates, which changed nothing", (long long)t->state.n_nonfinite_steps,
                  (long long)t->state.global_step);
    return HONE_OK;
}
