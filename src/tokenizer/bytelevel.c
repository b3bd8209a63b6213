/* The byte level of GPT-2 (bytelevel.h). ASCII goes through a table of 128 classes, other characters through the two-stage table. */
#include "tokenizer/bytelevel.h"

#define P(n) 0x100 + (n)
const uint16_t hone__byte_letter[256] = {
    P(0),  P(1),  P(2),  P(3),  P(4),  P(5),  P(6),  P(7),  P(8),  P(9),  P(10), P(11), P(12), P(13), P(14), P(15), P(16), P(17), P(18),
    P(19), P(20), P(21), P(22), P(23), P(24), P(25), P(26), P(27), P(28), P(29), P(30), P(31), P(32), 33,    34,    35,    36,    37,
    38,    39,    40,    41,    42,    43,    44,    45,    46,    47,    48,    49,    50,    51,    52,    53,    54,    55,    56,
    57,    58,    59,    60,    61,    62,    63,    64,    65,    66,    67,    68,    69,    70,    71,    72,    73,    74,    75,
    76,    77,    78,    79,    80,    81,    82,    83,    84,    85,    86,    87,    88,    89,    90,    91,    92,    93,    94,
    95,    96,    97,    98,    99,    100,   101,   102,   103,   104,   105,   106,   107,   108,   109,   110,   111,   112,   113,
    114,   115,   116,   117,   118,   119,   120,   121,   122,   123,   124,   125,   126,   P(33), P(34), P(35), P(36), P(37), P(38),
    P(39), P(40), P(41), P(42), P(43), P(44), P(45), P(46), P(47), P(48), P(49), P(50), P(51), P(52), P(53), P(54), P(55), P(56), P(57),
    P(58), P(59), P(60), P(61), P(62), P(63), P(64), P(65), P(66), 161,   162,   163,   164,   165,   166,   167,   168,   169,   170,
    171,   172,   P(67), 174,   175,   176,   177,   178,   179,   180,   181,   182,   183,   184,   185,   186,   187,   188,   189,
    190,   191,   192,   193,   194,   195,   196,   197,   198,   199,   200,   201,   202,   203,   204,   205,   206,   207,   208,
    209,   210,   211,   212,   213,   214,   215,   216,   217,   218,   219,   220,   221,   222,   223,   224,   225,   226,   227,
    228,   229,   230,   231,   232,   233,   234,   235,   236,   237,   238,   239,   240,   241,   242,   243,   244,   245,   246,
    247,   248,   249,   250,   251,   252,   253,   254,   255,
};
#undef P

int hone__letter_byte(uint32_t cp)
{
    if (cp < 0x100)
        return hone__byte_letter[cp] == cp ? (int)cp : -1;
    if (cp < 0x100 + 33)
        return (int)(cp - 0x100);
    if (cp < 0x100 + 67)
        return (int)(cp - 0x100 - 33 + 127);
    return cp == 0x100 + 67 ? 173 : -1;
}

size_t hone__byte_letters(char *out, const char *bytes, size_t n)
{
    char *o = out;
    for (size_t i = 0; i < n; i++) {
        unsigned cp = hone__byte_letter[(unsigned char)bytes[i]];
        if (cp < 0x80) {
            *o++ = (char)cp;
        } else {
            *o++ = (char)(0xC0 | cp >> 6);
            *o++ = (char)(0x80 | (cp & 0x3F));
        }
    }
    return (size_t)(o - out);
}

size_t hone__letters_to_bytes(char *out, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i += hone__char_len((unsigned char)text[i])) {
        int byte = hone__letter_byte(hone__char_at(text + i));
        if (byte < 0)
            return SIZE_MAX;
        out[n++] = (char)byte;
    }
    return n;
}

/* Classes of the pattern: a letter, a number, white space, anything else. */
enum { OTHER = 0, LETTER = HONE__LETTER, NUMBER = HONE__NUMBER, SPACE = HONE__SPACE };

#define X4(c)  c, c, c, c
#define X8(c)  X4(c), X4(c)
#define X16(c) X8(c), X8(c)
static const uint8_t ascii_class[128] = {
    X8(OTHER),  OTHER,  SPACE,  SPACE,  SPACE,      SPACE,      SPACE, OTHER, OTHER, /* 00-0F */
    X16(OTHER),                                                                      /* 10-1F */
    SPACE,      OTHER,  OTHER,  OTHER,  X4(OTHER),  X8(OTHER),                       /* 20-2F */
    X8(NUMBER), NUMBER, NUMBER, OTHER,  OTHER,      X4(OTHER),                       /* 30-3F */
    OTHER,      LETTER, LETTER, LETTER, X4(LETTER), X8(LETTER),                      /* 40-4F */
    X8(LETTER), LETTER, LETTER, LETTER, OTHER,      X4(OTHER),                       /* 50-5F */
    OTHER,      LETTER, LETTER, LETTER, X4(LETTER), X8(LETTER),                      /* 60-6F */
    X8(LETTER), LETTER, LETTER, LETTER, OTHER,      X4(OTHER),                       /* 70-7F */
};

/* The class of the character at s, and its length. */
static inline unsigned class_at(const char *s, size_t *n)
{
    unsigned char c = (unsigned char)*s;
    if (c < 0x80) {
        *n = 1;
        return ascii_class[c];
    }
    *n = hone__char_len(c);
    return hone__unicode(hone__char_at(s)) & (LETTER | NUMBER | SPACE);
}

/* The end of the run of characters of one class from i. */
static inline size_t run_end(const char *text, size_t i, size_t len, unsigned class)
{
    for (;;) {
        while (i < len && (unsigned char)text[i] < 0x80) {
            if (ascii_class[(unsigned char)text[i]] != class)
                return i;
            i++;
        }
        size_t n;
        if (i >= len || class_at(text + i, &n) != class)
            return i;
        i += n;
    }
}

/* The length of 's 't 're 've 'm 'll 'd at s (which is an apostrophe), 0 if none. */
static inline size_t contraction(const char *s, size_t left)
{
    if (left < 2)
        return 0;
    char a = s[1], b = left > 2 ? s[2] : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* A run of white space up to the end of the text is one word; before a word it leaves its last character to it, unless that is all it has. */
static inline size_t space_end(const char *text, size_t start, size_t len)
{
    size_t end = run_end(text, start, len, SPACE), last;
    if (end == len)
        return end;
    hone__char_before(text + end, &last);
    return end - last > start ? end - last : end;
}

size_t hone__word_end(const char *text, size_t start, size_t len)
{
    size_t i = start, n;
    if (text[i] == '\'' && (n = contraction(text + i, len - i)))
        return i + n;
    if (text[i] == ' ') {
        if (i + 1 == len)
            return len;
        i++;
    }
    unsigned class = class_at(text + i, &n);
    if (class == SPACE)
        return space_end(text, start, len);
    return run_end(text, i + n, len, class);
}
