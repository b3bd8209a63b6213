/* Whose examples these are: for what only the maker of examples knows about them. */
#ifndef HONE_DATA_EXAMPLES_H
#define HONE_DATA_EXAMPLES_H

#include <hone/loader.h>

/* The `self` of examples made with these ops; NULL for others. */
void *hone__examples_self(const hone_examples *e, const hone_examples_ops *ops);

#endif
