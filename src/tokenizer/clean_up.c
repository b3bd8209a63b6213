/* The clean-up of decoded text that transformers offers (tokenization_utils_base.py, clean_up_tokenization): English, one replacement after another over the whole text. */
#include "base/str.h"

#include <hone/tokenizer.h>

#include <string.h>

/* Replaces every occurrence from left to right, in place: `to` is no longer than `from`. */
static void replace(char *text, const char *from, const char *to)
{
    size_t n_from = strlen(from), n_to = strlen(to);
    char *out = text;
    for (const char *in = text; *in;) {
        if (strncmp(in, from, n_from) == 0) {
            memcpy(out, to, n_to);
            in += n_from;
            out += n_to;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
}

hone_status hone_clean_up_tokenization(char **out, const char *text)
{
    static const char *const pairs[][2] = {{" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
                                           {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    HONE_TRY(hone__strdup(out, text));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        replace(*out, pairs[i][0], pairs[i][1]);
    return HONE_OK;
}
