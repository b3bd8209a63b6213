/* The loader: the order of an epoch, cut into batches, each packed into arrays that are used again.
 *
 * Must match: torch's randperm under accelerate's SeedableRandomSampler (seed + epoch), and for several processes accelerate's BatchSamplerShard without split
 * batches (data_loader.py:110): batch i goes to rank i mod n_ranks; what lacks to a whole round is filled with the epoch's first samples. */
#include <hone/loader.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/spans.h"
#include "data/loader.h"

#include <string.h>

/* The arrays of a packed batch, grown as needed and never shrunk. */
typedef struct pack {
    int32_t *input_ids, *token_type_ids, *labels; /* (N) */
    int32_t *cu_seqlens;                          /* (R+1) */
    int32_t *row_labels, *starts, *ends;          /* (R) */
    uint64_t *ordinals;                           /* (R) */
    float *targets;                               /* (R, n_targets) */
    size_t tokens_capacity, targets_capacity;
    bool has_types, has_labels, has_row_labels, has_answers;
    int32_t n_targets;
} pack;

struct hone_loader {
    const hone_examples *examples;
    hone_loader_options options;
    int64_t n;         /* places of an epoch: examples, or what the sampler says */
    int64_t n_batches; /* of an epoch, on this rank */
    int64_t epoch, next_batch;
    int64_t ordered_epoch; /* the epoch that `order` is of, -1: none */
    int64_t *order;        /* (n), NULL when not shuffled */
    char *grouping;        /* scratch of group_by_length */
    pack pack;
    hone_error_state error;
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* Batches of a rank in an epoch of n samples. */
static int64_t count_batches(int64_t n, const hone_loader_options *o)
{
    if (o->drop_last)
        return n / o->batch_size / o->n_ranks;
    return ceil_div(ceil_div(n, o->batch_size), o->n_ranks);
}

static hone_status check_options(const hone_examples *examples, const hone_loader_options *o)
{
    if (o->group_by_length < 0 || o->group_by_length > INT32_MAX / 64)
        return hone__fail(HONE_INVALID_ARGUMENT, "group_by_length: groups of %lld rows", (long long)o->group_by_length);
    if (!examples)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_loader_new: the examples must be given");
    if (o->sampler.n_samples < 0 || (o->sampler.order && hone_examples_count(examples) == 0 && o->sampler.n_samples > 0))
        return hone__fail(HONE_INVALID_ARGUMENT, "a sampler of %lld places of %lld examples", (long long)o->sampler.n_samples,
                          (long long)hone_examples_count(examples));
    if (o->batch_size < 1 || o->batch_size > INT32_MAX / 4)
        return hone__fail(HONE_INVALID_ARGUMENT, "a batch size of %lld: it must be positive", (long long)o->batch_size);
    if (o->n_ranks < 1 || o->rank < 0 || o->rank >= o->n_ranks)
        return hone__fail(HONE_INVALID_ARGUMENT, "rank %d of %d ranks does not exist", o->rank, o->n_ranks);
    return HONE_OK;
}

/* Arrays of a row each: their size is known from the start. */
static hone_status alloc_rows(pack *p, size_t rows)
{
    HONE_TRY(HONE_ALLOC(&p->cu_seqlens, rows + 1));
    HONE_TRY(HONE_ALLOC(&p->row_labels, rows));
    HONE_TRY(HONE_ALLOC(&p->starts, rows));
    HONE_TRY(HONE_ALLOC(&p->ends, rows));
    return HONE_ALLOC(&p->ordinals, rows);
}

hone_status hone_loader_new(hone_loader **out, const hone_examples *examples, const hone_loader_options *options)
{
    static const hone_loader_options defaults = HONE_LOADER_OPTIONS_INIT;
    hone_loader *loader = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    options = options ? options : &defaults;
    HONE_TRY(check_options(examples, options));
    HONE_TRY(HONE_NEW(&loader, 1));
    loader->examples = examples;
    loader->options = *options;
    bool sampled = options->sampler.order != NULL;
    loader->n = sampled && options->sampler.n_samples > 0 ? options->sampler.n_samples : hone_examples_count(examples);
    loader->n_batches = count_batches(loader->n, options);
    loader->ordered_epoch = -1;
    if (options->shuffle || sampled)
        HONE_GO(HONE_ALLOC(&loader->order, (size_t)loader->n));
    if (options->shuffle && !sampled && options->group_by_length > 0)
        HONE_GO(HONE_ALLOC(&loader->grouping, hone__group_lengths_scratch(loader->n, options->group_by_length)));
    int64_t rows = options->n_ranks == 1 && loader->n < options->batch_size ? loader->n : options->batch_size;
    HONE_GO(alloc_rows(&loader->pack, (size_t)rows + 1));
    HONE_GO(hone_loader_start_epoch(loader, 0));
    *out = loader;
    loader = NULL;
done:
    hone_loader_free(loader);
    return status;
}

void hone_loader_free(hone_loader *loader)
{
    if (!loader)
        return;
    pack *p = &loader->pack;
    void *arrays[] = {p->input_ids, p->token_type_ids, p->labels,  p->cu_seqlens, p->row_labels,   p->starts,
                      p->ends,      p->ordinals,       p->targets, loader->order, loader->grouping};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
        hone__free(arrays[i]);
    hone__free(loader);
}

int64_t hone_loader_batches(const hone_loader *loader)
{
    return loader->n_batches;
}

hone_status hone_loader_start_epoch(hone_loader *loader, int64_t epoch)
{
    return hone_loader_start_epoch_at(loader, epoch, 0);
}

hone_status hone_loader_start_epoch_at(hone_loader *loader, int64_t epoch, int64_t first_batch)
{
    if (epoch < 0 || first_batch < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "epoch %lld, batch %lld: neither may be negative", (long long)epoch,
                          (long long)first_batch);
    loader->epoch = epoch;
    loader->next_batch = first_batch;
    loader->error.status = HONE_OK;
    return HONE_OK;
}

/* The example at place k of the epoch; beyond the end the first ones come again. */
static int64_t example_at(const hone_loader *loader, int64_t k)
{
    if (k >= loader->n) {
        int64_t round = loader->options.batch_size * loader->options.n_ranks;
        k = (k - loader->n) % (loader->n < round ? loader->n : round);
    }
    return loader->order ? loader->order[k] : k;
}

static hone_status ask_sampler(hone_loader *loader)
{
    const hone_sampler *s = &loader->options.sampler;
    int64_t count = hone_examples_count(loader->examples);
    HONE_TRY(s->order(s->self, loader->epoch, count, loader->order, loader->n));
    for (int64_t k = 0; k < loader->n; k++)
        if (loader->order[k] < 0 || loader->order[k] >= count)
            return hone__fail(HONE_INVALID_ARGUMENT, "the sampler put example %lld at place %lld of epoch %lld: there are %lld examples",
                              (long long)loader->order[k], (long long)k, (long long)loader->epoch, (long long)count);
    return HONE_OK;
}

static hone_status make_order(hone_loader *loader)
{
    if (!loader->order || loader->ordered_epoch == loader->epoch)
        return HONE_OK;
    loader->ordered_epoch = -1;
    if (loader->options.sampler.order)
        HONE_TRY(ask_sampler(loader));
    else
        hone__randperm(loader->order, loader->n, loader->options.seed + (uint64_t)loader->epoch);
    if (loader->grouping)
        hone__group_lengths(loader->order, loader->n, loader->examples, loader->options.group_by_length, loader->grouping);
    loader->ordered_epoch = loader->epoch;
    return HONE_OK;
}

/* Room for n tokens in each of the three arrays, which have one capacity. */
static hone_status grow_tokens(pack *p, size_t n)
{
    size_t capacity = p->tokens_capacity;
    if (n <= capacity)
        return HONE_OK;
    int32_t **arrays[] = {&p->input_ids, &p->token_type_ids, &p->labels};
    capacity = capacity * 2 > n ? capacity * 2 : n;
    for (int i = 0; i < 3; i++)
        HONE_TRY(HONE_REALLOC(arrays[i], capacity));
    p->tokens_capacity = capacity;
    return HONE_OK;
}

/* What the first row has, every row of the batch must have. */
static hone_status begin_rows(pack *p, const hone_example *e, size_t n_rows)
{
    size_t n_targets = 0;
    p->has_types = e->token_type_ids != NULL;
    p->has_labels = e->labels != NULL;
    p->has_row_labels = e->row_label != HONE_NO_LABEL;
    p->has_answers = e->start_position != HONE_NO_LABEL;
    p->n_targets = e->targets ? e->n_targets : 0;
    if (!hone__mul_size(&n_targets, n_rows, (size_t)p->n_targets))
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: %d targets a row", p->n_targets);
    return HONE_GROW(&p->targets, &p->targets_capacity, n_targets);
}

static hone_status check_row(const pack *p, const hone_example *e, int64_t i)
{
    if (e->n_tokens < 0 || (e->n_tokens > 0 && !e->input_ids))
        return hone__fail(HONE_INVALID_ARGUMENT, "example %lld has no input ids", (long long)i);
    if ((e->labels != NULL) != p->has_labels || (e->targets ? e->n_targets : 0) != p->n_targets ||
        (e->row_label != HONE_NO_LABEL) != p->has_row_labels || (e->start_position != HONE_NO_LABEL) != p->has_answers)
        return hone__fail(HONE_INVALID_ARGUMENT, "example %lld has other kinds of labels than the rest of its batch", (long long)i);
    if (p->cu_seqlens[0] == 0 && e->n_tokens > INT32_MAX / 2)
        return hone__fail(HONE_SHAPE, "example %lld has %d tokens", (long long)i, e->n_tokens);
    return HONE_OK;
}

/* Appends row r. Token types may come and go between rows: those without are 0. */
static hone_status add_row(pack *p, int32_t r, const hone_example *e, uint64_t ordinal)
{
    int32_t start = p->cu_seqlens[r];
    size_t n = (size_t)e->n_tokens, end = (size_t)start + n;
    if (end > INT32_MAX)
        return hone__fail(HONE_SHAPE, "a batch of more than %d tokens: make it smaller", INT32_MAX);
    HONE_TRY(grow_tokens(p, end));
    if (n > 0) {
        memcpy(p->input_ids + start, e->input_ids, n * sizeof(int32_t));
        if (p->has_labels)
            memcpy(p->labels + start, e->labels, n * sizeof(int32_t));
        if (e->token_type_ids)
            memcpy(p->token_type_ids + start, e->token_type_ids, n * sizeof(int32_t));
        else
            memset(p->token_type_ids + start, 0, n * sizeof(int32_t));
    }
    p->has_types = p->has_types || e->token_type_ids;
    if (p->n_targets > 0)
        memcpy(p->targets + (size_t)r * (size_t)p->n_targets, e->targets, (size_t)p->n_targets * sizeof(float));
    p->row_labels[r] = e->row_label;
    p->starts[r] = e->start_position;
    p->ends[r] = e->end_position;
    p->ordinals[r] = ordinal;
    p->cu_seqlens[r + 1] = (int32_t)end;
    return HONE_OK;
}

static void lend(hone_batch *batch, const pack *p, int32_t n_rows)
{
    int32_t longest = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int32_t len = p->cu_seqlens[r + 1] - p->cu_seqlens[r];
        longest = len > longest ? len : longest;
    }
    *batch = (hone_batch){
        .n_tokens = p->cu_seqlens[n_rows],
        .n_rows = n_rows,
        .longest = longest,
        .cu_seqlens = p->cu_seqlens,
        .input_ids = p->input_ids,
        .token_type_ids = p->has_types ? p->token_type_ids : NULL,
        .labels = p->has_labels ? p->labels : NULL,
        .row_labels = p->has_row_labels ? p->row_labels : NULL,
        .row_targets = p->n_targets > 0 ? p->targets : NULL,
        .start_positions = p->has_answers ? p->starts : NULL,
        .end_positions = p->has_answers ? p->ends : NULL,
        .ordinals = p->ordinals,
        .n_labelled = -1,
        .n_targets = p->n_targets,
    };
}

/* Packs places first .. first + n_rows - 1 of the epoch. */
static hone_status pack_rows(hone_loader *loader, int64_t first, int32_t n_rows)
{
    pack *p = &loader->pack;
    hone_example e;
    p->cu_seqlens[0] = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t i = example_at(loader, first + r);
        HONE_TRY(hone_examples_get(loader->examples, i, &e));
        if (r == 0)
            HONE_TRY(begin_rows(p, &e, (size_t)n_rows));
        HONE_TRY(check_row(p, &e, i));
        HONE_TRY(add_row(p, r, &e, (uint64_t)loader->epoch * (uint64_t)loader->n + (uint64_t)(first + r)));
    }
    return HONE_OK;
}

/* True for HONE_OK; else the epoch ends with this failure. */
static bool keep_error(hone_loader *loader, hone_status status)
{
    if (status != HONE_OK)
        hone__error_save(&loader->error, status);
    return status == HONE_OK;
}

static bool collate(hone_loader *loader, hone_batch *batch)
{
    const hone_collator *c = &loader->options.collator;
    if (!c->fn || keep_error(loader, c->fn(c->self, batch, loader->pack.input_ids, loader->pack.labels)))
        return true;
    *batch = (hone_batch){0};
    return false;
}

static bool next_batch(hone_loader *loader, hone_batch *batch)
{
    const hone_loader_options *o = &loader->options;
    *batch = (hone_batch){0};
    if (loader->error.status != HONE_OK || loader->next_batch >= loader->n_batches)
        return false;
    if (!keep_error(loader, make_order(loader)))
        return false;
    int64_t first = (loader->next_batch * o->n_ranks + o->rank) * o->batch_size;
    int64_t n_rows = o->batch_size;
    if (o->n_ranks == 1 && first + n_rows > loader->n)
        n_rows = loader->n - first;
    if (!keep_error(loader, pack_rows(loader, first, (int32_t)n_rows)))
        return false;
    loader->next_batch++;
    lend(batch, &loader->pack, (int32_t)n_rows);
    return collate(loader, batch);
}

bool hone_loader_next(hone_loader *loader, hone_batch *batch)
{
    hone__part_begin("data");
    bool found = next_batch(loader, batch);
    hone__span_end();
    return found;
}

/* ---- the largest batches ---- */

/* The longest row there is, whatever batch it comes to. */
static int32_t longest_row(const hone_loader *loader)
{
    int32_t longest = 0;
    for (int64_t i = 0, n = hone_examples_count(loader->examples); i < n; i++) {
        int32_t length = hone_examples_length(loader->examples, i);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static hone_loader_extent measure(const hone_loader *loader, int64_t batch)
{
    const hone_loader_options *o = &loader->options;
    hone_loader_extent x = {.epoch = loader->epoch, .batch = batch};
    int64_t first = (batch * o->n_ranks + o->rank) * o->batch_size, end = first + o->batch_size;
    if (o->n_ranks == 1 && end > loader->n)
        end = loader->n;
    for (int64_t k = first; k < end; k++) {
        int32_t length = hone_examples_length(loader->examples, example_at(loader, k));
        x.tokens += length;
        x.longest = length > x.longest ? length : x.longest;
    }
    return x;
}

hone_status hone__loader_survey(hone_loader *loader, int64_t n_batches, int64_t max_rows, hone_loader_extent *most,
                                hone_loader_extent *longest)
{
    int64_t limit = loader->n ? longest_row(loader) : 0;
    *most = *longest = (hone_loader_extent){0};
    for (int64_t done = 0; done < n_batches && done * loader->options.batch_size < max_rows && loader->n_batches > 0; done++) {
        if (done % loader->n_batches == 0) {
            HONE_TRY(hone_loader_start_epoch(loader, done / loader->n_batches));
            HONE_TRY(make_order(loader));
        }
        hone_loader_extent x = measure(loader, done % loader->n_batches);
        if (x.tokens > most->tokens)
            *most = x;
        if (x.longest > longest->longest || (x.longest == longest->longest && x.tokens > longest->tokens))
            *longest = x;
        if (most->tokens == limit * loader->options.batch_size)
            break; /* no other can be larger */
    }
    return hone_loader_start_epoch(loader, 0);
}

int64_t hone_loader_epoch(const hone_loader *loader)
{
    return loader->epoch;
}

int64_t hone_loader_position(const hone_loader *loader)
{
    return loader->next_batch;
}

hone_status hone_loader_status(const hone_loader *loader)
{
    return loader->error.status == HONE_OK ? HONE_OK : hone__error_restore(&loader->error);
}
