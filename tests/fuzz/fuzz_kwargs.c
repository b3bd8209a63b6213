/* Any bytes as --optim_args and --lr_scheduler_kwargs; the first byte chooses the optimizer or schedule. A schedule that is accepted has a factor for every step. */
#include "train/optimizer/rules.h"
#include "train/optimizer/schedule.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_schedule(hone_schedule kind, const char *text)
{
    static const int64_t steps[] = {0, 1, 5, 10, 50, 99, 100, 1000000};
    hone_schedule_spec spec;
    hone_scheduler_options o = {.num_warmup_steps = 10, .num_training_steps = 100, .kwargs = text};
    hone_plateau p;
    if (hone__schedule_init(&spec, kind, 5e-5, &o) != HONE_OK)
        return;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        if (kind != HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU)
            (void)hone__schedule_factor(&spec, steps[i]);
    p = hone__plateau_begin(&spec);
    for (int i = 0; kind == HONE_SCHEDULE_REDUCE_LR_ON_PLATEAU && i < 30; i++)
        hone__plateau_step(&spec, &p, i % 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_rule rule;
    if (size < 1)
        return 0;
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    int which = data[0] % (HONE_N_OPTIMS + HONE_N_SCHEDULES);
    if (which < HONE_N_OPTIMS)
        (void)hone__rule_init(&rule, (hone_optim)which, text);
    else
        try_schedule((hone_schedule)(which - HONE_N_OPTIMS), text);
    free(text);
    return 0;
}
