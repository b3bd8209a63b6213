/* The byte level of GPT-2: each byte has a printable letter, and text is cut into words by the pattern
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * (tokenizers/src/pre_tokenizers/byte_level.rs). The scanner is written by hand and runs on UTF-8 bytes; a test holds it against the reference. */
#ifndef HONE_TOKENIZER_BYTELEVEL_H
#define HONE_TOKENIZER_BYTELEVEL_H

#include "tokenizer/unicode.h"

/* The letter of a byte: 0x21-7E, A1-AC, AE-FF stand for themselves, the other 68 for U+0100 + n in byte order. */
extern const uint16_t hone__byte_letter[256];

/* The byte of a letter, -1 for code points that are none. */
int hone__letter_byte(uint32_t cp);

/* Writes the letters of bytes[0..n) as UTF-8; `out` holds 2 * n bytes. Returns the length. */
size_t hone__byte_letters(char *out, const char *bytes, size_t n);

/* Reads letters back into bytes; `out` holds len bytes. Returns the number of bytes, or SIZE_MAX when a character is no letter. */
size_t hone__letters_to_bytes(char *out, const char *text, size_t len);

/* Where the word that starts at text[start] ends; text is valid UTF-8, start < len. */
size_t hone__word_end(const char *text, size_t start, size_t len);

#endif
