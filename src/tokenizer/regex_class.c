/* Characters, properties and classes of Oniguruma's patterns (regex_translate.h). A class becomes one PCRE2 class wherever it can, otherwise an alternation of single
 * characters: what it intersects with stands before it as a test, nested classes and complements of properties beside it. */
#include "tokenizer/regex_translate.h"

#include "tokenizer/unicode.h"

#include <stdlib.h>
#include <string.h>

hone_status hone__regex_refuse(hone__translator *r, size_t at, const char *problem)
{
    r->t->problem = problem;
    r->t->problem_at = at;
    return hone__fail(HONE_FORMAT, "%s", problem);
}

bool hone__regex_more(const hone__translator *r, size_t n)
{
    return r->at + n <= r->len;
}

bool hone__regex_at(const hone__translator *r, const char *text)
{
    size_t n = strlen(text);
    return hone__regex_more(r, n) && memcmp(r->in + r->at, text, n) == 0;
}

void hone__regex_put_char(hone_str *out, uint32_t cp)
{
    bool plain = (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
    if (plain)
        hone__str_putc(out, (char)cp);
    else
        hone__str_printf(out, "\\x{%X}", cp);
}

/* ---- Properties ---- */

static int compare_property(const void *key, const void *item)
{
    return strcmp(key, ((const hone__regex_property *)item)->name);
}

const hone__regex_property *hone__regex_find_property(const char *name, size_t len)
{
    char key[64];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (c == ' ' || c == '_' || c == '-')
            continue;
        if (n + 1 == sizeof key)
            return NULL;
        key[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    key[n] = 0;
    return bsearch(key, hone__regex_properties, hone__regex_n_properties, sizeof *hone__regex_properties, compare_property);
}

/* A property, or its complement, as an expression for one character; more: what belongs to it besides. */
static void put_set(hone_str *out, const hone__regex_property *p, bool negated, const char *more_of_it)
{
    bool exact = !*p->removed;
    if (!exact)
        hone__str_printf(out, negated ? "(?:[%s]|" : "(?:(?![%s])", p->removed);
    hone__str_printf(out, "[%s%s%s%s]", negated ? "^" : "", p->class, p->added, more_of_it);
    if (!exact)
        hone__str_putc(out, ')');
}

/* The same outside classes, where Oniguruma takes six superscripts and fractions for word characters, too. */
void hone__regex_put_property(hone_str *out, const hone__regex_property *p, bool negated)
{
    put_set(out, p, negated, strcmp(p->name, "word") == 0 ? "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}" : "");
}

/* \p{name}, \p{^name} at the cursor, behind the "p". */
hone_status hone__regex_read_property(hone__translator *r, const hone__regex_property **out, bool *negated)
{
    size_t start = r->at;
    const char *close = hone__regex_more(r, 1) && r->in[r->at] == '{' ? memchr(r->in + r->at, '}', r->len - r->at) : NULL;
    if (!close)
        return hone__regex_refuse(r, start, "\\p must be followed by {a property}");
    const char *name = r->in + r->at + 1;
    size_t len = (size_t)(close - name);
    r->at += len + 2;
    if (len && *name == '^') {
        *negated = !*negated;
        name++, len--;
    }
    *out = hone__regex_find_property(name, len);
    return *out ? HONE_OK : hone__regex_refuse(r, start, "hone does not know this property");
}

/* The set of an escape like \d, NULL for other letters. */
const hone__regex_property *hone__regex_set_of(char letter, bool *negated)
{
    static const char letters[] = "dwsh";
    static const char *const names[] = {"digit", "word", "space", "xdigit"};
    char lower = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
    const char *found = letter ? strchr(letters, lower) : NULL;
    *negated = lower != letter;
    return found ? hone__regex_find_property(names[found - letters], strlen(names[found - letters])) : NULL;
}

/* ---- Single characters ---- */

uint32_t hone__regex_read_digits(hone__translator *r, size_t most, int base)
{
    uint32_t value = 0;
    for (size_t n = 0; n < most && hone__regex_more(r, 1); n++) {
        int digit = hone__hex_digit(r->in[r->at]);
        if (digit < 0 || digit >= base)
            break;
        value = value * (uint32_t)base + (uint32_t)digit;
        r->at++;
    }
    return value;
}

/* \x{41}, \x41, é: the cursor stands behind the letter. */
static hone_status read_code(hone__translator *r, char letter, uint32_t *cp)
{
    size_t start = r->at;
    bool braces = letter == 'x' && hone__regex_more(r, 1) && r->in[r->at] == '{';
    r->at += braces;
    *cp = hone__regex_read_digits(r, braces ? 8 : letter == 'x' ? 2 : 4, 16);
    if (braces && !(hone__regex_more(r, 1) && r->in[r->at++] == '}'))
        return hone__regex_refuse(r, start, "a code point must be written \\x{HHHH}");
    if (letter == 'x' && !braces && *cp >= 0x80)
        return hone__regex_refuse(r, start, "a byte above 0x7F is no character: write \\x{HHHH}");
    if (*cp > 0x10FFFF || (*cp >= 0xD800 && *cp < 0xE000))
        return hone__regex_refuse(r, start, "this is no code point");
    return HONE_OK;
}

static const char escapes[] = "tnrfaev", escaped_values[] = "\t\n\r\f\a\x1B\v";

static hone_status refuse_meta(hone__translator *r, size_t start)
{
    return hone__regex_refuse(r, start, "\\C- and \\M- are not supported: write \\x{HHHH}");
}

/* \cA: the cursor stands behind the c. Oniguruma keeps bit 7 of what follows, which may be escaped itself; \c? is DEL. */
static hone_status read_control(hone__translator *r, uint32_t *cp)
{
    size_t start = r->at - 1;
    bool escaped = false;
    while (hone__regex_at(r, "\\c")) {
        r->at += 2;
        escaped = true;
    }
    if (hone__regex_more(r, 1) && r->in[r->at] == '\\') {
        r->at++;
        escaped = true;
    }
    if (!hone__regex_more(r, 1))
        return hone__regex_refuse(r, start, "the pattern ends in \\c");
    *cp = hone__char_at(r->in + r->at);
    const char *found = escaped && *cp && *cp < 0x80 ? strchr(escapes, (char)*cp) : NULL;
    if (escaped && (*cp == 'C' || *cp == 'M') && r->in[r->at - 1] == '\\')
        return refuse_meta(r, r->at);
    r->at += hone__char_len((unsigned char)r->in[r->at]);
    *cp = *cp == '?' && !escaped ? 0x7F : (found ? (unsigned char)escaped_values[found - escapes] : *cp) & 0x9F;
    return HONE_OK;
}

/* One character of a class or outside: the cursor stands behind the backslash. */
hone_status hone__regex_read_escaped(hone__translator *r, uint32_t *cp)
{
    size_t start = r->at;
    if (!hone__regex_more(r, 1))
        return hone__regex_refuse(r, start - 1, "the pattern ends in a backslash");
    char c = r->in[r->at];
    const char *found = strchr(escapes, c);
    if (c && found) {
        *cp = (unsigned char)escaped_values[found - escapes];
        r->at++;
        return HONE_OK;
    }
    if (c == 'x' || c == 'u') {
        r->at++;
        return read_code(r, c, cp);
    }
    if (c >= '0' && c <= '7') {
        *cp = hone__regex_read_digits(r, 3, 8);
        return *cp < 0x80 ? HONE_OK : hone__regex_refuse(r, start, "a byte above 0x7F is no character: write \\x{HHHH}");
    }
    if (c == 'c') {
        r->at++;
        return read_control(r, cp);
    }
    if (c == 'C' || c == 'M')
        return refuse_meta(r, start);
    *cp = hone__char_at(r->in + r->at);
    r->at += hone__char_len((unsigned char)c);
    return HONE_OK;
}

/* ---- Classes ---- */

/* Part of a class between && signs: the inside of a PCRE2 class, and what does not fit there, each behind "|". */
typedef struct operand {
    hone_str items, others;
} operand;

static void put_operand(hone_str *out, operand *o, bool negated)
{
    bool mixed = o->others.len > 0;
    if (!mixed && o->items.len) {
        hone__str_printf(out, "[%s%s]", negated ? "^" : "", o->items.data);
    } else if (!mixed) {
        hone__str_puts(out, negated ? "[\\x{0}-\\x{10FFFF}]" : "(?!)");
    } else {
        hone__str_puts(out, negated ? "(?:(?!" : "(?:");
        if (o->items.len)
            hone__str_printf(out, "[%s]%s", o->items.data, o->others.data);
        else
            hone__str_puts(out, o->others.data + 1);
        hone__str_puts(out, negated ? ")[\\x{0}-\\x{10FFFF}])" : ")");
    }
    out->failed |= o->items.failed || o->others.failed;
}

static void add_property(operand *o, const hone__regex_property *p, bool negated)
{
    if (!negated && !*p->removed) {
        hone__str_puts(&o->items, p->class);
        hone__str_puts(&o->items, p->added);
    } else {
        hone__str_putc(&o->others, '|');
        put_set(&o->others, p, negated, "");
    }
}

/* [:alpha:] at the cursor; false when it is none. */
static bool read_posix(hone__translator *r, operand *o)
{
    if (!hone__regex_at(r, "[:"))
        return false;
    size_t from = r->at + 2, end = from;
    bool negated = from < r->len && r->in[from] == '^';
    from += negated, end = from;
    while (end < r->len && r->in[end] >= 'a' && r->in[end] <= 'z')
        end++;
    bool punct = end - from == 5 && memcmp(r->in + from, "punct", 5) == 0; /* symbols, too, unlike \p{punct} */
    const hone__regex_property *p = punct        ? hone__regex_find_property("posixpunct", 10)
                                    : end > from ? hone__regex_find_property(r->in + from, end - from)
                                                 : NULL;
    if (!p || end + 2 > r->len || memcmp(r->in + end, ":]", 2) != 0)
        return false;
    r->at = end + 2;
    add_property(o, p, negated);
    return true;
}

/* A set inside a class: \d, \p{..}; false when the escape is a character. The cursor stands behind the backslash. */
static hone_status read_set(hone__translator *r, operand *o, bool *found)
{
    char c = hone__regex_more(r, 1) ? r->in[r->at] : 0;
    bool negated = c == 'P';
    const hone__regex_property *p = NULL;
    *found = false;
    if ((c == 'p' || c == 'P') && hone__regex_more(r, 2) && r->in[r->at + 1] == '{') {
        r->at++;
        HONE_TRY(hone__regex_read_property(r, &p, &negated));
    } else {
        p = hone__regex_set_of(c, &negated);
        r->at += p != NULL;
    }
    *found = p != NULL;
    if (p)
        add_property(o, p, negated);
    return HONE_OK;
}

/* A character of a class, with its escape; 'found' says that it was a set, which is in o already. */
static hone_status read_member(hone__translator *r, operand *o, uint32_t *cp, bool *set)
{
    *set = false;
    if (r->in[r->at] != '\\') {
        *cp = hone__char_at(r->in + r->at);
        r->at += hone__char_len((unsigned char)r->in[r->at]);
        return HONE_OK;
    }
    r->at++;
    HONE_TRY(read_set(r, o, set));
    if (*set)
        return HONE_OK;
    if (hone__regex_more(r, 1) && r->in[r->at] == 'b') { /* a backspace in classes */
        r->at++;
        *cp = '\b';
        return HONE_OK;
    }
    return hone__regex_read_escaped(r, cp);
}

/* A member, or a range of them. */
static hone_status read_members(hone__translator *r, operand *o)
{
    uint32_t first, last;
    bool set;
    HONE_TRY(read_member(r, o, &first, &set));
    if (set)
        return HONE_OK;
    hone__regex_put_char(&o->items, first);
    bool range =
        hone__regex_more(r, 2) && r->in[r->at] == '-' && r->in[r->at + 1] != ']' && r->in[r->at + 1] != '[' && !hone__regex_at(r, "-&&");
    if (!range)
        return HONE_OK;
    r->at++;
    HONE_TRY(read_member(r, o, &last, &set));
    if (set) {
        hone__regex_put_char(&o->items, '-');
        return HONE_OK;
    }
    hone__str_putc(&o->items, '-');
    hone__regex_put_char(&o->items, last);
    return last < first ? hone__regex_refuse(r, r->at - 1, "a range of a class is in the wrong order") : HONE_OK;
}

/* What stands up to "&&" or "]". */
static hone_status read_operand(hone__translator *r, operand *o, bool may_close, int depth)
{
    for (bool first = may_close;; first = false) {
        if (!hone__regex_more(r, 1))
            return hone__regex_refuse(r, r->len, "a class is not closed by ]");
        if ((r->in[r->at] == ']' && !first) || hone__regex_at(r, "&&"))
            return HONE_OK;
        if (r->in[r->at] != '[') {
            HONE_TRY(read_members(r, o));
        } else if (!read_posix(r, o)) {
            hone__str_putc(&o->others, '|');
            HONE_TRY(hone__regex_read_class(r, &o->others, depth + 1));
        }
    }
}

/* A class at the cursor, as an expression for one character. */
hone_status hone__regex_read_class(hone__translator *r, hone_str *out, int depth)
{
    hone_status status = HONE_OK;
    hone_str tests = HONE_STR_INIT;
    operand o = {HONE_STR_INIT, HONE_STR_INIT};
    if (depth > HONE__REGEX_DEPTH / 4)
        return hone__regex_refuse(r, r->at, "classes are nested too deep");
    r->at++;
    bool negated = hone__regex_more(r, 1) && r->in[r->at] == '^';
    r->at += negated;
    for (bool first = true;; first = false) {
        HONE_GO(read_operand(r, &o, first, depth));
        if (r->in[r->at] == ']')
            break;
        r->at += 2; /* && */
        hone__str_puts(&tests, "(?=");
        put_operand(&tests, &o, false);
        hone__str_putc(&tests, ')');
        hone__str_clear(&o.items);
        hone__str_clear(&o.others);
    }
    r->at++;
    if (tests.len) {
        hone__str_printf(out, negated ? "(?:(?!%s" : "(?:%s", tests.data);
        put_operand(out, &o, false);
        hone__str_puts(out, negated ? ")[\\x{0}-\\x{10FFFF}])" : ")");
    } else {
        put_operand(out, &o, negated);
    }
    out->failed |= tests.failed;
done:
    hone__str_dispose(&tests);
    hone__str_dispose(&o.items);
    hone__str_dispose(&o.others);
    return status;
}
