/* Which checkpoints are of one future. A run has a number, which its checkpoints keep (hone_state.json, "lineage"): it stays when the run goes on as it was, and becomes another one
 * when it goes on with what makes it another run (identity.c). Whoever goes back to an older checkpoint thus knows those of later steps: with the same number they are what this
 * run will come to, bit for bit, and stay; with another one they belong to a future that was left, and would be taken by the next --resume_from_checkpoint true. They are renamed, and that
 * is said. The reference leaves them, takes them, and writes over them when it comes to their step. */
#include "train/trainer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t hone__lineage_begin(const hone_identity *id)
{
    return hone__hash64(id, sizeof(*id), 1);
}

uint64_t hone__lineage_read(const json_t *root)
{
    const char *text = json_string_value(json_object_get(root, "lineage"));
    return text ? strtoull(text, NULL, 16) : 0; /* an older hone kept none */
}

uint64_t hone__lineage_turn(uint64_t lineage, int64_t step, const hone_str *changes)
{
    return hone__hash64(changes->data, changes->len, lineage + (uint64_t)step);
}

/* False when that cannot be told, too: what is torn is passed over by whoever resumes. */
static bool is_of_another_future(const hone_trainer *t, const char *path)
{
    char *file = NULL;
    json_t *root = NULL;
    bool other = hone__checkpoint_looks_whole(path) && hone__path_join(&file, path, "hone_state.json") == HONE_OK &&
                 hone__json_load(&root, file) == HONE_OK && hone__lineage_read(root) != t->identity.lineage;
    json_decref(root);
    hone__free(file);
    return other;
}

/* "checkpoint-6.aside", or "checkpoint-6.aside2" when that is there. */
static hone_status name_aside(hone_str *out, const char *path)
{
    for (int n = 1; n == 1 || (out->data && access(out->data, F_OK) == 0); n++) {
        hone__str_clear(out);
        hone__str_printf(out, "%s.aside", path);
        if (n > 1)
            hone__str_printf(out, "%d", n);
    }
    return hone__str_status(out);
}

static hone_status put_aside(const hone_trainer *t, const char *path)
{
    hone_str to = HONE_STR_INIT;
    hone_status status;
    HONE_GO(name_aside(&to, path));
    HONE_GO(hone__rename_dir(path, to.data, false));
    hone__log(HONE_LOG_WARNING,
              "%s is of a future that this run leaves at step %" PRId64 ": it is %s now, and nothing goes on from it by itself", path,
              t->state.global_step, to.data);
done:
    hone__str_dispose(&to);
    return status;
}

hone_status hone__trainer_leave_future(const hone_trainer *t)
{
    int64_t *steps = NULL;
    size_t n = 0;
    hone_status status = HONE_OK;
    if (t->state.global_step == 0 || t->comm->rank != 0)
        return HONE_OK;
    HONE_GO(hone__checkpoint_list(&steps, &n, t->output_dir));
    for (size_t i = n;
         i-- > 0 &&
         steps[i] > t->state.global_step;) { /* the newest first: killed in between, none that stays is newer than one that went */
        char *path = NULL;
        HONE_GO(hone__checkpoint_path(&path, t->output_dir, steps[i]));
        status = is_of_another_future(t, path) ? put_aside(t, path) : HONE_OK;
        hone__free(path);
        HONE_GO(status);
    }
done:
    hone__free(steps);
    return status;
}
