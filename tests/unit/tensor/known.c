/* The reference backend against numbers from elsewhere: torch 2.15 in float64 and a Philox written in another language from the formula of dropout. The other
 * backends are held to ref by tests/ops, so that this is what ties all of them to the field.
 *
 * Inputs are waves: wave(phase)[i] = sin(0.7 i + phase), in row-major order. Each test says which call of torch its numbers come from. They have 15 digits, and
 * both sides sum a handful of doubles: 1e-13 is some roundings. */
#include "support/support.h"

#include <math.h>

#include "tensor/backend.h"

enum { MOST = 32 };
static hone_backend *ref;

static int open_ref(void **state)
{
    (void)state;
    return hone__backend_open(&ref, "ref", 1) != HONE_OK;
}

static int close_ref(void **state)
{
    (void)state;
    hone__backend_close(ref);
    return 0;
}

static hone_mat mat(double *data, int64_t rows, int64_t cols)
{
    return (hone_mat){data, HONE_DTYPE_F64, rows, cols, cols};
}

static void wave(double *out, int n, double phase)
{
    for (int i = 0; i < n; i++)
        out[i] = sin(0.7 * i + phase);
}

static void near(const double *got, const double *want, int n)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-13 * (1.0 + fabs(want[i]))))
            fail_msg("element %d: %.15g, known %.15g", i, got[i], want[i]);
}

/* torch.nn.functional.gelu(x), the same with approximate='tanh', relu, tanh, sigmoid */
static void activations(void **state)
{
    (void)state;
    double x[5] = {-3, -0.5, 0, 0.5, 3}, y[5];
    static const double want[][5] = {
        {-3, -0.5, 0, 0.5, 3},
        {-0.00404969409489031, -0.154268769362993, 0, 0.345731230637007, 2.99595030590511},
        {-0.00363739208177299, -0.154285990174856, 0, 0.345714009825144, 2.99636260791823},
        {0, 0, 0, 0.5, 3},
        {-0.99505475368673, -0.46211715726001, 0, 0.46211715726001, 0.99505475368673},
        {0.0474258731775668, 0.377540668798145, 0.5, 0.622459331201855, 0.952574126822433},
    };
    hone_mat mx = mat(x, 1, 5), my = mat(y, 1, 5);
    for (int act = 0; act <= HONE_ACT_SIGMOID; act++) {
        assert_ok(ref->ops->act_forward(ref, &my, &mx, (hone_act)act));
        near(y, want[act], 5);
    }
}

/* F.linear(wave(0) (2,3), wave(1) (2,3), wave(2)); wave(0) (2,3) @ wave(1) (3,2) + wave(2), which is transformers' Conv1D */
static void linear(void **state)
{
    (void)state;
    double x[6], w[6], bias[2], y[4];
    static const double want[2][4] = {{2.21378044642165, -0.930096585696077, 1.73091786844406, 0.601208724310893},
                                      {0.741487561393748, -0.509139912088242, 2.07656470989861, 1.64022443222164}};
    wave(x, 6, 0), wave(w, 6, 1), wave(bias, 2, 2);
    hone_mat mx = mat(x, 2, 3), my = mat(y, 2, 2);
    for (int in_major = 0; in_major < 2; in_major++) {
        hone_weight weight = {in_major ? mat(w, 3, 2) : mat(w, 2, 3), in_major != 0, 0, NULL};
        assert_ok(ref->ops->linear_forward(ref, &my, &mx, &weight, bias, HONE_ACT_NONE, NULL, NULL));
        near(y, want[in_major], 4);
    }
}

/* F.scaled_dot_product_attention row by row, scale 0.5, two heads; causal: a mask of ones.tril(Tk - Tq) */
static void attention(void **state)
{
    (void)state;
    const int32_t start_q[3] = {0, 2, 3}, start_k[3] = {0, 3, 4};
    const hone_rows rows_q = {.n_tokens = 3, .n_rows = 2, .longest = 2, .start = start_q, .d_start = start_q};
    const hone_rows rows_k = {.n_tokens = 4, .n_rows = 2, .longest = 3, .start = start_k, .d_start = start_k};
    double q[12], k[16], v[16], o[12], lse[6], scratch[8];
    static const double want[2][12] = {
        {0.525334770955211, 0.368196283694593, 0.117110373401651, -0.346180428816421, 0.234499227437687, 0.161676222425367,
         -0.047187291546816, 0.100056211870954, -0.827826469085653, -0.994552588203989, -0.693525084777124, -0.0663218973512007},
        {0.248983804224204, 0.0347807986398039, -0.207357790235395, -0.428031929353549, 0.234499227437687, 0.161676222425367,
         -0.047187291546816, 0.100056211870954, -0.827826469085653, -0.994552588203989, -0.693525084777124, -0.0663218973512007}};
    wave(q, 12, 0), wave(k, 16, 1), wave(v, 16, 2);
    hone_mat mq = mat(q, 3, 4), mk = mat(k, 4, 4), mv = mat(v, 4, 4), mo = mat(o, 3, 4);
    for (int causal = 0; causal < 2; causal++) {
        assert_ok(ref->ops->attention_forward(ref, &mo, lse, &mq, &mk, &mv, &rows_q, &rows_k, 2, causal != 0, 0.5f, NULL, scratch));
        near(o, want[causal], 12);
    }
}

/* F.layer_norm(wave(0) + wave(1), (5,), wave(2), wave(3), 2 ** -8), an eps that is the same in F32 */
static void norm(void **state)
{
    (void)state;
    double x[10], f[10], gamma[5], beta[5], y[10], sum[10];
    static const double want[10] = {-0.00219438401150789, -0.118419495149532, -1.20661825575356,  -0.86991069099946, 1.26340998413515,
                                    -0.384285476718839,   -0.96841622420048,  -0.796423780283075, -1.32022741692926, -2.18724107179225};
    wave(x, 10, 0), wave(f, 10, 1), wave(gamma, 5, 2), wave(beta, 5, 3);
    hone_mat mx = mat(x, 2, 5), mf = mat(f, 2, 5), my = mat(y, 2, 5), ms = mat(sum, 2, 5);
    assert_ok(ref->ops->residual_norm_forward(ref, &ms, &my, NULL, NULL, &mx, &mf, gamma, beta, 0x1p-8f, NULL));
    near(y, want, 10);
    assert_true(sum[3] == x[3] + f[3]);
}

/* F.cross_entropy(3 wave(0) (3,5), [4, -100, 0], reduction='none', label_smoothing=0 and 0.125), torch.logsumexp, F.log_softmax */
static void losses(void **state)
{
    (void)state;
    const int32_t labels[3] = {4, -100, 0};
    double x[15], y[15], state4[12], nll[3], lse[3];
    static const double want_nll[2][3] = {{2.76069281318503, 0, 1.77820036316302}, {2.67422349944117, 0, 1.84064236464896}};
    static const double want_lse[3] = {3.76565726365274, 0.517016487914622, 3.74916015931939};
    static const double want[15] = {-3.76565726365274, -1.83300420193967,  -0.809308073687362, -1.17602916370612, -2.76069281318503,
                                    -1.56936617098348, -3.13174380515538,  -3.46437432578762,  -2.41081640153159, -0.466574786461572,
                                    -1.77820036316302, -0.784655457688391, -1.18536343505455,  -2.79186507227134, -4.84859754707517};
    wave(x, 15, 0);
    for (int i = 0; i < 15; i++)
        x[i] *= 3;
    hone_mat mx = mat(x, 3, 5), my = mat(y, 3, 5), ms = mat(state4, 3, 4), mn = mat(nll, 3, 1), ml = mat(lse, 3, 1);
    assert_ok(ref->ops->log_softmax_forward(ref, &my, &mx));
    near(y, want, 15);
    assert_ok(ref->ops->softmax_block(ref, &ms, &mx, labels, 0, true));
    for (int smooth = 0; smooth < 2; smooth++) {
        assert_ok(ref->ops->softmax_nll(ref, &mn, &ml, &ms, labels, smooth ? 0.125f : 0.0f, 5));
        near(nll, want_nll[smooth], 3);
        near(lse, want_lse, 3);
    }
}

/* Three steps of torch.optim.AdamW on float32, lr 0.01, decay 0.1, gradients wave(t): one rounding of F32 a step and value */
static void adamw(void **state)
{
    (void)state;
    float p[4], m[4] = {0}, v[4] = {0}, g[4], factor = 1.0f;
    static const double want[3][4] = {{-0.028396213427186, 0.619719266891479, 0.972281515598297, 0.866144120693207},
                                      {0.164107918739319, 0.0658054277300835, -0.0634463876485825, -0.162858366966248},
                                      {0.00155256793368608, 0.00144463055767119, 0.00142612110357732, 0.00152776623144746}};
    const hone_segment all = {0, 4, 1.0f, 0.1f, 0, NULL};
    for (int i = 0; i < 4; i++)
        p[i] = (float)sin(0.7 * i);
    for (int t = 1; t <= 3; t++) {
        hone_adamw how = {0.01, 0.9, 0.999, 1e-8, 1 - pow(0.9, t), sqrt(1 - pow(0.999, t))};
        for (int i = 0; i < 4; i++)
            g[i] = (float)sin(0.7 * i + t);
        assert_ok(ref->ops->adamw(ref, p, NULL, HONE_DTYPE_F32, g, m, v, &all, 1, &how, &factor, NULL));
    }
    for (int i = 0; i < 4; i++) {
        assert_true(fabs((double)p[i] - want[0][i]) < 2e-7);
        assert_true(fabs((double)m[i] - want[1][i]) < 5e-8);
        assert_true(fabs((double)v[i] - want[2][i]) < 3e-7 * want[2][i]);
    }
}

/* torch.nn.Embedding(4, 2, padding_idx=1) on [3, 1, 3, 0], backward of wave(0) */
static void embedding(void **state)
{
    (void)state;
    const int32_t ids[4] = {3, 1, 3, 0};
    double dy[8], dtable[8];
    static const double want[8] = {-0.871575772413588, -0.982452612624333, 0, 0, 0, 0, 0.334988150155905, 0.293434459548071};
    wave(dy, 8, 0);
    hone_mat mt = mat(dtable, 4, 2), my = mat(dy, 4, 2);
    assert_ok(ref->ops->embed_backward(ref, &mt, ids, &my, 1, 0.0f, NULL));
    near(dtable, want, 8);
}

/* Bit c (or j): kept. Philox4x32-10 in Python integers, p = 0.3 as a float, seed 42, site 0x205: positions 3 (pass 0, ordinal 7) and 1 (pass 2, ordinal
 * 0x500000001); attention: query position 39, heads 0 and 2, ordinal 7. */
static void dropout(void **state)
{
    (void)state;
    const uint64_t hidden[2] = {0x9bddb5ffeebffeff, 0xeca7ffb3dd1fc7d3}, attended[2] = {0xde75397af4, 0x1b7f11e3ad};
    const int32_t row[2] = {0, 1}, pos[2] = {3, 1}, start_q[2] = {0, 1}, start_k[2] = {0, 40};
    const uint64_t key[2] = {7, 0x500000001};
    const hone_rows rows = {.n_tokens = 2, .n_rows = 2, .row = row, .d_row = row, .pos = pos, .d_pos = pos, .key = key, .d_key = key};
    double x[128], y[128];
    for (int i = 0; i < 128; i++)
        x[i] = 1.0;
    for (uint32_t pass = 0; pass < 3; pass += 2) {
        hone_drop drop = {.p = 0.3f, .seed = 42, .site = 0x205, .pass = pass, .rows = &rows};
        hone_mat mx = mat(x, 2, 64), my = mat(y, 2, 64);
        assert_ok(ref->ops->dropout(ref, &my, &mx, &drop, 0.0f));
        for (int c = 0; c < 64; c++)
            assert_true((y[(pass ? 64 : 0) + c] != 0.0) == (hidden[pass / 2] >> c & 1));
        assert_true(fabs(fmax(y[0], y[1]) - 1.0 / 0.7) < 1e-7);
    }
    /* one query at the end of 40 keys, one channel a head, v_j = 2^j: o is the sum of the kept powers, over 40 (all scores are 0) */
    const hone_rows rows_q = {.n_tokens = 1, .n_rows = 1, .longest = 1, .start = start_q, .d_start = start_q};
    const hone_rows rows_k = {.n_tokens = 40, .n_rows = 1, .longest = 40, .start = start_k, .d_start = start_k};
    hone_drop drop = {.p = 0.3f, .seed = 42, .site = 0x205, .rows = &rows};
    double q[3] = {0}, v[120], o[3], scratch[40];
    for (int j = 0; j < 120; j++)
        v[j] = ldexp(1.0, j / 3);
    hone_mat mq = mat(q, 1, 3), mv = mat(v, 40, 3), mo = mat(o, 1, 3);
    assert_ok(ref->ops->attention_forward(ref, &mo, NULL, &mq, &mv, &mv, &rows_q, &rows_k, 3, true, 1.0f, &drop, scratch));
    for (int i = 0; i < 2; i++)
        assert_true((uint64_t)llround(o[2 * i] * 40.0 * (1.0 - (double)drop.p)) == attended[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(activations, open_ref, close_ref), cmocka_unit_test_setup_teardown(linear, open_ref, close_ref),
    cmocka_unit_test_setup_teardown(attention, open_ref, close_ref),   cmocka_unit_test_setup_teardown(norm, open_ref, close_ref),
    cmocka_unit_test_setup_teardown(losses, open_ref, close_ref),      cmocka_unit_test_setup_teardown(adamw, open_ref, close_ref),
    cmocka_unit_test_setup_teardown(embedding, open_ref, close_ref),   cmocka_unit_test_setup_teardown(dropout, open_ref, close_ref),
};
TEST_MAIN(tests)
