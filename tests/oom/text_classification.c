/* A whole job of text classification, and its kinds of labels, with every allocation failing in turn: an out of memory that leaves nothing behind. */
#include "support/support.h"

#include <hone/job.h>
#include <hone/text_examples.h>

static void make_files(void)
{
    char path[4200];
    assert_ok(hone__make_dirs(test_temp("tok")));
    snprintf(path, sizeof(path), "%s", test_temp("tok/vocab.txt"));
    test_write_text(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\nc\n");
    test_write_text(test_temp("pairs.txt"),
                    "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tab\tc\n0\t1\t2\ta c\tb\n1\t1\t2\ta\tc c c\n");
    test_write_text(test_temp("numbers.csv"), "text,score\na b,1.5\nc,2\nab,0.5\n");
    test_write_text(test_temp("sets.jsonl"), "{\"text\": \"a\", \"labels\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"labels\": []}\n");
}

static hone_status set_all(hone_job *job, const char *const (*options)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone_job_set(job, options[i][0], options[i][1]));
    return HONE_OK;
}

/* payload: the file's name. */
static hone_status classify(void *payload)
{
    char folder[4096], data[4096], tok[4096], *results = NULL;
    hone_job *job = NULL;
    hone_status status;
    bool pairs = strcmp(payload, "pairs.txt") == 0;
    snprintf(folder, sizeof(folder), "%s", test_temp("classifier"));
    snprintf(data, sizeof(data), "%s", test_temp(payload));
    snprintf(tok, sizeof(tok), "%s", test_temp("tok"));
    const char *const options[][2] = {
        {"tokenizer_name", tok},
        {"config_overrides", "hidden_size=8,num_hidden_layers=1,num_attention_heads=1,intermediate_size=8,max_position_embeddings=16"},
        {"train_file", data},
        {"validation_file", data},
        {"test_file", data},
        {"output_dir", folder},
        {"overwrite_output_dir", "true"},
        {"max_steps", "1"},
        {"save_strategy", "no"},
        {"disable_tqdm", "true"},
        {"threads", "1"},
        {"task_name", "mrpc"},
        {"class_weights", "balanced"},
        {"label_smoothing_factor", "0.1"},
    };
    HONE_GO(hone_job_new(&job, HONE_JOB_TRAIN, HONE_TEXT_CLASSIFICATION));
    HONE_GO(set_all(job, options, sizeof(options) / sizeof(*options) - (pairs ? 0 : 3)));
    status = hone_job_run(job, &results);
done:
    hone_free_text(results);
    hone_job_free(job);
    return status;
}

static void sweep(const char *file)
{
    char name[32];
    snprintf(name, sizeof(name), "%s", file);
    make_files();
    assert_ok(classify(name)); /* what a process makes once is made */
    printf("%s: %zu allocations\n", file, test_oom(classify, name));
}

static void classes(void **state)
{
    (void)state;
    sweep("pairs.txt");
}

static void numbers(void **state)
{
    (void)state;
    sweep("numbers.csv");
}

static void sets(void **state)
{
    (void)state;
    sweep("sets.jsonl");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(classes), cmocka_unit_test(numbers), cmocka_unit_test(sets)};
TEST_MAIN(tests)
