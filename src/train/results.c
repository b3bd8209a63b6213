/* Result files beside the model: train_results.json, eval_results.json, all_results.json, as the reference's save_metrics writes them (four blanks, keys sorted). */
#include "train/trainer.h"

#include <string.h>

hone_status hone__trainer_path(char **out, const hone_trainer *t, const char *name)
{
    return hone__path_join(out, t->output_dir, name);
}

static hone_status put_metrics(json_t *object, const hone_metrics *metrics)
{
    for (size_t i = 0; i < metrics->n; i++) {
        const hone_metric *m = &metrics->items[i];
        json_t *value = m->is_integer ? json_integer((json_int_t)m->value) : json_real(m->value);
        /* jansson has no NaN: such a metric is left out of the files rather than written as something else */
        if (!value && !m->is_integer && (m->value != m->value || m->value - m->value != 0))
            continue;
        if (!value || json_object_set_new(object, m->name, value) != 0)
            return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: results");
    }
    return HONE_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static hone_status write_sorted(const char *path, json_t *object)
{
    hone_str text = HONE_STR_INIT;
    hone_json_writer w = hone__json_writer(&text, 4);
    const char **keys = NULL, *key;
    json_t *value;
    size_t n = 0;
    hone_status status;
    HONE_GO(HONE_NEW(&keys, json_object_size(object)));
    json_object_foreach(object, key, value) keys[n++] = key;
    if (n)
        qsort(keys, n, sizeof(*keys), by_text);
    hone__jw_object(&w);
    for (size_t i = 0; i < n; i++) {
        hone__jw_key(&w, keys[i]);
        hone__jw_json(&w, json_object_get(object, keys[i]));
    }
    hone__jw_end_object(&w);
    hone__str_putc(&text, '\n');
    HONE_GO(hone__str_status(&text));
    status = hone__write_file(path, text.data, text.len);
done:
    hone__free(keys);
    hone__str_dispose(&text);
    return status;
}

/* metrics into the object of a file that may be there already. */
static hone_status update_file(const char *path, const hone_metrics *metrics, bool keep)
{
    json_t *object = NULL;
    hone_status status = HONE_OK;
    if (keep && hone__is_file(path) && hone__json_load(&object, path) == HONE_OK && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    if (!object)
        object = json_object();
    if (!object)
        return hone__fail(HONE_OUT_OF_MEMORY, "out of memory: results");
    HONE_GO(put_metrics(object, metrics));
    status = write_sorted(path, object);
done:
    json_decref(object);
    return status;
}

typedef struct result_files {
    const char *split;
    const hone_metrics *metrics;
} result_files;

static hone_status write_results(hone_trainer *t, void *payload)
{
    const result_files *r = payload;
    char *path = NULL, *all = NULL, name[64];
    hone_status status;
    snprintf(name, sizeof(name), "%.40s_results.json", r->split);
    HONE_GO(hone__make_dirs(t->output_dir));
    HONE_GO(hone__trainer_path(&path, t, name));
    HONE_GO(hone__trainer_path(&all, t, "all_results.json"));
    HONE_GO(update_file(path, r->metrics, false));
    status = update_file(all, r->metrics, true);
done:
    hone__free(path);
    hone__free(all);
    return status;
}

hone_status hone_trainer_save_metrics(hone_trainer *t, const char *split, const hone_metrics *metrics)
{
    result_files files = {split, metrics};
    if (strcmp(split, "eval") == 0) { /* the model card shows what is saved */
        hone_metrics_clear(&t->last_eval);
        HONE_TRY(hone_metrics_update(&t->last_eval, metrics));
    }
    return hone__trainer_persist(t, write_results, &files, "the results", 0);
}
