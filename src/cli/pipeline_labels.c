/* Labels of texts for people: the text, and below it a line for each label, with a bar for scores that are shares. */
#include "cli/pipeline_cli.h"

#include <string.h>

enum { BAR = 20, MOST_TEXT = 300 };

/* Columns of a label: its code points. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* The beginning of a text, on one line. */
static void put_text(FILE *out, const char *text)
{
    size_t n = 0, shown = 0;
    for (; text[n] && text[n] != '\n' && shown < MOST_TEXT; n++)
        shown += ((unsigned char)text[n + 1] & 0xC0) != 0x80;
    pipeline_put_plain(out, text, n);
    fputs(text[n] ? "…" : "", out);
}

static void put_bar(FILE *out, float score)
{
    int filled = (int)(score * BAR + 0.5f);
    fputs("  ", out);
    for (int i = 0; i < BAR; i++)
        fputs(i < filled ? "█" : "░", out);
}

/* Whether scores are shares of something, for which a bar means something. */
static bool are_shares(const hone_classification *found)
{
    for (size_t i = 0; i < found->n_labels; i++)
        if (!(found->labels[i].score >= 0 && found->labels[i].score <= 1))
            return false;
    return true;
}

static void put_labels(FILE *out, const hone_classification *found, bool bars, bool has_colours)
{
    size_t widest = 0;
    for (size_t i = 0; i < found->n_labels; i++) {
        size_t width = width_of(found->labels[i].label);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < found->n_labels; i++) {
        const hone_label_score *label = &found->labels[i];
        fputs(i == 0 && has_colours ? "  \033[1;32m" : "  ", out);
        pipeline_put_plain(out, label->label, strlen(label->label));
        fprintf(out, "%*s  %.4f", (int)(widest - width_of(label->label)), "", (double)label->score);
        if (bars)
            put_bar(out, label->score);
        fputs(i == 0 && has_colours ? "\033[0m\n" : "\n", out);
    }
}

hone_status pipeline_show_labels(hone_pipeline *pipeline, const pipeline_options *o, const char *const *words, size_t n, FILE *out)
{
    bool has_colours = pipeline_has_colours(out);
    hone_status status = HONE_OK;
    for (size_t i = 0; status == HONE_OK && i < n; i++) {
        hone_classification found;
        hone_profile_step_begin(o->profiling);
        status = hone_pipeline_classify(&found, pipeline, HONE_TEXT(words[i]), HONE_TEXT(o->text_pair));
        if (status == HONE_OK) {
            put_text(out, words[i]);
            if (o->text_pair) {
                fputs(" / ", out);
                put_text(out, o->text_pair);
            }
            putc('\n', out);
            put_labels(out, &found, o->function != HONE_SCORES_NONE && are_shares(&found), has_colours);
        }
        if (fflush(out) != 0 && status == HONE_OK)
            status = HONE_IO;
        hone_classification_dispose(&found);
        hone_profile_step_end(o->profiling);
    }
    return status;
}
