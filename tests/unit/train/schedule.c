/* Learning rates beside transformers' get_scheduler: the numbers below are what version 4.57.3 gives for a base rate of 1e-3, sixteen steps each. */
#include "support/support.h"
#include "train/optimizer/schedule.h"

#include <math.h>

/* clang-format off */
static const struct {
    const char *name;
    int64_t warmup, total;
    const char *kwargs;
    double rate[16];
} cases[] = {
    {"linear", 0, 10, NULL,
     {0.001, 0.0009000000000000001, 0.0008, 0.0007, 0.0006, 0.0005, 0.0004, 0.0003, 0.0002, 0.0001, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
    {"linear", 3, 10, NULL,
     {0.0, 0.0003333333333333333, 0.0006666666666666666, 0.001, 0.0008571428571428571, 0.0007142857142857143, 0.0005714285714285714, 0.00042857142857142855, 0.0002857142857142857, 0.00014285714285714284, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
    {"linear", 10, 10, NULL,
     {0.0, 0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0007, 0.0008, 0.0009000000000000001, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
    {"cosine", 2, 12, NULL,
     {0.0, 0.0005, 0.001, 0.0009755282581475768, 0.0009045084971874737, 0.0007938926261462366, 0.0006545084971874737, 0.0005, 0.00034549150281252633, 0.00020610737385376348, 9.549150281252633e-05, 2.4471741852423235e-05, 0.0, 2.4471741852423235e-05, 9.549150281252622e-05, 0.00020610737385376337}},
    {"cosine", 2, 12, "num_cycles=1.5",
     {0.0, 0.0005, 0.001, 0.0007938926261462366, 0.00034549150281252633, 2.4471741852423235e-05, 9.549150281252622e-05, 0.0004999999999999999, 0.0009045084971874737, 0.0009755282581475768, 0.0006545084971874739, 0.00020610737385376354, 0.0, 0.00020610737385376327, 0.0006545084971874735, 0.0009755282581475767}},
    {"cosine_with_restarts", 2, 12, "num_cycles=3",
     {0.0, 0.0005, 0.001, 0.0007938926261462365, 0.0003454915028125262, 2.447174185242329e-05, 0.0009045084971874735, 0.0005, 9.549150281252645e-05, 0.0009755282581475769, 0.0006545084971874732, 0.00020610737385376327, 0.0, 0.0, 0.0, 0.0}},
    {"cosine_with_restarts", 0, 7, NULL,
     {0.001, 0.0009504844339512095, 0.0008117449009293668, 0.0006112604669781572, 0.00038873953302184284, 0.00018825509907063325, 4.9515566048790485e-05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}},
    {"polynomial", 2, 12, NULL,
     {0.0, 0.0005, 0.001, 0.0009000099999999999, 0.0008000199999999999, 0.0007000299999999999, 0.0006000399999999999, 0.0005000499999999999, 0.00040006, 0.00030007000000000005, 0.00020007999999999994, 0.00010008999999999997, 1e-07, 1e-07, 1e-07, 1e-07}},
    {"polynomial", 2, 12, "lr_end=1e-05,power=2.0",
     {0.0, 0.0005, 0.001, 0.0008119000000000001, 0.0006436000000000001, 0.0004950999999999999, 0.0003664, 0.0002575, 0.00016840000000000003, 9.910000000000002e-05, 4.959999999999998e-05, 1.9899999999999996e-05, 1e-05, 1e-05, 1e-05, 1e-05}},
    {"constant", 0, 15, NULL,
     {0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001}},
    {"constant_with_warmup", 4, 15, NULL,
     {0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001}},
    {"inverse_sqrt", 4, 15, NULL,
     {0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.0008944271909999159, 0.0008164965809277262, 0.0007559289460184544, 0.0007071067811865475, 0.0006666666666666666, 0.0006324555320336759, 0.0006030226891555273, 0.0005773502691896259, 0.0005547001962252292, 0.0005345224838248488, 0.0005163977794943222}},
    {"inverse_sqrt", 0, 15, NULL,
     {0.001, 0.0009999500037496877, 0.0009999000149975006, 0.0009998500337415647, 0.0009998000599800072, 0.0009997500937109546, 0.0009997001349325355, 0.0009996501836428782, 0.000999600239840112, 0.0009995503035223668, 0.0009995003746877732, 0.0009994504533344625, 0.0009994005394605664, 0.0009993506330642176, 0.000999300734143549, 0.000999250842696695}},
    /* get_scheduler drops this keyword; get_inverse_sqrt_schedule itself gives */
    {"inverse_sqrt", 4, 15, "timescale=100",
     {0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.0009950371902099893, 0.0009901475429766743, 0.000985329278164293, 0.00098058067569092, 0.0009759000729485331, 0.0009712858623572643, 0.0009667364890456636, 0.0009622504486493761, 0.0009578262852211513, 0.0009534625892455923, 0.0009491579957524991}},
    {"cosine_with_min_lr", 2, 12, "min_lr=0.0001",
     {0.0, 0.0005, 0.001, 0.0009779754323328191, 0.0009140576474687263, 0.000814503363531613, 0.0006890576474687264, 0.00055, 0.0004109423525312738, 0.0002854966364683872, 0.00018594235253127373, 0.00012202456766718093, 0.0001, 0.00012202456766718093, 0.00018594235253127363, 0.0002854966364683871}},
    {"cosine_with_min_lr", 2, 12, "min_lr_rate=0.25",
     {0.0, 0.0005, 0.001, 0.0009816461936106827, 0.0009283813728906053, 0.0008454194696096775, 0.0007408813728906053, 0.000625, 0.0005091186271093948, 0.0004045805303903226, 0.00032161862710939476, 0.00026835380638931745, 0.00025, 0.00026835380638931745, 0.00032161862710939466, 0.00040458053039032257}},
    {"warmup_stable_decay", 3, 14, "num_decay_steps=5",
     {0.0, 0.0003333333333333333, 0.0006666666666666666, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.0009045084971874737, 0.0006545084971874737, 0.00034549150281252633, 9.549150281252633e-05, 0.0, 0.0}},
    {"warmup_stable_decay", 3, 14, "num_decay_steps=5,num_stable_steps=2,warmup_type=cosine,decay_type=1-sqrt,min_lr_ratio=0.1",
     {0.0001, 0.000325, 0.000775, 0.001, 0.001, 0.001, 0.0005975077640500379, 0.00043079002116969166, 0.00030286299768266493, 0.00019501552810007573, 0.0001, 0.0001, 0.0001, 0.0001, 0.0001, 0.0001}},
    {"warmup_stable_decay", 3, 14, "num_decay_steps=5,warmup_type=1-sqrt,decay_type=linear",
     {0.0, 0.00018350341907227396, 0.00042264973081037417, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.001, 0.0008, 0.0006, 0.0004, 0.00019999999999999996, 0.0, 0.0}},
    {"cosine_warmup_with_min_lr", 3, 12, "min_lr=0.0001",
     {0.0003333333333333333, 0.0006666666666666666, 0.001, 0.0009728616793536587, 0.00089471999940354, 0.0007750000000000001, 0.0006281416799501187, 0.00047185832004988137, 0.00032500000000000015, 0.00020528000059645996, 0.00012713832064634127, 0.0001, 0.0001271383206463412, 0.0002052800005964599, 0.0003249999999999999, 0.00047185832004988137}},
    {"cosine_warmup_with_min_lr", 4, 14, "min_lr_rate=0.25,warmup_lr_rate=0.1",
     {0.0001, 0.0004, 0.0007, 0.001, 0.0009816461936106827, 0.0009283813728906053, 0.0008454194696096775, 0.0007408813728906053, 0.000625, 0.0005091186271093948, 0.0004045805303903226, 0.00032161862710939476, 0.00026835380638931745, 0.00025, 0.00026835380638931745, 0.00032161862710939466}},
    {"cosine_warmup_with_min_lr", 0, 9, "min_lr_rate=0.0,num_cycles=1.0",
     {0.000883022221559489, 0.0005868240888334653, 0.0002500000000000001, 3.0153689607045842e-05, 3.0153689607045788e-05, 0.0002499999999999998, 0.000586824088833465, 0.000883022221559489, 0.001, 0.0008830222215594891, 0.0005868240888334653, 0.0002500000000000004, 3.0153689607045788e-05, 3.0153689607045676e-05, 0.0002500000000000001, 0.0005868240888334648}},
};

/* torch's ReduceLROnPlateau: the rate after each of these metrics. */
static const double metrics[16] = {1.0, 0.9, 0.95, 0.91, 0.9, 0.899999, 0.5, 0.6, 0.7, 0.8, 0.5, 0.49, 0.4901, 0.6, 0.6, 0.6};
static const struct {
    const char *kwargs;
    double rate[16];
} plateaus[] = {
    {"patience=1",
     {0.001, 0.001, 0.001, 0.0001, 0.0001, 1e-05, 1e-05, 1e-05, 1.0000000000000002e-06, 1.0000000000000002e-06, 1.0000000000000002e-07, 1.0000000000000002e-07, 1.0000000000000002e-07, 1.0000000000000004e-08, 1.0000000000000004e-08, 1.0000000000000004e-08}},
    {"patience=0,factor=0.5,cooldown=2",
     {0.001, 0.001, 0.0005, 0.0005, 0.0005, 0.00025, 0.00025, 0.00025, 0.000125, 0.000125, 0.000125, 0.000125, 6.25e-05, 6.25e-05, 6.25e-05, 3.125e-05}},
    {"mode=max,patience=2,threshold=0.1,threshold_mode=abs,min_lr=5e-05,factor=0.3",
     {0.001, 0.001, 0.001, 0.0003, 0.0003, 0.0003, 8.999999999999999e-05, 8.999999999999999e-05, 8.999999999999999e-05, 5e-05, 5e-05, 5e-05, 5e-05, 5e-05, 5e-05, 5e-05}},
    {"mode=max,patience=0,threshold=0.05,eps=2e-05",
     {0.001, 0.0001, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05, 1e-05}},
    {"patience=0,threshold=0.02,threshold_mode=abs,factor=0.7",
     {0.001, 0.001, 0.0007, 0.00049, 0.000343, 0.00024009999999999998, 0.00024009999999999998, 0.00016806999999999998, 0.00011764899999999998, 8.235429999999999e-05, 5.764800999999999e-05, 4.035360699999999e-05, 2.8247524899999994e-05, 1.9773267429999995e-05, 1.3841287200999995e-05, 9.688901040699997e-06}},
};
/* clang-format on */

static hone_schedule kind_of(const char *name)
{
    int i = 0;
    while (strcmp(hone__schedule_names[i], name) != 0)
        i++;
    return (hone_schedule)i;
}

static void rates_are_the_reference_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        hone_schedule_spec spec;
        hone_scheduler_options options = {cases[i].warmup, cases[i].total, cases[i].kwargs};
        assert_ok(hone__schedule_init(&spec, kind_of(cases[i].name), 1e-3, &options));
        for (int step = 0; step < 16; step++) {
            double rate = 1e-3 * hone__schedule_factor(&spec, step), expected = cases[i].rate[step];
            /* both are a handful of operations in double; cos of two libms may differ in the last bit */
            if (fabs(rate - expected) > 1e-15 * fmax(1, fabs(expected)) && fabs(rate - expected) > 1e-12 * fabs(expected))
                fail_msg("%s (%s), step %d: %.17g, the reference has %.17g", cases[i].name, cases[i].kwargs ? cases[i].kwargs : "", step,
                         rate, expected);
        }
    }
}

static void plateaus_are_torch_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plateaus) / sizeof(*plateaus); i++) {
        hone_schedule_spec spec;
        hone_scheduler_options options = {0, 0, plateaus[i].kwargs};
        assert_ok(hone__schedule_init(&spec, HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU, 1e-3, &options));
        hone_plateau p = hone__plateau_begin(&spec);
        for (int step = 0; step < 16; step++) {
            hone__plateau_step(&spec, &p, metrics[step]);
            if (p.learning_rate != plateaus[i].rate[step]) /* the same products in the same order */
                fail_msg("%s, step %d: %.17g, torch has %.17g", plateaus[i].kwargs, step, p.learning_rate, plateaus[i].rate[step]);
        }
    }
}

static void kwargs_may_be_json(void **state)
{
    (void)state;
    hone_schedule_spec spec;
    hone_scheduler_options options = {2, 12, "{\"num_cycles\": 3}"};
    assert_ok(hone__schedule_init(&spec, HONE_SCHEDULE_COSINE_WITH_RESTARTS, 1e-3, &options));
    assert_true(spec.num_cycles == 3);
}

static void bad_kwargs_are_named(void **state)
{
    (void)state;
    hone_schedule_spec spec;
    hone_scheduler_options options = {2, 12, "num_cycles=3"};
    assert_fails(HONE_INVALID_ARGUMENT, "linear has no \"num_cycles\"", hone__schedule_init(&spec, HONE_SCHEDULE_LINEAR, 1e-3, &options));
    options.kwargs = "power";
    assert_fails(HONE_INVALID_ARGUMENT, "name=value", hone__schedule_init(&spec, HONE_SCHEDULE_POLYNOMIAL, 1e-3, &options));
    options.kwargs = "power=x";
    assert_fails(HONE_INVALID_ARGUMENT, "number", hone__schedule_init(&spec, HONE_SCHEDULE_POLYNOMIAL, 1e-3, &options));
    options.kwargs = "lr_end=1";
    assert_fails(HONE_INVALID_ARGUMENT, "lr_end", hone__schedule_init(&spec, HONE_SCHEDULE_POLYNOMIAL, 1e-3, &options));
    options.kwargs = "{\"power\": ";
    assert_fails(HONE_FORMAT, "--lr_scheduler_kwargs", hone__schedule_init(&spec, HONE_SCHEDULE_POLYNOMIAL, 1e-3, &options));
    options.kwargs = NULL;
    assert_fails(HONE_INVALID_ARGUMENT, "num_decay_steps", hone__schedule_init(&spec, HONE_SCHEDULE_WARMUP_STABLE_DECAY, 1e-3, &options));
    assert_fails(HONE_INVALID_ARGUMENT, "min_lr", hone__schedule_init(&spec, HONE_SCHEDULE_COSINE_WITH_MIN_LR, 1e-3, &options));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rates_are_the_reference_s),
    cmocka_unit_test(plateaus_are_torch_s),
    cmocka_unit_test(kwargs_may_be_json),
    cmocka_unit_test(bad_kwargs_are_named),
};
TEST_MAIN(tests)
