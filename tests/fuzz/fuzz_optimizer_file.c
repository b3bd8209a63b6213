/* Any bytes as the optimizer's file of a checkpoint; the first one chooses the optimizer. What is accepted is written and accepted again. */
#include "fuzz/folder.h"
#include "fuzz/tiny.h"

#include <hone/optimizer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const hone_optim kinds[] = {HONE_OPTIM_ADAMW_TORCH, HONE_OPTIM_SGD, HONE_OPTIM_ADAFACTOR};
    static const char *const args[] = {NULL, "momentum=0.9", NULL};
    static hone_optimizer *opts[3];
    static hone_model *models[3];
    if (size < 1)
        return 0;
    int which = data[0] % 3;
    if (!opts[which]) {
        hone_optimizer_options o = {.adamw = HONE_ADAMW_OPTIONS_INIT, .args = args[which]};
        models[which] = tiny_model(HONE_CAUSAL_LM, 8, true);
        must(hone_optimizer_new(&opts[which], kinds[which], models[which], &o));
    }
    if (hone_optimizer_load(opts[which], put_file("optimizer.safetensors", data + 1, size - 1)) != HONE_OK) {
        if (!strstr(hone_error_message(), "optimizer.safetensors"))
            abort();
        return 0;
    }
    must(hone_optimizer_save(opts[which], path_of("again.safetensors")));
    must(hone_optimizer_load(opts[which], path_of("again.safetensors")));
    return 0;
}
