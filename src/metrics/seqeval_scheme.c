/* Tags and schemes of seqeval (seqeval.h): how a tag is taken apart, and the patterns of scheme.py, in its order and its words. */
#include "metrics/seqeval.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* ---- tags ---- */

static const char letters[] = "OBIESUL.";

/* Default mode: what follows the first "-" behind the first character, or all that is behind it. */
static hone_status default_type(int32_t *out, hone_names *types, const char *rest, size_t len)
{
    const char *dash = memchr(rest, '-', len);
    size_t skip = dash ? (size_t)(dash - rest) + 1 : 0;
    return len > skip ? hone__names_add(out, types, rest + skip, len - skip) : hone__names_add(out, types, "_", 1);
}

/* Strict mode: what is behind the first character, without "-" at both ends. */
static hone_status strict_type(int32_t *out, hone_names *types, const char *rest, size_t len)
{
    while (len > 0 && *rest == '-')
        rest++, len--;
    while (len > 0 && rest[len - 1] == '-')
        len--;
    return len ? hone__names_add(out, types, rest, len) : hone__names_add(out, types, "_", 1);
}

hone_status hone__seqeval_parse(seqeval_tag *out, hone_names *types, const char *text, size_t len)
{
    const char *letter = text[0] ? strchr(letters, text[0]) : NULL;
    uint32_t cp;
    size_t first = hone__utf8_decode(&cp, text, len);
    first = first ? first : 1;
    out->letter = (uint8_t)(letter ? letter - letters : SEQEVAL_OTHER);
    HONE_TRY(default_type(&out->type, types, text + first, len - first));
    return strict_type(&out->strict_type, types, text + first, len - first);
}

bool hone__seqeval_is_known(const char *text)
{
    return strchr("OBIES", text[0]) && (!text[1] || (text[0] != 'O' && text[1] == '-'));
}

/* ---- schemes ---- */

#define BIT(letter) (1u << SEQEVAL_##letter)
enum { SAME = 1, DIFF = 2, ANY = 3 };
#define ANY_LETTER ((1u << SEQEVAL_N_LETTERS) - 1)

typedef struct pattern {
    uint8_t kind;
    unsigned before, letter;
    uint8_t types;
} pattern;

#define START  SEQEVAL_START
#define INSIDE SEQEVAL_INSIDE
#define END    SEQEVAL_END

static const pattern iob1[] = {
    {START, BIT(O), BIT(I), ANY},  {START, BIT(I), BIT(I), DIFF},  {START, BIT(B), BIT(I), ANY},   {START, BIT(I), BIT(B), SAME},
    {START, BIT(B), BIT(B), SAME}, {INSIDE, BIT(B), BIT(I), SAME}, {INSIDE, BIT(I), BIT(I), SAME}, {END, BIT(I), BIT(I), DIFF},
    {END, BIT(I), BIT(O), ANY},    {END, BIT(I), BIT(B), ANY},     {END, BIT(B), BIT(O), ANY},     {END, BIT(B), BIT(I), DIFF},
    {END, BIT(B), BIT(B), SAME},
};
static const pattern ioe1[] = {
    {START, BIT(O), BIT(I), ANY},   {START, BIT(I), BIT(I), DIFF},  {START, BIT(E), BIT(I), ANY}, {START, BIT(E), BIT(E), SAME},
    {INSIDE, BIT(I), BIT(I), SAME}, {INSIDE, BIT(I), BIT(E), SAME}, {END, BIT(I), BIT(I), DIFF},  {END, BIT(I), BIT(O), ANY},
    {END, BIT(I), BIT(E), DIFF},    {END, BIT(E), BIT(I), SAME},    {END, BIT(E), BIT(E), SAME},
};
static const pattern iob2[] = {
    {START, ANY_LETTER, BIT(B), ANY}, {INSIDE, BIT(B), BIT(I), SAME}, {INSIDE, BIT(I), BIT(I), SAME},
    {END, BIT(I), BIT(O), ANY},       {END, BIT(I), BIT(I), DIFF},    {END, BIT(I), BIT(B), ANY},
    {END, BIT(B), BIT(O), ANY},       {END, BIT(B), BIT(I), DIFF},    {END, BIT(B), BIT(B), ANY},
};
static const pattern ioe2[] = {
    {START, BIT(O), BIT(I), ANY},   {START, BIT(O), BIT(E), ANY},   {START, BIT(E), BIT(I), ANY},
    {START, BIT(E), BIT(E), ANY},   {START, BIT(I), BIT(I), DIFF},  {START, BIT(I), BIT(E), DIFF},
    {INSIDE, BIT(I), BIT(E), SAME}, {INSIDE, BIT(I), BIT(I), SAME}, {END, BIT(E), ANY_LETTER, ANY},
};
static const pattern iobes[] = {
    {START, ANY_LETTER, BIT(B), ANY}, {START, ANY_LETTER, BIT(S), ANY}, {INSIDE, BIT(B), BIT(I), SAME}, {INSIDE, BIT(B), BIT(E), SAME},
    {INSIDE, BIT(I), BIT(I), SAME},   {INSIDE, BIT(I), BIT(E), SAME},   {END, BIT(S), ANY_LETTER, ANY}, {END, BIT(E), ANY_LETTER, ANY},
};
static const pattern bilou[] = {
    {START, ANY_LETTER, BIT(B), ANY}, {START, ANY_LETTER, BIT(U), ANY}, {INSIDE, BIT(B), BIT(I), SAME}, {INSIDE, BIT(B), BIT(L), SAME},
    {INSIDE, BIT(I), BIT(I), SAME},   {INSIDE, BIT(I), BIT(L), SAME},   {END, BIT(U), ANY_LETTER, ANY}, {END, BIT(L), ANY_LETTER, ANY},
};

#define SCHEME(name, patterns, allowed)                                                      \
    {                                                                                        \
        HONE_SCHEME_##name, #name, patterns, sizeof(patterns) / sizeof(*(patterns)), allowed \
    }
static const struct {
    hone_tag_scheme id;
    const char *name;
    const pattern *patterns;
    size_t n;
    unsigned allowed;
} schemes[] = {
    SCHEME(IOB1, iob1, BIT(I) | BIT(O) | BIT(B)),
    SCHEME(IOB2, iob2, BIT(I) | BIT(O) | BIT(B)),
    SCHEME(IOE1, ioe1, BIT(I) | BIT(O) | BIT(E)),
    SCHEME(IOE2, ioe2, BIT(I) | BIT(O) | BIT(E)),
    SCHEME(IOBES, iobes, BIT(I) | BIT(O) | BIT(B) | BIT(E) | BIT(S)),
    SCHEME(BILOU, bilou, BIT(I) | BIT(O) | BIT(B) | BIT(L) | BIT(U)),
};
#define N_SCHEMES (sizeof(schemes) / sizeof(*schemes))

static void apply(seqeval_scheme *out, const pattern *p)
{
    for (unsigned before = 0; before < SEQEVAL_N_LETTERS; before++)
        for (unsigned letter = 0; letter < SEQEVAL_N_LETTERS; letter++)
            if ((p->before >> before & 1) && (p->letter >> letter & 1))
                out->rules[p->kind][before][letter] |= p->types;
}

bool hone__seqeval_scheme(seqeval_scheme *out, hone_tag_scheme id)
{
    *out = (seqeval_scheme){.id = id};
    for (size_t i = 0; i < N_SCHEMES; i++) {
        if (schemes[i].id != id)
            continue;
        out->allowed = schemes[i].allowed;
        for (size_t k = 0; k < schemes[i].n; k++)
            apply(out, &schemes[i].patterns[k]);
        return true;
    }
    return false;
}

const char *hone__seqeval_scheme_name(hone_tag_scheme id)
{
    for (size_t i = 0; i < N_SCHEMES; i++)
        if (schemes[i].id == id)
            return schemes[i].name;
    return "?";
}

/* Of four or five letters, two or three must be there for the set to be told from another: with O or without. */
hone_tag_scheme hone__seqeval_detect(unsigned set)
{
    unsigned marks = set & ~BIT(O), inner = marks & ~BIT(I);
    if (inner == BIT(B))
        return HONE_SCHEME_IOB2;
    if (inner == BIT(E))
        return HONE_SCHEME_IOE2;
    if (inner == (BIT(B) | BIT(E) | BIT(S)) || inner == (BIT(B) | BIT(E)) || set == BIT(S))
        return HONE_SCHEME_IOBES;
    if (inner == (BIT(B) | BIT(L) | BIT(U)) || inner == (BIT(B) | BIT(L)) || set == BIT(U))
        return HONE_SCHEME_BILOU;
    return HONE_SCHEME_AUTO;
}

const char *hone__seqeval_letters(char buffer[32], unsigned set)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (unsigned i = 0; i < SEQEVAL_N_LETTERS; i++)
        if (set >> i & 1)
            used += (size_t)snprintf(buffer + used, 32 - used, "%s%c", used ? ", " : "", letters[i]);
    return buffer;
}
