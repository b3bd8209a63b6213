/* What trackers read back when a run goes on: a JSON-lines log, a CSV log, an event file. The first byte says which, the second the step. */
#include "train/report/tfevents.h"
#include "train/report/track.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is kept is kept again as it is: a second cut changes nothing. */
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
