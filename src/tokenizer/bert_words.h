/* The fast way of BERT's tokenizers: BertNormalizer, BertPreTokenizer and WordPiece in one pass over the text as it stands, without a map of places (bert_words.c). */
#ifndef HONE_TOKENIZER_BERT_WORDS_H
#define HONE_TOKENIZER_BERT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct hone_tokenizer;

/* What a byte is to the scanner. */
typedef enum hone__bert_byte {
    HONE__BERT_WORD,  /* ASCII that belongs to a word */
    HONE__BERT_BLANK, /* ASCII between words */
    HONE__BERT_MARK,  /* ASCII punctuation: a word of its own */
    HONE__BERT_OTHER  /* an ASCII control character that goes, or a byte of a longer character */
} hone__bert_byte;

/* Code points below this have a row in `becomes`: the alphabets. */
#define HONE__BERT_ROWS 0x2000
#define HONE__BERT_MANY 0xFFFF

typedef struct hone__bert_words {
    bool usable;
    bool lowercase;
    uint16_t drop, blank, single; /* flags of unicode.h: what goes, what stands between words, what is a word of its own */
    uint8_t bytes[256];           /* hone__bert_byte */
    int32_t marks[128];           /* the token of an ASCII punctuation character */
    uint16_t becomes
        [HONE__BERT_ROWS]; /* what a character of a word becomes: 0 nothing, HONE__BERT_MANY what takes more than one character, a mark or a cut */
} hone__bert_words;

/* Fills it from the tokenizer's parts; usable stays false where they are others. */
void hone__bert_words_init(hone__bert_words *b, const struct hone_tokenizer *tok);

#endif
