/* Compiling and searching with PCRE2 (regex.h). All memory of PCRE2 but its machine code comes from base/mem.h. */
#include "tokenizer/regex.h"

#include "tokenizer/unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

enum {
    MATCH_LIMIT = 1000000,       /* steps of backtracking from one place */
    HEAP_LIMIT = 64 * 1024,      /* KiB, where the machine's stack does not suffice */
    MAX_PATTERN = 64 * 1024,     /* bytes */
    MAX_COMPILED = 8 * (1 << 20) /* bytes: repetitions of repetitions grow */
};

struct hone__regex {
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_code *code;
    char *pattern; /* for messages */
};

static void *take(PCRE2_SIZE n, void *payload)
{
    char *block = NULL;
    (void)payload;
    return HONE_ALLOC(&block, n ? n : 1) == HONE_OK ? block : NULL;
}

static void give(void *block, void *payload)
{
    (void)payload;
    hone__free(block);
}

void hone__regex_free(hone__regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    pcre2_match_context_free(regex->limits);
    pcre2_general_context_free(regex->memory);
    hone__free(regex->pattern);
    hone__free(regex);
}

static size_t count_chars(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += !hone__is_continuation(text[i]);
    return n;
}

static hone_status fail_at(const char *pattern, size_t len, size_t at, const char *problem)
{
    size_t place = count_chars(pattern, at < len ? at : len) + 1;
    return hone__fail(HONE_FORMAT, "regular expression \"%.*s\"%s, character %zu: %s", (int)(len < 200 ? len : 200), pattern,
                      len > 200 ? " ..." : "", place, problem);
}

/* The place in the pattern of a place in its translation. */
static size_t place_of(const hone__regex_text *t, size_t at)
{
    size_t place = 0;
    for (size_t i = 0; i < t->n_marks && t->marks[i].out <= at; i++)
        place = t->marks[i].in;
    return place;
}

static hone_status compile(hone__regex *r, pcre2_compile_context *context, const hone__regex_text *t, const char *pattern, size_t len)
{
    uint32_t options =
        PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | (t->named_groups ? PCRE2_NO_AUTO_CAPTURE : 0);
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    r->code = pcre2_compile((PCRE2_SPTR)(t->out.len ? t->out.data : ""), t->out.len, options, &error, &at, context);
    if (!r->code && error == PCRE2_ERROR_HEAP_FAILED)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a regular expression");
    if (!r->code) {
        char problem[200];
        pcre2_get_error_message(error, (PCRE2_UCHAR *)problem, sizeof problem);
        return fail_at(pattern, len, place_of(t, at), problem);
    }
    size_t size = 0;
    pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &size);
    if (size > MAX_COMPILED)
        return fail_at(pattern, len, 0, "it is too large when compiled");
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* without it the search is slower, no more */
    return HONE_OK;
}

static hone_status build(hone__regex *r, const hone__regex_text *t, const char *pattern, size_t len)
{
    r->memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = r->memory ? pcre2_compile_context_create(r->memory) : NULL;
    r->limits = context ? pcre2_match_context_create(r->memory) : NULL;
    hone_status status = r->limits ? HONE_OK : hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a regular expression");
    if (status == HONE_OK) {
        pcre2_set_match_limit(r->limits, MATCH_LIMIT);
        pcre2_set_heap_limit(r->limits, HEAP_LIMIT);
        status = compile(r, context, t, pattern, len);
    }
    pcre2_compile_context_free(context);
    return status;
}

hone_status hone__regex_compile(hone__regex **out, const char *pattern, size_t len)
{
    hone__regex_text t = {0};
    hone__regex *r = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    if (len > MAX_PATTERN)
        return hone__fail(HONE_FORMAT, "a regular expression of %zu bytes; at most %d are supported", len, MAX_PATTERN);
    status = hone__regex_translate(&t, pattern, len);
    if (t.problem)
        status = fail_at(pattern, len, t.problem_at, t.problem);
    if (status != HONE_OK)
        goto done;
    HONE_GO(HONE_NEW(&r, 1));
    HONE_GO(hone__strndup(&r->pattern, pattern, len));
    HONE_GO(build(r, &t, pattern, len));
    *out = r;
    r = NULL;
done:
    hone__regex_free(r);
    hone__regex_text_dispose(&t);
    return status;
}

hone_status hone__regex_scratch_new(void **out, const hone__regex *regex)
{
    *out = pcre2_match_data_create(1, regex->memory);
    return *out ? HONE_OK : hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a search");
}

void hone__regex_scratch_free(void *scratch)
{
    pcre2_match_data_free(scratch);
}

hone_status hone__regex_search(const hone__regex *regex, void *scratch, const char *text, size_t len, size_t from, size_t *start,
                               size_t *end, bool *found)
{
    int result = pcre2_match(regex->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK, scratch, regex->limits);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT)
        result = pcre2_match(regex->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch, regex->limits);
    *found = result >= 0;
    if (result == PCRE2_ERROR_NOMEMORY)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: a search");
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        return hone__fail(HONE_INVALID_ARGUMENT, "regular expression \"%.200s\" was given up after too many steps on a text of %zu bytes",
                          regex->pattern, len);
    if (*found) {
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scratch);
        *end = span[1] > from ? span[1] : from; /* \K may set either where no search looks for it */
        *start = span[0] < from ? from : span[0] > *end ? *end : span[0];
    }
    return HONE_OK;
}
