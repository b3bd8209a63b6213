/* The loss curve as SVG: training and evaluation loss over updates, the learning rate in a second panel below. Round ticks, titles, a legend that stands above the curves;
 * no font but the reader's sans-serif. Everything drawn comes from log_history. */
#include "train/trainer.h"

#include <math.h>

enum { WIDTH = 760, LEFT = 78, RIGHT = 24, TOP = 62, LOSS_HEIGHT = 300, GAP = 46, RATE_HEIGHT = 110, BOTTOM = 52 };
enum { HEIGHT = TOP + LOSS_HEIGHT + GAP + RATE_HEIGHT + BOTTOM };

static const char train_color[] = "#1f6fb4", eval_color[] = "#d1495b", rate_color[] = "#3a7d44";

/* A linear axis with round ticks. */
typedef struct axis {
    double low, high, step;
    double from, to; /* pixels of low and high */
} axis;

typedef struct extent {
    double low, high;
    size_t n;
} extent;

static void widen(extent *e, double value)
{
    if (!isfinite(value))
        return;
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
    axis a = {e->low, e->high, 1, from, to};
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

static double place(const axis *a, double value)
{
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

static void put_text(hone_str *out, double x, double y, const char *anchor, const char *text)
{
    hone__str_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, text);
}

static void put_y_axis(hone_str *out, const axis *y, const char *title)
{
    int n = (int)lround((y->high - y->low) / y->step);
    for (int i = 0; i <= n; i++) {
        double value = y->low + i * y->step, at = place(y, value);
        hone__str_printf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#e3e3e3\"/>\n", LEFT, at, WIDTH - RIGHT, at);
        hone__str_printf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 8, at + 4);
        put_number(out, value, y->step);
        hone__str_puts(out, "</text>\n");
    }
    double middle = (y->from + y->to) / 2;
    hone__str_printf(out, "<text x=\"18\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 18 %.1f)\">%s</text>\n", middle, middle,
                     title);
    hone__str_printf(out, "<path d=\"M%d %.1fV%.1fH%d\" fill=\"none\" stroke=\"#444\"/>\n", LEFT, y->to, y->from, WIDTH - RIGHT);
}

static void put_x_axis(hone_str *out, const axis *x, double bottom, bool numbers)
{
    for (double value = ceil(x->low / x->step - 1e-9) * x->step; value <= x->high + x->step * 1e-6; value += x->step) {
        double at = place(x, value);
        hone__str_printf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#444\"/>\n", at, bottom, at, bottom + 5);
        if (!numbers)
            continue;
        hone__str_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", at, bottom + 20);
        put_number(out, value, x->step);
        hone__str_puts(out, "</text>\n");
    }
}

/* The points of one quantity; a dot on each when asked for, or when there is only one. */
static void put_curve(hone_str *out, const hone_trainer *t, const char *name, const axis *x, const axis *y, const char *color, bool dots)
{
    double step, value;
    size_t n = 0;
    hone__str_printf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-linejoin=\"round\" points=\"", color);
    for (size_t i = 0; i < t->n_logs; i++)
        if (hone_metrics_get(&t->logs[i], name, &value) && hone_metrics_get(&t->logs[i], "step", &step) && isfinite(value)) {
            hone__str_printf(out, "%.1f,%.1f ", place(x, step), place(y, value));
            n++;
        }
    hone__str_puts(out, "\"/>\n");
    for (size_t i = 0; i < t->n_logs && (dots || n == 1); i++)
        if (hone_metrics_get(&t->logs[i], name, &value) && hone_metrics_get(&t->logs[i], "step", &step) && isfinite(value))
            hone__str_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", place(x, step), place(y, value), color);
}

static double put_key(hone_str *out, double x, const char *text, const char *color)
{
    hone__str_printf(out, "<line x1=\"%.1f\" y1=\"26\" x2=\"%.1f\" y2=\"26\" stroke=\"%s\" stroke-width=\"2.5\"/>\n", x, x + 24, color);
    put_text(out, x + 30, 30, "start", text);
    return x + 150;
}

static extent range_of(const hone_trainer *t, const char *name)
{
    extent e = {0, 0, 0};
    double value;
    for (size_t i = 0; i < t->n_logs; i++)
        if (hone_metrics_get(&t->logs[i], name, &value))
            widen(&e, value);
    return e;
}

static void put_loss_panel(hone_str *out, const hone_trainer *t, const axis *x)
{
    extent train = range_of(t, "loss"), eval = range_of(t, "eval_loss"), both = train;
    if (eval.n) {
        widen(&both, eval.low);
        widen(&both, eval.high);
    }
    axis y = make_axis(&both, 6, TOP + LOSS_HEIGHT, TOP);
    put_y_axis(out, &y, "loss");
    put_x_axis(out, x, TOP + LOSS_HEIGHT, false);
    double key = WIDTH - RIGHT - (eval.n ? 290 : 130);
    if (train.n) {
        put_curve(out, t, "loss", x, &y, train_color, false);
        key = put_key(out, key, "training loss", train_color);
    }
    if (eval.n) {
        put_curve(out, t, "eval_loss", x, &y, eval_color, true);
        put_key(out, key, "evaluation loss", eval_color);
    }
}

static void put_rate_panel(hone_str *out, const hone_trainer *t, const axis *x)
{
    extent rate = range_of(t, "learning_rate");
    double top = TOP + LOSS_HEIGHT + GAP, bottom = top + RATE_HEIGHT;
    widen(&rate, 0);
    axis y = make_axis(&rate, 3, bottom, top);
    put_y_axis(out, &y, "learning rate");
    put_x_axis(out, x, bottom, true);
    put_text(out, (LEFT + WIDTH - RIGHT) / 2.0, bottom + 42, "middle", "updates");
    put_curve(out, t, "learning_rate", x, &y, rate_color, false);
}

hone_status hone__trainer_plot(hone_str *svg, const hone_trainer *t)
{
    extent steps = {0, 0, 0};
    widen(&steps, 0);
    widen(&steps, (double)(t->state.global_step > 0 ? t->state.global_step : 1));
    axis x = {0, steps.high, round_step(steps.high, 7), LEFT, WIDTH - RIGHT};
    if (x.step < 1)
        x.step = 1;
    hone__str_printf(svg,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                     "font-family=\"sans-serif\" font-size=\"12\" "
                     "fill=\"#333\">\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
                     WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    hone__str_printf(svg, "<text x=\"%d\" y=\"31\" font-size=\"16\" font-weight=\"bold\">Loss curve</text>\n", LEFT);
    put_loss_panel(svg, t, &x);
    put_rate_panel(svg, t, &x);
    hone__str_puts(svg, "</svg>\n");
    return hone__str_status(svg);
}
