/* Runs a fuzz target without libFuzzer: over every file of a folder (argv[1]), every truncation of it (of large files, some), and mutations of it by a
 * generator with a fixed seed, so that a failure comes again. Each input lies in a block of its own size: AddressSanitizer sees a read past its end.
 * A target that takes an input that makes the program slow is stopped by ctest's limit. */
#include "base/file.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TRUNCATIONS = 400, MAX_MUTATIONS = 600 };

static size_t n_inputs;

static void feed(const char *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        exit(2);
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    n_inputs++;
}

/* One byte replaced, removed, doubled, or a run of bytes moved: where and how are the generator's. */
static size_t mutate(char *to, const char *from, size_t len, hone_mt19937 *g)
{
    static const char telling[] = "\0\xff\x80{}[]\",:\\-0e \n\t<>";
    size_t at = hone__mt_next(g) % len;
    char byte = hone__mt_next(g) % 2 ? (char)hone__mt_next(g) : telling[hone__mt_next(g) % (sizeof(telling) - 1)];
    memcpy(to, from, len);
    switch (hone__mt_next(g) % 4) {
    case 0:
        to[at] = byte;
        return len;
    case 1:
        memmove(to + at, to + at + 1, len - at - 1);
        return len - 1;
    case 2:
        memmove(to + at + 1, from + at, len - at);
        to[at] = byte;
        return len + 1;
    default:
        to[at] = (char)(to[at] ^ 1 << hone__mt_next(g) % 8);
        return len;
    }
}

static void replay(const char *data, size_t len)
{
    hone_mt19937 g;
    char *changed = malloc(len + 1);
    if (!changed)
        exit(2);
    hone__mt_seed(&g, 20170612);
    feed(data, len);
    size_t step = len / MAX_TRUNCATIONS + 1;
    for (size_t n = 0; n < len; n += step)
        feed(data, n);
    for (size_t i = 0; len > 0 && i < MAX_MUTATIONS; i++)
        feed(changed, mutate(changed, data, len, &g));
    free(changed);
}

int main(int argc, char **argv)
{
    hone_file_list list;
    if (argc != 2 || hone__list_files(&list, argv[1], NULL) != HONE_OK || list.n == 0) {
        fprintf(stderr, "usage: %s CORPUS (a folder with at least one file)\n", argv[0]);
        return 2;
    }
    for (size_t i = 0; i < list.n; i++) {
        char *data;
        size_t len;
        if (hone__read_file(&data, &len, list.paths[i], 0) != HONE_OK) {
            fprintf(stderr, "%s\n", hone_error_message());
            return 2;
        }
        replay(data, len);
        hone__free(data);
    }
    printf("%zu inputs from %zu files\n", n_inputs, list.n);
    hone__file_list_dispose(&list);
    return 0;
}
