/* A reader of TensorBoard's event files that shares no line with the writer: records checked by a bit-by-bit CRC-32C, messages by protobuf's wire format. */
#ifndef HONE_TESTS_TFEVENTS_H
#define HONE_TESTS_TFEVENTS_H

#include "support/support.h"

#include <stdlib.h>

/* A value of a summary as it was read. */
typedef struct read_value {
    char tag[96], text[512], plugin[16];
    double wall_time;
    int64_t step;
    float simple;
    bool has_simple, has_histogram;
    double low, high, n, sum, sum_squares;
    double edges[1600], counts[1600];
    size_t n_edges, n_counts;
} read_value;

typedef struct read_events {
    char version[32];
    int64_t start_step; /* of SessionLog START; -1: none */
    read_value *values;
    size_t n;
} read_events;

static inline uint32_t slow_crc(const unsigned char *p, size_t len)
{
    uint32_t c = 0xffffffffu;
    while (len--) {
        c ^= *p++;
        for (int k = 0; k < 8; k++)
            c = (c >> 1) ^ (0x82f63b78u & (0u - (c & 1)));
    }
    c = ~c;
    return ((c >> 15) | (c << 17)) + 0xa282ead8u;
}

static inline uint64_t little(const unsigned char *p, int n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* One field of a message: its number, and what it holds as a number or as bytes. */
typedef struct wire_field {
    unsigned number;
    uint64_t value;
    const unsigned char *data;
    size_t len;
} wire_field;

static inline uint64_t wire_varint(const unsigned char **p, const unsigned char *end)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(*p < end && shift < 64);
        v |= (uint64_t)(**p & 0x7f) << shift;
        if (!(*(*p)++ & 0x80))
            return v;
    }
}

static inline bool wire_next(wire_field *f, const unsigned char **p, const unsigned char *end)
{
    if (*p == end)
        return false;
    uint64_t tag = wire_varint(p, end);
    *f = (wire_field){.number = (unsigned)(tag >> 3)};
    switch (tag & 7) {
    case 0:
        f->value = wire_varint(p, end);
        return true;
    case 1:
        f->value = little(*p, 8), *p += 8;
        break;
    case 5:
        f->value = little(*p, 4), *p += 4;
        break;
    case 2:
        f->len = (size_t)wire_varint(p, end);
        f->data = *p;
        assert_true(f->len <= (size_t)(end - *p));
        *p += f->len;
        break;
    default:
        fail_msg("wire type %d", (int)(tag & 7));
    }
    assert_true(*p <= end);
    return true;
}

static inline double wire_double(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, 8);
    return v;
}

static inline size_t wire_doubles(double *out, const wire_field *f)
{
    assert_true(f->len % 8 == 0 && f->len / 8 <= 1600);
    for (size_t i = 0; i < f->len / 8; i++)
        out[i] = wire_double(little(f->data + 8 * i, 8));
    return f->len / 8;
}

static inline void wire_text(char *out, size_t size, const wire_field *f)
{
    snprintf(out, size, "%.*s", (int)f->len, (const char *)f->data);
}

static inline void read_histogram(read_value *v, const unsigned char *p, const unsigned char *end)
{
    wire_field f;
    v->has_histogram = true;
    while (wire_next(&f, &p, end)) {
        double value = wire_double(f.value);
        f.number == 1 ? (v->low = value) : f.number == 2 ? (v->high = value) : f.number == 3 ? (v->n = value) : 0;
        f.number == 4 ? (v->sum = value) : f.number == 5 ? (v->sum_squares = value) : 0;
        if (f.number == 6)
            v->n_edges = wire_doubles(v->edges, &f);
        if (f.number == 7)
            v->n_counts = wire_doubles(v->counts, &f);
    }
}

static inline void read_one(read_value *v, const unsigned char *p, const unsigned char *end)
{
    wire_field f, inner;
    while (wire_next(&f, &p, end)) {
        const unsigned char *q = f.data;
        uint32_t bits = (uint32_t)f.value;
        if (f.number == 1)
            wire_text(v->tag, sizeof(v->tag), &f);
        if (f.number == 2) {
            memcpy(&v->simple, &bits, 4);
            v->has_simple = true;
        }
        if (f.number == 5)
            read_histogram(v, q, q + f.len);
        while (f.number == 8 && wire_next(&inner, &q, f.data + f.len))
            if (inner.number == 8)
                wire_text(v->text, sizeof(v->text), &inner);
        while (f.number == 9 && wire_next(&inner, &q, f.data + f.len)) {
            wire_field name;
            const unsigned char *r = inner.data;
            while (inner.number == 1 && wire_next(&name, &r, inner.data + inner.len))
                if (name.number == 1)
                    wire_text(v->plugin, sizeof(v->plugin), &name);
        }
    }
}

static inline void read_event(read_events *out, const unsigned char *p, const unsigned char *end)
{
    wire_field f, inner;
    double wall_time = 0;
    int64_t step = 0;
    while (wire_next(&f, &p, end)) {
        const unsigned char *q = f.data;
        if (f.number == 1)
            wall_time = wire_double(f.value);
        if (f.number == 2)
            step = (int64_t)f.value;
        if (f.number == 3)
            wire_text(out->version, sizeof(out->version), &f);
        if (f.number == 7)
            out->start_step = step;
        while (f.number == 5 && wire_next(&inner, &q, f.data + f.len)) {
            out->values = realloc(out->values, (out->n + 1) * sizeof(*out->values));
            read_value *v = &out->values[out->n++];
            memset(v, 0, sizeof(*v));
            v->wall_time = wall_time;
            v->step = step;
            read_one(v, inner.data, inner.data + inner.len);
        }
    }
}

/* All of a file; a record that is not whole fails the test. Free values. */
static inline read_events read_event_file(const char *path)
{
    read_events out = {.start_step = -1};
    size_t len, at = 0;
    char *text = test_read(path, &len);
    const unsigned char *data = (const unsigned char *)text;
    while (at < len) {
        assert_true(len - at >= 16);
        uint64_t n = little(data + at, 8);
        assert_int_equal(little(data + at + 8, 4), slow_crc(data + at, 8));
        assert_true(n <= len - at - 16);
        assert_int_equal(little(data + at + 12 + n, 4), slow_crc(data + at + 12, (size_t)n));
        read_event(&out, data + at + 12, data + at + 12 + n);
        at += (size_t)n + 16;
    }
    hone__free(text);
    return out;
}

/* The value of a tag at a step; NULL: none. */
static inline const read_value *find_value(const read_events *e, const char *tag, int64_t step)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->values[i].tag, tag) == 0 && e->values[i].step == step)
            return &e->values[i];
    return NULL;
}

#endif
