/* The reader of labelled conll files, on any bytes. */
#include "fuzz/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {"O", "B-X", "I-X", NULL};
    load_bytes(data, size, "conll", NULL);
    load_bytes(data, size, "conll", labels);
    return 0;
}
