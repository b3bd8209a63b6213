/* Any bytes as a cell that lists labels: it ends, names are not empty, lie inside the cell one after the other, and hold no comma and nothing that stands around them. */
#include "data/label_sets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *cell = malloc(size + 1);
    hone_text name;
    if (!cell)
        return 0;
    memcpy(cell, data, size);
    cell[size] = '\0';
    const char *p = cell, *end = cell + strlen(cell), *last = cell;
    while (hone__next_label(&name, &p)) {
        if (name.len == 0 || name.data < last || name.data + name.len > p || p > end || memchr(name.data, ',', name.len))
            abort();
        if (strchr(" []\t'\"", name.data[0]) || strchr(" []\t'\"", name.data[name.len - 1]))
            abort();
        last = p;
    }
    if (p != end)
        abort();
    free(cell);
    return 0;
}
