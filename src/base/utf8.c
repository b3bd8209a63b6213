/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "base/str.h"

#include <endian.h>
#include <string.h>

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t hone__utf8_decode(uint32_t *cp, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    if (len == 0)
        return 0;
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] < 0xE0) {
        if (s[0] < 0xC2 || len < 2 || !continues(s[1]))
            return 0;
        *cp = (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
        return 2;
    }
    if (s[0] < 0xF0) {
        if (len < 3 || !continues(s[1]) || !continues(s[2]))
            return 0;
        *cp = (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
        return *cp < 0x800 || (*cp >= 0xD800 && *cp < 0xE000) ? 0 : 3;
    }
    if (s[0] > 0xF4 || len < 4 || !continues(s[1]) || !continues(s[2]) || !continues(s[3]))
        return 0;
    *cp = (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
    return *cp < 0x10000 || *cp > 0x10FFFF ? 0 : 4;
}

size_t hone__utf8_encode(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

static const uint64_t high_bits = 0x8080808080808080u;

/* Length of the ASCII run at text: 32 bytes at a time, then 8; of the last few bytes, 0. */
static size_t skip_ascii(const char *text, size_t len)
{
    size_t i = 0;
    uint64_t w[4];
    for (; i + sizeof(w) <= len; i += sizeof(w)) {
        memcpy(w, text + i, sizeof(w));
        if ((w[0] | w[1] | w[2] | w[3]) & high_bits)
            break;
    }
    for (; i + sizeof(w[0]) <= len; i += sizeof(w[0])) {
        memcpy(w, text + i, sizeof(w[0]));
        w[0] = le64toh(w[0]) & high_bits;
        if (w[0])
            return i + (size_t)__builtin_ctzll(w[0]) / 8;
    }
    return i;
}

size_t hone__utf8_valid(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint32_t cp;
        if ((unsigned char)text[i] < 0x80) {
            size_t run = skip_ascii(text + i, len - i);
            i += run ? run : 1;
            continue;
        }
        size_t n = hone__utf8_decode(&cp, text + i, len - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}
