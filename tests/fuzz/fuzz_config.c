/* Reads any bytes as config.json of every model type; what is accepted is written, read again and written again: the same text. The bytes also serve as
 * --config_overrides. */
#include "models/class.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_out(const hone_config *c)
{
    hone_str s = HONE_STR_INIT;
    char *text;
    if (hone__config_text(&s, c, "Model") != HONE_OK || hone__str_take(&text, &s) != HONE_OK)
        abort();
    return text;
}

static void round_trip(const hone_config_table *table, const hone_config *c)
{
    char *first = write_out(c);
    json_t *json;
    hone_config *again;
    if (hone__json_parse(&json, first, strlen(first), "written") != HONE_OK || hone__config_read(&again, table, json, "written") != HONE_OK)
        abort();
    char *second = write_out(again);
    if (strcmp(first, second) != 0)
        abort();
    hone__config_free(again);
    json_decref(json);
    hone__free(first);
    hone__free(second);
}

static void override(const hone_config_table *table, const uint8_t *data, size_t size)
{
    hone_config *c;
    char *text;
    if (hone__strndup(&text, (const char *)data, size) != HONE_OK || hone__config_read(&c, table, NULL, "fuzz") != HONE_OK)
        abort();
    (void)hone__config_override(c, text);
    (void)hone__config_check(c);
    hone__config_free(c);
    hone__free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *json = NULL;
    (void)hone__json_parse(&json, (const char *)data, size, "fuzz");
    for (size_t i = 0; hone__model_classes[i]; i++) {
        const hone_config_table *table = hone__model_classes[i]->config;
        hone_config *c;
        override(table, data, size);
        if (!json || hone__config_read(&c, table, json, "fuzz") != HONE_OK)
            continue;
        (void)hone__config_check(c);
        round_trip(table, c);
        hone__config_free(c);
    }
    json_decref(json);
    return 0;
}
