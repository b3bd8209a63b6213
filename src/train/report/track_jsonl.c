/* The JSON-lines log train_log.jsonl: an object for each entry of log_history, names sorted as trainer_state.json has them, NaN and Infinity as Python writes them. */
#include "metrics/metrics_json.h"
#include "train/report/track.h"

#include <string.h>

hone_status hone__track_keep_jsonl(hone_str *out, bool *changed, const char *text, size_t len, int64_t step)
{
    *changed = false;
    for (size_t at = 0, end; at < len; at = end) {
        const char *newline = memchr(text + at, '\n', len - at);
        json_t *object = NULL;
        bool keep = false;
        end = newline ? (size_t)(newline - text) + 1 : len;
        hone_status status = newline ? hone__json_parse(&object, text + at, end - at - 1, "line") : HONE_FORMAT;
        if (status == HONE_OUT_OF_MEMORY)
            return status;
        if (status == HONE_OK) {
            const json_t *number = json_object_get(object, "step");
            keep = json_is_integer(number) && json_integer_value(number) <= step;
        }
        json_decref(object);
        if (keep)
            hone__str_append(out, text + at, end - at);
        *changed = *changed || !keep;
    }
    return hone__str_status(out);
}

static hone_status open_jsonl(hone_tracker *t, const char *folder)
{
    hone_str kept = HONE_STR_INIT;
    hone_status status = hone__track_open_lines(t, &kept, folder, HONE__LOG_LINES, hone__track_keep_jsonl);
    hone__str_dispose(&kept);
    return status;
}

static hone_status add_line(hone_tracker *t, hone_str *line)
{
    hone__str_putc(line, '\n');
    hone_status status = hone__str_status(line);
    if (status == HONE_OK)
        status = hone__track_file_add(&t->file, line->data, line->len);
    hone__str_dispose(line);
    return status;
}

static hone_status log_jsonl(hone_tracker *t, int64_t step, const hone_metrics *metrics)
{
    hone_str line = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&line, 0);
    hone_metrics sorted = HONE_METRICS_INIT;
    hone_status status;
    HONE_GO(hone_metrics_update(&sorted, metrics));
    HONE_GO(hone_metrics_set_int(&sorted, "step", step));
    hone__metrics_sort(&sorted);
    w.spaced = true;
    hone__metrics_write(&w, &sorted);
    status = add_line(t, &line);
done:
    hone_metrics_dispose(&sorted);
    hone__str_dispose(&line);
    return status;
}

static hone_status log_text(hone_tracker *t, int64_t step, const char *tag, const char *text)
{
    hone_str line = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&line, 0);
    w.spaced = true;
    hone__jw_object(&w);
    hone__jw_put_string(&w, tag, text);
    hone__jw_put_int(&w, "step", step);
    hone__jw_end_object(&w);
    return add_line(t, &line);
}

static bool write_jsonl(hone_tracker *t)
{
    return hone__track_file_write(&t->file);
}

const hone_tracker_ops hone__track_jsonl = {open_jsonl, log_jsonl, log_text, NULL, write_jsonl};
