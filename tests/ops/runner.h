/* Runs cases: expectation by ref in F64, finite differences, every backend against it, times. See harness.h. */
#ifndef HONE_TESTS_OPS_RUNNER_H
#define HONE_TESTS_OPS_RUNNER_H

#include "ops/harness.h"

static bool is_result(const test_case *c, int k, bool backward)
{
    op_role role = c->op->operands[k].role;
    return !c->absent[k] && (backward ? role == GRAD : role == OUT || role == IO);
}

static bool has_backward(const test_case *c)
{
    return c->op->backward && num(c, "forward_only", 0) == 0;
}

/* ---- comparing ---- */

typedef struct difference {
    double element, norm; /* greatest relative to the element; of the whole relative to the whole */
    int64_t worst;
    bool other_kind; /* NaN, infinity or (where asked for) zero on one side only */
} difference;

static bool same_kind(double got, double want, bool zeros)
{
    if (!isfinite(want) || !isfinite(got))
        return (isnan(got) && isnan(want)) || got == want;
    return !zeros || (got == 0.0) == (want == 0.0);
}

static difference compare(const test_case *c, int k, const double *got, hone_dtype dtype)
{
    difference d = {.worst = -1};
    int64_t n = c->rows[k] * c->cols[k];
    double floor_ = num(c, "floor", c->op->floor), squares = 0.0, size = floor_ * floor_ * (double)n;
    for (int64_t i = 0; i < n; i++) {
        double want = dtype == HONE_DTYPE_F64 ? c->want[k][i] : (double)(float)c->want[k][i];
        if (!same_kind(got[i], want, c->op->operands[k].role != GRAD && num(c, "zeros", 0) != 0)) {
            d.other_kind = true;
            d.worst = i;
            return d;
        }
        if (!isfinite(want))
            continue;
        double off = fabs(got[i] - want), relative = off > 0.0 ? off / (fabs(want) + floor_) : 0.0;
        squares += off * off;
        size += want * want;
        if (relative > d.element) {
            d.element = relative;
            d.worst = i;
        }
    }
    d.norm = squares > 0.0 ? sqrt(squares / size) : 0.0;
    return d;
}

static void check_results(run *r, bool backward)
{
    test_case *c = r->c;
    for (int k = 0; k < c->n; k++) {
        if (!is_result(c, k, backward))
            continue;
        double *got = calloc((size_t)(c->rows[k] * c->cols[k]) + 1, sizeof(double));
        bool clean = take(r, k, got);
        difference d = compare(c, k, got, r->mat[k].dtype);
        double error = c->op->by_element ? d.element : d.norm;
        double limit = c->op->operands[k].dtype == 'i' ? 0.0 : num(c, "limit", c->op->limit);
        if (d.other_kind || error > limit)
            fail_run(r, "%s: error %.3g, limit %.3g (%s); worst at row %lld column %lld: %.9g, ref %.9g", c->op->operands[k].name, error,
                     limit, c->op->reason, (long long)(d.worst / c->cols[k]), (long long)(d.worst % c->cols[k]), got[d.worst],
                     c->want[k][d.worst]);
        if (!clean)
            fail_run(r, "%s: written outside of the matrix", c->op->operands[k].name);
        free(got);
    }
    if (!scratch_guard_holds(r))
        fail_run(r, "written behind the scratch");
}

/* ---- the expectation ---- */

static void keep_results(run *r, bool backward)
{
    for (int k = 0; k < r->c->n; k++)
        if (is_result(r->c, k, backward) && !take(r, k, r->c->want[k]))
            fail_run(r, "%s: written outside of the matrix", r->c->op->operands[k].name);
}

/* Fills the case's results by ref in F64. */
static void expect(test_case *c, hone_backend *ref, float beta)
{
    run r;
    run_open(&r, c, ref, HONE_DTYPE_F64, 0, beta, -1, -1);
    run_place(&r, false);
    if (c->op->forward(&r) != HONE_OK)
        fail_run(&r, "forward: %s", hone_error_message());
    keep_results(&r, false);
    if (has_backward(c) && c->op->backward(&r) != HONE_OK)
        fail_run(&r, "backward: %s", hone_error_message());
    if (has_backward(c))
        keep_results(&r, true);
    run_close(&r);
}

/* sum of COT o OUT after a forward with the present inputs of r */
static double loss_of(run *r)
{
    test_case *c = r->c;
    double loss = 0.0;
    c->op->forward(r);
    for (int k = 0; k < c->n; k++) {
        if (c->op->operands[k].role != COT || c->absent[k])
            continue;
        int out = find(c, c->op->operands[k].of);
        double *y = calloc((size_t)(c->rows[out] * c->cols[out]) + 1, sizeof(double));
        take(r, out, y);
        for (int64_t i = 0; i < c->rows[out] * c->cols[out]; i++)
            loss += c->value[k][i] != 0.0 ? c->value[k][i] * y[i] : 0.0;
        free(y);
    }
    return loss;
}

/* (loss(x + h) - loss(x - h)) / 2h in F64: truncation h^2 = 1e-10, rounding 1e-16 loss / h = 1e-11 loss, so 1e-6 of the operand's largest gradient is ample and
 * no wrong formula comes near it. */
static void check_gradient(run *r, int grad, int x)
{
    test_case *c = r->c;
    const double h = 1e-5;
    int64_t n = c->rows[x] * c->cols[x], probes = (int64_t)num(c, "fd", 24);
    double largest = 1e-3;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(c->want[grad][i]));
    for (int64_t p = 0; p < probes && p < n; p++) {
        int64_t i = n <= probes ? p : (int64_t)(hone__splitmix64((uint64_t)p) % (uint64_t)n);
        double before = c->value[x][i], up, down;
        c->value[x][i] = before + h;
        place(r, x, c->value[x]);
        up = loss_of(r);
        c->value[x][i] = before - h;
        place(r, x, c->value[x]);
        down = loss_of(r);
        c->value[x][i] = before;
        place(r, x, c->value[x]);
        double slope = (up - down) / (2 * h) * num(c, "scale_grad", 1);
        if (!(fabs(slope - c->want[grad][i]) <= 1e-6 * largest))
            fail_run(r, "%s[%lld] is %.9g, finite differences give %.9g", c->op->operands[grad].name, (long long)i, c->want[grad][i],
                     slope);
    }
}

static void check_gradients(test_case *c, hone_backend *ref)
{
    run r;
    run_open(&r, c, ref, HONE_DTYPE_F64, 0, 0.0f, -1, -1);
    run_place(&r, false);
    for (int k = 0; k < c->n; k++)
        if (c->op->operands[k].role == GRAD && !c->absent[k] && !r.failed)
            check_gradient(&r, k, find(c, c->op->operands[k].of));
    run_close(&r);
}

/* ---- a backend against it ---- */

/* All results' bytes, one behind another. */
static size_t collect(run *r, bool backward, char *out)
{
    size_t n = 0;
    for (int k = 0; k < r->c->n; k++) {
        if (!is_result(r->c, k, backward))
            continue;
        if (out)
            CALL(r, download, out + n, r->mat[k].data, r->bytes[k]);
        n += r->bytes[k];
    }
    return n;
}

/* Places, runs twice and checks one half of an op. */
static void run_half(test_case *c, hone_backend *b, bool backward, int64_t pad, float beta, int first, int second)
{
    run r;
    run_open(&r, c, b, HONE_DTYPE_F32, pad, beta, first, second);
    size_t n = collect(&r, backward, NULL);
    char *bits[2] = {malloc(n + 1), malloc(n + 1)};
    hone_status status = HONE_OK;
    for (int time = 0; time < 2 && status == HONE_OK; time++) {
        run_place(&r, backward);
        status = (backward ? c->op->backward : c->op->forward)(&r);
        finish(&r);
        collect(&r, backward, bits[time]);
    }
    n_run++;
    if (status == HONE_UNSUPPORTED)
        n_unsupported++;
    else if (status != HONE_OK)
        fail_run(&r, "%s: %s", hone_status_name(status), hone_error_message());
    else if (memcmp(bits[0], bits[1], n) != 0)
        fail_run(&r, "%s: run twice, other bits", backward ? "backward" : "forward");
    if (status == HONE_OK)
        check_results(&r, backward);
    free(bits[0]);
    free(bits[1]);
    run_close(&r);
}

/* The places where the op may work in place: "y:x sum:f". */
static void run_in_place(test_case *c, hone_backend *b)
{
    const char *at = c->op->in_place;
    while (at && *at) {
        char first[32], second[32];
        int len = 0;
        if (sscanf(at, "%31[^:]:%31s%n", first, second, &len) < 2)
            break;
        int i = find(c, first), j = find(c, second);
        bool backward = c->op->operands[i].role == GRAD;
        if (!c->absent[i] && !c->absent[j] && (!backward || has_backward(c)))
            run_half(c, b, backward, 0, 0.0f, i, j);
        at += len + (int)strspn(at + len, " ");
    }
}

/* ref with beta 1 is ref with beta 0 plus what was there; plain: the results with beta 0. */
static void check_beta(test_case *c, hone_backend *ref, double *plain[])
{
    run r = {.c = c, .b = ref, .dtype = HONE_DTYPE_F64, .beta = 1.0f};
    for (int k = 0; k < c->n; k++) {
        const operand *p = &c->op->operands[k];
        bool takes_beta = p->role == GRAD ? c->op->beta_backward : p->role == OUT && c->op->beta_forward;
        for (int64_t i = 0; takes_beta && !p->no_beta && !c->absent[k] && !r.failed && i < c->rows[k] * c->cols[k]; i++)
            if (fabs(c->want[k][i] - (plain[k][i] + c->old[k][i])) > 1e-12 * (fabs(plain[k][i]) + 10.0)) /* a rounding or two of F64 */
                fail_run(&r, "%s[%lld]: beta 1 gives %.9g, beta 0 %.9g, before %.9g", p->name, (long long)i, c->want[k][i], plain[k][i],
                         c->old[k][i]);
    }
}

static void run_halves(test_case *c, hone_backend *b, float beta, bool forward, bool backward)
{
    for (int64_t pad = 0; pad < 6; pad += 5) {
        if (forward)
            run_half(c, b, false, pad, beta, -1, -1);
        if (backward)
            run_half(c, b, true, pad, beta, -1, -1);
    }
    if (beta == 0.0f)
        run_in_place(c, b);
}

static void run_case(const op *o, const char *text, hone_backend *ref, hone_backend *const *backends, int n_backends, bool gradients)
{
    test_case c;
    double *plain[MAX_OPERANDS];
    case_init(&c, o, text);
    bool backward = has_backward(&c);
    expect(&c, ref, 0.0f);
    if (gradients && backward && num(&c, "fd", 1) > 0)
        check_gradients(&c, ref);
    for (int i = 0; i < n_backends; i++)
        run_halves(&c, backends[i], 0.0f, true, backward);
    if (o->beta_forward || (backward && o->beta_backward)) {
        for (int k = 0; k < c.n; k++) {
            plain[k] = c.want[k];
            c.want[k] = calloc((size_t)(c.rows[k] * c.cols[k]) + 1, sizeof(double));
        }
        expect(&c, ref, 1.0f);
        check_beta(&c, ref, plain);
        for (int i = 0; i < n_backends; i++)
            run_halves(&c, backends[i], 1.0f, o->beta_forward, backward && o->beta_backward);
        for (int k = 0; k < c.n; k++)
            free(plain[k]);
    }
    case_dispose(&c);
}

/* ---- alternatives ---- */

typedef void (*case_fn)(void *payload, const op *o, const char *text);

/* Calls use for each choice of "a/b/c", and for each number below n_what where there is "*". */
static void expand(const op *o, const char *text, case_fn use, void *payload)
{
    const char *at = text + strcspn(text, "/*"), *begin = at;
    char line[CASE_LEN];
    if (!*at) {
        use(payload, o, text);
        return;
    }
    while (begin > text && begin[-1] != '=')
        begin--;
    const char *end = begin + strcspn(begin, " ");
    int head = (int)(begin - text);
    for (int k = 0; *at == '*' && k < o->n_what; k++) {
        snprintf(line, sizeof(line), "%.*s%d%s", head, text, k, end);
        expand(o, line, use, payload);
    }
    while (*at == '/' && begin < end) {
        int len = (int)strcspn(begin, "/ ");
        snprintf(line, sizeof(line), "%.*s%.*s%s", head, text, len, begin, end);
        expand(o, line, use, payload);
        begin += len + (begin[len] == '/');
    }
}

/* ---- times ---- */

static double seconds_of(run *r, bool backward)
{
    double best = 1e30, start = hone__seconds();
    for (int n = 0; n < 5 || hone__seconds() - start < 0.3; n++) {
        double before = hone__seconds();
        (backward ? r->c->op->backward : r->c->op->forward)(r);
        finish(r);
        best = fmin(best, hone__seconds() - before);
    }
    return best;
}

/* Bytes of the operands that a half reads or writes, each once. */
static double traffic(const run *r, bool backward)
{
    double bytes = 0.0;
    for (int k = 0; k < r->c->n; k++) {
        op_role role = r->c->op->operands[k].role;
        if (!r->c->absent[k] && (backward || (role != COT && role != GRAD)))
            bytes += (double)(r->mat[k].rows * r->mat[k].cols) * (double)hone_dtype_size(r->mat[k].dtype) * (role == IO ? 2 : 1);
    }
    return bytes;
}

static void time_case(void *payload, const op *o, const char *text)
{
    test_case c;
    run r;
    case_init(&c, o, text);
    run_open(&r, &c, payload, HONE_DTYPE_F32, 0, 0.0f, -1, -1);
    run_place(&r, false);
    r.timed = true;
    for (int backward = 0; backward < 1 + has_backward(&c); backward++) {
        double t = seconds_of(&r, backward != 0), work = o->flops ? o->flops(&r) * (backward ? o->backward_work : 1) : 0.0;
        printf("%-14s %-9s %-44s %10.3f ms %8.1f GB/s", o->name, backward ? "backward" : "forward", text, t * 1e3,
               traffic(&r, backward) / t * 1e-9);
        printf(work > 0.0 ? " %8.1f GFLOP/s\n" : "\n", work / t * 1e-9);
    }
    run_close(&r);
    case_dispose(&c);
}

#endif
