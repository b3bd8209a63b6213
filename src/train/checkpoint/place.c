/* The output folder belongs to one run at a time: it is locked from before anything in it is removed until the run has ended (base/aside.c), and before each save it is looked whether it is still
 * the same. One that was moved away or removed in the middle of a run is no error: the run goes on in a new one, unless another run has taken its place. */
#include "train/trainer.h"

hone_status hone__lock_output(int *lock, const char *folder)
{
    hone_status status = hone__lock_dir(lock, folder);
    if (status == HONE_OK)
        return status;
    return hone__hint(status, hone__error_code() ? "make it readable, or give another --output_dir"
                                                 : "wait for it, stop it, or give another --output_dir");
}

hone_status hone__trainer_hold_output(hone_trainer *t)
{
    int lock = -1;
    if (!t->holds_output || hone__is_locked_dir(t->output_lock, t->output_dir))
        return HONE_OK;
    if (t->output_lock >= 0)
        hone__log(HONE_LOG_WARNING, "%s was moved away or removed: what is saved from here on goes into a new folder of that name",
                  t->output_dir);
    hone__unlock_dir(&t->output_lock);
    if (!hone__is_dir(t->output_dir))
        return HONE_OK; /* whoever writes into it makes it */
    HONE_TRY(hone__lock_output(&lock, t->output_dir));
    t->output_lock = lock;
    return HONE_OK;
}

void hone__trainer_lend_lock(hone_trainer *t, int *lock)
{
    hone__unlock_dir(&t->output_lock);
    t->output_lock = *lock;
    t->keeps_output = true;
    *lock = -1;
}

void hone__trainer_let_output_go(hone_trainer *t)
{
    if (t->keeps_output)
        return;
    t->holds_output = false;
    hone__unlock_dir(&t->output_lock);
}
