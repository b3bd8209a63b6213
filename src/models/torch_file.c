/* From a file of torch.save to a list of tensors (torch_file.h): finding the pickle and the storages in either format, and checking every tensor against its storage.
 *
 * Zip: NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder. Old format (torch/serialization.py, _legacy_save): five pickles (a magic number, the version 1001, facts about the machine, the dict, the
 * keys of the storages), then for each key the number of elements in eight bytes and the elements. */
#include "models/torch_file.h"

#include "base/str.h"
#include "models/pickle.h"
#include "models/zip.h"

#include <stdlib.h>
#include <string.h>

struct hone_torch_file {
    const char *path, *data;
    size_t len;
    hone_zip storages; /* where each one's bytes are, by key */
    hone_pickle pickle;
    hone_pickle_value top;
    hone_safetensor *tensors;
    size_t n_tensors;
    char *names;      /* of the tensors */
    int64_t *strides; /* of those that are not contiguous */
};

bool hone__torch_is_name(const char *path)
{
    return hone__ends_with(path, ".bin") || hone__ends_with(path, ".pt") || hone__ends_with(path, ".pth");
}

static hone_status fail_byte_order(const hone_torch_file *f)
{
    return hone__fail(HONE_UNSUPPORTED, "%s was written on a big-endian machine: only little-endian tensors are read", f->path);
}

static bool equals(const hone_pickle_value *v, const char *text)
{
    return v->kind == HONE_PICKLE_STRING && v->n == strlen(text) && memcmp(v->as.bytes, text, v->n) == 0;
}

/* ---- the zip format ---- */

/* The archive's NAME and a slash, from its entry NAME/data.pkl. */
static const hone_zip_entry *find_pickle(size_t *prefix, const hone_zip *zip)
{
    for (size_t i = 0; i < zip->n; i++) {
        const hone_zip_entry *e = &zip->entries[i];
        const char *slash = memchr(e->name, '/', e->name_len);
        *prefix = slash ? (size_t)(slash - e->name) + 1 : 0;
        if (slash && e->name_len == *prefix + 8 && memcmp(slash + 1, "data.pkl", 8) == 0)
            return e;
    }
    return NULL;
}

/* Keeps the entries NAME/data/KEY, as KEY. */
static void keep_storages(hone_zip *zip, const char *prefix, size_t prefix_len)
{
    size_t n = 0;
    for (size_t i = 0; i < zip->n; i++) {
        hone_zip_entry e = zip->entries[i];
        if (e.name_len > prefix_len + 5 && memcmp(e.name, prefix, prefix_len) == 0 && memcmp(e.name + prefix_len, "data/", 5) == 0) {
            e.name += prefix_len + 5;
            e.name_len -= prefix_len + 5;
            zip->entries[n++] = e;
        }
    }
    zip->n = n;
}

static hone_status read_zip(hone_torch_file *f)
{
    size_t prefix = 0, used;
    HONE_TRY(hone__zip_open(&f->storages, f->data, f->len, f->path));
    const hone_zip_entry *pickle = find_pickle(&prefix, &f->storages);
    if (!pickle)
        return hone__fail(HONE_FORMAT, "%s is a zip archive, but not one of torch.save: it has no data.pkl", f->path);
    const char *name = pickle->name;
    const size_t begin = pickle->offset, len = pickle->size;
    for (size_t i = 0; i < f->storages.n; i++) {
        const hone_zip_entry *e = &f->storages.entries[i];
        if (e->name_len == prefix + 9 && memcmp(e->name, name, prefix) == 0 && memcmp(e->name + prefix, "byteorder", 9) == 0 &&
            (e->size != 6 || memcmp(f->data + e->offset, "little", 6) != 0))
            return fail_byte_order(f);
    }
    keep_storages(&f->storages, name, prefix);
    return hone__pickle_run(&f->pickle, &f->top, &used, f->data + begin, len);
}

/* ---- the old format ---- */

static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

static hone_status next_pickle(hone_pickle_value *out, hone_torch_file *f, size_t *at)
{
    size_t used;
    HONE_TRY(hone__pickle_run(&f->pickle, out, &used, f->data + *at, f->len - *at));
    *at += used;
    return HONE_OK;
}

/* The three pickles before the dict. */
static hone_status read_heading(hone_torch_file *f, size_t *at)
{
    hone_pickle_value v;
    HONE_TRY(next_pickle(&v, f, at));
    if (v.kind != HONE_PICKLE_LONG || v.n != 10 || memcmp(v.as.bytes, magic, 10) != 0)
        return hone__hint(hone__fail(HONE_FORMAT, "%s is a pickle, but not one of torch.save", f->path),
                          "weights come from torch.save(model.state_dict(), …) or save_pretrained");
    HONE_TRY(next_pickle(&v, f, at));
    if (v.kind != HONE_PICKLE_INT || v.as.integer != 1001)
        return hone__fail(HONE_UNSUPPORTED, "%s: another version of torch's old format than 1001", f->path);
    HONE_TRY(next_pickle(&v, f, at));
    size_t link = v.kind == HONE_PICKLE_DICT ? f->pickle.containers[v.as.place].first : 0;
    for (; link; link = f->pickle.links[link].next) {
        const hone_pickle_link *l = &f->pickle.links[link];
        if (equals(&l->key, "little_endian") && l->value.kind == HONE_PICKLE_BOOL && !l->value.as.integer)
            return fail_byte_order(f);
    }
    return HONE_OK;
}

/* How many bytes an element of each storage has, by key. */
static hone_status element_sizes(hone_zip *out, const hone_pickle *p)
{
    *out = (hone_zip){NULL, 0};
    HONE_TRY(HONE_NEW(&out->entries, p->n_storages));
    for (; out->n < p->n_storages; out->n++) {
        const hone_torch_storage *s = &p->storages[out->n];
        out->entries[out->n] = (hone_zip_entry){.name = s->key, .name_len = s->key_len, .size = s->dtype->size};
    }
    hone__zip_sort(out);
    return HONE_OK;
}

static uint64_t number_at(const char *data)
{
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)data[i];
    return n;
}

/* Notes one storage at *at and goes over it. */
static hone_status skip_storage(hone_torch_file *f, const hone_zip *sizes, const hone_pickle_value *key, size_t *at)
{
    const hone_zip_entry *size = key->kind == HONE_PICKLE_STRING ? hone__zip_find(sizes, key->as.bytes, key->n) : NULL;
    size_t bytes;
    if (!size)
        return hone__fail(HONE_FORMAT, "%s: it lists a storage that no tensor has", f->path);
    if (f->len - *at < 8)
        return hone__hint(hone__fail(HONE_FORMAT, "%s ends before its tensors do: it is cut short", f->path),
                          "copy or download the file again");
    uint64_t count = number_at(f->data + *at);
    *at += 8;
    if (count > f->len || !hone__mul_size(&bytes, (size_t)count, size->size) || bytes > f->len - *at)
        return hone__hint(hone__fail(HONE_FORMAT, "%s ends before its tensors do: it is cut short", f->path),
                          "copy or download the file again");
    f->storages.entries[f->storages.n++] = (hone_zip_entry){.name = key->as.bytes, .name_len = key->n, .offset = *at, .size = bytes};
    *at += bytes;
    return HONE_OK;
}

static hone_status read_old(hone_torch_file *f)
{
    hone_zip sizes = {NULL, 0};
    hone_pickle_value keys;
    hone_status status = HONE_OK;
    size_t at = 0;
    HONE_GO(read_heading(f, &at));
    HONE_GO(next_pickle(&f->top, f, &at));
    HONE_GO(next_pickle(&keys, f, &at));
    if (keys.kind != HONE_PICKLE_LIST)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: the list of its storages is missing", f->path));
    HONE_GO(element_sizes(&sizes, &f->pickle));
    const hone_pickle_container *list = &f->pickle.containers[keys.as.place];
    HONE_GO(HONE_NEW(&f->storages.entries, list->n));
    for (size_t link = list->first; link; link = f->pickle.links[link].next)
        HONE_GO(skip_storage(f, &sizes, &f->pickle.links[link].value, &at));
    hone__zip_sort(&f->storages);
done:
    hone__zip_dispose(&sizes);
    return status;
}

/* ---- tensors ---- */

#define MAX_COUNT ((size_t)1 << 48) /* strides of 0 make much of little */

static hone_status fail_tensor(const hone_torch_file *f, const hone_safetensor *t, const char *what)
{
    return hone__fail(HONE_FORMAT, "%s: tensor %s: %s", f->path, t->name, what);
}

/* The number of elements, and the last one's place behind the first. False when that is beyond reason. */
static bool measure(uint64_t *count, uint64_t *last, const hone_torch_tensor *from)
{
    size_t product = 1, sum = 0;
    for (int i = 0; i < from->n_dims; i++) {
        size_t reach;
        if (!hone__mul_size(&product, product, (size_t)from->dim[i]))
            return false;
        if (from->dim[i] > 0 &&
            (!hone__mul_size(&reach, (size_t)from->dim[i] - 1, (size_t)from->stride[i]) || !hone__add_size(&sum, sum, reach)))
            return false;
    }
    *count = product;
    *last = product ? sum : 0;
    return product <= MAX_COUNT;
}

static bool is_contiguous(const hone_torch_tensor *t)
{
    int64_t expected = 1;
    for (int i = t->n_dims; i-- > 0;) {
        if (t->dim[i] != 1 && t->stride[i] != expected)
            return false;
        expected *= t->dim[i];
    }
    return true;
}

/* Finds the tensor's bytes in its storage. */
static hone_status place_tensor(hone_torch_file *f, hone_safetensor *t, const hone_torch_tensor *from, int64_t *strides)
{
    const hone_torch_storage *s = &f->pickle.storages[from->storage];
    const hone_zip_entry *bytes = hone__zip_find(&f->storages, s->key, s->key_len);
    size_t of_storage, begin = 0, size = from->dtype->size;
    uint64_t last;
    if (!bytes)
        return fail_tensor(f, t, "its storage is missing");
    if (!hone__mul_size(&of_storage, (size_t)s->count, s->dtype->size) || !hone__mul_size(&begin, (size_t)s->view, s->dtype->size) ||
        begin > bytes->size || of_storage > bytes->size - begin)
        return fail_tensor(f, t, "its storage is shorter than it says");
    if (!measure(&t->count, &last, from))
        return fail_tensor(f, t, "its shape is too large");
    size_t room = of_storage / size; /* elements */
    if (t->count && ((uint64_t)from->offset >= room || last >= room - (uint64_t)from->offset))
        return fail_tensor(f, t, "it does not lie in its storage");
    t->offset = bytes->offset + begin + (t->count ? (size_t)from->offset * size : 0);
    t->n_bytes = t->count ? (size_t)(last + 1) * size : 0;
    if (t->count && !is_contiguous(from)) {
        memcpy(strides, from->stride, sizeof(from->stride));
        t->stride = strides;
    }
    return HONE_OK;
}

static bool is_name(const hone_pickle_value *key)
{
    return key->kind == HONE_PICKLE_STRING && hone__utf8_valid(key->as.bytes, key->n) == key->n && !memchr(key->as.bytes, '\0', key->n);
}

/* Checkpoints of training hold the state dict beside other things. */
static const hone_pickle_link *find_nested(const hone_torch_file *f, const hone_pickle_container *dict)
{
    for (size_t link = dict->first; link; link = f->pickle.links[link].next) {
        const hone_pickle_link *l = &f->pickle.links[link];
        if (is_name(&l->key) && l->value.kind == HONE_PICKLE_DICT)
            return l;
    }
    return NULL;
}

static hone_status fail_entry(const hone_torch_file *f, const hone_pickle_container *dict, const hone_pickle_link *l)
{
    const hone_pickle_link *nested = find_nested(f, dict);
    char what[64];
    if (!is_name(&l->key))
        return hone__fail(HONE_FORMAT, "%s: a key of its dict is no name of a tensor", f->path);
    l = nested ? nested : l;
    int len = l->key.n < 60 ? (int)l->key.n : 60;
    hone_status status = hone__fail(HONE_UNSUPPORTED, "%s: its entry \"%.*s\" is %s: a dict of tensors was expected", f->path, len,
                                    l->key.as.bytes, hone__pickle_describe(what, &f->pickle, &l->value));
    return nested ? hone__hint(status, "save it alone: torch.save(checkpoint[\"%.*s\"], …)", len, l->key.as.bytes)
                  : hone__hint(status, "save the weights alone: torch.save(model.state_dict(), …) or save_pretrained");
}

/* Room for the names and strides of all tensors. */
static hone_status make_room(hone_torch_file *f, const hone_pickle_container *dict)
{
    size_t n_chars = 0;
    for (size_t link = dict->first; link; link = f->pickle.links[link].next)
        n_chars += (size_t)f->pickle.links[link].key.n + 1;
    HONE_TRY(HONE_NEW(&f->tensors, dict->n));
    HONE_TRY(HONE_ALLOC(&f->strides, dict->n * HONE_SAFETENSORS_MAX_DIMS));
    return HONE_ALLOC(&f->names, n_chars);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hone_safetensor *)a)->name, ((const hone_safetensor *)b)->name);
}

static hone_status list_tensors(hone_torch_file *f)
{
    char what[64], *name;
    if (f->top.kind != HONE_PICKLE_DICT)
        return hone__fail(HONE_UNSUPPORTED, "%s holds %s: a dict of tensors was expected", f->path,
                          hone__pickle_describe(what, &f->pickle, &f->top));
    const hone_pickle_container *dict = &f->pickle.containers[f->top.as.place];
    HONE_TRY(make_room(f, dict));
    name = f->names;
    for (size_t link = dict->first; link; link = f->pickle.links[link].next) {
        const hone_pickle_link *l = &f->pickle.links[link];
        hone_safetensor *t = &f->tensors[f->n_tensors];
        if (!is_name(&l->key) || l->value.kind != HONE_PICKLE_TENSOR)
            return fail_entry(f, dict, l);
        const hone_torch_tensor *from = &f->pickle.tensors[l->value.as.place];
        memcpy(name, l->key.as.bytes, l->key.n);
        name[l->key.n] = '\0';
        *t = (hone_safetensor){.name = name, .dtype_name = from->dtype->name, .dtype = from->dtype->dtype, .n_dims = from->n_dims};
        memcpy(t->dim, from->dim, sizeof(from->dim));
        HONE_TRY(place_tensor(f, t, from, f->strides + f->n_tensors * HONE_SAFETENSORS_MAX_DIMS));
        name += l->key.n + 1;
        f->n_tensors++;
    }
    if (f->n_tensors)
        qsort(f->tensors, f->n_tensors, sizeof(*f->tensors), by_name);
    return HONE_OK;
}

/* ---- opening ---- */

static hone_status fail_other(const hone_torch_file *f)
{
    hone_status status = hone__fail(HONE_FORMAT, "%s is no file of torch.save", f->path);
    if (f->len >= 12 && memcmp(f->data, "version http", 12) == 0)
        return hone__hint(status, "it is a pointer of Git LFS: `git lfs pull` brings the file itself");
    return status;
}

hone_status hone__torch_open(hone_torch_file **out, const char *data, size_t len, const char *path)
{
    hone_torch_file *f = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_GO(HONE_NEW(&f, 1));
    f->path = f->pickle.path = path;
    f->data = data;
    f->len = len;
    if (hone__zip_is(data, len))
        HONE_GO(read_zip(f));
    else if (len > 0 && (unsigned char)data[0] == 0x80)
        HONE_GO(read_old(f));
    else
        HONE_GO(fail_other(f));
    HONE_GO(list_tensors(f));
    hone__zip_dispose(&f->storages);
    hone__pickle_dispose(&f->pickle);
    *out = f;
    return HONE_OK;
done:
    hone__torch_close(f);
    return status;
}

void hone__torch_close(hone_torch_file *f)
{
    if (!f)
        return;
    hone__zip_dispose(&f->storages);
    hone__pickle_dispose(&f->pickle);
    hone__free(f->tensors);
    hone__free(f->strides);
    hone__free(f->names);
    hone__free(f);
}

const hone_safetensor *hone__torch_tensors(const hone_torch_file *f, size_t *n)
{
    *n = f->n_tensors;
    return f->tensors;
}

bool hone__torch_holds(const hone_torch_file *f, const char *name)
{
    const hone_safetensor key = {.name = name};
    return f->n_tensors && bsearch(&key, f->tensors, f->n_tensors, sizeof(key), by_name);
}
