/* The cpu backend's choice of kernels, its memory and its table. The instruction set is found at start by cpuid; the environment variable HONE_ISA (base, avx2, avxvnni: AVX2 with
 * VNNI, avx512) may ask for less, never for more: tests run all of them on one machine. */
#include "tensor/cpu/cpu.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

typedef struct isa {
    const char *name; /* as HONE_ISA says it */
    const char *text;
    const hone_kernels *kernels;
    const hone_int8_kernels *int8;
    bool present;
    int64_t dot_rows; /* where oneDNN overtakes: measured on Zen 5 */
} isa;

#if defined(__x86_64__) || defined(__i386__)
static const char *avx512_text(void)
{
    /* the compilers' names for these: AVX512_BF16 came after VNNI */
    if (!__builtin_cpu_supports("avx512vnni"))
        return "AVX-512";
    return __builtin_cpu_supports("avx512bf16") ? "AVX-512 (VNNI, BF16)" : "AVX-512 (VNNI)";
}

/* Not every compiler's __builtin_cpu_supports knows it. */
static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static isa choose_isa(void)
{
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    const hone_int8_kernels *wide = __builtin_cpu_supports("avx512vnni") ? &hone__int8_avx512vnni : &hone__int8_avx2;
    const isa all[] = {{"avx512", avx512_text(), &hone__kernels_avx512, wide, avx512, 512},
                       {"avxvnni", "AVX2 (VNNI)", &hone__kernels_avx2, &hone__int8_avxvnni, avx2 && has_avxvnni(), 32},
                       {"avx2", "AVX2", &hone__kernels_avx2, &hone__int8_avx2, avx2, 32},
                       {"base", "SSE4.2", &hone__kernels_base, &hone__int8_base, true, 0}};
    size_t i = 0;
    const char *asked = getenv("HONE_ISA");
    for (size_t k = 0; asked && k < sizeof(all) / sizeof(*all); k++)
        if (strcmp(asked, all[k].name) == 0)
            i = k;
    while (!all[i].present)
        i++;
    return all[i];
}
#else
static isa choose_isa(void)
{
    return (isa){"base", "vectors of 128 bits", &hone__kernels_base, &hone__int8_base, true, 0};
}
#endif

const char *hone__cpu_isa(void)
{
    return choose_isa().text;
}

bool hone__cpu_allows_avx512(void)
{
    return strcmp(choose_isa().name, "avx512") == 0;
}

hone_status hone__cpu_check_(const hone_mat *const *mats, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mats[i] && mats[i]->dtype != HONE_DTYPE_F32)
            return hone__fail(HONE_UNSUPPORTED, "the cpu backend computes in F32, not in %s", hone_dtype_name(mats[i]->dtype));
    return HONE_OK;
}

void hone__cpu_enter(const hone_backend *b)
{
    if (omp_get_dynamic())
        omp_set_dynamic(0);
    if (omp_get_max_threads() != b->n_threads)
        omp_set_num_threads(b->n_threads);
}

bool hone__drop_begin(hone_drop_row *row, const hone_drop *drop)
{
    *row = (hone_drop_row){.scale = 1.0f};
    if (!drop || drop->p == 0.0f)
        return false;
    uint64_t key = hone__site_key(drop->seed, drop->site);
    for (uint32_t round = 0; round < 10; round++) { /* as Philox steps its key */
        row->round_keys[2 * round] = (uint32_t)key + round * 0x9E3779B9u;
        row->round_keys[2 * round + 1] = (uint32_t)(key >> 32) + round * 0xBB67AE85u;
    }
    row->threshold = hone__drop_threshold((double)drop->p);
    row->scale = drop->p < 1.0f ? (float)(1.0 / (1.0 - (double)drop->p)) : 0.0f;
    return true;
}

static hone_status cpu_alloc(hone_backend *b, void **out, size_t bytes)
{
    HONE_TRY(hone__pages_alloc(out, bytes));
    hone__backend_count(b, bytes, 0);
    return HONE_OK;
}

static void cpu_release(hone_backend *b, void *data, size_t bytes)
{
    if (!data)
        return;
    hone__pages_free(data, bytes);
    hone__backend_count(b, 0, bytes);
}

/* Bytes in pieces, so that big fills and copies use the memory channels of all threads. */
static void copy_bytes(const hone_backend *b, char *to, const char *from, size_t bytes)
{
    const int64_t piece = 1 << 18, n = hone__ceil_div((int64_t)bytes, piece);
#pragma omp parallel for schedule(static) num_threads(n > 4 ? b->n_threads : 1)
    for (int64_t i = 0; i < n; i++) {
        size_t at = (size_t)(i * piece), len = bytes - at < (size_t)piece ? bytes - at : (size_t)piece;
        if (from)
            memcpy(to + at, from + at, len);
        else
            memset(to + at, 0, len);
    }
}

static hone_status cpu_upload(hone_backend *b, void *device, const void *host, size_t bytes)
{
    if (device != host && bytes > 0)
        copy_bytes(b, device, host, bytes);
    return HONE_OK;
}

static hone_status cpu_download(hone_backend *b, void *host, const void *device, size_t bytes)
{
    return cpu_upload(b, host, device, bytes);
}

static hone_status cpu_fill_zero(hone_backend *b, void *data, size_t bytes)
{
    copy_bytes(b, data, NULL, bytes);
    return HONE_OK;
}

static hone_status cpu_sync(hone_backend *b)
{
    (void)b;
    return HONE_OK;
}

static void cpu_close(hone_backend *b)
{
    hone_cpu *cpu = b->self;
    cpu_release(b, cpu->panels, cpu->panel_bytes);
    hone__free(cpu);
}

static bool cpu_supports(const hone_backend *b, hone_dtype dtype)
{
    (void)b;
    return dtype == HONE_DTYPE_F32;
}

static size_t cpu_workspace(const hone_backend *b, hone_workspace what, int64_t n, int64_t m, int64_t k)
{
    switch (what) {
    case HONE_WS_ATTENTION_FORWARD:
        return hone__attention_workspace(b, n, false);
    case HONE_WS_ATTENTION_BACKWARD:
        return hone__attention_workspace(b, n, true);
    case HONE_WS_COLUMN_SUMS: /* partial sums of dgamma and dbeta */
        return (size_t)(hone__ceil_div(n, HONE_CPU_NORM_BLOCK) * 2 * m) * sizeof(float);
    case HONE_WS_EMBED_BACKWARD: /* ids and tokens, twice, and the counts of one digit */
        return (size_t)n * 4 * sizeof(int32_t) + 2048 * sizeof(int32_t);
    case HONE_WS_REDUCE:
        return HONE_CPU_PARTIALS * (sizeof(double) + sizeof(int64_t));
    case HONE_WS_GEMM: /* some rows of a product that is to be added to dx after its activation */
        return (size_t)(hone__min64(n, 64) * m) * sizeof(float);
    case HONE_WS_INT8: /* rows as codes */
        return hone__int8_workspace(b, n, k);
    }
    return 0;
}

hone_status hone__cpu_open(hone_backend *b)
{
    hone_cpu *cpu = NULL;
    HONE_TRY(HONE_NEW(&cpu, 1));
    isa best = choose_isa();
    cpu->kernels = best.kernels;
    cpu->int8 = best.int8;
    cpu->dot_rows = best.dot_rows;
    cpu->own_attention = hone__cpu_allows_avx512();
    cpu->ops = (hone_backend_ops){.name = "cpu",
                                  .alloc = cpu_alloc,
                                  .release = cpu_release,
                                  .upload = cpu_upload,
                                  .download = cpu_download,
                                  .fill_zero = cpu_fill_zero,
                                  .sync = cpu_sync,
                                  .close = cpu_close,
                                  .supports = cpu_supports,
                                  .workspace = cpu_workspace};
    hone__cpu_product(&cpu->ops);
    hone__cpu_int8(&cpu->ops);
    hone__cpu_attention(&cpu->ops);
    hone__cpu_norm(&cpu->ops);
    hone__cpu_elementwise(&cpu->ops);
    hone__cpu_index(&cpu->ops);
    hone__cpu_softmax(&cpu->ops);
    hone__cpu_sums(&cpu->ops);
    hone__cpu_optimizer(&cpu->ops);
    b->self = cpu;
    b->ops = &cpu->ops;
    hone__cpu_enter(b);
    return HONE_OK;
}
