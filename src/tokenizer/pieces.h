/* What transformers asks a fast tokenizer about its tokens beside encoding and decoding, for the pipelines of token classification. */
#ifndef HONE_TOKENIZER_PIECES_H
#define HONE_TOKENIZER_PIECES_H

#include "tokenizer/tokenizer.h"

/* Appends the text of tokens that need not be in the vocabulary, as convert_tokens_to_string: the decoder joins them; without one they stand between spaces. */
void hone__tokenizer_join(hone_str *out, const hone_tokenizer *tok, const hone_text *tokens, size_t n);

/* True when the model marks tokens that go on with a word (continuing_subword_prefix: WordPiece's "##"). */
bool hone__tokenizer_marks_words(const hone_tokenizer *tok);

/* Whether transformers' decode cleans up spaces of its own accord: clean_up_tokenization_spaces of tokenizer_config.json, or its default. */
bool hone__tokenizer_cleans_up(const hone_tokenizer *tok);

/* Whether a long text may be encoded in pieces that are cut where hone__tokenizer_cut says: their ids, one after the other, are those of the whole, without special tokens. */
bool hone__tokenizer_cuts_at_lines(const hone_tokenizer *tok);
/* The first such place in text[from..], len when there is none. */
size_t hone__tokenizer_cut(const char *text, size_t len, size_t from);

/* How many special tokens are added to a text, or to a pair. */
size_t hone__tokenizer_n_added(const hone_tokenizer *tok, bool pair);

#endif
