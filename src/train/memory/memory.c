/* Whether a run fits into memory, settled before anything large is allocated: the forecast (forecast.c) beside the machine's memory, the limit of a control group and those of the process (ulimit -v, -d).
 *
 * What does not fit is refused with what would: a smaller batch with more accumulation, recomputation. Under auto_find_batch_size batches are cut into parts instead (parts.c). The reference
 * (accelerate's find_executable_batch_size) lets the allocation fail, starts the run anew with nine tenths of the rows, and so with other updates; here the updates stay what they were. */
#include "train/trainer.h"
#include "nn/table.h"
#include "train/memory/memory.h"

#include <string.h>

/* What the kernel and other programs need of the machine's memory. */
static size_t usable(const hone_limit *limit)
{
    return limit->bytes == SIZE_MAX ? SIZE_MAX : limit->bytes - limit->bytes / 50;
}

static hone_limit resident_limit(const hone_trainer *t)
{
    hone_limit limit = {SIZE_MAX, "--memory_limit"};
    const char *text = t->args.memory_limit;
    if (!text || strcmp(text, "auto") == 0)
        return hone__memory_limit();
    if (strcmp(text, "none") != 0)
        hone__parse_size(&limit.bytes, text); /* checked with the other options */
    return limit;
}

/* The limit that a forecast is beyond, and what it would hold there; false: it fits. */
static bool exceeds(const hone_trainer *t, const hone_memory_forecast *f, hone_limit *limit, size_t *needs)
{
    const hone_limit of_process[] = {hone__address_space_limit(), hone__data_limit()};
    const size_t taken[] = {hone__address_space_now(), hone__data_now()};
    hone_mem_stats stats;
    hone__mem_stats(&stats);
    *limit = resident_limit(t);
    *needs = f->resident;
    if (*needs > usable(limit))
        return true;
    if (t->args.memory_limit && strcmp(t->args.memory_limit, "none") == 0)
        return false;
    for (int i = 0; i < 2; i++) {
        *limit = of_process[i];
        *needs = taken[i] + (f->own > stats.bytes_now ? f->own - (size_t)stats.bytes_now : 0) + f->addresses;
        if (limit->bytes != SIZE_MAX && *needs > limit->bytes)
            return true;
    }
    return false;
}

static void note_limit(hone_memory_forecast *f, const hone_trainer *t)
{
    hone_limit limit = resident_limit(t);
    f->limit = limit.bytes;
    f->limit_name = limit.what;
}

typedef struct search {
    hone_trainer *t;
    hone_forecast_case which;
    hone_memory_forecast found; /* of the last case that fits */
} search;

/* Whether a case fits; false also when it cannot be forecast. */
static bool fits(search *s, const hone_forecast_case *which)
{
    hone_memory_forecast f;
    hone_limit limit;
    size_t needs;
    if (hone__forecast(&f, NULL, s->t, which) != HONE_OK || exceeds(s->t, &f, &limit, &needs))
        return false;
    s->found = f;
    s->which = *which;
    return true;
}

/* The largest number of rows, or of a part's tokens, from `least` to `most` with which the run fits; 0: none. */
static int64_t largest(search *s, hone_forecast_case which, bool rows, int64_t least, int64_t most)
{
    int64_t fit = 0;
    while (least <= most) {
        int64_t n = least + (most - least) / 2;
        *(rows ? &which.batch_size : &which.part_tokens) = n;
        if (fits(s, &which)) {
            fit = n;
            least = n + 1;
        } else {
            most = n - 1;
        }
    }
    return fit;
}

static double giga(size_t bytes)
{
    return (double)bytes / 1e9;
}

/* A batch size of at most `rows`, which fit, and an accumulation that keeps the rows of an update. */
static void put_smaller_batch(hone_str *text, search *s, int64_t rows, bool recompute)
{
    int64_t total = s->t->args.per_device_train_batch_size * s->t->args.gradient_accumulation_steps;
    while (total % rows)
        rows--;
    fits(s, &(hone_forecast_case){.batch_size = rows, .recompute = recompute}); /* for what it takes */
    hone__str_printf(text, "%s%s--per_device_train_batch_size %lld --gradient_accumulation_steps %lld (%.2f GB, the same updates)",
                     text->len ? "; or " : "give ", recompute ? "--gradient_checkpointing with " : "", (long long)rows,
                     (long long)(total / rows), giga(s->found.resident));
}

static void put_remedies(hone_str *text, search *s)
{
    const hone_training_args *a = &s->t->args;
    hone_forecast_case again = {.recompute = true}, plain = {.recompute = a->gradient_checkpointing};
    int64_t rows = largest(s, plain, true, 1, a->per_device_train_batch_size - 1);
    if (rows)
        put_smaller_batch(text, s, rows, plain.recompute);
    if (!a->gradient_checkpointing && fits(s, &again))
        hone__str_printf(text, "%s--gradient_checkpointing (%.2f GB, up to a third more time)", text->len ? "; or " : "give ",
                         giga(s->found.resident));
    else if (!rows && !a->gradient_checkpointing && (rows = largest(s, again, true, 1, a->per_device_train_batch_size - 1)))
        put_smaller_batch(text, s, rows, true);
    if (text->len && !a->auto_find_batch_size)
        hone__str_puts(text, "; or --auto_find_batch_size, which cuts batches into parts");
    if (!text->len)
        hone__str_puts(text, "not even one row at a time fits: take a smaller model, or shorter rows (--max_seq_length, --block_size)");
    hone__str_puts(text, "; --memory_limit none goes on all the same");
}

static hone_status refuse(hone_trainer *t, const hone_memory_forecast *f, const hone_limit *limit, size_t needs)
{
    hone_str text = HONE_STR_INIT;
    search s = {.t = t};
    put_remedies(&text, &s);
    hone_status status = hone__fail(
        HONE_OUT_OF_MEMORY,
        "out of memory: this training would take %.2f GB, %s is %.2f GB: the largest batch is %lld tokens in %lld rows, up to %d each",
        giga(needs), limit->what, giga(limit->bytes), (long long)f->tokens, (long long)f->rows, (int)f->longest);
    status = hone__hint(status, "%s", text.data ? text.data : "give a smaller --per_device_train_batch_size");
    hone__str_dispose(&text);
    return status;
}

/* The largest parts with which the run fits. */
static bool cut_batches(hone_trainer *t, const hone_memory_forecast *f)
{
    search s = {.t = t};
    hone_forecast_case which = {.recompute = t->args.gradient_checkpointing};
    int64_t tokens = largest(&s, which, false, f->longest, f->tokens - 1);
    if (!tokens || hone__forecast(&t->forecast, &t->forecast_details, t, &s.which) != HONE_OK)
        return false;
    t->part_tokens = tokens;
    note_limit(&t->forecast, t);
    hone__log(HONE_LOG_INFO,
              "--auto_find_batch_size: batches of more than %lld tokens are computed in parts (%.2f GB instead of %.2f); the updates are "
              "those of the whole batches",
              (long long)tokens, giga(t->forecast.resident), giga(f->resident));
    return true;
}

static void tell(const hone_memory_forecast *f)
{
    hone__log(HONE_LOG_INFO, "memory: %.1f MB forecast, %.1f MB of them hone's own (activations of %lld tokens %.1f MB)",
              (double)f->resident / 1e6, (double)f->own / 1e6, (long long)f->tokens,
              (double)(f->activations + f->activation_gradients) / 1e6);
}

static hone_status forecast_run(hone_trainer *t)
{
    hone_forecast_case which = {.recompute = t->args.gradient_checkpointing};
    HONE_TRY(hone__forecast(&t->forecast, &t->forecast_details, t, &which));
    note_limit(&t->forecast, t);
    return HONE_OK;
}

/* What is forecast fits, or is made to, or refused. */
static hone_status settle(hone_trainer *t)
{
    hone_memory_forecast whole = t->forecast;
    hone_limit limit;
    size_t needs;
    if (exceeds(t, &whole, &limit, &needs) && !(t->args.auto_find_batch_size && cut_batches(t, &whole))) {
        t->forecast = whole;
        return refuse(t, &whole, &limit, needs);
    }
    t->settled = true;
    tell(&t->forecast);
    return HONE_OK;
}

hone_status hone__trainer_settle_memory(hone_trainer *t)
{
    if (t->settled)
        return HONE_OK;
    hone_status status = forecast_run(t);
    if (status == HONE_OK)
        return settle(t);
    if (status == HONE_OUT_OF_MEMORY)
        return status;
    t->settled = true;
    hone__log(HONE_LOG_DEBUG, "memory: no forecast (%s)", hone_error_message());
    t->forecast = (hone_memory_forecast){0};
    return HONE_OK;
}

hone_status hone__trainer_forecast_settled(hone_memory_forecast *out, hone_trainer *t)
{
    hone_status status = forecast_run(t);
    if (status == HONE_OK)
        status = settle(t);
    *out = t->forecast;
    return status;
}

hone_status hone_trainer_forecast(hone_memory_forecast *out, hone_trainer *t)
{
    hone_forecast_case which = {.recompute = t->args.gradient_checkpointing};
    *out = (hone_memory_forecast){0};
    if (!t->options.train_dataset)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no training whose memory could be forecast");
    HONE_TRY(hone__forecast(out, NULL, t, &which));
    note_limit(out, t);
    return HONE_OK;
}

hone_status hone__trainer_reserve_memory(hone_trainer *t)
{
    const hone_params *p = hone__model_params(t->model);
    if (t->forecast.own == 0)
        return HONE_OK;
    for (size_t i = 0; i < p->n_items; i++)
        if (p->items[i]->table)
            HONE_TRY(hone__table_reserve(p->items[i]->table, t->forecast_details.slots));
    return hone__tape_reserve(t->tape, &t->forecast_details.needs);
}

bool hone__trainer_shrink(hone_trainer *t, const hone_batch *batch)
{
    int64_t now = hone__largest_part(batch, t->part_tokens), half = now / 2;
    if (!t->args.auto_find_batch_size || hone__largest_part(batch, half) >= now)
        return false;
    hone__tape_trim(t->tape);
    t->part_tokens = half;
    hone__log(HONE_LOG_WARNING, "out of memory in step %lld: it is computed again, in parts of at most %lld tokens",
              (long long)t->state.global_step + 1, (long long)half);
    return true;
}

void hone__trainer_tell_peak(const hone_trainer *t)
{
    hone_mem_stats own;
    char forecast[80] = "";
    hone__mem_stats(&own);
    if (t->forecast.own)
        snprintf(forecast, sizeof(forecast), " (forecast: %.1f, %.1f)", (double)t->forecast.resident / 1e6, (double)t->forecast.own / 1e6);
    hone__log(HONE_LOG_INFO, "memory: the process held %.1f MB at most, hone itself %.1f MB%s", (double)hone__rss_peak() / 1e6,
              (double)own.bytes_peak / 1e6, forecast);
}
