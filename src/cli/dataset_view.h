/* A row of labelled data for people or programs. */
#ifndef HONE_CLI_DATASET_VIEW_H
#define HONE_CLI_DATASET_VIEW_H

#include <hone/dataset.h>

/* Prints a row to standard output: a line of JSON; on a terminal each word above its tag. */
hone_status cli_show_row(const hone_dataset *d, int64_t row);

#endif
