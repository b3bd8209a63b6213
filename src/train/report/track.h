/* Trackers from the inside: track.c is the public face, track_file.c the file that is appended to, track_csv.c, track_jsonl.c and track_tensorboard.c the three kinds. */
#ifndef HONE_TRAIN_TRACK_H
#define HONE_TRAIN_TRACK_H

#include "base/file.h"
#include <hone/tracker.h>

/* Names in a run's folder: the lines, the table, and the folder of the runs' TensorBoard files. */
#define HONE__LOG_LINES "train_log.jsonl"
#define HONE__LOG_TABLE "train_log.csv"
#define HONE__LOG_RUNS  "runs"

/* ---- track_file.c: a file to which whole entries are appended, each with one write ---- */
typedef struct hone_track_file {
    int fd; /* -1: not open */
    char *path;
    hone_str pending; /* whole entries that the file has not taken yet */
    uint64_t whole;   /* bytes of the file's whole entries */
    bool failing;     /* it was said that nothing can be written */
    uint64_t n_lost;  /* entries for which pending had no room */
} hone_track_file;

/* Opens for appending; what stands behind `keep` bytes is cut off. exclusive: HONE_INVALID_ARGUMENT, without a message worth showing, when the file is there. */
hone_status hone__track_file_open(hone_track_file *f, const char *path, uint64_t keep, bool exclusive);
void hone__track_file_dispose(hone_track_file *f);
/* Takes an entry and tries to write. A file that takes nothing is a warning; HONE_OUT_OF_MEMORY is the one failure. */
hone_status hone__track_file_add(hone_track_file *f, const char *entry, size_t len);
hone_status hone__track_file_keep(hone_track_file *f, const char *entry, size_t len); /* takes it only */
/* Tries to write what is pending; true when nothing is left. */
bool hone__track_file_write(hone_track_file *f);
/* Says once that the file takes nothing, and once that it does again. */
void hone__track_file_tell(hone_track_file *f, bool written, const char *why);

/* ---- the kinds ---- */
struct hone_tracker {
    hone_tracker_kind kind;
    hone_tracker_options options;
    hone_track_file file;
    /* csv */
    char (*columns)[64];
    size_t n_columns, columns_capacity;
    bool head_is_old; /* the file's first line lacks columns */
};

typedef struct hone_tracker_ops {
    hone_status (*open)(hone_tracker *t, const char *folder);
    hone_status (*log)(hone_tracker *t, int64_t step, const hone_metrics *metrics);
    hone_status (*log_text)(hone_tracker *t, int64_t step, const char *tag, const char *text);                   /* NULL: passed over */
    hone_status (*log_histogram)(hone_tracker *t, int64_t step, const char *tag, const float *values, size_t n); /* NULL: passed over */
    bool (*write)(hone_tracker *t); /* tries to write what is pending */
} hone_tracker_ops;
extern const hone_tracker_ops hone__track_tensorboard, hone__track_csv, hone__track_jsonl;

/* Lines of a log that may be kept when its run goes on after `step`, appended to out: whole ones that can be read, of this step or earlier ones. *changed: something was left out. */
hone_status hone__track_keep_jsonl(hone_str *out, bool *changed, const char *text, size_t len, int64_t step);
/* The same of a CSV log; its first line gives the columns, "step" first. One that is none gives an empty log. */
hone_status hone__track_keep_csv(hone_str *out, bool *changed, const char *text, size_t len, int64_t step);
/* Opens a tracker's file of lines, `name` in folder. A run that goes on keeps what `keep`, one of the two, lets it: that is in kept then. */
hone_status hone__track_open_lines(hone_tracker *t, hone_str *kept, const char *folder, const char *name,
                                   hone_status (*keep)(hone_str *out, bool *changed, const char *text, size_t len, int64_t step));
/* The columns behind "step" of a CSV log's first line; true when it is one. */
hone_status hone__track_read_head(hone_tracker *t, const char *text, size_t len, bool *is_head);

#endif
