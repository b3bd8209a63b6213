/* The reader of SQuAD's files on any bytes: they load or fail with a message, and every question of what loads can be taken apart. */
#include <hone/qa.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(hone_text t)
{
    size_t sum = 0;
    for (size_t i = 0; i < t.len; i++)
        sum += (unsigned char)t.data[i];
    return sum;
}

/* Whether the answer stands at its place, which counts code points. */
static bool stands_there(const hone_question *x, size_t k)
{
    const char *p = x->context.data, *end = p + x->context.len;
    int64_t n = x->answer_starts[k];
    if (n < 0)
        return false;
    for (; n > 0 && p < end; n--)
        for (p++; p < end && ((unsigned char)*p & 0xC0) == 0x80;)
            p++;
    return n == 0 && (size_t)(end - p) >= x->answers[k].len && memcmp(p, x->answers[k].data, x->answers[k].len) == 0;
}

static void check(const hone_questions *q)
{
    hone_question_reader *r = NULL;
    hone_question x;
    int64_t n_mismatched = 0;
    if (hone_question_reader_new(&r, q) != HONE_OK)
        abort();
    for (int64_t i = hone_questions_get_info(q)->n_questions; i-- > 0;) {
        int64_t line;
        if (hone_question_reader_get(r, i, &x) != HONE_OK || !hone_questions_place(&line, q, i) || line < 1)
            abort();
        size_t sum = touch(x.id) + touch(x.question) + touch(x.context);
        for (size_t k = 0; k < x.n_answers; k++) {
            sum += touch(x.answers[k]) + (size_t)x.answer_starts[k];
            n_mismatched += !stands_there(&x, k);
        }
        if (sum == 1 || x.context.len == 0)
            abort();
    }
    if (hone_questions_get_info(q)->n_mismatched != n_mismatched)
        abort();
    hone_question_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_questions_options o = HONE_QUESTIONS_OPTIONS_INIT;
    hone_questions *q = NULL;
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    o.unique_ids = size % 2;
    hone_status status = hone_questions_load(&q, (const char *[]){path}, 1, &o);
    if ((status == HONE_OK) != (q != NULL) || (status != HONE_OK && !hone_error_message()[0]))
        abort();
    if (q)
        check(q);
    hone_questions_free(q);
    close(fd);
    return 0;
}
