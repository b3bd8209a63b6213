/* Each allocation fails in turn while files of torch.save are opened, in both formats and in what is refused. */
#include "support/support.h"

#include "models/safetensors.h"

static hone_status open_file(void *payload)
{
    hone_safetensors *s = NULL;
    hone_status status = hone__safetensors_open(&s, payload);
    hone__safetensors_close(s);
    return status == HONE_UNSUPPORTED ? HONE_OK : status;
}

static void opening_survives(void **state)
{
    static const char *const names[] = {"plain.bin", "plain_old.bin", "strided.bin", "checkpoint.bin"};
    char path[4200];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", test_source("tests/unit/models/torch_files"), names[i]);
        assert_true(test_oom(open_file, path) > 5);
    }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(opening_survives)};
TEST_MAIN(tests)
