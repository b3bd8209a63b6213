/* Trackers: where the numbers of a run go while it runs, for TensorBoard, for a spreadsheet, for a program. The trainer has one for each name of --report_to; a loop of one's own opens them itself.
 *
 *     hone_tracker *tracker = NULL;
 *     CHECK(hone_tracker_open(&tracker, "tensorboard", "runs/first", NULL));
 *     CHECK(hone_tracker_log(tracker, step, &metrics));
 *     hone_tracker_free(tracker);
 *
 * Each entry is on its way to the disk when the call returns: a killed process loses none. When there is no room the tracker says so once, keeps the entries (a megabyte of them), and writes them when there is: logging
 * never ends a run. */
#ifndef HONE_TRACKER_H
#define HONE_TRACKER_H

#include <hone/metrics.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thread at a time uses a tracker. */
typedef struct hone_tracker hone_tracker;

/* X(enumerator suffix, name) */
#define HONE_TRACKER_MAP(X)       \
    X(TENSORBOARD, "tensorboard") \
    X(CSV, "csv")                 \
    X(JSONL, "jsonl")

typedef enum hone_tracker_kind {
#define X(suffix, name) HONE_TRACKER_##suffix,
    HONE_TRACKER_MAP(X)
#undef X
        HONE_N_TRACKERS
} hone_tracker_kind;

typedef struct hone_tracker_options {
    /* >= 0: the run goes on after this step. What the folder's log tells of later steps is taken back, so that no step appears twice: lines are cut off, TensorBoard is told to forget them. < 0: a new run; csv and
     * jsonl begin with an empty file, tensorboard with a file beside those that are there. */
    int64_t resume_step;
    /* tensorboard: loss becomes train/loss, eval_f1 eval/f1, test_f1 test/f1, as the reference's Trainer names them. false: names as they are, as accelerate's. */
    bool group_names;
} hone_tracker_options;
#define HONE_TRACKER_OPTIONS_INIT \
    {                             \
        -1, false                 \
    }

/* Opens the log of that kind in folder, which is made when it is not there: "tensorboard": events.out.tfevents.TIME.HOST.PID.N; "csv": train_log.csv, a row for each entry, a column for each name (new names add columns: the
 * file is then written anew, aside, and renamed); "jsonl": train_log.jsonl, an object a line. options NULL: the defaults. HONE_INVALID_ARGUMENT for another kind; HONE_IO when the folder cannot be made or written to. */
HONE_API hone_status hone_tracker_open(hone_tracker **out, const char *kind, const char *folder, const hone_tracker_options *options);
/* Which kind it is. */
HONE_API hone_tracker_kind hone_tracker_get_kind(const hone_tracker *tracker);
/* The file that it writes. Lent. */
HONE_API const char *hone_tracker_path(const hone_tracker *tracker);
/* One entry: numbers of a step. A number called "step" is not logged as a scalar; in the lines it is there in any case. Fails only for want of memory. */
HONE_API hone_status hone_tracker_log(hone_tracker *tracker, int64_t step, const hone_metrics *metrics);
/* A text (UTF-8; Markdown in TensorBoard) under a tag: {"TAG": text, "step": N} in jsonl; csv has no texts and passes it over. */
HONE_API hone_status hone_tracker_log_text(hone_tracker *tracker, int64_t step, const char *tag, const char *text);
/* How n numbers are spread, in TensorBoard's buckets (widths growing by a tenth; numbers that are not finite are left out); csv and jsonl pass it over. */
HONE_API hone_status hone_tracker_log_histogram(hone_tracker *tracker, int64_t step, const char *tag, const float *values, size_t n);
/* Tries again what could not be written, and waits until the disk has it (fsync). HONE_IO when it has not. */
HONE_API hone_status hone_tracker_flush(hone_tracker *tracker);
/* Writes what is left and closes; NULL is legal. */
HONE_API void hone_tracker_free(hone_tracker *tracker);

#ifdef __cplusplus
}
#endif
#endif
