/* Where masks are drawn, for those who know the places in a model. */
#ifndef HONE_DATA_MASKING_H
#define HONE_DATA_MASKING_H

#include <hone/masking.h>

/* HONE_PLACE_MASKING of nn/tape.h, which this folder does not see; its second layer is the evaluation's. */
enum { HONE__MASKING_SITE = 9, HONE__MASKING_SITE_EVALUATION = 9 | 1 << 8 };

/* Refuses probabilities that are none, or more than 1 together, by the names of their options. */
hone_status hone__masking_check(const hone_masking_options *o);

#endif
