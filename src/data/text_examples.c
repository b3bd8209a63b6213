/* hone_text_examples: the rows of a data set, one text or two, as tokenized examples with a class, a number or a set of classes.
 *
 * Rows are encoded in blocks on all threads; the ids of a block lie in one piece of memory, row after row, and after them their types where one is not 0. */
#include "base/log.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "data/examples.h"
#include "data/label_sets.h"
#include <hone/text_examples.h>

#include <math.h>
#include <string.h>

enum { BLOCK_ROWS = 64 }; /* rows that a thread takes at a time */

typedef struct example {
    int32_t n;
    bool has_types;
    size_t at; /* in its block */
} example;

typedef struct block {
    int32_t *data;
    size_t n_data, data_capacity;
    int64_t n_truncated, n_tokens;
    int32_t longest;
} block;

typedef struct examples {
    hone_text_examples_info info;
    block *blocks;
    size_t n_blocks;
    example *rows;   /* (n_rows) */
    int32_t *labels; /* (n_rows) or NULL */
    float *targets;  /* (n_rows, n_targets) or NULL */
    int32_t n_targets;
} examples;

typedef struct job {
    const hone_dataset *d;
    const hone_tokenizer *tokenizer;
    const hone_text_examples_options *o;
    hone_encode_options encode;
    ptrdiff_t label; /* -1: none */
    hone_classes names;
    examples *out;
} job;

/* ---- labels ---- */

static hone_status fail_label(const hone_dataset *d, int64_t row, const char *what, hone_text label)
{
    int n = (int)(label.len < 60 ? label.len : 60);
    return hone__dataset_fail_at(d, row, 0, "label \"%.*s\"%s", n, label.data, what);
}

static hone_status find_number(float *out, const hone_dataset *d, ptrdiff_t label, int64_t row)
{
    const hone_feature *f = hone_dataset_feature(d, (size_t)label);
    double value = 0;
    if (f->kind == HONE_FEATURE_CLASS_LABEL) {
        const char *name = f->names[hone_dataset_classes(d, row, label)[0]];
        if (!hone__parse_double(&value, name) || !isfinite(value))
            return hone__hint(
                fail_label(d, row, " is no number: this is a regression", HONE_TEXT(name)),
                "a column of names is for a classification, without --do_regression, --task_name stsb and a model for numbers");
    } else {
        value = hone_dataset_double(d, row, label);
    }
    if (!isfinite(value))
        return hone__dataset_fail_at(d, row, 0, "the label is no finite number");
    *out = (float)value;
    return HONE_OK;
}

static hone_status find_set(float *out, const job *j, int64_t row)
{
    const hone_feature *f = hone_dataset_feature(j->d, (size_t)j->label);
    const char *p = f->names[hone_dataset_classes(j->d, row, j->label)[0]];
    hone_text name;
    while (hone__next_label(&name, &p)) {
        int32_t id = hone__classes_find(&j->names, name);
        if (id < 0)
            return fail_label(j->d, row, " is none of those that are known", name);
        out[id] = 1.0f;
    }
    return HONE_OK;
}

static hone_status put_label(const job *j, int64_t row)
{
    examples *e = j->out;
    if (j->label < 0)
        return HONE_OK;
    if (j->o->labels == HONE_ROW_NUMBERS)
        return find_number(&e->targets[row], j->d, j->label, row);
    if (j->o->labels == HONE_ROW_SETS)
        return find_set(e->targets + row * e->n_targets, j, row);
    int32_t class = hone_dataset_classes(j->d, row, j->label)[0];
    e->labels[row] = j->o->ids ? j->o->ids[class] : class;
    return HONE_OK;
}

/* ---- one row ---- */

static bool any(const int32_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i])
            return true;
    return false;
}

static hone_status add_example(block *b, example *x, const hone_encoding *e)
{
    size_t n = hone_encoding_n_tokens(e);
    const int32_t *types = hone_encoding_type_ids(e);
    if (n == 0) /* GPT-2's tokenizer adds none of its own */
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "the text has no token: there is nothing to classify"), "take the row out");
    if (n > INT32_MAX / 8)
        return hone__fail(HONE_SHAPE, "%zu tokens in a row: cut it with --max_seq_length", n);
    *x = (example){(int32_t)n, any(types, n), b->n_data};
    HONE_TRY(HONE_GROW(&b->data, &b->data_capacity, b->n_data + 1 + n * (size_t)(1 + x->has_types)));
    memcpy(b->data + b->n_data, hone_encoding_ids(e), n * sizeof(*b->data));
    if (x->has_types)
        memcpy(b->data + b->n_data + n, types, n * sizeof(*b->data));
    b->n_data += n * (size_t)(1 + x->has_types);
    b->n_tokens += (int64_t)n;
    b->longest = x->n > b->longest ? x->n : b->longest;
    b->n_truncated += hone_encoding_n_overflowing(e) > 0;
    return HONE_OK;
}

static hone_status make_row(block *b, const job *j, int64_t row)
{
    const hone_text_examples_info *info = &j->out->info;
    hone_encoding *e = NULL;
    hone_text first = hone_dataset_texts(j->d, row, info->first)[0];
    hone_text second = info->second >= 0 ? hone_dataset_texts(j->d, row, info->second)[0] : HONE_TEXT_NONE;
    HONE_TRY(put_label(j, row));
    hone_status status = hone_tokenizer_encode(&e, j->tokenizer, first, second, &j->encode);
    if (status == HONE_OK)
        status = add_example(b, &j->out->rows[row], e);
    hone_encoding_free(e);
    return status;
}

/* ---- all rows ---- */

/* What put_label says has its place already. */
static hone_status name_place(const job *j, int64_t row, hone_status status)
{
    int64_t line;
    if (status == HONE_OK || status == HONE_OUT_OF_MEMORY || status == HONE_FORMAT)
        return status;
    const char *path = hone_dataset_place(&line, j->d, row, 0);
    return hone__fail_in(status, "%s:%lld", path, (long long)line);
}

static hone_status make_block(void *payload, size_t item, int thread)
{
    job *j = payload;
    block *b = &j->out->blocks[item];
    int64_t n = j->out->info.n_rows, first = (int64_t)item * BLOCK_ROWS, end = first + BLOCK_ROWS < n ? first + BLOCK_ROWS : n;
    for (int64_t row = first; row < end; row++)
        HONE_TRY(name_place(j, row, make_row(b, j, row)));
    HONE_TRY(HONE_REALLOC(&b->data, b->n_data + 1));
    if (thread == 0)
        hone__progress("tokenizing", end, n, "rows", NULL);
    return HONE_OK;
}

static void sum_up(examples *e)
{
    for (size_t k = 0; k < e->n_blocks; k++) {
        const block *b = &e->blocks[k];
        e->info.n_tokens += b->n_tokens;
        e->info.n_truncated += b->n_truncated;
        e->info.longest = b->longest > e->info.longest ? b->longest : e->info.longest;
    }
}

/* ---- as examples ---- */

static hone_status text_get(void *self, int64_t i, hone_example *out)
{
    const examples *e = self;
    const example *x = &e->rows[i];
    out->n_tokens = x->n;
    out->input_ids = e->blocks[i / BLOCK_ROWS].data + x->at;
    out->token_type_ids = x->has_types ? out->input_ids + x->n : NULL;
    if (e->labels)
        out->row_label = e->labels[i];
    if (e->targets) {
        out->targets = e->targets + i * e->n_targets;
        out->n_targets = e->n_targets;
    }
    return HONE_OK;
}

static int32_t text_length(void *self, int64_t i)
{
    return ((const examples *)self)->rows[i].n;
}

static void text_free(void *self)
{
    examples *e = self;
    for (size_t k = 0; e->blocks && k < e->n_blocks; k++)
        hone__free(e->blocks[k].data);
    hone__free(e->blocks);
    hone__free(e->rows);
    hone__free(e->labels);
    hone__free(e->targets);
    hone__free(e);
}

static const hone_examples_ops text_ops = {text_get, text_length, text_free};

const hone_text_examples_info *hone_text_examples_get_info(const hone_examples *e)
{
    const examples *self = e ? hone__examples_self(e, &text_ops) : NULL;
    return self ? &self->info : NULL;
}

/* ---- the call ---- */

static hone_status check_labels(const job *j)
{
    const hone_feature *f = j->label >= 0 ? hone_dataset_feature(j->d, (size_t)j->label) : NULL;
    if (!f)
        return HONE_OK;
    if (f->sequence || f->kind == HONE_FEATURE_STRING)
        return hone__fail(HONE_INVALID_ARGUMENT, "%s: column \"%s\" has no label for each row", j->d->files[0].path, f->name);
    if (f->kind != HONE_FEATURE_CLASS_LABEL && j->o->labels != HONE_ROW_NUMBERS)
        return hone__hint(
            hone__fail(HONE_INVALID_ARGUMENT, "%s: the labels of column \"%s\" are numbers, not classes", j->d->files[0].path, f->name),
            "--do_regression learns numbers");
    if (j->o->labels == HONE_ROW_SETS && !j->o->names)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_text_examples: sets of labels need their names");
    return HONE_OK;
}

static hone_status reserve(job *j)
{
    examples *e = j->out;
    size_t n = (size_t)e->info.n_rows, n_targets = 1;
    int32_t ignored;
    for (size_t i = 0; j->o->labels == HONE_ROW_SETS && j->label >= 0 && j->o->names[i]; i++) {
        HONE_TRY(hone__classes_intern(&ignored, &j->names, HONE_TEXT(j->o->names[i]), 0, 0));
        n_targets = i + 1;
    }
    e->n_blocks = (n + BLOCK_ROWS - 1) / BLOCK_ROWS;
    HONE_TRY(HONE_NEW(&e->blocks, e->n_blocks));
    HONE_TRY(HONE_NEW(&e->rows, n));
    if (j->label < 0)
        return HONE_OK;
    if (j->o->labels == HONE_ROW_CLASSES)
        return HONE_NEW(&e->labels, n);
    e->n_targets = (int32_t)n_targets;
    if (!hone__mul_size(&n_targets, n_targets, n))
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: targets of %zu rows", n);
    return HONE_NEW(&e->targets, n_targets);
}

static void begin(job *j)
{
    j->label = j->o->unlabelled ? -1 : hone_dataset_label_column(j->d);
    j->encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    if (j->o->max_length > 0) {
        j->encode.truncation = HONE_TRUNCATION_LONGEST_FIRST;
        j->encode.max_length = j->o->max_length;
    }
}

hone_status hone_text_examples(hone_examples **out, const hone_dataset *d, const hone_tokenizer *tokenizer,
                               const hone_text_examples_options *options)
{
    static const hone_text_examples_options defaults = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    job j = {.d = d, .tokenizer = tokenizer, .o = options ? options : &defaults};
    examples *e = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    if (!d || !tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_text_examples: the data set and the tokenizer must be given");
    begin(&j);
    HONE_TRY(check_labels(&j));
    HONE_TRY(HONE_NEW(&e, 1));
    j.out = e;
    e->info.n_rows = j.o->max_examples >= 0 && j.o->max_examples < d->n_rows ? j.o->max_examples : d->n_rows;
    HONE_GO(hone_dataset_find_texts(&e->info.first, &e->info.second, d, j.o->text_column_name, j.o->text_pair_column_name));
    HONE_GO(reserve(&j));
    HONE_GO(hone__parallel_for(e->n_blocks, j.o->n_threads, make_block, &j));
    hone__progress_end("tokenizing", e->info.n_rows, e->info.n_rows, "rows", NULL);
    sum_up(e);
    hone__sources_release(d->files, d->n_files);
    status = hone_examples_new(out, &text_ops, e, e->info.n_rows);
    e = NULL; /* taken */
done:
    if (e)
        text_free(e);
    hone__classes_dispose(&j.names);
    return status;
}
