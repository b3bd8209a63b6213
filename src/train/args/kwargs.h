/* Parameters of a choice, given after it: --lr_scheduler_kwargs and --optim_args. */
#ifndef HONE_TRAIN_KWARGS_H
#define HONE_TRAIN_KWARGS_H

#include "base/options.h"

/* "a=1,b=2" or a JSON object into a struct of `table`, for messages: the option's name ("--optim_args") and the choice's ("sgd"); knows: what that choice takes, names with
 * blanks between. text NULL: nothing is given. */
hone_status hone__kwargs_read(const hone_option_table *table, void *out, const char *text, const char *option, const char *choice,
                              const char *knows);

#endif
