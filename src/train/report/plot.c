/* The curves of a run as SVG: training and evaluation loss over updates, the metrics of the evaluations, the learning rate with the gradient norm. Round ticks, a legend above each panel, epochs below the updates, the
 * best evaluation marked. Colours follow the reader's light or dark theme; no font but his own. Everything drawn comes from log_history. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 760, LEFT = 70, RIGHT = 26, TOP = 96, GAP = 50, LOSS_HEIGHT = 250, METRIC_HEIGHT = 150, RATE_HEIGHT = 90, BOTTOM = 62 };
enum { MAX_METRICS = 5, SMOOTH_FROM = 60 /* points */, LOG_FROM = 12 /* times the lowest loss */ };

/* Colours c0 …: training, evaluation and the first metric, further metrics; e: grid, f: text, g: quiet text, b: ground. */
static const char style[] =
    "<style>.b{fill:#fff}.f{fill:#24292f}.g{fill:#6e7781}.e{stroke:#d8dee4}.a{stroke:#8c959f;fill:none}.l{fill:none;stroke-width:2;stroke-"
    "linejoin:round}.t{opacity:.35;stroke-width:1.2}"
    ".c0{stroke:#0969da}.c1{stroke:#cf222e}.c2{stroke:#1a7f37}.c3{stroke:#9a6700}.c4{stroke:#8250df}.c5{stroke:#57606a}"
    ".d0{fill:#0969da}.d1{fill:#cf222e}.d2{fill:#1a7f37}.d3{fill:#9a6700}.d4{fill:#8250df}.d5{fill:#57606a}"
    "@media(prefers-color-scheme:dark){.b{fill:#0d1117}.f{fill:#e6edf3}.g{fill:#8d96a0}.e{stroke:#272d35}.a{stroke:#6e7681}"
    ".c0{stroke:#58a6ff}.c1{stroke:#ff7b72}.c2{stroke:#56d364}.c3{stroke:#e3b341}.c4{stroke:#bc8cff}.c5{stroke:#8d96a0}"
    ".d0{fill:#58a6ff}.d1{fill:#ff7b72}.d2{fill:#56d364}.d3{fill:#e3b341}.d4{fill:#bc8cff}.d5{fill:#8d96a0}}</style>\n";

/* ---- axes ---- */

/* An axis with round ticks; logarithmic: low and high are powers of ten's exponents. */
typedef struct axis {
    double low, high, step;
    double from, to; /* pixels of low and high */
    bool is_log;
} axis;

typedef struct extent {
    double low, high;
    size_t n;
} extent;

static void widen(extent *e, double value)
{
    e->low = e->n ? fmin(e->low, value) : value;
    e->high = e->n ? fmax(e->high, value) : value;
    e->n++;
}

/* The round number (1, 2, 5 times a power of ten) that makes about n ticks. */
static double round_step(double span, double n)
{
    double raw = span / n, power = pow(10, floor(log10(raw))), m = raw / power;
    return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * power;
}

static axis make_axis(const extent *e, double n_ticks, double from, double to)
{
    axis a = {e->low, e->high, 1, from, to, false};
    if (!e->n)
        a.low = 0, a.high = 1;
    if (a.high - a.low <= fabs(a.high) * 1e-9) {
        double pad = a.high != 0 ? fabs(a.high) * 0.1 : 1;
        a.low -= pad;
        a.high += pad;
    }
    a.step = round_step(a.high - a.low, n_ticks);
    a.low = floor(a.low / a.step + 1e-9) * a.step;
    a.high = ceil(a.high / a.step - 1e-9) * a.step;
    return a;
}

/* The next number of 1, 2, 5, 10, … from value on (up) or back. */
static double round_log(double value, bool up)
{
    double power = pow(10, floor(log10(value) + 1e-9)), m = value / power;
    if (up)
        return (m <= 1 + 1e-9 ? 1 : m <= 2 + 1e-9 ? 2 : m <= 5 + 1e-9 ? 5 : 10) * power;
    return (m < 2 - 1e-9 ? 1 : m < 5 - 1e-9 ? 2 : 5) * power;
}

/* For a quantity that falls to a small part of what it began with. */
static axis make_log_axis(const extent *e, double from, double to)
{
    return (axis){log10(round_log(e->low, false)), log10(round_log(e->high, true)), 0, from, to, true};
}

static double place(const axis *a, double value)
{
    value = a->is_log ? log10(value) : value;
    return a->from + (value - a->low) / (a->high - a->low) * (a->to - a->from);
}

/* Enough decimals for the step, no more; powers of ten where that would be long. */
static void put_number(hone_str *out, double value, double step)
{
    int decimals = (int)ceil(-log10(step) - 1e-9);
    if (fabs(value) < step * 1e-6)
        hone__str_puts(out, "0");
    else if (step < 1e-4 || fabs(value) >= 1e7)
        hone__str_printf(out, "%.3g", value);
    else
        hone__str_printf(out, "%.*f", decimals > 0 ? decimals : 0, value);
}

static void put_tick(hone_str *out, const axis *y, double value, bool lowest)
{
    double at = place(y, value);
    hone__str_printf(out, "<line class=\"%s\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n", lowest ? "a" : "e", LEFT, at, WIDTH - RIGHT,
                     at);
    hone__str_printf(out, "<text class=\"g\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 8, at + 4);
    if (y->is_log)
        hone__str_printf(out, "%.4g", value);
    else
        put_number(out, value, y->step);
    hone__str_puts(out, "</text>\n");
}

static void put_y_axis(hone_str *out, const axis *y)
{
    if (!y->is_log) {
        int n = (int)lround((y->high - y->low) / y->step);
        for (int i = 0; i <= n; i++)
            put_tick(out, y, y->low + i * y->step, i == 0);
        return;
    }
    bool all = y->high - y->low < 3; /* decades: 1, 2, 5; else 1 alone */
    double value = pow(10, y->low), end = pow(10, y->high);
    for (bool lowest = true; value <= end * (1 + 1e-9); lowest = false) {
        put_tick(out, y, value, lowest);
        do
            value = round_log(value * 1.01, true);
        while (!all && fabs(log10(value) - round(log10(value))) > 1e-6);
    }
}

static void put_ticks(hone_str *out, const axis *x, double bottom)
{
    for (double value = 0; value <= x->high + x->step * 1e-6; value += x->step)
        hone__str_printf(out, "<line class=\"a\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", place(x, value), bottom,
                         place(x, value), bottom + 4);
}

/* A row of numbers under the last panel: each `step` of a quantity of which one is worth `unit` updates; its name stands at the left. */
static void put_row(hone_str *out, const axis *x, double unit, double step, double at, const char *name)
{
    hone__str_printf(out, "<text class=\"f\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 14, at, name);
    for (double value = 0; value * unit <= x->high * (1 + 1e-9); value += step) {
        hone__str_printf(out, "<text class=\"g\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", place(x, value * unit), at);
        put_number(out, value, step);
        hone__str_puts(out, "</text>\n");
    }
}

/* ---- curves ---- */

/* A number that axes can be made for: their arithmetic stays within what a double holds. */
static bool get_number(const hone_metrics *entry, const char *name, double *value)
{
    if (!hone_metrics_get(entry, name, value) || !(fabs(*value) < 1e300))
        return false;
    *value = fabs(*value) < 1e-300 ? 0 : *value;
    return true;
}

/* The next point of a quantity, from entry *i on; step begins below 0. One a step: what is evaluated at the end once more may be the best model, which belongs to another step. */
static bool next_point(const hone_trainer *t, const char *name, size_t *i, double *step, double *value)
{
    double at;
    while (*i < t->n_logs) {
        const hone_metrics *entry = &t->logs[(*i)++];
        if (!get_number(entry, name, value) || !get_number(entry, "step", &at) || at == *step)
            continue;
        *step = at;
        return true;
    }
    return false;
}

static extent range_of(const hone_trainer *t, const char *name)
{
    extent e = {0, 0, 0};
    double step = -1, value;
    for (size_t i = 0; next_point(t, name, &i, &step, &value);)
        widen(&e, value);
    return e;
}

/* A line through the points of one quantity. keep > 0: through their running mean, of which each earlier point keeps that part (TensorBoard's smoothing). Points of one pixel are drawn as their mean. */
static void put_line(hone_str *out, const hone_trainer *t, const char *name, const axis *x, const axis *y, const char *class, double keep)
{
    double step = -1, value, sum_x = 0, sum_y = 0, mean = 0, weight = 0, n = 0, column = -1;
    hone__str_printf(out, "<polyline class=\"l %s\" points=\"", class);
    for (size_t i = 0; next_point(t, name, &i, &step, &value);) {
        mean = keep * mean + (1 - keep) * value;
        weight = keep * weight + (1 - keep);
        if (n > 0 && floor(place(x, step)) != column) {
            hone__str_printf(out, "%.1f,%.1f ", sum_x / n, sum_y / n);
            sum_x = sum_y = n = 0;
        }
        column = floor(place(x, step));
        sum_x += place(x, step), sum_y += place(y, mean / weight), n++;
    }
    if (n > 0)
        hone__str_printf(out, "%.1f,%.1f", sum_x / n, sum_y / n);
    hone__str_puts(out, "\"/>\n");
}

/* Dots that tell their numbers to a pointer; none where they would touch. */
static void put_dots(hone_str *out, const hone_trainer *t, const char *name, const axis *x, const axis *y, int color)
{
    double step = -1, value, radius = range_of(t, name).n > 40 ? 1.8 : 3;
    if (range_of(t, name).n > 120)
        return;
    for (size_t i = 0; next_point(t, name, &i, &step, &value);)
        hone__str_printf(out, "<circle class=\"d%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>update %.0f: %.6g</title></circle>\n", color,
                         place(x, step), place(y, value), radius, step, value);
}

static void put_curve(hone_str *out, const hone_trainer *t, const char *name, const axis *x, const axis *y, int color, bool dots)
{
    char class[16];
    size_t n = range_of(t, name).n;
    bool smooth = !dots && n >= SMOOTH_FROM && strcmp(name, "learning_rate") != 0;
    snprintf(class, sizeof(class), smooth ? "t c%d" : "c%d", color);
    put_line(out, t, name, x, y, class, 0);
    if (smooth) {
        snprintf(class, sizeof(class), "c%d", color);
        put_line(out, t, name, x, y, class, exp(-1 / (0.01 * (double)n)));
    }
    if (dots || n == 1)
        put_dots(out, t, name, x, y, color);
}

/* ---- panels ---- */

/* A title at the left of a panel's upper edge, and the key of its curves behind it. */
static double put_title(hone_str *out, double top, const char *title)
{
    hone__str_printf(out, "<text class=\"f\" x=\"%d\" y=\"%.1f\" font-weight=\"600\">%s</text>\n", LEFT, top - 14, title);
    return LEFT + 8.0 * (double)strlen(title) + 22;
}

static double put_key(hone_str *out, double at, double top, const char *text, int color)
{
    hone__str_printf(out, "<line class=\"l c%d\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", color, at, top - 18, at + 18,
                     top - 18);
    hone__str_printf(out, "<text class=\"g\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", at + 24, top - 14, text);
    return at + 24 + 6.6 * (double)strlen(text) + 20;
}

/* A ring around the lowest point of the evaluations, with its number. */
static void put_best(hone_str *out, const hone_trainer *t, const axis *x, const axis *y)
{
    double step = -1, value, best_step = 0, best = INFINITY;
    for (size_t i = 0; next_point(t, "eval_loss", &i, &step, &value);)
        if (value < best)
            best = value, best_step = step;
    if (!isfinite(best))
        return;
    double at = place(x, best_step), up = place(y, best);
    bool left = at > WIDTH - RIGHT - 70;
    hone__str_printf(out, "<circle class=\"l c1\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"/>\n", at, up);
    hone__str_printf(out, "<text class=\"d1\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%.4g</text>\n", left ? at - 2 : at + 2,
                     up - 12 > y->to ? up - 12 : up + 22, left ? "end" : "start", best);
}

/* Entries whose updates were not all finite: crosses at the upper edge. */
static double put_nonfinite(hone_str *out, const hone_trainer *t, const axis *x, double top, double key)
{
    double step = -1, n;
    size_t marks = 0;
    for (size_t i = 0; next_point(t, "nonfinite_steps", &i, &step, &n);) {
        if (n <= 0)
            continue;
        double at = place(x, step);
        hone__str_printf(out, "<path class=\"l c3\" d=\"M%.1f %.1fl8 8m0-8l-8 8\"><title>%.0f updates were not finite</title></path>\n",
                         at - 4, top - 4, n);
        marks++;
    }
    return marks > 0 ? put_key(out, key, top, "not finite", 3) : key;
}

static void put_loss_panel(hone_str *out, const hone_trainer *t, const axis *x, double top)
{
    extent train = range_of(t, "loss"), eval = range_of(t, "eval_loss"), both = train;
    if (eval.n) {
        widen(&both, eval.low);
        widen(&both, eval.high);
    }
    bool is_log = both.n && both.low > 1e-12 && both.high < 1e12 && both.high > LOG_FROM * both.low;
    axis y = is_log ? make_log_axis(&both, top + LOSS_HEIGHT, top) : make_axis(&both, 5, top + LOSS_HEIGHT, top);
    double key = put_title(out, top, is_log ? "loss (logarithmic)" : "loss");
    put_y_axis(out, &y);
    put_ticks(out, x, top + LOSS_HEIGHT);
    if (train.n) {
        put_curve(out, t, "loss", x, &y, 0, false);
        key = put_key(out, key, top, train.n >= SMOOTH_FROM ? "training, and smoothed" : "training", 0);
    }
    if (eval.n) {
        put_curve(out, t, "eval_loss", x, &y, 1, true);
        key = put_key(out, key, top, "evaluation", 1);
        put_best(out, t, x, &y);
    }
    put_nonfinite(out, t, x, top, key);
}

/* The metrics that are drawn: of those that the field names, the first few that the evaluations have. */
static size_t choose_metrics(const char **out, const hone_trainer *t)
{
    static const char *const names[] = {"eval_f1",      "eval_accuracy",  "eval_exact_match", "eval_matthews_correlation",
                                        "eval_exact",   "eval_spearmanr", "eval_precision",   "eval_recall",
                                        "eval_pearson", "eval_mse"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && n < MAX_METRICS; i++)
        if (range_of(t, names[i]).n > 0)
            out[n++] = names[i];
    return n;
}

static void put_metric_panel(hone_str *out, const hone_trainer *t, const axis *x, double top, const char *const *names, size_t n)
{
    static const int colors[MAX_METRICS] = {1, 2, 4, 3, 5};
    extent all = {0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        extent one = range_of(t, names[i]);
        widen(&all, one.low);
        widen(&all, one.high);
    }
    axis y = make_axis(&all, 4, top + METRIC_HEIGHT, top);
    double key = put_title(out, top, "metrics");
    put_y_axis(out, &y);
    put_ticks(out, x, top + METRIC_HEIGHT);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", names[i] + 5);
        for (char *p = text; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        put_curve(out, t, names[i], x, &y, colors[i], true);
        key = put_key(out, key, top, text, colors[i]);
    }
}

/* One quantity, from 0 on. */
static void put_small_panel(hone_str *out, const hone_trainer *t, const axis *x, double top, const char *name, const char *title, int color)
{
    extent e = range_of(t, name);
    widen(&e, 0);
    axis y = make_axis(&e, 3, top + RATE_HEIGHT, top);
    put_title(out, top, title);
    put_y_axis(out, &y);
    put_ticks(out, x, top + RATE_HEIGHT);
    put_curve(out, t, name, x, &y, color, false);
}

/* ---- the picture ---- */

static void put_escaped(hone_str *out, const char *text)
{
    for (; *text; text++)
        if (*text == '<' || *text == '&')
            hone__str_puts(out, *text == '<' ? "&lt;" : "&amp;");
        else
            hone__str_putc(out, (unsigned char)*text < 0x20 ? ' ' : *text);
}

static void put_head(hone_str *out, const hone_trainer *t, double height)
{
    double n = (double)hone_model_n_parameters(t->model);
    char name[256];
    hone__str_printf(out,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" "
                     "font-family=\"system-ui,sans-serif\" font-size=\"12\">\n",
                     WIDTH, height, WIDTH, height);
    hone__str_puts(out, style);
    hone__str_printf(out,
                     "<rect class=\"b\" width=\"%d\" height=\"%.0f\" rx=\"6\"/>\n<text class=\"f\" x=\"%d\" y=\"32\" font-size=\"16\" "
                     "font-weight=\"600\">",
                     WIDTH, height, LEFT);
    put_escaped(out, hone__trainer_name(t, name, sizeof(name)));
    hone__str_printf(
        out, "</text>\n<text class=\"g\" x=\"%d\" y=\"52\">%s, %.1f %s parameters; %lld updates of %lld rows, %.4g epoch%s</text>\n", LEFT,
        hone_model_type(t->model), n < 1e6 ? n / 1e3 : n / 1e6, n < 1e6 ? "thousand" : "million", (long long)t->state.global_step,
        (long long)(t->args.per_device_train_batch_size * t->args.gradient_accumulation_steps * t->comm->n_ranks), t->state.epoch,
        t->state.epoch == 1 ? "" : "s");
}

static void put_x_axis(hone_str *out, const hone_trainer *t, const axis *x, double bottom)
{
    double per_epoch = (double)t->updates_per_epoch;
    put_row(out, x, 1, x->step, bottom + 20, "updates");
    if (per_epoch > 0 && x->high >= per_epoch)
        put_row(out, x, per_epoch, fmax(1, round_step(x->high / per_epoch, 10)), bottom + 40, "epochs");
}

hone_status hone__trainer_plot(hone_str *svg, const hone_trainer *t)
{
    const char *metrics[MAX_METRICS];
    size_t n_metrics = choose_metrics(metrics, t);
    double last = t->state.global_step > 0 ? (double)t->state.global_step : 1;
    axis x = {0, last, fmax(1, round_step(last, 8)), LEFT, WIDTH - RIGHT, false};
    bool norm = range_of(t, "grad_norm").n > 0, rate = range_of(t, "learning_rate").n > 0;
    double top = TOP, height = TOP + LOSS_HEIGHT + (n_metrics ? GAP + METRIC_HEIGHT : 0) + (rate ? GAP + RATE_HEIGHT : 0) +
                               (norm ? GAP + RATE_HEIGHT : 0) + BOTTOM;
    put_head(svg, t, height);
    put_loss_panel(svg, t, &x, top);
    top += LOSS_HEIGHT;
    if (n_metrics > 0) {
        put_metric_panel(svg, t, &x, top + GAP, metrics, n_metrics);
        top += GAP + METRIC_HEIGHT;
    }
    if (rate) {
        put_small_panel(svg, t, &x, top + GAP, "learning_rate", "learning rate", 2);
        top += GAP + RATE_HEIGHT;
    }
    if (norm) {
        put_small_panel(svg, t, &x, top + GAP, "grad_norm", "gradient norm", 4);
        top += GAP + RATE_HEIGHT;
    }
    put_x_axis(svg, t, &x, top);
    hone__str_puts(svg, "</svg>\n");
    return hone__str_status(svg);
}
