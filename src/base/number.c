/* Numbers as text: the shortest decimal that reads back, laid out as Python's repr does (float_repr_style 'short', David Gay's mode 0), since hone's JSON
 * is laid beside Python's. Digits come from the C library, tried from few to many; its locale's decimal point never shows. */
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Significant digits without a point, and the exponent of the first. */
typedef struct decimal {
    char digits[20];
    int n, exponent;
} decimal;

/* The digits of "d.ddde±xx" (whatever stands for the point). */
static void split_digits(decimal *d, const char *text)
{
    d->n = 0;
    for (; *text != 'e'; text++)
        if (*text >= '0' && *text <= '9')
            d->digits[d->n++] = *text;
    d->exponent = atoi(text + 1);
    while (d->n > 1 && d->digits[d->n - 1] == '0')
        d->n--;
}

/* Below a power of two doubles lie closer than above it, so that the nearest decimal may miss where the next one up does not. */
static bool next_up_reads_back(char *text, double value)
{
    char *last = strchr(text, 'e') - 1;
    if (*last == '9')
        return false; /* then a shorter form was tried before */
    ++*last;
    return strtod(text, NULL) == value;
}

static void shortest_digits(decimal *d, double value)
{
    char text[40];
    int exponent;
    bool power_of_two = frexp(value, &exponent) == 0.5;
    for (int n = value < 2.2250738585072014e-308 ? 1 : 15;; n++) {
        snprintf(text, sizeof(text), "%.*e", n - 1, value);
        if (n == 17 || strtod(text, NULL) == value || (power_of_two && next_up_reads_back(text, value)))
            break;
    }
    split_digits(d, text);
}

/* d.ddde-05 */
static size_t lay_out_exponent(char *to, const decimal *d)
{
    char *p = to;
    *p++ = d->digits[0];
    if (d->n > 1) {
        *p++ = '.';
        memcpy(p, d->digits + 1, (size_t)d->n - 1);
        p += d->n - 1;
    }
    p += sprintf(p, "e%c%02d", d->exponent < 0 ? '-' : '+', abs(d->exponent));
    return (size_t)(p - to);
}

/* 0.000ddd, dd.d or ddd000.0 */
static size_t lay_out_plain(char *to, const decimal *d)
{
    char *p = to;
    if (d->exponent < 0)
        *p++ = '0';
    for (int i = 0; i <= d->exponent; i++)
        *p++ = i < d->n ? d->digits[i] : '0';
    *p++ = '.';
    for (int i = -1; i > d->exponent; i--)
        *p++ = '0';
    int rest = d->exponent < 0 ? 0 : d->exponent + 1;
    if (rest >= d->n)
        *p++ = '0';
    for (int i = rest; i < d->n; i++)
        *p++ = d->digits[i];
    return (size_t)(p - to);
}

size_t hone__format_double(char *buffer, double value)
{
    if (isnan(value))
        return strlen(strcpy(buffer, "NaN"));
    char *p = buffer;
    if (signbit(value)) {
        *p++ = '-';
        value = -value;
    }
    decimal d = {"0", 1, 0};
    if (isinf(value))
        p += strlen(strcpy(p, "Infinity"));
    else {
        if (value != 0)
            shortest_digits(&d, value);
        p += d.exponent < -4 || d.exponent >= 16 ? lay_out_exponent(p, &d) : lay_out_plain(p, &d);
    }
    *p = '\0';
    return (size_t)(p - buffer);
}

static locale_t the_c_locale;

static void open_c_locale(void)
{
    the_c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t c_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_c_locale);
    return the_c_locale;
}

int hone__vprint(char *out, size_t capacity, const char *format, va_list args)
{
    locale_t before = uselocale(c_locale());
    int len = vsnprintf(out, capacity, format, args);
    uselocale(before);
    return len;
}

bool hone__parse_double(double *out, const char *text)
{
    locale_t locale = c_locale();
    char *end;
    if (!*text || strpbrk(text, " \t\n\v\f\rxXpP(")) /* strtod knows white space, hexadecimal and NaN(n) */
        return false;
    *out = locale ? strtod_l(text, &end, locale) : strtod(text, &end);
    return end != text && *end == '\0';
}
