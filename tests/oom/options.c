/* Every allocation fails in turn while options are read from and written to files, and while an optimizer of each kind is made, steps, saves and loads. */
#include "support/support.h"
#include "tasks/job.h"
#include "unit/train/tiny.h"

static hone_status read_and_save(void *payload)
{
    static const char text[] = "{\"seed\": 7, \"train_file\": [\"a\", \"b\"], \"lr_scheduler_kwargs\": {\"power\": 2.0}, \"fsdp\": [], "
                               "\"report_to\": [\"csv\"], \"optim\": \"adamw_hf\", \"label_names\": \"O,B-X\", \"output_dir\": \"x\"}";
    hone_job *job = NULL;
    hone_status status;
    HONE_GO(hone_job_new(&job, HONE_JOB_TRAIN, HONE_TOKEN_CLASSIFICATION));
    HONE_GO(hone__job_read_config(job, text, sizeof(text) - 1, "args.json"));
    status = hone_job_save_args(job, payload);
done:
    hone_job_free(job);
    return status;
}

static void options_in_files(void **state)
{
    (void)state;
    printf("%zu allocations\n", test_oom(read_and_save, (void *)test_temp("args.json")));
}

typedef struct request {
    hone_optim kind;
    const char *args;
    hone_model *model;
    const char *path;
} request;

static hone_status step_and_save(void *payload)
{
    request *r = payload;
    hone_optimizer_options options = {HONE_ADAMW_OPTIONS_INIT, r->args};
    hone_optimizer *opt = NULL;
    hone_status status;
    HONE_GO(hone_optimizer_new(&opt, r->kind, r->model, &options));
    HONE_GO(hone_optimizer_step(opt));
    HONE_GO(hone_optimizer_save(opt, r->path));
    status = hone_optimizer_load(opt, r->path);
done:
    hone_optimizer_free(opt);
    return status;
}

static void optimizers(void **state)
{
    (void)state;
    static const request kinds[] = {{HONE_OPTIM_SGD, "momentum=0.9", NULL, NULL},
                                    {HONE_OPTIM_RMSPROP, "{\"centered\": true}", NULL, NULL},
                                    {HONE_OPTIM_ADAFACTOR, "beta1=0.9", NULL, NULL},
                                    {HONE_OPTIM_ADAMW_TORCH, NULL, NULL, NULL}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        request r = kinds[i];
        r.model = tiny_model(true);
        r.path = test_temp("optimizer.safetensors");
        printf("%zu allocations\n", test_oom(step_and_save, &r));
        hone_model_free(r.model);
    }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(options_in_files), cmocka_unit_test(optimizers)};
TEST_MAIN(tests)
