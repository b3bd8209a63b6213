/* The op table: every entry of a backend, forward and backward, over shapes that hurt, on every backend against `ref`, and ref against finite differences.
 * How a case is read and run: harness.h; the ops: ops.h.
 *
 *     ops_table                                all of it: ref, then cpu in a process for each instruction set (HONE_ISA, ONEDNN_MAX_CPU_ISA)
 *     ops_table --backend cpu [--op linear] [--threads 2]
 *                                              one backend as the environment has it, one op, one thread count
 *     ops_table --time [--backend cpu] [--op attention] [--threads 2] */
#include <spawn.h>
#include <sys/wait.h>

#include "ops/ops.h"
#include "support/sanitizer.h"

/* Clang warns of fields that a row leaves out; they are zero, which is meant. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SUM_F32   "sums of F32 products in any order: some sqrt(K) roundings of 6e-8, K of 2,000 and less"
#define SUM_BF16  "the same factors, rounded alike, " SUM_F32

/* clang-format off */
#define LINEAR_OPERANDS                                                                                               \
    {{"x", "N,I", IN}, {"w", "O,I|in_major", IN}, {"bias", "1,O", IN, .is_vector = true}, {"y", "N,O", OUT}, {"pre", "N,O", OUT}, \
     {"dy", "N,O", COT, "y"}, {"dpre", "N,O", IO, .fill = "zero"}, {"dx", "N,I", GRAD, "x"}, {"dw", "O,I|in_major", GRAD, "w"},   \
     {"dbias", "1,O", GRAD, "bias", .is_vector = true}}
/* clang-format on */

static const op table[] = {
    {.name = "gemm",
     .forward = gemm,
     .operands = {{"a", "N,K|ta", IN}, {"b", "K,O|tb", IN}, {"c", "N,O", OUT}},
     .beta_forward = true,
     .limit = 1e-6,
     .reason = SUM_F32,
     .flops = gemm_flops,
     .cases = LIST("N=1/5/33 O=1/7/64 K=1/19 ta=0/1 tb=0/1", "N=0/3 O=4 K=5", "N=3 O=0/5 K=4", "N=3 O=4 K=0",
                   "N=130 O=77 K=1030 alpha=-0.5 ta=0/1 tb=0/1"),
     .times = LIST("N=1024 O=768 K=768 tb=1", "N=256 O=8192 K=768 tb=1", "N=256 O=768 K=8192", "N=8192 O=768 K=256 ta=1")},
    {.name = "gemm_bf16",
     .forward = gemm_bf16,
     .operands = {{"a", "N,K|ta", IN}, {"b", "K,O|tb", IN}, {"c", "N,O", OUT}},
     .beta_forward = true,
     .limit = 2e-6,
     .reason = SUM_BF16,
     .flops = gemm_flops,
     /* below the least size, odd depths, edges of tiles and panels, several panels of rows, columns and depth */
     .cases = LIST("N=11/12/13 O=31/32/33 K=31/32/33 ta=0/1 tb=0/1", "N=24 O=40 K=0", "N=200 O=70 K=97 alpha=-0.5 ta=0/1 tb=0/1",
                   "N=30 O=801 K=40 ta=0/1 tb=0/1", "N=50 O=50 K=1601 ta=0/1 tb=0/1", "N=400 O=33 K=800 ta=0/1 tb=0/1"),
     .times = LIST("N=1024 O=768 K=768 tb=0/1", "N=256 O=8192 K=768 tb=1", "N=256 O=768 K=8192", "N=8192 O=768 K=256 ta=1",
                   "N=1024 O=3072 K=768", "N=160/1430 O=1536 K=384 tb=1", "N=384 O=1536 K=160/1430 ta=1")},
    {.name = "linear_bf16",
     .forward = linear_forward_bf16,
     .backward = linear_backward_bf16,
     .operands = LINEAR_OPERANDS,
     .beta_backward = true,
     .limit = 2e-4,
     .floor = 1e-3,
     .reason = SUM_BF16 "; behind an activation a factor in F32 may round to the other side than that in F64, by 4e-3 of one in thousands",
     .flops = linear_flops,
     .backward_work = 2,
     /* no finite differences: a rounded factor is a staircase */
     .cases = LIST("N=37 I=48 O=70 act=0/1 in_major=0/1 fd=0", "N=130 I=200 O=36 act=1/2 in_major=0/1 fd=0", "N=1100 I=40 O=33 act=1 fd=0",
                   "N=5 I=40 O=40 fd=0", "N=40 I=64 O=96 without=pre,bias,dbias act=0 fd=0"),
     .n_what = HONE_ACT_SIGMOID + 1,
     .times = LIST("N=160/426/1024/1430 I=384 O=1536 act=1", "N=1024 I=768 O=3072 act=2 in_major=1")},
    {.name = "linear_int8",
     .forward = linear_int8,
     .operands = {{"x", "N,I", IN}, {"w", "O,I|in_major", IN}, {"bias", "1,O", IN, .is_vector = true}, {"y", "N,O", OUT}},
     .limit = 2e-6,
     .floor = 1e-3,
     .reason = "the same whole numbers, then a product and a sum of F32, and an activation's 4e-7",
     .flops = linear_flops,
     /* every height of a tile, columns and inputs beside their multiples, several steps of rows, one row */
     .cases = LIST("N=1/2/3/4/5/6/7/8/9/10/11/12/13 I=7 O=33 act=0 in_major=0/1", "N=1/5/25 I=1/2/3/4/5/63/64/65 O=1/31/32/65 act=0/1",
                   "N=37 I=384 O=130 act=* in_major=0/1", "N=3 I=12 O=40 without=bias", "N=0 I=3 O=5", "N=1030 I=20 O=70 in_major=1",
                   "N=1/2/19 I=3072 O=96 in_major=0/1"),
     .n_what = HONE_ACT_SIGMOID + 1,
     .times = LIST("N=1/20/160/426/1430 I=384 O=1536 act=1", "N=160 I=384 O=1152 act=0", "N=160/1430 I=1536 O=384 act=0",
                   "N=1/20/1024 I=768 O=3072 act=2 in_major=1", "N=1/1024 I=3072 O=768 in_major=1", "N=1 I=768 O=50257")},
    {.name = "linear",
     .forward = linear_forward,
     .backward = linear_backward,
     .operands = LINEAR_OPERANDS,
     .beta_backward = true,
     .limit = 2e-6,
     .floor = 1e-3,
     .reason = SUM_F32 ", and an activation's 4e-7",
     .flops = linear_flops,
     .backward_work = 2,
     .cases =
         LIST("N=1/5/37 I=1/7/48 O=1/9/32 in_major=0/1", "N=13 I=24 O=40 act=* in_major=0/1", "N=13 I=24 O=17 act=0/1 without=bias,dbias",
              "N=11 I=16 O=8 act=0 without=pre", "N=0 I=3 O=5", "N=300 I=200 O=130 act=1/2 in_major=0/1",
              "N=1/2/3/8 I=768 O=100 in_major=0/1 cached=0/1", "N=40 I=64 O=96 cached=1 in_major=0/1"),
     .n_what = HONE_ACT_SIGMOID + 1,
     .times = LIST("N=160/426/1024 I=384 O=1536 act=1", "N=1024 I=768 O=2304 in_major=1", "N=1024 I=768 O=3072 act=2 in_major=1",
                   "N=1 I=768 O=3072 in_major=0/1")},
    {.name = "ffn",
     .forward = ffn_forward,
     .backward = ffn_backward,
     .operands = {{"u", "N,I", IN},
                  {"h", "N,I", OUT},
                  {"w", "O,I|in_major", IN},
                  {"y", "N,O", OUT},
                  {"dy", "N,O", COT, "y"},
                  {"du", "N,I", GRAD, "u"}},
     .beta_backward = true,
     .limit = 2e-6,
     .floor = 0.3,
     .reason = SUM_F32 ", and an activation's 4e-7; the floor is for single sums that cancel",
     .flops = linear_flops,
     .backward_work = 1,
     .cases = LIST("N=1/5 I=1/19 O=1/8 act=* in_major=0/1", "N=70 I=130 O=33 act=1/2 in_major=0/1", "N=0 I=3 O=4 act=1"),
     .n_what = HONE_ACT_SIGMOID + 1,
     .times = LIST("N=426 I=1536 O=384 act=1", "N=1024 I=3072 O=768 act=2 in_major=1")},
    {.name = "attention",
     .forward = attention_forward,
     .backward = attention_backward,
     .operands = {{"q", "N,C", IN},
                  {"k", "M,C", IN},
                  {"v", "M,C", IN},
                  {"o", "N,C", OUT},
                  {"lse", "N,H", OUT, .is_vector = true},
                  {"do", "N,C", COT, "o"},
                  {"dq", "N,C", GRAD, "q"},
                  {"dk", "M,C", GRAD, "k"},
                  {"dv", "M,C", GRAD, "v"}},
     .limit = 3e-6,
     .floor = 0.01,
     .reason = "three products and an exp of F32; the floor is for rows of one token, whose true gradient at q and k is 0",
     .flops = attention_flops,
     .backward_work = 2.5, /* five products for two */
     .cases =
         LIST("C=8 H=1 lens=150 klens=2100 causal=0/1 p=0.1 fd=1", "C=6 H=2 lens=1/5/70 klens=4200 causal=0/1 fd=1",
              "C=8 H=2 lens=1/3/17 causal=0/1 p=0/0.3", "C=48 H=3 lens=5,0,1,33,8,0 causal=0/1 p=0/0.1",
              "C=64 H=2 lens=26,3,40,16,41 causal=0/1 p=0/0.1", "C=192 H=3 lens=53,64,65,0,7 causal=0/1 p=0/0.1",
              "C=80 H=1 lens=24/63 causal=0/1", "C=96 H=1 lens=5/37 klens=20/64", "C=15 H=5 lens=4,9 tail=7 causal=0/1 p=0/0.2",
              "C=7 H=1 lens=300 causal=0/1 p=0/0.1 fd=6", "C=64 H=1 lens=129,64,65 causal=0/1 fd=2",
              "C=128 H=2 lens=40,2 causal=0/1 p=0.1 fd=6", "C=16 H=2 lens=0 causal=0/1", "C=16 H=2 lens=0,0,3 tail=2",
              "C=32 H=2 lens=3,1,2 klens=7,5,2 causal=0/1 p=0/0.2", "C=32 H=2 lens=1,1,1 klens=9,1,70 cap=80 causal=0/1 forward_only=1",
              "C=32 H=2 lens=4,1 klens=40,1 cap=41 causal=0/1 forward_only=1", "C=12 H=3 lens=2,3 klens=0,4 causal=0/1",
              "C=12 H=1 lens=5 klens=3 causal=1", "C=16 H=2 lens=20,6 causal=0/1 without=lse forward_only=1",
              "C=16 H=2 lens=40 big=100 causal=0/1 forward_only=1 limit=1e-3", "C=16 H=1 lens=16,12,1 p=0.4 causal=0/1 v=identity zeros=1",
              "C=64 H=1 lens=64 p=0.5 v=identity zeros=1 pass=1 causal=0/1 fd=2"),
     .times =
         LIST("C=384 H=12 lens=20,20,20,20,20,20,20,20", "C=384 H=12 lens=53,53,53,53,53,53,53,53 p=0.1",
              "C=384 H=12 lens=179,179,179,179,179,179,179,179 p=0/0.1", "C=768 H=12 lens=128,128,128,128,128,128,128,128 causal=1 p=0/0.1",
              "C=768 H=12 lens=512 causal=0/1", "C=768 H=12 lens=1 klens=1000 cap=1024 causal=1 forward_only=1")},
    {.name = "norm",
     .forward = norm_forward,
     .backward = norm_backward,
     .operands = {{"x", "N,C", IN},
                  {"f", "N,C", IN},
                  {"gamma", "1,C", IN, .is_vector = true},
                  {"beta", "1,C", IN, .is_vector = true},
                  {"sum", "N,C", OUT},
                  {"y", "N,C", OUT},
                  {"mean", "1,N", OUT, .is_vector = true},
                  {"rstd", "1,N", OUT, .is_vector = true},
                  {"dy", "N,C", COT, "y"},
                  {"dsum", "N,C", COT, "sum"},
                  {"dx", "N,C", GRAD, "x"},
                  {"df", "N,C", GRAD, "f", .no_beta = true},
                  {"dgamma", "1,C", GRAD, "gamma", .is_vector = true},
                  {"dbeta", "1,C", GRAD, "beta", .is_vector = true}},
     .beta_backward = true,
     .in_place = "sum:x sum:f dx:dsum",
     .limit = 2e-6,
     .floor = 0.1,
     .reason = "means over C and sums over tokens in F32 blocks; the floor is for means and gradients that cancel (C of 1 and 2: to 0)",
     .cases = LIST("N=1/5/70 C=3/8/33 p=0/0.1", "N=3 C=1/2 p=0", "N=0 C=4", "C=64 lens=3,0,5 tail=6 p=0.5", "C=384 N=130 p=0.1",
                   "C=768 N=3 p=0", "N=9 C=20 without=f,sum,df,dsum", "N=9 C=20 without=f,sum,df fd=0", "N=9 C=20 without=dsum p=0.1",
                   "N=9 C=20 without=df,dgamma,dbeta p=0.1", "N=9 C=20 without=dx p=0.1", "N=9 C=20 without=mean,rstd forward_only=1",
                   "N=9 C=20 without=sum forward_only=1 p=0.2", "N=6 C=100 x=zero p=0.3 zeros=1 fd=8", "N=4 C=50 big=1e4 fd=0",
                   "N=7 C=65 p=0.2 gathered=1 pass=3"),
     .times = LIST("N=426 C=384 p=0/0.1", "N=1024 C=768 p=0/0.1")},
    {.name = "act",
     .forward = act_forward,
     .backward = act_backward,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", OUT}, {"dy", "N,C", COT, "y"}, {"dx", "N,C", GRAD, "x"}},
     .beta_backward = true,
     .in_place = "y:x dx:dy",
     .limit = 1e-6,
     .floor = 1.0,
     .by_element = true,
     .reason = "4e-7 of erf or tanh where the value is of the order of 1, a few roundings; larger values relative to themselves",
     .n_what = HONE_ACT_SIGMOID + 1,
     .cases = LIST("N=130 C=257 act=* big=4 fd=0", "N=1/3 C=1/7/64 act=*", "N=0 C=5 act=1", "N=40 C=101 act=* big=3 fd=8",
                   "N=100 C=100 act=* x=ramp big=12/1e4 fd=0", "N=20 C=20 act=* big=1e-3 floor=1e-3 fd=0"),
     .times = LIST("N=1024 C=3072 act=1/2", "N=426 C=1536 act=1")},
    {.name = "dropout",
     .forward = dropout_forward,
     .backward = dropout_backward,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", OUT}, {"dy", "N,C", COT, "y"}, {"dx", "N,C", GRAD, "x"}},
     .beta_forward = true,
     .beta_backward = true,
     .in_place = "y:x dx:dy",
     .limit = 3e-7,
     .floor = 1.0,
     .by_element = true,
     .reason = "one product with 1/(1-p) rounded to F32, one sum: three roundings of 6e-8, relative to terms of the order of 1",
     .cases = LIST("N=130 C=257 p=0.3 fd=0", "N=5 C=1/7/32/33/100 p=0.1/0.5", "C=65 lens=3,0,9,1 tail=3 p=0.3",
                   "N=30 C=48 p=0.2 gathered=1 pass=2", "N=8 C=64 p=0.25 zeros=1", "N=4 C=9 p=0", "N=0 C=3 p=0.1"),
     .times = LIST("N=1024 C=768 p=0.1")},
    {.name = "embed",
     .forward = embed_forward,
     .backward = embed_backward,
     .operands = {{"t0", "V,C", IN},
                  {"t1", "W,C", IN},
                  {"t2", "U,C", IN},
                  {"ids0", "1,N", IN, .fill = "ids:V", .dtype = 'i', .is_vector = true},
                  {"ids1", "1,N", IN, .fill = "ids:W", .dtype = 'i', .is_vector = true},
                  {"ids2", "1,N", IN, .fill = "ids:U", .dtype = 'i', .is_vector = true},
                  {"y", "N,C", OUT},
                  {"dy", "N,C", COT, "y"},
                  {"masked", "N,C", IO, .fill = "zero"},
                  {"dt0", "V,C", GRAD, "t0"}},
     .beta_backward = true,
     .limit = 1e-6,
     .floor = 1e-3,
     .reason = "a sum of some ten F32 in a fixed order",
     .cases =
         LIST("V=300 W=9 U=2 C=50 N=700 tables=3 p=0.1 fd=0", "V=40000 C=3 N=700 tables=1 fd=0", "V=11 C=1/8/33 N=1/20 tables=1 p=0/0.1",
              "V=100 W=50 U=2 C=24 lens=7,0,30 tail=3 tables=2/3 p=0/0.2", "V=5 C=16 N=200 tables=1",
              "V=9 C=16 N=60 tables=1 skip=0/3 fd=0", "V=4 C=6 N=0 tables=1", "V=1 C=40 N=33 p=0.3 zeros=1"),
     .times = LIST("V=30522 W=512 U=2 C=384 N=426 tables=3 p=0.1", "V=50257 W=1024 C=768 N=1024 tables=2 p=0.1")},
    {.name = "gather_rows",
     .forward = gather_rows,
     .backward = scatter_add_rows,
     .operands = {{"x", "V,C", IN},
                  {"index", "1,N", IN, .fill = "ids:V", .dtype = 'i', .is_vector = true},
                  {"y", "N,C", OUT},
                  {"dy", "N,C", COT, "y"},
                  {"dx", "V,C", GRAD, "x"}},
     .beta_backward = true,
     .limit = 1e-6,
     .floor = 1e-3,
     .reason = "copies; sums of some ten F32 in order",
     .cases = LIST("V=300 C=70 N=400 fd=0", "V=500 C=70 N=400 unique=1 index=unique:V fd=0", "V=1/9/40 C=1/7/32 N=1/30", "V=5 C=3 N=0",
                   "V=40 C=33 N=17/40 unique=1 index=unique:V"),
     .times = LIST("V=1024 C=768 N=150")},
    {.name = "gather_cols",
     .forward = gather_cols,
     .backward = scatter_add_cols,
     .operands = {{"x", "N,C", IN},
                  {"index", "1,N", IN, .fill = "labels:C", .dtype = 'i', .is_vector = true},
                  {"y", "N,1", OUT},
                  {"dy", "N,1", COT, "y"},
                  {"dx", "N,C", GRAD, "x"}},
     .beta_backward = true,
     .limit = 1e-7,
     .by_element = true,
     .reason = "one sum",
     .cases = LIST("N=20000 C=3 fd=0", "C=1/9/100 N=1/30", "C=5 N=0")},
    {.name = "unary",
     .forward = unary,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", OUT}},
     .in_place = "y:x",
     .limit = 1e-6,
     .floor = 1e-6,
     .by_element = true,
     .reason = "a few roundings; pow is exp of a product of F32 logarithms",
     .n_what = HONE_UNARY_NOT + 1,
     .cases = LIST("N=130 C=257 what=*", "N=1/3 C=1/7/64 what=* x=positive", "N=20 C=31 what=*", "N=0 C=4 what=*",
                   "N=50 C=40 what=*  x=ramp big=80/1e4", "N=9 C=9 what=0/1/2/3/8/10/15 x=edges", "N=9 C=9 what=15 x=ties",
                   "N=30 C=33 what=14 a=0.5/1/2/3/-1 x=positive"),
     .times = LIST("N=1024 C=768 what=4/5")},
    {.name = "binary",
     .forward = binary,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", IN}, {"z", "N,C", OUT}},
     .in_place = "z:x z:y",
     .limit = 1e-7,
     .by_element = true,
     .reason = "one rounding",
     .n_what = HONE_BINARY_GE + 1,
     .cases = LIST("N=130 C=257 what=*", "N=1/5 C=1/7/33 what=*", "N=9 C=11 what=* x=ties y=ties", "N=0 C=4 what=*",
                   "N=7 C=30 what=4/5 x=edges"),
     .times = LIST("N=1024 C=768 what=0")},
    {.name = "broadcast_row",
     .forward = binary_row,
     .operands = {{"x", "N,C", IN}, {"y", "1,C", IN}, {"z", "N,C", OUT}},
     .in_place = "z:x",
     .limit = 1e-7,
     .by_element = true,
     .reason = "one rounding",
     .n_what = HONE_BINARY_GE + 1,
     .cases = LIST("N=130 C=257 what=0/3/9", "N=1/5 C=1/7/33 what=*", "N=0 C=4 what=*")},
    {.name = "broadcast_col",
     .forward = binary_col,
     .operands = {{"x", "N,C", IN}, {"y", "N,1", IN}, {"z", "N,C", OUT}},
     .in_place = "z:x",
     .limit = 1e-7,
     .by_element = true,
     .reason = "one rounding",
     .n_what = HONE_BINARY_GE + 1,
     .cases = LIST("N=130 C=257 what=0/3/9", "N=1/5 C=1/7/33 what=*", "N=0 C=4 what=*")},
    {.name = "broadcast_scalar",
     .forward = binary_scalar,
     .operands = {{"x", "N,C", IN}, {"y", "1,1", IN}, {"z", "N,C", OUT}},
     .in_place = "z:x",
     .limit = 1e-7,
     .by_element = true,
     .reason = "one rounding",
     .n_what = HONE_BINARY_GE + 1,
     .cases = LIST("N=130 C=257 what=0/3/9", "N=1/5 C=1/7/33 what=*", "N=0 C=4 what=*")},
    {.name = "where",
     .forward = where,
     .operands = {{"condition", "N,C", IN, .fill = "flags"}, {"x", "N,C", IN}, {"y", "N,C", IN}, {"z", "N,C", OUT}},
     .in_place = "z:x z:y z:condition",
     .limit = 0,
     .reason = "copies",
     .cases = LIST("N=130 C=257", "N=1/5 C=1/7/33", "N=0 C=4", "N=3 C=30 x=edges")},
    {.name = "is_in",
     .forward = is_in,
     .operands = {{"ids", "1,N", IN, .fill = "ids:V", .dtype = 'i', .is_vector = true},
                  {"set", "1,S", IN, .fill = "sorted:V", .dtype = 'i', .is_vector = true},
                  {"y", "N,1", OUT}},
     .limit = 0,
     .reason = "0 or 1",
     .cases = LIST("N=20000 V=300 S=40", "N=1/50 V=30 S=0/1/7/30", "N=0 V=3 S=2")},
    {.name = "axpy",
     .forward = axpy,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", IO}},
     .limit = 2e-7,
     .by_element = true,
     .floor = 1.0,
     .reason = "two roundings at most; where the sum cancels relative to the terms, which are of the order of 1",
     .cases = LIST("N=130 C=257 alpha=0.1", "N=1/5 C=1/7/33 alpha=1/-0.3", "N=0 C=4 alpha=2"),
     .times = LIST("N=1024 C=768 alpha=0.5")},
    {.name = "convert",
     .forward = convert,
     .operands = {{"x", "N,C", IN, .dtype = '<'}, {"y", "N,C", OUT, .dtype = '>'}},
     .limit = 0,
     .reason = "rounding to nearest even is defined to the bit",
     .cases = LIST("N=130 C=257 from=F32/BF16/F16 to=F32/BF16/F16", "N=1/7 C=1/30/33 x=edges from=F32/BF16/F16 to=F32/BF16/F16",
                   "N=5 C=21 big=30 from=F32 to=I32/U8/I8", "N=5 C=21 big=30 from=I32/U8/I8 to=F32", "N=0 C=3 from=F32 to=BF16",
                   "N=2 C=30 x=edges from=F32/F64 to=F64/F32"),
     .times = LIST("N=1024 C=768 from=F32 to=BF16", "N=1024 C=768 from=BF16 to=F32")},
    {.name = "random",
     .forward = random_fill,
     .operands = {{"y", "N,C", OUT}},
     .limit = 0,
     .reason = "initial weights are the same bits everywhere",
     .cases = LIST("N=130 C=257 what=0/1", "N=1/5 C=1/2/3/4/7/33 what=0/1 a=-0.01", "N=0 C=3", "N=64 C=100 what=0/1 a=1 b=3"),
     .times = LIST("N=1024 C=768 what=0")},
    {.name = "log_softmax",
     .forward = log_softmax_forward,
     .backward = log_softmax_backward,
     .operands = {{"x", "N,C", IN}, {"y", "N,C", OUT}, {"dy", "N,C", COT, "y"}, {"dx", "N,C", GRAD, "x"}},
     .beta_backward = true,
     .limit = 1e-6,
     .floor = 0.1,
     .reason = "a sum of C exponentials of F32; the floor is for one class, where all is 0",
     .cases = LIST("N=100 C=333 fd=0", "N=1/5 C=1/2/9/33/300", "N=0 C=4", "N=8 C=40 big=30", "N=8 C=40 big=1e4 fd=0", "N=3 C=1001"),
     .times = LIST("N=1024 C=9", "N=64 C=8192")},
    {.name = "nll",
     .forward = nll_forward,
     .backward = nll_backward,
     .operands = {{"logits", "N,V", IN},
                  {"labels", "1,N", IN, .fill = "labels:V", .dtype = 'i', .is_vector = true},
                  {"state", "N,4", OUT},
                  {"nll", "N,1", OUT},
                  {"lse", "N,1", OUT},
                  {"weights", "1,N", COT, "nll", .is_vector = true},
                  {"dlogits", "N,V", GRAD, "logits"}},
     .limit = 1e-6,
     .floor = 0.1,
     .reason = "sums of V exponentials and logits of F32; the floor is for one class, where all is 0",
     .cases =
         LIST("N=40 V=1003 block=400 smoothing=0.1 fd=0", "N=1/6 V=1/2/9/33 smoothing=0/0.1",
              "N=12 V=1003 block=100/256/1003 smoothing=0/0.2 fd=8", "N=0 V=5", "N=5 V=7 scale_grad=0.125", "N=9 V=50 block=8 weights=one",
              "N=9 V=50 without=weights fd=0", "N=9 V=60 block=25 big=1e4 fd=0", "N=9 V=60 block=25 big=20 smoothing=0.1"),
     .times = LIST("N=256 V=8192", "N=256 V=50257 block=8192")},
    {.name = "rows",
     .forward = rows_reduce,
     .backward = rows_spread,
     .operands = {{"x", "N,C", IN}, {"y", "R,C", OUT}, {"dy", "R,C", COT, "y"}, {"dx", "N,C", GRAD, "x"}},
     .beta_backward = true,
     .limit = 1e-6,
     .floor = 1e-2,
     .reason = "sums of T F32 in blocks",
     .n_what = HONE_REDUCE_MEAN + 1,
     .cases = LIST("lens=100,0,90 tail=2 C=257 what=* fd=0", "lens=1/3,0,5,1 C=1/9/33 what=*", "lens=0,0 C=4 what=*",
                   "lens=4,300 tail=5 C=7 what=*", "lens=0,2,0 tail=3 C=1 what=*"),
     .times = LIST("lens=128,128,128,128,128,128,128,128 C=1")},
    {.name = "reduce",
     .forward = reduce,
     .operands = {{"x", "N,C", IN}, {"y", "1,1", OUT}},
     .beta_forward = true,
     .limit = 2e-7,
     .floor = 1e-2,
     .by_element = true,
     .reason = "summed in double, rounded twice",
     .n_what = HONE_REDUCE_MEAN + 1,
     .cases = LIST("N=300 C=130 what=*", "N=2100 C=2101 what=0", "N=1/5/100 C=1/7/130 what=*", "N=0 C=4 what=*", "N=3 C=0 what=*"),
     .times = LIST("N=1024 C=768 what=0", "N=1024 C=1 what=1")},
    {.name = "column_sum",
     .forward = column_sum,
     .operands = {{"x", "N,C", IN}, {"y", "1,C", OUT, .is_vector = true}},
     .beta_forward = true,
     .limit = 1e-6,
     .floor = 1e-2,
     .reason = "sums of N F32 in blocks",
     .cases = LIST("N=1/5/300/1000 C=1/7/33/64", "N=0 C=4"),
     .times = LIST("N=1024 C=768", "N=1024 C=3072")},
    {.name = "row_sum",
     .forward = row_sum,
     .operands = {{"x", "N,C", IN}, {"y", "N,1", OUT}},
     .beta_forward = true,
     .limit = 1e-6,
     .floor = 1e-2,
     .reason = "sums of C F32 in blocks",
     .cases = LIST("N=1/5/40 C=1/7/33/1000", "N=0 C=4", "N=4 C=0"),
     .times = LIST("N=1024 C=768")},
    {.name = "argmax",
     .forward = argmax,
     .operands = {{"x", "N,C", IN}, {"index", "1,N", OUT, .dtype = 'i', .is_vector = true}},
     .limit = 0,
     .reason = "an index",
     .cases = LIST("N=1/20 C=1/2/9/33/1000", "N=20 C=9/40 x=ties", "N=0 C=4", "N=9 C=50 x=zero", "N=9 C=17 x=ramp"),
     .times = LIST("N=1 C=50257", "N=426 C=9")},
    {.name = "top_k",
     .forward = top_k,
     .operands = {{"x", "N,C", IN}, {"values", "N,K", OUT}, {"index", "N,K", OUT, .dtype = 'i', .is_vector = true}},
     .limit = 0,
     .reason = "copies and indices",
     .cases = LIST("N=1/20 C=9/33/1000 K=1/3/9", "N=20 C=9/40 K=5/9 x=ties", "N=0 C=4 K=2", "N=3 C=1 K=1", "N=2 C=60 K=60 x=ramp"),
     .times = LIST("N=1 C=50257 K=1/50")},
    {.name = "norm2",
     .forward = norm2,
     .operands = {{"g", "1,P", IN, .dtype = 'f', .is_vector = true},
                  {"out", "1,1", OUT, .dtype = 'd', .is_vector = true},
                  {"nonfinite", "1,1", OUT, .dtype = 'i', .is_vector = true}},
     .limit = 1e-12,
     .by_element = true,
     .floor = 1e-300,
     .reason = "double: P roundings of 1e-16",
     .cases = LIST("P=4300001", "P=1/7/33/4096/4097/20000", "P=0", "P=9000 segments=5,5,17,4200,4201,9000", "P=100 segments=0,0",
                   "P=5000 g=holes", "P=5000 big=1e15"),
     .times = LIST("P=10650000")},
    {.name = "adamw",
     .forward = adamw,
     .operands = {{"master", "1,P", IO, .dtype = 'f', .is_vector = true},
                  {"compute", "1,P", IO, .fill = "zero", .dtype = '>', .is_vector = true},
                  {"g", "1,P", IN, .dtype = 'f', .is_vector = true},
                  {"m", "1,P", IO, .dtype = 'f', .is_vector = true},
                  {"v", "1,P", IO, .fill = "positive", .dtype = 'f', .is_vector = true},
                  {"factor", "1,1", IN, .fill = "positive", .dtype = 'f', .is_vector = true},
                  {"skip", "1,1", IN, .fill = "zero", .dtype = 'i', .is_vector = true}},
     .limit = 1e-6,
     .floor = 0.1,
     .by_element = true,
     .reason = "a few roundings; where m cancels relative to its terms",
     .cases =
         LIST("P=50001 without=compute t=3", "P=1/7/33/4097 without=compute t=1/10", "P=50 without=compute,skip t=1000",
              "P=50 without=compute skip=one", "P=9000 segments=5,5,17,4200,4201,9000 without=compute", "P=0 without=compute",
              "P=40 m=zero v=zero without=compute", "P=100 to=BF16/F16 t=2 limit=4e-3", "P=64 m=zero v=zero g=zero without=compute t=5"),
     .times = LIST("P=10650000 without=compute t=10")},
    {.name = "norm2_slots",
     .forward = norm2_slots,
     .operands = {{"g", "1,P", IN, .dtype = 'f', .is_vector = true},
                  {"slots", "S,C", IN, .dtype = 'f', .is_vector = true},
                  {"rows", "1,S", IN, .fill = "sorted:V", .dtype = 'i', .is_vector = true},
                  {"places", "1,S", IN, .fill = "unique:S", .dtype = 'i', .is_vector = true},
                  {"out", "1,1", OUT, .dtype = 'd', .is_vector = true},
                  {"nonfinite", "1,1", OUT, .dtype = 'i', .is_vector = true}},
     .limit = 1e-12,
     .by_element = true,
     .floor = 1e-300,
     .reason = "double: as many roundings of 1e-16 as there are elements",
     .cases = LIST("P=100 V=900 C=33 S=1/40", "P=9001 V=30522 C=384 S=150", "P=0 V=40 C=5000 S=7/40", "P=10 V=9 C=4096 S=9",
                   "P=10 V=30 C=7 S=0", "P=50 V=200 C=24 S=60 slots=holes"),
     .times = LIST("P=10650000 V=30522 C=384 S=150")},
    {.name = "adamw_rows",
     .forward = adamw_rows,
     .operands = {{"p", "V,C", IO, .dtype = 'f', .is_vector = true},
                  {"m", "V,C", IO, .dtype = 'f', .is_vector = true},
                  {"v", "V,C", IO, .fill = "positive", .dtype = 'f', .is_vector = true},
                  {"rows", "1,S", IN, .fill = "unique:V", .dtype = 'i', .is_vector = true},
                  {"g", "S,C", IN, .dtype = 'f', .is_vector = true},
                  {"places", "1,S", IN, .fill = "unique:S", .dtype = 'i', .is_vector = true},
                  {"factor", "1,1", IN, .fill = "positive", .dtype = 'f', .is_vector = true}},
     .limit = 1e-5,
     .floor = 0.1,
     .by_element = true,
     .reason = "a few roundings a step, 64 steps; where m cancels relative to its terms",
     .cases = LIST("V=200 C=1/7/16/33/384 S=40 t=70 lag=1/5/64 wd=0/0.01", "V=200 C=33 S=40 t=70 lag=5/64 without=g wd=0/0.01",
                   "V=50 C=17 S=20 t=9 lag=7 wd=0/0.01 dead=1 m=zero v=zero",
                   "V=50 C=17 S=20 t=9 lag=7 wd=0/0.01 dead=1 m=zero v=zero without=g", "V=5 C=8 S=0 t=3 lag=1"),
     .times = LIST("V=200 C=384 S=40 t=70 lag=64 without=g")},
};
#define N_OPS (sizeof(table) / sizeof(table[0]))

static const char *const entry_names[] = {
#define X(name) #name,
    ENTRIES(X)
#undef X
};

/* The entries in their order, as bytes: a NULL one has not been written. */
static void check_entries(const hone_backend *b)
{
    void (*const *entry)(void) = (void (*const *)(void))(const void *)((const char *)b->ops + sizeof(char *));
    for (int i = 0; i < N_ENTRIES; i++) {
        if (!entry[i]) {
            printf("FAILED %s: entry %s is NULL\n", b->ops->name, entry_names[i]);
            n_failed++;
        }
    }
}

/* Memory: zeroed, aligned, counted, copied, and a dtype that is stored. */
static void check_memory(hone_backend *b)
{
    char in[100], out[100];
    void *at[2] = {NULL, NULL};
    size_t before = b->bytes_now;
    bool ok = b->ops->alloc(b, &at[0], 100) == HONE_OK && b->ops->alloc(b, &at[1], 0) == HONE_OK;
    ok = ok && (uintptr_t)at[0] % 64 == 0 && b->bytes_now >= before + 100 && b->bytes_peak >= b->bytes_now;
    ok = ok && b->ops->download(b, out, at[0], 100) == HONE_OK;
    for (int i = 0; i < 100; i++)
        ok = ok && out[i] == 0, in[i] = (char)(i + 1);
    ok = ok && b->ops->upload(b, at[0], in, 100) == HONE_OK && b->ops->fill_zero(b, (char *)at[0] + 10, 50) == HONE_OK;
    ok = ok && b->ops->download(b, out, at[0], 100) == HONE_OK;
    for (int i = 0; i < 100; i++)
        ok = ok && out[i] == (i >= 10 && i < 60 ? 0 : i + 1);
    b->ops->release(b, at[0], 100);
    b->ops->release(b, at[1], 0);
    ok = ok && b->bytes_now == before && b->ops->supports(b, HONE_DTYPE_F32) && !b->ops->supports(b, HONE_DTYPE_I64);
    called[ENTRY_fill_zero] = called[ENTRY_supports] = true;
    if (!ok) {
        printf("FAILED %s: alloc, release, upload, download, fill_zero or supports\n", b->ops->name);
        n_failed++;
    }
}

/* ---- the run ---- */

typedef struct plan {
    hone_backend *ref, *backends[5];
    int n_backends;
    bool gradients;
} plan;

static void test_one(void *payload, const op *o, const char *text)
{
    plan *p = payload;
    run_case(o, text, p->ref, p->backends, p->n_backends, p->gradients);
}

static void open_or_die(hone_backend **out, const char *name, int n_threads)
{
    if (hone__backend_open(out, name, n_threads) == HONE_OK)
        return;
    fprintf(stderr, "%s %s\n", hone_error_message(), hone_error_hint());
    exit(1);
}

/* All cases on one backend, cpu with several thread counts when none is asked for. */
static int test_backend(const char *name, const char *only, int n_threads)
{
    const int threads[] = {n_threads ? n_threads : 2, 1, 3, 7};
    bool is_ref = strcmp(name, "ref") == 0;
    plan p = {.gradients = is_ref, .n_backends = is_ref || n_threads ? 1 : 4};
    open_or_die(&p.ref, "ref", 1);
    for (int i = 0; i < p.n_backends; i++)
        open_or_die(&p.backends[i], name, threads[i]);
    check_entries(p.backends[0]);
    check_memory(p.backends[0]);
    for (size_t i = 0; i < N_OPS; i++)
        for (const char *const *text = table[i].cases; *text; text++)
            if (!only || strcmp(only, table[i].name) == 0)
                expand(&table[i], *text, test_one, &p);
    for (int i = 0; i < p.n_backends; i++)
        hone__backend_close(p.backends[i]);
    hone__backend_close(p.ref);
    called[ENTRY_close] = true;
    for (int i = 0; i < N_ENTRIES && !only; i++) {
        if (!called[i]) {
            printf("FAILED no case calls entry %s: add an op to the table\n", entry_names[i]);
            n_failed++;
        }
    }
    const char *isa = getenv("HONE_ISA");
    printf("%s%s%s: %d runs, %d unsupported, %d failed\n", name, isa ? " " : "", isa ? isa : "", n_run, n_unsupported, n_failed);
    return n_failed ? 1 : 0;
}

static int time_ops(const char *name, const char *only, int n_threads)
{
    hone_backend *b;
    open_or_die(&b, name, n_threads);
    for (size_t i = 0; i < N_OPS; i++)
        for (const char *const *text = table[i].times; text && *text; text++)
            if (!only || strcmp(only, table[i].name) == 0)
                expand(&table[i], *text, time_case, b);
    hone__backend_close(b);
    return 0;
}

/* This program again for one backend, with the environment as it is now. */
static int test_in_process(const char *self, const char *name, const char *n_threads)
{
    extern char **environ;
    char *const args[] = {(char *)self, "--backend", (char *)name, "--threads", (char *)n_threads, NULL};
    pid_t child;
    int status;
    fflush(stdout);
    if (posix_spawn(&child, self, NULL, NULL, args, environ) != 0 || waitpid(child, &status, 0) < 0)
        return 1;
    if (WIFSIGNALED(status))
        printf("FAILED %s: ended by signal %d (memory overwritten, or instructions this machine lacks)\n", name, WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int test_all(const char *self)
{
    static const struct {
        const char *isa, *onednn;
    } sets[] = {{"base", "SSE41"}, {"avx2", "AVX2"}, {"avx512", "ALL"}};
    const bool has[] = {true, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), __builtin_cpu_supports("avx512bw")};
    hone_backend *cpu;
    setenv("OMP_WAIT_POLICY", "passive", 0); /* more threads than cores, and other tests beside this one */
    if (TEST_TSAN) /* ref has one thread, and sets of instructions share the code that has several: the rest would take hours */
        return test_in_process(self, "cpu", "3");
    int failed = test_in_process(self, "ref", "0");
    if (hone__backend_open(&cpu, "cpu", 1) != HONE_OK) {
        printf("cpu: skipped (%s)\n", hone_error_message());
        return failed;
    }
    hone__backend_close(cpu);
    for (int i = 0; i < 3; i++) {
        setenv("HONE_ISA", sets[i].isa, 1);
        setenv("ONEDNN_MAX_CPU_ISA", sets[i].onednn, 1);
        if (has[i]) /* all thread counts on the machine's own instruction set; what threads do is the same on the others */
            failed |= test_in_process(self, "cpu", i == 2 || !has[i + 1] ? "0" : "3");
        else
            printf("cpu %s: skipped (this machine lacks it)\n", sets[i].isa);
    }
    return failed;
}

int main(int argc, char **argv)
{
    const char *backend = NULL, *only = NULL;
    bool timing = false;
    int n_threads = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--time") == 0)
            timing = true;
        else if (i + 1 < argc && strcmp(argv[i], "--backend") == 0)
            backend = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--op") == 0)
            only = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--threads") == 0)
            n_threads = atoi(argv[++i]);
        else
            return fprintf(stderr, "usage: %s [--time] [--backend name] [--op name] [--threads n]\n", argv[0]), 2;
    }
    if (timing)
        return time_ops(backend ? backend : "auto", only, n_threads);
    return backend || only ? test_backend(backend ? backend : "ref", only, n_threads) : test_all(argv[0]);
}
