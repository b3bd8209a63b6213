/* Opens any bytes as a file of torch.save; every tensor of an accepted one lies inside it and can be read, from its beginning and to its end. */
#include "models/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_some(const hone_safetensors *s, const hone_safetensor *t, uint64_t first)
{
    float as_float[32];
    int32_t as_int[32];
    uint64_t n = t->count - first < 32 ? t->count - first : 32;
    (void)hone__safetensors_read(s, t, HONE_DTYPE_F32, first, n, as_float);
    (void)hone__safetensors_read(s, t, HONE_DTYPE_I32, first, n, as_int);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_safetensors *s;
    if (hone__safetensors_open_memory(&s, data, size, "fuzz.bin") != HONE_OK) {
        if (s || (!strstr(hone_error_message(), "fuzz.bin") && !strstr(hone_error_message(), "tensor ")))
            abort();
        return 0;
    }
    for (size_t i = 0; i < hone__safetensors_count(s); i++) {
        const hone_safetensor *t = hone__safetensors_at(s, i);
        if (hone__safetensors_find(s, t->name) != t || t->offset > size || t->n_bytes > size - t->offset)
            abort();
        if (!t->count)
            continue;
        read_some(s, t, 0);
        read_some(s, t, t->count / 2);
        read_some(s, t, t->count - 1);
    }
    hone__safetensors_close(s);
    return 0;
}
