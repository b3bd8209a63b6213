/* hone_qa_examples: questions and their passages as windows of tokens, as prepare_train_features of run_qa.py and of the course make them, without padding.
 *
 * Questions are encoded in blocks on all threads; a block's ids lie end to end in one piece of memory, its offsets in another. Types are not stored: a pair's are 0 up to some
 * token and 1 from there on, so that all windows lend them from one row of zeros and ones. */
#include "base/log.h"
#include "base/threads.h"
#include "data/examples.h"
#include "data/squad.h"

#include <string.h>

enum { BLOCK_ROWS = 32 }; /* questions that a thread takes at a time */

typedef struct window {
    int64_t question;
    size_t at, offsets_at; /* in its block */
    const int32_t *ids;
    const uint32_t *offsets;
    int32_t n, n_first; /* tokens; those of type 0 */
    int32_t context_first, n_context;
    int32_t start, end; /* HONE_NO_LABEL: the question has no label */
} window;

typedef struct block {
    int32_t *ids;
    uint32_t *offsets;
    window *windows;
    size_t n_ids, ids_capacity, n_offsets, offsets_capacity, n_windows, windows_capacity;
} block;

typedef struct examples {
    hone_qa_examples_info info;
    block *blocks;
    size_t n_blocks;
    window *windows; /* (n_examples) */
    int32_t *types;  /* (2 longest) zeros, then ones */
} examples;

typedef struct job {
    const hone_questions *questions;
    const hone_tokenizer *tokenizer;
    hone_qa_examples_options o;
    hone_encode_options encode;
    examples *out;
    hone_question_reader **readers; /* one for each thread */
} job;

/* ---- the question ---- */

static bool is_space(uint32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x20) || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

/* As Python's str.strip. */
static hone_text strip(hone_text t)
{
    uint32_t cp;
    for (size_t n; t.len && (n = hone__utf8_decode(&cp, t.data, t.len)) && is_space(cp); t.len -= n)
        t.data += n;
    while (t.len) {
        size_t n = 1;
        while (n < t.len && ((unsigned char)t.data[t.len - n] & 0xC0) == 0x80)
            n++;
        if (!hone__utf8_decode(&cp, t.data + t.len - n, n) || !is_space(cp))
            break;
        t.len -= n;
    }
    return t;
}

/* ---- one window ---- */

/* The tokens of the passage, and whether the types are 0 … 0 1 … 1. */
static hone_status measure(window *w, const hone_encoding *e)
{
    const int32_t *sequence = hone_encoding_sequence_ids(e), *types = hone_encoding_type_ids(e);
    int32_t n = (int32_t)hone_encoding_n_tokens(e), last = -1;
    w->n = n;
    w->context_first = 0;
    for (int32_t i = 0; i < n; i++)
        if (sequence[i] == 1) {
            if (last < 0)
                w->context_first = i;
            last = i;
        }
    w->n_context = last < 0 ? 0 : last + 1 - w->context_first;
    for (w->n_first = 0; w->n_first < n && types[w->n_first] == 0;)
        w->n_first++;
    for (int32_t i = w->n_first; i < n; i++)
        if (types[i] != 1)
            return hone__fail(HONE_UNSUPPORTED, "the tokenizer's template gives token %d of a pair the type %d: 0, then 1 was expected", i,
                              types[i]);
    return HONE_OK;
}

/* The answer's tokens by its bytes [from, to) of the passage; 0 and 0 where it is not wholly in the window. */
static void find_answer(window *w, const hone_span *offsets, int64_t from, int64_t to)
{
    int32_t first = w->context_first, last = first + w->n_context - 1, i = first;
    w->start = w->end = 0;
    if (w->n_context == 0 || (int64_t)offsets[first].start > from || (int64_t)offsets[last].end < to)
        return;
    while (i <= last && (int64_t)offsets[i].start <= from)
        i++;
    w->start = i - 1;
    for (i = last; i >= first && (int64_t)offsets[i].end >= to;)
        i--;
    w->end = i + 1;
}

static hone_status keep_offsets(block *b, window *w, const hone_span *offsets)
{
    w->offsets_at = b->n_offsets;
    HONE_TRY(HONE_GROW(&b->offsets, &b->offsets_capacity, b->n_offsets + 2 * (size_t)w->n_context));
    for (int32_t i = 0; i < w->n_context; i++) {
        const hone_span *s = &offsets[w->context_first + i];
        b->offsets[b->n_offsets++] = (uint32_t)s->start;
        b->offsets[b->n_offsets++] = (uint32_t)s->end;
    }
    return HONE_OK;
}

static hone_status add_window(block *b, const job *j, const hone_encoding *e, int64_t row, const hone_question *q, int64_t from, int64_t to)
{
    window w = {.question = row, .at = b->n_ids, .start = HONE_NO_LABEL, .end = HONE_NO_LABEL};
    size_t n = hone_encoding_n_tokens(e);
    HONE_TRY(measure(&w, e));
    if (q->labelled && q->n_answers)
        find_answer(&w, hone_encoding_offsets(e), from, to);
    else if (q->labelled)
        w.start = w.end = 0;
    HONE_TRY(HONE_GROW(&b->ids, &b->ids_capacity, b->n_ids + n));
    memcpy(b->ids + b->n_ids, hone_encoding_ids(e), n * sizeof(*b->ids));
    b->n_ids += n;
    if (j->o.keep_offsets)
        HONE_TRY(keep_offsets(b, &w, hone_encoding_offsets(e)));
    HONE_TRY(HONE_GROW(&b->windows, &b->windows_capacity, b->n_windows + 1));
    b->windows[b->n_windows++] = w;
    return HONE_OK;
}

/* ---- one question ---- */

static hone_status add_windows(block *b, const job *j, const hone_encoding *e, int64_t row, const hone_question *q)
{
    int64_t from = 0, to = 0;
    if (q->n_answers) {
        int64_t length = 0; /* in code points */
        from = hone__question_byte(q, q->answer_starts[0]);
        for (size_t i = 0; i < q->answers[0].len; i++)
            length += ((unsigned char)q->answers[0].data[i] & 0xC0) != 0x80;
        to = hone__question_byte(q, q->answer_starts[0] + length);
    }
    for (size_t k = 0; k <= hone_encoding_n_overflowing(e); k++)
        HONE_TRY(add_window(b, j, k ? hone_encoding_overflowing(e, k - 1) : e, row, q, from, to));
    return HONE_OK;
}

static hone_status explain(hone_status status, const job *j, const hone_question *q, int64_t row)
{
    int64_t line;
    const char *path = hone_questions_place(&line, j->questions, row);
    size_t n = 0;
    if (status == HONE_OUT_OF_MEMORY)
        return status;
    if (status == HONE_INVALID_ARGUMENT && hone_tokenizer_count(&n, j->tokenizer, strip(q->question), false) == HONE_OK)
        return hone__hint(hone__fail(status,
                                     "%s:%lld: question %s: its %zu tokens leave no room for the passage in windows of %zu that share %zu",
                                     path, (long long)line, q->id.data, n, j->o.max_length, j->o.doc_stride),
                          "give more --max_seq_length, or less --doc_stride");
    return hone__fail_in(status, "%s:%lld: question %s", path, (long long)line, q->id.data);
}

static hone_status make_row(block *b, const job *j, hone_question_reader *reader, int64_t row)
{
    hone_question q;
    hone_encoding *e = NULL;
    HONE_TRY(hone_question_reader_get(reader, row, &q));
    q.labelled = q.labelled && j->questions->info.n_unlabelled == 0; /* examples have labels all or none */
    if (q.context.len > UINT32_MAX)
        return hone__fail(HONE_INVALID_ARGUMENT, "question %s: a passage of %zu bytes", q.id.data, q.context.len);
    hone_status status = hone_tokenizer_encode(&e, j->tokenizer, strip(q.question), q.context, &j->encode);
    if (status != HONE_OK)
        status = explain(status, j, &q, row);
    else
        status = add_windows(b, j, e, row, &q);
    hone_encoding_free(e);
    return status;
}

/* ---- all questions ---- */

static hone_status make_block(void *payload, size_t item, int thread)
{
    job *j = payload;
    block *b = &j->out->blocks[item];
    int64_t first = (int64_t)item * BLOCK_ROWS, n = j->out->info.n_questions, end = first + BLOCK_ROWS < n ? first + BLOCK_ROWS : n;
    for (int64_t row = first; row < end; row++)
        HONE_TRY(make_row(b, j, j->readers[thread], row));
    HONE_TRY(HONE_REALLOC(&b->ids, b->n_ids + 1));
    if (b->offsets)
        HONE_TRY(HONE_REALLOC(&b->offsets, b->n_offsets + 1));
    if (thread == 0)
        hone__progress("tokenizing", end, n, "questions", NULL);
    return HONE_OK;
}

/* The windows of all blocks, one after the other, and the types of the longest. */
static hone_status join(examples *e)
{
    hone_qa_examples_info *info = &e->info;
    size_t n = 0, i = 0;
    for (size_t k = 0; k < e->n_blocks; k++)
        n += e->blocks[k].n_windows;
    HONE_TRY(HONE_ALLOC(&e->windows, n));
    for (size_t k = 0; k < e->n_blocks; k++) {
        block *b = &e->blocks[k];
        for (size_t m = 0; m < b->n_windows; m++, i++) {
            window *w = &e->windows[i];
            *w = b->windows[m];
            w->ids = b->ids + w->at;
            w->offsets = b->offsets ? b->offsets + w->offsets_at : NULL;
            info->longest = w->n > info->longest ? w->n : info->longest;
            info->n_tokens += w->n;
            info->n_without_answer += w->end == 0;
        }
        hone__free(b->windows);
        b->windows = NULL;
    }
    info->n_examples = (int64_t)n;
    HONE_TRY(HONE_ALLOC(&e->types, 2 * (size_t)info->longest));
    for (int32_t k = 0; k < 2 * info->longest; k++)
        e->types[k] = k >= info->longest;
    return HONE_OK;
}

/* ---- as examples ---- */

static hone_status qa_get(void *self, int64_t i, hone_example *out)
{
    const examples *e = self;
    const window *w = &e->windows[i];
    out->n_tokens = w->n;
    out->input_ids = w->ids;
    out->token_type_ids = w->n_first < w->n ? e->types + e->info.longest - w->n_first : NULL;
    out->start_position = w->start;
    out->end_position = w->end;
    return HONE_OK;
}

static int32_t qa_length(void *self, int64_t i)
{
    return ((const examples *)self)->windows[i].n;
}

static void qa_free(void *self)
{
    examples *e = self;
    for (size_t k = 0; e->blocks && k < e->n_blocks; k++) {
        hone__free(e->blocks[k].ids);
        hone__free(e->blocks[k].offsets);
        hone__free(e->blocks[k].windows);
    }
    hone__free(e->blocks);
    hone__free(e->windows);
    hone__free(e->types);
    hone__free(e);
}

static const hone_examples_ops qa_ops = {qa_get, qa_length, qa_free};

const hone_qa_examples_info *hone_qa_examples_get_info(const hone_examples *e)
{
    const examples *self = e ? hone__examples_self(e, &qa_ops) : NULL;
    return self ? &self->info : NULL;
}

bool hone_qa_examples_window(const hone_examples *e, int64_t i, hone_qa_window *out)
{
    const examples *self = e ? hone__examples_self(e, &qa_ops) : NULL;
    *out = (hone_qa_window){0};
    if (!self || i < 0 || i >= self->info.n_examples)
        return false;
    const window *w = &self->windows[i];
    *out = (hone_qa_window){w->question, w->context_first, w->n_context, w->offsets};
    return true;
}

/* ---- the call ---- */

static hone_status run(job *j)
{
    int n_threads = j->o.n_threads > 0 ? j->o.n_threads : hone__cpu_count();
    hone_status status;
    HONE_GO(HONE_NEW(&j->readers, (size_t)n_threads));
    for (int i = 0; i < n_threads; i++)
        HONE_GO(hone_question_reader_new(&j->readers[i], j->questions));
    HONE_GO(hone__parallel_for(j->out->n_blocks, n_threads, make_block, j));
    hone__progress_end("tokenizing", j->out->info.n_questions, j->out->info.n_questions, "questions", NULL);
    status = join(j->out);
done:
    for (int i = 0; j->readers && i < n_threads; i++)
        hone_question_reader_free(j->readers[i]);
    hone__free(j->readers);
    return status;
}

/* Windows must have room for more than special tokens and what they share. */
static hone_status check_length(const job *j)
{
    hone_encode_options plain = HONE_ENCODE_OPTIONS_INIT;
    hone_encoding *e = NULL;
    HONE_TRY(hone_tokenizer_encode(&e, j->tokenizer, HONE_TEXT(""), HONE_TEXT(""), &plain));
    size_t added = hone_encoding_n_tokens(e);
    hone_encoding_free(e);
    if (j->o.max_length > INT32_MAX || j->o.max_length <= added || j->o.doc_stride >= j->o.max_length - added)
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT,
                                     "--doc_stride: windows of %zu tokens, %zu of them special, that share %zu leave no room",
                                     j->o.max_length, added, j->o.doc_stride),
                          "give more --max_seq_length, or less --doc_stride");
    return HONE_OK;
}

hone_status hone_qa_examples(hone_examples **out, const hone_questions *questions, const hone_tokenizer *tokenizer,
                             const hone_qa_examples_options *options)
{
    static const hone_qa_examples_options defaults = HONE_QA_EXAMPLES_OPTIONS_INIT;
    job j = {.questions = questions, .tokenizer = tokenizer, .o = options ? *options : defaults};
    hone_status status;
    *out = NULL;
    if (!questions || !tokenizer)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_qa_examples: the questions and the tokenizer must be given");
    j.encode = (hone_encode_options)HONE_ENCODE_OPTIONS_INIT;
    j.encode.truncation = HONE_TRUNCATION_ONLY_SECOND;
    j.encode.max_length = j.o.max_length;
    j.encode.stride = j.o.doc_stride;
    HONE_TRY(check_length(&j));
    HONE_TRY(HONE_NEW(&j.out, 1));
    j.out->info.questions = questions;
    j.out->info.n_questions = questions->info.n_questions;
    j.out->n_blocks = ((size_t)j.out->info.n_questions + BLOCK_ROWS - 1) / BLOCK_ROWS;
    HONE_GO(HONE_NEW(&j.out->blocks, j.out->n_blocks));
    HONE_GO(run(&j));
    hone__sources_release(questions->files, questions->n_files);
    status = hone_examples_new(out, &qa_ops, j.out, j.out->info.n_examples);
    j.out = NULL; /* taken */
done:
    if (j.out)
        qa_free(j.out);
    return status;
}
