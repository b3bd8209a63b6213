/* Linear maps in 8 bits: weights brought into panels once, and products with them on several threads. Rows of x are brought to 8 bits first, each by one thread; then the result is dealt out
 * in blocks. Every number of it comes from one exact sum: neither the number of threads nor the instruction set changes a bit before the activation. */
#include "tensor/cpu/cpu.h"
#include "tensor/cpu/narrow/narrow.h"

#include <string.h>

enum {
    TILE_ROWS = HONE_NARROW_ROWS,
    GROUP = 128,     /* columns that are multiplied before their activation is taken */
    STEP_ROWS = 256, /* rows of a thread at a time: their codes stay in the second cache */
    PADDING = 64     /* between rows of codes: their beginnings shall not all fall on one line of the cache */
};

static const hone_int8_kernels *kernels_of(const hone_backend *b)
{
    return ((const hone_cpu *)b->self)->int8;
}

/* ---- weights ---- */

/* Outputs [col, col + n_cols) of a panel from rows of a weight (out, in): codes of a row, then their words. */
static void fill_from_rows(const hone_int8_kernels *k, const hone_quant *to, const hone_mat *w, int64_t col, int64_t n_cols)
{
    uint8_t codes[HONE_QUANT_MAX_IN + HONE_INT8_WIDTH];
    size_t words = hone__quant_words(to), n_in = (size_t)to->n_in;
    for (int64_t o = col; o < col + n_cols; o++) {
        char *word = (char *)to->codes + (size_t)col * words * 4 + (size_t)(o - col) * 4;
        int32_t sum = 0;
        k->quantize_row(codes, &to->scale[o], hone__at(w, o, 0), n_in);
        memset(codes + n_in, 128, words * 4 - n_in);
        for (size_t i = 0; i < n_in; i++)
            sum += codes[i];
        for (size_t i = 0; i < words; i++, word += 4 * HONE_QUANT_COLS) {
            uint32_t four;
            memcpy(&four, codes + 4 * i, 4);
            four ^= 0x80808080u; /* 128 less in each */
            memcpy(word, &four, 4);
        }
        to->shift[o] = -128 * (sum - 128 * (int32_t)n_in);
    }
}

/* Row i of a weight (in, out), as far as the panel reaches. */
static const float *panel_row(float buffer[HONE_QUANT_COLS], const hone_mat *w, int64_t i, int64_t col, int64_t n_cols)
{
    if (n_cols == HONE_QUANT_COLS)
        return hone__at(w, i, col);
    memcpy(buffer, hone__at(w, i, col), (size_t)n_cols * sizeof(float));
    return buffer;
}

/* What quantize_row does to a row, to each column of a panel: its scale, and the factor that leads to codes. */
static void column_scales(float *scale, float *factor, const hone_mat *w, int64_t col, int64_t n_cols)
{
    float buffer[HONE_QUANT_COLS] = {0};
    uint32_t largest[HONE_QUANT_COLS] = {0}, bits[HONE_QUANT_COLS];
    for (int64_t i = 0; i < w->rows; i++) {
        memcpy(bits, panel_row(buffer, w, i, col, n_cols), sizeof(bits));
        for (int c = 0; c < HONE_QUANT_COLS; c++)
            largest[c] = largest[c] > (bits[c] & INT32_MAX) ? largest[c] : bits[c] & INT32_MAX;
    }
    for (int c = 0; c < HONE_QUANT_COLS; c++)
        factor[c] = hone__int8_factor(&scale[c], largest[c]);
}

/* The same from columns of a weight (in, out). */
static void fill_from_columns(const hone_quant *to, const hone_mat *w, int64_t col, int64_t n_cols)
{
    const float whole = 0x1.8p23f; /* added to a small number it leaves its nearest whole one, the even one of two, in the low bits */
    float buffer[HONE_QUANT_COLS] = {0}, factor[HONE_QUANT_COLS];
    int32_t sum[HONE_QUANT_COLS] = {0};
    int8_t *panel = to->codes + (size_t)col * hone__quant_words(to) * 4;
    column_scales(to->scale + col, factor, w, col, n_cols);
    for (int64_t i = 0; i < to->n_in; i++) {
        const float *x = panel_row(buffer, w, i, col, n_cols);
        int8_t *word = panel + i / 4 * 4 * HONE_QUANT_COLS + i % 4;
        for (int c = 0; c < HONE_QUANT_COLS; c++) {
            float shifted = x[c] * factor[c] + whole;
            int32_t bits;
            memcpy(&bits, &shifted, sizeof(bits));
            word[4 * c] = (int8_t)bits;
            sum[c] += (int8_t)bits;
        }
    }
    for (int c = 0; c < HONE_QUANT_COLS; c++)
        to->shift[col + c] = -128 * sum[c];
}

static hone_status cpu_quantize(hone_backend *b, const hone_quant *to, const hone_weight *from)
{
    HONE_CPU_CHECK(&from->mat);
    memset(to->scale, 0, hone__quant_outputs(to) * (sizeof(float) + sizeof(int32_t)));
#pragma omp parallel for schedule(static) num_threads(hone__threads(b, to->n_in * to->n_out))
    for (int64_t col = 0; col < to->n_out; col += HONE_QUANT_COLS) {
        int64_t n_cols = hone__min64(to->n_out - col, HONE_QUANT_COLS);
        if (n_cols < HONE_QUANT_COLS || to->n_in % 4)
            memset(to->codes + (size_t)col * hone__quant_words(to) * 4, 0, hone__quant_words(to) * 4 * HONE_QUANT_COLS);
        if (from->in_major)
            fill_from_columns(to, &from->mat, col, n_cols);
        else
            fill_from_rows(kernels_of(b), to, &from->mat, col, n_cols);
    }
    return HONE_OK;
}

/* ---- products ---- */

static size_t row_width(int64_t n_in)
{
    return (size_t)hone__ceil_div(n_in, HONE_INT8_WIDTH) * HONE_INT8_WIDTH + PADDING;
}

static int64_t step_rows(const hone_backend *b, int64_t rows)
{
    return hone__min64(rows, (int64_t)STEP_ROWS * b->n_threads);
}

size_t hone__int8_workspace(const hone_backend *b, int64_t rows, int64_t n_in)
{
    return (size_t)step_rows(b, rows) * (row_width(n_in) + sizeof(float)) + HONE_INT8_WIDTH;
}

/* Some rows as codes. */
typedef struct left {
    uint8_t *codes;
    float *scale;
    size_t width;
} left;

/* The work in parts: rows by tiles, columns by panels. */
typedef struct grid {
    int64_t rows, cols, n_rows, n_cols; /* of a part; parts */
} grid;

/* The parts whose largest is smallest; of equal ones that with the fewest cuts through rows, since each reads the weight again. */
static grid choose_grid(int64_t rows, int64_t cols, int64_t threads)
{
    int64_t tiles = hone__ceil_div(rows, TILE_ROWS), panels = hone__ceil_div(cols, HONE_QUANT_COLS), least = INT64_MAX;
    grid best = {0};
    for (int64_t r = 1; r <= threads; r++) {
        int64_t n_tiles = hone__ceil_div(tiles, r), n_panels = hone__ceil_div(panels, threads / r);
        if (n_tiles * n_panels >= least)
            continue;
        least = n_tiles * n_panels;
        best = (grid){n_tiles * TILE_ROWS, n_panels * HONE_QUANT_COLS, hone__ceil_div(tiles, n_tiles), hone__ceil_div(panels, n_panels)};
    }
    return best;
}

typedef struct product {
    const hone_mat *y;
    const hone_quant *w;
    const float *bias;
    hone_act act;
    left x;
} product;

/* At most TILE_ROWS rows and GROUP columns: the activation finds them in the first cache. */
static void multiply_block(const hone_backend *b, const product *p, int64_t row, int64_t n_rows, int64_t col, int64_t n_cols)
{
    hone_quant w = hone__quant_part(p->w, col, n_cols);
    hone_int8_block block = {.y = hone__at(p->y, row, col),
                             .x = p->x.codes + (size_t)row * p->x.width,
                             .row_scale = p->x.scale + row,
                             .codes = w.codes,
                             .scale = w.scale,
                             .shift = w.shift,
                             .bias = p->bias ? p->bias + col : NULL,
                             .ldy = (size_t)p->y->ld,
                             .ldx = p->x.width,
                             .rows = (size_t)n_rows,
                             .cols = (size_t)n_cols,
                             .words = hone__quant_words(&w)};
    kernels_of(b)->multiply(&block);
    for (int64_t r = row; p->act != HONE_ACT_NONE && r < row + n_rows; r++)
        hone__cpu(b)->act(hone__at(p->y, r, col), hone__at(p->y, r, col), (size_t)n_cols, p->act);
}

static void multiply_part(const hone_backend *b, const product *p, const grid *g, int64_t part)
{
    int64_t row0 = part / g->n_cols * g->rows, col0 = part % g->n_cols * g->cols;
    int64_t rows = hone__min64(p->y->rows, row0 + g->rows), cols = hone__min64(p->y->cols, col0 + g->cols);
    for (int64_t col = col0; col < cols; col += GROUP)
        for (int64_t row = row0; row < rows; row += TILE_ROWS)
            multiply_block(b, p, row, hone__min64(rows - row, TILE_ROWS), col, hone__min64(cols - col, GROUP));
}

/* Threads for a product that takes at least as long as its weight needs to come from memory. */
static int threads_for(const hone_backend *b, int64_t rows, const hone_quant *w)
{
    return hone__threads(b, w->n_in * w->n_out / 16 * (rows > 4 ? rows / 4 : 1));
}

static void multiply_rows(const hone_backend *b, const product *p, const hone_mat *x)
{
    int threads = threads_for(b, x->rows, p->w);
    grid g = choose_grid(x->rows, p->y->cols, threads);
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(static)
        for (int64_t i = 0; i < x->rows; i++)
            kernels_of(b)->quantize_row(p->x.codes + (size_t)i * p->x.width, p->x.scale + i, hone__at(x, i, 0), (size_t)x->cols);
#pragma omp for schedule(static)
        for (int64_t part = 0; part < g.n_rows * g.n_cols; part++)
            multiply_part(b, p, &g, part);
    }
}

void hone__int8_linear(const hone_backend *b, const hone_mat *y, const hone_mat *x, const hone_quant *w, const float *bias, hone_act act,
                       void *scratch)
{
    int64_t step = step_rows(b, x->rows);
    left codes = {.codes = scratch, .width = row_width(x->cols)};
    codes.scale = (float *)(void *)(codes.codes + (size_t)step * codes.width);
    for (int64_t i = 0; i < x->rows; i += step) {
        hone_mat to = *y, from = *x;
        to.data = hone__at(y, i, 0), from.data = hone__at(x, i, 0);
        to.rows = from.rows = hone__min64(step, x->rows - i);
        product p = {&to, w, bias, act, codes};
        multiply_rows(b, &p, &from);
    }
}

void hone__cpu_int8(hone_backend_ops *ops)
{
    ops->quantize = cpu_quantize;
}
