/* Log lines and progress, from the inside (hone/log.h is the outside). */
#ifndef HONE_BASE_LOG_H
#define HONE_BASE_LOG_H

#include "base/error.h"
#include <hone/log.h>
#include <stdbool.h>

void hone__log(hone_log_level level, const char *format, ...) HONE__PRINTF(2, 3);

/* True when a call now would be shown (listener present, 50 ms since the last of this thread's piece): so that notes are only formatted when needed. */
bool hone__progress_due(void);
void hone__progress(const char *what, int64_t done, int64_t total, const char *unit, const char *note);
void hone__progress_end(const char *what, int64_t done, int64_t total, const char *unit, const char *note);

double hone__seconds(void); /* monotonic clock */

#endif
