/* The license in the head of somebody's model card. */
#include "train/report/card.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char license[16];
    hone__card_find_license(license, sizeof(license), (const char *)data, size);
    if (strlen(license) >= sizeof(license) || strpbrk(license, "\n:#\"' "))
        abort();
    return 0;
}
