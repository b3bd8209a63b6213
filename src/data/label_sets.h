/* A cell that lists labels: "joy, anger", and lists as JSON and Python write them. */
#ifndef HONE_DATA_LABEL_SETS_H
#define HONE_DATA_LABEL_SETS_H

#include <hone/tokenizer.h>

/* The next name of the cell that *p, which is moved on, stands in; lent from it. false at its end. Brackets, quotation marks and blanks around a name are not part of it. */
bool hone__next_label(hone_text *name, const char **p);

#endif
