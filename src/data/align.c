/* Labels of words become labels of tokens: the course's align_labels_with_tokens (chapter 7.2), by name where the course goes by odd numbers. */
#include <hone/dataset.h>

#include <string.h>

void hone_align_labels(int32_t *out, const hone_encoding *e, const int32_t *word_labels, size_t n_words, const int32_t *inside,
                       bool all_tokens)
{
    const int32_t *words = hone_encoding_word_ids(e), *sequences = hone_encoding_sequence_ids(e);
    size_t n = hone_encoding_n_tokens(e);
    int32_t before = -1;
    for (size_t i = 0; i < n; i++) {
        int32_t word = sequences[i] == 0 ? words[i] : -1;
        int32_t label = word >= 0 && (size_t)word < n_words ? word_labels[word] : HONE_IGNORE_INDEX;
        if (word == before && label >= 0)
            label = !all_tokens ? HONE_IGNORE_INDEX : inside ? inside[label] : label;
        out[i] = label;
        before = word;
    }
}

/* True when `name` is `begin` with its B made I. */
static bool is_inside_of(const char *name, const char *begin)
{
    return name[0] == 'I' && strcmp(name + 1, begin + 1) == 0;
}

void hone_inside_labels(int32_t *inside, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        inside[i] = (int32_t)i;
        if (names[i][0] != 'B' || (names[i][1] != '-' && names[i][1] != '\0'))
            continue;
        for (size_t k = 0; k < n; k++)
            if (is_inside_of(names[k], names[i]))
                inside[i] = (int32_t)k;
    }
}
