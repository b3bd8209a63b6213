/* Opens any bytes as a safetensors file; every tensor of an accepted one lies inside it and can be read from end to end. */
#include "models/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_safetensors *s;
    if (hone__safetensors_open_memory(&s, data, size, "fuzz") != HONE_OK) {
        if (s || !strstr(hone_error_message(), "fuzz"))
            abort();
        return 0;
    }
    for (size_t i = 0; i < hone__safetensors_count(s); i++) {
        const hone_safetensor *t = hone__safetensors_at(s, i);
        char shape[64];
        float piece[32];
        if (hone__safetensors_find(s, t->name) != t || t->offset > size || t->n_bytes > size - t->offset)
            abort();
        hone__safetensors_shape(shape, sizeof(shape), t->n_dims, t->dim);
        for (uint64_t at = 0; at < t->count; at += 32)
            if (hone__safetensors_read(s, t, HONE_DTYPE_F32, at, t->count - at < 32 ? t->count - at : 32, piece) != HONE_OK)
                break;
    }
    hone__safetensors_metadata(s, "format");
    hone__safetensors_close(s);
    return 0;
}
