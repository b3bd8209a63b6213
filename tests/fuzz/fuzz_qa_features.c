/* Any bytes as a file of questions that become windows of tokens: places of passage and answer lie in the window, and what they name lies in the passage. The first byte: the size of windows. */
#include "data/squad.h"
#include "fuzz/tokenizers.h"

#include <hone/qa.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first token of the answer holds its first byte, and the last one its last. */
static void check_answer(const hone_qa_window *w, const hone_example *x, const hone_question *q)
{
    int64_t n_chars = 0, from = hone__question_byte(q, q->answer_starts[0]);
    int32_t first = x->start_position - w->context_first, last = x->end_position - w->context_first;
    for (size_t i = 0; i < q->answers[0].len; i++)
        n_chars += ((unsigned char)q->answers[0].data[i] & 0xC0) != 0x80;
    int64_t to = hone__question_byte(q, q->answer_starts[0] + n_chars);
    if (w->offsets[2 * first] > from || w->offsets[2 * last + 1] < to)
        abort();
    if ((first + 1 < w->n_context && w->offsets[2 * first + 2] <= from) || (last > 0 && w->offsets[2 * last - 1] >= to))
        abort();
}

static void check_window(const hone_examples *e, int64_t i, hone_question_reader *r)
{
    hone_qa_window w;
    hone_example x = {0};
    hone_question q;
    if (hone_examples_get(e, i, &x) != HONE_OK || !hone_qa_examples_window(e, i, &w) ||
        hone_question_reader_get(r, w.question, &q) != HONE_OK)
        abort();
    if (w.context_first < 0 || w.n_context < 0 || w.context_first + w.n_context > x.n_tokens)
        abort();
    for (int32_t k = 0; k < w.n_context; k++)
        if (w.offsets[2 * k] > w.offsets[2 * k + 1] || w.offsets[2 * k + 1] > q.context.len)
            abort();
    if (x.start_position >= x.n_tokens || x.end_position >= x.n_tokens || x.start_position > x.end_position)
        abort();
    if (x.start_position > 0 && (x.start_position < w.context_first || x.end_position >= w.context_first + w.n_context))
        abort();
    if (x.start_position > 0)
        check_answer(&w, &x, &q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_tokenizer *tok;
    hone_qa_examples_options o = HONE_QA_EXAMPLES_OPTIONS_INIT;
    hone_questions *questions = NULL;
    hone_examples *e = NULL;
    hone_question_reader *r = NULL;
    if (!tok)
        tok = words_tokenizer();
    if (size == 0)
        return 0;
    o.max_length = 8 + data[0] % 16;
    o.doc_stride = data[0] >> 4;
    o.keep_offsets = true;
    o.n_threads = 1;
    const char *path = put_file("questions.json", data + 1, size - 1);
    if (hone_questions_load(&questions, &path, 1, NULL) != HONE_OK)
        return 0;
    if (hone_question_reader_new(&r, questions) != HONE_OK)
        abort();
    if (hone_qa_examples(&e, questions, tok, &o) == HONE_OK)
        for (int64_t i = 0; i < hone_examples_count(e); i++)
            check_window(e, i, r);
    else if (e || !hone_error_message()[0])
        abort();
    hone_question_reader_free(r);
    hone_examples_free(e);
    hone_questions_free(questions);
    return 0;
}
