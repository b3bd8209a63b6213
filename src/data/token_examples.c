/* hone_token_examples: the rows of a data set as tokenized examples with a label for each token.
 *
 * Rows are encoded in blocks on all threads; a block's numbers lie in one piece of memory, example after example: ids, words, labels (when the data set has them), types
 * (when one is not 0). Of a long row the first window stays, or all of them become examples. A window may begin inside a word: what it shows of the word's beginning is
 * no beginning, so that such a token gets the label that the word's later tokens get. */
#include "base/log.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "data/examples.h"

#include <string.h>

enum { BLOCK_ROWS = 64 }; /* rows that a thread takes at a time */

/* What lies in memory for an example of n tokens. */
typedef struct shape {
    int32_t n;
    bool has_labels, has_types;
} shape;

typedef struct example {
    shape shape;
    int32_t start; /* tokens of the row before its first one */
    int64_t row;
    size_t at; /* in its block */
} example;

typedef struct block {
    int32_t *data;
    size_t n_data, data_capacity;
    example *examples;
    size_t n_examples, examples_capacity;
    int64_t n_truncated, n_lost_words, n_vanished_words, n_tokens;
} block;

typedef struct examples {
    hone_token_examples_info info;
    block *blocks;
    size_t n_blocks;
    shape *shapes;      /* (n_examples) */
    int64_t *row_of;    /* (n_examples) */
    int32_t **word_ids; /* (n_examples) */
    int32_t *starts;    /* (n_examples) */
} examples;

typedef struct job {
    const hone_dataset *d;
    const hone_tokenizer *tokenizer;
    const hone_token_examples_options *o;
    hone_encode_options encode;
    ptrdiff_t text, label; /* columns; label -1: none */
    int64_t n_rows;
    examples *out;
} job;

/* What a thread needs again and again. */
typedef struct scratch {
    uint8_t *seen; /* (words of the row): 1 in an example, 2 only in what was cut off */
    size_t seen_capacity;
    int32_t *labels; /* (words of the row) the model's ids */
    size_t labels_capacity;
} scratch;

/* ---- one row ---- */

static const hone_encoding *window_of(const hone_encoding *e, size_t k)
{
    return k == 0 ? e : hone_encoding_overflowing(e, k - 1);
}

/* The number of tokens of an encoding that come from words. */
static int32_t count_content(const hone_encoding *e)
{
    const int32_t *words = hone_encoding_word_ids(e);
    int32_t n = 0;
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++)
        n += words[i] >= 0;
    return n;
}

/* The word of the k-th token that comes from one, -1 beyond the last. */
static int32_t content_word(const hone_encoding *e, int32_t k)
{
    const int32_t *words = hone_encoding_word_ids(e);
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++)
        if (words[i] >= 0 && k-- == 0)
            return words[i];
    return -1;
}

/* The labels of an example's tokens. `tail`: the window's first word began before it. */
static void label_tokens(int32_t *out, const job *j, const hone_encoding *e, const int32_t *labels, size_t n_words, bool tail)
{
    const int32_t *words = hone_encoding_word_ids(e), *inside = j->o->inside;
    size_t n = hone_encoding_n_tokens(e), i = 0;
    hone_align_labels(out, e, labels, n_words, inside, j->o->label_all_tokens);
    while (i < n && words[i] < 0)
        i++;
    if (tail && i < n && out[i] >= 0)
        out[i] = !j->o->label_all_tokens ? HONE_IGNORE_INDEX : inside ? inside[out[i]] : out[i];
}

static bool any(const int32_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i])
            return true;
    return false;
}

/* Appends window e of a row as an example of block b. */
static hone_status add_example(block *b, const job *j, const hone_encoding *e, int64_t row, int32_t start, bool tail, const scratch *s,
                               size_t n_words)
{
    size_t n = hone_encoding_n_tokens(e);
    const int32_t *types = hone_encoding_type_ids(e);
    shape x = {(int32_t)n, j->label >= 0, any(types, n)};
    if (n > INT32_MAX / 8)
        return hone__fail(HONE_SHAPE, "%zu tokens in a row: cut it with --max_seq_length", n);
    HONE_TRY(HONE_GROW(&b->examples, &b->examples_capacity, b->n_examples + 1));
    HONE_TRY(HONE_GROW(&b->data, &b->data_capacity, b->n_data + 1 + n * (size_t)(2 + x.has_labels + x.has_types)));
    b->examples[b->n_examples++] = (example){x, start, row, b->n_data};
    int32_t *to = b->data + b->n_data;
    memcpy(to, hone_encoding_ids(e), n * sizeof(*to));
    memcpy(to += n, hone_encoding_word_ids(e), n * sizeof(*to));
    if (x.has_labels)
        label_tokens(to += n, j, e, s->labels, n_words, tail);
    if (x.has_types)
        memcpy(to += n, types, n * sizeof(*to));
    b->n_data = (size_t)(to + n - b->data);
    b->n_tokens += (int64_t)n;
    return HONE_OK;
}

static void mark_seen(uint8_t *seen, size_t n_words, const hone_encoding *e, uint8_t how)
{
    const int32_t *words = hone_encoding_word_ids(e);
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++)
        if (words[i] >= 0 && (size_t)words[i] < n_words && !seen[words[i]])
            seen[words[i]] = how;
}

static void count_words(block *b, const scratch *s, size_t n_words)
{
    for (size_t w = 0; w < n_words; w++) {
        b->n_vanished_words += s->seen[w] == 0;
        b->n_lost_words += s->seen[w] == 2;
    }
}

/* All windows of a row, or its first one. */
static hone_status add_row(block *b, const job *j, const hone_encoding *e, int64_t row, const scratch *s, size_t n_words)
{
    size_t n_windows = 1 + hone_encoding_n_overflowing(e), n_kept = j->o->windows ? n_windows : 1;
    int32_t step = count_content(e) - (int32_t)j->encode.stride;
    for (size_t k = 0; k < n_windows; k++) {
        const hone_encoding *window = window_of(e, k);
        mark_seen(s->seen, n_words, window, k < n_kept ? 1 : 2);
        bool tail = k > 0 && content_word(window_of(e, k - 1), step - 1) == content_word(window, 0);
        if (k < n_kept)
            HONE_TRY(add_example(b, j, window, row, (int32_t)k * step, tail, s, n_words));
    }
    b->n_truncated += n_kept < n_windows;
    count_words(b, s, n_words);
    return HONE_OK;
}

static hone_status map_labels(scratch *s, const job *j, int64_t row, size_t n_words)
{
    HONE_TRY(HONE_GROW(&s->labels, &s->labels_capacity, n_words + 1));
    const int32_t *classes = hone_dataset_classes(j->d, row, j->label);
    for (size_t w = 0; w < n_words; w++)
        s->labels[w] = j->o->ids ? j->o->ids[classes[w]] : classes[w];
    return HONE_OK;
}

static hone_status make_row(block *b, const job *j, int64_t row, scratch *s)
{
    hone_encoding *e = NULL;
    size_t n_words = hone_dataset_length(j->d, row, j->text);
    hone_text none = {"", 0};
    const hone_text *words = n_words > 0 ? hone_dataset_texts(j->d, row, j->text) : &none;
    HONE_TRY(HONE_GROW(&s->seen, &s->seen_capacity, n_words + 1));
    memset(s->seen, 0, n_words);
    if (j->label >= 0)
        HONE_TRY(map_labels(s, j, row, n_words));
    hone_status status = hone_tokenizer_encode_words(&e, j->tokenizer, words, n_words, NULL, 0, &j->encode);
    if (status == HONE_OK)
        status = add_row(b, j, e, row, s, n_words);
    hone_encoding_free(e);
    return status;
}

/* ---- all rows ---- */

static hone_status make_block(void *payload, size_t item, int thread)
{
    job *j = payload;
    block *b = &j->out->blocks[item];
    scratch s = {0};
    hone_status status = HONE_OK;
    int64_t first = (int64_t)item * BLOCK_ROWS, end = first + BLOCK_ROWS < j->n_rows ? first + BLOCK_ROWS : j->n_rows, line;
    for (int64_t row = first; row < end && status == HONE_OK; row++) {
        status = make_row(b, j, row, &s);
        if (status != HONE_OK && status != HONE_OUT_OF_MEMORY) {
            const char *path = hone_dataset_place(&line, j->d, row, 0);
            hone__fail_in(status, "%s:%lld", path, (long long)line);
        }
    }
    hone__free(s.seen);
    hone__free(s.labels);
    if (status == HONE_OK)
        status = HONE_REALLOC(&b->data, b->n_data + 1);
    if (status == HONE_OK && thread == 0)
        hone__progress("tokenizing", end, j->n_rows, "rows", NULL);
    return status;
}

/* The examples of all blocks, one after the other. */
static hone_status join(examples *e)
{
    hone_token_examples_info *info = &e->info;
    size_t n = 0, i = 0;
    for (size_t k = 0; k < e->n_blocks; k++)
        n += e->blocks[k].n_examples;
    HONE_TRY(HONE_ALLOC(&e->shapes, n));
    HONE_TRY(HONE_ALLOC(&e->row_of, n));
    HONE_TRY(HONE_ALLOC(&e->word_ids, n));
    HONE_TRY(HONE_ALLOC(&e->starts, n));
    for (size_t k = 0; k < e->n_blocks; k++) {
        block *b = &e->blocks[k];
        for (size_t m = 0; m < b->n_examples; m++, i++) {
            const example *x = &b->examples[m];
            e->shapes[i] = x->shape;
            e->row_of[i] = x->row;
            e->starts[i] = x->start;
            e->word_ids[i] = b->data + x->at + x->shape.n;
            info->longest = x->shape.n > info->longest ? x->shape.n : info->longest;
        }
        info->n_tokens += b->n_tokens;
        info->n_truncated += b->n_truncated;
        info->n_lost_words += b->n_lost_words;
        info->n_vanished_words += b->n_vanished_words;
        hone__free(b->examples);
        b->examples = NULL;
    }
    info->n_examples = (int64_t)n;
    info->row_of = e->row_of;
    info->word_ids = (const int32_t *const *)e->word_ids;
    info->starts = e->starts;
    return HONE_OK;
}

/* ---- as examples ---- */

static hone_status token_get(void *self, int64_t i, hone_example *out)
{
    const examples *e = self;
    const shape *x = &e->shapes[i];
    const int32_t *words = e->word_ids[i];
    out->n_tokens = x->n;
    out->input_ids = words - x->n;
    out->labels = x->has_labels ? words + x->n : NULL;
    out->token_type_ids = x->has_types ? words + (size_t)x->n * (1 + x->has_labels) : NULL;
    return HONE_OK;
}

static int32_t token_length(void *self, int64_t i)
{
    return ((const examples *)self)->shapes[i].n;
}

static void token_free(void *self)
{
    examples *e = self;
    for (size_t k = 0; e->blocks && k < e->n_blocks; k++) {
        hone__free(e->blocks[k].data);
        hone__free(e->blocks[k].examples);
    }
    hone__free(e->blocks);
    hone__free(e->shapes);
    hone__free(e->row_of);
    hone__free(e->word_ids);
    hone__free(e->starts);
    hone__free(e);
}

static const hone_examples_ops token_ops = {token_get, token_length, token_free};

const hone_token_examples_info *hone_token_examples_get_info(const hone_examples *e)
{
    const examples *self = e ? hone__examples_self(e, &token_ops) : NULL;
    return self ? &self->info : NULL;
}

/* ---- the call ---- */

static hone_status check(job *j)
{
    const hone_feature *text = j->text >= 0 ? &j->d->columns[j->text].feature : NULL;
    const hone_feature *label = j->label >= 0 ? &j->d->columns[j->label].feature : NULL;
    if (!text || !text->sequence || text->kind != HONE_FEATURE_STRING)
        return hone__fail(HONE_INVALID_ARGUMENT, "the data has no column of words: %s", text ? text->name : "text_column_name names it");
    if (label && (!label->sequence || label->kind != HONE_FEATURE_CLASS_LABEL))
        return hone__fail(HONE_INVALID_ARGUMENT, "column %s has no label for each word", label->name);
    if ((j->o->windows || j->o->stride > 0) && j->o->max_length == 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "windows of long rows need a max_length");
    return HONE_OK;
}

static void begin(job *j, const hone_dataset *d, const hone_tokenizer *tokenizer, const hone_token_examples_options *o)
{
    *j = (job){.d = d, .tokenizer = tokenizer, .o = o};
    j->text = hone_dataset_text_column(d);
    j->label = hone_dataset_label_column(d);
    j->n_rows = o->max_examples >= 0 && o->max_examples < d->n_rows ? o->max_examples : d->n_rows;
    j->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    if (o->max_length > 0) {
        j->encode.truncation = HONE_TRUNCATION_LONGEST_FIRST;
        j->encode.max_length = o->max_length;
        j->encode.stride = o->stride;
    }
}

hone_status hone_token_examples(hone_examples **out, const hone_dataset *d, const hone_tokenizer *tokenizer,
                                const hone_token_examples_options *options)
{
    static const hone_token_examples_options defaults = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_token_examples_options o = options ? *options : defaults;
    examples *e = NULL;
    hone_status status = HONE_OK;
    job j;
    *out = NULL;
    if (!d || !tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_token_examples: the data set and the tokenizer must be given");
    o.windows = o.windows || o.stride > 0;
    begin(&j, d, tokenizer, &o);
    HONE_TRY(check(&j));
    HONE_TRY(HONE_NEW(&e, 1));
    e->info.n_rows = j.n_rows;
    e->n_blocks = (size_t)((j.n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
    HONE_GO(HONE_NEW(&e->blocks, e->n_blocks));
    j.out = e;
    HONE_GO(hone__parallel_for(e->n_blocks, o.n_threads, make_block, &j));
    hone__progress_end("tokenizing", j.n_rows, j.n_rows, "rows", NULL);
    HONE_GO(join(e));
    hone__sources_release(d->files, d->n_files);
    status = hone_examples_new(out, &token_ops, e, e->info.n_examples);
    e = NULL; /* taken */
done:
    if (e)
        token_free(e);
    return status;
}
