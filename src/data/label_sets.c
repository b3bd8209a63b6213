/* Names in a cell, between commas. A name holds no comma; what JSON and Python write around the names of a list is passed over. */
#include "data/label_sets.h"

#include <string.h>

static bool is_around(char c)
{
    return c == ' ' || c == '\t' || c == '[' || c == ']' || c == '\'' || c == '"';
}

bool hone__next_label(hone_text *name, const char **p)
{
    while (**p) {
        size_t len = strcspn(*p, ","), from = 0, to = len;
        const char *start = *p;
        while (from < to && is_around(start[from]))
            from++;
        while (to > from && is_around(start[to - 1]))
            to--;
        *p += len + (start[len] == ',');
        *name = (hone_text){start + from, to - from};
        if (to > from)
            return true;
    }
    return false;
}
