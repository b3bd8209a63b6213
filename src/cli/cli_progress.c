/* The progress bar: one line of a terminal, written anew.
 *
 *     training  42% |████████▌           | 76/180 steps, loss 0.1234, 655 tokens/s, 12.3/s, 00:08 left
 *     training  42% > evaluating  20% |██        | 12/60 batches, 31.0/s, 00:02 left
 *
 * When the terminal is narrow the bar gives way, then the rate, then the note from its end. A piece of work inside another (an evaluation) stands in the same line while it lasts, and does not count as the other's time.
 * Where standard error is no terminal there is no bar: long work is told of in a line every half minute. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MIN_BAR = 8, MAX_BAR = 30, MAX_TEXT = 256, MAX_LINE = 1024, LINE_SECONDS = 30, MAX_DEPTH = 2 };

/* A piece of work that is under way. */
typedef struct piece {
    char what[64];
    double start;       /* moved on by the time that a piece inside it took */
    int64_t first_done; /* what was done when it was first seen: a resumed run begins high */
    double fraction;    /* < 0: its total is not known */
} piece;

static piece pieces[MAX_DEPTH];
static int depth;        /* pieces under way */
static bool is_shown;    /* a bar stands in the terminal's line */
static double last_line; /* when a line was written that is no bar */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Whether the terminal is told to take UTF-8, as the C library decides it. */
static bool has_blocks(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8") || strstr(value, "utf-8");
    }
    return false;
}

/* ---- the parts of a line ---- */

static void put_amount(char *out, size_t size, const hone_progress *p)
{
    bool bytes = strcmp(p->unit, "bytes") == 0;
    double scale = p->done >= 1000000000 || p->total >= 1000000000 ? 1e9 : 1e6;
    const char *unit = scale == 1e9 ? "GB" : "MB";
    int decimals = scale == 1e9 ? 2 : 1;
    if (bytes && p->total > 0)
        snprintf(out, size, "%.*f of %.*f %s", decimals, (double)p->done / scale, decimals, (double)p->total / scale, unit);
    else if (bytes)
        snprintf(out, size, "%.*f %s", decimals, (double)p->done / scale, unit);
    else if (p->total > 0)
        snprintf(out, size, "%lld/%lld %s", (long long)p->done, (long long)p->total, p->unit);
    else
        snprintf(out, size, "%lld %s", (long long)p->done, p->unit);
}

static void put_rate(char *out, size_t size, const hone_progress *p, double rate)
{
    if (rate <= 0)
        *out = '\0';
    else if (strcmp(p->unit, "bytes") == 0)
        snprintf(out, size, ", %.1f MB/s", rate / 1e6);
    else
        snprintf(out, size, rate < 10 ? ", %.2f/s" : rate < 100 ? ", %.1f/s" : ", %.0f/s", rate);
}

static void put_time(char *out, size_t size, double time, const char *tail)
{
    long s = (long)(time + 0.5);
    if (s >= 3600)
        snprintf(out, size, ", %ld:%02ld:%02ld %s", s / 3600, s / 60 % 60, s % 60, tail);
    else
        snprintf(out, size, ", %02ld:%02ld %s", s / 60, s % 60, tail);
}

/* What stands behind the bar. level 0: all; 1: no rate; 2: of the note only what is before its first comma; 3: no note. */
static void put_tail(char *out, const hone_progress *p, double elapsed, int level)
{
    const char *note = p->note && level < 3 ? p->note : "";
    char amount[80], rate_text[32], time_text[48] = "";
    double moved = (double)(p->done - pieces[depth - 1].first_done), rate = elapsed > 0.2 ? moved / elapsed : 0;
    put_amount(amount, sizeof(amount), p);
    put_rate(rate_text, sizeof(rate_text), p, rate);
    if (p->finished)
        put_time(time_text, sizeof(time_text), elapsed, "in all");
    else if (rate > 0 && p->total > 0)
        put_time(time_text, sizeof(time_text), (double)(p->total - p->done) / rate, "left");
    snprintf(out, MAX_TEXT, "%s%s%.*s%s%s", amount, *note ? ", " : "", (int)(level < 2 ? strlen(note) : strcspn(note, ",")), note,
             level < 1 ? rate_text : "", time_text);
}

/* "training  42% > evaluating  20% " */
static void put_head(char *out)
{
    size_t n = 0;
    for (int i = 0; i < depth && n < MAX_TEXT; i++) {
        n += (size_t)snprintf(out + n, MAX_TEXT - n, "%s%s ", i > 0 ? "> " : "", pieces[i].what);
        if (pieces[i].fraction >= 0 && n < MAX_TEXT)
            n += (size_t)snprintf(out + n, MAX_TEXT - n, "%3d%% ", (int)(100 * pieces[i].fraction));
    }
}

/* Eighths of a column where the terminal has them. */
static void put_bar(char *out, size_t size, int width, double fraction)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    bool blocks = has_blocks();
    int parts = (int)(fraction * width * 8), full = parts / 8;
    size_t n = (size_t)snprintf(out, size, "|");
    for (int i = 0; i < width && n + 8 < size; i++) {
        const char *cell = i < full ? (blocks ? "█" : "#") : i == full && blocks && parts % 8 ? eighths[parts % 8] : " ";
        n += (size_t)snprintf(out + n, size - n, "%s", cell);
    }
    snprintf(out + n, size - n, "| ");
}

/* ---- the line ---- */

static int columns_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* Cuts a line to the terminal's columns, between characters. */
static void fit(char *line, int width)
{
    int columns = 0;
    for (char *p = line; *p; p++)
        if (((unsigned char)*p & 0xC0) != 0x80 && ++columns >= width) {
            *p = '\0';
            return;
        }
}

static void format_bar(char *line, const hone_progress *p, double elapsed)
{
    char head[MAX_TEXT] = "", tail[MAX_TEXT], bar[MAX_TEXT] = "";
    const piece *now = &pieces[depth - 1];
    int width = terminal_width(), room = 0;
    put_head(head);
    for (int level = 0; level < 4; level++) {
        put_tail(tail, p, elapsed, level);
        room = width - 1 - columns_of(head) - columns_of(tail) - 3;
        if (room >= (now->fraction >= 0 && level < 2 ? MIN_BAR : -3)) /* the note's beginning says more than the bar */
            break;
    }
    if (now->fraction >= 0 && room >= MIN_BAR)
        put_bar(bar, sizeof(bar), room < MAX_BAR ? room : MAX_BAR, now->fraction);
    snprintf(line, MAX_LINE, "%s%s%s", head, bar, tail);
    fit(line, width);
}

/* ---- which work is under way ---- */

/* Notices a piece that begins: inside the one that is under way, or in the place of one that was never finished. */
static void follow(const hone_progress *p)
{
    int i = 0;
    while (i < depth && strncmp(pieces[i].what, p->what, sizeof(pieces[i].what) - 1) != 0)
        i++;
    if (i == depth) { /* none of those that are under way */
        i = i < MAX_DEPTH ? i : MAX_DEPTH - 1;
        snprintf(pieces[i].what, sizeof(pieces[i].what), "%s", p->what);
        pieces[i].start = seconds();
        pieces[i].first_done = p->finished ? 0 : p->done;
        last_line = i == 0 ? pieces[i].start : last_line;
    }
    depth = i + 1;
    pieces[i].fraction = p->total > 0 ? (double)p->done / (double)p->total : -1;
}

/* The piece is done: what is around it goes on with its clock moved. */
static void leave(void)
{
    double taken = seconds() - pieces[--depth].start;
    if (depth > 0)
        pieces[depth - 1].start += taken;
}

static void show_bar(void *payload, const hone_progress *p)
{
    char line[MAX_LINE];
    (void)payload;
    follow(p);
    format_bar(line, p, seconds() - pieces[depth - 1].start);
    bool stays = p->finished && depth == 1;
    if (!p->finished || stays)
        fprintf(stderr, "\r\033[K%s%s", line, stays ? "\n" : "");
    fflush(stderr);
    is_shown = !stays;
    if (p->finished)
        leave();
}

static void show_line(void *payload, const hone_progress *p)
{
    char head[MAX_TEXT] = "", tail[MAX_TEXT];
    (void)payload;
    follow(p);
    double now = seconds(), elapsed = now - pieces[depth - 1].start;
    if (p->finished ? depth == 1 && elapsed >= LINE_SECONDS : now - last_line >= LINE_SECONDS) {
        put_head(head);
        put_tail(tail, p, elapsed, 0);
        fprintf(stderr, "hone: %s%s\n", head, tail);
        last_line = now;
    }
    if (p->finished)
        leave();
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
