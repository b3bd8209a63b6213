/* Any bytes as accelerator_state.json in a folder that save_state wrote, with a manifest that knows them: refused, or the loader's place is one of the data set. */
#include "fuzz/folder.h"
#include "fuzz/tiny.h"
#include "train/accelerator.h"

#include <inttypes.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct loop {
    hone_accelerator *acc;
    hone_loader *loader;
} loop;

static double kept = 1;

static hone_status save_kept(const void *payload, hone_metrics *state)
{
    return hone_metrics_set(state, "best", *(const double *)payload);
}

static hone_status load_kept(void *payload, const hone_metrics *state)
{
    (void)hone_metrics_get(state, "best", payload);
    return HONE_OK;
}

static loop make(void)
{
    loop l = {NULL, NULL};
    hone_model *model = tiny_model(HONE_CAUSAL_LM, 8, true);
    hone_optimizer *opt = NULL;
    hone_scheduler *scheduler = NULL;
    hone_loader_options o = HONE_LOADER_OPTIONS_INIT;
    o.batch_size = 4;
    must(hone_loader_new(&l.loader, tiny_examples(), &o));
    must(hone_optimizer_adamw_new(&opt, model, NULL));
    must(hone_scheduler_new(&scheduler, "reduce_lr_on_plateau", opt, NULL));
    must(hone_accelerator_new(&l.acc, NULL));
    must(hone_accelerator_prepare(l.acc, model, opt, &l.loader, NULL));
    hone_accelerator_prepare_scheduler(l.acc, scheduler);
    must(hone_accelerator_register_for_checkpointing(l.acc, "mine", save_kept, load_kept, &kept));
    must(hone_accelerator_save_state(l.acc, path_of("state")));
    return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static loop l;
    char manifest[200];
    hone_batch batch;
    if (!l.acc)
        l = make();
    put_file("state/accelerator_state.json", data, size);
    snprintf(manifest, sizeof(manifest), "{\"files\": {\"accelerator_state.json\": {\"size\": %zu, \"xxh3_64\": \"%016" PRIx64 "\"}}}",
             size, hone__hash64(data, size, 0));
    put_file("state/manifest.json", manifest, strlen(manifest));
    if (hone_accelerator_load_state(l.acc, path_of("state")) != HONE_OK) {
        if (!strstr(hone_error_message(), fuzz_folder))
            abort();
        return 0;
    }
    if (hone_loader_position(l.loader) < 0 || hone_loader_position(l.loader) > hone_loader_batches(l.loader) ||
        hone_loader_epoch(l.loader) < 0)
        abort();
    (void)hone_loader_next(l.loader, &batch);
    return 0;
}
