/* Two texts read line beside line (files.h). A line ends with LF or CRLF; what follows the last end is a line when it is not empty. */
#include "metrics/files.h"

#include <string.h>

hone_lines hone__lines_of(const char *name, const char *data, size_t len)
{
    bool has_mark = len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
    return (hone_lines){.name = name, .data = data, .len = len, .at = has_mark ? 3 : 0, .map = {"", 0, -1}};
}

hone_status hone__lines_open(hone_lines *out, const char *path)
{
    hone_mapping map = {"", 0, -1};
    char *owned = NULL;
    size_t len;
    *out = hone__lines_of(path, "", 0);
    if (hone__is_file(path)) {
        HONE_TRY(hone__map_file(&map, path));
        *out = hone__lines_of(path, map.data, map.len);
    } else {
        HONE_TRY(hone__read_file(&owned, &len, path, 0));
        *out = hone__lines_of(path, owned, len);
    }
    out->map = map;
    out->owned = owned;
    return HONE_OK;
}

void hone__lines_close(hone_lines *l)
{
    hone__unmap_file(&l->map);
    hone__free(l->owned);
    l->owned = NULL;
}

static bool next(hone_line *out, hone_lines *l)
{
    if (l->at >= l->len)
        return false;
    const char *text = l->data + l->at, *end = memchr(text, '\n', l->len - l->at);
    size_t len = end ? (size_t)(end - text) : l->len - l->at;
    l->at += len + (end != NULL);
    l->line++;
    while (len > 0 && text[len - 1] == '\r')
        len--;
    *out = (hone_line){text, len};
    return true;
}

static hone_status check(const hone_lines *l, const hone_line *line)
{
    if (memchr(line->text, '\0', line->len))
        return hone__fail(HONE_FORMAT, "%s:%lld: a NUL byte: this is no text", l->name, (long long)l->line);
    if (hone__utf8_valid(line->text, line->len) < line->len)
        return hone__fail(HONE_FORMAT, "%s:%lld: not UTF-8", l->name, (long long)l->line);
    return HONE_OK;
}

static hone_status fail_short(const hone_lines *shorter, const hone_lines *longer)
{
    hone_status status =
        hone__fail(HONE_FORMAT, "%s:%lld: the file ends, %s goes on", shorter->name, (long long)shorter->line + 1, longer->name);
    return hone__hint(status, "both files need the same number of lines");
}

hone_status hone__lines_next(bool *more, hone_line *reference, hone_line *prediction, hone_lines *references, hone_lines *predictions)
{
    bool has_reference = next(reference, references), has_prediction = next(prediction, predictions);
    *more = has_reference && has_prediction;
    if (has_reference != has_prediction)
        return has_reference ? fail_short(predictions, references) : fail_short(references, predictions);
    if (!*more)
        return HONE_OK;
    HONE_TRY(check(references, reference));
    return check(predictions, prediction);
}
