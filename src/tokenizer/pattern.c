/* Patterns (pattern.h). */
#include "tokenizer/pattern.h"

#include "tokenizer/unicode.h"

#include <string.h>

void hone__pattern_dispose(hone__pattern *p)
{
    hone__regex_free(p->regex);
    hone__free(p->text);
    memset(p, 0, sizeof *p);
}

hone_status hone__pattern_read(hone__pattern *out, const json_t *value, const char *part, const char *name)
{
    const json_t *string = json_object_get(value, "String"), *regex = json_object_get(value, "Regex");
    const json_t *text = string ? string : regex;
    if (!json_is_string(text))
        return hone__fail(HONE_FORMAT, "%s: %s: \"pattern\" must be {\"String\": ...} or {\"Regex\": ...}", name, part);
    out->is_regex = !string;
    out->len = json_string_length(text);
    HONE_TRY(hone__strndup(&out->text, json_string_value(text), out->len));
    if (!out->is_regex)
        return HONE_OK;
    hone_status status = hone__regex_compile(&out->regex, out->text, out->len);
    return status == HONE_OK ? HONE_OK : hone__fail_in(status, "%s: %s", name, part);
}

void hone__pattern_write(const hone__pattern *p, hone_json_writer *w)
{
    hone__jw_key(w, "pattern");
    hone__jw_object(w);
    hone__jw_key(w, p->is_regex ? "Regex" : "String");
    hone__jw_string_n(w, p->text, p->len);
    hone__jw_end_object(w);
}

hone_status hone__matches_init(hone__matches *m, const hone__pattern *pattern)
{
    *m = (hone__matches){.pattern = pattern, .text = "", .last = SIZE_MAX};
    return pattern->regex ? hone__regex_scratch_new(&m->scratch, pattern->regex) : HONE_OK;
}

void hone__matches_dispose(hone__matches *m)
{
    if (m->scratch)
        hone__regex_scratch_free(m->scratch);
    m->scratch = NULL;
}

void hone__matches_start(hone__matches *m, const char *text, size_t len)
{
    m->text = text;
    m->len = len;
    m->at = 0;
    m->last = SIZE_MAX;
}

static hone_status search(hone__matches *m, size_t *start, size_t *end, bool *found)
{
    const hone__pattern *p = m->pattern;
    if (p->regex)
        return hone__regex_search(p->regex, m->scratch, m->text, m->len, m->at, start, end, found);
    const char *hit = p->len ? memmem(m->text + m->at, m->len - m->at, p->text, p->len) : m->text + m->at;
    *found = hit != NULL;
    *start = hit ? (size_t)(hit - m->text) : 0;
    *end = *start + p->len;
    return HONE_OK;
}

hone_status hone__matches_next(hone__matches *m, size_t *start, size_t *end, bool *found)
{
    for (;;) {
        *found = false;
        if (m->at > m->len)
            return HONE_OK;
        HONE_TRY(search(m, start, end, found));
        if (!*found)
            m->at = m->len + 1;
        if (!*found || *start != *end || *end != m->last)
            break;
        m->at += m->at < m->len ? hone__char_len((unsigned char)m->text[m->at]) : 1;
    }
    if (*found)
        m->at = m->last = *end;
    return HONE_OK;
}
