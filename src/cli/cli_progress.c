/* The progress bar: one line of a terminal, written anew.
 *
 *     tokenizing  42% |########            | 12.3 MB of 29.1 MB, 5.1 MB/s, 00:03 left, 4103221 tokens
 *
 * Where standard error is no terminal, long work is told of in a line every half minute. */
#include "cli/cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 20, NARROW_BAR_WIDTH = 8, NARROW = 110, MAX_LINE = 400, LINE_SECONDS = 30 };

static bool is_shown;     /* a bar stands in the terminal's line */
static char what_now[64]; /* the piece of work that start is of */
static double start;
static double last_line;   /* when a line was written that is no bar */
static int64_t first_done; /* what was done when the piece was first seen: a resumed run begins high */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void put_bytes(char *out, size_t capacity, double value)
{
    if (value >= 1e9)
        snprintf(out, capacity, "%.2f GB", value / 1e9);
    else
        snprintf(out, capacity, "%.1f MB", value / 1e6);
}

static void put_amount(char *out, size_t capacity, int64_t value, bool bytes)
{
    if (bytes)
        put_bytes(out, capacity, (double)value);
    else
        snprintf(out, capacity, "%lld", (long long)value);
}

static void put_rate(char *out, size_t capacity, double value, bool bytes)
{
    if (bytes)
        put_bytes(out, capacity, value);
    else
        snprintf(out, capacity, value < 10 ? "%.2f" : "%.0f", value);
}

static void put_time(char *out, size_t capacity, double left)
{
    long s = (long)(left + 0.5);
    if (s >= 3600)
        snprintf(out, capacity, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, capacity, "%02ld:%02ld", s / 60, s % 60);
}

static size_t put_bar(char *line, const hone_progress *p, double fraction)
{
    char bar[BAR_WIDTH + 1];
    int width = terminal_width() < NARROW ? NARROW_BAR_WIDTH : BAR_WIDTH, filled = (int)(fraction * width);
    for (int i = 0; i < width; i++)
        bar[i] = i < filled ? '#' : ' ';
    bar[width] = '\0';
    return (size_t)snprintf(line, MAX_LINE, "%s %3.0f%% |%s| ", p->what, 100 * fraction, bar);
}

static void format_line(char *line, const hone_progress *p, double elapsed, bool bar)
{
    bool bytes = strcmp(p->unit, "bytes") == 0;
    char done[32], total[32], rate_text[32], time_text[32];
    double moved = (double)(p->done - first_done), rate = elapsed > 0.2 ? moved / elapsed : 0;
    size_t n = 0;
    line[0] = '\0';
    if (bar && p->total > 0)
        n = put_bar(line, p, (double)p->done / (double)p->total);
    else
        n = (size_t)snprintf(line, MAX_LINE, "%s ", p->what);
    put_amount(done, sizeof(done), p->done, bytes);
    put_amount(total, sizeof(total), p->total, bytes);
    if (p->total > 0)
        n += (size_t)snprintf(line + n, MAX_LINE - n, "%s of %s", done, total);
    else
        n += (size_t)snprintf(line + n, MAX_LINE - n, "%s", done);
    if (!bytes)
        n += (size_t)snprintf(line + n, MAX_LINE - n, " %s", p->unit);
    put_rate(rate_text, sizeof(rate_text), rate, bytes);
    put_time(time_text, sizeof(time_text), p->finished ? elapsed : rate > 0 ? (double)(p->total - p->done) / rate : 0);
    if (rate > 0)
        n += (size_t)snprintf(line + n, MAX_LINE - n, ", %s/s", rate_text);
    if (p->finished || (rate > 0 && p->total > 0))
        n += (size_t)snprintf(line + n, MAX_LINE - n, ", %s %s", time_text, p->finished ? "in all" : "left");
    if (p->note && n < MAX_LINE)
        snprintf(line + n, MAX_LINE - n, ", %s", p->note);
}

/* Cuts a line to the terminal's columns, between characters. */
static void fit(char *line, int width)
{
    int columns = 0;
    for (char *p = line; *p; p++) {
        if (((unsigned char)*p & 0xC0) == 0x80)
            continue;
        if (++columns >= width) {
            *p = '\0';
            return;
        }
    }
}

/* Notices when another piece of work begins. */
static void follow(const hone_progress *p)
{
    if (strncmp(what_now, p->what, sizeof(what_now) - 1) == 0)
        return;
    snprintf(what_now, sizeof(what_now), "%s", p->what);
    start = last_line = seconds();
    first_done = p->finished ? 0 : p->done;
}

static void show_bar(void *payload, const hone_progress *p)
{
    char line[MAX_LINE + 64];
    (void)payload;
    follow(p);
    format_line(line, p, seconds() - start, true);
    fit(line, terminal_width());
    fprintf(stderr, "\r\033[K%s%s", line, p->finished ? "\n" : "");
    fflush(stderr);
    is_shown = !p->finished;
    if (p->finished)
        what_now[0] = '\0';
}

static void show_line(void *payload, const hone_progress *p)
{
    char line[MAX_LINE + 64];
    (void)payload;
    follow(p);
    double now = seconds();
    if (p->finished ? now - start >= LINE_SECONDS : now - last_line >= LINE_SECONDS) {
        format_line(line, p, now - start, false);
        fprintf(stderr, "hone: %s\n", line);
        last_line = now;
    }
    if (p->finished)
        what_now[0] = '\0';
}

void cli_show_progress(bool on)
{
    hone_set_progress(!on ? NULL : isatty(STDERR_FILENO) ? show_bar : show_line, NULL);
}

void cli_clear_progress(void)
{
    if (is_shown)
        fprintf(stderr, "\r\033[K");
    is_shown = false;
}
