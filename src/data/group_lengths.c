/* Rows of similar length side by side: transformers' LengthGroupedSampler (trainer_pt_utils.py, get_length_grouped_indices). A random order is cut into stretches of
 * up to 50 groups, each sorted by length, the longest first (equal ones stay in their order), and the longest row of all changes places with the very first, so that memory
 * runs out at once or never. */
#include "data/loader.h"

#include "base/mem.h"

#include <stdlib.h>

enum { MOST_GROUPS = 50, FEWEST_STRETCHES = 4 };

typedef struct keyed {
    int64_t example;
    int32_t length, place;
} keyed;

static int64_t stretch_of(int64_t n, int64_t group)
{
    int64_t groups = n / (group * FEWEST_STRETCHES);
    groups = groups > MOST_GROUPS ? MOST_GROUPS : groups < 1 ? 1 : groups;
    return groups * group;
}

static int longest_first(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

size_t hone__group_lengths_scratch(int64_t n, int64_t group)
{
    int64_t stretch = n > 0 ? stretch_of(n, group) : 0;
    return (size_t)(stretch < n ? stretch : n) * sizeof(keyed);
}

static void sort_stretch(int64_t *order, int32_t n, const hone_examples *examples, keyed *rows)
{
    for (int32_t i = 0; i < n; i++)
        rows[i] = (keyed){order[i], hone_examples_length(examples, order[i]), i};
    qsort(rows, (size_t)n, sizeof(*rows), longest_first);
    for (int32_t i = 0; i < n; i++)
        order[i] = rows[i].example;
}

void hone__group_lengths(int64_t *order, int64_t n, const hone_examples *examples, int64_t group, void *scratch)
{
    int64_t stretch = n > 0 ? stretch_of(n, group) : 1, longest = 0;
    int32_t most = -1;
    for (int64_t i = 0; i < n; i += stretch) {
        sort_stretch(order + i, (int32_t)(n - i < stretch ? n - i : stretch), examples, scratch);
        int32_t length = hone_examples_length(examples, order[i]);
        if (length > most) {
            most = length;
            longest = i;
        }
    }
    if (n > 0) {
        int64_t first = order[0];
        order[0] = order[longest];
        order[longest] = first;
    }
}
