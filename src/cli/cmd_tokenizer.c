/* hone tokenizer train: a new tokenizer from files. */
#include "cli/cli.h"

#include <hone/tokenizer.h>

#include <stdlib.h>
#include <string.h>

typedef struct options {
    int type; /* hone_tokenizer_kind */
    int64_t vocab_size, min_frequency, limit_alphabet, max_token_length, model_max_length;
    char *special_tokens, *text_column_name, *glob, *output_dir;
    bool lowercase, whole_files, add_prefix_space;
} options;

#define FIELD(field) offsetof(options, field)
#define BIG          1e15
static const hone_option rows[] = {
    {"output_dir", HONE_OPTION_STRING, FIELD(output_dir), NULL, 0, 0, NULL, "options",
     "the folder that the tokenizer's files are written to"},
    {"type", HONE_OPTION_ENUM, FIELD(type), "bpe", 0, 0, "bpe|wordpiece", "options", "byte-level BPE as GPT-2's, or WordPiece as BERT's"},
    {"vocab_size", HONE_OPTION_INT, FIELD(vocab_size), "30000", 1, 2147483647, NULL, "options",
     "entries, special tokens and letters included"},
    {"min_frequency", HONE_OPTION_INT, FIELD(min_frequency), "0", 0, BIG, NULL, "options", "pairs that occur less often are not merged"},
    {"special_tokens", HONE_OPTION_STRING, FIELD(special_tokens), NULL, 0, 0, NULL, "options",
     "separated by commas; they get the first ids. Default: <|endoftext|> for bpe, [PAD],[UNK],[CLS],[SEP],[MASK] for wordpiece"},
    {"lowercase", HONE_OPTION_BOOL, FIELD(lowercase), NULL, 0, 0, NULL, "options", "wordpiece: lower-case the text"},
    {"add_prefix_space", HONE_OPTION_BOOL, FIELD(add_prefix_space), NULL, 0, 0, NULL, "options", "bpe: a space before every text"},
    {"limit_alphabet", HONE_OPTION_INT, FIELD(limit_alphabet), "0", 0, BIG, NULL, "options",
     "keep only so many letters, the most frequent ones; 0: all"},
    {"max_token_length", HONE_OPTION_INT, FIELD(max_token_length), "0", 0, BIG, NULL, "options", "the longest token in characters; 0: any"},
    {"model_max_length", HONE_OPTION_INT, FIELD(model_max_length), "0", 0, BIG, NULL, "options",
     "written to tokenizer_config.json; 0: none"},
    {"glob", HONE_OPTION_STRING, FIELD(glob), NULL, 0, 0, NULL, "the corpus", "which files inside folders: '*.py'"},
    {"whole_files", HONE_OPTION_BOOL, FIELD(whole_files), NULL, 0, 0, NULL, "the corpus",
     "a text file is one text; otherwise each line with its end is one"},
    {"text_column_name", HONE_OPTION_STRING, FIELD(text_column_name), "content", 0, 0, NULL, "the corpus",
     "the text's key in .jsonl files"},
};
static const hone_option_table table = {rows, sizeof(rows) / sizeof(*rows), NULL, 0};

static const cli_spec spec = {"hone tokenizer train --vocab_size N --output_dir DIR [--type bpe|wordpiece] FILE|DIR…",
                              "Takes text files, folders of them and .jsonl files (one text a line). Writes tokenizer.json, the model's "
                              "own files (vocab.json and merges.txt,\n"
                              "or vocab.txt) and tokenizer_config.json, which transformers loads. The same corpus gives the reference's "
                              "tokenizer, whatever the number of\n"
                              "threads; memory follows the number of distinct words.",
                              &table, true};

/* The parts of a list that are not empty. Free it; NULL when there is no memory. */
static const char **split_specials(char *list, size_t *n)
{
    size_t n_parts;
    const char **parts = cli_split(list, &n_parts);
    *n = 0;
    for (size_t i = 0; parts && i < n_parts; i++)
        if (*parts[i])
            parts[(*n)++] = parts[i];
    return parts;
}

static int train(const options *o, const cli_args *args)
{
    hone_tokenizer_train_options t = HONE_TOKENIZER_TRAIN_OPTIONS_INIT;
    hone_tokenizer *tok = NULL;
    const char **specials = o->special_tokens ? split_specials(o->special_tokens, &t.n_special_tokens) : NULL;
    if (o->special_tokens && !specials)
        return cli_fail(HONE_OUT_OF_MEMORY);
    t.kind = (hone_tokenizer_kind)o->type;
    t.vocab_size = (size_t)o->vocab_size;
    t.min_frequency = (uint64_t)o->min_frequency;
    t.special_tokens = specials;
    t.limit_alphabet = (size_t)o->limit_alphabet;
    t.max_token_length = (size_t)o->max_token_length;
    t.model_max_length = (size_t)o->model_max_length;
    t.lowercase = o->lowercase;
    t.add_prefix_space = o->add_prefix_space;
    t.n_threads = (int)args->common.threads;
    t.whole_files = o->whole_files;
    t.glob = o->glob;
    t.text_column_name = o->text_column_name;
    hone_status status = hone_tokenizer_train_files(&tok, &t, args->words, args->n_words);
    if (status == HONE_OK)
        status = hone_tokenizer_save(tok, o->output_dir);
    int exit_status = status == HONE_OK ? CLI_OK : cli_fail(status);
    if (status == HONE_OK)
        printf("{\"vocab_size\": %zu}\n", hone_tokenizer_vocab_size(tok, true));
    hone_tokenizer_free(tok);
    free(specials);
    return cli_finish(exit_status);
}

static int cmd_train_tokenizer(int argc, char **argv)
{
    options o;
    cli_args args;
    int exit_status;
    if (cli_parse(&args, &spec, &o, argc, argv, &exit_status)) {
        if (!o.output_dir || !*o.output_dir)
            exit_status = cli_missing("--output_dir");
        else if (args.n_words == 0)
            exit_status = cli_missing("FILE|DIR, the corpus,");
        else
            exit_status = train(&o, &args);
    }
    cli_dispose(&args);
    return exit_status;
}

int cmd_tokenizer(int argc, char **argv)
{
    static const cli_command commands[] = {{"train", cmd_train_tokenizer, "a new tokenizer from files"}};
    return cli_dispatch("hone tokenizer", "Makes tokenizers; `hone tokenize` uses them.", commands, 1, argc, argv);
}
