/* Every allocation of a profile fails in turn. A span that there is no memory for is measured as part of the one around it: that is no failure. */
#include "support/support.h"

#include <hone/train.h>

#include <hone/profile.h>

static hone_device *device; /* "ref": the machine's rate is not measured each time */

static hone_status profile(void *payload)
{
    const char *path = payload;
    hone_profile *p = NULL;
    char *report = NULL;
    hone_status status;
    HONE_GO(hone_profile_start(&p, device, &(hone_profile_options){0, 1, 1}));
    hone_profile_step_begin(p);
    for (int i = 0; i < 20; i++) {
        hone_profile_begin(p, i % 2 ? "odd" : "even");
        hone_profile_begin(p, "inner");
        hone_profile_end(p);
        hone_profile_end(p);
    }
    hone_profile_step_end(p);
    HONE_GO(hone_profile_report(&report, p, true));
    status = hone_profile_write_trace(p, path);
done:
    hone_free_text(report);
    hone_profile_free(p);
    return status;
}

static void profiles(void **state)
{
    (void)state;
    assert_ok(hone_device_open(&device, &(hone_device_options){"ref", 1}));
    printf("%zu allocations\n", test_oom(profile, (void *)test_temp("trace.json")));
    hone_device_free(device);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(profiles)};
TEST_MAIN(tests)
