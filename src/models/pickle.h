/* A pickle machine that can make dictionaries, lists, tuples, strings, numbers and descriptions of tensors, and nothing else: it calls no function and
 * knows no class but those that torch.save writes into a state dict. What a pickle wants beyond that is refused by name.
 *
 * Memory is bounded by the pickle's length: every value takes a byte of it at least, places of the memo must be in use, and lengths are checked against what is left.
 * There is no recursion. */
#ifndef HONE_MODELS_PICKLE_H
#define HONE_MODELS_PICKLE_H

#include "base/mem.h"

#include <hone/tensor.h>

#define HONE_PICKLE_MAX_DIMS 8

typedef enum hone_pickle_kind {
    HONE_PICKLE_NONE,
    HONE_PICKLE_BOOL,   /* integer */
    HONE_PICKLE_INT,    /* integer */
    HONE_PICKLE_LONG,   /* bytes of an integer beyond 64 bits */
    HONE_PICKLE_FLOAT,  /* its value is not kept */
    HONE_PICKLE_STRING, /* bytes */
    HONE_PICKLE_TUPLE,  /* place: of the first of n in items */
    HONE_PICKLE_LIST,   /* place: in containers */
    HONE_PICKLE_DICT,   /* place: in containers */
    HONE_PICKLE_GLOBAL, /* place: in the table of known ones */
    HONE_PICKLE_STORAGE,
    HONE_PICKLE_TENSOR,
    HONE_PICKLE_MARK
} hone_pickle_kind;

typedef struct hone_pickle_value {
    uint8_t kind;
    uint32_t n; /* bytes of a STRING or LONG, items of a TUPLE */
    union {
        int64_t integer;
        const char *bytes; /* lent by the pickle */
        size_t place;
    } as;
} hone_pickle_value;

/* The type of a storage's elements. */
typedef struct hone_torch_dtype {
    const char *storage, *torch_name, *name; /* "FloatStorage", "float32", and as safetensors call it */
    int dtype;                               /* a hone_dtype, or -1: hone does not read it */
    uint8_t size;                            /* bytes; 0: not known */
} hone_torch_dtype;

typedef struct hone_torch_storage {
    const hone_torch_dtype *dtype;
    const char *key; /* which storage; lent */
    size_t key_len;
    int64_t count, view; /* elements; where they begin (the old format knows views of storages) */
} hone_torch_storage;

typedef struct hone_torch_tensor {
    size_t storage; /* place in storages */
    const hone_torch_dtype *dtype;
    int64_t offset; /* elements */
    int n_dims;
    int64_t dim[HONE_PICKLE_MAX_DIMS], stride[HONE_PICKLE_MAX_DIMS]; /* not negative */
} hone_torch_tensor;

/* What follows whom in a list or dictionary: places in links, 0: none. */
typedef struct hone_pickle_link {
    hone_pickle_value key, value;
    size_t next;
} hone_pickle_link;

typedef struct hone_pickle_container {
    size_t first, last, n;
} hone_pickle_container;

typedef struct hone_pickle {
    const char *path;       /* for messages */
    const char *data, *end; /* of the pickle that is read */
    const char *at;
    hone_pickle_value *stack, *memo, *items;
    hone_pickle_container *containers;
    hone_pickle_link *links; /* [0] is no link */
    hone_torch_storage *storages;
    hone_torch_tensor *tensors;
    size_t n_stack, n_memo, n_items, n_containers, n_links, n_storages, n_tensors;
    size_t stack_capacity, memo_capacity, items_capacity, containers_capacity, links_capacity, storages_capacity, tensors_capacity;
} hone_pickle;

/* Runs the pickle at data; *used: bytes up to its end. Several may be run one after another with one machine, whose values stay. HONE_UNSUPPORTED names what it wants to run. */
hone_status hone__pickle_run(hone_pickle *p, hone_pickle_value *out, size_t *used, const char *data, size_t len);
void hone__pickle_dispose(hone_pickle *p);

/* "a tensor", "a dict of 3", … into a buffer. Returns buffer. */
const char *hone__pickle_describe(char buffer[64], const hone_pickle *p, const hone_pickle_value *v);

/* Shared by the files of the machine. */
hone_status hone__pickle_fail(const hone_pickle *p, const char *what);
/* The global of a module and a name, HONE_UNSUPPORTED when it is none of the known ones. */
hone_status hone__pickle_global(hone_pickle_value *out, const hone_pickle *p, const char *module, size_t module_len, const char *name,
                                size_t name_len);
/* What a call of a global with a tuple of arguments makes, and what a persistent id stands for. */
hone_status hone__pickle_call(hone_pickle_value *out, hone_pickle *p, const hone_pickle_value *callee, const hone_pickle_value *args);
hone_status hone__pickle_persistent(hone_pickle_value *out, hone_pickle *p, const hone_pickle_value *id);
hone_status hone__pickle_container(hone_pickle_value *out, hone_pickle *p, hone_pickle_kind kind);

#endif
