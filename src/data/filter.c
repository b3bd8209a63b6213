/* Filtering a stream by keywords, and a document as a line of JSON (the course's filter_streaming_dataset). */
#include <hone/text.h>

#include "base/json.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void report(const hone_text_stream *s, const hone_filter_counts *counts, bool end)
{
    char note[64];
    hone_text_counts seen;
    if (!end && !hone__progress_due())
        return;
    hone_text_counts_of(s, &seen);
    snprintf(note, sizeof(note), "%lld of %lld kept", (long long)counts->n_kept, (long long)counts->n_documents);
    (end ? hone__progress_end : hone__progress)("filtering", (int64_t)seen.bytes_read, (int64_t)seen.bytes_total, "bytes", note);
}

hone_status hone_text_filter(hone_filter_counts *counts, hone_text_stream *s, const hone_keywords *k, hone_document_fn keep, void *payload)
{
    hone_filter_counts own = {0, 0};
    hone_document doc;
    hone_status status = HONE_OK;
    while (status == HONE_OK && hone_text_next(s, &doc)) {
        own.n_documents++;
        if (hone_keywords_match(k, doc.data, doc.len)) {
            own.n_kept++;
            status = keep(payload, &doc);
        }
        report(s, &own, false);
    }
    if (status == HONE_OK)
        status = hone_text_status(s);
    report(s, &own, true);
    if (counts)
        *counts = own;
    return status;
}

hone_status hone_document_to_json(char **out, size_t *len, const hone_document *doc, const char *column)
{
    hone_str line = HONE_STR_INIT;
    *out = NULL;
    if (doc->json && !memchr(doc->json, '\n', doc->json_len)) {
        hone__str_append(&line, doc->json, doc->json_len);
    } else if (doc->json) { /* an entry of a pretty array: line breaks outside of strings are white space */
        for (size_t i = 0; i < doc->json_len; i++)
            hone__str_putc(&line, doc->json[i] == '\n' || doc->json[i] == '\r' ? ' ' : doc->json[i]);
    } else {
        hone_json_writer w = hone__json_writer(&line, 0);
        w.spaced = true;
        hone__jw_object(&w);
        hone__jw_key(&w, column ? column : "content");
        hone__jw_string_n(&w, doc->data, doc->len);
        hone__jw_put_string(&w, "path", doc->path);
        hone__jw_end_object(&w);
    }
    *len = line.len;
    hone_status status = hone__str_take(out, &line);
    hone__str_dispose(&line);
    return status;
}

void hone_text_free_json(char *json)
{
    hone__free(json);
}
