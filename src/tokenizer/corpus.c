/* The words of a corpus (corpus.h). Texts of a callback are copied into blocks and counted when there is a block for each thread; files are cut into pieces at
 * line ends, and each piece is mapped by the thread that counts it. So memory follows the number of distinct words. */
#include "tokenizer/corpus.h"

#include "base/file.h"
#include "base/log.h"
#include "base/threads.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define PIECE_BYTES ((size_t)4 << 20)
#define PLACE_SHIFT 36 /* a word's place: its block or piece, then its number in there */

hone_status hone__corpus_init(hone__corpus *c, const hone_tokenizer *tok, int n_threads)
{
    *c = (hone__corpus){.n_threads = n_threads > 0 ? n_threads : hone__cpu_count()};
    HONE_TRY(HONE_NEW(&c->counters, (size_t)c->n_threads));
    for (int i = 0; i < c->n_threads; i++)
        HONE_TRY(hone__word_counter_init(&c->counters[i], tok));
    return HONE_OK;
}

void hone__corpus_dispose(hone__corpus *c)
{
    for (int i = 0; c->counters && i < c->n_threads; i++)
        hone__word_counter_dispose(&c->counters[i]);
    hone__free(c->counters);
    *c = (hone__corpus){0};
}

hone_status hone__corpus_take(hone__words *out, hone__corpus *c)
{
    *out = c->counters[0].words;
    c->counters[0].words = (hone__words){0};
    for (int i = 1; i < c->n_threads; i++) {
        HONE_TRY(hone__words_merge(out, &c->counters[i].words));
        hone__words_dispose(&c->counters[i].words);
    }
    return hone__words_sort(out);
}

/* ---- Texts of a callback ---- */

typedef struct block {
    hone_str bytes;
    size_t *ends; /* of the texts */
    size_t n, capacity;
} block;

typedef struct block_run {
    hone__corpus *corpus;
    block *blocks;
    uint64_t first; /* number of blocks before these */
} block_run;

static hone_status count_block(void *payload, size_t item, int thread)
{
    block_run *run = payload;
    block *b = &run->blocks[item];
    hone__word_counter *c = &run->corpus->counters[thread];
    c->next = (run->first + item) << PLACE_SHIFT;
    for (size_t i = 0, start = 0; i < b->n; start = b->ends[i++])
        HONE_TRY(hone__count_words(c, b->bytes.data + start, b->ends[i] - start));
    return HONE_OK;
}

static hone_status add_text(block *b, hone_text text)
{
    HONE_TRY(HONE_GROW(&b->ends, &b->capacity, b->n + 1));
    hone__str_append(&b->bytes, text.data, text.len);
    HONE_TRY(hone__str_status(&b->bytes));
    b->ends[b->n++] = b->bytes.len;
    return HONE_OK;
}

/* Fills blocks with texts; *n is how many hold something. */
static hone_status fill_blocks(hone__corpus *c, block *blocks, size_t n_blocks, hone_text_fn next, void *payload, size_t *n, bool *more)
{
    for (*n = 0; *n<n_blocks && * more; *n += blocks[*n].n> 0) {
        block *b = &blocks[*n];
        b->n = 0;
        hone__str_clear(&b->bytes);
        while (b->bytes.len < BLOCK_BYTES) {
            hone_text text = {NULL, 0};
            HONE_TRY(next(payload, &text));
            *more = text.data != NULL;
            if (!*more)
                break;
            if (hone__utf8_valid(text.data, text.len) != text.len)
                c->n_skipped++;
            else
                HONE_TRY(add_text(b, text));
        }
    }
    return HONE_OK;
}

hone_status hone__corpus_count_texts(hone__corpus *c, hone_text_fn next, void *payload)
{
    block_run run = {c, NULL, 0};
    size_t n_blocks = (size_t)c->n_threads * 2, n = 0;
    bool more = true;
    hone_status status;
    HONE_GO(HONE_NEW(&run.blocks, n_blocks));
    while (more) {
        HONE_GO(fill_blocks(c, run.blocks, n_blocks, next, payload, &n, &more));
        HONE_GO(hone__parallel_for(n, c->n_threads, count_block, &run));
        run.first += n;
    }
    if (c->n_skipped)
        hone__log(HONE_LOG_WARNING, "%llu texts are not UTF-8 and were left out", (unsigned long long)c->n_skipped);
done:
    for (size_t i = 0; run.blocks && i < n_blocks; i++) {
        hone__str_dispose(&run.blocks[i].bytes);
        hone__free(run.blocks[i].ends);
    }
    hone__free(run.blocks);
    return status;
}

/* ---- Files ---- */

/* The lines of a file that begin in [start, end). */
typedef struct piece {
    const char *path;
    size_t start, end;
    bool whole; /* all of the file, as one text */
} piece;

enum { MAX_SHOWN = 20 };

typedef struct file_run {
    hone__corpus *corpus;
    const hone__corpus_options *options;
    piece *pieces;
    size_t n, capacity;
    atomic_ullong n_texts, n_done, n_problems;
    uint64_t total;
} file_run;

static hone_status plan_file(file_run *run, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return hone__fail_errno("can't read", path);
    size_t size = (size_t)info.st_size;
    bool whole = run->options->whole_files && !hone__ends_with(path, ".jsonl");
    run->total += size;
    for (size_t start = 0; start < size; start += PIECE_BYTES) {
        HONE_TRY(HONE_GROW(&run->pieces, &run->capacity, run->n + 1));
        size_t end = !whole && size - start > PIECE_BYTES ? start + PIECE_BYTES : size;
        run->pieces[run->n++] = (piece){path, start, end, whole};
        if (whole)
            break;
    }
    return HONE_OK;
}

/* Names what was left out; a folder with thousands of binary files is no news. */
static void tell(file_run *run, const char *path, const char *what)
{
    hone__log(atomic_fetch_add(&run->n_problems, 1) < MAX_SHOWN ? HONE_LOG_WARNING : HONE_LOG_DEBUG, "%s: %s", path, what);
}

/* The text of a line of JSON, data NULL: it has none. */
static hone_status json_text(json_t **line, hone_text *text, const char *key, const char *data, size_t len)
{
    hone_status status = hone__json_parse(line, data, len, "a line");
    const json_t *value = json_object_get(*line, key);
    if (json_is_string(value))
        *text = (hone_text){json_string_value(value), json_string_length(value)};
    return status == HONE_FORMAT ? HONE_OK : status;
}

/* The number of a line is counted only for those that are named: a file may have millions without such a text. */
static void tell_bad_line(file_run *run, const char *path, const char *key, const char *file, const char *line)
{
    char what[128];
    unsigned long long number = 1;
    if (atomic_load(&run->n_problems) >= MAX_SHOWN) {
        atomic_fetch_add(&run->n_problems, 1);
        return;
    }
    for (const char *p = file; (p = memchr(p, '\n', (size_t)(line - p))); p++)
        number++;
    snprintf(what, sizeof(what), "line %llu is no JSON object with a text \"%.40s\"; it was left out", number, key);
    tell(run, path, what);
}

/* A blank line is none. */
static hone_status count_json_line(file_run *run, const piece *p, hone__word_counter *c, const char *file, const char *data, size_t len)
{
    const char *key = run->options->text_column_name ? run->options->text_column_name : "content";
    json_t *line = NULL;
    hone_text text = {NULL, 0};
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", data[blank]))
        blank++;
    if (blank == len)
        return HONE_OK;
    hone_status status = json_text(&line, &text, key, data, len);
    if (status == HONE_OK && !text.data)
        tell_bad_line(run, p->path, key, file, data);
    if (status == HONE_OK && text.data) {
        atomic_fetch_add_explicit(&run->n_texts, 1, memory_order_relaxed);
        status = hone__count_words(c, text.data, text.len);
    }
    json_decref(line);
    return status;
}

static hone_status count_line(file_run *run, const piece *p, hone__word_counter *c, const char *file, const char *data, size_t len,
                              uint64_t *n_bad)
{
    if (hone__utf8_valid(data, len) != len) {
        ++*n_bad;
        return HONE_OK;
    }
    if (!p->whole && hone__ends_with(p->path, ".jsonl"))
        return count_json_line(run, p, c, file, data, len);
    atomic_fetch_add_explicit(&run->n_texts, 1, memory_order_relaxed);
    return hone__count_words(c, data, len);
}

static hone_status count_lines(file_run *run, const piece *p, hone__word_counter *c, const hone_mapping *file, uint64_t *n_bad)
{
    size_t at = p->start, end = p->end < file->len ? p->end : file->len;
    if (p->whole)
        return count_line(run, p, c, file->data, file->data, file->len, n_bad);
    if (at && at < file->len && file->data[at - 1] != '\n') { /* a line that began in the piece before */
        const char *newline = memchr(file->data + at, '\n', file->len - at);
        at = newline ? (size_t)(newline - file->data) + 1 : file->len;
    }
    while (at < end) {
        const char *newline = memchr(file->data + at, '\n', file->len - at);
        size_t next = newline ? (size_t)(newline - file->data) + 1 : file->len;
        HONE_TRY(count_line(run, p, c, file->data, file->data + at, next - at, n_bad));
        at = next;
    }
    return HONE_OK;
}

static bool is_binary(const hone_mapping *file)
{
    return memchr(file->data, '\0', file->len < 8192 ? file->len : 8192) != NULL;
}

static hone_status count_piece(void *payload, size_t item, int thread)
{
    file_run *run = payload;
    const piece *p = &run->pieces[item];
    hone__word_counter *c = &run->corpus->counters[thread];
    hone_mapping file = {0};
    uint64_t n_bad = 0;
    char what[64];
    HONE_TRY(hone__map_file(&file, p->path));
    c->next = (uint64_t)item << PLACE_SHIFT;
    hone_status status = HONE_OK;
    if (!is_binary(&file))
        status = count_lines(run, p, c, &file, &n_bad);
    else if (!p->start)
        tell(run, p->path, "this is a binary file; it was left out");
    if (n_bad) {
        snprintf(what, sizeof(what), "%llu %s not UTF-8 and left out", (unsigned long long)n_bad,
                 p->whole     ? "text is"
                 : n_bad == 1 ? "line is"
                              : "lines are");
        tell(run, p->path, what);
    }
    hone__unmap_file(&file);
    uint64_t done = atomic_fetch_add(&run->n_done, p->end - p->start) + (p->end - p->start);
    if (hone__progress_due())
        hone__progress("counting words", (int64_t)done, (int64_t)run->total, "bytes", NULL);
    return status;
}

hone_status hone__corpus_count_files(hone__corpus *c, const char *const *paths, size_t n_paths, const hone__corpus_options *options)
{
    file_run run = {.corpus = c, .options = options};
    hone_file_list list = {NULL, 0};
    hone_status status;
    HONE_GO(hone__list_all_files(&list, paths, n_paths, options->glob));
    for (size_t i = 0; i < list.n; i++)
        HONE_GO(plan_file(&run, list.paths[i]));
    HONE_GO(hone__parallel_for(run.n, c->n_threads, count_piece, &run));
    hone__progress_end("counting words", (int64_t)run.total, (int64_t)run.total, "bytes", NULL);
    if (run.n_problems > MAX_SHOWN)
        hone__log(HONE_LOG_WARNING, "%llu files and lines were left out in all", (unsigned long long)run.n_problems);
    if (!run.n_texts)
        status = hone__hint(hone__fail(HONE_FORMAT, "no text to train on: %zu %s empty, binary or not UTF-8 (the first: %s)", list.n,
                                       list.n == 1 ? "file," : "files, all", list.n ? list.paths[0] : ""),
                            "in .jsonl files --text_column_name names the text's key");
done:
    hone__file_list_dispose(&list);
    hone__free(run.pieces);
    return status;
}
