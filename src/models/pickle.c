/* The opcodes of pickles (pickle.h): those of protocols 2 to 5 that dictionaries of tensors need. pickletools.py of Python describes each of them; what globals and calls mean is in pickle_torch.c. */
#include "models/pickle.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
    MARK = '(',
    STOP = '.',
    POP = '0',
    NONE = 'N',
    BINFLOAT = 'G',
    BININT = 'J',
    BININT1 = 'K',
    BININT2 = 'M',
    LONG1 = 0x8a,
    NEWTRUE = 0x88,
    NEWFALSE = 0x89,
    BINUNICODE = 'X',
    SHORT_BINUNICODE = 0x8c,
    BINSTRING = 'T',
    SHORT_BINSTRING = 'U',
    EMPTY_TUPLE = ')',
    TUPLE = 't',
    TUPLE1 = 0x85,
    TUPLE2 = 0x86,
    TUPLE3 = 0x87,
    EMPTY_LIST = ']',
    APPEND = 'a',
    APPENDS = 'e',
    EMPTY_DICT = '}',
    SETITEM = 's',
    SETITEMS = 'u',
    GLOBAL = 'c',
    STACK_GLOBAL = 0x93,
    REDUCE = 'R',
    BUILD = 'b',
    BINPERSID = 'Q',
    BINPUT = 'q',
    LONG_BINPUT = 'r',
    MEMOIZE = 0x94,
    BINGET = 'h',
    LONG_BINGET = 'j',
    PROTO = 0x80,
    FRAME = 0x95
};

hone_status hone__pickle_fail(const hone_pickle *p, const char *what)
{
    return hone__fail(HONE_FORMAT, "%s: byte %zu of its pickle: %s", p->path, (size_t)(p->at - p->data), what);
}

/* ---- bytes ---- */

static hone_status take(const char **out, hone_pickle *p, uint64_t n)
{
    *out = p->at;
    if (n > (uint64_t)(p->end - p->at))
        return hone__pickle_fail(p, "it is cut short");
    p->at += n;
    return HONE_OK;
}

static hone_status take_number(uint64_t *out, hone_pickle *p, size_t bytes)
{
    const char *at;
    *out = 0;
    HONE_TRY(take(&at, p, bytes));
    for (size_t i = bytes; i-- > 0;)
        *out = *out << 8 | (unsigned char)at[i];
    return HONE_OK;
}

static hone_status take_line(const char **out, size_t *len, hone_pickle *p)
{
    const char *end = memchr(p->at, '\n', (size_t)(p->end - p->at));
    *out = p->at;
    *len = 0;
    if (!end)
        return hone__pickle_fail(p, "it is cut short");
    *len = (size_t)(end - p->at);
    p->at = end + 1;
    return HONE_OK;
}

/* ---- the stack ---- */

static hone_status push(hone_pickle *p, hone_pickle_value v)
{
    HONE_TRY(HONE_GROW(&p->stack, &p->stack_capacity, p->n_stack + 1));
    p->stack[p->n_stack++] = v;
    return HONE_OK;
}

/* The n topmost values, none of them a mark. */
static hone_status top(hone_pickle_value **out, const hone_pickle *p, size_t n)
{
    *out = NULL;
    if (n > p->n_stack)
        return hone__pickle_fail(p, "its stack is empty");
    *out = n ? p->stack + (p->n_stack - n) : NULL;
    for (size_t i = 0; i < n; i++)
        if ((*out)[i].kind == HONE_PICKLE_MARK)
            return hone__pickle_fail(p, "a mark stands where a value is needed");
    return HONE_OK;
}

/* How many values stand above the last mark. */
static hone_status above_mark(size_t *n, const hone_pickle *p)
{
    for (*n = 0; *n < p->n_stack; ++*n)
        if (p->stack[p->n_stack - 1 - *n].kind == HONE_PICKLE_MARK)
            return HONE_OK;
    return hone__pickle_fail(p, "a mark is missing");
}

/* ---- constants ---- */

static hone_status push_integer(hone_pickle *p, hone_pickle_kind kind, int64_t value)
{
    return push(p, (hone_pickle_value){.kind = (uint8_t)kind, .as.integer = value});
}

static hone_status push_string(hone_pickle *p, size_t length_bytes)
{
    hone_pickle_value v = {.kind = HONE_PICKLE_STRING};
    uint64_t len;
    HONE_TRY(take_number(&len, p, length_bytes));
    HONE_TRY(take(&v.as.bytes, p, len));
    v.n = (uint32_t)len;
    return push(p, v);
}

static hone_status push_long(hone_pickle *p)
{
    uint64_t len, value = 0;
    const char *at;
    HONE_TRY(take_number(&len, p, 1));
    HONE_TRY(take(&at, p, len));
    if (len > 8)
        return push(p, (hone_pickle_value){.kind = HONE_PICKLE_LONG, .n = (uint32_t)len, .as.bytes = at});
    if (len && (at[len - 1] & 0x80))
        value = UINT64_MAX;
    for (size_t i = len; i-- > 0;)
        value = value << 8 | (unsigned char)at[i];
    return push_integer(p, HONE_PICKLE_INT, (int64_t)value);
}

static hone_status push_constant(hone_pickle *p, int op)
{
    uint64_t n;
    switch (op) {
    case NONE:
        return push_integer(p, HONE_PICKLE_NONE, 0);
    case NEWTRUE:
    case NEWFALSE:
        return push_integer(p, HONE_PICKLE_BOOL, op == NEWTRUE);
    case BININT:
        HONE_TRY(take_number(&n, p, 4));
        return push_integer(p, HONE_PICKLE_INT, (int32_t)(uint32_t)n);
    case BININT1:
    case BININT2:
        HONE_TRY(take_number(&n, p, op == BININT1 ? 1 : 2));
        return push_integer(p, HONE_PICKLE_INT, (int64_t)n);
    case LONG1:
        return push_long(p);
    case BINFLOAT:
        HONE_TRY(take_number(&n, p, 8));
        return push_integer(p, HONE_PICKLE_FLOAT, 0);
    case BINUNICODE:
    case BINSTRING:
        return push_string(p, 4);
    default: /* SHORT_BINUNICODE, SHORT_BINSTRING */
        return push_string(p, 1);
    }
}

/* ---- containers ---- */

static hone_status make_tuple(hone_pickle *p, size_t n, size_t marks)
{
    hone_pickle_value *from, tuple = {.kind = HONE_PICKLE_TUPLE, .n = (uint32_t)n, .as.place = p->n_items};
    HONE_TRY(top(&from, p, n));
    HONE_TRY(HONE_GROW(&p->items, &p->items_capacity, p->n_items + n));
    if (n)
        memcpy(p->items + p->n_items, from, n * sizeof(*from));
    p->n_items += n;
    p->n_stack -= n + marks;
    return push(p, tuple);
}

hone_status hone__pickle_container(hone_pickle_value *out, hone_pickle *p, hone_pickle_kind kind)
{
    HONE_TRY(HONE_GROW(&p->containers, &p->containers_capacity, p->n_containers + 1));
    p->containers[p->n_containers] = (hone_pickle_container){0, 0, 0};
    *out = (hone_pickle_value){.kind = (uint8_t)kind, .as.place = p->n_containers++};
    return HONE_OK;
}

static hone_status push_container(hone_pickle *p, hone_pickle_kind kind)
{
    hone_pickle_value v;
    HONE_TRY(hone__pickle_container(&v, p, kind));
    return push(p, v);
}

static hone_status link_pair(hone_pickle *p, size_t container, const hone_pickle_value *key, const hone_pickle_value *value)
{
    size_t place = p->n_links ? p->n_links : 1;
    hone_pickle_link link = {*key, *value, 0};
    HONE_TRY(HONE_GROW(&p->links, &p->links_capacity, place + 1));
    p->links[place] = link;
    p->n_links = place + 1;
    hone_pickle_container *c = &p->containers[container];
    if (c->last)
        p->links[c->last].next = place;
    else
        c->first = place;
    c->last = place;
    c->n++;
    return HONE_OK;
}

/* Puts the n topmost values into the list or dictionary below them (and below `marks` marks). */
static hone_status fill(hone_pickle *p, hone_pickle_kind kind, size_t n, size_t marks)
{
    size_t step = kind == HONE_PICKLE_DICT ? 2 : 1;
    hone_pickle_value *from, *container;
    HONE_TRY(top(&from, p, n));
    if (p->n_stack < n + marks + 1 || n % step)
        return hone__pickle_fail(p, "a value or its container is missing");
    container = p->stack + (p->n_stack - n - marks - 1);
    if (container->kind != kind)
        return hone__pickle_fail(p, kind == HONE_PICKLE_DICT ? "this is no dictionary to put items into" : "this is no list to append to");
    for (size_t i = 0; i < n; i += step)
        HONE_TRY(link_pair(p, container->as.place, &from[i], &from[i + step - 1]));
    p->n_stack -= n + marks;
    return HONE_OK;
}

static hone_status use_container(hone_pickle *p, int op)
{
    size_t n;
    switch (op) {
    case EMPTY_TUPLE:
        return make_tuple(p, 0, 0);
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
        return make_tuple(p, (size_t)(op - TUPLE1) + 1, 0);
    case TUPLE:
        HONE_TRY(above_mark(&n, p));
        return make_tuple(p, n, 1);
    case EMPTY_LIST:
        return push_container(p, HONE_PICKLE_LIST);
    case EMPTY_DICT:
        return push_container(p, HONE_PICKLE_DICT);
    case APPEND:
        return fill(p, HONE_PICKLE_LIST, 1, 0);
    case SETITEM:
        return fill(p, HONE_PICKLE_DICT, 2, 0);
    default: /* APPENDS, SETITEMS */
        HONE_TRY(above_mark(&n, p));
        return fill(p, op == APPENDS ? HONE_PICKLE_LIST : HONE_PICKLE_DICT, n, 1);
    }
}

/* ---- the memo ---- */

static hone_status put(hone_pickle *p, uint64_t place)
{
    hone_pickle_value *v;
    HONE_TRY(top(&v, p, 1));
    if (place > p->n_memo + 1) /* Python numbers them one after another, from 0 or 1 */
        return hone__pickle_fail(p, "a place of its memo is out of order");
    HONE_TRY(HONE_GROW(&p->memo, &p->memo_capacity, (size_t)place + 1));
    for (; p->n_memo <= place; p->n_memo++)
        p->memo[p->n_memo] = (hone_pickle_value){.kind = HONE_PICKLE_MARK};
    p->memo[place] = *v;
    return HONE_OK;
}

static hone_status get(hone_pickle *p, uint64_t place)
{
    if (place >= p->n_memo || p->memo[place].kind == HONE_PICKLE_MARK)
        return hone__pickle_fail(p, "a place of its memo is empty");
    return push(p, p->memo[place]);
}

static hone_status use_memo(hone_pickle *p, int op)
{
    uint64_t place = p->n_memo;
    if (op != MEMOIZE)
        HONE_TRY(take_number(&place, p, op == BINPUT || op == BINGET ? 1 : 4));
    return op == BINGET || op == LONG_BINGET ? get(p, place) : put(p, place);
}

/* ---- globals and calls ---- */

static hone_status push_global(hone_pickle *p, int op)
{
    const char *module, *name;
    size_t module_len, name_len;
    hone_pickle_value v, *from;
    if (op == STACK_GLOBAL) {
        HONE_TRY(top(&from, p, 2));
        if (from[0].kind != HONE_PICKLE_STRING || from[1].kind != HONE_PICKLE_STRING)
            return hone__pickle_fail(p, "the name of a global is no string");
        module = from[0].as.bytes, module_len = from[0].n;
        name = from[1].as.bytes, name_len = from[1].n;
        p->n_stack -= 2;
    } else {
        HONE_TRY(take_line(&module, &module_len, p));
        HONE_TRY(take_line(&name, &name_len, p));
    }
    HONE_TRY(hone__pickle_global(&v, p, module, module_len, name, name_len));
    return push(p, v);
}

static hone_status call(hone_pickle *p, int op)
{
    hone_pickle_value *from, v;
    HONE_TRY(top(&from, p, op == BINPERSID ? 1 : 2));
    if (op == BINPERSID)
        HONE_TRY(hone__pickle_persistent(&v, p, &from[0]));
    else
        HONE_TRY(hone__pickle_call(&v, p, &from[0], &from[1]));
    p->n_stack -= op == BINPERSID ? 1 : 2;
    return push(p, v);
}

/* The state of a dictionary (its attribute _metadata) tells nothing about tensors. */
static hone_status build(hone_pickle *p)
{
    hone_pickle_value *from;
    HONE_TRY(top(&from, p, 2));
    if (from[0].kind != HONE_PICKLE_DICT)
        return hone__pickle_fail(p, "a state for something that is no dictionary");
    p->n_stack--;
    return HONE_OK;
}

static hone_status fail_opcode(const hone_pickle *p, int op)
{
    hone_status status = hone__fail(HONE_UNSUPPORTED, "%s: byte %zu of its pickle: opcode 0x%02X is none that a dict of tensors needs",
                                    p->path, (size_t)(p->at - p->data) - 1, (unsigned)op);
    return hone__hint(status, "save the weights alone: torch.save(model.state_dict(), …)");
}

static hone_status step(hone_pickle *p, int op)
{
    uint64_t skipped;
    const char *at;
    switch (op) {
    case PROTO:
        HONE_TRY(take(&at, p, 1));
        return (unsigned char)*at <= 5 ? HONE_OK : hone__pickle_fail(p, "a protocol beyond 5");
    case FRAME:
        return take_number(&skipped, p, 8);
    case MARK:
        return push_integer(p, HONE_PICKLE_MARK, 0);
    case POP:
        if (p->n_stack == 0)
            return hone__pickle_fail(p, "its stack is empty");
        p->n_stack--;
        return HONE_OK;
    case NONE:
    case NEWTRUE:
    case NEWFALSE:
    case BININT:
    case BININT1:
    case BININT2:
    case LONG1:
    case BINFLOAT:
    case BINUNICODE:
    case SHORT_BINUNICODE:
    case BINSTRING:
    case SHORT_BINSTRING:
        return push_constant(p, op);
    case EMPTY_TUPLE:
    case TUPLE:
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
    case EMPTY_LIST:
    case EMPTY_DICT:
    case APPEND:
    case APPENDS:
    case SETITEM:
    case SETITEMS:
        return use_container(p, op);
    case BINPUT:
    case LONG_BINPUT:
    case MEMOIZE:
    case BINGET:
    case LONG_BINGET:
        return use_memo(p, op);
    case GLOBAL:
    case STACK_GLOBAL:
        return push_global(p, op);
    case REDUCE:
    case BINPERSID:
        return call(p, op);
    case BUILD:
        return build(p);
    default:
        return fail_opcode(p, op);
    }
}

hone_status hone__pickle_run(hone_pickle *p, hone_pickle_value *out, size_t *used, const char *data, size_t len)
{
    const char *op;
    p->data = p->at = data;
    p->end = data + len;
    p->n_stack = p->n_memo = 0;
    for (;;) {
        HONE_TRY(take(&op, p, 1));
        if (*op == STOP)
            break;
        HONE_TRY(step(p, (unsigned char)*op));
    }
    if (p->n_stack != 1 || p->stack[0].kind == HONE_PICKLE_MARK)
        return hone__pickle_fail(p, "it ends with other than one value");
    *out = p->stack[0];
    *used = (size_t)(p->at - data);
    return HONE_OK;
}

void hone__pickle_dispose(hone_pickle *p)
{
    hone__free(p->stack);
    hone__free(p->memo);
    hone__free(p->items);
    hone__free(p->containers);
    hone__free(p->links);
    hone__free(p->storages);
    hone__free(p->tensors);
    *p = (hone_pickle){.path = p->path};
}

const char *hone__pickle_describe(char buffer[64], const hone_pickle *p, const hone_pickle_value *v)
{
    static const char *const words[] = {"None",   "a bool", "an int",  "an int",    "a float",  "a string", "a tuple",
                                        "a list", "a dict", "a class", "a storage", "a tensor", "a mark"};
    if (v->kind == HONE_PICKLE_LIST || v->kind == HONE_PICKLE_DICT)
        snprintf(buffer, 64, "%s of %zu", words[v->kind], p->containers[v->as.place].n);
    else
        snprintf(buffer, 64, "%s", words[v->kind]);
    return buffer;
}
