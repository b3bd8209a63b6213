/* Post-processors (postprocessor.h). */
#include "tokenizer/postprocessor.h"

#include "tokenizer/part.h"

#include <stdlib.h>
#include <string.h>

/* The types by hone__postprocessor_kind. */
static const char *const types[] = {"", "ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "Sequence", NULL};

void hone__postprocessor_dispose(hone__postprocessor *p)
{
    hone__free(p->single.pieces);
    hone__free(p->pair.pieces);
    for (size_t i = 0; i < p->n_specials; i++) {
        hone__template_token *t = &p->specials[i];
        for (size_t k = 0; t->tokens && k < t->n; k++)
            hone__free(t->tokens[k]);
        hone__free(t->tokens);
        hone__free(t->ids);
        hone__free(t->name);
    }
    hone__free(p->specials);
    for (size_t i = 0; i < p->n_items; i++)
        hone__postprocessor_dispose(&p->items[i]);
    hone__free(p->items);
    memset(p, 0, sizeof *p);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const hone__template_token *)a)->name, ((const hone__template_token *)b)->name);
}

static hone_status find_special(size_t *out, const hone__postprocessor *p, const char *id, const char *name)
{
    for (size_t i = 0; i < p->n_specials; i++)
        if (strcmp(p->specials[i].name, id) == 0) {
            *out = i;
            return HONE_OK;
        }
    return hone__fail(HONE_FORMAT, "%s: TemplateProcessing uses \"%s\", which its \"special_tokens\" lack", name, id);
}

static hone_status read_token(hone__template_token *out, const char *key, const json_t *item, const char *name)
{
    const json_t *ids = json_object_get(item, "ids"), *tokens = json_object_get(item, "tokens");
    size_t n = json_array_size(ids);
    HONE_TRY(hone__strdup(&out->name, key));
    if (!n || json_array_size(tokens) != n)
        return hone__fail(HONE_FORMAT, "%s: special token \"%s\" of TemplateProcessing needs as many \"tokens\" as \"ids\"", name, key);
    HONE_TRY(HONE_NEW(&out->ids, n));
    HONE_TRY(HONE_NEW(&out->tokens, n));
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        const json_t *id = json_array_get(ids, i), *token = json_array_get(tokens, i);
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX || !json_is_string(token))
            return hone__fail(HONE_FORMAT, "%s: special token \"%s\" of TemplateProcessing has an id or token of the wrong kind", name,
                              key);
        out->ids[i] = (int32_t)json_integer_value(id);
        HONE_TRY(hone__strdup(&out->tokens[i], json_string_value(token)));
    }
    return HONE_OK;
}

static hone_status read_tokens(hone__postprocessor *out, const json_t *tokens, const char *name)
{
    HONE_TRY(HONE_NEW(&out->specials, json_object_size(tokens)));
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)tokens, key, item) HONE_TRY(read_token(&out->specials[out->n_specials++], key, item, name));
    if (out->n_specials)
        qsort(out->specials, out->n_specials, sizeof *out->specials, compare_names);
    return HONE_OK;
}

static hone_status read_piece(hone__piece *out, const hone__postprocessor *p, const json_t *item, bool pair, const char *name)
{
    const json_t *special = json_object_get(item, "SpecialToken"), *sequence = json_object_get(item, "Sequence");
    const json_t *body = special ? special : sequence;
    const char *id = NULL;
    int64_t type_id = 0;
    HONE_TRY(hone__json_get_string(body, "id", &id, name));
    HONE_TRY(hone__json_get_int(body, "type_id", &type_id, name));
    if (!id || type_id < 0 || type_id > INT32_MAX)
        return hone__fail(HONE_FORMAT, "%s: a piece of TemplateProcessing is neither SpecialToken nor Sequence with id and type_id", name);
    *out = (hone__piece){-1, (int32_t)type_id, 0};
    if (special)
        return find_special(&out->special, p, id, name);
    out->sequence = strcmp(id, "B") == 0;
    if ((!out->sequence && strcmp(id, "A") != 0) || (out->sequence && !pair))
        return hone__fail(HONE_FORMAT, "%s: sequence \"%s\" of TemplateProcessing is not %s", name, id, pair ? "A or B" : "A");
    return HONE_OK;
}

static hone_status read_template(hone__template *out, const hone__postprocessor *p, const json_t *list, bool pair, const char *name)
{
    if (!json_is_array(list))
        return hone__fail(HONE_FORMAT, "%s: TemplateProcessing needs \"%s\", a list of pieces", name, pair ? "pair" : "single");
    HONE_TRY(HONE_NEW(&out->pieces, json_array_size(list)));
    for (size_t i = 0; i < json_array_size(list); i++)
        HONE_TRY(read_piece(&out->pieces[out->n++], p, json_array_get(list, i), pair, name));
    return HONE_OK;
}

static hone_status read_processing(hone__postprocessor *out, const json_t *section, const char *name)
{
    HONE_TRY(read_tokens(out, json_object_get(section, "special_tokens"), name));
    HONE_TRY(read_template(&out->single, out, json_object_get(section, "single"), false, name));
    return read_template(&out->pair, out, json_object_get(section, "pair"), true, name);
}

static hone_status make_token(hone__template_token *out, const char *name, int32_t id)
{
    HONE_TRY(HONE_NEW(&out->ids, 1));
    HONE_TRY(HONE_NEW(&out->tokens, 1));
    out->n = 1;
    out->ids[0] = id;
    HONE_TRY(hone__strdup(&out->name, name));
    return hone__strdup(&out->tokens[0], name);
}

static hone_status make_template(hone__template *out, const hone__piece *pieces, size_t n)
{
    HONE_TRY(HONE_ALLOC(&out->pieces, n));
    memcpy(out->pieces, pieces, n * sizeof *pieces);
    out->n = n;
    return HONE_OK;
}

/* ["[SEP]", 102] */
static hone_status read_pair(hone__template_token *out, const json_t *section, const char *key, const char *type, const char *name)
{
    const json_t *list = json_object_get(section, key), *token = json_array_get(list, 0), *id = json_array_get(list, 1);
    bool good = json_array_size(list) == 2 && json_is_string(token) && json_is_integer(id) && json_integer_value(id) >= 0 &&
                json_integer_value(id) <= INT32_MAX;
    if (!good)
        return hone__fail(HONE_FORMAT, "%s: post_processor %s needs \"%s\", which must be [token, id]", name, type, key);
    return make_token(out, json_string_value(token), (int32_t)json_integer_value(id));
}

/* BertProcessing and RobertaProcessing: [CLS] A [SEP] B [SEP], and <s> A </s> </s> B </s>, where all types are 0. */
static hone_status read_bert(hone__postprocessor *out, const json_t *section, const char *type, const char *name)
{
    static const hone__piece bert[] = {{-1, 0, 0}, {0, 0, 0}, {-1, 0, 1}, {1, 1, 0}, {-1, 1, 1}};
    static const hone__piece roberta[] = {{-1, 0, 0}, {0, 0, 0}, {-1, 0, 1}, {-1, 0, 1}, {1, 0, 0}, {-1, 0, 1}};
    bool is_roberta = out->kind == HONE__POSTPROCESSOR_ROBERTA;
    HONE_TRY(HONE_NEW(&out->specials, 2));
    out->n_specials = 2;
    HONE_TRY(read_pair(&out->specials[0], section, "cls", type, name));
    HONE_TRY(read_pair(&out->specials[1], section, "sep", type, name));
    if (is_roberta) {
        HONE_TRY(hone__part_bool(&out->byte_level.trim_offsets, section, "trim_offsets", "post_processor RobertaProcessing", name));
        HONE_TRY(hone__part_bool(&out->byte_level.add_prefix_space, section, "add_prefix_space", "post_processor RobertaProcessing", name));
    }
    HONE_TRY(make_template(&out->single, bert, 3));
    return is_roberta ? make_template(&out->pair, roberta, 6) : make_template(&out->pair, bert, 5);
}

static bool adds_tokens(const hone__postprocessor *p)
{
    hone__postprocessor_kind kind = hone__postprocessor_core_const(p)->kind;
    return kind == HONE__POSTPROCESSOR_TEMPLATE || kind == HONE__POSTPROCESSOR_BERT || kind == HONE__POSTPROCESSOR_ROBERTA;
}

static hone_status read_sequence(hone__postprocessor *out, const json_t *section, const char *name)
{
    const json_t *list;
    HONE_TRY(hone__part_list(&list, section, "processors", "post_processor Sequence", name));
    HONE_TRY(HONE_NEW(&out->items, json_array_size(list)));
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->n_items++;
        HONE_TRY(hone__postprocessor_read(&out->items[i], json_array_get(list, i), name));
        if (i && adds_tokens(&out->items[i - 1]))
            return hone__fail(HONE_UNSUPPORTED,
                              "%s: post_processor Sequence: item %zu stands behind one that adds tokens; only the last may", name, i);
    }
    return HONE_OK;
}

hone_status hone__postprocessor_read(hone__postprocessor *out, const json_t *section, const char *name)
{
    *out = (hone__postprocessor){.kind = HONE__POSTPROCESSOR_NONE};
    int kind;
    HONE_TRY(hone__part_kind(&kind, section, types, "post_processor", name));
    out->kind = (hone__postprocessor_kind)kind;
    switch (out->kind) {
    case HONE__POSTPROCESSOR_BYTE_LEVEL:
        return hone__byte_level_read(&out->byte_level, section, name);
    case HONE__POSTPROCESSOR_TEMPLATE:
        return read_processing(out, section, name);
    case HONE__POSTPROCESSOR_SEQUENCE:
        return read_sequence(out, section, name);
    case HONE__POSTPROCESSOR_NONE:
        return HONE_OK;
    default:
        return read_bert(out, section, types[kind], name);
    }
}

static void write_template(const hone__postprocessor *p, const hone__template *t, hone_json_writer *w)
{
    hone__jw_array(w);
    for (size_t i = 0; i < t->n; i++) {
        const hone__piece *piece = &t->pieces[i];
        hone__jw_object(w);
        hone__jw_key(w, piece->sequence < 0 ? "SpecialToken" : "Sequence");
        hone__jw_object(w);
        hone__jw_put_string(w, "id", piece->sequence < 0 ? p->specials[piece->special].name : piece->sequence ? "B" : "A");
        hone__jw_put_int(w, "type_id", piece->type_id);
        hone__jw_end_object(w);
        hone__jw_end_object(w);
    }
    hone__jw_end_array(w);
}

static void write_token(const hone__template_token *t, hone_json_writer *w)
{
    hone__jw_key(w, t->name);
    hone__jw_object(w);
    hone__jw_put_string(w, "id", t->name);
    hone__jw_key(w, "ids");
    hone__jw_array(w);
    for (size_t i = 0; i < t->n; i++)
        hone__jw_int(w, t->ids[i]);
    hone__jw_end_array(w);
    hone__jw_key(w, "tokens");
    hone__jw_array(w);
    for (size_t i = 0; i < t->n; i++)
        hone__jw_string(w, t->tokens[i]);
    hone__jw_end_array(w);
    hone__jw_end_object(w);
}

static void write_processing(const hone__postprocessor *p, hone_json_writer *w)
{
    hone__jw_key(w, "single");
    write_template(p, &p->single, w);
    hone__jw_key(w, "pair");
    write_template(p, &p->pair, w);
    hone__jw_key(w, "special_tokens");
    hone__jw_object(w);
    for (size_t i = 0; i < p->n_specials; i++)
        write_token(&p->specials[i], w);
    hone__jw_end_object(w);
}

static void write_pair(const char *key, const hone__template_token *t, hone_json_writer *w)
{
    hone__jw_key(w, key);
    hone__jw_array(w);
    hone__jw_string(w, t->name);
    hone__jw_int(w, t->ids[0]);
    hone__jw_end_array(w);
}

static void write_bert(const hone__postprocessor *p, hone_json_writer *w)
{
    write_pair("sep", &p->specials[1], w);
    write_pair("cls", &p->specials[0], w);
    if (p->kind == HONE__POSTPROCESSOR_BERT)
        return;
    hone__jw_put_bool(w, "trim_offsets", p->byte_level.trim_offsets);
    hone__jw_put_bool(w, "add_prefix_space", p->byte_level.add_prefix_space);
}

static void write_sequence(const hone__postprocessor *p, hone_json_writer *w)
{
    hone__jw_key(w, "processors");
    hone__jw_array(w);
    for (size_t i = 0; i < p->n_items; i++)
        hone__postprocessor_write(&p->items[i], w);
    hone__jw_end_array(w);
}

void hone__postprocessor_write(const hone__postprocessor *p, hone_json_writer *w)
{
    if (p->kind == HONE__POSTPROCESSOR_NONE) {
        hone__jw_null(w);
        return;
    }
    if (p->kind == HONE__POSTPROCESSOR_BYTE_LEVEL) {
        hone__byte_level_write(p->byte_level, w);
        return;
    }
    hone__part_begin(w, types[p->kind]);
    if (p->kind == HONE__POSTPROCESSOR_TEMPLATE)
        write_processing(p, w);
    else if (p->kind == HONE__POSTPROCESSOR_SEQUENCE)
        write_sequence(p, w);
    else
        write_bert(p, w);
    hone__jw_end_object(w);
}

const hone__postprocessor *hone__postprocessor_core_const(const hone__postprocessor *p)
{
    while (p->kind == HONE__POSTPROCESSOR_SEQUENCE && p->n_items)
        p = &p->items[p->n_items - 1];
    return p;
}

hone__postprocessor *hone__postprocessor_core(hone__postprocessor *p)
{
    while (p->kind == HONE__POSTPROCESSOR_SEQUENCE && p->n_items)
        p = &p->items[p->n_items - 1];
    return p;
}

const hone__template *hone__postprocessor_template(const hone__postprocessor *p, bool pair)
{
    static const hone__piece plain[2] = {{0, 0, 0}, {1, 1, 0}};
    static const hone__template one = {(hone__piece *)plain, 1}, two = {(hone__piece *)plain, 2};
    if (adds_tokens(p))
        return pair ? &hone__postprocessor_core_const(p)->pair : &hone__postprocessor_core_const(p)->single;
    return pair ? &two : &one;
}

size_t hone__postprocessor_n_added(const hone__postprocessor *p, bool pair)
{
    const hone__template *t = hone__postprocessor_template(p, pair);
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->pieces[i].sequence < 0)
            n += hone__postprocessor_core_const(p)->specials[t->pieces[i].special].n;
    return n;
}

hone_status hone__postprocessor_bert(hone__postprocessor *out, const char *cls, int32_t cls_id, const char *sep, int32_t sep_id)
{
    *out = (hone__postprocessor){.kind = HONE__POSTPROCESSOR_TEMPLATE};
    HONE_TRY(HONE_NEW(&out->specials, 2));
    out->n_specials = 2;
    HONE_TRY(make_token(&out->specials[0], cls, cls_id));
    HONE_TRY(make_token(&out->specials[1], sep, sep_id));
    size_t sep_at = 1;
    if (compare_names(&out->specials[0], &out->specials[1]) > 0) {
        hone__template_token t = out->specials[0];
        out->specials[0] = out->specials[1];
        out->specials[1] = t;
        sep_at = 0;
    }
    hone__piece pair[] = {{-1, 0, 1 - sep_at}, {0, 0, 0}, {-1, 0, sep_at}, {1, 1, 0}, {-1, 1, sep_at}};
    HONE_TRY(make_template(&out->single, pair, 3));
    return make_template(&out->pair, pair, 5);
}
