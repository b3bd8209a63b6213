/* Any bytes as a labelled file whose rows become examples of tokens; the first byte: format, length of examples, windows or not. Every token has a label that there is, or none. */
#include "fuzz/dataset.h"
#include "fuzz/tokenizers.h"

#include <hone/text_examples.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_example(const hone_examples *e, int64_t i, int64_t n_classes, size_t max_length)
{
    hone_example x = {0};
    if (hone_examples_get(e, i, &x) != HONE_OK || x.n_tokens < 0 || x.n_tokens != hone_examples_length(e, i))
        abort();
    if (max_length && (size_t)x.n_tokens > max_length)
        abort();
    for (int32_t k = 0; k < x.n_tokens; k++) {
        if (x.input_ids[k] < 0 || x.input_ids[k] >= FUZZ_N_WORDS)
            abort();
        if (x.labels && x.labels[k] != -100 && (x.labels[k] < 0 || x.labels[k] >= n_classes))
            abort();
    }
}

/* Every token has its word's label. */
static void check_labels(const hone_examples *e, const hone_dataset *d, int64_t i)
{
    hone_example x = {0};
    const hone_token_examples_info *info = hone_token_examples_get_info(e);
    const int32_t *classes = hone_dataset_classes(d, info->row_of[i], hone_dataset_label_column(d)), *words = info->word_ids[i];
    if (hone_examples_get(e, i, &x) != HONE_OK)
        abort();
    for (int32_t k = 0; k < x.n_tokens; k++)
        if (x.labels[k] != (words[k] >= 0 ? classes[words[k]] : -100))
            abort();
}

static void make_tokens(const hone_dataset *d, const hone_tokenizer *tok, uint8_t how)
{
    hone_token_examples_options o = HONE_TOKEN_EXAMPLES_OPTIONS_INIT;
    hone_examples *e = NULL;
    const hone_feature *labels = hone_dataset_feature(d, (size_t)hone_dataset_label_column(d));
    o.max_length = how & 4 ? 4 + (how >> 5) : 0;
    o.windows = how & 8;
    o.stride = how & 16 ? 1 : 0;
    o.n_threads = 1;
    if (hone_token_examples(&e, d, tok, &o) == HONE_OK)
        for (int64_t i = 0; i < hone_examples_count(e); i++) {
            check_example(e, i, labels ? (int64_t)labels->n_names : 0, o.max_length);
            if (labels)
                check_labels(e, d, i);
        }
    else if (e || !hone_error_message()[0])
        abort();
    hone_examples_free(e);
}

static void make_texts(const hone_dataset *d, const hone_tokenizer *tok, uint8_t how)
{
    static const char *const names[] = {"a", "b", NULL};
    hone_text_examples_options o = HONE_TEXT_EXAMPLES_OPTIONS_INIT;
    hone_examples *e = NULL;
    o.max_length = how & 4 ? 4 + (how >> 5) : 0;
    o.labels = (hone_row_labels)((how >> 3) % 3);
    o.names = o.labels == HONE_ROW_SETS ? names : NULL;
    o.n_threads = 1;
    if (hone_text_examples(&e, d, tok, &o) == HONE_OK)
        for (int64_t i = 0; i < hone_examples_count(e); i++)
            check_example(e, i, 0, o.max_length);
    else if (e || !hone_error_message()[0])
        abort();
    hone_examples_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"rows.conll", "rows.jsonl", "rows.csv", "rows.tsv"};
    static hone_tokenizer *tok;
    hone_dataset_options o = HONE_DATASET_OPTIONS_INIT;
    hone_dataset *d = NULL;
    if (!tok)
        tok = words_tokenizer();
    if (size == 0)
        return 0;
    const char *path = put_file(names[data[0] % 4], data + 1, size - 1);
    if (hone_dataset_load(&d, &path, 1, &o) != HONE_OK)
        return 0;
    ptrdiff_t text = hone_dataset_text_column(d);
    if (text >= 0 && hone_dataset_feature(d, (size_t)text)->sequence)
        make_tokens(d, tok, data[0]);
    make_texts(d, tok, data[0]);
    hone_dataset_free(d);
    return 0;
}
