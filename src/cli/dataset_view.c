/* Rows of labelled data on standard output: JSON, or on a terminal words above their tags, cut into lines that fit. */
#include "cli/dataset_view.h"
#include "cli/cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static hone_status show_json(const hone_dataset *d, int64_t row)
{
    char *json = NULL;
    hone_status status = hone_dataset_row_to_json(&json, d, row, true);
    if (status == HONE_OK)
        status = cli_write(NULL, json, strlen(json));
    if (status == HONE_OK)
        status = cli_write(NULL, "\n", 1);
    hone_dataset_free_json(json);
    return status;
}

static size_t terminal_width(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 100;
}

/* Characters of a word; those of East Asia, which take two places, are counted as one. */
static size_t width_of(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* Control characters of a file must not reach the terminal. */
static void print_padded(const char *text, size_t len, size_t width)
{
    size_t used = width_of(text, len);
    for (size_t i = 0; i < len; i++)
        putchar((unsigned char)text[i] < 0x20 || text[i] == 0x7F ? '?' : text[i]);
    printf("%*s", (int)(used < width ? width - used : 0), "");
}

/* Words and tags first .. end - 1, one line each. O, which says nothing, is a dot. */
static void print_piece(const hone_text *words, const int32_t *tags, const hone_feature *labels, const size_t *widths, size_t first,
                        size_t end)
{
    for (size_t k = first; k < end; k++)
        print_padded(words[k].data, words[k].len, widths[k - first] + 2);
    putchar('\n');
    for (size_t k = first; k < end; k++) {
        const char *name = labels->names[tags[k]];
        name = strcmp(name, "O") == 0 ? "." : name;
        print_padded(name, strlen(name), widths[k - first] + 2);
    }
    puts("\n");
}

enum { MAX_PIECE = 256 };

static void show_words(size_t n, const hone_text *words, const int32_t *tags, const hone_feature *labels)
{
    size_t widths[MAX_PIECE], limit = terminal_width();
    for (size_t first = 0, end; first < n; first = end) {
        size_t used = 0;
        for (end = first; end < n && end - first < MAX_PIECE; end++) {
            size_t word = width_of(words[end].data, words[end].len), tag = strlen(labels->names[tags[end]]);
            size_t width = word > tag ? word : tag;
            if (end > first && used + width > limit)
                break;
            widths[end - first] = width;
            used += width + 2;
        }
        print_piece(words, tags, labels, widths, first, end);
    }
}

hone_status cli_show_row(const hone_dataset *d, int64_t row)
{
    ptrdiff_t text = hone_dataset_text_column(d), label = hone_dataset_label_column(d);
    const hone_feature *labels = label >= 0 ? hone_dataset_feature(d, (size_t)label) : NULL;
    int64_t line;
    if (!isatty(STDOUT_FILENO) || text < 0 || !labels || !labels->sequence || labels->kind != HONE_FEATURE_CLASS_LABEL)
        return show_json(d, row);
    const char *path = hone_dataset_place(&line, d, row, 0);
    printf("row %lld, %s:%lld\n", (long long)row, path, (long long)line);
    show_words(hone_dataset_length(d, row, text), hone_dataset_texts(d, row, text), hone_dataset_classes(d, row, label), labels);
    return HONE_OK;
}
