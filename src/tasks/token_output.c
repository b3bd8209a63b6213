/* predictions.txt, as run_ner.py writes it: a row a line, its tags joined by blanks. A row of the file is a line here, an empty one included, and a word is a tag: where the
 * reference leaves out words that were cut off or vanished in normalisation, they are O, so that the file lies beside the words. With windows a word has the tag of
 * the window where it has most context. */
#include "tasks/token_task.h"

#include <string.h>

typedef struct tags {
    int32_t *best, *context; /* of each word of the row: its class and how much context it was found with; -1: none */
    size_t n, best_capacity, context_capacity;
} tags;

static hone_status begin_row(tags *t, size_t n_words)
{
    HONE_TRY(HONE_GROW(&t->best, &t->best_capacity, n_words));
    HONE_TRY(HONE_GROW(&t->context, &t->context_capacity, n_words));
    t->n = n_words;
    for (size_t i = 0; i < n_words; i++)
        t->best[i] = t->context[i] = -1;
    return HONE_OK;
}

/* The words of one example. The first of a word's tokens that has logits speaks for it. */
static void take_example(tags *t, const hone_example *e, const int32_t *word_ids, const float *logits, size_t n_labels)
{
    size_t item = 0;
    for (int32_t from = 0, to; from < e->n_tokens; from = to) {
        bool found = false;
        for (to = from; to < e->n_tokens && word_ids[to] == word_ids[from]; to++) {
            if (e->labels && e->labels[to] < 0)
                continue;
            if (!found && word_ids[from] >= 0 && (size_t)word_ids[from] < t->n) {
                int32_t end = to, w = word_ids[from];
                while (end < e->n_tokens && word_ids[end] == w)
                    end++;
                int32_t context = hone__token_context(word_ids, e->n_tokens, from, end);
                if (context > t->context[w]) {
                    t->context[w] = context;
                    t->best[w] = hone__argmax(logits + item * n_labels, n_labels);
                }
            }
            found = true;
            item++;
        }
    }
}

static void write_row(hone_file_writer *w, const tags *t, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < t->n; i++) {
        const char *tag = t->best[i] >= 0 && (size_t)t->best[i] < n_names ? names[t->best[i]] : "O";
        if (i > 0)
            hone__writer_write(w, " ", 1);
        hone__writer_write(w, tag, strlen(tag));
    }
    hone__writer_write(w, "\n", 1);
}

static hone_status write_rows(hone_file_writer *w, tags *t, const hone_dataset *d, const hone_examples *examples, const hone_predictions *p,
                              const char *const *names, size_t n_names)
{
    const hone_token_examples_info *info = hone_token_examples_get_info(examples);
    int64_t e = 0;
    for (int64_t row = 0; row < info->n_rows; row++) {
        HONE_TRY(begin_row(t, hone_dataset_length(d, row, hone_dataset_text_column(d))));
        for (; e < info->n_examples && info->row_of[e] == row; e++) {
            hone_example example;
            HONE_TRY(hone_examples_get(examples, e, &example));
            take_example(t, &example, info->word_ids[e], p->logits + p->first[e] * p->n_labels, (size_t)p->n_labels);
        }
        write_row(w, t, names, n_names);
    }
    return hone__writer_status(w);
}

hone_status hone__write_predictions(const char *path, const hone_dataset *d, const hone_examples *examples, const hone_predictions *p,
                                    const char *const *names, size_t n_names)
{
    hone_file_writer *w = NULL;
    tags t = {0};
    hone_status status;
    HONE_GO(hone__writer_open(&w, path));
    HONE_GO(write_rows(w, &t, d, examples, p, names, n_names));
    status = hone__writer_commit(w);
    w = NULL;
done:
    hone__writer_abort(w);
    hone__free(t.best);
    hone__free(t.context);
    return status;
}
