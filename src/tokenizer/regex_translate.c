/* From Oniguruma's syntax to PCRE2's (regex.h). What differs, by doc/RE of Oniguruma: ^ and $ are of lines; (?m) lets the dot match line ends; \h is a hexadecimal
 * digit, \v one character; X{n,m}+ repeats the repetition, X{n}? is optional, {,n} begins at 0; classes nest and intersect ([a-z&&[^aeiou]]).
 * A class becomes one PCRE2 class wherever it can, otherwise an alternation of single characters. */
#include "tokenizer/regex.h"

#include "tokenizer/unicode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 200 };

typedef struct translator {
    hone__regex_text *t;
    hone_str *out;
    const char *in;
    size_t len, at;
    size_t atom, repeated;        /* where in out the last repeatable thing begins; where the last quantifier ends, SIZE_MAX: none */
    size_t groups[MAX_DEPTH];     /* where in out the open groups begin */
    bool was_extended[MAX_DEPTH]; /* (?x) before the group */
    bool extended;
    int depth;
} translator;

void hone__regex_text_dispose(hone__regex_text *t)
{
    hone__str_dispose(&t->out);
    hone__free(t->marks);
    memset(t, 0, sizeof *t);
}

static hone_status refuse(translator *r, size_t at, const char *problem)
{
    r->t->problem = problem;
    r->t->problem_at = at;
    return hone__fail(HONE_FORMAT, "%s", problem);
}

static bool more(const translator *r, size_t n)
{
    return r->at + n <= r->len;
}

static bool looking_at(const translator *r, const char *text)
{
    size_t n = strlen(text);
    return more(r, n) && memcmp(r->in + r->at, text, n) == 0;
}

static void put_char(hone_str *out, uint32_t cp)
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

static const hone__regex_property *find_property(const char *name, size_t len)
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
static void put_property(hone_str *out, const hone__regex_property *p, bool negated)
{
    put_set(out, p, negated, strcmp(p->name, "word") == 0 ? "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}" : "");
}

/* \p{name}, \p{^name} at the cursor, behind the "p". */
static hone_status read_property(translator *r, const hone__regex_property **out, bool *negated)
{
    size_t start = r->at;
    const char *close = more(r, 1) && r->in[r->at] == '{' ? memchr(r->in + r->at, '}', r->len - r->at) : NULL;
    if (!close)
        return refuse(r, start, "\\p must be followed by {a property}");
    const char *name = r->in + r->at + 1;
    size_t len = (size_t)(close - name);
    r->at += len + 2;
    if (len && *name == '^') {
        *negated = !*negated;
        name++, len--;
    }
    *out = find_property(name, len);
    return *out ? HONE_OK : refuse(r, start, "hone does not know this property");
}

/* The set of an escape like \d, NULL for other letters. */
static const hone__regex_property *set_of(char letter, bool *negated)
{
    static const char letters[] = "dwsh";
    static const char *const names[] = {"digit", "word", "space", "xdigit"};
    char lower = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
    const char *found = letter ? strchr(letters, lower) : NULL;
    *negated = lower != letter;
    return found ? find_property(names[found - letters], strlen(names[found - letters])) : NULL;
}

/* ---- Single characters ---- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static uint32_t read_digits(translator *r, size_t most, int base)
{
    uint32_t value = 0;
    for (size_t n = 0; n < most && more(r, 1); n++) {
        int digit = hex_value(r->in[r->at]);
        if (digit < 0 || digit >= base)
            break;
        value = value * (uint32_t)base + (uint32_t)digit;
        r->at++;
    }
    return value;
}

/* \x{41}, \x41, é: the cursor stands behind the letter. */
static hone_status read_code(translator *r, char letter, uint32_t *cp)
{
    size_t start = r->at;
    bool braces = letter == 'x' && more(r, 1) && r->in[r->at] == '{';
    r->at += braces;
    *cp = read_digits(r, braces ? 8 : letter == 'x' ? 2 : 4, 16);
    if (braces && !(more(r, 1) && r->in[r->at++] == '}'))
        return refuse(r, start, "a code point must be written \\x{HHHH}");
    if (letter == 'x' && !braces && *cp >= 0x80)
        return refuse(r, start, "a byte above 0x7F is no character: write \\x{HHHH}");
    if (*cp > 0x10FFFF || (*cp >= 0xD800 && *cp < 0xE000))
        return refuse(r, start, "this is no code point");
    return HONE_OK;
}

/* One character of a class or outside: the cursor stands behind the backslash. */
static hone_status read_escaped(translator *r, uint32_t *cp)
{
    static const char letters[] = "tnrfaev", values[] = "\t\n\r\f\a\x1B\v";
    size_t start = r->at;
    if (!more(r, 1))
        return refuse(r, start - 1, "the pattern ends in a backslash");
    char c = r->in[r->at];
    const char *found = strchr(letters, c);
    if (c && found) {
        *cp = (unsigned char)values[found - letters];
        r->at++;
        return HONE_OK;
    }
    if (c == 'x' || c == 'u') {
        r->at++;
        return read_code(r, c, cp);
    }
    if (c >= '0' && c <= '7') {
        *cp = read_digits(r, 3, 8);
        return *cp < 0x80 ? HONE_OK : refuse(r, start, "a byte above 0x7F is no character: write \\x{HHHH}");
    }
    if (c == 'c' && more(r, 2)) {
        *cp = (unsigned char)r->in[r->at + 1] & 0x1F;
        r->at += 2;
        return HONE_OK;
    }
    if (c == 'C' || c == 'M')
        return refuse(r, start, "\\C- and \\M- are not supported: write \\x{HHHH}");
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
static bool read_posix(translator *r, operand *o)
{
    if (!looking_at(r, "[:"))
        return false;
    size_t from = r->at + 2, end = from;
    bool negated = from < r->len && r->in[from] == '^';
    from += negated, end = from;
    while (end < r->len && r->in[end] >= 'a' && r->in[end] <= 'z')
        end++;
    bool punct = end - from == 5 && memcmp(r->in + from, "punct", 5) == 0; /* symbols, too, unlike \p{punct} */
    const hone__regex_property *p = punct ? find_property("posixpunct", 10) : end > from ? find_property(r->in + from, end - from) : NULL;
    if (!p || end + 2 > r->len || memcmp(r->in + end, ":]", 2) != 0)
        return false;
    r->at = end + 2;
    add_property(o, p, negated);
    return true;
}

/* A set inside a class: \d, \p{..}; false when the escape is a character. The cursor stands behind the backslash. */
static hone_status read_set(translator *r, operand *o, bool *found)
{
    char c = more(r, 1) ? r->in[r->at] : 0;
    bool negated = c == 'P';
    const hone__regex_property *p = NULL;
    *found = false;
    if ((c == 'p' || c == 'P') && more(r, 2) && r->in[r->at + 1] == '{') {
        r->at++;
        HONE_TRY(read_property(r, &p, &negated));
    } else {
        p = set_of(c, &negated);
        r->at += p != NULL;
    }
    *found = p != NULL;
    if (p)
        add_property(o, p, negated);
    return HONE_OK;
}

/* A character of a class, with its escape; 'found' says that it was a set, which is in o already. */
static hone_status read_member(translator *r, operand *o, uint32_t *cp, bool *set)
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
    if (more(r, 1) && r->in[r->at] == 'b') { /* a backspace in classes */
        r->at++;
        *cp = '\b';
        return HONE_OK;
    }
    return read_escaped(r, cp);
}

/* A member, or a range of them. */
static hone_status read_members(translator *r, operand *o)
{
    uint32_t first, last;
    bool set;
    HONE_TRY(read_member(r, o, &first, &set));
    if (set)
        return HONE_OK;
    put_char(&o->items, first);
    bool range = more(r, 2) && r->in[r->at] == '-' && r->in[r->at + 1] != ']' && r->in[r->at + 1] != '[' && !looking_at(r, "-&&");
    if (!range)
        return HONE_OK;
    r->at++;
    HONE_TRY(read_member(r, o, &last, &set));
    if (set) {
        put_char(&o->items, '-');
        return HONE_OK;
    }
    hone__str_putc(&o->items, '-');
    put_char(&o->items, last);
    return last < first ? refuse(r, r->at - 1, "a range of a class is in the wrong order") : HONE_OK;
}

static hone_status read_class(translator *r, hone_str *out, int depth);

/* What stands up to "&&" or "]". */
static hone_status read_operand(translator *r, operand *o, bool may_close, int depth)
{
    for (bool first = may_close;; first = false) {
        if (!more(r, 1))
            return refuse(r, r->len, "a class is not closed by ]");
        if ((r->in[r->at] == ']' && !first) || looking_at(r, "&&"))
            return HONE_OK;
        if (r->in[r->at] != '[') {
            HONE_TRY(read_members(r, o));
        } else if (!read_posix(r, o)) {
            hone__str_putc(&o->others, '|');
            HONE_TRY(read_class(r, &o->others, depth + 1));
        }
    }
}

/* A class at the cursor, as an expression for one character. */
static hone_status read_class(translator *r, hone_str *out, int depth)
{
    hone_status status = HONE_OK;
    hone_str tests = HONE_STR_INIT;
    operand o = {HONE_STR_INIT, HONE_STR_INIT};
    if (depth > MAX_DEPTH / 4)
        return refuse(r, r->at, "classes are nested too deep");
    r->at++;
    bool negated = more(r, 1) && r->in[r->at] == '^';
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

/* ---- Outside classes ---- */

static void put_boundary(hone_str *out, bool negated)
{
    const hone__regex_property *word = find_property("word", 4);
    static const char *const parts[2][4] = {{"(?:(?<=", ")(?!", ")|(?<!", ")(?="}, {"(?:(?<=", ")(?=", ")|(?<!", ")(?!"}};
    for (int i = 0; i < 4; i++) {
        hone__str_puts(out, parts[negated][i]);
        put_property(out, word, false);
    }
    hone__str_puts(out, "))");
}

/* Escapes that PCRE2 has with the same meaning; the cursor stands at the letter. */
static bool copy_escape(translator *r)
{
    char c = r->in[r->at];
    if (strchr("AzZGRXKN", c)) {
        hone__str_putc(r->out, '\\');
        hone__str_putc(r->out, c);
        r->at++;
        return true;
    }
    if (c >= '1' && c <= '9') { /* a group's text again */
        hone__str_printf(r->out, "\\g{%u}", read_digits(r, 3, 10));
        return true;
    }
    bool named = (c == 'k' || c == 'g') && more(r, 2) && (r->in[r->at + 1] == '<' || r->in[r->at + 1] == '\'');
    const char *close = named ? memchr(r->in + r->at + 2, r->in[r->at + 1] == '<' ? '>' : '\'', r->len - r->at - 2) : NULL;
    if (!close)
        return false;
    size_t n = (size_t)(close + 1 - (r->in + r->at));
    hone__str_putc(r->out, '\\');
    hone__str_append(r->out, r->in + r->at, n);
    r->at += n;
    return true;
}

static hone_status translate_escape(translator *r)
{
    bool negated = false;
    const hone__regex_property *p = NULL;
    uint32_t cp;
    r->at++;
    char c = more(r, 1) ? r->in[r->at] : 0;
    if (c == 'b' || c == 'B') {
        put_boundary(r->out, c == 'B');
    } else if ((c == 'p' || c == 'P') && more(r, 2) && r->in[r->at + 1] == '{') {
        negated = c == 'P';
        r->at++;
        HONE_TRY(read_property(r, &p, &negated));
        put_property(r->out, p, negated);
        return HONE_OK;
    } else if ((p = set_of(c, &negated)) != NULL) {
        put_property(r->out, p, negated);
    } else if (c == 'O') {
        hone__str_puts(r->out, "(?s:.)");
    } else if (c == 'y' || c == 'Y') {
        return refuse(r, r->at, "\\y (boundary of a text segment) is not supported");
    } else if (!c || !copy_escape(r)) {
        HONE_TRY(read_escaped(r, &cp));
        put_char(r->out, cp);
        return HONE_OK;
    } else {
        return HONE_OK;
    }
    r->at++;
    return HONE_OK;
}

/* Everything since the last atom becomes one atom. */
static void wrap_atom(translator *r)
{
    size_t tail = r->out->len - r->atom;
    hone__str_puts(r->out, "   )"); /* room for what comes in front */
    if (r->out->failed)
        return;
    char *at = r->out->data + r->atom;
    memmove(at + 3, at, tail);
    memcpy(at, "(?:", 3);
}

/* {n}, {n,}, {,n}, {n,m} at the cursor, as PCRE2 writes it; false when it is plain text. */
static bool read_interval(translator *r, char text[32], bool *fixed)
{
    size_t old = r->at, digits = ++r->at;
    uint32_t low = read_digits(r, 6, 10), high = 0;
    bool has_low = r->at > digits, has_high = false, comma = more(r, 1) && r->in[r->at] == ',';
    if (comma) {
        digits = ++r->at;
        high = read_digits(r, 6, 10);
        has_high = r->at > digits;
    }
    if ((!has_low && !has_high) || !more(r, 1) || r->in[r->at] != '}') {
        r->at = old;
        return false;
    }
    r->at++;
    *fixed = !comma;
    if (has_high)
        snprintf(text, 32, "{%u,%u}", low, high);
    else
        snprintf(text, 32, comma ? "{%u,}" : "{%u}", low);
    return true;
}

/* A quantifier, behind its first character or its braces. One behind another gets a group of its own: PCRE2 refuses it, or takes it for something else. */
static void translate_quantifier(translator *r, const char *text, bool interval, bool fixed)
{
    if (r->repeated == r->out->len && r->atom != SIZE_MAX)
        wrap_atom(r);
    hone__str_puts(r->out, text);
    char next = more(r, 1) ? r->in[r->at] : 0;
    if ((next == '?' && !fixed) || (next == '+' && !interval)) {
        hone__str_putc(r->out, next);
        r->at++;
    }
    r->repeated = r->out->len;
}

/* (?imx-imx) or (?imx-imx: behind the "(?"; m is PCRE2's s. */
static hone_status translate_options(translator *r)
{
    bool on = true, extended = r->extended;
    for (; more(r, 1) && r->in[r->at] != ')' && r->in[r->at] != ':'; r->at++) {
        char c = r->in[r->at];
        if (!strchr("imx-", c))
            return refuse(r, r->at, "this option of a group is not known (there are i, m and x)");
        if (c == '-')
            on = false;
        else if (c == 'x')
            extended = on;
        hone__str_putc(r->out, c == 'm' ? 's' : c);
    }
    if (!more(r, 1))
        return refuse(r, r->len, "a group is not closed by )");
    if (r->in[r->at] == ')')
        r->depth--; /* they hold to the end of the group around */
    r->extended = extended;
    hone__str_putc(r->out, r->in[r->at++]);
    return HONE_OK;
}

static hone_status translate_open(translator *r)
{
    static const char *const kinds[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    if (looking_at(r, "(?#")) {
        const char *close = memchr(r->in + r->at, ')', r->len - r->at);
        r->at = close ? (size_t)(close + 1 - r->in) : r->len;
        return HONE_OK;
    }
    if (r->depth == MAX_DEPTH)
        return refuse(r, r->at, "groups are nested too deep");
    r->groups[r->depth] = r->out->len;
    r->was_extended[r->depth++] = r->extended;
    size_t start = r->at++;
    hone__str_putc(r->out, '(');
    if (looking_at(r, "*"))
        return refuse(r, start, "callouts are not supported");
    if (!looking_at(r, "?"))
        return HONE_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (looking_at(r, kinds[i])) {
            hone__str_puts(r->out, kinds[i]);
            r->at += strlen(kinds[i]);
            return HONE_OK;
        }
    if (looking_at(r, "?~"))
        return refuse(r, start, "absent groups are not supported");
    if (looking_at(r, "?<") || looking_at(r, "?'") || looking_at(r, "?(")) {
        r->t->named_groups |= !looking_at(r, "?(");
        hone__str_append(r->out, r->in + r->at, 2);
        r->at += 2;
        return HONE_OK;
    }
    hone__str_putc(r->out, '?');
    r->at++;
    return translate_options(r);
}

static hone_status translate_close(translator *r)
{
    if (!r->depth)
        return refuse(r, r->at, "a ) has no group to close");
    r->depth--;
    r->extended = r->was_extended[r->depth];
    r->atom = r->groups[r->depth];
    r->at++;
    hone__str_putc(r->out, ')');
    return HONE_OK;
}

static void translate_plain(translator *r)
{
    char c = r->in[r->at];
    size_t n = hone__char_len((unsigned char)c);
    r->atom = r->out->len;
    if (c == '$') /* before a line's end, or at the end unless a line's end is there */
        hone__str_puts(r->out, "(?:(?=\n)|(?<!\n)\\z)");
    else if (c == '{' || c == '}' || c == ']')
        hone__str_printf(r->out, "\\%c", c);
    else if (!c)
        put_char(r->out, 0);
    else
        hone__str_append(r->out, r->in + r->at, n);
    r->at += n;
    if (c == '|')
        r->atom = SIZE_MAX;
}

static hone_status translate_one(translator *r)
{
    char c = r->in[r->at], interval[32];
    bool fixed = false;
    if (c == '(')
        return translate_open(r);
    if (c == ')')
        return translate_close(r);
    if (c == '*' || c == '+' || c == '?') {
        r->at++;
        translate_quantifier(r, (char[]){c, 0}, false, false);
        return HONE_OK;
    }
    if (c == '{' && r->atom != SIZE_MAX && read_interval(r, interval, &fixed)) {
        translate_quantifier(r, interval, true, fixed);
        return HONE_OK;
    }
    if (r->extended && c == '#') {
        const char *newline = memchr(r->in + r->at, '\n', r->len - r->at);
        r->at = newline ? (size_t)(newline - r->in) : r->len;
        return HONE_OK;
    }
    if (c != '\\' && c != '[') {
        translate_plain(r);
        return HONE_OK;
    }
    r->atom = r->out->len;
    return c == '[' ? read_class(r, r->out, 0) : translate_escape(r);
}

hone_status hone__regex_translate(hone__regex_text *t, const char *pattern, size_t len)
{
    translator r = {.t = t, .out = &t->out, .in = pattern, .len = len, .atom = SIZE_MAX, .repeated = SIZE_MAX};
    while (r.at < r.len) {
        HONE_TRY(HONE_GROW(&t->marks, &t->marks_capacity, t->n_marks + 1));
        t->marks[t->n_marks++] = (hone__regex_mark){(uint32_t)t->out.len, (uint32_t)r.at};
        HONE_TRY(translate_one(&r));
        HONE_TRY(hone__str_status(&t->out));
    }
    return r.depth ? refuse(&r, len, "a group is not closed by )") : HONE_OK;
}
