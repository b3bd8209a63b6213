/* hone tokenize: JSON lines in, encodings out. */
#include "cli/cli.h"

#include <hone/tokenize.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct options {
    char *tokenizer, *truncation, *input;
    int64_t max_length, stride;
    bool no_special_tokens, ids, count;
} options;

#define FIELD(field) offsetof(options, field)
static const hone_option rows[] = {
    {"tokenizer", HONE_OPTION_STRING, FIELD(tokenizer), NULL, 0, 0, NULL, "options",
     "a folder with tokenizer.json (or vocab.json and merges.txt), or a file"},
    {"max_length", HONE_OPTION_INT, FIELD(max_length), "-1", -1, 1e15, NULL, "options",
     "cut to so many tokens, special ones included; -1: as tokenizer.json says"},
    {"truncation", HONE_OPTION_STRING, FIELD(truncation), NULL, 0, 0, NULL, "options",
     "what to cut: longest_first, only_first, only_second, do_not_truncate"},
    {"stride", HONE_OPTION_INT, FIELD(stride), "-1", -1, 1e15, NULL, "options",
     "tokens that neighbouring windows of a cut text share; -1: as tokenizer.json says"},
    {"no_special_tokens", HONE_OPTION_BOOL, FIELD(no_special_tokens), NULL, 0, 0, NULL, "options", "leave out [CLS], [SEP] and the like"},
    {"ids", HONE_OPTION_BOOL, FIELD(ids), NULL, 0, 0, NULL, "options", "print an array of ids for each line, of its first window"},
    {"count", HONE_OPTION_BOOL, FIELD(count), NULL, 0, 0, NULL, "options", "print only the number of tokens of the whole input"},
    {"input", HONE_OPTION_STRING, FIELD(input), NULL, 0, 0, NULL, "options", "read this file instead of standard input"},
};
static const hone_option_alias aliases[] = {{"tokenizer_name", "tokenizer", NULL, NULL}, {"model", "tokenizer", NULL, NULL}};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), aliases, sizeof(aliases) / sizeof(*aliases)};

static const cli_spec spec = {"hone tokenize --tokenizer DIR|FILE [--max_length N] [--ids | --count] < lines.jsonl > encodings.jsonl",
                              "A line in is {\"text\": string or [word, …], \"pair\": string or null}; the keys max_length, stride, "
                              "truncation and add_special_tokens of a\n"
                              "line go before the options. A line out is {\"encodings\": [{\"ids\", \"type_ids\", \"tokens\", \"offsets\", "
                              "\"word_ids\", \"sequence_ids\",\n"
                              "\"special_tokens_mask\", \"attention_mask\"}, …]}, overflowing windows after the first; offsets count code "
                              "points. A line that cannot be\n"
                              "encoded gives {\"error\": \"…\"}; the others are done, and the exit status is 1.",
                              &table, false};

/* With --count nothing but errors is written, and those go where people look. */
static hone_status write_errors(void *payload, const char *text, size_t len)
{
    (void)payload;
    return fwrite(text, 1, len, stderr) == len ? HONE_OK : HONE_IO;
}

/* Answers go out as they are made: somebody may be waiting for them. */
static hone_status write_now(void *payload, const char *text, size_t len)
{
    hone_status status = cli_write(payload, text, len);
    return status == HONE_OK && fflush(stdout) == 0 ? HONE_OK : HONE_IO;
}

static int tokenize(const options *o, const cli_common *common, int in)
{
    hone_tokenizer *tok = NULL;
    hone_tokenize_counts counts;
    hone_tokenize_options t = HONE_TOKENIZE_OPTIONS_INIT;
    t.format = o->count ? HONE_TOKENIZE_COUNT : o->ids ? HONE_TOKENIZE_IDS : HONE_TOKENIZE_ENCODINGS;
    t.max_length = o->max_length;
    t.stride = o->stride;
    t.truncation = o->truncation;
    t.no_special_tokens = o->no_special_tokens;
    t.n_threads = (int)common->threads;
    hone_status status = hone_tokenizer_from_pretrained(&tok, o->tokenizer);
    if (status == HONE_OK)
        status = hone_tokenize_lines(&counts, tok, in, o->count ? write_errors : write_now, NULL, &t);
    hone_tokenizer_free(tok);
    if (status != HONE_OK)
        return ferror(stdout) ? cli_finish(CLI_FAILED) : cli_fail(status);
    if (o->count)
        printf("%lld\n", (long long)counts.n_tokens);
    return counts.n_errors ? cli_fail_lines((size_t)counts.n_errors) : CLI_OK;
}

static int run(const options *o, const cli_common *common)
{
    hone_truncation truncation;
    int in = STDIN_FILENO, exit_status;
    if (!o->tokenizer)
        return cli_missing("--tokenizer");
    if (o->truncation && hone_truncation_parse(&truncation, o->truncation) != HONE_OK)
        return cli_fail_usage();
    if (o->input && strcmp(o->input, "-") != 0 && (in = open(o->input, O_RDONLY | O_CLOEXEC)) < 0) {
        fprintf(stderr, "hone: error: cannot open: %s: %m\n", o->input);
        return CLI_FAILED;
    }
    exit_status = tokenize(o, common, in);
    if (in != STDIN_FILENO)
        close(in);
    return cli_finish(exit_status);
}

int cmd_tokenize(int argc, char **argv)
{
    options o;
    cli_args args;
    int exit_status;
    if (cli_parse(&args, &spec, &o, argc, argv, &exit_status))
        exit_status = run(&o, &args.common);
    cli_dispose(&args);
    return exit_status;
}
