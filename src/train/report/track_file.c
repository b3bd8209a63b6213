/* The file of a tracker. Entries are appended with one write each, so that a killed process leaves whole ones; an entry that was written in part (a full disk) is cut off again and kept in memory until there is room.
 * What a crash of the machine tears, the next run cuts off. */
#include "train/report/track.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_PENDING ((size_t)1 << 20)

hone_status hone__track_file_open(hone_track_file *f, const char *path, uint64_t keep, bool exclusive)
{
    *f = (hone_track_file){.fd = -1, .whole = keep};
    HONE_TRY(hone__strdup(&f->path, path));
    f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (exclusive ? O_EXCL : 0), 0666);
    if (f->fd >= 0 && (ftruncate(f->fd, (off_t)keep) == 0 || errno == EINVAL)) /* EINVAL: a pipe or a device has no end to cut */
        return HONE_OK;
    bool is_there = exclusive && errno == EEXIST;
    hone_status status = is_there ? hone__fail(HONE_INVALID_ARGUMENT, "%s is there already", path) : hone__fail_errno("cannot write", path);
    hone__track_file_dispose(f);
    return status == HONE_NOT_FOUND ? HONE_IO : status;
}

void hone__track_file_dispose(hone_track_file *f)
{
    if (f->path && f->fd >= 0)
        close(f->fd);
    hone__str_dispose(&f->pending);
    hone__free(f->path);
    *f = (hone_track_file){.fd = -1};
}

void hone__track_file_tell(hone_track_file *f, bool written, const char *why)
{
    if (!written && !f->failing)
        hone__log(HONE_LOG_WARNING, "%s: the training goes on, what is logged is kept in memory until it can be written", why);
    if (written && f->failing && f->n_lost > 0)
        hone__log(HONE_LOG_WARNING, "%s is written again; %llu entries were lost", f->path, (unsigned long long)f->n_lost);
    else if (written && f->failing)
        hone__log(HONE_LOG_INFO, "%s is written again, nothing was lost", f->path);
    f->failing = !written;
    f->n_lost = written ? 0 : f->n_lost;
}

bool hone__track_file_write(hone_track_file *f)
{
    size_t done = 0;
    while (done < f->pending.len) {
        ssize_t n = write(f->fd, f->pending.data + done, f->pending.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    bool written = done == f->pending.len;
    if (!written)
        (void)hone__fail_errno("cannot write", f->path);
    if (f->pending.len > 0)
        hone__track_file_tell(f, written, hone_error_message());
    if (written) {
        f->whole += done;
        hone__str_clear(&f->pending);
    } else if (done > 0 && ftruncate(f->fd, (off_t)f->whole) != 0) {
        f->whole += done; /* a pipe: what it took is gone */
        memmove(f->pending.data, f->pending.data + done, f->pending.len - done + 1);
        f->pending.len -= done;
    }
    return written;
}

hone_status hone__track_file_keep(hone_track_file *f, const char *entry, size_t len)
{
    if (f->pending.len > 0 && (f->pending.len > MAX_PENDING || len > MAX_PENDING - f->pending.len)) {
        f->n_lost++;
        return HONE_OK;
    }
    hone__str_append(&f->pending, entry, len);
    hone_status status = hone__str_status(&f->pending);
    f->pending.failed = false; /* what it held before is still whole */
    return status;
}

hone_status hone__track_file_add(hone_track_file *f, const char *entry, size_t len)
{
    HONE_TRY(hone__track_file_keep(f, entry, len));
    (void)hone__track_file_write(f);
    return HONE_OK;
}
