/* The machine loses power. The shim records a run; its calls are made again here on a model of a file system that keeps only what POSIX promises: a file's content when it was synced, a name when its folder
 * was. After every call the states are built that a crash may leave: of the unsynced names none, all, each alone, all but each, and all beginnings of their row; and unsynced contents as they were before, whole,
 * full of zeros, cut in half (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014). In each of them the newest checkpoint that hone said to have saved must be there and whole; and whoever goes on
 * ends as the run that nothing happened to. A rename counts as one change, which a file system makes whole or not at all. */
#include "support/crash.h"

#include "crash/shim/shim.h"
#include "train/trainer.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT, WHOLE, ZEROS, HALF, N_MODES, MOST_PENDING = 64, MOST_LINKS = 1024, SEEN = 1 << 17 };

/* A file or a folder. Content: as it is, and as it was when it was synced. */
typedef struct node {
    bool is_dir, dirty;
    char *data, *kept;
    size_t len, kept_len;
    uint64_t hash[N_MODES];
    bool hashed;
} node;

typedef struct link_ {
    node *dir;
    char name[128];
    node *child;
} link_;

typedef struct links {
    link_ items[MOST_LINKS];
    size_t n;
} links;

/* One call's changes of names; a child NULL takes the name away. */
typedef struct change {
    link_ parts[2];
    bool synced[2];
    size_t n;
} change;

typedef struct disk {
    node *root;
    node *nodes[1 << 14];
    size_t n_nodes;
    links now, kept;
    change pending[MOST_PENDING];
    size_t n_pending;
} disk;

static char *record_text; /* the whole record */
static size_t record_len;

/* ---- the model ---- */

static node *new_node(disk *d, bool is_dir)
{
    node *n = calloc(1, sizeof(*n));
    assert_true(n && d->n_nodes < sizeof(d->nodes) / sizeof(*d->nodes));
    n->is_dir = is_dir;
    return d->nodes[d->n_nodes++] = n;
}

static node *find_child(const links *l, const node *dir, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].dir == dir && strcmp(l->items[i].name, name) == 0)
            return l->items[i].child;
    return NULL;
}

static void apply(links *l, const link_ *part)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].dir == part->dir && strcmp(l->items[i].name, part->name) == 0) {
            l->items[i] = l->items[--l->n];
            break;
        }
    assert_true(l->n < MOST_LINKS);
    if (part->child)
        l->items[l->n++] = *part;
}

/* The folder that holds path, which is below the root, and its last part. */
static node *holder(const disk *d, const char *path, const char **name)
{
    node *dir = d->root;
    const char *at = path, *slash;
    char part[128];
    for (; (slash = strchr(at, '/')); at = slash + 1) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - at), at);
        dir = find_child(&d->now, dir, part);
        if (!dir)
            fail_msg("the record names %s, whose folder is not there", path);
    }
    *name = at;
    return dir;
}

static node *lookup(const disk *d, const char *path)
{
    const char *name;
    if (!*path)
        return d->root;
    node *dir = holder(d, path, &name);
    return find_child(&d->now, dir, name);
}

static link_ make_link(const disk *d, const char *path, node *child)
{
    link_ l = {.child = child};
    const char *name;
    l.dir = holder(d, path, &name);
    snprintf(l.name, sizeof(l.name), "%s", name);
    return l;
}

static void add_change(disk *d, change c)
{
    for (size_t i = 0; i < c.n; i++)
        apply(&d->now, &c.parts[i]);
    assert_true(d->n_pending < MOST_PENDING);
    d->pending[d->n_pending++] = c;
}

static void put_name(disk *d, const char *path, node *child)
{
    add_change(d, (change){.parts = {make_link(d, path, child)}, .n = 1});
}

static void sync_dir(disk *d, const node *dir)
{
    size_t left = 0;
    for (size_t i = 0; i < d->n_pending; i++) {
        change *c = &d->pending[i];
        bool all = true;
        for (size_t k = 0; k < c->n; k++) {
            c->synced[k] = c->synced[k] || c->parts[k].dir == dir;
            all = all && c->synced[k];
        }
        for (size_t k = 0; k < c->n && all; k++)
            apply(&d->kept, &c->parts[k]);
        if (!all)
            d->pending[left++] = *c;
    }
    d->n_pending = left;
}

static void resize(node *n, size_t len)
{
    if (len > n->len) {
        n->data = realloc(n->data, len);
        memset(n->data + n->len, 0, len - n->len);
    }
    n->len = len;
    n->dirty = true;
    n->hashed = false;
}

static void sync_file(node *n)
{
    free(n->kept);
    n->kept = malloc(n->len + 1);
    if (n->len)
        memcpy(n->kept, n->data, n->len);
    n->kept_len = n->len;
    n->dirty = n->hashed = false;
}

static void swap(disk *d, const char *a, const char *b)
{
    change c = {.parts = {make_link(d, a, lookup(d, b)), make_link(d, b, lookup(d, a))}, .n = 2};
    add_change(d, c);
}

static void replay(disk *d, const shim_record *r, const char *path, const char *other, const char *data)
{
    node *n = lookup(d, path);
    if (!n && r->kind != SHIM_CREATE && r->kind != SHIM_MKDIR)
        fail_msg("the record names %s, which is not there", path);
    switch ((shim_kind)r->kind) {
    case SHIM_CREATE:
    case SHIM_MKDIR:
        put_name(d, path, new_node(d, r->kind == SHIM_MKDIR));
        break;
    case SHIM_WRITE:
        if (n->len < r->offset + r->len)
            resize(n, r->offset + r->len);
        memcpy(n->data + r->offset, data, r->len);
        n->dirty = true;
        n->hashed = false;
        break;
    case SHIM_TRUNCATE:
        resize(n, r->offset);
        break;
    case SHIM_SYNC:
        sync_file(n);
        break;
    case SHIM_SYNC_DIR:
        sync_dir(d, n);
        break;
    case SHIM_RENAME:
        add_change(d, (change){.parts = {make_link(d, path, NULL), make_link(d, other, n)}, .n = 2});
        break;
    case SHIM_EXCHANGE:
        swap(d, path, other);
        break;
    case SHIM_LINK:
        put_name(d, other, n);
        break;
    case SHIM_UNLINK:
    case SHIM_RMDIR:
        put_name(d, path, NULL);
        break;
    default:
        fail_msg("a record of kind %u", r->kind);
    }
}

/* What is there before the run, and safe. */
static void load(disk *d, node *dir, const char *path)
{
    char below[1500];
    struct dirent *entry;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    while ((entry = readdir(stream))) {
        link_ l = {.dir = dir};
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(l.name, sizeof(l.name), "%.127s", entry->d_name);
        snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        l.child = new_node(d, hone__is_dir(below));
        apply(&d->now, &l);
        apply(&d->kept, &l);
        if (l.child->is_dir) {
            load(d, l.child, below);
            continue;
        }
        size_t len;
        char *text = test_read(below, &len);
        resize(l.child, len);
        memcpy(l.child->data, text, len);
        sync_file(l.child);
        hone__free(text);
    }
    closedir(stream);
}

/* ---- states ---- */

static size_t content(const node *n, int mode, const char **data)
{
    static char *zeros;
    static size_t capacity;
    *data = n->data;
    if (!n->dirty || mode == WHOLE)
        return n->len;
    if (mode == KEPT) {
        *data = n->kept;
        return n->kept_len;
    }
    if (mode == HALF)
        return n->len / 2;
    if (n->len > capacity) {
        free(zeros);
        zeros = calloc(1, n->len);
        capacity = n->len;
    }
    *data = zeros;
    return n->len;
}

static uint64_t hash_of(node *n, int mode)
{
    const char *data;
    for (int m = 0; m < N_MODES && !n->hashed; m++) {
        size_t len = content(n, m, &data);
        n->hash[m] = hone__hash64(len ? data : "", len, len);
    }
    n->hashed = true;
    return n->hash[mode];
}

/* Order does not matter in a sum, and names stand once. */
static uint64_t hash_tree(const links *l, const node *dir, int mode, uint64_t above)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].dir == dir) {
            node *n = l->items[i].child;
            uint64_t name = hone__hash64(l->items[i].name, strlen(l->items[i].name), above);
            sum += n->is_dir ? hash_tree(l, n, mode, name) + name : hone__hash64(&name, sizeof(name), hash_of(n, mode));
        }
    return sum;
}

static void build(const links *l, const node *dir, int mode, const char *path)
{
    char below[1500];
    const char *data;
    assert_int_equal(mkdir(path, 0777), 0);
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i].dir != dir)
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, l->items[i].name);
        if (l->items[i].child->is_dir) {
            build(l, l->items[i].child, mode, below);
        } else {
            size_t len = content(l->items[i].child, mode, &data);
            test_write(below, len ? data : "", len);
        }
    }
}

/* What is done with each distinct state. */
typedef struct examination {
    const char *line, *output_dir; /* of the run; the second below the root */
    char root[600];
    int64_t announced; /* the newest checkpoint that hone said to have saved, 0: none */
    int64_t always[8]; /* checkpoints that were there before the run: none may ever be missing */
    size_t n_always;
    uint64_t seen[SEEN], classes[512], chance;
    size_t n_states, n_classes, n_resumed, most_resumed;
    char where[128];
} examination;

static bool is_new(examination *e, uint64_t key)
{
    key = key ? key : 1;
    for (size_t i = key % SEEN;; i = (i + 1) % SEEN) {
        if (e->seen[i] == key)
            return false;
        if (!e->seen[i]) {
            assert_true(++e->n_states < SEEN / 2);
            e->seen[i] = key;
            return true;
        }
    }
}

/* States with the same names in the output folder and the same newest checkpoint are of one class: one of each is gone on from, and some at random. */
static bool is_worth_it(examination *e, const links *l, const node *output, int64_t newest)
{
    uint64_t key = (uint64_t)newest;
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].dir == output)
            key += hone__hash64(l->items[i].name, strcspn(l->items[i].name, "."), 7);
    bool is_known = false;
    for (size_t i = 0; i < e->n_classes; i++)
        is_known = is_known || e->classes[i] == key;
    if (!is_known && e->n_classes < sizeof(e->classes) / sizeof(*e->classes))
        e->classes[e->n_classes++] = key;
    return e->n_resumed < e->most_resumed && (!is_known || crash_uniform(&e->chance) < 0.01);
}

static void examine(examination *e, const links *l, node *root, int mode)
{
    char output[1200];
    char *newest = NULL;
    int64_t step = 0;
    assert_ok(hone__remove_tree(e->root));
    build(l, root, mode, e->root);
    snprintf(output, sizeof(output), "%s/%s", crash_folder(), e->output_dir);
    assert_ok(hone__checkpoint_newest(&newest, output));
    if (newest)
        step = strtoll(strrchr(newest, '-') + 1, NULL, 10);
    hone__free(newest);
    if (step < e->announced)
        fail_msg("%s: checkpoint-%lld was said to be saved, and the newest whole one is %lld", e->where, (long long)e->announced,
                 (long long)step);
    for (size_t i = 0; i < e->n_always; i++) {
        char path[1300];
        snprintf(path, sizeof(path), "%s/checkpoint-%lld", output, (long long)e->always[i]);
        if (hone__checkpoint_verify(path) != HONE_OK)
            fail_msg("%s: checkpoint-%lld was there and whole before the run: %s", e->where, (long long)e->always[i], hone_error_message());
    }
    node *folder = find_child(l, root, "deep");
    folder = folder ? find_child(l, folder, "out") : NULL;
    if (!is_worth_it(e, l, folder, step))
        return;
    e->n_resumed++;
    crash_finish(e->line, e->output_dir, 1);
    crash_assert_same("whole", e->output_dir, e->where);
}

/* chosen: a bit for each pending change. */
static void try_subset(examination *e, disk *d, uint64_t chosen)
{
    static links l;
    l = d->kept;
    for (size_t i = 0; i < d->n_pending; i++)
        for (size_t k = 0; k < d->pending[i].n && (chosen >> i & 1); k++)
            apply(&l, &d->pending[i].parts[k]);
    for (int mode = 0; mode < N_MODES; mode++)
        if (is_new(e, hash_tree(&l, d->root, mode, 1) +
                          0x9e3779b97f4a7c15u * (uint64_t)e->announced)) /* what was harmless before may be a loss now */
            examine(e, &l, d->root, mode);
}

static void try_states(examination *e, disk *d)
{
    uint64_t all = d->n_pending == 64 ? UINT64_MAX : ((uint64_t)1 << d->n_pending) - 1;
    try_subset(e, d, 0);
    try_subset(e, d, all);
    for (size_t i = 0; i < d->n_pending; i++) {
        try_subset(e, d, (uint64_t)1 << i);
        try_subset(e, d, all & ~((uint64_t)1 << i));
        try_subset(e, d, ((uint64_t)1 << i) - 1);
    }
}

/* ---- the record ---- */

static int64_t announced_by(const char *said, size_t told)
{
    int64_t newest = 0;
    for (const char *p = said; (p = strstr(p, "hone: saved ")); p++) {
        const char *end = strchr(p, '\n');
        if (!end || (size_t)(end - said) >= told)
            break;
        const char *dash = end;
        while (dash > p && *dash != '-')
            dash--;
        newest = strtoll(dash + 1, NULL, 10);
    }
    return newest;
}

/* The record at *at, its paths made relative to the root; moves on. */
static bool next_record(size_t *at, shim_record *r, char *path, char *other, const char **data, size_t root_len)
{
    if (*at + sizeof(*r) > record_len)
        return false;
    memcpy(r, record_text + *at, sizeof(*r));
    const char *p = record_text + *at + sizeof(*r), *q = p + r->path_len;
    size_t skip = r->path_len > root_len ? root_len + 1 : r->path_len, skip_other = r->other_len ? root_len + 1 : 0;
    memcpy(path, p + skip, r->path_len - skip);
    path[r->path_len - skip] = '\0';
    memcpy(other, q + skip_other, r->other_len - skip_other);
    other[r->other_len - skip_other] = '\0';
    *data = q + r->other_len;
    *at += sizeof(*r) + r->path_len + r->other_len + r->len;
    return true;
}

/* Whether what the record made is what is there: that no call went unseen. */
static void assert_seen_all(const disk *d, const node *dir, const char *path)
{
    char below[1500];
    size_t len;
    for (size_t i = 0; i < d->now.n; i++) {
        const link_ *l = &d->now.items[i];
        if (l->dir != dir)
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, l->name);
        if (l->child->is_dir) {
            assert_seen_all(d, l->child, below);
            continue;
        }
        char *text = test_read(below, &len);
        if (len != l->child->len || (len && memcmp(text, l->child->data, len) != 0))
            fail_msg("%s was changed by calls that the shim did not see", below);
        hone__free(text);
    }
    hone_file_list files;
    assert_ok(hone__list_files(&files, path, NULL));
    for (size_t i = 0; i < files.n && dir == d->root; i++)
        if (!lookup(d, files.paths[i] + strlen(path) + 1))
            fail_msg("%s was made by calls that the shim did not see", files.paths[i]);
    hone__file_list_dispose(&files);
}

/* before: a run that fills the output folder first, NULL: it is empty. Gives what hone said. */
static char *record(disk *d, const char *before, const char *line, const char *root)
{
    static char log[600];
    char full[2048], said[600];
    snprintf(log, sizeof(log), "%s/record", crash_folder());
    snprintf(said, sizeof(said), "%s/record.said", crash_folder());
    assert_ok(hone__remove_tree(root));
    assert_int_equal(mkdir(root, 0777), 0);
    if (before)
        crash_run_whole(before, "power/deep/out");
    d->root = new_node(d, true);
    load(d, d->root, root);
    snprintf(full, sizeof(full), "%s --output_dir power/deep/out", line);
    crash_end end = crash_run(full, &(crash_how){.root = root, .log = log, .said_at = said});
    if (end.status != 0)
        fail_msg("%s: status %d\n%s", full, end.status, end.said);
    record_text = test_read(log, &record_len);
    return test_read(said, NULL);
}

static void free_disk(disk *d)
{
    for (size_t i = 0; i < d->n_nodes; i++) {
        free(d->nodes[i]->data);
        free(d->nodes[i]->kept);
        free(d->nodes[i]);
    }
    free(d);
}

/* `again` NULL: the run itself is watched; else the run fills the folder, and what is watched is `again`, which goes on in it. */
static void lose_power_everywhere(const char *line, const char *again, size_t most_resumed)
{
    examination *e = calloc(1, sizeof(*e));
    disk *d = calloc(1, sizeof(*d));
    shim_record r;
    char path[4096], other[4096];
    const char *data;
    size_t at = 0, n_calls = 0;
    crash_shim();
    crash_make_data();
    e->chance = crash_seed();
    e->line = line;
    e->output_dir = "power/deep/out";
    e->most_resumed = most_resumed * (size_t)crash_rounds();
    snprintf(e->root, sizeof(e->root), "%s/power", crash_folder());
    crash_run_whole(line, "whole");
    char *said = record(d, again ? line : NULL, again ? again : line, e->root);
    for (; again && e->n_always < 3; e->n_always++)
        e->always[e->n_always] = 2 * (int64_t)e->n_always + 2;
    for (size_t root_len = strlen(e->root);; n_calls++) {
        bool more = next_record(&at, &r, path, other, &data, root_len);
        e->announced = announced_by(said, more ? (size_t)r.told : strlen(said) + 1);
        if (n_calls > 0)
            try_states(e, d);
        if (!more)
            break;
        replay(d, &r, path, other, data);
        snprintf(e->where, sizeof(e->where), "after call %zu (kind %u, %.80s)", n_calls + 1, r.kind, path);
    }
    printf("%zu calls, %zu distinct states, %zu of %zu kinds gone on from\n", n_calls, e->n_states, e->n_resumed, e->n_classes);
    assert_true(e->announced > 0 && e->n_states > n_calls && e->n_resumed > 10);
    free_disk(d);
    d = calloc(1, sizeof(*d));
    hone__free(record_text);
    hone__free(said);
    said = record(d, again ? line : NULL, again ? again : line, e->root); /* once more: the states above were built in its place */
    for (at = 0; next_record(&at, &r, path, other, &data, strlen(e->root));)
        replay(d, &r, path, other, data);
    assert_seen_all(d, d->root, e->root);
    free_disk(d);
    hone__free(said);
    hone__free(record_text);
    free(e);
}

static void one_checkpoint_is_kept(void **state)
{
    (void)state;
    lose_power_everywhere(CRASH_GPT2 "--max_steps 6 --save_steps 2 --save_total_limit 1", NULL, 30);
}

/* What is said to have been saved by then was written by another thread; the log goes on meanwhile. */
static void one_checkpoint_is_kept_beside_the_training(void **state)
{
    (void)state;
    lose_power_everywhere(CRASH_GPT2 "--max_steps 6 --save_steps 2 --save_total_limit 1" CRASH_BESIDE, NULL, 30);
}

static void an_encoder_keeps_its_best(void **state)
{
    (void)state;
    lose_power_everywhere(CRASH_BERT "--num_train_epochs 2 --gradient_accumulation_steps 5 --save_strategy epoch --save_total_limit 2 "
                                     "--eval_strategy epoch --load_best_model_at_end",
                          NULL, 30);
}

/* Going on from an earlier checkpoint writes the later ones again. */
static void checkpoints_are_written_again(void **state)
{
    (void)state;
    lose_power_everywhere(CRASH_GPT2 "--max_steps 6 --save_steps 2",
                          CRASH_GPT2 "--max_steps 6 --save_steps 2 --resume_from_checkpoint power/deep/out/checkpoint-2", 30);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_checkpoint_is_kept),
    cmocka_unit_test(one_checkpoint_is_kept_beside_the_training),
    cmocka_unit_test(an_encoder_keeps_its_best),
    cmocka_unit_test(checkpoints_are_written_again),
};
TEST_MAIN(tests)
