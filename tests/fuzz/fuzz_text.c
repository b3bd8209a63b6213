/* Any bytes as a file of text or of JSON: documents are UTF-8, counts add up, and the stream ends. The first byte chooses how the file is read. */
#include "fuzz/folder.h"

#include <hone/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = size > 0 ? data[0] : 0;
    hone_text_options options = HONE_TEXT_OPTIONS_INIT;
    hone_text_counts counts;
    hone_text_stream *s;
    hone_document doc;
    const char *paths[] = {put_file("text", data + (size > 0), size - (size > 0))};
    int64_t n = 0;
    uint64_t bytes = 0;
    options.format = how & 1 ? "jsonl" : "text";
    options.line_by_line = how & 2;
    options.raw_newlines = how & 4;
    if (hone_text_open(&s, paths, 1, &options) != HONE_OK)
        abort();
    while (hone_text_next(s, &doc)) {
        if (hone__utf8_valid(doc.data, doc.len) != doc.len)
            abort();
        n++;
        bytes += doc.len;
    }
    hone_text_counts_of(s, &counts);
    if (counts.n_documents != n || counts.bytes != bytes || (n == 0) != (hone_text_status(s) != HONE_OK))
        abort();
    if (counts.bytes_read > size)
        abort();
    hone_text_free(s);
    return 0;
}
