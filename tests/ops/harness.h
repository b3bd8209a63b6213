/* The machine behind the op table (table.c): reads a case, makes its operands, runs it on a backend and compares.
 *
 * An op is a list of operands and two functions, forward and backward, that call entries of a backend. A case is a line of text, "N=5 C=7 act=2 p=0.1":
 * sizes by letter and options by name; "a/b" stands for two cases, "*" for all values of the op's enum. Each case runs
 *   - on `ref` in F64: the expectation; its backward against finite differences of its forward,
 *   - on every backend in F32 with ld == cols and ld > cols, beta 0 (outputs poisoned with NaN) and 1, in place where the op allows it, each twice (same bits).
 * Between the rows of a matrix, behind its end and in fresh scratch there is NaN: reading it shows in the result, writing over it is found. */
#ifndef HONE_TESTS_OPS_HARNESS_H
#define HONE_TESTS_OPS_HARNESS_H

#include <ctype.h>
#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "tensor/backend.h"
#include "tensor/dtype.h"

enum { MAX_OPERANDS = 20, MAX_ROWS = 64, GUARD = 16 /* elements behind the end */, CASE_LEN = 256 };

/* IN: filled; IO: filled, changed, compared; OUT: result of forward; COT: the gradient that arrives at OUT `of`; GRAD: result of backward, of IN `of` */
typedef enum op_role { IN, IO, OUT, COT, GRAD } op_role;

typedef struct operand {
    const char *name, *shape; /* "N,C" letters or numbers; "O,I|in_major": the other way round when that option is set */
    op_role role;
    const char *of, *fill;
    char dtype;     /* 0: the run's; f F32, d F64, i I32; '<' and '>': options from and to */
    bool is_vector; /* an entry gets its address alone: rows are never apart */
    bool no_beta;   /* a result that is always written, never added to */
} operand;

typedef struct run run;
typedef struct op {
    const char *name;
    hone_status (*forward)(run *r), (*backward)(run *r);
    operand operands[MAX_OPERANDS];
    bool beta_forward, beta_backward;
    const char *in_place;                   /* "y:x sum:f": the first may be the second */
    int n_what;                             /* number of values of "*" */
    double limit, floor;                    /* greatest error; added to the size that it is relative to */
    bool by_element;                        /* each element relative to itself; else the norm of the difference relative to the norm */
    const char *reason;                     /* of the limit */
    double (*flops)(run *r), backward_work; /* of forward; backward's share of it */
    const char *const *cases, *const *times;
} op;

typedef struct test_case {
    const op *op;
    char text[CASE_LEN];
    int n;
    int64_t rows[MAX_OPERANDS], cols[MAX_OPERANDS];
    bool absent[MAX_OPERANDS];
    double *value[MAX_OPERANDS], *want[MAX_OPERANDS]; /* inputs; results of ref in F64 */
    double *old[MAX_OPERANDS];                        /* what an output holds before, when beta is 1 */
} test_case;

typedef struct row_set {
    hone_rows rows;
    int32_t start[MAX_ROWS + 1], stop[MAX_ROWS], *row, *pos;
    uint64_t key[MAX_ROWS];
    void *device[5];
    size_t bytes[5];
} row_set;

struct run {
    test_case *c;
    hone_backend *b;
    hone_dtype dtype;
    int64_t pad;
    float beta;
    uint32_t version;
    hone_mat mat[MAX_OPERANDS];
    size_t bytes[MAX_OPERANDS];
    int shares[MAX_OPERANDS]; /* operand whose memory this one has, -1: its own */
    row_set q, k;
    hone_drop drop;
    void *scratch;
    size_t scratch_bytes;
    bool failed, timed; /* timed: nothing is poisoned between calls */
};

/* ---- entries: each one is called by some case, or the test fails ---- */

/* clang-format off */
#define ENTRIES(X) \
    X(alloc) X(release) X(upload) X(download) X(fill_zero) X(sync) X(close) X(supports) X(workspace) X(prepare_products) X(gemm) \
    X(linear_forward) X(linear_dx) X(linear_dw) X(quantize) X(attention_forward) X(attention_backward) X(residual_norm_forward) \
    X(residual_norm_backward) X(act_forward) X(act_backward) X(dropout) X(unary) X(binary) X(where) X(is_in) X(axpy) \
    X(convert) X(random) X(embed_forward) X(embed_backward) X(gather_rows) X(scatter_add_rows) X(gather_cols) \
    X(scatter_add_cols) X(log_softmax_forward) X(log_softmax_backward) X(softmax_block) X(softmax_nll) X(softmax_grad) \
    X(rows_reduce) X(rows_spread) X(reduce) X(column_sum) X(row_sum) X(argmax) X(top_k) X(norm2) X(adamw) X(adamw_rows)
/* clang-format on */
enum {
#define X(name) ENTRY_##name,
    ENTRIES(X)
#undef X
        N_ENTRIES
};
_Static_assert(sizeof(hone_backend_ops) == sizeof(char *) + N_ENTRIES * sizeof(void (*)(void)),
               "hone_backend_ops has an entry that ENTRIES lacks: add it, and an op that calls it to the table");
static bool called[N_ENTRIES];
static int n_failed, n_run, n_unsupported;

/* A NULL entry is reported once by check_entries; a case that needs it is passed over. */
#define CALL(r, entry, ...) \
    ((r)->b->ops->entry ? (called[ENTRY_##entry] = true, (r)->b->ops->entry((r)->b, __VA_ARGS__)) : HONE_UNSUPPORTED)

static void __attribute__((format(printf, 2, 3))) fail_run(run *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("FAILED %s %s threads=%d ld+%d beta=%d  %s [%s]: ", r->b->ops->name, hone_dtype_name(r->dtype), r->b->n_threads, (int)r->pad,
           (int)r->beta, r->c->op->name, r->c->text);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    r->failed = true;
    n_failed++;
}

/* ---- reading a case ---- */

static const char *option(const test_case *c, const char *key, char *value)
{
    size_t len = strlen(key);
    for (const char *at = c->text; *at;) {
        size_t n = strcspn(at, " ");
        if (n > len && strncmp(at, key, len) == 0 && at[len] == '=') {
            memcpy(value, at + len + 1, n - len - 1);
            value[n - len - 1] = '\0';
            return value;
        }
        at += n + strspn(at + n, " ");
    }
    return NULL;
}

static double num(const test_case *c, const char *key, double otherwise)
{
    char value[CASE_LEN];
    return option(c, key, value) ? strtod(value, NULL) : otherwise;
}

/* Whether `name` is one of the words of a list with commas. */
static bool listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
            return true;
    return false;
}

static int numbers(const char *list, int64_t *out)
{
    int n = 0;
    for (const char *at = list; at && *at && n < MAX_ROWS; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        out[n++] = strtoll(at, NULL, 10);
    return n;
}

/* Row lengths of option `lens` (or `klens`): without it one row of N tokens. */
static int lengths(const test_case *c, bool keys, int64_t *out)
{
    char value[CASE_LEN];
    if (option(c, keys ? "klens" : "lens", value) || (keys && option(c, "lens", value)))
        return numbers(value, out);
    out[0] = (int64_t)num(c, "N", 1);
    return 1;
}

static int64_t dimension(const test_case *c, char letter)
{
    char key[2] = {letter, '\0'}, value[CASE_LEN];
    int64_t length[MAX_ROWS], sum = 0;
    if (letter != 'R' && letter != 'M' && !(letter == 'N' && option(c, "lens", value)))
        return (int64_t)num(c, key, 1);
    int n = lengths(c, letter == 'M', length);
    for (int i = 0; i < n; i++)
        sum += letter == 'M' && num(c, "cap", 0) > 0 ? (int64_t)num(c, "cap", 0) : length[i];
    return letter == 'R' ? n : sum + (int64_t)num(c, "tail", 0);
}

static int64_t extent(const test_case *c, const char *text)
{
    return isdigit((unsigned char)*text) ? strtoll(text, NULL, 10) : dimension(c, *text);
}

/* ---- operands ---- */

static int find(const test_case *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->op->operands[i].name, name) == 0)
            return i;
    fprintf(stderr, "op %s has no operand %s\n", c->op->name, name);
    exit(1);
}

/* A uniform in [0, 1) for element i of operand k. */
static double uniform(const test_case *c, int k, int64_t i, uint32_t salt)
{
    uint64_t seed = hone__splitmix64((uint64_t)i * 64 + (uint64_t)k + ((uint64_t)salt << 40));
    for (const char *at = c->op->name; *at; at++)
        seed = hone__splitmix64(seed ^ (uint64_t)*at);
    return (double)(seed >> 11) * 0x1p-53;
}

static double normal(const test_case *c, int k, int64_t i, uint32_t salt)
{
    return sqrt(-2.0 * log(1.0 - uniform(c, k, i, salt))) * cos(6.283185307179586 * uniform(c, k, i, salt + 1));
}

static double filled(const test_case *c, int k, const char *fill, int64_t i)
{
    static const double edges[] = {
        0.0,  -0.0, 1.0,  -1.0,   0.5,  1.5,   2.5,      -2.5,      3.5, 65504.0,        65519.0,    65520.0,    -1e6,  1e-8,   2.98e-8,
        3e-8, 6e-8, 3e-5, 6.1e-5, 1e30, -1e30, INFINITY, -INFINITY, NAN, 0x1.fffffep127, 1.00390625, 1.01171875, 1e-40, 2049.0, 2051.0};
    double size = num(c, "big", 1.0), u = uniform(c, k, i, 7);
    int64_t cols = c->cols[k], count = c->rows[k] * cols, range = strchr(fill, ':') ? extent(c, strchr(fill, ':') + 1) : 0;
    switch (fill[0]) {
    case 'p': /* positive */
        return 0.2 + 1.8 * u;
    case 'i': /* ids:V; identity */
        return strcmp(fill, "identity") == 0 ? i / cols % cols == i % cols : floor(u * (double)range);
    case 'l': /* labels:V */
        return uniform(c, k, i, 9) < 0.25 ? -100.0 : floor(u * (double)range);
    case 'u': /* unique:V */
        return (double)(range - 1 - i);
    case 's': /* sorted:V */
        return floor((double)i * (double)range / (double)count);
    case 'f': /* flags */
        return u < 0.5;
    case 'z': /* zero */
        return 0.0;
    case 'o': /* one */
        return 1.0;
    case 't': /* ties */
        return floor(u * 5.0) - 2.0;
    case 'r': /* ramp */
        return size * (2.0 * (double)i / (double)(count > 1 ? count - 1 : 1) - 1.0);
    case 'h': /* holes */
        return i % 100 == 3 ? INFINITY : i % 100 == 7 ? NAN : normal(c, k, i, 1);
    case 'e': /* edges */
        return edges[(size_t)i % (sizeof(edges) / sizeof(edges[0]))];
    default:
        return size * normal(c, k, i, 1);
    }
}

static void case_dispose(test_case *c)
{
    for (int k = 0; k < c->n; k++) {
        free(c->value[k]);
        free(c->want[k]);
        free(c->old[k]);
    }
}

static void operand_shape(test_case *c, int k)
{
    const char *shape = c->op->operands[k].shape, *bar = strchr(shape, '|');
    c->rows[k] = extent(c, shape);
    c->cols[k] = extent(c, strchr(shape, ',') + 1);
    if (bar && num(c, bar + 1, 0) != 0) {
        int64_t rows = c->rows[k];
        c->rows[k] = c->cols[k];
        c->cols[k] = rows;
    }
}

static void case_init(test_case *c, const op *o, const char *text)
{
    char without[CASE_LEN], fill[CASE_LEN];
    *c = (test_case){.op = o};
    snprintf(c->text, sizeof(c->text), "%s", text);
    while (c->n < MAX_OPERANDS && o->operands[c->n].name)
        c->n++;
    for (int k = 0; k < c->n; k++)
        operand_shape(c, k);
    for (int k = 0; k < c->n; k++) {
        const operand *p = &o->operands[k];
        const char *how = option(c, p->name, fill) ? fill : p->fill ? p->fill : "normal";
        size_t count = (size_t)(c->rows[k] * c->cols[k]);
        c->absent[k] = option(c, "without", without) && listed(without, p->name);
        c->value[k] = calloc(count + 1, sizeof(double));
        c->want[k] = calloc(count + 1, sizeof(double));
        c->old[k] = calloc(count + 1, sizeof(double));
        for (size_t i = 0; i < count; i++) {
            c->value[k][i] = p->role == OUT || p->role == GRAD ? 0.0 : (double)(float)filled(c, k, how, (int64_t)i);
            c->old[k][i] = p->dtype ? 0.0 : (double)(float)normal(c, k, (int64_t)i, 3);
        }
    }
}

/* ---- a run: operands on a device ---- */

static hone_dtype named_dtype(const test_case *c, const char *key)
{
    char value[CASE_LEN];
    static const char *const names[] = {
#define X(name, size, text) text,
        HONE_DTYPE_MAP(X)
#undef X
    };
    for (int i = 0; option(c, key, value) && i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(names[i], value) == 0)
            return (hone_dtype)i;
    return HONE_DTYPE_F32;
}

static hone_dtype operand_dtype(const run *r, int k)
{
    switch (r->c->op->operands[k].dtype) {
    case 'f':
        return HONE_DTYPE_F32;
    case 'd':
        return HONE_DTYPE_F64;
    case 'i':
        return HONE_DTYPE_I32;
    case '<':
        return named_dtype(r->c, "from");
    case '>':
        return named_dtype(r->c, "to");
    default:
        return r->dtype;
    }
}

static void *device_copy(run *r, const void *host, size_t bytes)
{
    void *at = NULL;
    if (CALL(r, alloc, &at, bytes + 64) != HONE_OK || CALL(r, upload, at, host, bytes) != HONE_OK) {
        fprintf(stderr, "no memory on the device: %s\n", hone_error_message());
        exit(1);
    }
    return at;
}

/* Sends values to operand k (NULL: poison), with the bytes 0xFF, which are NaN, between rows and behind the end. */
static void place(run *r, int k, const double *value)
{
    const hone_mat *m = &r->mat[k];
    char *host = malloc(r->bytes[k]);
    memset(host, 0xFF, r->bytes[k]);
    for (int64_t i = 0; value && i < m->rows; i++)
        for (int64_t j = 0; j < m->cols; j++)
            hone__store(host, m->dtype, i * m->ld + j, value[i * m->cols + j]);
    CALL(r, upload, m->data, host, r->bytes[k]);
    free(host);
}

static bool untouched(const unsigned char *host, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (host[i] != 0xFF)
            return false;
    return true;
}

/* Fetches operand k; false when bytes outside of the matrix changed. */
static bool take(run *r, int k, double *value)
{
    const hone_mat *m = &r->mat[k];
    size_t size = hone_dtype_size(m->dtype), row = (size_t)m->ld * size;
    unsigned char *host = malloc(r->bytes[k]);
    CALL(r, download, host, m->data, r->bytes[k]);
    bool clean = untouched(host, (size_t)m->rows * row, r->bytes[k]);
    for (int64_t i = 0; i < m->rows; i++) {
        for (int64_t j = 0; j < m->cols; j++)
            value[i * m->cols + j] = hone__load(host, m->dtype, i * m->ld + j);
        clean = clean && untouched(host, (size_t)i * row + (size_t)m->cols * size, (size_t)(i + 1) * row);
    }
    free(host);
    return clean;
}

static void rows_open(run *r, row_set *s, bool keys)
{
    int64_t length[MAX_ROWS], cap = keys ? (int64_t)num(r->c, "cap", 0) : 0;
    int n = lengths(r->c, keys, length);
    int32_t total = (int32_t)dimension(r->c, keys ? 'M' : 'N');
    memset(s, 0, sizeof(*s));
    s->row = calloc((size_t)total + 1, sizeof(int32_t));
    s->pos = calloc((size_t)total + 1, sizeof(int32_t));
    for (int i = 0; i < n; i++) {
        s->start[i + 1] = s->start[i] + (int32_t)(cap ? cap : length[i]);
        s->stop[i] = s->start[i] + (int32_t)length[i];
        s->key[i] = 0x100000003u * (uint64_t)(i + 1);
        s->rows.longest = length[i] > s->rows.longest ? (int32_t)length[i] : s->rows.longest;
        for (int32_t t = s->start[i]; t < s->stop[i]; t++)
            s->row[t] = i, s->pos[t] = t - s->start[i];
    }
    for (int32_t t = 0; num(r->c, "gathered", 0) != 0 && t < total; t++)
        s->row[t] = (t * 7) % n, s->pos[t] = (t * 13) % 50; /* chosen tokens, in any order */
    const void *host[5] = {s->start, s->stop, s->row, s->pos, s->key};
    const size_t size[5] = {sizeof(int32_t) * (size_t)(n + 1), sizeof(int32_t) * (size_t)n, sizeof(int32_t) * (size_t)total,
                            sizeof(int32_t) * (size_t)total, sizeof(uint64_t) * (size_t)n};
    for (int i = 0; i < 5; i++)
        s->device[i] = device_copy(r, host[i], s->bytes[i] = size[i]);
    s->rows = (hone_rows){.n_tokens = total,
                          .n_rows = n,
                          .longest = s->rows.longest,
                          .start = s->start,
                          .d_start = s->device[0],
                          .stop = cap ? s->stop : NULL,
                          .d_stop = cap ? s->device[1] : NULL,
                          .row = s->row,
                          .d_row = s->device[2],
                          .pos = s->pos,
                          .d_pos = s->device[3],
                          .key = s->key,
                          .d_key = s->device[4]};
}

static void rows_close(run *r, row_set *s)
{
    for (int i = 0; i < 5; i++)
        r->b->ops->release(r->b, s->device[i], s->bytes[i] + 64);
    free(s->row);
    free(s->pos);
}

/* Places all operands: inputs, poison (or the old content) in outputs; `results`: what forward gives as ref found it, for a backward alone. */
static void run_place(run *r, bool results)
{
    static uint32_t version;
    r->version = num(r->c, "cached", 0) != 0 ? ++version : 0;
    for (int k = 0; k < r->c->n; k++) {
        op_role role = r->c->op->operands[k].role;
        const double *empty = r->beta != 0.0f ? r->c->old[k] : NULL;
        if (r->shares[k] < 0)
            place(r, k, role == OUT && results ? r->c->want[k] : role == OUT || role == GRAD ? empty : r->c->value[k]);
    }
}

/* first, second: operands of which the first has the memory of the second; -1: all have their own. */
static void run_open(run *r, test_case *c, hone_backend *b, hone_dtype dtype, int64_t pad, float beta, int first, int second)
{
    *r = (run){.c = c, .b = b, .dtype = dtype, .pad = pad, .beta = beta};
    for (int k = 0; k < c->n; k++) {
        r->shares[k] = k == first ? second : -1;
        r->mat[k] = (hone_mat){NULL, operand_dtype(r, k), c->rows[k], c->cols[k], c->cols[k] + (c->op->operands[k].is_vector ? 0 : pad)};
        r->bytes[k] = (size_t)(c->rows[k] * r->mat[k].ld + GUARD) * hone_dtype_size(r->mat[k].dtype);
        if (k != first && CALL(r, alloc, &r->mat[k].data, r->bytes[k]) != HONE_OK)
            exit(1);
    }
    if (first >= 0)
        r->mat[first].data = r->mat[second].data;
    rows_open(r, &r->q, false);
    rows_open(r, &r->k, true);
    r->drop = (hone_drop){.p = (float)num(c, "p", 0),
                          .seed = 0x123456789ABCDEFu,
                          .site = 5 | 3 << 8,
                          .pass = (uint32_t)num(c, "pass", 0),
                          .rows = &r->q.rows};
}

static void run_close(run *r)
{
    for (int k = 0; k < r->c->n; k++)
        if (r->shares[k] < 0)
            r->b->ops->release(r->b, r->mat[k].data, r->bytes[k]);
    if (r->scratch)
        r->b->ops->release(r->b, r->scratch, r->scratch_bytes + 64);
    called[ENTRY_release] = true;
    rows_close(r, &r->q);
    rows_close(r, &r->k);
}

/* ---- what an op's functions take their arguments from ---- */

static const hone_mat *m(run *r, const char *name)
{
    int k = find(r->c, name);
    return r->c->absent[k] ? NULL : &r->mat[k];
}

static void *v(run *r, const char *name)
{
    const hone_mat *mat = m(r, name);
    return mat ? mat->data : NULL;
}

static hone_weight weight(run *r, const char *name)
{
    return (hone_weight){*m(r, name), num(r->c, "in_major", 0) != 0, r->version, NULL};
}

static const hone_drop *drop(run *r)
{
    return num(r->c, "p", 0) > 0 || num(r->c, "pass", 0) > 0 ? &r->drop : NULL;
}

static int option_int(run *r, const char *key)
{
    return (int)num(r->c, key, 0);
}

static void finish(run *r)
{
    called[ENTRY_sync] = true;
    if (r->b->ops->sync(r->b) != HONE_OK)
        fail_run(r, "sync: %s", hone_error_message());
}

/* Scratch of the size that the backend asks for, full of NaN, with a guard of 0xFF behind it. */
static void *scratch(run *r, hone_workspace what, int64_t d0, int64_t d1, int64_t d2)
{
    size_t bytes = r->b->ops->workspace(r->b, what, d0, d1, d2);
    called[ENTRY_workspace] = true;
    if (r->timed && r->scratch && bytes <= r->scratch_bytes)
        return r->scratch;
    if (r->scratch)
        r->b->ops->release(r->b, r->scratch, r->scratch_bytes + 64);
    char *host = malloc(bytes + 64);
    memset(host, 0xFF, bytes + 64);
    r->scratch = device_copy(r, host, bytes);
    r->b->ops->upload(r->b, r->scratch, host, bytes + 64);
    r->scratch_bytes = bytes;
    free(host);
    return r->scratch;
}

static bool scratch_guard_holds(run *r)
{
    unsigned char guard[64];
    if (!r->scratch)
        return true;
    CALL(r, download, guard, (char *)r->scratch + r->scratch_bytes, sizeof(guard));
    for (int i = 0; i < 64; i++)
        if (guard[i] != 0xFF)
            return false;
    return true;
}

#endif
