/* For tests of model folders: a saved model written again with changes, and what was logged. */
#ifndef HONE_TESTS_UNIT_MODELS_EDITED_H
#define HONE_TESTS_UNIT_MODELS_EDITED_H

#include "models/class.h"
#include "support/support.h"

#include <hone/log.h>

#define MAX_TENSORS 64
typedef struct edited { /* the tensors of a saved model, to be written again with changes */
    hone_safetensors *file;
    hone_safetensor_source sources[MAX_TENSORS];
    char names[MAX_TENSORS][128];
    size_t n;
} edited;

static inline void edit(edited *e, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/model.safetensors", folder);
    assert_ok(hone__safetensors_open(&e->file, path));
    e->n = hone__safetensors_count(e->file);
    for (size_t i = 0; i < e->n; i++) {
        const hone_safetensor *t = hone__safetensors_at(e->file, i);
        snprintf(e->names[i], sizeof(e->names[i]), "%s", t->name);
        e->sources[i] = (hone_safetensor_source){
            .name = e->names[i], .dtype = (hone_dtype)t->dtype, .n_dims = t->n_dims, .data = hone__safetensors_data(e->file, t)};
        memcpy(e->sources[i].dim, t->dim, sizeof(t->dim));
    }
}

static inline void write_edited(edited *e, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/model.safetensors", folder);
    assert_ok(hone__safetensors_write(path, e->sources, e->n, NULL, NULL, NULL));
    hone__safetensors_close(e->file);
}

static inline hone_safetensor_source *source(edited *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->sources[i].name, name) == 0)
            return &e->sources[i];
    fail_msg("no %s", name);
    return NULL;
}

static char log_text[4096];
static inline void keep_log(void *payload, hone_log_level level, const char *line)
{
    (void)payload;
    (void)level;
    strncat(log_text, line, sizeof(log_text) - strlen(log_text) - 2);
    strcat(log_text, "\n");
}

#endif
