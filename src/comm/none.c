/* Collectives of one process: nothing to send, nothing to wait for. */
#include "comm/comm.h"

#include <string.h>

static hone_status keep_f64(hone_comm *c, double *values, size_t n)
{
    (void)c, (void)values, (void)n;
    return HONE_OK;
}

static hone_status keep_f32(hone_comm *c, float *values, size_t n)
{
    (void)c, (void)values, (void)n;
    return HONE_OK;
}

static hone_status copy(hone_comm *c, void *out, const void *values, size_t bytes)
{
    (void)c;
    if (bytes)
        memmove(out, values, bytes);
    return HONE_OK;
}

static hone_status keep(hone_comm *c, void *values, size_t bytes, int root)
{
    (void)c, (void)values, (void)bytes, (void)root;
    return HONE_OK;
}

static hone_status pass(hone_comm *c)
{
    (void)c;
    return HONE_OK;
}

static void close_none(hone_comm *c)
{
    (void)c;
}

hone_comm *hone__comm_none(void)
{
    static const hone_comm_ops ops = {"none", keep_f64, keep_f32, copy, keep, pass, close_none};
    static hone_comm none = {&ops, 0, 1};
    return &none;
}
