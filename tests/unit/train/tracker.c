/* Trackers: what stands in the files, what a run that goes on keeps of them, disks that take nothing. */
#include "unit/train/tfevents.h"
#include "base/log.h"
#include "train/report/tfevents.h"
#include "train/report/track.h"

#include <float.h>
#include <math.h>
#include <sys/resource.h>
#include <signal.h>
#include <time.h>

static void log_at(hone_tracker *t, int64_t step, const char *name, double value)
{
    hone_metrics m = HONE_METRICS_INIT;
    assert_ok(hone_metrics_set(&m, name, value));
    assert_ok(hone_metrics_set(&m, "epoch", (double)step / 10));
    assert_ok(hone_metrics_set_int(&m, "step", step));
    assert_ok(hone_tracker_log(t, step, &m));
    hone_metrics_dispose(&m);
}

static hone_tracker *open_at(const char *kind, const char *folder, int64_t resume_step)
{
    hone_tracker *t = NULL;
    assert_ok(hone_tracker_open(&t, kind, folder, &(hone_tracker_options){resume_step, true}));
    return t;
}

static void assert_text(const char *path, const char *expected)
{
    size_t len;
    char *text = test_read(path, &len);
    assert_string_equal(text, expected);
    hone__free(text);
}

static void append(const char *path, const char *tail, size_t len)
{
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    assert_int_equal(fwrite(tail, 1, len, f), len);
    fclose(f);
}

/* ---- event files ---- */

/* RFC 3720, B.4, and the empty text. */
static void crc(void **state)
{
    char zeros[32] = {0}, ones[32], up[32];
    (void)state;
    memset(ones, 0xff, sizeof(ones));
    for (int i = 0; i < 32; i++)
        up[i] = (char)i;
    assert_int_equal(hone__crc32c("", 0), 0);
    assert_int_equal(hone__crc32c("123456789", 9), 0xe3069283u);
    assert_int_equal(hone__crc32c(zeros, 32), 0x8a9136aau);
    assert_int_equal(hone__crc32c(ones, 32), 0x62a8ab43u);
    assert_int_equal(hone__crc32c(up, 32), 0x46dd794eu);
}

static void tensorboard(void **state)
{
    hone_tracker *t = open_at("tensorboard", test_temp("tb"), -1);
    (void)state;
    assert_int_equal(hone_tracker_get_kind(t), HONE_TRACKER_TENSORBOARD);
    log_at(t, 10, "loss", 2.5);
    log_at(t, 10, "eval_f1", 0.75);
    log_at(t, (int64_t)1 << 40, "test_loss", NAN);
    assert_ok(hone_tracker_log_text(t, 0, "args", "{\"a\": 1} ü"));
    char path[4200];
    snprintf(path, sizeof(path), "%s", hone_tracker_path(t));
    read_events e = read_event_file(path); /* before the tracker is closed: it is all there */
    assert_string_equal(e.version, "brain.Event:2");
    assert_int_equal(e.start_step, -1);
    assert_int_equal(e.n, 7);
    assert_true(find_value(&e, "train/loss", 10)->simple == 2.5f);
    assert_true(find_value(&e, "train/epoch", 10)->simple == 1.0f);
    assert_true(find_value(&e, "eval/f1", 10)->simple == 0.75f);
    assert_true(isnan(find_value(&e, "test/loss", (int64_t)1 << 40)->simple));
    assert_null(find_value(&e, "train/step", 10));
    assert_string_equal(find_value(&e, "args/text_summary", 0)->text, "{\"a\": 1} ü");
    assert_string_equal(find_value(&e, "args/text_summary", 0)->plugin, "text");
    assert_true(fabs(e.values[0].wall_time - (double)time(NULL)) < 60);
    free(e.values);
    hone_tracker_free(t);
}

static void plain_names(void **state)
{
    hone_tracker *t = NULL;
    (void)state;
    assert_ok(hone_tracker_open(&t, "tensorboard", test_temp("plain"), NULL));
    log_at(t, 3, "eval_loss", 1);
    read_events e = read_event_file(hone_tracker_path(t));
    assert_non_null(find_value(&e, "eval_loss", 3));
    free(e.values);
    hone_tracker_free(t);
}

/* Figures of torch.utils.tensorboard.summary.make_histogram(values, bins) with the bins of histogram(name, values, "tensorflow"), torch 2.9, numpy 2. */
static void histogram(void **state)
{
    const float values[] = {-1.5f, 0, 0, 1e-13f, 0.25f, 0.26f, 3e8f, NAN, INFINITY, -1.5f};
    hone_tracker *t = open_at("tensorboard", test_temp("histogram"), -1);
    (void)state;
    assert_ok(hone_tracker_log_histogram(t, 5, "weights/a", values, sizeof(values) / sizeof(*values)));
    read_events e = read_event_file(hone_tracker_path(t));
    const read_value *v = find_value(&e, "weights/a", 5);
    double total = 0;
    assert_non_null(v);
    assert_true(v->has_histogram && v->n == 8 && v->low == -1.5 && v->high == (double)3e8f);
    assert_true(v->n_edges == v->n_counts && v->counts[0] == 0 && v->counts[1] == 2);
    assert_true(v->edges[0] <= -1.5 && v->edges[1] > -1.5);
    for (size_t i = 1; i < v->n_edges; i++) {
        double inside = 0;
        assert_true(v->edges[i] > v->edges[i - 1]);
        for (size_t k = 0; k < sizeof(values) / sizeof(*values); k++)
            inside += values[k] >= v->edges[i - 1] && values[k] < v->edges[i];
        assert_true(v->counts[i] == inside);
        total += v->counts[i];
    }
    assert_true(total == 8);
    free(e.values);
    hone_tracker_free(t);
}

/* A torn record is cut off, and a second file tells TensorBoard from where on steps are told again. */
static void tensorboard_goes_on(void **state)
{
    char first[4200], folder[4200];
    (void)state;
    snprintf(folder, sizeof(folder), "%s", test_temp("tb2"));
    hone_tracker *t = open_at("tensorboard", folder, -1);
    log_at(t, 1, "loss", 1);
    snprintf(first, sizeof(first), "%s", hone_tracker_path(t));
    hone_tracker_free(t);
    append(first, "\x20\0\0\0\0\0\0\0torn", 12);
    t = open_at("tensorboard", folder, 1);
    log_at(t, 2, "loss", 2);
    read_events a = read_event_file(first), b = read_event_file(hone_tracker_path(t));
    assert_int_equal(a.n, 2);
    assert_int_equal(b.start_step, 2);
    assert_true(strcmp(first, hone_tracker_path(t)) < 0);
    free(a.values);
    free(b.values);
    hone_tracker_free(t);
}

static void torn_records(void **state)
{
    hone_str file = HONE_STR_INIT;
    (void)state;
    hone__tf_put_version(&file, 1);
    size_t first = file.len;
    hone__tf_put_start(&file, 1, 7);
    assert_int_equal(hone__tf_whole(file.data, file.len), file.len);
    for (size_t len = 0; len < file.len; len++)
        assert_int_equal(hone__tf_whole(file.data, len), len < first ? 0 : first);
    for (size_t i = 0; i < file.len; i++) { /* any byte that is wrong ends it */
        file.data[i] = (char)(file.data[i] ^ 4);
        assert_int_equal(hone__tf_whole(file.data, file.len), i < first ? 0 : first);
        file.data[i] = (char)(file.data[i] ^ 4);
    }
    hone__str_dispose(&file);
}

/* ---- lines and tables ---- */

static void jsonl(void **state)
{
    hone_tracker *t = open_at("jsonl", test_temp("jsonl"), -1);
    char path[4200];
    (void)state;
    snprintf(path, sizeof(path), "%s", hone_tracker_path(t));
    log_at(t, 1, "loss", 0.1);
    log_at(t, 2, "loss", NAN);
    assert_ok(hone_tracker_log_text(t, 2, "note", "a\n\"b\""));
    assert_ok(hone_tracker_log_histogram(t, 2, "h", NULL, 0));
    assert_text(path, "{\"epoch\": 0.1, \"loss\": 0.1, \"step\": 1}\n{\"epoch\": 0.2, \"loss\": NaN, \"step\": 2}\n"
                      "{\"note\": \"a\\n\\\"b\\\"\", \"step\": 2}\n");
    log_at(t, 3, "loss", 3);
    hone_tracker_free(t);
    append(path, "{\"step\": 1, \"loss\": ", 20);
    t = open_at("jsonl", test_temp("jsonl"), 1);
    log_at(t, 2, "loss", 2);
    hone_tracker_free(t);
    assert_text(path, "{\"epoch\": 0.1, \"loss\": 0.1, \"step\": 1}\n{\"epoch\": 0.2, \"loss\": 2.0, \"step\": 2}\n");
    hone_tracker_free(open_at("jsonl", test_temp("jsonl"), -1)); /* another run */
    assert_text(path, "");
}

static void csv(void **state)
{
    hone_tracker *t = open_at("csv", test_temp("csv"), -1);
    char path[4200];
    (void)state;
    snprintf(path, sizeof(path), "%s", hone_tracker_path(t));
    log_at(t, 1, "loss", 0.1);
    log_at(t, 2, "loss", INFINITY);
    assert_text(path, "step,loss,epoch\n1,0.1,0.1\n2,Infinity,0.2\n");
    log_at(t, 2, "eval_a,b", 1);
    log_at(t, 3, "loss", 3);
    assert_text(path, "step,loss,epoch,\"eval_a,b\"\n1,0.1,0.1,\n2,Infinity,0.2,\n2,,0.2,1.0\n3,3.0,0.3,\n");
    hone_tracker_free(t);
    append(path, "2,0.5", 5);
    t = open_at("csv", test_temp("csv"), 2);
    log_at(t, 3, "c", 4);
    log_at(t, 4, "eval_a,b", 5);
    hone_tracker_free(t);
    assert_text(path, "step,loss,epoch,\"eval_a,b\",c\n1,0.1,0.1,,\n2,Infinity,0.2,,\n2,,0.2,1.0,\n3,,0.3,,4.0\n4,,0.4,5.0,\n");
}

/* A file that is none of ours is not taken for one. */
static void strange_csv(void **state)
{
    char path[4200];
    (void)state;
    hone_tracker_free(open_at("csv", test_temp("strange"), -1));
    snprintf(path, sizeof(path), "%s", test_temp("strange/train_log.csv"));
    test_write_text(path, "a,b\n1,2\n");
    hone_tracker *t = open_at("csv", test_temp("strange"), 5);
    log_at(t, 6, "loss", 1);
    hone_tracker_free(t);
    assert_text(path, "step,loss,epoch\n6,1.0,0.6\n");
}

/* ---- what goes wrong ---- */

static size_t n_warnings;
static char last_warning[512];

static void count_warnings(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    n_warnings += level == HONE_LOG_WARNING;
    if (level == HONE_LOG_WARNING)
        snprintf(last_warning, sizeof(last_warning), "%s", line);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the size of files stands for a disk without room: part of a write goes through, then nothing. */
static void no_room(void **state)
{
    static const char *const kinds[] = {"jsonl", "csv", "tensorboard"};
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    hone_set_log(count_warnings, NULL, HONE_LOG_WARNING);
    for (int k = 0; k < 3; k++) {
        char path[4200], name[32];
        snprintf(name, sizeof(name), "full-%s", kinds[k]);
        hone_tracker *t = open_at(kinds[k], test_temp(name), -1);
        snprintf(path, sizeof(path), "%s", hone_tracker_path(t));
        n_warnings = 0;
        limit_files(100);
        for (int i = 1; i <= 20; i++)
            log_at(t, i, i == 15 ? "late" : "loss", i);
        assert_int_equal(n_warnings, 1);
        assert_non_null(strstr(last_warning, path));
        assert_non_null(strstr(last_warning, "training goes on"));
        assert_int_not_equal(hone_tracker_flush(t), HONE_OK);
        limit_files(RLIM_INFINITY);
        log_at(t, 21, "loss", 21);
        assert_ok(hone_tracker_flush(t));
        assert_int_equal(n_warnings, 1);
        hone_tracker_free(t);
        size_t len, n = 0;
        char *text = test_read(path, &len);
        for (size_t i = 0; i < len; i++)
            n += text[i] == '\n';
        if (k < 2)
            assert_int_equal(n, 21 + k);
        hone__free(text);
        if (k == 2) {
            read_events e = read_event_file(path);
            assert_int_equal(e.n, 42);
            free(e.values);
        }
    }
    hone_set_log(NULL, NULL, HONE_LOG_INFO);
}

/* Memory for what a full disk does not take has an end; then entries are lost, and that is said. */
static void long_without_room(void **state)
{
    hone_tracker *t = open_at("jsonl", test_temp("long"), -1);
    (void)state;
    hone_set_log(count_warnings, NULL, HONE_LOG_WARNING);
    limit_files(1);
    for (int i = 0; i < 60000; i++)
        log_at(t, i, "loss", 1);
    limit_files(RLIM_INFINITY);
    assert_true(t->file.n_lost > 0 && t->file.pending.len <= (size_t)1 << 20);
    n_warnings = 0;
    log_at(t, 60001, "loss", 1);
    assert_int_equal(n_warnings, 1);
    assert_non_null(strstr(last_warning, "were lost"));
    hone_set_log(NULL, NULL, HONE_LOG_INFO);
    hone_tracker_free(t);
}

static void cannot_open(void **state)
{
    hone_tracker *t = NULL;
    (void)state;
    assert_fails(HONE_INVALID_ARGUMENT, "tensorboard, csv, jsonl", hone_tracker_open(&t, "wandb", test_temp("x"), NULL));
    assert_null(t);
    test_write_text(test_temp("file"), "");
    assert_fails(HONE_IO, "file", hone_tracker_open(&t, "jsonl", test_temp("file/below"), NULL));
    assert_null(t);
    assert_fails(HONE_IO, "/proc", hone_tracker_open(&t, "csv", "/proc/nothing", NULL));
    hone_tracker_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(crc),
    cmocka_unit_test(tensorboard),
    cmocka_unit_test(plain_names),
    cmocka_unit_test(histogram),
    cmocka_unit_test(tensorboard_goes_on),
    cmocka_unit_test(torn_records),
    cmocka_unit_test(jsonl),
    cmocka_unit_test(csv),
    cmocka_unit_test(strange_csv),
    cmocka_unit_test(no_room),
    cmocka_unit_test(long_without_room),
    cmocka_unit_test(cannot_open),
};
TEST_MAIN(tests)
