/* Documents to blocks of tokens: read in batches of some MB, encoded on all threads, appended to the cache file in the order of the documents.
 *
 * Must match the course's chapter on causal language models (windows of exactly block_size, the tail of every document dropped) and, with concatenate, run_clm.py's
 * group_texts with end-of-text after every document. For masked language models run_mlm.py's: documents with their special tokens, joined or one each (data/blocks.h has how
 * those lie in the file); where group_texts joins 1,000 texts at a time and drops what each time is left over, here all are joined. Threads never decide about the result: each encodes
 * whole documents, or pieces of a long one that are cut where that changes no id (tokenizer/cut.c). */
#include "data/blocks.h"
#include "base/log.h"
#include "base/threads.h"
#include "data/texts.h"
#include "tokenizer/pieces.h"

#include <stdio.h>
#include <string.h>

#define BATCH_BYTES  ((size_t)2 << 20)  /* of text, a thread */
#define PART_BYTES   ((size_t)64 << 10) /* of text, handed to a thread at once */
#define LONGEST_HELD ((int64_t)1 << 20) /* block_size up to which long documents are cut */

/* Consecutive documents, or one piece of a long one, that one thread encodes. */
typedef struct part {
    size_t first, n; /* documents */
    hone_ids ids;
} part;

typedef struct blocks_job {
    const hone_tokenizer *tokenizer;
    const hone_blocks_options *options;
    int32_t eos;
    /* the batch */
    hone_str text;
    size_t *text_ends, *id_ends; /* (n_documents) in text; in the ids of the document's part */
    bool *goes_on;               /* (n_documents) this is a piece of a document, and not its last one */
    size_t n_documents, text_capacity, ids_capacity, goes_on_capacity;
    bool cuts;      /* long documents may be cut */
    hone_text rest; /* of a long document, lent by the stream: what is not in a batch yet */
    part *parts;
    size_t n_parts, n_made, parts_capacity; /* n_made: parts that have ids to free */
    /* the result */
    hone_cache_writer writer;
    hone_cache_facts facts;
    int64_t longest, pieces; /* document, in tokens; those of the pieces of the present one */
    int32_t *held;           /* (block_size) tokens of the present document that may be its tail, which is dropped */
    size_t n_held;
    int64_t n_rows; /* one_each: examples written */
    size_t n_added; /* special tokens of a document */
} blocks_job;

static void dispose_job(blocks_job *job)
{
    for (size_t i = 0; i < job->n_made; i++)
        hone_ids_dispose(&job->parts[i].ids);
    hone__free(job->parts);
    hone__free(job->text_ends);
    hone__free(job->id_ends);
    hone__free(job->goes_on);
    hone__free(job->held);
    hone__str_dispose(&job->text);
    hone__cache_abort(&job->writer);
}

/* ---- a batch of documents ---- */

/* Without the end of a line, where that is no part of the document. */
static size_t text_len(const blocks_job *job, const hone_document *doc)
{
    bool is_line = doc->line > 0 && !doc->json && (job->options->special_tokens || job->options->one_each);
    return is_line && doc->len > 0 && doc->data[doc->len - 1] == '\n' ? doc->len - 1 : doc->len;
}

static hone_status add_text(blocks_job *job, const char *text, size_t len, bool goes_on)
{
    HONE_TRY(HONE_GROW(&job->text_ends, &job->text_capacity, job->n_documents + 1));
    HONE_TRY(HONE_GROW(&job->id_ends, &job->ids_capacity, job->n_documents + 1));
    HONE_TRY(HONE_GROW(&job->goes_on, &job->goes_on_capacity, job->n_documents + 1));
    hone__str_append(&job->text, text, len);
    job->goes_on[job->n_documents] = goes_on;
    job->text_ends[job->n_documents++] = job->text.len;
    return hone__str_status(&job->text);
}

/* The next piece of a long document. */
static hone_status add_piece(blocks_job *job)
{
    size_t len = hone__tokenizer_cut(job->rest.data, job->rest.len, PART_BYTES);
    bool goes_on = len < job->rest.len;
    HONE_TRY(add_text(job, job->rest.data, len, goes_on));
    job->rest = goes_on ? (hone_text){job->rest.data + len, job->rest.len - len} : (hone_text){NULL, 0};
    return HONE_OK;
}

/* The pages of a mapped file before what is left of its document. */
static void release_pieces(const blocks_job *job, const hone_text_stream *stream)
{
    const hone_mapping *m = &stream->map;
    if (job->rest.len > 0 && job->rest.data >= m->data && job->rest.data < m->data + m->len)
        hone__text_release(m, 0, (size_t)(job->rest.data - m->data));
}

static hone_status fill_batch(blocks_job *job, hone_text_stream *stream, size_t bytes)
{
    hone_document doc;
    hone__str_clear(&job->text);
    job->n_documents = 0;
    while (job->text.len < bytes) {
        if (job->rest.len > 0) {
            HONE_TRY(add_piece(job));
            continue;
        }
        if (!hone_text_next(stream, &doc))
            break;
        size_t len = text_len(job, &doc);
        if (job->cuts && len > 2 * PART_BYTES)
            job->rest = (hone_text){doc.data, len};
        else
            HONE_TRY(add_text(job, doc.data, len, false));
    }
    release_pieces(job, stream);
    return hone_text_status(stream);
}

static hone_status add_part(blocks_job *job, size_t first, size_t n)
{
    HONE_TRY(HONE_GROW(&job->parts, &job->parts_capacity, job->n_parts + 1));
    part *p = &job->parts[job->n_parts];
    if (job->n_parts == job->n_made) {
        p->ids = (hone_ids)HONE_IDS_INIT;
        job->n_made++;
    }
    p->first = first;
    p->n = n;
    p->ids.n = 0;
    job->n_parts++;
    return HONE_OK;
}

static hone_status cut_parts(blocks_job *job)
{
    size_t first = 0, start = 0;
    job->n_parts = 0;
    for (size_t d = 0; d < job->n_documents; d++) {
        if (job->text_ends[d] - start < PART_BYTES && d + 1 < job->n_documents)
            continue;
        HONE_TRY(add_part(job, first, d + 1 - first));
        first = d + 1;
        start = job->text_ends[d];
    }
    return HONE_OK;
}

/* The document that ids from `start` on are, cut to max_length tokens of which the special ones stay. */
static hone_status truncate_document(hone_ids *ids, size_t start, const blocks_job *job, hone_text text)
{
    hone_encode_options cut = HONE_ENCODE_OPTIONS_INIT;
    hone_encoding *e = NULL;
    cut.truncation = HONE_TRUNCATION_LONGEST_FIRST;
    cut.max_length = (size_t)job->options->block_size;
    HONE_TRY(hone_tokenizer_encode(&e, job->tokenizer, text, HONE_TEXT_NONE, &cut));
    ids->n = start + hone_encoding_n_tokens(e);
    memcpy(ids->data + start, hone_encoding_ids(e), hone_encoding_n_tokens(e) * sizeof(*ids->data));
    hone_encoding_free(e);
    return HONE_OK;
}

static hone_status encode_document(hone_ids *ids, const blocks_job *job, hone_text text, bool goes_on)
{
    const hone_blocks_options *o = job->options;
    bool special = o->special_tokens || o->one_each;
    size_t start = ids->n;
    HONE_TRY(hone_tokenizer_encode_ids(ids, job->tokenizer, text, special));
    if (o->one_each && ids->n - start > (size_t)o->block_size)
        return truncate_document(ids, start, job, text);
    if (!special && o->concatenate && !goes_on) {
        HONE_TRY(HONE_GROW(&ids->data, &ids->capacity, ids->n + 1));
        ids->data[ids->n++] = job->eos;
    }
    return HONE_OK;
}

static hone_status encode_part(void *payload, size_t item, int thread)
{
    blocks_job *job = payload;
    part *p = &job->parts[item];
    (void)thread;
    for (size_t d = p->first; d < p->first + p->n; d++) {
        size_t start = d > 0 ? job->text_ends[d - 1] : 0;
        hone_text text = {job->text.data ? job->text.data + start : "", job->text_ends[d] - start};
        HONE_TRY(encode_document(&p->ids, job, text, job->goes_on[d]));
        job->id_ends[d] = p->ids.n;
    }
    return HONE_OK;
}

/* ---- writing ---- */

/* True when no more blocks are wanted. */
static bool has_enough(const blocks_job *job)
{
    const hone_blocks_options *o = job->options;
    return o->max_examples >= 0 && (o->one_each ? job->n_rows : job->writer.n_ids / o->block_size) >= o->max_examples;
}

/* Whole blocks of a document that comes in pieces; what may be its tail is held back. */
static void write_blocks(blocks_job *job, const int32_t *ids, size_t n, bool goes_on)
{
    size_t block = (size_t)job->options->block_size;
    if (job->n_held > 0) {
        size_t take = block - job->n_held < n ? block - job->n_held : n;
        memcpy(job->held + job->n_held, ids, take * sizeof(*ids));
        job->n_held += take;
        ids += take;
        n -= take;
        if (job->n_held == block) {
            hone__cache_append(&job->writer, job->held, block);
            job->n_held = 0;
        }
    }
    size_t left = n % block;
    hone__cache_append(&job->writer, ids, n - left);
    if (goes_on) {
        memcpy(job->held + job->n_held, ids + n - left, left * sizeof(*ids));
        job->n_held += left;
    } else {
        job->n_held = 0;
    }
}

static void write_document(blocks_job *job, const int32_t *ids, size_t n, bool goes_on)
{
    const hone_blocks_options *o = job->options;
    int32_t len = (int32_t)n;
    job->facts.n_tokens += (int64_t)n;
    job->pieces += (int64_t)n;
    job->longest = job->pieces > job->longest ? job->pieces : job->longest;
    if (!goes_on)
        job->pieces = 0;
    if (o->one_each && n > job->n_added) {
        hone__cache_append(&job->writer, &len, 1);
        hone__cache_append(&job->writer, ids, n);
        job->n_rows++;
    } else if (!o->one_each && (o->concatenate || o->special_tokens)) {
        hone__cache_append(&job->writer, ids, n);
    } else if (!o->one_each) {
        write_blocks(job, ids, n, goes_on);
    }
}

static void write_documents(blocks_job *job)
{
    static const int32_t nothing = 0;
    for (size_t i = 0; i < job->n_parts; i++) {
        const part *p = &job->parts[i];
        size_t start = 0;
        for (size_t d = p->first; d < p->first + p->n && !has_enough(job); d++) {
            if (job->id_ends[d] > start || !job->goes_on[d])
                write_document(job, p->ids.data ? p->ids.data + start : &nothing, job->id_ends[d] - start, job->goes_on[d]);
            start = job->id_ends[d];
        }
    }
}

static void report(const blocks_job *job, const hone_text_stream *stream, bool end)
{
    hone_text_counts seen;
    hone_text_counts_of(stream, &seen);
    seen.bytes_read -= job->rest.len < seen.bytes_read ? job->rest.len : 0;
    uint64_t total = seen.bytes_total > seen.bytes_read ? seen.bytes_total : seen.bytes_read;
    char note[64];
    snprintf(note, sizeof(note), "%lld tokens", (long long)job->facts.n_tokens);
    (end ? hone__progress_end : hone__progress)("tokenizing", (int64_t)(end ? total : seen.bytes_read), (int64_t)total, "bytes", note);
}

static hone_status encode_stream(blocks_job *job, hone_text_stream *stream)
{
    int n_threads = job->options->n_threads > 0 ? job->options->n_threads : hone__cpu_count();
    size_t bytes = BATCH_BYTES * (size_t)n_threads;
    do {
        HONE_TRY(fill_batch(job, stream, bytes));
        HONE_TRY(cut_parts(job));
        HONE_TRY(hone__parallel_for(job->n_parts, n_threads, encode_part, job));
        write_documents(job);
        HONE_TRY(hone__writer_status(job->writer.file));
        report(job, stream, false);
    } while (job->n_documents > 0 && !has_enough(job));
    report(job, stream, true);
    hone_text_counts_of(stream, &job->facts.text);
    return HONE_OK;
}

static hone_status fail_without_blocks(const blocks_job *job)
{
    const hone_blocks_options *o = job->options;
    if (o->one_each)
        return hone__fail(HONE_NOT_FOUND, "no example results: %lld documents have no token between them",
                          (long long)job->facts.text.n_documents);
    hone__fail(HONE_NOT_FOUND, "no block of %lld tokens results: %lld documents have %lld tokens in all, the longest %lld",
               (long long)o->block_size, (long long)job->facts.text.n_documents, (long long)job->facts.n_tokens, (long long)job->longest);
    if (o->special_tokens)
        return hone__hint(HONE_NOT_FOUND, "give more text or a smaller --max_seq_length, or --line_by_line");
    return hone__hint(HONE_NOT_FOUND, o->concatenate ? "give more text or a smaller --block_size"
                                                     : "--concatenate joins documents; or give a smaller --block_size");
}

hone_status hone__blocks_make(const char *path, const hone_cache_key *key, hone_text_stream *stream, const hone_tokenizer *tokenizer,
                              int32_t eos, const hone_blocks_options *options)
{
    blocks_job job = {.tokenizer = tokenizer, .options = options, .eos = eos, .n_added = hone__tokenizer_n_added(tokenizer, false)};
    hone_status status = HONE_OK;
    job.cuts =
        !options->special_tokens && !options->one_each && options->block_size <= LONGEST_HELD && hone__tokenizer_cuts_at_lines(tokenizer);
    if (job.cuts)
        HONE_GO(HONE_ALLOC(&job.held, (size_t)options->block_size));
    HONE_GO(hone__cache_begin(&job.writer, path, key));
    HONE_GO(encode_stream(&job, stream));
    int64_t n_blocks = options->one_each ? job.n_rows : job.writer.n_ids / options->block_size;
    if (options->max_examples >= 0 && n_blocks > options->max_examples)
        n_blocks = options->max_examples;
    job.facts.block_size = options->one_each ? 1 : options->block_size;
    job.facts.n_blocks = n_blocks;
    if (n_blocks == 0)
        HONE_GO(fail_without_blocks(&job));
    HONE_GO(hone__cache_commit(&job.writer, &job.facts));
done:
    dispose_job(&job);
    return status;
}
