/* Any bytes as generation_config.json, and as a config.json that has the ids instead: refused, or its ids are ids, and what is written is read back the same. */
#include "fuzz/folder.h"
#include "fuzz/tiny.h"
#include "models/class.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hone_status load(hone_model *m)
{
    json_decref(m->generation);
    m->generation = NULL;
    return hone__generation_config_load(m, fuzz_folder);
}

static void check(const hone_model *m)
{
    for (size_t i = 0; i < m->n_eos; i++)
        if (m->eos[i] < 0)
            abort();
    if (m->pad_token_id < -1 || m->pad_token_id > INT32_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hone_model *m;
    if (!m)
        m = tiny_model(HONE_CAUSAL_LM, 8, false);
    put_file("generation_config.json", data, size);
    if (load(m) != HONE_OK) {
        if (!strstr(hone_error_message(), "generation_config.json"))
            abort();
        return 0;
    }
    check(m);
    int64_t pad = m->pad_token_id;
    size_t n_eos = m->n_eos;
    bool derived = json_is_true(json_object_get(m->generation, "_from_model_config"));
    must(hone__generation_config_save(m, fuzz_folder));
    must(load(m));
    if (!derived && (m->pad_token_id != pad || m->n_eos != n_eos))
        abort();
    return 0;
}
