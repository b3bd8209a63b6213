/* What trackers read back when a run goes on: a JSON-lines log, a CSV log, an event file. The first byte says which, the second the step. */
#include "base/json.h"
#include "train/report/tfevents.h"
#include "train/report/track.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The step of a line of either log: a row of the table begins with it. */
static int64_t step_of(const char *line, size_t len)
{
    json_t *object = NULL;
    if (line[0] != '{')
        return strtoll(line, NULL, 10);
    if (hone__json_parse(&object, line, len, "line") != HONE_OK)
        abort();
    int64_t step = json_integer_value(json_object_get(object, "step"));
    json_decref(object);
    return step;
}

/* What is kept are whole lines up to the step, and is kept again as it is: a second cut changes nothing. */
static void keep(hone_status (*fn)(hone_str *, bool *, const char *, size_t, int64_t), const char *text, size_t len, int64_t step)
{
    hone_str once = HONE_STR_INIT, twice = HONE_STR_INIT;
    bool changed, again = true;
    if (fn(&once, &changed, text, len, step) != HONE_OK)
        abort();
    if (!changed && once.len != len)
        abort();
    if (fn(&twice, &again, once.data ? once.data : "", once.len, step) != HONE_OK || again || twice.len != once.len)
        abort();
    for (size_t at = 0, n = 0; at < once.len; at += n) {
        const char *newline = memchr(once.data + at, '\n', once.len - at);
        if (!newline)
            abort();
        n = (size_t)(newline - (once.data + at)) + 1;
        if ((at > 0 || once.data[0] == '{') && step_of(once.data + at, n - 1) > step)
            abort();
    }
    hone__str_dispose(&once);
    hone__str_dispose(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *text = (const char *)data + 2;
    size_t len = size - 2;
    if (data[0] % 3 == 0)
        keep(hone__track_keep_jsonl, text, len, data[1]);
    else if (data[0] % 3 == 1)
        keep(hone__track_keep_csv, text, len, data[1]);
    else if (hone__tf_whole(text, len) > len)
        abort();
    return 0;
}
