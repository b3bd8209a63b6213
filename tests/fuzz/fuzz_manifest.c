/* Any bytes as the manifest of a checkpoint: one that is called whole lists only files that are there. */
#include "fuzz/folder.h"
#include "train/trainer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t len)
{
    json_t *root = NULL, *entry;
    const char *name;
    if (hone__json_parse(&root, text, len, "manifest") != HONE_OK || json_object_size(json_object_get(root, "files")) == 0)
        abort();
    json_object_foreach(json_object_get(root, "files"), name, entry)
    {
        char *path = NULL;
        if (hone__path_join(&path, fuzz_folder, name) != HONE_OK || !hone__is_file(path))
            abort();
        hone__free(path);
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    put_file("weights", "1234567", 7);
    put_file("manifest.json", data, size);
    if (hone__checkpoint_verify(fuzz_folder) == HONE_OK)
        check((const char *)data, size);
    else if (!strstr(hone_error_message(), fuzz_folder))
        abort();
    return 0;
}
