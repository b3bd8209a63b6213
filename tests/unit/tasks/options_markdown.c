/* docs/options.md is the tables of options as a page: this test makes it and holds the committed one against it. HONE_UPDATE=1 in the environment writes it instead:
 *
 *     HONE_UPDATE=1 ctest --test-dir build/release -R unit_tasks_options_markdown
 */
#include "base/file.h"
#include "support/support.h"
#include "tasks/job.h"

#include <math.h>
#include <stdlib.h>

static const hone_job_class *const classes[] = {&hone__token_classification_job, &hone__text_classification_job,
                                                &hone__question_answering_job, &hone__causal_lm_job, &hone__masked_lm_job};
enum { N_CLASSES = sizeof(classes) / sizeof(*classes) };

static bool is_foreign(const hone_option *row)
{
    return row->type == HONE_OPTION_IGNORED || row->type == HONE_OPTION_REFUSED;
}

/* Text in a cell of a table. */
static void put_cell(hone_str *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '|')
            hone__str_putc(out, '\\');
        hone__str_putc(out, text[i]);
    }
}

static void put_bound(hone_str *out, double x)
{
    char text[32];
    hone__format_double(text, x);
    size_t len = strlen(text);
    hone__str_append(out, text, len > 2 && strcmp(text + len - 2, ".0") == 0 ? len - 2 : len);
}

/* "at least 0", "1 to 4096", "`no`, `steps`", "true or false". */
static void put_values(hone_str *out, const hone_option *row)
{
    static const char *const kinds[] = {"true, false", "a whole number", "a number", "text", "one or more texts"};
    bool low = fabs(row->min) < 9e15, high = fabs(row->max) < 9e15;
    if (row->type == HONE_OPTION_ENUM) {
        for (const char *at = row->choices; *at; at += strcspn(at, "|"), at += *at == '|')
            hone__str_printf(out, "%s`%.*s`", at == row->choices ? "" : ", ", (int)strcspn(at, "|"), at);
        return;
    }
    hone__str_puts(out, kinds[row->type]);
    if ((row->type != HONE_OPTION_INT && row->type != HONE_OPTION_DOUBLE) || (row->min == 0 && row->max == 0))
        return;
    if (low) {
        hone__str_puts(out, high ? ", " : ", at least ");
        put_bound(out, row->min);
    }
    if (high) {
        hone__str_puts(out, low ? " to " : ", at most ");
        put_bound(out, row->max);
    }
}

static void put_row(hone_str *out, const hone_option *row)
{
    hone__str_printf(out, "| `--%s` | ", row->name);
    if (row->fallback)
        hone__str_printf(out, "`%s`", row->fallback);
    hone__str_puts(out, " | ");
    put_values(out, row);
    hone__str_puts(out, " | ");
    put_cell(out, row->help, strlen(row->help));
    hone__str_puts(out, " |\n");
}

static bool same_group(const hone_option *a, const hone_option *b)
{
    return strcmp(a->group ? a->group : "", b->group ? b->group : "") == 0;
}

/* Whether row i is the first of its group. */
static bool begins_group(const hone_option_table *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_group(&t->rows[k], &t->rows[i]))
            return false;
    return true;
}

static void put_table(hone_str *out, const hone_option_table *t)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        if (!begins_group(t, i))
            continue;
        hone__str_printf(out, "\n### %s\n\n| option | default | values | |\n|---|---|---|---|\n", t->rows[i].group);
        for (size_t k = i; k < t->n_rows; k++)
            if (same_group(&t->rows[i], &t->rows[k]))
                put_row(out, &t->rows[k]);
    }
}

static void put_aliases(hone_str *out, const hone_option_table *t)
{
    for (size_t i = 0; i < t->n_aliases; i++) {
        const hone_option_alias *a = &t->aliases[i];
        if (!a->value && strchr(a->alias, '='))
            continue; /* refused values: a table of their own */
        hone__str_printf(out, "| `--%s` | `--%s%s%s` | %s |\n", a->alias, a->name, a->value ? " " : "", a->value ? a->value : "",
                         a->note ? a->note : "");
    }
}

static void put_refused_values(hone_str *out, const hone_option_table *t)
{
    for (size_t i = 0; i < t->n_aliases; i++)
        if (!t->aliases[i].value && strchr(t->aliases[i].alias, '='))
            hone__str_printf(out, "| `--%s` | %s |\n", t->aliases[i].alias, t->aliases[i].note);
}

/* Rows of one type that no table of hone's own knows. */
static void put_foreign(hone_str *out, hone_option_type type)
{
    const hone_option_table *t = &hone__foreign_table;
    for (size_t i = 0; i < t->n_rows; i++) {
        const hone_option *row = &t->rows[i];
        size_t len = strcspn(row->help, "|");
        if (row->type != type || hone__options_find(&hone__training_table, row->name) || hone__options_find(&hone__job_table, row->name))
            continue;
        hone__str_printf(out, "| `--%s` | %s | ", row->name, row->group);
        put_cell(out, row->help, len);
        if (row->help[len])
            hone__str_printf(out, " | %s", row->help + len + 1);
        hone__str_puts(out, " |\n");
    }
}

static void put_page(hone_str *out)
{
    hone__str_puts(out, "# Options\n\nMade from the tables of options (src/train/args/args.c, args_foreign.c, src/tasks): do not edit. "
                        "`HONE_UPDATE=1 ctest --test-dir build/release -R options_markdown` writes it anew.\n\n"
                        "`hone train TASK` takes all of these, `hone evaluate TASK` those that an evaluation needs. `--name value` and "
                        "`--name=value` are the same, and so are `-` and `_` "
                        "in a name; a bare flag means true, `--no_NAME` false. A JSON file of options (`hone train TASK args.json`, "
                        "`--config FILE`) has the same names; "
                        "the command line has the last word, and `--save_args FILE` writes all that is in force. "
                        "[training.md](training.md) goes by what one wants.\n\n"
                        "Names, defaults and meanings of the training are those of `TrainingArguments` of transformers 4.57.3 where hone "
                        "has the thing; each of its other "
                        "names is taken or refused with a reason: they stand at the end.\n\n## Training\n");
    put_table(out, &hone__training_table);
    hone__str_puts(out, "\n## The job\n");
    put_table(out, &hone__job_table);
    for (size_t i = 0; i < N_CLASSES; i++) {
        hone__str_printf(out, "\n## %s\n", hone_task_name(classes[i]->kind));
        put_table(out, classes[i]->options);
    }
    hone__str_puts(out, "\n## Older and shorter spellings\n\n| spelling | stands for | |\n|---|---|---|\n");
    put_aliases(out, &hone__training_table);
    put_aliases(out, &hone__job_table);
    for (size_t i = 0; i < N_CLASSES; i++) {
        hone_option_table t = *classes[i]->options;
        if (t.n_aliases)
            hone__str_printf(out, "| **%s** | | |\n", hone_task_name(classes[i]->kind));
        put_aliases(out, &t);
    }
    hone__str_puts(out, "\n## Options of the reference that do nothing here\n\nTaken with a warning (silently where the value asks for "
                        "nothing): without them the result is the "
                        "same.\n\n| option | about | why it does nothing |\n|---|---|---|\n");
    put_foreign(out, HONE_OPTION_IGNORED);
    hone__str_puts(
        out, "\n## Options of the reference that are refused\n\nExit status 2: without them the result would not be what was asked for.\n\n"
             "| option | about | why | instead |\n|---|---|---|---|\n");
    put_foreign(out, HONE_OPTION_REFUSED);
    hone__str_puts(out, "\n| value | why |\n|---|---|\n");
    put_refused_values(out, &hone__training_table);
}

static void page_is_up_to_date(void **state)
{
    (void)state;
    hone_str page = HONE_STR_INIT;
    char *committed = NULL;
    size_t len;
    const char *path = test_source("docs/options.md"), *update = getenv("HONE_UPDATE");
    put_page(&page);
    assert_ok(hone__str_status(&page));
    if (update && *update)
        assert_ok(hone__write_file(path, page.data, page.len));
    assert_ok(hone__read_file(&committed, &len, path, 0));
    if (len != page.len || memcmp(committed, page.data, len) != 0)
        fail_msg("docs/options.md is not what the tables say: HONE_UPDATE=1 ctest --test-dir build/release -R options_markdown writes it");
    hone__free(committed);
    hone__str_dispose(&page);
}

static void rows_can_be_shown(void **state)
{
    (void)state;
    const hone_option_table *const tables[] = {&hone__training_table, &hone__job_table};
    for (size_t k = 0; k < 2 + N_CLASSES; k++) {
        const hone_option_table *t = k < 2 ? tables[k] : classes[k - 2]->options;
        for (size_t i = 0; i < t->n_rows; i++)
            if (!t->rows[i].help || !t->rows[i].group || is_foreign(&t->rows[i]))
                fail_msg("--%s has no help or no group", t->rows[i].name);
    }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(page_is_up_to_date), cmocka_unit_test(rows_can_be_shown)};
TEST_MAIN(tests)
