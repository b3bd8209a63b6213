/* Scores before the choice (logits_process.h). Sums run in double, over ids in ascending order. */
#include "models/logits_process.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

hone_status hone__logits_work_init(hone_logits_work *w, int64_t n)
{
    *w = (hone_logits_work){.n = n};
    HONE_TRY(HONE_ALLOC(&w->heap, (size_t)n));
    return HONE_NEW(&w->seen, (size_t)n);
}

void hone__logits_work_dispose(hone_logits_work *w)
{
    hone__free(w->heap);
    hone__free(w->seen);
    *w = (hone_logits_work){0};
}

void hone__repetition_penalty(float *scores, const int32_t *ids, size_t n, float penalty, hone_logits_work *w)
{
    for (size_t i = 0; i < n; i++) {
        float *score = &scores[ids[i]];
        if (!w->seen[ids[i]])
            *score = *score < 0.0f ? *score * penalty : *score / penalty;
        w->seen[ids[i]] = 1;
    }
    for (size_t i = 0; i < n; i++)
        w->seen[ids[i]] = 0;
}

void hone__ban_repeated_ngrams(float *scores, const int32_t *ids, size_t n, size_t size)
{
    if (n + 1 < size || size == 0)
        return;
    const int32_t *last = ids + n - (size - 1);
    for (size_t i = 0; i + size <= n; i++)
        if (memcmp(ids + i, last, (size - 1) * sizeof(*ids)) == 0)
            scores[ids[i + size - 1]] = -INFINITY;
}

/* ---- heaps of scored ids ---- */

/* a stands above b in a heap with the best (sign 1) or the worst (sign -1) on top; of equals the lower id is better. */
static bool above(hone_scored a, hone_scored b, int sign)
{
    bool better = a.score != b.score ? a.score > b.score : a.id < b.id;
    return sign > 0 ? better : !better;
}

static void sift_down(hone_scored *heap, size_t n, size_t i, int sign)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n)
            return;
        if (child + 1 < n && above(heap[child + 1], heap[child], sign))
            child++;
        if (!above(heap[child], heap[i], sign))
            return;
        hone_scored held = heap[i];
        heap[i] = heap[child];
        heap[child] = held;
        i = child;
    }
}

static void make_heap(hone_scored *heap, size_t n, int sign)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(heap, n, i, sign);
}

void hone__keep_top_k(float *scores, size_t k, hone_logits_work *w)
{
    if (k == 0 || k >= (size_t)w->n)
        return;
    for (size_t i = 0; i < k; i++)
        w->heap[i] = (hone_scored){scores[i], (int32_t)i};
    make_heap(w->heap, k, -1); /* the worst of the k best on top */
    for (int64_t i = (int64_t)k; i < w->n; i++) {
        if (scores[i] <= w->heap[0].score)
            continue;
        w->heap[0] = (hone_scored){scores[i], (int32_t)i};
        sift_down(w->heap, k, 0, -1);
    }
    float least = w->heap[0].score;
    for (int64_t i = 0; i < w->n; i++)
        if (scores[i] < least)
            scores[i] = -INFINITY;
}

static float largest(const float *scores, int64_t n)
{
    float max = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        max = scores[i] > max ? scores[i] : max;
    return max;
}

void hone__keep_top_p(float *scores, double p, hone_logits_work *w)
{
    size_t n = 0;
    double total = 0.0, kept = 0.0;
    float max = largest(scores, w->n);
    if (p >= 1.0 || max == -INFINITY)
        return;
    for (int64_t i = 0; i < w->n; i++) {
        if (scores[i] == -INFINITY)
            continue;
        w->heap[n++] = (hone_scored){scores[i], (int32_t)i};
        total += exp((double)scores[i] - (double)max);
        scores[i] = -INFINITY;
    }
    make_heap(w->heap, n, 1);
    do { /* the best of the rest, while those before it do not reach p */
        hone_scored best = w->heap[0];
        scores[best.id] = best.score;
        kept += exp((double)best.score - (double)max) / total;
        w->heap[0] = w->heap[--n];
        sift_down(w->heap, n, 0, 1);
    } while (n > 0 && kept < p);
}

int32_t hone__sample(const float *scores, int64_t n, double u)
{
    float max = largest(scores, n);
    double total = 0.0, passed = 0.0;
    int32_t last = 0;
    if (max == -INFINITY)
        return 0;
    for (int64_t i = 0; i < n; i++)
        total += scores[i] == -INFINITY ? 0.0 : exp((double)scores[i] - (double)max);
    for (int64_t i = 0; i < n; i++) {
        if (scores[i] == -INFINITY)
            continue;
        last = (int32_t)i;
        passed += exp((double)scores[i] - (double)max);
        if (passed > u * total)
            break;
    }
    return last;
}

double hone__sample_uniform(uint64_t seed, uint64_t sequence, uint32_t step)
{
    const uint32_t counter[4] = {step, 0, (uint32_t)sequence, (uint32_t)(sequence >> 32)};
    uint32_t word[4];
    hone__philox4x32(word, counter,
                     hone__splitmix64(seed ^ UINT64_C(0x67656E6572617465))); /* "generate": apart from every other use of the seed */
    return ((double)(word[0] >> 5) * 67108864.0 + (double)(word[1] >> 6)) * 0x1p-53;
}
