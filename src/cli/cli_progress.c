/* The progress bar: one line of a terminal, written anew.
 *
 *     tokenizing  42% |########            | 12.3 of 29.1 MB, 5.1 MB/s, 00:03 left, 4,103,221 tokens */
#include "cli/cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 20, MAX_LINE = 400 };

static bool is_shown;     /* a bar stands in the terminal's line */
static char what_now[64]; /* the piece of work that start is of */
static double start;
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

/* "3.1 MB" for bytes, "1,234" for all else (without the unit). */
static void put_count(char *out, size_t capacity, double value, bool bytes)
{
    if (bytes && value >= 1e9)
        snprintf(out, capacity, "%.2f GB", value / 1e9);
    else if (bytes)
        snprintf(out, capacity, "%.1f MB", value / 1e6);
    else if (value < 10)
        snprintf(out, capacity, "%.2f", value);
    else
        snprintf(out, capacity, "%.0f", value);
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
    int filled = (int)(fraction * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : ' ';
    bar[BAR_WIDTH] = '\0';
    return (size_t)snprintf(line, MAX_LINE, "%s %3.0f%% |%s| ", p->what, 100 * fraction, bar);
}

static void format_line(char *line, const hone_progress *p, double elapsed)
{
    bool bytes = strcmp(p->unit, "bytes") == 0;
    char done[32], total[32], rate_text[32], time_text[32];
    double moved = (double)(p->done - first_done), rate = elapsed > 0.2 ? moved / elapsed : 0;
    size_t n = 0;
    line[0] = '\0';
    if (p->total > 0)
        n = put_bar(line, p, (double)p->done / (double)p->total);
    else
        n = (size_t)snprintf(line, MAX_LINE, "%s ", p->what);
    put_count(done, sizeof(done), (double)p->done, bytes || p->done < 10);
    if (!bytes)
        snprintf(done, sizeof(done), "%lld", (long long)p->done);
    snprintf(total, sizeof(total), "%lld", (long long)p->total);
    if (bytes)
        put_count(total, sizeof(total), (double)p->total, true);
    if (p->total > 0)
        n += (size_t)snprintf(line + n, MAX_LINE - n, "%s of %s", done, total);
    else
        n += (size_t)snprintf(line + n, MAX_LINE - n, "%s", done);
    if (!bytes)
        n += (size_t)snprintf(line + n, MAX_LINE - n, " %s", p->unit);
    put_count(rate_text, sizeof(rate_text), rate, bytes);
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

static void show(void *payload, const hone_progress *p)
{
    char line[MAX_LINE + 64];
    (void)payload;
    if (strncmp(what_now, p->what, sizeof(what_now) - 1) != 0) {
        snprintf(what_now, sizeof(what_now), "%s", p->what);
        start = seconds();
        first_done = p->finished ? 0 : p->done;
    }
    format_line(line, p, seconds() - start);
    fit(line, terminal_width());
    fprintf(stderr, "\r\033[K%s%s", line, p->finished ? "\n" : "");
    fflush(stderr);
    is_shown = !p->finished;
    if (p->finished)
        what_now[0] = '\0';
}

void cli_show_progress(bool on)
{
    hone_set_progress(on && isatty(STDERR_FILENO) ? show : NULL, NULL);
}

void cli_clear_progress(void)
{
    if (is_shown)
        fprintf(stderr, "\r\033[K");
    is_shown = false;
}
