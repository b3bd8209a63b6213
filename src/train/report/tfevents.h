/* TensorBoard's event files, byte by byte: records (TFRecord) of events (protobuf). See tfevents.c for where the formats stand. */
#ifndef HONE_TRAIN_TFEVENTS_H
#define HONE_TRAIN_TFEVENTS_H

#include "base/str.h"

uint32_t hone__crc32c(const void *data, size_t len);

/* Values of a summary, appended to it; the text and the tags are UTF-8. */
void hone__tf_scalar(hone_str *summary, const char *tag, double value);
void hone__tf_text(hone_str *summary, const char *tag, const char *text);
void hone__tf_histogram(hone_str *summary, const char *tag, const float *values, size_t n);

/* Records, appended to out: the first of a file; "what was told of this step and later ones does not hold"; a summary. wall_time: seconds since 1970. */
void hone__tf_put_version(hone_str *out, double wall_time);
void hone__tf_put_start(hone_str *out, double wall_time, int64_t step);
void hone__tf_put_summary(hone_str *out, double wall_time, int64_t step, const hone_str *summary);

/* How many bytes of a file are whole records: what a killed writer left behind them is torn. */
size_t hone__tf_whole(const char *data, size_t len);

#endif
