/* Dynamic quantization of a model (hone/model.h): which weights are brought to 8 bits, and what becomes of their values.
 *
 * It is what torch.ao.quantization.quantize_dynamic does to torch.nn.Linear, but for scales, which are one for each output and each token here, and one for each weight and
 * each batch there; and GPT-2's Conv1D, which it passes over. A weight at a time, so that no more than one of them stands in memory twice. */
#include "models/class.h"

#include <string.h>

/* Only layers have numbers in their names, and their matrices are those of linear maps. */
static bool is_layer_weight(const hone_param *p)
{
    return p->tensor.n_dims == 2 && strpbrk(p->name, "0123456789");
}

/* The memory of a parameter that the file could not lend; NULL: it has none of its own. */
static hone_own_memory *own_memory(const hone_model *m, const hone_param *p)
{
    for (size_t i = 0; i < m->n_own; i++)
        if (m->own[i].data == p->tensor.data)
            return &m->own[i];
    return NULL;
}

/* A parameter's own memory is given back, unless it is read; the file's pages leave, and come back if somebody reads them (a table of words that is a head too). */
static void drop_values(hone_model *m, hone_param *p, bool are_read)
{
    hone_backend *b = m->params->backend;
    hone_own_memory *own = own_memory(m, p);
    if (own && !are_read) {
        b->ops->release(b, own->data, own->bytes);
        *own = m->own[--m->n_own];
        hone__param_forget(p);
    } else if (!own && m->file && !m->params->master) {
        hone__release_pages(p->tensor.data, p->count * sizeof(float));
    }
}

/* Whether a head is the table of words too, whose rows embeddings read. */
static bool is_tied(const hone_model *m)
{
    return m->head == m->params->items[0] || strstr(m->head->name, "embeddings.");
}

/* A view is a copy of its parameter's tensor, or of a part of it. */
static void forget_views(hone_model *m)
{
    for (size_t i = 0; i < m->n_views; i++)
        if (!m->views[i].param->tensor.data)
            m->views[i].value.data = NULL;
}

static hone_status quantize(hone_model *m, hone_param *p, bool values_stay)
{
    if (p->quant || !p->tensor.data)
        return HONE_OK;
    HONE_TRY(hone__param_quantize(p));
    drop_values(m, p, values_stay);
    return HONE_OK;
}

hone_status hone_model_quantize(hone_model *m, hone_quantization how)
{
    if (how != HONE_QUANTIZE_NONE && how != HONE_QUANTIZE_INT8)
        return hone__fail(HONE_INVALID_ARGUMENT, "there is no quantization of number %d", (int)how);
    if (how == HONE_QUANTIZE_NONE || m->quantized == how)
        return HONE_OK;
    if (hone__model_is_empty(m))
        return hone__fail(HONE_INVALID_ARGUMENT, "a model without weights cannot be brought to 8 bits: hone_model_fill comes first");
    if (hone__model_trains(m))
        return hone__hint(hone__fail(HONE_INVALID_ARGUMENT, "a model that was opened for training cannot be brought to 8 bits"),
                          "save it, and load it without for_training");
    m->quantized = how;
    if (m->head) /* the largest first, while memory is empty */
        HONE_TRY(quantize(m, m->head, is_tied(m)));
    for (size_t i = 0; i < m->params->n_items; i++)
        if (is_layer_weight(m->params->items[i]))
            HONE_TRY(quantize(m, m->params->items[i], false));
    forget_views(m);
    return HONE_OK;
}

bool hone__model_is_quantized(const hone_model *m)
{
    return m->quantized != HONE_QUANTIZE_NONE;
}
