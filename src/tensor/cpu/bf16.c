/* Products in bfloat16 on several threads: the result is dealt out in blocks, and every thread packs what its own block needs, so that no thread waits for another. An element is summed
 * in an order that depends on the depth alone: the number of threads changes no bit. */
#include "tensor/cpu/cpu.h"
#include "tensor/cpu/narrow/narrow.h"

#if defined(__x86_64__)
static bool is_there(void)
{
    __builtin_cpu_init();
    return hone__cpu_allows_avx512() && __builtin_cpu_supports("avx512bf16");
}
#else
static bool is_there(void)
{
    return false;
}
void hone__bf16_multiply(const hone_bf16_block *block)
{
    (void)block;
}
#endif

hone_status hone__bf16_prepare(hone_backend *b, hone_dtype dtype)
{
    hone_cpu *cpu = b->self;
    if (dtype == HONE_DTYPE_F32 || (dtype == HONE_DTYPE_BF16 && cpu->panels))
        return HONE_OK;
    if (dtype != HONE_DTYPE_BF16)
        return hone__hint(
            hone__fail(HONE_UNSUPPORTED, "the cpu does not multiply in %s: it has no instructions for it", hone_dtype_name(dtype)),
            "use bf16 where the cpu has AVX512_BF16, else fp32");
    if (!is_there())
        return hone__hint(
            hone__fail(HONE_UNSUPPORTED, "this cpu (%s) does not multiply in bfloat16: it lacks AVX512_BF16", hone__cpu_isa()),
            "leave the option out: fp32 is what it does best");
    size_t bytes = (size_t)b->n_threads * HONE_BF16_WORDS * sizeof(uint32_t);
    HONE_TRY(b->ops->alloc(b, &cpu->panels, bytes));
    cpu->panel_bytes = bytes;
    return HONE_OK;
}

/* How many parts rows and columns are cut into. Each part of the rows packs the right factor again and each part of the columns the left one: the longer side is cut first. */
typedef struct cut {
    int64_t rows, cols, n_rows, n_cols; /* of a part; parts */
} cut;

static cut choose_cut(int64_t rows, int64_t cols, int64_t threads)
{
    cut best = {0};
    double least = 0;
    for (int64_t n = 1; n <= threads; n++) {
        int64_t r = n, c = threads / n;
        int64_t part_rows = hone__ceil_div(hone__ceil_div(rows, r), HONE_NARROW_ROWS) * HONE_NARROW_ROWS;
        int64_t part_cols = hone__ceil_div(hone__ceil_div(cols, c), HONE_NARROW_COLS) * HONE_NARROW_COLS;
        /* what one thread multiplies, and, some 24 times as dear, packs, for each number of the depth */
        double cost = (double)part_rows * (double)part_cols + 24.0 * (double)(part_rows + part_cols);
        if (n == 1 || cost < least) {
            least = cost;
            best = (cut){part_rows, part_cols, hone__ceil_div(rows, part_rows), hone__ceil_div(cols, part_cols)};
        }
    }
    return best;
}

void hone__bf16_product(const hone_backend *be, const hone_mat *c, const hone_mat *a, bool ta, const hone_mat *b, bool tb, float alpha,
                        float beta)
{
    const hone_cpu *cpu = be->self;
    int64_t depth = ta ? a->rows : a->cols;
    cut part = choose_cut(c->rows, c->cols, hone__threads(be, c->rows * c->cols * depth / 32));
#pragma omp parallel for schedule(static) num_threads((int)(part.n_rows * part.n_cols))
    for (int64_t i = 0; i < part.n_rows * part.n_cols; i++) {
        int64_t row = i / part.n_cols * part.rows, col = i % part.n_cols * part.cols;
        uint32_t *panels = (uint32_t *)cpu->panels + (size_t)i * HONE_BF16_WORDS;
        hone_bf16_block block = {.c = hone__at(c, row, col),
                                 .a = ta ? hone__at(a, 0, row) : hone__at(a, row, 0),
                                 .b = tb ? hone__at(b, col, 0) : hone__at(b, 0, col),
                                 .ldc = (size_t)c->ld,
                                 .lda = (size_t)a->ld,
                                 .ldb = (size_t)b->ld,
                                 .rows = (size_t)hone__min64(part.rows, c->rows - row),
                                 .cols = (size_t)hone__min64(part.cols, c->cols - col),
                                 .depth = (size_t)depth,
                                 .ta = ta,
                                 .tb = tb,
                                 .alpha = alpha,
                                 .beta = beta,
                                 .panels = panels};
        hone__bf16_multiply(&block);
    }
}
