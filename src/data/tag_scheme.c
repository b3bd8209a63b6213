/* The schemes that mark entities in a sequence of tags: their names, their prefixes, and what a single tag says. */
#include "data/dataset.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *prefixes;
} schemes[] = {
    [HONE_SCHEME_AUTO] = {"auto", ""},       [HONE_SCHEME_IOB1] = {"IOB1", "BI"}, [HONE_SCHEME_IOB2] = {"IOB2", "BI"},
    [HONE_SCHEME_IOE1] = {"IOE1", "IE"},     [HONE_SCHEME_IOE2] = {"IOE2", "IE"}, [HONE_SCHEME_IOBES] = {"IOBES", "BIES"},
    [HONE_SCHEME_BILOU] = {"BILOU", "BILU"}, [HONE_SCHEME_IO] = {"IO", "I"},      [HONE_SCHEME_NONE] = {"none", ""},
};
enum { N_SCHEMES = sizeof(schemes) / sizeof(*schemes) };

const char *hone_tag_scheme_name(hone_tag_scheme scheme)
{
    return (unsigned)scheme < N_SCHEMES ? schemes[scheme].name : "unknown";
}

hone_status hone_tag_scheme_parse(hone_tag_scheme *out, const char *name)
{
    *out = HONE_SCHEME_AUTO;
    for (int i = 0; i < N_SCHEMES; i++)
        if (strcasecmp(name, schemes[i].name) == 0) {
            *out = (hone_tag_scheme)i;
            return HONE_OK;
        }
    return hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" is no tag scheme: auto, IOB1, IOB2, IOE1, IOE2, IOBES, BILOU, IO and none are", name);
}

const char *hone__scheme_prefixes(hone_tag_scheme scheme)
{
    return (unsigned)scheme < N_SCHEMES ? schemes[scheme].prefixes : "";
}

hone_tag hone__tag_parse(hone_text name)
{
    if (name.len == 1 && name.data[0] == 'O')
        return (hone_tag){'O', {"", 0}};
    if (name.len == 0 || !memchr("BIESLU", name.data[0], 6))
        return (hone_tag){0, {"", 0}};
    if (name.len == 1)
        return (hone_tag){name.data[0], {"", 0}};
    if (name.len > 2 && name.data[1] == '-')
        return (hone_tag){name.data[0], {name.data + 2, name.len - 2}};
    return (hone_tag){0, {"", 0}};
}
