/* A job's options as a JSON file: `hone train TASK args.json`, as the reference's scripts take it, and --save_args, which writes what --config reads. One flat object: the
 * task's options, the run's and the trainer's, each by its name. "task" and "hone_version" say where the file is from. */
#include "tasks/job.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static size_t skip_space(const char *text, size_t len, size_t at)
{
    while (at < len && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at;
}

/* Where the value of the member `key` of the outermost object begins, for messages; names with escapes are not looked for: len. */
static size_t place_of(const char *text, size_t len, const char *key)
{
    size_t n = strlen(key);
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        depth += (text[i] == '{' || text[i] == '[') - (text[i] == '}' || text[i] == ']');
        if (text[i] != '"')
            continue;
        size_t begin = ++i;
        while (i < len && text[i] != '"')
            i += text[i] == '\\' ? 2 : 1;
        size_t after = skip_space(text, len, i + 1);
        if (depth == 1 && i < len && i - begin == n && memcmp(text + begin, key, n) == 0 && after < len && text[after] == ':')
            return skip_space(text, len, after + 1);
    }
    return len;
}

/* "FILE:LINE: " before the message; the line with a caret is the remedy where there is no better one. */
static hone_status fail_at(hone_status status, const char *name, const char *text, size_t len, const char *key)
{
    size_t at = place_of(text, len, key), line = 1;
    if (at == len)
        return hone__fail_in(status, "%s", name);
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return hone__hint_at(hone__fail_in(status, "%s:%zu", name, line), text, len, at);
}

/* Whether the version `there` ("1.2.3") is later than ours. */
static bool is_newer(const char *there)
{
    const char *here = HONE_VERSION;
    for (int i = 0; i < 3; i++) {
        char *end_there, *end_here;
        long a = strtol(there, &end_there, 10), b = strtol(here, &end_here, 10);
        if (a != b)
            return a > b;
        there = *end_there == '.' ? end_there + 1 : "0";
        here = *end_here == '.' ? end_here + 1 : "0";
    }
    return false;
}

/* What says where the file is from. *known is false for any other key. */
static hone_status check_origin(const hone_job *job, const char *key, const json_t *value, bool *known)
{
    hone_task_kind task;
    *known = strcmp(key, "hone_version") == 0 || (strcmp(key, "task") == 0 && json_is_string(value));
    if (strcmp(key, "task") != 0 || !*known)
        return HONE_OK;
    HONE_TRY(hone_task_parse(&task, json_string_value(value)));
    if (task == job->class->kind)
        return HONE_OK;
    return hone__hint(
        hone__fail(HONE_INVALID_ARGUMENT, "these are options of %s, not of %s", hone_task_name(task), hone_task_name(job->class->kind)),
        "run it with the task %s, or remove \"task\" from the file", hone_task_name(task));
}

static hone_status fail_unknown(const hone_job *job, const char *key, const char *version)
{
    const hone_option_table *tables[] = {job->class->options, &job->own, &job->training, &hone__foreign_table};
    hone_status status = hone__options_fail_unknown(tables, 4, key);
    return version && is_newer(version)
               ? hone__hint(status, "the file was written by hone %s, this is %s: take the newer one, or remove the line", version,
                            HONE_VERSION)
               : status;
}

static hone_status set_member(hone_job *job, const char *key, const json_t *value, const char *version)
{
    const hone_option_table *tables[] = {job->class->options, &job->own, &job->training};
    void *structs[] = {job->task_options, &job->run, &job->args};
    bool known;
    HONE_TRY(check_origin(job, key, value, &known));
    if (known)
        return HONE_OK;
    if (strcmp(key, "config") == 0 && !json_is_null(value))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "a file of options names no other one"), "give both on the command line");
    for (size_t i = 0; i < 3; i++)
        if (hone__options_find(tables[i], key))
            return hone__options_set_json(tables[i], structs[i], key, value);
    bool asks = !json_is_null(value) && !(json_is_string(value) && strcmp(json_string_value(value), "none") == 0);
    if (asks && job->kind == HONE_JOB_TRAIN && hone__options_find(&hone__job_table, key))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "%s: it is for evaluations, nothing trains in 8 bits", key), "leave it out");
    if (hone__options_find(&hone__training_table, key) || hone__options_find(&hone__job_table, key))
        return HONE_OK; /* an evaluation has no use for it */
    if (hone__options_find(&hone__foreign_table, key))
        return hone__options_set_json(&hone__foreign_table, NULL, key, value);
    return fail_unknown(job, key, version);
}

hone_status hone__job_read_config(hone_job *job, const char *text, size_t len, const char *name)
{
    json_t *root = NULL, *value;
    const char *key;
    hone_status status = hone__json_parse(&root, text, len, name);
    if (status == HONE_OK && !json_is_object(root))
        status = hone__fail(HONE_FORMAT, "%s: an object of options was expected: {\"learning_rate\": 5e-5, …}", name);
    const char *version = json_string_value(json_object_get(root, "hone_version"));
    json_object_foreach(root, key, value)
    {
        if (status != HONE_OK)
            break;
        status = set_member(job, key, value, version);
        if (status != HONE_OK)
            status = fail_at(status, name, text, len, key);
    }
    json_decref(root);
    return status;
}

hone_status hone_job_read_config(hone_job *job, const char *path)
{
    char *text = NULL;
    size_t len;
    hone_status status = hone__read_file(&text, &len, path, 0);
    if (status != HONE_OK)
        return hone__fail_in(status, "--config");
    status = hone__job_read_config(job, text, len, path);
    hone__free(text);
    return status;
}

/* ---- writing ---- */

/* The run's options but those that are about such files themselves. */
static void put_run(const hone_job *job, hone_json_writer *w)
{
    for (size_t i = 0; i < job->own.n_rows; i++) {
        hone_option_table one = {&job->own.rows[i], 1, NULL, 0};
        if (strcmp(one.rows->name, "config") != 0 && strcmp(one.rows->name, "save_args") != 0)
            hone__options_put_members(&one, &job->run, w);
    }
}

hone_status hone_job_save_args(const hone_job *job, const char *path)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 2);
    hone__jw_object(&w);
    hone__jw_key(&w, "hone_version");
    hone__jw_string(&w, HONE_VERSION);
    hone__jw_key(&w, "task");
    hone__jw_string(&w, hone_task_name(job->class->kind));
    hone__options_put_members(job->class->options, job->task_options, &w);
    put_run(job, &w);
    hone__options_put_members(&job->training, &job->args, &w);
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    hone_status status = hone__str_status(&text);
    if (status == HONE_OK)
        status = hone__write_file(path, text.data, text.len);
    if (status != HONE_OK)
        status = hone__fail_in(status, "--save_args");
    hone__str_dispose(&text);
    return status;
}
