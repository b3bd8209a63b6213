/* Any bytes as UTF-8 beside utf8proc's reading of them, and as the text of a number beside what is written of it. */
#include "base/str.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const uint8_t *data, size_t size)
{
    size_t at = 0, valid = hone__utf8_valid((const char *)data, size);
    while (at < size) {
        utf8proc_int32_t theirs = -1;
        utf8proc_ssize_t n = utf8proc_iterate(data + at, (utf8proc_ssize_t)(size - at), &theirs);
        uint32_t ours = 0;
        char again[4];
        size_t len = hone__utf8_decode(&ours, (const char *)data + at, size - at);
        if (n < 0 ? len != 0 : len != (size_t)n || ours != (uint32_t)theirs)
            abort();
        if (n < 0)
            break;
        if (hone__utf8_encode(again, ours) != len || memcmp(again, data + at, len) != 0)
            abort();
        at += len;
    }
    if (at != valid)
        abort();
}

static void read_number(const char *text)
{
    char written[32];
    double value, again;
    if (!hone__parse_double(&value, text))
        return;
    if (hone__format_double(written, value) != strlen(written))
        abort();
    if (isfinite(value) && (!hone__parse_double(&again, written) || memcmp(&again, &value, sizeof(value)) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double any;
    char text[64] = "", written[32];
    compare(data, size);
    memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
    read_number(text);
    if (size >= sizeof(any)) {
        memcpy(&any, data, sizeof(any));
        hone__format_double(written, any);
        if (isfinite(any))
            read_number(written);
    }
    return 0;
}
