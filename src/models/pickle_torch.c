/* What a pickle of torch.save may name and call (pickle.h): OrderedDict, the functions of torch/_utils.py that put a tensor together from a storage, and the types of storages. Nothing is called:
 * a call becomes the description of a tensor, whose parts are checked one by one. */
#include "models/pickle.h"

#include <string.h>

static const hone_torch_dtype dtypes[] = {
    {"FloatStorage", "float32", "F32", HONE_DTYPE_F32, 4},
    {"DoubleStorage", "float64", "F64", HONE_DTYPE_F64, 8},
    {"HalfStorage", "float16", "F16", HONE_DTYPE_F16, 2},
    {"BFloat16Storage", "bfloat16", "BF16", HONE_DTYPE_BF16, 2},
    {"LongStorage", "int64", "I64", HONE_DTYPE_I64, 8},
    {"IntStorage", "int32", "I32", HONE_DTYPE_I32, 4},
    {"ShortStorage", "int16", "I16", -1, 2},
    {"CharStorage", "int8", "I8", HONE_DTYPE_I8, 1},
    {"ByteStorage", "uint8", "U8", HONE_DTYPE_U8, 1},
    {"BoolStorage", "bool", "BOOL", -1, 1},
    {"", "uint16", "U16", -1, 2},
    {"", "uint32", "U32", -1, 4},
    {"", "uint64", "U64", -1, 8},
    {"", "float8_e4m3fn", "F8_E4M3", -1, 1},
    {"", "float8_e5m2", "F8_E5M2", -1, 1},
    {"ComplexFloatStorage", "complex64", "C64", -1, 8},
};
#define N_DTYPES (sizeof(dtypes) / sizeof(*dtypes))

/* Bytes that are of no type until a tensor gives them one. */
static const hone_torch_dtype untyped = {"UntypedStorage", "", "bytes", -1, 1};

/* Places of globals: functions first, then storages and dtypes by their row of the table. */
enum { ORDERED_DICT, TENSOR, TENSOR_V2, TENSOR_V3, PARAMETER, UNTYPED, STORAGES, DTYPES = STORAGES + 64 };

static const struct {
    const char *module, *name;
    size_t place;
} functions[] = {
    {"collections", "OrderedDict", ORDERED_DICT},      {"torch._utils", "_rebuild_tensor", TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR_V2}, {"torch._utils", "_rebuild_tensor_v3", TENSOR_V3},
    {"torch._utils", "_rebuild_parameter", PARAMETER}, {"torch.storage", "UntypedStorage", UNTYPED},
    {"torch.storage", "_UntypedStorage", UNTYPED},     {"torch.storage", "TypedStorage", UNTYPED},
    {"torch.storage", "_TypedStorage", UNTYPED},       {"torch", "UntypedStorage", UNTYPED},
};

/* ---- globals ---- */

static bool equals(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool find_global(size_t *place, const char *module, size_t module_len, const char *name, size_t name_len)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        *place = functions[i].place;
        if (equals(module, module_len, functions[i].module) && equals(name, name_len, functions[i].name))
            return true;
    }
    for (size_t i = 0; i < N_DTYPES && equals(module, module_len, "torch") && name_len; i++) {
        bool storage = equals(name, name_len, dtypes[i].storage);
        *place = (storage ? STORAGES : DTYPES) + i;
        if (storage || equals(name, name_len, dtypes[i].torch_name))
            return true;
    }
    return false;
}

/* A name may hold anything: only what can be printed is told. */
static void printable(char *out, size_t size, const char *text, size_t len)
{
    size_t n = len < size - 1 ? len : size - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] > ' ' && text[i] < 0x7F ? text[i] : '?';
    out[n] = '\0';
}

hone_status hone__pickle_global(hone_pickle_value *out, const hone_pickle *p, const char *module, size_t module_len, const char *name,
                                size_t name_len)
{
    char a[128], b[128];
    *out = (hone_pickle_value){.kind = HONE_PICKLE_GLOBAL};
    if (find_global(&out->as.place, module, module_len, name, name_len))
        return HONE_OK;
    printable(a, sizeof(a), module, module_len);
    printable(b, sizeof(b), name, name_len);
    hone_status status =
        hone__fail(HONE_UNSUPPORTED, "%s: this file wants to run %s.%s: hone only reads tensors, and runs nothing", p->path, a, b);
    return hone__hint(status,
                      "take it only from someone you trust; weights alone come from torch.save(model.state_dict(), …) or save_pretrained");
}

/* ---- storages ---- */

static hone_status fail_storage(const hone_pickle *p)
{
    return hone__pickle_fail(p, "what it refers to is no storage of a tensor");
}

/* ('storage', type, key, location, count), in the old format with a sixth: None or (key of the view, where it begins, its length). */
hone_status hone__pickle_persistent(hone_pickle_value *out, hone_pickle *p, const hone_pickle_value *id)
{
    hone_torch_storage s = {.dtype = &untyped};
    if (id->kind != HONE_PICKLE_TUPLE || id->n < 5 || id->n > 6)
        return fail_storage(p);
    const hone_pickle_value *x = p->items + id->as.place;
    if (x[0].kind != HONE_PICKLE_STRING || !equals(x[0].as.bytes, x[0].n, "storage") || x[1].kind != HONE_PICKLE_GLOBAL ||
        x[1].as.place < UNTYPED || x[1].as.place >= DTYPES || x[2].kind != HONE_PICKLE_STRING || x[4].kind != HONE_PICKLE_INT ||
        x[4].as.integer < 0)
        return fail_storage(p);
    if (x[1].as.place >= STORAGES)
        s.dtype = &dtypes[x[1].as.place - STORAGES];
    s.key = x[2].as.bytes;
    s.key_len = x[2].n;
    s.count = x[4].as.integer;
    if (id->n == 6 && x[5].kind == HONE_PICKLE_TUPLE) {
        const hone_pickle_value *view = x[5].n == 3 ? p->items + x[5].as.place : NULL;
        if (!view || view[1].kind != HONE_PICKLE_INT || view[1].as.integer < 0 || view[2].kind != HONE_PICKLE_INT || view[2].as.integer < 0)
            return fail_storage(p);
        s.view = view[1].as.integer;
        s.count = view[2].as.integer;
    }
    HONE_TRY(HONE_GROW(&p->storages, &p->storages_capacity, p->n_storages + 1));
    *out = (hone_pickle_value){.kind = HONE_PICKLE_STORAGE, .as.place = p->n_storages};
    p->storages[p->n_storages++] = s;
    return HONE_OK;
}

/* ---- tensors ---- */

/* A tuple of sizes or strides. */
static hone_status read_sizes(int64_t *to, int *n, const hone_pickle *p, const hone_pickle_value *tuple)
{
    *n = 0;
    if (tuple->kind != HONE_PICKLE_TUPLE || tuple->n > HONE_PICKLE_MAX_DIMS)
        return hone__pickle_fail(p, "a tensor's shape is no tuple of at most 8 numbers");
    *n = (int)tuple->n;
    for (int i = 0; i < *n; i++) {
        const hone_pickle_value *x = &p->items[tuple->as.place + (size_t)i];
        if (x->kind != HONE_PICKLE_INT || x->as.integer < 0)
            return hone__pickle_fail(p, "a tensor's shape holds other than numbers from 0 on");
        to[i] = x->as.integer;
    }
    return HONE_OK;
}

/* (storage, offset, shape, strides, …); v3 has the dtype at 6. */
static hone_status make_tensor(hone_pickle_value *out, hone_pickle *p, size_t function, const hone_pickle_value *args)
{
    hone_torch_tensor t = {0};
    int n_strides = 0;
    if (args->n < (function == TENSOR ? 4u : function == TENSOR_V2 ? 6u : 7u))
        return hone__pickle_fail(p, "a tensor is made of too few parts");
    const hone_pickle_value *x = p->items + args->as.place;
    if (x[0].kind != HONE_PICKLE_STORAGE || x[1].kind != HONE_PICKLE_INT || x[1].as.integer < 0)
        return hone__pickle_fail(p, "the parts of a tensor are not what torch writes");
    t.storage = x[0].as.place;
    t.dtype = p->storages[t.storage].dtype;
    t.offset = x[1].as.integer;
    if (function == TENSOR_V3) {
        if (x[6].kind != HONE_PICKLE_GLOBAL || x[6].as.place < DTYPES)
            return hone__pickle_fail(p, "a tensor's type is none");
        t.dtype = &dtypes[x[6].as.place - DTYPES];
    }
    HONE_TRY(read_sizes(t.dim, &t.n_dims, p, &x[2]));
    HONE_TRY(read_sizes(t.stride, &n_strides, p, &x[3]));
    if (n_strides != t.n_dims)
        return hone__pickle_fail(p, "a tensor has more or fewer strides than dimensions");
    HONE_TRY(HONE_GROW(&p->tensors, &p->tensors_capacity, p->n_tensors + 1));
    *out = (hone_pickle_value){.kind = HONE_PICKLE_TENSOR, .as.place = p->n_tensors};
    p->tensors[p->n_tensors++] = t;
    return HONE_OK;
}

hone_status hone__pickle_call(hone_pickle_value *out, hone_pickle *p, const hone_pickle_value *callee, const hone_pickle_value *args)
{
    if (callee->kind != HONE_PICKLE_GLOBAL || args->kind != HONE_PICKLE_TUPLE)
        return hone__pickle_fail(p, "a call of something that is no function");
    switch (callee->as.place) {
    case ORDERED_DICT:
        return args->n ? hone__pickle_fail(p, "an OrderedDict with arguments") : hone__pickle_container(out, p, HONE_PICKLE_DICT);
    case TENSOR:
    case TENSOR_V2:
    case TENSOR_V3:
        return make_tensor(out, p, callee->as.place, args);
    case PARAMETER: /* (tensor, requires_grad, hooks): the tensor */
        if (args->n < 1 || p->items[args->as.place].kind != HONE_PICKLE_TENSOR)
            return hone__pickle_fail(p, "a parameter that is no tensor");
        *out = p->items[args->as.place];
        return HONE_OK;
    default:
        return hone__pickle_fail(p, "a call of something that is no function");
    }
}
