/* Any bytes as model.safetensors.index.json beside two parts: refused, or every tensor that it names can be read. */
#include "fuzz/folder.h"
#include "models/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_parts(void)
{
    static const float values[] = {1, 2, 3, 4};
    hone_safetensor_source first[] = {{.name = "a", .dtype = HONE_DTYPE_F32, .n_dims = 1, .dim = {4}, .data = values}};
    hone_safetensor_source second[] = {{.name = "b", .dtype = HONE_DTYPE_F32, .n_dims = 2, .dim = {2, 2}, .data = values},
                                       {.name = "c", .dtype = HONE_DTYPE_F32, .n_dims = 1, .dim = {1}, .data = values}};
    if (hone__safetensors_write(path_of("1.safetensors"), first, 1, NULL, NULL, NULL) != HONE_OK ||
        hone__safetensors_write(path_of("2.safetensors"), second, 2, NULL, NULL, NULL) != HONE_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    hone_safetensors *s = NULL;
    if (!ready)
        put_parts();
    ready = true;
    const char *index = put_file("model.safetensors.index.json", data, size);
    if (hone__safetensors_open(&s, index) != HONE_OK) {
        if (s || !strstr(hone_error_message(), fuzz_folder))
            abort();
        return 0;
    }
    for (size_t i = 0; i < hone__safetensors_count(s); i++) {
        const hone_safetensor *t = hone__safetensors_at(s, i);
        float values[4];
        if (t->count > 4 || hone__safetensors_read(s, t, HONE_DTYPE_F32, 0, t->count, values) != HONE_OK || values[0] != 1)
            abort();
    }
    hone__safetensors_close(s);
    return 0;
}
