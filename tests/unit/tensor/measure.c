/* Entries of a backend that measure themselves: each that computes does, and a new one must say in which of the two lists it stands (src/tensor/measure.c, or the one below). */
#include "support/support.h"
#include "tensor/backend.h"

#include <stddef.h>

typedef void (*entry)(void);
_Static_assert(offsetof(hone_backend_ops, name) == 0 && sizeof(hone_backend_ops) % sizeof(entry) == 0 && sizeof(char *) == sizeof(entry),
               "behind its name a backend's table is entries alone");

/* Memory, order and questions. */
static const size_t compute_nothing[] = {
    offsetof(hone_backend_ops, alloc),    offsetof(hone_backend_ops, release),   offsetof(hone_backend_ops, upload),
    offsetof(hone_backend_ops, download), offsetof(hone_backend_ops, sync),      offsetof(hone_backend_ops, close),
    offsetof(hone_backend_ops, supports), offsetof(hone_backend_ops, workspace), offsetof(hone_backend_ops, prepare_products)};

static bool computes(size_t at)
{
    for (size_t i = 0; i < sizeof(compute_nothing) / sizeof(*compute_nothing); i++)
        if (compute_nothing[i] == at)
            return false;
    return true;
}

static entry entry_at(const hone_backend_ops *ops, size_t at)
{
    entry e;
    memcpy(&e, (const char *)ops + at, sizeof(e));
    return e;
}

static void each_entry_that_computes_is_measured(void **state)
{
    (void)state;
    hone_backend *b;
    assert_ok(hone__backend_open(&b, "ref", 1)); /* which has all */
    const hone_backend_ops *plain = b->ops;
    assert_ok(hone__backend_measure(b, true));
    assert_ok(hone__backend_measure(b, true));
    assert_ok(hone__backend_measure(b, false));
    for (size_t at = sizeof(entry), n = 1; at < sizeof(*plain); at += sizeof(entry), n++) {
        assert_non_null(entry_at(plain, at));
        if ((entry_at(b->ops, at) != entry_at(plain, at)) != computes(at))
            fail_msg("entry %zu of hone_backend_ops %s", n, computes(at) ? "is not measured" : "computes nothing and is measured");
    }
    assert_ok(hone__backend_measure(b, false));
    assert_ptr_equal(b->ops, plain);
    hone__backend_close(b);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(each_entry_that_computes_is_measured)};
TEST_MAIN(tests)
