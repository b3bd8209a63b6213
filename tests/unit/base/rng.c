/* The generators against published answers: Philox against Random123's, mt19937 against the C++ standard's, randperm against torch. */
#include "support/support.h"

#include "base/rng.h"

#include <stdlib.h>

static void philox_known_answers(void **state)
{
    (void)state;
    static const struct { /* Random123, tests/kat_vectors, "philox4x32 10" */
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t expected[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t out[4];
        hone__philox4x32(out, cases[i].counter, (uint64_t)cases[i].key[1] << 32 | cases[i].key[0]);
        assert_memory_equal(out, cases[i].expected, sizeof(out));
    }
}

static void splitmix_known_answers(void **state)
{
    (void)state;
    /* The first outputs of Vigna's splitmix64.c from state 0: state advances by the constant that the function adds. */
    assert_true(hone__splitmix64(0) == 0xE220A8397B1DCDAFu);
    assert_true(hone__splitmix64(0x9E3779B97F4A7C15u) == 0x6E789E6AA1B965F4u);
    assert_true(hone__site_key(1, 2) != hone__site_key(2, 1));
}

static void uniforms(void **state)
{
    (void)state;
    assert_true(hone__uniform24(0) == 0.0f && hone__uniform24(UINT32_MAX) < 1.0f);
    assert_true(hone__uniform_open(0) > 0.0 && hone__uniform_open(UINT32_MAX) < 1.0);
    assert_int_equal(hone__drop_threshold(0.0), 0);
    assert_int_equal(hone__drop_threshold(0.5), 0x80000000u);
    assert_int_equal(hone__drop_threshold(1.0), UINT32_MAX);
}

static void mersenne_known_answers(void **state)
{
    (void)state;
    hone_mt19937 g;
    uint32_t word = 0;
    hone__mt_seed(&g, 5489);
    assert_int_equal(hone__mt_next(&g), 3499211612u); /* MT19937's first word with its default seed */
    for (int i = 1; i < 10000; i++)
        word = hone__mt_next(&g);
    assert_int_equal(word, 4123659995u); /* C++ standard, rand.predef: the 10000th */
}

/* torch.randperm(20) under torch.manual_seed(42), torch 2.9. */
static void torch_order(void **state)
{
    (void)state;
    static const int64_t expected[20] = {2, 14, 18, 15, 1, 10, 0, 4, 6, 11, 8, 3, 7, 17, 13, 12, 19, 5, 16, 9};
    int64_t order[20];
    hone__randperm(order, 20, 42);
    assert_memory_equal(order, expected, sizeof(expected));
    hone__randperm(order, 20, 42 + ((uint64_t)1 << 32)); /* torch looks at 32 bits of a seed */
    assert_memory_equal(order, expected, sizeof(expected));
    hone__randperm(order, 1, 42);
    assert_int_equal(order[0], 0);
    hone__randperm(NULL, 0, 42);
}

/* "n=1000,seed=7": [615, 284, …], as the reference stack wrote it. */
static void torch_orders(void **state)
{
    (void)state;
    json_t *orders = test_read_json(test_fixture("../oracle/order.json")), *expected;
    const char *key;
    assert_true(json_object_size(orders) > 0);
    json_object_foreach(orders, key, expected)
    {
        int n;
        unsigned seed;
        int64_t *order;
        assert_int_equal(sscanf(key, "n=%d,seed=%u", &n, &seed), 2);
        assert_ok(HONE_NEW(&order, (size_t)n));
        hone__randperm(order, n, seed);
        assert_int_equal(json_array_size(expected), n);
        for (int i = 0; i < n; i++)
            assert_int_equal(order[i], json_integer_value(json_array_get(expected, (size_t)i)));
        hone__free(order);
    }
    json_decref(orders);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(philox_known_answers),
    cmocka_unit_test(splitmix_known_answers),
    cmocka_unit_test(uniforms),
    cmocka_unit_test(mersenne_known_answers),
    cmocka_unit_test(torch_order),
    cmocka_unit_test(torch_orders),
};

TEST_MAIN(tests)
