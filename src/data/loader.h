/* A loader from the inside: the order of rows of similar length; looking ahead, where the largest batches are before any is made. */
#ifndef HONE_DATA_LOADER_H
#define HONE_DATA_LOADER_H

#include <hone/loader.h>

typedef struct hone_loader_extent {
    int64_t epoch, batch, tokens;
    int32_t longest; /* row */
} hone_loader_extent;

/* Of the first n_batches, counted over epochs from the first on: the one with most tokens, and the one with the longest row (of those, with most tokens). At most max_rows rows are looked at.
 * Empty extents when there are none. The loader stands at the start of epoch 0 afterwards. */
hone_status hone__loader_survey(hone_loader *loader, int64_t n_batches, int64_t max_rows, hone_loader_extent *most,
                                hone_loader_extent *longest);

/* Sorts a random order of n examples so that those of similar length stand side by side (group_lengths.c). scratch: as many bytes as the first one says. */
size_t hone__group_lengths_scratch(int64_t n, int64_t group);
void hone__group_lengths(int64_t *order, int64_t n, const hone_examples *examples, int64_t group, void *scratch);

#endif
