/* Reading safetensors files (safetensors.h). The whole header is checked once at opening: afterwards every tensor is known to lie inside its file. */
#include "models/safetensors.h"

#include "base/json.h"
#include "models/torch_file.h"
#include "tensor/dtype.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_HEADER 100000000u /* the reference's own limit */
#define MAX_FILES  4096
#define PIECE      16384 /* bytes read at once when elements are converted */

typedef struct source_file {
    char *path;
    hone_mapping map;
    const char *data; /* of the mapping, or lent */
    size_t len;
    json_t *header;         /* lends the names */
    hone_torch_file *torch; /* lends them in a file of torch.save */
} source_file;

struct hone_safetensors {
    source_file *files;
    size_t n_files, file_capacity;
    hone_safetensor *tensors;
    size_t n_tensors, tensor_capacity;
};

static const struct {
    const char *name;
    size_t size; /* 0: not a whole number of bytes an element, or unknown to us: extents are taken as given */
    int dtype;
} dtypes[] = {
#define X(name, size, text) {text, size, HONE_DTYPE_##name},
    HONE_DTYPE_MAP(X)
#undef X
        {"BOOL", 1, -1},
    {"I16", 2, -1},
    {"U16", 2, -1},
    {"U32", 4, -1},
    {"U64", 8, -1},
    {"F8_E4M3", 1, -1},
    {"F8_E5M2", 1, -1},
};

const char *hone__safetensors_shape(char *buffer, size_t size, int n_dims, const int64_t *dim)
{
    size_t used = (size_t)snprintf(buffer, size, "[");
    for (int i = 0; i < n_dims && used < size; i++)
        used += (size_t)snprintf(buffer + used, size - used, "%s%lld", i ? ", " : "", (long long)dim[i]);
    if (used < size)
        snprintf(buffer + used, size - used, "]");
    return buffer;
}

/* ---- one entry of the header ---- */

static hone_status parse_shape(hone_safetensor *t, const json_t *shape, const char *path)
{
    size_t n = json_array_size(shape);
    if (!json_is_array(shape) || n > HONE_SAFETENSORS_MAX_DIMS)
        return hone__fail(HONE_FORMAT, "%s: tensor %s: its shape must be a list of at most %d integers", path, t->name,
                          HONE_SAFETENSORS_MAX_DIMS);
    t->n_dims = (int)n;
    t->count = 1;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(shape, i);
        size_t product;
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return hone__fail(HONE_FORMAT, "%s: tensor %s: its shape must be a list of non-negative integers", path, t->name);
        t->dim[i] = json_integer_value(value);
        if (!hone__mul_size(&product, (size_t)t->count, (size_t)t->dim[i]))
            return hone__fail(HONE_FORMAT, "%s: tensor %s: its shape is too large", path, t->name);
        t->count = product;
    }
    return HONE_OK;
}

static hone_status parse_extent(hone_safetensor *t, const json_t *offsets, size_t element, size_t data_start, size_t data_len,
                                const char *path)
{
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last) || json_integer_value(first) < 0 ||
        json_integer_value(last) < json_integer_value(first))
        return hone__fail(HONE_FORMAT, "%s: tensor %s: data_offsets must be two ascending integers", path, t->name);
    uint64_t begin = (uint64_t)json_integer_value(first), end = (uint64_t)json_integer_value(last);
    if (end > data_len) {
        hone_status status = hone__fail(HONE_FORMAT, "%s: tensor %s ends at byte %llu of the data, which has %zu: the file is cut short",
                                        path, t->name, (unsigned long long)end, data_len);
        return hone__hint(status, "copy or download the file again");
    }
    size_t bytes = 0;
    char shape[160];
    if (element && (!hone__mul_size(&bytes, (size_t)t->count, element) || bytes != end - begin))
        return hone__fail(HONE_FORMAT, "%s: tensor %s says %s %s, but has %llu bytes", path, t->name, t->dtype_name,
                          hone__safetensors_shape(shape, sizeof(shape), t->n_dims, t->dim), (unsigned long long)(end - begin));
    t->offset = data_start + (size_t)begin;
    t->n_bytes = (size_t)(end - begin);
    return HONE_OK;
}

static hone_status parse_entry(hone_safetensor *t, const char *name, const json_t *entry, size_t data_start, size_t data_len,
                               const char *path)
{
    size_t element = 0;
    *t = (hone_safetensor){.name = name, .dtype = -1, .dtype_name = json_string_value(json_object_get(entry, "dtype"))};
    if (!json_is_object(entry) || !t->dtype_name)
        return hone__fail(HONE_FORMAT, "%s: tensor %s: an object with dtype, shape and data_offsets was expected", path, name);
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
        if (strcmp(dtypes[i].name, t->dtype_name) == 0) {
            element = dtypes[i].size;
            t->dtype = dtypes[i].dtype;
        }
    }
    HONE_TRY(parse_shape(t, json_object_get(entry, "shape"), path));
    return parse_extent(t, json_object_get(entry, "data_offsets"), element, data_start, data_len, path);
}

/* ---- one file ---- */

static int by_place(const void *a, const void *b)
{
    const hone_safetensor *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->n_bytes < y->n_bytes ? -1 : x->n_bytes > y->n_bytes;
}

/* The tensors of one file follow each other without overlap or gap and fill it, as the reference demands. */
static hone_status check_cover(hone_safetensor *tensors, size_t n, size_t data_start, size_t file_len, const char *path)
{
    size_t end = data_start;
    const char *previous = NULL;
    if (n)
        qsort(tensors, n, sizeof(*tensors), by_place);
    for (size_t i = 0; i < n; i++) {
        const hone_safetensor *t = &tensors[i];
        if (t->offset < end)
            return hone__fail(HONE_FORMAT, "%s: tensors %s and %s overlap", path, previous, t->name);
        if (t->offset > end)
            return hone__fail(HONE_FORMAT, "%s: %zu bytes before tensor %s belong to none", path, t->offset - end, t->name);
        end = t->offset + t->n_bytes;
        previous = t->name;
    }
    if (end != file_len)
        return hone__fail(HONE_FORMAT, "%s: %zu bytes at its end belong to no tensor", path, file_len - end);
    return HONE_OK;
}

static hone_status parse_tensors(hone_safetensors *s, uint32_t file, size_t data_start)
{
    source_file *f = &s->files[file];
    size_t begin = s->n_tensors;
    const char *name;
    json_t *entry;
    HONE_TRY(HONE_GROW(&s->tensors, &s->tensor_capacity, s->n_tensors + json_object_size(f->header)));
    json_object_foreach(f->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        HONE_TRY(parse_entry(&s->tensors[s->n_tensors], name, entry, data_start, f->len - data_start, f->path));
        s->tensors[s->n_tensors++].file = file;
    }
    return check_cover(s->tensors ? s->tensors + begin : NULL, s->n_tensors - begin, data_start, f->len, f->path);
}

static uint64_t read_length(const char *data)
{
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)data[i];
    return n;
}

static hone_status parse_file(hone_safetensors *s, uint32_t file)
{
    source_file *f = &s->files[file];
    json_error_t error;
    if (f->len < 8)
        return hone__fail(HONE_FORMAT, "%s: %zu bytes are too few for a safetensors file", f->path, f->len);
    uint64_t header = read_length(f->data);
    if (header > MAX_HEADER)
        return hone__fail(HONE_FORMAT, "%s is not a safetensors file: its header would have %llu bytes", f->path,
                          (unsigned long long)header);
    if (header > f->len - 8)
        return hone__hint(hone__fail(HONE_FORMAT, "%s: its header has %llu bytes, the file only %zu: it is cut short", f->path,
                                     (unsigned long long)header, f->len),
                          "copy or download the file again");
    f->header = json_loadb(f->data + 8, (size_t)header, JSON_REJECT_DUPLICATES, &error);
    if (!f->header && json_error_code(&error) == json_error_out_of_memory)
        return hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory while its header was read", f->path);
    if (!f->header)
        return hone__fail(HONE_FORMAT, "%s: its header is broken at byte %d: %s", f->path, error.position + 8, error.text);
    if (!json_is_object(f->header))
        return hone__fail(HONE_FORMAT, "%s: its header must be a JSON object", f->path);
    return parse_tensors(s, file, 8 + (size_t)header);
}

static hone_status parse_torch(hone_safetensors *s, uint32_t file)
{
    source_file *f = &s->files[file];
    size_t n;
    HONE_TRY(hone__torch_open(&f->torch, f->data, f->len, f->path));
    const hone_safetensor *tensors = hone__torch_tensors(f->torch, &n);
    HONE_TRY(HONE_GROW(&s->tensors, &s->tensor_capacity, s->n_tensors + n));
    for (size_t i = 0; i < n; i++) {
        s->tensors[s->n_tensors] = tensors[i];
        s->tensors[s->n_tensors++].file = file;
    }
    return HONE_OK;
}

/* Adds a file to s; data NULL: the file of that path is mapped. */
static hone_status add_file(hone_safetensors *s, const char *path, const void *data, size_t len)
{
    HONE_TRY(HONE_GROW(&s->files, &s->file_capacity, s->n_files + 1));
    source_file *f = &s->files[s->n_files];
    *f = (source_file){.map = {"", 0, -1}, .data = data, .len = len};
    HONE_TRY(hone__strdup(&f->path, path));
    s->n_files++;
    if (!data) {
        HONE_TRY(hone__map_file(&f->map, path));
        f->data = f->map.data;
        f->len = f->map.len;
    }
    return (hone__torch_is_name(path) ? parse_torch : parse_file)(s, (uint32_t)s->n_files - 1);
}

/* ---- a model in several files ---- */

/* Opens each file of the index's weight_map once. */
static hone_status add_parts(hone_safetensors *s, const json_t *map, const char *path)
{
    char *folder = NULL, *part = NULL;
    hone_status status = HONE_OK;
    const char *name;
    json_t *value;
    HONE_GO(hone__strndup(&folder, path, (size_t)(hone__path_base(path) - path)));
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        const char *file = json_string_value(value);
        bool known = false;
        if (!file || !*file || strchr(file, '/') || file[0] == '.')
            HONE_GO(hone__fail(HONE_FORMAT, "%s: tensor %s: the name of a file in the same folder was expected", path, name));
        for (size_t i = 0; i < s->n_files && !known; i++)
            known = strcmp(hone__path_base(s->files[i].path), file) == 0;
        if (known)
            continue;
        if (s->n_files >= MAX_FILES)
            HONE_GO(hone__fail(HONE_FORMAT, "%s: it names more than %d files", path, MAX_FILES));
        HONE_GO(hone__path_join(&part, *folder ? folder : ".", file));
        HONE_GO(add_file(s, part, NULL, 0));
        hone__free(part);
        part = NULL;
    }
done:
    hone__free(part);
    hone__free(folder);
    return status;
}

static bool holds(const source_file *f, const char *name)
{
    return f->torch ? hone__torch_holds(f->torch, name) : json_object_get(f->header, name) != NULL;
}

static hone_status add_index(hone_safetensors *s, const char *path)
{
    json_t *index = NULL;
    hone_status status = HONE_OK;
    HONE_GO(hone__json_load(&index, path));
    const json_t *map = json_object_get(index, "weight_map");
    if (!json_is_object(map) || json_object_size(map) == 0)
        HONE_GO(hone__fail(HONE_FORMAT, "%s: it has no weight_map of tensors and files", path));
    HONE_GO(add_parts(s, map, path));
    /* What the index promises must be where it says: the message names the index, not only a weight that is missing. */
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < s->n_files && !found; i++)
            found = strcmp(hone__path_base(s->files[i].path), json_string_value(value)) == 0 && holds(&s->files[i], name);
        if (!found)
            HONE_GO(hone__fail(HONE_FORMAT, "%s: tensor %s is not in %s, where the index puts it", path, name, json_string_value(value)));
    }
done:
    json_decref(index);
    return status;
}

/* ---- opening ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hone_safetensor *)a)->name, ((const hone_safetensor *)b)->name);
}

static hone_status finish(hone_safetensors *s)
{
    if (s->n_tensors)
        qsort(s->tensors, s->n_tensors, sizeof(*s->tensors), by_name);
    for (size_t i = 1; i < s->n_tensors; i++) {
        const hone_safetensor *a = &s->tensors[i - 1], *b = &s->tensors[i];
        if (strcmp(a->name, b->name) == 0)
            return hone__fail(HONE_FORMAT, "tensor %s stands in %s and in %s", a->name, s->files[a->file].path, s->files[b->file].path);
    }
    return HONE_OK;
}

static hone_status open_any(hone_safetensors **out, const char *path, const void *data, size_t len)
{
    hone_safetensors *s = NULL;
    hone_status status = HONE_OK;
    *out = NULL;
    HONE_GO(HONE_NEW(&s, 1));
    HONE_GO(!data && hone__ends_with(path, ".json") ? add_index(s, path) : add_file(s, path, data, len));
    HONE_GO(finish(s));
    *out = s;
    return HONE_OK;
done:
    hone__safetensors_close(s);
    return status;
}

hone_status hone__safetensors_open(hone_safetensors **out, const char *path)
{
    return open_any(out, path, NULL, 0);
}

hone_status hone__safetensors_open_memory(hone_safetensors **out, const void *data, size_t len, const char *name)
{
    return open_any(out, name, data ? data : "", data ? len : 0);
}

void hone__safetensors_close(hone_safetensors *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_files; i++) {
        json_decref(s->files[i].header);
        hone__torch_close(s->files[i].torch);
        hone__unmap_file(&s->files[i].map);
        hone__free(s->files[i].path);
    }
    hone__free(s->files);
    hone__free(s->tensors);
    hone__free(s);
}

/* ---- looking ---- */

size_t hone__safetensors_count(const hone_safetensors *s)
{
    return s->n_tensors;
}

const hone_safetensor *hone__safetensors_at(const hone_safetensors *s, size_t i)
{
    return i < s->n_tensors ? &s->tensors[i] : NULL;
}

const hone_safetensor *hone__safetensors_find(const hone_safetensors *s, const char *name)
{
    const hone_safetensor key = {.name = name};
    return s->n_tensors ? bsearch(&key, s->tensors, s->n_tensors, sizeof(key), by_name) : NULL;
}

const char *hone__safetensors_metadata(const hone_safetensors *s, const char *key)
{
    return s->n_files ? json_string_value(json_object_get(json_object_get(s->files[0].header, "__metadata__"), key)) : NULL;
}

const char *hone__safetensors_path(const hone_safetensors *s, const hone_safetensor *t)
{
    return s->files[t->file].path;
}

const void *hone__safetensors_data(const hone_safetensors *s, const hone_safetensor *t)
{
    return s->files[t->file].data + t->offset;
}

/* ---- reading ---- */

static hone_status read_bytes(const source_file *f, size_t offset, size_t n, void *out)
{
    char *to = out;
    if (f->map.fd < 0) {
        memcpy(out, f->data + offset, n);
        return HONE_OK;
    }
    while (n > 0) {
        ssize_t got = pread(f->map.fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hone__fail_errno("cannot read", f->path);
        if (got == 0)
            return hone__fail(HONE_IO, "%s became shorter while it was read", f->path);
        to += got;
        offset += (size_t)got;
        n -= (size_t)got;
    }
    return HONE_OK;
}

/* Elements [first, first + n) of a tensor with strides, from the mapping. */
static void gather(const hone_safetensors *s, const hone_safetensor *t, uint64_t first, size_t n, size_t size, char *to)
{
    const char *from = hone__safetensors_data(s, t);
    int64_t at[HONE_SAFETENSORS_MAX_DIMS] = {0};
    uint64_t place = 0;
    for (int i = t->n_dims; i-- > 0; first /= (uint64_t)t->dim[i]) {
        at[i] = (int64_t)(first % (uint64_t)t->dim[i]);
        place += (uint64_t)(at[i] * t->stride[i]);
    }
    for (; n > 0; n--, to += size) {
        memcpy(to, from + place * size, size);
        for (int i = t->n_dims; i-- > 0;) {
            place += (uint64_t)t->stride[i];
            if (++at[i] < t->dim[i])
                break;
            place -= (uint64_t)(at[i] * t->stride[i]);
            at[i] = 0;
        }
    }
}

static hone_status read_elements(const hone_safetensors *s, const hone_safetensor *t, uint64_t first, size_t n, size_t size, void *out)
{
    if (!t->stride)
        return read_bytes(&s->files[t->file], t->offset + (size_t)first * size, n * size, out);
    gather(s, t, first, n, size, out);
    return HONE_OK;
}

static bool converts(int from, hone_dtype to)
{
    if (to == HONE_DTYPE_F32)
        return from == HONE_DTYPE_F32 || from == HONE_DTYPE_F64 || from == HONE_DTYPE_F16 || from == HONE_DTYPE_BF16;
    if (to == HONE_DTYPE_I32)
        return from == HONE_DTYPE_I32 || from == HONE_DTYPE_I64 || from == HONE_DTYPE_I8 || from == HONE_DTYPE_U8;
    return false;
}

static hone_status convert(const hone_safetensor *t, hone_dtype as, const void *from, size_t n, void *to, const char *path)
{
    if (as == HONE_DTYPE_I32 && t->dtype == HONE_DTYPE_I64) {
        for (size_t i = 0; i < n; i++) {
            int64_t value = ((const int64_t *)from)[i];
            if (value < INT32_MIN || value > INT32_MAX)
                return hone__fail(HONE_FORMAT, "%s: tensor %s: %lld does not fit 32 bits", path, t->name, (long long)value);
            ((int32_t *)to)[i] = (int32_t)value;
        }
        return HONE_OK;
    }
    for (size_t i = 0; i < n; i++)
        hone__store(to, as, (int64_t)i, hone__load(from, (hone_dtype)t->dtype, (int64_t)i));
    return HONE_OK;
}

hone_status hone__safetensors_read(const hone_safetensors *s, const hone_safetensor *t, hone_dtype as, uint64_t first, uint64_t n,
                                   void *out)
{
    const source_file *f = &s->files[t->file];
    HONE_ASSERT(first <= t->count && n <= t->count - first);
    if (!converts(t->dtype, as))
        return hone__fail(HONE_UNSUPPORTED, "%s: tensor %s is %s, cannot be read as %s", f->path, t->name, t->dtype_name,
                          hone_dtype_name(as));
    size_t size = hone_dtype_size((hone_dtype)t->dtype);
    if (t->dtype == (int)as)
        return read_elements(s, t, first, (size_t)n, size, out);
    uint64_t piece[PIECE / 8];
    for (uint64_t done = 0; done < n;) {
        size_t now = n - done < PIECE / size ? (size_t)(n - done) : PIECE / size;
        HONE_TRY(read_elements(s, t, first + done, now, size, piece));
        HONE_TRY(convert(t, as, piece, now, (char *)out + (size_t)done * hone_dtype_size(as), f->path));
        done += now;
    }
    return HONE_OK;
}
