/* Ten lines: a tokenizer in a C program. Usage: tokenize DIR|tokenizer.json TEXT */
#include <hone/tokenizer.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    hone_tokenizer *tok = NULL;
    hone_encoding *e = NULL;
    if (argc != 3 || hone_tokenizer_from_pretrained(&tok, argv[1]) ||
        hone_tokenizer_encode(&e, tok, HONE_TEXT(argv[2]), HONE_TEXT_NONE, NULL)) {
        fprintf(stderr, "%s\n", argc != 3 ? "usage: tokenize TOKENIZER TEXT" : hone_error_message());
        return 1;
    }
    for (size_t i = 0; i < hone_encoding_n_tokens(e); i++) {
        hone_span span = hone_encoding_offsets(e)[i]; /* bytes of the text */
        printf("%-12s %6d  %zu..%zu  word %d\n", hone_encoding_token(e, i), hone_encoding_ids(e)[i], span.start, span.end,
               hone_encoding_word_ids(e)[i]);
    }
    hone_encoding_free(e);
    hone_tokenizer_free(tok);
    return 0;
}
