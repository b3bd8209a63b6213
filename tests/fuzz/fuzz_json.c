/* Reads any bytes as JSON; what is accepted is written, read again and written again, and both texts are the same. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_out(const json_t *value, int indent)
{
    hone_str s = HONE_STR_INIT;
    char *text;
    hone_json_writer w = hone__json_writer(&s, indent);
    hone__jw_json(&w, value);
    if (hone__str_take(&text, &s) != HONE_OK)
        abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value, *again;
    if (hone__json_parse(&value, (const char *)data, size, "fuzz") != HONE_OK) {
        if (value || strncmp(hone_error_message(), "fuzz:", 5) != 0)
            abort();
        return 0;
    }
    char *first = write_out(value, 1);
    if (hone__utf8_valid(first, strlen(first)) != strlen(first) || hone__json_parse(&again, first, strlen(first), "written") != HONE_OK)
        abort();
    char *second = write_out(again, 1);
    if (strcmp(first, second) != 0)
        abort();
    hone__free(first);
    hone__free(second);
    json_decref(value);
    json_decref(again);
    return 0;
}
