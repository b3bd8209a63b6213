/* Folders: made, removed, listed, and renamed into place as a whole (checkpoints). */
#include "base/collect.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool remove_folder(int parent, const char *name);

/* A file, a link, or a folder with all that is in it; nothing is fine. False with errno on failure. */
static bool remove_entry(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    int code = errno;
    if ((code == EISDIR || code == EPERM) && remove_folder(parent, name))
        return true;
    errno = errno == ENOTDIR ? code : errno; /* a file that must not be removed: its own reason counts */
    return false;
}

/* Removes all that is in the folder `name` of the open folder `parent`, and itself. False with errno on failure. */
static bool remove_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    int code = 0;
    for (struct dirent *entry; ok && (entry = readdir(dir));) {
        if (is_dot(entry->d_name))
            continue;
        ok = remove_entry(fd, entry->d_name);
        code = errno;
    }
    closedir(dir);
    errno = code;
    return ok && unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

hone_status hone__remove_tree(const char *path)
{
    return remove_entry(AT_FDCWD, path) ? HONE_OK : hone__fail_errno("cannot remove", path);
}

hone_status hone__sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return hone__fail_errno("cannot open the folder", path);
    hone_status status = HONE_OK;
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) /* file systems that cannot sync a folder say EINVAL */
        status = hone__fail_errno("cannot sync", path);
    close(fd);
    return status;
}

/* Length of the first `len` bytes of a path without the slashes that they end in. */
static size_t without_slashes(const char *path, size_t len)
{
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len;
}

/* The folder that holds path, with the slash behind it; path may end in one, too. */
static hone_status find_parent(char **out, const char *path)
{
    size_t len = without_slashes(path, strlen(path));
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len == 0 ? hone__strdup(out, ".") : hone__strndup(out, path, len);
}

hone_status hone__sync_parent(const char *path)
{
    char *parent = NULL;
    HONE_TRY(find_parent(&parent, path));
    hone_status status = hone__sync_dir(parent);
    hone__free(parent);
    return status;
}

/* Makes one folder, if it is not there, so that it is still there when the machine goes down: what is saved in it would go with it. */
static hone_status make_dir(const char *path)
{
    if (mkdir(path, 0777) != 0)
        return errno == EEXIST ? HONE_OK : hone__fail_errno("cannot make the folder", path);
    errno = 0;
    hone_status status = hone__sync_parent(path);
    return errno == EACCES ? HONE_OK : status; /* a parent that may be written to but not read */
}

/* Makes the folder that the first `len` bytes name, and takes it away again. */
static hone_status try_to_make(const char *folder, size_t len)
{
    char *path = NULL;
    HONE_TRY(hone__strndup(&path, folder, len));
    bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
    hone_status status = made ? HONE_OK : hone__fail_errno("cannot make the folder", folder);
    if (made && access(path, F_OK) != 0)
        status = hone__fail(HONE_IO, "cannot make the folder %s: %s is a link that leads nowhere", folder, path);
    if (made)
        (void)rmdir(path); /* which only takes an empty one */
    hone__free(path);
    return status;
}

hone_status hone__make_dirs(const char *path)
{
    char *part = NULL;
    hone_status status = HONE_OK;
    const hone_collection *collection = hone__collecting(path);
    if (collection && collection->in_memory)
        return HONE_OK;
    HONE_TRY(hone__strdup(&part, path));
    for (char *p = part; *p; p++) {
        if (p == part || *p != '/')
            continue;
        *p = '\0';
        HONE_GO(make_dir(part));
        *p = '/';
    }
    HONE_GO(make_dir(path));
    if (!hone__is_dir(path)) {
        errno = EEXIST;
        status = hone__fail_errno("cannot make the folder", path);
    }
done:
    hone__free(part);
    return status;
}

hone_status hone__can_write_in(const char *folder)
{
    char *copy = NULL;
    size_t missing = 0; /* where the name of the first folder that is missing ends */
    hone_status status = HONE_OK;
    HONE_TRY(hone__strdup(&copy, folder));
    const char *there = copy; /* the nearest one that is not */
    while (strcmp(there, ".") != 0 && strcmp(there, "/") != 0 && access(there, F_OK) != 0 && errno == ENOENT) {
        missing = strlen(copy);
        while (missing > 1 && copy[missing - 1] == '/')
            copy[--missing] = '\0';
        char *slash = strrchr(copy, '/');
        if (slash)
            slash[slash == copy] = '\0';
        there = slash ? copy : ".";
    }
    if (access(there, F_OK) != 0)
        status = hone__fail_errno("cannot make the folder", folder);
    else if (!hone__is_dir(there))
        status = hone__fail(HONE_IO, "cannot make the folder %s: %s is no folder", folder, there);
    else if (access(there, W_OK | X_OK) != 0)
        status = hone__fail_errno("cannot write to", there);
    else if (missing)
        status = try_to_make(folder, missing);
    hone__free(copy);
    return status == HONE_NOT_FOUND ? HONE_IO : status;
}

/* A folder of a lower layer (containers) can be removed, but not renamed. The new one is called PATH.new-… meanwhile, which says that it is whole and the other on its way out. */
static hone_status replace_below(const char *aside, const char *path)
{
    char *fresh = NULL;
    hone_str name = HONE_STR_INIT;
    hone_status status = HONE_OK;
    hone__str_printf(&name, "%.*s.new%s", (int)without_slashes(path, strlen(path)), path, hone__aside_suffix());
    HONE_GO(hone__str_take(&fresh, &name));
    if (rename(aside, fresh) != 0)
        HONE_GO(hone__fail_errno("cannot replace", path));
    HONE_GO(hone__sync_parent(path));
    HONE_GO(hone__remove_tree(path));
    status = rename(fresh, path) == 0 ? hone__sync_parent(path) : hone__fail_errno("cannot replace", path);
done:
    hone__str_dispose(&name);
    hone__free(fresh);
    return status;
}

/* Puts `aside` in the place of the present `path`, which gets its name: in one step where the file system can, else by way of a third name. */
static hone_status replace_dir(const char *aside, const char *path)
{
    if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        /* or a machine that goes down now may have the old folder under its name again, and without its files */
        return hone__sync_parent(path);
    }
    char *old = NULL;
    hone_str name = HONE_STR_INIT;
    hone_status status = HONE_OK;
    hone__str_printf(&name, "%.*s.old%s", (int)without_slashes(path, strlen(path)), path, hone__aside_suffix());
    HONE_GO(hone__str_take(&old, &name));
    if (rename(path, old) != 0) {
        status = errno == EXDEV ? replace_below(aside, path) : hone__fail_errno("cannot replace", path);
        goto done;
    }
    if (rename(aside, path) != 0) {
        status = hone__fail_errno("cannot replace", path);
        (void)rename(old, path);
        goto done;
    }
    HONE_GO(hone__sync_parent(path));
    if (rename(old, aside) != 0)
        status = hone__fail_errno("cannot rename to", aside);
done:
    hone__str_dispose(&name);
    hone__free(old);
    return status;
}

hone_status hone__rename_dir(const char *aside, const char *path, bool replace)
{
    struct stat info;
    HONE_TRY(hone__sync_dir(aside));
    bool exists = lstat(path, &info) == 0;
    if (exists && !replace)
        return hone__fail(HONE_IO, "cannot write %s: it exists already", path);
    if (exists)
        HONE_TRY(replace_dir(aside, path));
    else if (rename(aside, path) != 0)
        return hone__fail_errno("cannot rename to", path);
    HONE_TRY(hone__sync_parent(path));
    return hone__sync_parent(aside);
}

/* `aside` is what a process that is gone left of `path`; its name goes on with `what` behind that of path. */
static void clean_up(const char *path, const char *aside, const char *what)
{
    bool was_there = hone__starts_with(what, ".old-"), was_to_come = hone__starts_with(what, ".tmp-"),
         is_whole = hone__starts_with(what, ".new-");
    if (is_whole ? hone__remove_tree(path) == HONE_OK : was_there && !hone__is_dir(path))
        (void)hone__rename_dir(aside, path, false);
    else if (was_there || was_to_come)
        (void)hone__remove_tree(aside);
}

void hone__clean_beside(const char *path)
{
    char *parent = NULL, *plain = NULL, *aside = NULL;
    DIR *dir = NULL;
    if (find_parent(&parent, path) == HONE_OK && hone__strndup(&plain, path, without_slashes(path, strlen(path))) == HONE_OK)
        dir = opendir(parent);
    const char *name = plain ? hone__path_base(plain) : NULL;
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        if (!hone__starts_with(entry->d_name, name) || !hone__is_left_behind(entry->d_name))
            continue;
        if (hone__path_join(&aside, parent, entry->d_name) == HONE_OK)
            clean_up(plain, aside, entry->d_name + strlen(name));
        hone__free(aside);
    }
    if (dir)
        closedir(dir);
    hone__free(parent);
    hone__free(plain);
}

typedef struct listing {
    hone_file_list files;
    size_t capacity;
    const char *glob;
} listing;

/* Takes path. */
static hone_status add_path(listing *l, char *path)
{
    hone_status status = HONE_GROW(&l->files.paths, &l->capacity, l->files.n + 1);
    if (status == HONE_OK)
        l->files.paths[l->files.n++] = path;
    else
        hone__free(path);
    return status;
}

static hone_status list_folder(listing *l, const char *folder, bool is_root);

static hone_status list_entry(listing *l, const char *folder, const char *name)
{
    struct stat info;
    char *path = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone__path_join(&path, folder, name));
    if (lstat(path, &info) != 0)
        goto done; /* it went away in between */
    if (S_ISDIR(info.st_mode)) {
        HONE_GO(list_folder(l, path, false));
    } else if (hone__is_file(path) && (!l->glob || fnmatch(l->glob, name, 0) == 0)) {
        char *taken = path;
        path = NULL;
        HONE_GO(add_path(l, taken));
    } else if (S_ISLNK(info.st_mode) && stat(path, &info) != 0 && (!l->glob || fnmatch(l->glob, name, 0) == 0)) {
        hone__log(HONE_LOG_WARNING, "%s: a link to nothing; it was passed over", path);
    }
done:
    hone__free(path);
    return status;
}

static hone_status list_folder(listing *l, const char *folder, bool is_root)
{
    DIR *dir = opendir(folder);
    if (!dir) {
        hone_status status = hone__fail_errno("cannot read the folder", folder);
        if (is_root)
            return status;
        hone__log(HONE_LOG_WARNING, "%s: passed over", hone_error_message());
        return HONE_OK;
    }
    hone_status status = HONE_OK;
    for (struct dirent *entry; status == HONE_OK && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            status = list_entry(l, folder, entry->d_name);
    closedir(dir);
    return status;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends what is under path to l, sorted. */
static hone_status list_path(listing *l, const char *path)
{
    struct stat info;
    char *copy = NULL;
    if (strcmp(path, "-") != 0 && stat(path, &info) != 0)
        return hone__fail_errno("cannot read", path);
    if (strcmp(path, "-") == 0 || !S_ISDIR(info.st_mode)) {
        HONE_TRY(hone__strdup(&copy, path));
        return add_path(l, copy);
    }
    size_t first = l->files.n;
    HONE_TRY(list_folder(l, path, true));
    if (l->files.n > first)
        qsort(l->files.paths + first, l->files.n - first, sizeof(char *), compare_paths);
    return HONE_OK;
}

hone_status hone__list_files(hone_file_list *out, const char *path, const char *glob)
{
    listing l = {{NULL, 0}, 0, glob};
    hone_status status = list_path(&l, path);
    if (status != HONE_OK)
        hone__file_list_dispose(&l.files);
    *out = l.files;
    return status;
}

typedef struct place {
    const char *path;
    size_t index;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* Drops every path that stands earlier in the list already. */
static hone_status drop_duplicates(hone_file_list *list)
{
    place *places = NULL;
    HONE_TRY(HONE_ALLOC(&places, list->n));
    for (size_t i = 0; i < list->n; i++)
        places[i] = (place){list->paths[i], i};
    if (list->n > 1)
        qsort(places, list->n, sizeof(*places), compare_places);
    for (size_t i = 0, run = 0; i < list->n; i++) {
        if (i > 0 && strcmp(places[i].path, places[run].path) == 0) {
            hone__free(list->paths[places[i].index]);
            list->paths[places[i].index] = NULL;
        } else {
            run = i;
        }
    }
    hone__free(places);
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->paths[i])
            list->paths[kept++] = list->paths[i];
    list->n = kept;
    return HONE_OK;
}

hone_status hone__list_all_files(hone_file_list *out, const char *const *paths, size_t n, const char *glob)
{
    listing l = {{NULL, 0}, 0, glob};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < n; i++)
        HONE_GO(list_path(&l, paths[i]));
    HONE_GO(drop_duplicates(&l.files));
    if (l.files.n == 0 && n == 0)
        HONE_GO(hone__fail(HONE_NOT_FOUND, "no files were given"));
    if (l.files.n == 0)
        HONE_GO(hone__fail(HONE_NOT_FOUND, "%s%s holds no files%s%s", paths[0], n > 1 ? " and the other folders" : "",
                           glob ? " that match " : "", glob ? glob : ""));
done:
    if (status != HONE_OK)
        hone__file_list_dispose(&l.files);
    *out = l.files;
    return status;
}

void hone__file_list_dispose(hone_file_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        hone__free(list->paths[i]);
    hone__free(list->paths);
    *list = (hone_file_list){NULL, 0};
}
