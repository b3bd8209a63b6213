/* The reader of labelled json files, on any bytes. */
#include "fuzz/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {"O", "B-X", "I-X", NULL};
    load_bytes(data, size, "jsonl", NULL);
    load_bytes(data, size, "jsonl", labels);
    return 0;
}
