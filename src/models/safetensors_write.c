/* Writing safetensors files (safetensors.h): header and arrays in the reference's order, streamed, so that a model on a device needs one small buffer. */
#include "models/safetensors.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 20) /* bytes fetched at once */

/* The reference's order of dtypes: wide ones first keeps every array aligned to its element. */
static int rank(hone_dtype dtype)
{
    static const hone_dtype order[] = {HONE_DTYPE_I64,  HONE_DTYPE_F64, HONE_DTYPE_F32, HONE_DTYPE_I32,
                                       HONE_DTYPE_BF16, HONE_DTYPE_F16, HONE_DTYPE_I8,  HONE_DTYPE_U8};
    int i = 0;
    while (order[i] != dtype)
        i++;
    return i;
}

static int in_file_order(const void *a, const void *b)
{
    const hone_safetensor_source *x = *(const hone_safetensor_source *const *)a, *y = *(const hone_safetensor_source *const *)b;
    int difference = rank(x->dtype) - rank(y->dtype);
    return difference ? difference : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const hone_safetensor_source *const *)a)->name, (*(const hone_safetensor_source *const *)b)->name);
}

static hone_status sort_sources(const hone_safetensor_source **order, size_t n)
{
    if (n)
        qsort(order, n, sizeof(*order), by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(order[i]->name, order[i - 1]->name) == 0)
            return hone__fail(HONE_INVALID_ARGUMENT, "tensor %s would be written twice", order[i]->name);
    if (n)
        qsort(order, n, sizeof(*order), in_file_order);
    return HONE_OK;
}

static hone_status source_bytes(size_t *out, const hone_safetensor_source *s)
{
    size_t bytes = hone_dtype_size(s->dtype);
    bool fits = true;
    HONE_ASSERT(s->n_dims >= 0 && s->n_dims <= HONE_SAFETENSORS_MAX_DIMS);
    for (int i = 0; i < s->n_dims && fits; i++)
        fits = s->dim[i] >= 0 && hone__mul_size(&bytes, bytes, (size_t)s->dim[i]);
    *out = bytes;
    return fits ? HONE_OK : hone__fail(HONE_INVALID_ARGUMENT, "tensor %s is too large to be written", s->name);
}

static hone_status put_entry(hone_json_writer *w, const hone_safetensor_source *s, size_t *offset)
{
    size_t bytes;
    HONE_TRY(source_bytes(&bytes, s));
    hone__jw_key(w, s->name);
    hone__jw_object(w);
    hone__jw_put_string(w, "dtype", hone_dtype_name(s->dtype));
    hone__jw_key(w, "shape");
    hone__jw_array(w);
    for (int i = 0; i < s->n_dims; i++)
        hone__jw_int(w, s->dim[i]);
    hone__jw_end_array(w);
    hone__jw_key(w, "data_offsets");
    hone__jw_array(w);
    hone__jw_uint(w, *offset);
    hone__jw_uint(w, *offset + bytes);
    hone__jw_end_array(w);
    hone__jw_end_object(w);
    if (!hone__add_size(offset, *offset, bytes))
        return hone__fail(HONE_INVALID_ARGUMENT, "tensor %s: the file would be too large", s->name);
    return HONE_OK;
}

/* The header, padded with blanks so that the arrays begin at a multiple of 8 bytes. */
static hone_status make_header(hone_str *out, size_t *array_bytes, const hone_safetensor_source *const *order, size_t n,
                               const char *const *metadata)
{
    static const char *const usual[] = {"format", "pt", NULL};
    hone_json_writer w = hone__json_writer(out, 0);
    size_t offset = 0;
    hone__jw_object(&w);
    hone__jw_key(&w, "__metadata__");
    hone__jw_object(&w);
    for (const char *const *pair = metadata ? metadata : usual; *pair; pair += 2) {
        hone__jw_put_string(&w, pair[0], pair[1]);
    }
    hone__jw_end_object(&w);
    for (size_t i = 0; i < n; i++)
        HONE_TRY(put_entry(&w, order[i], &offset));
    hone__jw_end_object(&w);
    while (out->len % 8 && !out->failed)
        hone__str_putc(out, ' ');
    *array_bytes = offset;
    return hone__str_status(out);
}

static hone_status put_array(hone_file_writer *w, const hone_safetensor_source *s, hone_safetensors_fetch fetch, void *context,
                             char *buffer)
{
    size_t bytes;
    HONE_TRY(source_bytes(&bytes, s));
    if (s->data)
        hone__writer_write(w, s->data, bytes);
    for (size_t at = 0; !s->data && at < bytes;) {
        size_t now = bytes - at < PIECE ? bytes - at : PIECE;
        HONE_TRY(fetch(context, s, at, now, buffer));
        hone__writer_write(w, buffer, now);
        HONE_TRY(hone__writer_status(w));
        at += now;
    }
    return hone__writer_status(w);
}

hone_status hone__safetensors_write(const char *path, const hone_safetensor_source *sources, size_t n, const char *const *metadata,
                                    hone_safetensors_fetch fetch, void *context)
{
    const hone_safetensor_source **order = NULL;
    char *buffer = NULL;
    hone_file_writer *w = NULL;
    hone_str header = HONE_STR_INIT;
    unsigned char length[8];
    size_t array_bytes;
    hone_status status = HONE_OK;
    HONE_GO(HONE_ALLOC(&order, n));
    HONE_GO(HONE_ALLOC(&buffer, PIECE));
    for (size_t i = 0; i < n; i++)
        order[i] = &sources[i];
    HONE_GO(sort_sources(order, n));
    HONE_GO(make_header(&header, &array_bytes, order, n, metadata));
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header.len >> (8 * i));
    HONE_GO(hone__writer_open(&w, path));
    hone__writer_expect(w, sizeof(length) + header.len + array_bytes);
    hone__writer_write(w, length, sizeof(length));
    hone__writer_write(w, header.data, header.len);
    for (size_t i = 0; i < n; i++)
        HONE_GO(put_array(w, order[i], fetch, context, buffer));
    status = hone__writer_commit(w);
    w = NULL;
done:
    hone__writer_abort(w);
    hone__str_dispose(&header);
    hone__free(buffer);
    hone__free(order);
    return status;
}
