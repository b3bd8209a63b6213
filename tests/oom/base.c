/* The ground floor with every allocation failing in turn: the failure is reported as such, nothing is left allocated, no file is
 * left behind. (Arenas, listings, the writer, options and the JSON reader have their sweeps beside their unit tests.) */
#include "support/support.h"

#include "base/threads.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[4096];

static hone_status load_json(void *path)
{
    json_t *object = NULL;
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    const char *type = NULL;
    int64_t n = 0;
    double epsilon = 0;
    char *taken = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone__json_load(&object, path));
    HONE_GO(hone__json_get_string(object, "model_type", &type, path));
    HONE_GO(hone__json_get_int(object, "n_embd", &n, path));
    HONE_GO(hone__json_get_double(object, "layer_norm_epsilon", &epsilon, path));
    hone__jw_json(&w, object);
    HONE_GO(hone__str_take(&taken, &text));
    assert_string_equal(type, "gpt2");
    assert_true(n == 768 && epsilon == 1e-5);
done:
    hone__free(taken);
    hone__str_dispose(&text);
    json_decref(object);
    return status;
}

static void json_files(void **state)
{
    (void)state;
    char path[4096];
    strcpy(path, test_temp("config.json"));
    test_write_text(
        path,
        "{\"model_type\": \"gpt2\", \"n_embd\": 768, \"layer_norm_epsilon\": 1e-05, \"loss\": NaN, \"list\": [1, [2, {\"a\": \"b\"}]]}");
    assert_true(test_oom(load_json, path) >= 5);
}

static hone_status publish(void *payload)
{
    char *aside = NULL, *final = NULL, *file = NULL;
    hone_status status = HONE_OK;
    (void)payload;
    HONE_GO(hone__path_join(&aside, folder, "tmp-checkpoint"));
    HONE_GO(hone__path_join(&final, folder, "checkpoint"));
    HONE_GO(hone__path_join(&file, aside, "state.json"));
    HONE_GO(hone__make_dirs(aside));
    HONE_GO(hone__write_file(file, "{}", 2));
    HONE_GO(hone__rename_dir(aside, final, true));
done:
    hone__free(aside);
    hone__free(final);
    hone__free(file);
    return status;
}

static void folders(void **state)
{
    (void)state;
    strcpy(folder, test_temp("published"));
    assert_ok(hone__make_dirs(folder));
    assert_true(test_oom(publish, NULL) > 8);
    assert_true(hone__is_file(test_temp("published/checkpoint/state.json"))); /* whole, whatever failed */
    hone_file_list list;
    assert_ok(hone__list_files(&list, test_temp("published/checkpoint"), NULL));
    assert_int_equal(list.n, 1);
    hone__file_list_dispose(&list);
}

static hone_status job(void *payload)
{
    char *copy = NULL;
    HONE_TRY(hone__strdup(&copy, payload));
    hone__free(copy);
    return HONE_OK;
}

static hone_status run_background(void *payload)
{
    hone_background *b = NULL;
    HONE_TRY(hone__background_start(&b, job, payload));
    return hone__background_join(b);
}

static hone_status item(void *payload, size_t i, int thread)
{
    (void)i;
    (void)thread;
    return job(payload);
}

static hone_status run_workers(void *payload)
{
    return hone__parallel_for(8, 3, item, payload);
}

static void threads(void **state)
{
    (void)state;
    char text[] = "text";
    assert_int_equal(test_oom(run_background, text), 2);
    assert_int_equal(test_oom(run_workers, text), 9); /* the crew, and one for each item; a failing one stops the rest */
}

static hone_status read_whole(void *path)
{
    char *text = NULL;
    size_t len;
    HONE_TRY(hone__read_file(&text, &len, path, 0));
    hone__free(text);
    return HONE_OK;
}

static void reading(void **state)
{
    (void)state;
    char path[] = "/proc/self/maps"; /* a file of unknown size: the block grows */
    assert_true(test_oom(read_whole, path) >= 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_files),
    cmocka_unit_test(folders),
    cmocka_unit_test(threads),
    cmocka_unit_test(reading),
};

TEST_MAIN(tests)
