/* The picture of a run: what is drawn, what cannot be drawn (numbers that are not finite, no entries at all), names that XML must not see as they are. */
#include "tiny.h"

typedef struct drawing {
    hone_model *model;
    hone_trainer *t;
    hone_str svg;
} drawing;

static void begin(drawing *d, const char *folder)
{
    hone_training_args a = HONE_TRAINING_ARGS_INIT;
    *d = (drawing){.model = tiny_model(false), .svg = HONE_STR_INIT};
    a.output_dir = folder;
    assert_ok(hone_trainer_new(&d->t, d->model, &a, NULL));
}

static void end(drawing *d)
{
    hone__str_dispose(&d->svg);
    hone_trainer_free(d->t);
    hone_model_free(d->model);
}

static void entry(drawing *d, int64_t step, const char *name, double value)
{
    hone_metrics m = HONE_METRICS_INIT;
    d->t->state.global_step = step;
    assert_ok(hone_metrics_set(&m, name, value));
    assert_ok(hone_metrics_set_int(&m, "step", step));
    if (isnan(value))
        assert_ok(hone_metrics_set_int(&m, "nonfinite_steps", 3));
    assert_ok(hone__trainer_append_log(d->t, &m));
    hone_metrics_dispose(&m);
}

static void draw(drawing *d)
{
    assert_ok(hone__trainer_plot(&d->svg, d->t));
    assert_null(strstr(d->svg.data, "nan"));
    assert_null(strstr(d->svg.data, "inf\""));
    assert_null(strstr(d->svg.data, "inf,"));
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++)
        n++;
    return n;
}

static void curves(void **state)
{
    drawing d;
    (void)state;
    begin(&d, "runs/<a&b>/");
    for (int i = 1; i <= 10; i++) {
        entry(&d, 10 * i, "loss", i == 4 ? NAN : 3.0 / i);
        entry(&d, 10 * i, "eval_loss", i == 7 ? 0.125 : 1);
        entry(&d, 10 * i, "eval_f1", 0.05 * i);
    }
    draw(&d);
    assert_non_null(strstr(d.svg.data, ">&lt;a&amp;b><"));
    assert_non_null(strstr(d.svg.data, ">0.125</text>")); /* the best evaluation */
    assert_non_null(strstr(d.svg.data, ">f1</text>"));
    assert_non_null(strstr(d.svg.data, "3 updates were not finite"));
    assert_int_equal(count(d.svg.data, "<polyline"), 3);
    assert_int_equal(count(d.svg.data, "<title>update"), 20);
    assert_non_null(strstr(d.svg.data, "prefers-color-scheme:dark"));
    end(&d);
}

/* The best model is evaluated once more at the end, under the last step's number: it is no point of that step. */
static void evaluated_twice(void **state)
{
    drawing d;
    (void)state;
    begin(&d, "best");
    entry(&d, 10, "eval_loss", 0.25);
    entry(&d, 20, "eval_loss", 0.5);
    entry(&d, 20, "eval_loss", 0.25);
    draw(&d);
    assert_int_equal(count(d.svg.data, "<title>update"), 2);
    assert_non_null(strstr(d.svg.data, "update 20: 0.5<"));
    assert_null(strstr(d.svg.data, "update 20: 0.25<"));
    end(&d);
}

/* Ten thousand entries make no file that is larger for it, and a smoothed line beside the raw one. */
static void many_entries(void **state)
{
    drawing d;
    (void)state;
    begin(&d, "long");
    for (int i = 1; i <= 10000; i++)
        entry(&d, i, "loss", 1 + 1.0 / i);
    draw(&d);
    assert_true(d.svg.len < 40000);
    assert_int_equal(count(d.svg.data, "<polyline"), 2);
    assert_non_null(strstr(d.svg.data, "smoothed"));
    end(&d);
}

/* A loss that falls to a hundredth is drawn on a logarithmic axis, unless it is 0 or less somewhere. */
static void logarithmic(void **state)
{
    drawing d;
    (void)state;
    for (int zero = 0; zero < 2; zero++) {
        begin(&d, "log");
        for (int i = 0; i <= 10; i++)
            entry(&d, i + 1, "loss", i == 10 && zero ? 0 : 3 * pow(10, -0.2 * i));
        draw(&d);
        assert_int_equal(strstr(d.svg.data, "logarithmic") == NULL, zero);
        assert_int_equal(count(d.svg.data, ">0.05</text>"), !zero);
        assert_int_equal(count(d.svg.data, ">5</text>"), !zero);
        end(&d);
    }
}

static void little(void **state)
{
    drawing d;
    (void)state;
    begin(&d, "none");
    draw(&d);
    assert_int_equal(count(d.svg.data, "<polyline"), 0);
    end(&d);
    begin(&d, "one");
    entry(&d, 1, "loss", 2);
    draw(&d);
    assert_int_equal(count(d.svg.data, "<circle"), 1);
    end(&d);
    begin(&d, "huge");
    entry(&d, 1, "loss", 1e300);
    entry(&d, 2, "loss", INFINITY);
    draw(&d);
    end(&d);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(curves), cmocka_unit_test(evaluated_twice), cmocka_unit_test(many_entries),
                                          cmocka_unit_test(logarithmic), cmocka_unit_test(little)};
TEST_MAIN(tests)
