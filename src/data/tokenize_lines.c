/* Lines from a file descriptor, answered on all threads, written in order.
 *
 * Whole lines are gathered to a block of a MB a thread, which is cut into parts that threads answer; a pipe that has nothing more to give for the moment is not waited
 * for, so that whoever writes a line and waits for its answer gets it. The calling thread writes what is ready whenever it has answered a part, and the memory of what
 * was written goes to the next part: answers are twelve times the text, and memory that nobody has touched yet is slow. */
#include "base/log.h"
#include "base/threads.h"
#include "data/tokenize_line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 20) /* of lines, a thread */
#define PART_BYTES  ((size_t)32 << 10)
#define PATIENCE_MS 2 /* that a pipe may be silent before its lines are answered */

/* Lines that one thread answers. */
typedef struct part {
    const char *text;
    size_t len;
    int64_t first_line;
    hone_str out;
    bool ready;
} part;

typedef struct job {
    const hone_tokenizer *tokenizer;
    const hone_tokenize_options *options;
    int in;
    char *buffer;
    size_t used, capacity; /* bytes read and not answered */
    int64_t line;          /* lines answered */
    part *parts;
    size_t n_parts, parts_capacity;
    int64_t bytes_done, bytes_total;
    hone_line_tokenizer *lines; /* of the threads */
    size_t n_lines;
    hone_write_fn write;
    void *payload;
    pthread_mutex_t lock; /* of the rest, and of the parts' ready */
    size_t n_written;
    hone_str *spare; /* memory for answers; room for all parts */
    size_t n_spare, spare_capacity;
} job;

static void dispose(job *j)
{
    for (size_t i = 0; i < j->n_parts; i++)
        hone__str_dispose(&j->parts[i].out);
    for (size_t i = 0; i < j->n_spare; i++)
        hone__str_dispose(&j->spare[i]);
    for (size_t i = 0; i < j->n_lines; i++)
        hone__tokenize_line_dispose(&j->lines[i]);
    hone__free(j->lines);
    hone__free(j->spare);
    hone__free(j->parts);
    hone__free(j->buffer);
    pthread_mutex_destroy(&j->lock);
}

/* ---- reading ---- */

static bool is_silent(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, PATIENCE_MS) == 0;
}

/* Reads until there are `want` bytes with a whole line among them, or the source is silent or at its end. */
static hone_status fill(job *j, size_t want, bool *at_end)
{
    bool has_line = j->used > 0 && memchr(j->buffer, '\n', j->used);
    while (!*at_end && (j->used < want || !has_line)) {
        if (has_line && is_silent(j->in))
            break;
        HONE_TRY(HONE_GROW(&j->buffer, &j->capacity, j->used < want ? want + 1 : j->used * 2));
        ssize_t n = read(j->in, j->buffer + j->used, j->capacity - j->used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return hone__fail_errno("cannot read", "the input");
        has_line = has_line || (n > 0 && memchr(j->buffer + j->used, '\n', (size_t)n));
        j->used += (size_t)n;
        *at_end = n == 0;
    }
    return HONE_OK;
}

/* ---- parts ---- */

static hone_status add_part(job *j, const char *text, size_t len)
{
    HONE_TRY(HONE_GROW(&j->parts, &j->parts_capacity, j->n_parts + 1));
    HONE_TRY(HONE_GROW(&j->spare, &j->spare_capacity, j->n_spare + j->n_parts + 1));
    part *p = &j->parts[j->n_parts++];
    *p = (part){text, len, j->line + 1, HONE_STR_INIT, false};
    for (const char *end = text + len; text < end; j->line++) {
        const char *lf = memchr(text, '\n', (size_t)(end - text));
        text = lf ? lf + 1 : end;
    }
    return HONE_OK;
}

/* Cuts the buffer's whole lines (at the end: all of it) into parts; *taken is their length. */
static hone_status cut(job *j, bool at_end, size_t *taken)
{
    const char *start = j->buffer, *end = j->buffer + j->used;
    j->n_parts = j->n_written = 0;
    while (start < end) {
        size_t left = (size_t)(end - start);
        const char *from = start + (left < PART_BYTES ? left - 1 : PART_BYTES - 1);
        const char *lf = left < PART_BYTES ? memrchr(start, '\n', left) : memchr(from, '\n', (size_t)(end - from));
        if (!lf && left >= PART_BYTES)
            lf = memrchr(start, '\n', left);
        if (!lf && !at_end)
            break;
        size_t len = lf && !(at_end && left < PART_BYTES) ? (size_t)(lf - start) + 1 : left;
        HONE_TRY(add_part(j, start, len));
        start += len;
    }
    *taken = (size_t)(start - j->buffer);
    return HONE_OK;
}

/* The next part to write when it is ready, else NULL. */
static part *next_ready(job *j)
{
    pthread_mutex_lock(&j->lock);
    part *p = j->n_written < j->n_parts && j->parts[j->n_written].ready ? &j->parts[j->n_written] : NULL;
    pthread_mutex_unlock(&j->lock);
    return p;
}

/* Writes the parts that are ready, in order. The calling thread's. */
static hone_status write_ready(job *j)
{
    for (part *p; (p = next_ready(j));) {
        if (p->out.len > 0)
            HONE_TRY(j->write(j->payload, p->out.data, p->out.len));
        pthread_mutex_lock(&j->lock);
        j->spare[j->n_spare++] = p->out;
        p->out = HONE_STR_INIT;
        j->n_written++;
        pthread_mutex_unlock(&j->lock);
    }
    return HONE_OK;
}

static void take_spare(job *j, part *p)
{
    pthread_mutex_lock(&j->lock);
    if (j->n_spare)
        p->out = j->spare[--j->n_spare];
    pthread_mutex_unlock(&j->lock);
    hone__str_clear(&p->out);
}

static hone_status answer_part(void *payload, size_t item, int thread)
{
    job *j = payload;
    part *p = &j->parts[item];
    hone_line_tokenizer *lines = &j->lines[thread];
    const char *text = p->text, *end = p->text + p->len;
    take_spare(j, p);
    lines->out = &p->out;
    for (int64_t number = p->first_line; text < end; number++) {
        const char *lf = memchr(text, '\n', (size_t)(end - text));
        HONE_TRY(hone__tokenize_line(lines, text, (size_t)((lf ? lf : end) - text), number));
        text = lf ? lf + 1 : end;
    }
    pthread_mutex_lock(&j->lock);
    p->ready = true;
    pthread_mutex_unlock(&j->lock);
    return thread == 0 ? write_ready(j) : HONE_OK;
}

/* ---- the whole ---- */

static void report(const job *j, bool end)
{
    (end ? hone__progress_end : hone__progress)("tokenizing", j->bytes_done, j->bytes_total, "bytes", NULL);
}

static hone_status answer_block(job *j, bool at_end)
{
    size_t taken;
    HONE_TRY(cut(j, at_end, &taken));
    HONE_TRY(hone__parallel_for(j->n_parts, (int)j->n_lines, answer_part, j));
    HONE_TRY(write_ready(j));
    j->used -= taken;
    if (j->used > 0)
        memmove(j->buffer, j->buffer + taken, j->used);
    j->bytes_done += (int64_t)taken;
    report(j, false);
    return HONE_OK;
}

static void add_counts(hone_tokenize_counts *out, const job *j)
{
    *out = (hone_tokenize_counts){0, 0, 0};
    for (size_t i = 0; i < j->n_lines; i++) {
        out->n_lines += j->lines[i].n_lines;
        out->n_errors += j->lines[i].n_errors;
        out->n_tokens += j->lines[i].n_tokens;
    }
}

hone_status hone_tokenize_lines(hone_tokenize_counts *counts, const hone_tokenizer *tokenizer, int in, hone_write_fn write, void *payload,
                                const hone_tokenize_options *options)
{
    static const hone_tokenize_options defaults = HONE_TOKENIZE_OPTIONS_INIT;
    if (!tokenizer || !write)
        return hone__fail(HONE_INVALID_ARGUMENT, "hone_tokenize_lines: the tokenizer and write must be given");
    job j = {.tokenizer = tokenizer,
             .options = options ? options : &defaults,
             .in = in,
             .bytes_total = -1,
             .write = write,
             .payload = payload,
             .lock = PTHREAD_MUTEX_INITIALIZER};
    struct stat info;
    bool at_end = false;
    hone_status status = HONE_OK;
    size_t n_threads = (size_t)(j.options->n_threads > 0 ? j.options->n_threads : hone__cpu_count());
    if (fstat(in, &info) == 0 && S_ISREG(info.st_mode))
        j.bytes_total = (int64_t)info.st_size;
    HONE_GO(HONE_NEW(&j.lines, n_threads));
    for (; j.n_lines < n_threads; j.n_lines++)
        j.lines[j.n_lines] = (hone_line_tokenizer){.tokenizer = tokenizer, .options = j.options};
    while (!at_end) {
        HONE_GO(fill(&j, BLOCK_BYTES * n_threads, &at_end));
        HONE_GO(answer_block(&j, at_end));
    }
    report(&j, true);
done:
    if (counts)
        add_counts(counts, &j);
    dispose(&j);
    return status;
}
