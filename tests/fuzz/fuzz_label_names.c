/* Where names of classes come from: a file of rows with ids beside a dataset_info.json, the config.json of a model's folder, --label_names. Parts of the input, in this order. */
#include "fuzz/dataset.h"
#include "fuzz/folder.h"
#include "tasks/class_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const char *path)
{
    hone_dataset *d = NULL;
    if (hone_dataset_load(&d, &path, 1, NULL) == HONE_OK)
        for (int64_t row = 0; row < hone_dataset_n_rows(d); row++)
            check_row(d, row);
    else if (d || !hone_error_message()[0])
        abort();
    hone_dataset_free(d);
}

/* Between commas stand these names. */
static bool is_list(const char *text, const hone_class_list *c)
{
    for (size_t i = 0; i < c->n; i++) {
        text += strspn(text, ",");
        size_t len = strlen(c->names[i]);
        if (strcspn(text, ",") != len || memcmp(text, c->names[i], len) != 0)
            return false;
        text += len;
    }
    return text[strspn(text, ",")] == '\0';
}

static void list(const char *text)
{
    hone_class_list c = {0}, given = {0};
    char *item = (char *)(uintptr_t)text;
    hone_strings strings = {&item, 1};
    path_of("");
    if (hone__class_list_read_config(&c, fuzz_folder) != HONE_OK && !hone_error_message()[0])
        abort();
    for (size_t i = 0; i < c.n; i++)
        if (hone__class_list_find(&c, c.names[i]) < 0)
            abort();
    if (hone__class_list_check_given(&strings, "A,B") == HONE_OK &&
        (hone__class_list_read_given(&given, &strings) != HONE_OK || given.n == 0 || !is_list(text, &given)))
        abort();
    for (size_t i = 0; i < given.n; i++)
        if ((size_t)hone__class_list_find(&given, given.names[i]) != i)
            abort();
    hone__class_list_dispose(&c);
    hone__class_list_dispose(&given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *rows = put_part("rows.jsonl", &data, &size);
    put_part("dataset_info.json", &data, &size);
    put_part("config.json", &data, &size);
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    load(rows);
    list(text);
    free(text);
    return 0;
}
