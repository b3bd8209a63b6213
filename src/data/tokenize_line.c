/* One line of `hone tokenize`: {"text", "pair", options …} to an encoding as JSON, or to {"error": "…"}.
 *
 * Options are read as transformers reads a call: max_length alone means longest_first (tokenization_utils_base.py:2376). What nobody says is taken from
 * tokenizer.json's sections truncation and padding, as the package tokenizers does. */
#include "data/tokenize_line.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

void hone__tokenize_line_dispose(hone_line_tokenizer *t)
{
    hone__free(t->words);
    hone__free(t->plain);
    hone_ids_dispose(&t->ids);
}

/* ---- the line's options ---- */

/* A length that the line may give: a whole number that is not negative. */
static hone_status get_length(const json_t *line, const char *key, int64_t *out)
{
    HONE_TRY(hone__json_get_int(line, key, out, "options"));
    return json_object_get(line, key) && *out < 0 && !json_is_null(json_object_get(line, key))
               ? hone__fail(HONE_INVALID_ARGUMENT, "\"%s\" must not be negative", key)
               : HONE_OK;
}

static hone_status read_options(hone_encode_options *out, const hone_line_tokenizer *t, const json_t *line)
{
    int64_t max_length = t->options->max_length, stride = t->options->stride;
    const char *truncation = t->options->truncation;
    bool special = !t->options->no_special_tokens;
    HONE_TRY(get_length(line, "max_length", &max_length));
    HONE_TRY(get_length(line, "stride", &stride));
    HONE_TRY(hone__json_get_string(line, "truncation", &truncation, "options"));
    HONE_TRY(hone__json_get_bool(line, "add_special_tokens", &special, "options"));
    *out = *hone_tokenizer_default_options(t->tokenizer);
    out->no_special_tokens = !special;
    if (max_length >= 0) {
        out->max_length = (size_t)max_length;
        if (out->truncation == HONE_TRUNCATION_NONE)
            out->truncation = HONE_TRUNCATION_LONGEST_FIRST;
    }
    if (stride >= 0)
        out->stride = (size_t)stride;
    if (truncation)
        HONE_TRY(hone_truncation_parse(&out->truncation, truncation));
    if (truncation && max_length < 0 && out->max_length == 0)
        out->truncation = HONE_TRUNCATION_NONE; /* a way to truncate without a length to truncate to */
    return HONE_OK;
}

/* ---- the line's texts ---- */

static hone_text text_of(const json_t *value)
{
    return (hone_text){json_string_value(value), json_string_length(value)};
}

static hone_status read_words(hone_line_tokenizer *t, hone_sequence *out, const json_t *array)
{
    size_t n = json_array_size(array);
    HONE_TRY(HONE_GROW(&t->words, &t->words_capacity, n + 1));
    for (size_t i = 0; i < n; i++) {
        t->words[i] = text_of(json_array_get(array, i));
        if (!t->words[i].data)
            return hone__fail(HONE_FORMAT, "\"text\": word %zu is no string", i + 1);
    }
    out->words = t->words;
    out->n_words = n;
    return HONE_OK;
}

static hone_status read_input(hone_line_tokenizer *t, hone_encode_input *out, const json_t *line)
{
    const json_t *text = json_object_get(line, "text"), *pair = json_object_get(line, "pair");
    *out = (hone_encode_input){0};
    if (!json_is_object(line))
        return hone__fail(HONE_FORMAT, "an object {\"text\": …} was expected");
    if (!text)
        return hone__fail(HONE_FORMAT, "there is no key \"text\"");
    if (pair && !json_is_null(pair) && !json_is_string(pair))
        return hone__fail(HONE_FORMAT, "\"pair\" must be a string or null");
    out->second.text = text_of(pair);
    if (json_is_array(text))
        return read_words(t, &out->first, text);
    out->first.text = text_of(text);
    return json_is_string(text) ? HONE_OK : hone__fail(HONE_FORMAT, "\"text\" must be a string or an array of words");
}

/* ---- the answer ---- */

static void write_ids(hone_str *out, const int32_t *ids, size_t n)
{
    hone_json_writer w = hone__json_writer(out, 0);
    hone__jw_array(&w);
    for (size_t i = 0; i < n; i++)
        hone__jw_int(&w, ids[i]);
    hone__jw_end_array(&w);
}

static void write_encodings(hone_str *out, const hone_encoding *e)
{
    hone__str_puts(out, "{\"encodings\":[");
    hone__encoding_write_json(out, e);
    for (size_t i = 0; i < hone_encoding_n_overflowing(e); i++) {
        hone__str_putc(out, ',');
        hone__encoding_write_json(out, hone_encoding_overflowing(e, i));
    }
    hone__str_puts(out, "]}");
}

/* Ids of one text, whole: the lean path. */
static hone_status answer_lean(hone_line_tokenizer *t, const hone_encode_input *input, bool special)
{
    t->ids.n = 0;
    HONE_TRY(hone_tokenizer_encode_ids(&t->ids, t->tokenizer, input->first.text, special));
    t->n_tokens += (int64_t)t->ids.n;
    if (t->options->format == HONE_TOKENIZE_IDS)
        write_ids(t->out, t->ids.data, t->ids.n);
    return HONE_OK;
}

/* line NULL: a line without options of its own. */
static hone_status answer(hone_line_tokenizer *t, const hone_encode_input *in, const json_t *line)
{
    hone_encode_input input = *in;
    hone_encode_options o;
    hone_encoding *e = NULL;
    HONE_TRY(read_options(&o, t, line));
    bool whole = o.truncation == HONE_TRUNCATION_NONE && o.padding == HONE_PADDING_NONE;
    if (t->options->format != HONE_TOKENIZE_ENCODINGS && whole && input.first.text.data && !input.second.text.data)
        return answer_lean(t, &input, !o.no_special_tokens);
    HONE_TRY(hone_tokenizer_encode_input(&e, t->tokenizer, &input, &o));
    t->n_tokens += (int64_t)hone_encoding_n_tokens(e);
    for (size_t i = 0; i < hone_encoding_n_overflowing(e); i++)
        t->n_tokens += (int64_t)hone_encoding_n_tokens(hone_encoding_overflowing(e, i));
    if (t->options->format == HONE_TOKENIZE_IDS)
        write_ids(t->out, hone_encoding_ids(e), hone_encoding_n_tokens(e));
    if (t->options->format == HONE_TOKENIZE_ENCODINGS)
        write_encodings(t->out, e);
    hone_encoding_free(e);
    return HONE_OK;
}

static void answer_error(hone_line_tokenizer *t)
{
    hone_json_writer w = hone__json_writer(t->out, 0);
    t->n_errors++;
    hone__jw_object(&w);
    hone__jw_put_string(&w, "error", hone_error_message());
    hone__jw_end_object(&w);
}

static hone_status answer_json(hone_line_tokenizer *t, const json_t *line)
{
    hone_encode_input input;
    HONE_TRY(read_input(t, &input, line));
    return answer(t, &input, line);
}

hone_status hone__tokenize_line(hone_line_tokenizer *t, const char *line, size_t len, int64_t number)
{
    hone_encode_input input;
    json_t *value = NULL;
    char name[32];
    hone_status status;
    snprintf(name, sizeof(name), "line %lld", (long long)number);
    if (hone__scan_line(t, &input, line, len)) {
        status = answer(t, &input, NULL);
        if (status != HONE_OK)
            hone__fail_in(status, "%s", name);
    } else {
        status = hone__json_parse(&value, line, len, name);
        if (status == HONE_OK && (status = answer_json(t, value)) != HONE_OK)
            hone__fail_in(status, "%s", name);
        json_decref(value);
    }
    t->n_lines++;
    if (status == HONE_OUT_OF_MEMORY)
        return status;
    if (status != HONE_OK)
        answer_error(t);
    if (status != HONE_OK || t->options->format != HONE_TOKENIZE_COUNT)
        hone__str_putc(t->out, '\n');
    return hone__str_status(t->out);
}

hone_status hone_tokenize_line(char **line, bool *ok, const hone_tokenizer *tokenizer, hone_text json, const hone_tokenize_options *options)
{
    static const hone_tokenize_options defaults = HONE_TOKENIZE_OPTIONS_INIT;
    hone_str out = HONE_STR_INIT;
    hone_line_tokenizer t = {.tokenizer = tokenizer, .options = options ? options : &defaults, .out = &out};
    *line = NULL;
    hone_status status = hone__tokenize_line(&t, json.data, json.len, 1);
    if (status == HONE_OK && out.len > 0)
        out.data[--out.len] = '\0';
    if (status == HONE_OK)
        status = hone__str_take(line, &out);
    if (ok)
        *ok = t.n_errors == 0;
    hone__tokenize_line_dispose(&t);
    hone__str_dispose(&out);
    return status;
}
