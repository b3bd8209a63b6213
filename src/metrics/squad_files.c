/* SQuAD's metrics from the files of the official scripts: {"data": [{"paragraphs": [{"qas": [{"id", "answers": [{"text"}]}]}]}]}, {id: answer}, and for version 2 {id: probability that there is no answer}.
 *
 * A question that was not answered counts as wrong, with a warning, as evaluate-v1.1.py has it; evaluate-v2.0.py breaks off there. Where an id comes twice, the last question counts in version 2 (its
 * scores stand in a dictionary), both in version 1. */
#include "metrics/squad.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

typedef struct reading {
    const char *file; /* of the data set */
    const char *predictions_file, *no_answer_file;
    const json_t *predictions, *no_answer; /* no_answer NULL: none */
    json_t *ranks;                         /* place of each id in no_answer */
    json_t *last;                          /* version 2: which of the questions of one id counts */
    hone_squad *squad;
    const char **golds;
    size_t capacity;
    int64_t number;                /* of the present question */
    size_t article, paragraph, qa; /* its place */
    size_t n_missing;
    const char *first_missing;
} reading;

static hone_status fail_place(const reading *r, const char *what)
{
    return hone__fail(HONE_FORMAT, "%s: data[%zu].paragraphs[%zu].qas[%zu]: %s", r->file, r->article, r->paragraph, r->qa, what);
}

static hone_status read_golds(size_t *n, reading *r, const json_t *qa)
{
    const json_t *answers = json_object_get(qa, "answers");
    if (!json_is_array(answers))
        return fail_place(r, "\"answers\" must be an array of objects with \"text\"");
    *n = json_array_size(answers);
    HONE_TRY(HONE_GROW(&r->golds, &r->capacity, *n));
    for (size_t i = 0; i < *n; i++) {
        r->golds[i] = json_string_value(json_object_get(json_array_get(answers, i), "text"));
        if (!r->golds[i])
            return fail_place(r, "an answer has no \"text\"");
    }
    return HONE_OK;
}

static hone_status read_probability(double *out, uint64_t *order, const reading *r, const char *id)
{
    const json_t *value = json_object_get(r->no_answer, id);
    *out = 0.0;
    *order = (uint64_t)r->number;
    if (!r->no_answer)
        return HONE_OK;
    if (!json_is_number(value))
        return hone__fail(HONE_FORMAT, "%s: no probability for question %s", r->no_answer_file, id);
    *out = json_number_value(value);
    *order = (uint64_t)json_integer_value(json_object_get(r->ranks, id));
    return HONE_OK;
}

static hone_status add_question(reading *r, const json_t *qa)
{
    const char *id = json_string_value(json_object_get(qa, "id"));
    double probability;
    uint64_t order;
    size_t n = 0;
    if (!id)
        return fail_place(r, "\"id\" must be a string");
    const json_t *answer = json_object_get(r->predictions, id), *last = json_object_get(r->last, id);
    if (last && json_integer_value(last) != r->number)
        return HONE_OK;
    if (answer && !json_is_string(answer))
        return hone__fail(HONE_FORMAT, "%s: the answer to question %s must be a string", r->predictions_file, id);
    if (!answer && r->n_missing++ == 0)
        r->first_missing = id;
    HONE_TRY(read_golds(&n, r, qa));
    HONE_TRY(read_probability(&probability, &order, r, id));
    return hone__squad_add(r->squad, json_string_value(answer), r->golds, n, probability, order);
}

/* Remembers the last question of each id. */
static hone_status note_question(reading *r, const json_t *qa)
{
    const char *id = json_string_value(json_object_get(qa, "id"));
    if (!id)
        return fail_place(r, "\"id\" must be a string");
    return json_object_set_new(r->last, id, json_integer(r->number)) == 0 ? HONE_OK
                                                                          : hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory", r->file);
}

static hone_status each_question(reading *r, const json_t *dataset, hone_status (*visit)(reading *, const json_t *))
{
    const json_t *data = json_object_get(dataset, "data"), *article, *paragraph, *qa;
    r->number = 0;
    if (!json_is_array(data))
        return hone__hint(hone__fail(HONE_FORMAT, "%s: \"data\" must be an array of articles", r->file),
                          "the file of references is SQuAD's own, {\"version\", \"data\": [{\"title\", \"paragraphs\": …}]}");
    json_array_foreach(data, r->article, article)
    {
        const json_t *paragraphs = json_object_get(article, "paragraphs");
        if (!json_is_array(paragraphs))
            return hone__fail(HONE_FORMAT, "%s: data[%zu]: \"paragraphs\" must be an array", r->file, r->article);
        json_array_foreach(paragraphs, r->paragraph, paragraph)
        {
            const json_t *qas = json_object_get(paragraph, "qas");
            if (!json_is_array(qas))
                return hone__fail(HONE_FORMAT, "%s: data[%zu].paragraphs[%zu]: \"qas\" must be an array", r->file, r->article,
                                  r->paragraph);
            json_array_foreach(qas, r->qa, qa)
            {
                r->number++;
                HONE_TRY(visit(r, qa));
            }
        }
    }
    return r->number ? HONE_OK : hone__fail(HONE_FORMAT, "%s: it has no questions", r->file);
}

/* The place of each id: where probabilities are equal, the script keeps the order of their file. */
static hone_status rank_ids(reading *r)
{
    const char *id;
    json_t *value;
    json_int_t n = 0;
    if (!(r->ranks = json_object()))
        return hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory", r->no_answer_file);
    json_object_foreach((json_t *)(uintptr_t)r->no_answer, id, value) if (json_object_set_new(r->ranks, id, json_integer(n++)) !=
                                                                          0) return hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory",
                                                                                               r->no_answer_file);
    return HONE_OK;
}

static hone_status load_object(json_t **out, const char *path, const char *what)
{
    HONE_TRY(hone__json_load(out, path));
    return json_is_object(*out) ? HONE_OK : hone__fail(HONE_FORMAT, "%s: %s was expected", path, what);
}

static hone_status score(hone_metrics *out, reading *r, const json_t *dataset, bool version_2, double threshold)
{
    if (r->no_answer)
        HONE_TRY(rank_ids(r));
    if (version_2 && !(r->last = json_object()))
        return hone__fail(HONE_OUT_OF_MEMORY, "%s: out of memory", r->file);
    if (version_2)
        HONE_TRY(each_question(r, dataset, note_question));
    HONE_TRY(hone_squad_new(&r->squad, version_2));
    HONE_TRY(each_question(r, dataset, add_question));
    if (r->n_missing)
        hone__log(HONE_LOG_WARNING, "%s: %zu of %zu questions are not answered and count as wrong, %s first", r->predictions_file,
                  r->n_missing, r->squad->n, r->first_missing);
    return hone_squad_compute(r->squad, out, threshold, r->no_answer != NULL);
}

hone_status hone__squad_files(hone_metrics *out, bool version_2, const char *dataset, const char *predictions, const char *no_answer,
                              double no_answer_threshold)
{
    json_t *questions = NULL, *answers = NULL, *probabilities = NULL;
    reading r = {.file = dataset, .predictions_file = predictions, .no_answer_file = no_answer};
    hone_status status = HONE_OK;
    HONE_GO(load_object(&questions, dataset, "SQuAD's object with \"data\""));
    HONE_GO(load_object(&answers, predictions, "an object {id: answer}"));
    if (version_2 && no_answer)
        HONE_GO(load_object(&probabilities, no_answer, "an object {id: probability}"));
    r.predictions = answers;
    r.no_answer = probabilities;
    status = score(out, &r, questions, version_2, no_answer_threshold);
done:
    hone_squad_free(r.squad);
    hone__free(r.golds);
    json_decref(r.ranks);
    json_decref(r.last);
    json_decref(questions);
    json_decref(answers);
    json_decref(probabilities);
    return status;
}
