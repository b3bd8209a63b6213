/* TensorBoard's event files. Written by hand, since a few messages do not need a protobuf library:
 *   records    tensorflow/core/lib/io/record_writer.cc: u64 length, masked CRC-32C of it, the bytes, masked CRC-32C of them; little-endian
 *   events     tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto: field numbers stand at each put below
 *   text       tensorboard/plugins/text/summary.py: a string tensor of plug-in "text" under TAG/text_summary, as torch.utils.tensorboard's add_text
 *   histograms torch.utils.tensorboard.summary.make_histogram with bins "tensorflow": limits 1e-12 · 1.1^k on both sides of 0, trimmed to those in use, an empty one before the first
 * Protobuf's wire format: developers.google.com/protocol-buffers/docs/encoding. */
#include "train/report/tfevents.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

/* ---- CRC-32C (Castagnoli), reflected ---- */

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void make_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
        crc_table[i] = c;
    }
}

uint32_t hone__crc32c(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t c = 0xffffffffu;
    pthread_once(&crc_once, make_crc_table);
    for (size_t i = 0; i < len; i++)
        c = crc_table[(c ^ p[i]) & 0xff] ^ c >> 8;
    return ~c;
}

static uint32_t mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* ---- bytes ---- */

static void put_le(hone_str *out, uint64_t value, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(value >> 8 * i & 0xff);
    hone__str_append(out, bytes, n);
}

static void put_varint(hone_str *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        hone__str_putc(out, (char)(value | 0x80));
    hone__str_putc(out, (char)value);
}

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_tag(hone_str *out, unsigned field, unsigned type)
{
    put_varint(out, field << 3 | type);
}

static void put_int(hone_str *out, unsigned field, int64_t value)
{
    put_tag(out, field, VARINT);
    put_varint(out, (uint64_t)value);
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void put_double(hone_str *out, unsigned field, double value)
{
    put_tag(out, field, FIXED64);
    put_le(out, double_bits(value), 8);
}

static void put_float(hone_str *out, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_tag(out, field, FIXED32);
    put_le(out, bits, 4);
}

static void put_bytes(hone_str *out, unsigned field, const char *data, size_t len)
{
    put_tag(out, field, BYTES);
    put_varint(out, len);
    hone__str_append(out, data, len);
}

/* An inner message; it is disposed of. */
static void put_message(hone_str *out, unsigned field, hone_str *message)
{
    put_bytes(out, field, message->data ? message->data : "", message->len);
    out->failed = out->failed || message->failed;
    hone__str_dispose(message);
}

/* ---- values of a summary (Summary.value = 1; in a Value: tag 1, simple_value 2, histo 5, tensor 8, metadata 9) ---- */

void hone__tf_scalar(hone_str *summary, const char *tag, double value)
{
    hone_str v = HONE_STR_INIT;
    put_bytes(&v, 1, tag, strlen(tag));
    put_float(&v, 2, (float)value);
    put_message(summary, 1, &v);
}

void hone__tf_text(hone_str *summary, const char *tag, const char *text)
{
    hone_str v = HONE_STR_INIT, name = HONE_STR_INIT, tensor = HONE_STR_INIT, shape = HONE_STR_INIT, metadata = HONE_STR_INIT;
    static const char dim[] = {0x08, 1};             /* Dim.size = 1 */
    static const char plugin[] = "\x0a\x04text\x12"; /* PluginData.plugin_name, .content (TextPluginData of version 0: no bytes) */
    hone__str_printf(&name, "%s/text_summary", tag);
    put_bytes(&v, 1, name.data ? name.data : "", name.len);
    put_int(&tensor, 1, 7); /* dtype: DT_STRING */
    put_bytes(&shape, 2, dim, sizeof(dim));
    put_message(&tensor, 2, &shape);
    put_bytes(&tensor, 8, text, strlen(text)); /* string_val */
    put_message(&v, 8, &tensor);
    put_bytes(&metadata, 1, plugin, sizeof(plugin)); /* the NUL is content's length */
    put_message(&v, 9, &metadata);
    v.failed = v.failed || name.failed;
    hone__str_dispose(&name);
    put_message(summary, 1, &v);
}

/* ---- histograms ---- */

/* Limits: -x[n-1] … -x[0], 0, x[0] … x[n-1] with x[k] = 1e-12 · 1.1^k, made by the same products as the reference's, while below 1e20. */
enum { N_POSITIVE = 774, N_LIMITS = 2 * N_POSITIVE + 1 };
static double limits[N_LIMITS];
static pthread_once_t limits_once = PTHREAD_ONCE_INIT;

static void make_limits(void)
{
    double x = 1e-12;
    for (int k = 0; k < N_POSITIVE; k++, x *= 1.1) {
        limits[N_POSITIVE + 1 + k] = x;
        limits[N_POSITIVE - 1 - k] = -x;
    }
}

/* The bucket [limits[i], limits[i + 1]) of a number; the last one has its upper limit too. -1: beyond all. A guess by the logarithm, then a step or two. */
static int find_bucket(double value)
{
    if (value < limits[0] || value > limits[N_LIMITS - 1])
        return -1;
    double size = fabs(value);
    int k = size < 1e-12 ? 0 : (int)(log(size / 1e-12) / log(1.1)) + 1, i = value < 0 ? N_POSITIVE - k : N_POSITIVE + k;
    i = i < 0 ? 0 : i > N_LIMITS - 2 ? N_LIMITS - 2 : i;
    while (i > 0 && value < limits[i])
        i--;
    while (i < N_LIMITS - 2 && value >= limits[i + 1])
        i++;
    return i;
}

typedef struct spread {
    double low, high, sum, sum_squares;
    uint64_t n, counts[N_LIMITS - 1];
} spread;

static void count_values(spread *s, const float *values, size_t n)
{
    pthread_once(&limits_once, make_limits);
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < n; i++) {
        double value = values[i];
        if (!isfinite(value))
            continue;
        s->low = s->n ? fmin(s->low, value) : value;
        s->high = s->n ? fmax(s->high, value) : value;
        s->sum += value;
        s->sum_squares += value * value;
        s->n++;
        int bucket = find_bucket(value);
        if (bucket >= 0)
            s->counts[bucket]++;
    }
}

/* bucket_limit 6 and bucket 7, packed: the buckets in use, and an empty one before them whose limit is their lower one. */
static void put_buckets(hone_str *out, const spread *s)
{
    hone_str edges = HONE_STR_INIT, counts = HONE_STR_INIT;
    int first = 0, last = N_LIMITS - 2;
    while (first < last && !s->counts[first])
        first++;
    while (last > first && !s->counts[last])
        last--;
    put_le(&edges, double_bits(limits[first]), 8);
    put_le(&counts, double_bits(0), 8);
    for (int i = first; i <= last; i++) {
        put_le(&edges, double_bits(limits[i + 1]), 8);
        put_le(&counts, double_bits((double)s->counts[i]), 8);
    }
    put_message(out, 6, &edges);
    put_message(out, 7, &counts);
}

void hone__tf_histogram(hone_str *summary, const char *tag, const float *values, size_t n)
{
    hone_str v = HONE_STR_INIT, histogram = HONE_STR_INIT;
    spread s;
    count_values(&s, values, n);
    put_double(&histogram, 1, s.low);
    put_double(&histogram, 2, s.high);
    put_double(&histogram, 3, (double)s.n);
    put_double(&histogram, 4, s.sum);
    put_double(&histogram, 5, s.sum_squares);
    put_buckets(&histogram, &s);
    put_bytes(&v, 1, tag, strlen(tag));
    put_message(&v, 5, &histogram);
    put_message(summary, 1, &v);
}

/* ---- events (wall_time 1, step 2, file_version 3, summary 5, session_log 7) and their records ---- */

static void put_record(hone_str *out, hone_str *event)
{
    hone_str head = HONE_STR_INIT;
    put_le(&head, event->len, 8);
    if (!head.failed && !event->failed) {
        hone__str_append(out, head.data, 8);
        put_le(out, mask(hone__crc32c(head.data, 8)), 4);
        hone__str_append(out, event->data, event->len);
        put_le(out, mask(hone__crc32c(event->data, event->len)), 4);
    }
    out->failed = out->failed || head.failed || event->failed;
    hone__str_dispose(&head);
    hone__str_dispose(event);
}

void hone__tf_put_version(hone_str *out, double wall_time)
{
    hone_str event = HONE_STR_INIT;
    put_double(&event, 1, wall_time);
    put_bytes(&event, 3, "brain.Event:2", 13);
    put_record(out, &event);
}

void hone__tf_put_start(hone_str *out, double wall_time, int64_t step)
{
    hone_str event = HONE_STR_INIT;
    static const char start[] = {0x08, 1}; /* SessionLog.status = START */
    put_double(&event, 1, wall_time);
    put_int(&event, 2, step);
    put_bytes(&event, 7, start, sizeof(start));
    put_record(out, &event);
}

void hone__tf_put_summary(hone_str *out, double wall_time, int64_t step, const hone_str *summary)
{
    hone_str event = HONE_STR_INIT;
    put_double(&event, 1, wall_time);
    put_int(&event, 2, step);
    put_bytes(&event, 5, summary->data ? summary->data : "", summary->len);
    event.failed = event.failed || summary->failed;
    put_record(out, &event);
}

/* ---- reading ---- */

static uint64_t get_le(const char *data, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(unsigned char)data[i] << 8 * i;
    return value;
}

size_t hone__tf_whole(const char *data, size_t len)
{
    size_t at = 0;
    while (len - at >= 16) {
        uint64_t n = get_le(data + at, 8);
        if (get_le(data + at + 8, 4) != mask(hone__crc32c(data + at, 8)) || n > len - at - 16)
            return at;
        if (get_le(data + at + 12 + n, 4) != mask(hone__crc32c(data + at + 12, (size_t)n)))
            return at;
        at += (size_t)n + 16;
    }
    return at;
}
