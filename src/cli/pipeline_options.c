/* The options of `hone pipeline`, a table for each task. */
#include "cli/pipeline_cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(field) offsetof(pipeline_options, field)
#define N(array)     (sizeof(array) / sizeof(*(array)))
#define BIG          1e15
static const char files[] = "model and texts", speed[] = "speed", tagging[] = "entities", labelling[] = "labels", answering[] = "answers",
                  generation[] = "generation", filling[] = "masks";

static const char about_profile[] = "say on standard error where the time went, op by op, and the most memory that was held",
                  about_trace[] = "a file for the profile's Chrome trace of the first six batches";

/* Of every task. */
#define COMMON_ROWS(word)                                                                                                                \
    {"model", HONE_OPTION_STRING, FIELD(model), NULL, 0, 0, NULL, files, "a model folder, with its tokenizer"},                          \
        {"input", HONE_OPTION_STRING, FIELD(input), NULL, 0, 0, NULL, files, "lines of JSON instead of " word "…; - is standard input"}, \
        {"output", HONE_OPTION_STRING, FIELD(output), NULL, 0, 0, NULL, files, "a file for the answers instead of standard output"},     \
        {"batch_size", HONE_OPTION_INT, FIELD(batch_size), "1", 1, 65536, NULL, files, "inputs that are computed together"},             \
        {"profile", HONE_OPTION_BOOL, FIELD(profile), NULL, 0, 0, NULL, speed, about_profile},                                           \
        {"profile_trace", HONE_OPTION_STRING, FIELD(profile_trace), NULL, 0, 0, NULL, speed, about_trace},                               \
    {                                                                                                                                    \
        "quantize", HONE_OPTION_ENUM, FIELD(quantize), "none", 0, 0, "none|int8", speed,                                                 \
            "int8: the linear maps of the layers in 8 bits, in less time and memory"                                                     \
    }

static const hone_option_alias aliases[] = {{"model_name_or_path", "model", NULL, NULL}};

/* ---- token-classification ---- */

static const hone_option token_rows[] = {
    COMMON_ROWS("TEXT"),
    {"format", HONE_OPTION_ENUM, FIELD(format), "auto", 0, 0, "auto|json|text", files,
     "json, or the text with its entities marked; auto: text on a terminal"},
    {"aggregation_strategy", HONE_OPTION_ENUM, FIELD(aggregation), "auto", 0, 0, "auto|none|simple|first|average|max|word", tagging,
     "how labelled tokens become entities; auto: none in JSON, word where texts are marked"},
    {"ignore_labels", HONE_OPTION_STRING, FIELD(ignore_labels), "O", 0, 0, NULL, tagging, "labels that are left out, with commas between"},
    {"stride", HONE_OPTION_INT, FIELD(stride), "-1", -1, BIG, NULL, tagging,
     "long texts as the reference reads them: windows that share N tokens, each aggregated for itself; -1: see above"},
    {"truncation", HONE_OPTION_BOOL, FIELD(truncation), NULL, 0, 0, NULL, tagging,
     "what is longer than the model takes is not read, as the reference does without a stride"},
};
static const hone_option_table token_table = {token_rows, N(token_rows), aliases, N(aliases)};

bool pipeline_shows_text(const pipeline_options *o, const pipeline_task *task)
{
    bool on_terminal = !o->input && !o->output && isatty(STDOUT_FILENO);
    return task->show && (o->format == FORMAT_TEXT || (o->format == FORMAT_AUTO && on_terminal));
}

static int check_format(const pipeline_options *o)
{
    if (o->format != FORMAT_TEXT || (!o->input && !o->output))
        return CLI_OK;
    return cli_wrong("--format text goes with TEXT… on standard output, not with --input or --output");
}

static int fill_token(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common)
{
    (void)common;
    bool marks = pipeline_shows_text(o, pipeline_task_of(HONE_TOKEN_CLASSIFICATION));
    out->aggregation_strategy = o->aggregation > 0 ? (hone_aggregation)(o->aggregation - 1)
                                : marks            ? HONE_AGGREGATE_WORD
                                                   : HONE_AGGREGATE_NONE;
    out->long_text = o->truncation ? HONE_LONG_TEXT_TRUNCATE : o->stride >= 0 ? HONE_LONG_TEXT_STRIDE : HONE_LONG_TEXT_WINDOWS;
    out->stride = o->stride > 0 ? (size_t)o->stride : 0;
    if (o->truncation && o->stride >= 0)
        return cli_wrong("--truncation and --stride exclude each other");
    if (!(out->ignore_labels = *owned = cli_split(o->ignore_labels, NULL)))
        return cli_fail(HONE_OUT_OF_MEMORY);
    return check_format(o);
}

/* ---- text-classification ---- */

static const hone_option label_rows[] = {
    COMMON_ROWS("TEXT"),
    {"format", HONE_OPTION_ENUM, FIELD(format), "auto", 0, 0, "auto|json|text", files,
     "json, or the text and its labels with bars; auto: text on a terminal"},
    {"text_pair", HONE_OPTION_STRING, FIELD(text_pair), NULL, 0, 0, NULL, files, "a second text, to go with each TEXT"},
    {"top_k", HONE_OPTION_STRING, FIELD(top_labels), NULL, 0, 0, NULL, labelling,
     "a list of the N best labels, or of all; otherwise the best, and for people five"},
    {"function_to_apply", HONE_OPTION_ENUM, FIELD(function), "default", 0, 0, "default|sigmoid|softmax|none", labelling,
     "how logits become scores; default: none for regression, sigmoid for one label or several at a time, else softmax"},
    {"truncation", HONE_OPTION_BOOL, FIELD(truncation), NULL, 0, 0, NULL, labelling,
     "what is longer than the model takes is not read; otherwise such a text is an error"},
};
static const hone_option_table label_table = {label_rows, N(label_rows), aliases, N(aliases)};

/* "3", "all". */
static bool read_top_k(size_t *out, const char *text)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (strcmp(text, "all") == 0) {
        *out = HONE_TOP_K_ALL;
        return true;
    }
    *out = (size_t)value;
    return text[0] >= '1' && text[0] <= '9' && *end == '\0';
}

static int fill_labels(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common)
{
    (void)owned;
    (void)common;
    out->top_k = pipeline_shows_text(o, pipeline_task_of(HONE_TEXT_CLASSIFICATION)) ? 5 : 0;
    out->function_to_apply = (hone_score_function)o->function;
    out->long_text = o->truncation ? HONE_LONG_TEXT_TRUNCATE : HONE_LONG_TEXT_WINDOWS;
    if (o->top_labels && !read_top_k(&out->top_k, o->top_labels))
        return cli_wrong("--top_k must be a whole number from 1, or all");
    if (o->text_pair && o->input)
        return cli_wrong("--text_pair goes with TEXT…; a line of --input has its own \"text_pair\"");
    return check_format(o);
}

/* ---- question-answering ---- */

static const hone_option answer_rows[] = {
    COMMON_ROWS("--question and --context"),
    {"format", HONE_OPTION_ENUM, FIELD(format), "auto", 0, 0, "auto|json|text", files,
     "json, or the context with the answer marked; auto: text on a terminal"},
    {"question", HONE_OPTION_STRING, FIELD(question), NULL, 0, 0, NULL, files, "what is asked"},
    {"context", HONE_OPTION_STRING, FIELD(text_pair), NULL, 0, 0, NULL, files, "where the answer is looked for"},
    {"top_k", HONE_OPTION_INT, FIELD(top_k), "1", 1, 1e6, NULL, answering, "how many answers"},
    {"max_answer_len", HONE_OPTION_INT, FIELD(max_answer_len), "15", 1, 1e9, NULL, answering, "tokens of the longest answer"},
    {"max_seq_len", HONE_OPTION_INT, FIELD(max_seq_len), "0", 0, 1e9, NULL, answering,
     "tokens of a window; 0: what the tokenizer says, 384 at most"},
    {"doc_stride", HONE_OPTION_INT, FIELD(doc_stride), "0", 0, 1e9, NULL, answering,
     "tokens that neighbouring windows share; 0: half of a window, 128 at most"},
    {"handle_impossible_answer", HONE_OPTION_BOOL, FIELD(handle_impossible_answer), NULL, 0, 0, NULL, answering,
     "an empty answer is one too"},
    {"no_align_to_words", HONE_OPTION_BOOL, FIELD(no_align_to_words), NULL, 0, 0, NULL, answering,
     "answers begin and end where tokens do, not words"},
};
static const hone_option_table answer_table = {answer_rows, N(answer_rows), aliases, N(aliases)};

static int fill_answers(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common)
{
    (void)owned;
    (void)common;
    out->top_k = (size_t)o->top_k;
    out->max_answer_len = (size_t)o->max_answer_len;
    out->max_seq_len = (size_t)o->max_seq_len;
    out->doc_stride = (size_t)o->doc_stride;
    out->handle_impossible_answer = o->handle_impossible_answer;
    out->no_word_alignment = o->no_align_to_words;
    return check_format(o);
}

/* ---- fill-mask ---- */

static const hone_option mask_rows[] = {
    COMMON_ROWS("TEXT"),
    {"top_k", HONE_OPTION_STRING, FIELD(top_labels), "5", 0, 0, NULL, filling, "tokens for each mask, the best first; or all"},
    {"targets", HONE_OPTION_STRING, FIELD(targets), NULL, 0, 0, NULL, filling,
     "only these words, with commas between; of one that is no token its first piece"},
    {"truncation", HONE_OPTION_BOOL, FIELD(truncation), NULL, 0, 0, NULL, filling,
     "what is longer than the model takes is not read; otherwise such a text is an error"},
};
static const hone_option_table mask_table = {mask_rows, N(mask_rows), aliases, N(aliases)};

static int fill_masks(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common)
{
    (void)common;
    out->long_text = o->truncation ? HONE_LONG_TEXT_TRUNCATE : HONE_LONG_TEXT_WINDOWS;
    if (!read_top_k(&out->top_k, o->top_labels))
        return cli_wrong("--top_k must be a whole number from 1, or all");
    if (o->targets && !(out->targets = *owned = cli_split(o->targets, NULL)))
        return cli_fail(HONE_OUT_OF_MEMORY);
    return CLI_OK;
}

/* ---- text-generation ---- */

static const hone_option generation_rows[] = {
    COMMON_ROWS("PROMPT"),
    {"max_new_tokens", HONE_OPTION_INT, FIELD(max_new_tokens), "-1", -1, BIG, NULL, generation,
     "the longest text that follows a prompt; -1: 256, or what the model's positions leave"},
    {"do_sample", HONE_OPTION_BOOL, FIELD(do_sample), NULL, 0, 0, NULL, generation, "draw tokens at random; otherwise greedy, or beams"},
    {"temperature", HONE_OPTION_DOUBLE, FIELD(temperature), "0.7", 1e-6, 1e6, NULL, generation, "sampling: below 1 likely tokens gain"},
    {"top_k", HONE_OPTION_INT, FIELD(top_k), "50", 0, BIG, NULL, generation, "sampling: only the K likeliest tokens; 0: all"},
    {"top_p", HONE_OPTION_DOUBLE, FIELD(top_p), "1", 1e-9, 1, NULL, generation,
     "sampling: only the likeliest tokens that have this share together"},
    {"num_beams", HONE_OPTION_INT, FIELD(num_beams), "1", 1, 4096, NULL, generation, "search with so many beams"},
    {"num_return_sequences", HONE_OPTION_INT, FIELD(num_return_sequences), "1", 1, 4096, NULL, generation, "texts for each prompt"},
    {"repetition_penalty", HONE_OPTION_DOUBLE, FIELD(repetition_penalty), "1", 1e-6, 1e6, NULL, generation,
     "above 1 tokens that occurred lose"},
    {"no_repeat_ngram_size", HONE_OPTION_INT, FIELD(no_repeat_ngram_size), "0", 0, BIG, NULL, generation,
     "no N tokens come twice in a row of a text; 0: off"},
    {"length_penalty", HONE_OPTION_DOUBLE, FIELD(length_penalty), "1", -1e6, 1e6, NULL, generation, "beams: above 0 long texts gain"},
    {"early_stopping", HONE_OPTION_BOOL, FIELD(early_stopping), NULL, 0, 0, NULL, generation,
     "beams: stop when num_beams texts have ended"},
};
static const hone_option_table generation_table = {generation_rows, N(generation_rows), aliases, N(aliases)};

static int fill_generation(hone_pipeline_options *out, const char ***owned, const pipeline_options *o, const cli_common *common)
{
    (void)owned;
    hone_generate_options *g = &out->generate;
    g->max_new_tokens = o->max_new_tokens;
    g->do_sample = o->do_sample;
    g->temperature = o->do_sample ? o->temperature : 1.0;
    g->top_k = o->top_k;
    g->top_p = o->top_p;
    g->num_beams = o->num_beams;
    g->num_return_sequences = o->num_return_sequences;
    g->repetition_penalty = o->repetition_penalty;
    g->no_repeat_ngram_size = o->no_repeat_ngram_size;
    g->length_penalty = o->length_penalty;
    g->early_stopping = o->early_stopping;
    g->seed = (uint64_t)common->seed;
    return CLI_OK;
}

/* ---- the tasks ---- */

static const pipeline_task tasks[] = {
    {HONE_TOKEN_CLASSIFICATION,
     "token-classification",
     "TEXT",
     {"hone pipeline token-classification --model DIR TEXT…   or   … --input in.jsonl [--output out.jsonl]",
      "Finds the entities of texts. Prints what the reference's pipeline returns, a line of JSON for each: [{\"entity_group\", \"score\", "
      "\"word\", \"start\", \"end\"}, …]\n"
      "(strategy none: \"entity\", and the token's \"index\"); start and end count code points. On a terminal the entities are marked in "
      "the text.\n"
      "\n"
      "none to max are the reference's strategies, its rules of thumb for words included. word takes the tokenizer's own words, each with "
      "the label of its first token,\n"
      "and gives the text itself for \"word\".\n"
      "\n"
      "A text of more tokens than the model takes is read in windows that share a quarter; each token counts where it stands farther from "
      "a window's edge.\n"
      "The reference cuts such texts (--truncation), or aggregates each window for itself (--stride N).\n"
      "\n"
      "A line of --input is {\"inputs\": text}, or {\"tokens\": [word, …]} for words that were split already (start and end: in the words "
      "joined by spaces, or by\n"
      "the line's \"delimiter\"). A bad line gives {\"error\": \"…\"}; the others are done, and the exit status is 1.",
      &token_table, true},
     fill_token,
     pipeline_mark_words},
    {HONE_TEXT_CLASSIFICATION,
     "text-classification",
     "TEXT",
     {"hone pipeline text-classification --model DIR [--top_k N|all] TEXT…   or   … --input in.jsonl [--output out.jsonl]",
      "Labels texts, or pairs of them. Prints what the reference's pipeline returns, a line of JSON for each: [{\"label\", \"score\"}], "
      "the best label first;\n"
      "with --top_k so many of them. On a terminal each text is shown with its labels, and bars for their scores.\n"
      "\n"
      "Scores are by the model's problem_type: its number for a regression, each label's own probability where several go together or "
      "there "
      "is one only, else\n"
      "probabilities that add up to 1.\n"
      "\n"
      "A line of --input is {\"inputs\": text}, or {\"text\", \"text_pair\"}, which gives {\"label\", \"score\"} without a list "
      "unless there is a top_k. A line's own\n"
      "\"top_k\" (null: all) counts before the option. A bad line, or a text of more tokens than the model takes (see --truncation), gives "
      "{\"error\": \"…\"}; the others\n"
      "are done, and the exit status is 1. An empty second text is none, as in the reference.",
      &label_table, true},
     fill_labels,
     pipeline_show_labels},
    {HONE_QUESTION_ANSWERING,
     "question-answering",
     NULL,
     {"hone pipeline question-answering --model DIR --question Q --context C   or   … --input in.jsonl [--output out.jsonl]",
      "Finds the answer to a question in a text of any length. Prints what the reference's pipeline returns, a line of JSON: {\"score\", "
      "\"start\", \"end\", \"answer\"}, a list of\n"
      "them with --top_k; start and end count code points. On a terminal the answer is marked in the context.\n"
      "\n"
      "A line of --input is {\"question\", \"context\"}. A bad line gives {\"error\": \"…\"}; the others are done, and the exit status is "
      "1.",
      &answer_table, false},
     fill_answers,
     pipeline_mark_answer},
    {HONE_CAUSAL_LM,
     "text-generation",
     "PROMPT",
     {"hone pipeline text-generation --model DIR PROMPT…   or   … --input in.jsonl [--output out.jsonl]",
      "Goes on with prompts and prints what the reference's pipeline returns, a line of JSON for each: [{\"generated_text\": prompt and "
      "what follows}, …].\n"
      "A line of --input is {\"inputs\": text} or {\"prompt_ids\": [id, …]}, which gives {\"output_ids\": [[id, …], …]}. A bad line gives "
      "{\"error\": \"…\"};\n"
      "the others are done, and the exit status is 1. Unlike the reference's pipeline it is greedy unless --do_sample is given.",
      &generation_table, true},
     fill_generation,
     NULL},
    {HONE_MASKED_LM,
     "fill-mask",
     "TEXT",
     {"hone pipeline fill-mask --model DIR [--top_k N] [--targets a,b] TEXT…   or   … --input in.jsonl [--output out.jsonl]",
      "Finds tokens for the mask of a text, \"Paris is the [MASK] of France.\". Prints what the reference's pipeline returns, a line of\n"
      "JSON for each text: [{\"score\", \"token\", \"token_str\", \"sequence\"}, …], the best first; a list of such lists where a text "
      "has\n"
      "several masks, each filled for itself.\n"
      "\n"
      "A line of --input is {\"inputs\": text}. A bad line, or a text without a mask, gives {\"error\": \"…\"}; the others are done, and\n"
      "the exit status is 1.",
      &mask_table, true},
     fill_masks,
     NULL},
};

const pipeline_task *pipeline_task_at(size_t i)
{
    return i < N(tasks) ? &tasks[i] : NULL;
}

const pipeline_task *pipeline_task_of(hone_task_kind kind)
{
    for (size_t i = 0; i < N(tasks); i++)
        if (tasks[i].kind == kind)
            return &tasks[i];
    return NULL;
}

/* Whether a table has the option that a word of the command line ("--top-k=3") names. */
static bool has_option(const hone_option_table *table, const char *word)
{
    size_t n = strcspn(word, "=");
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *name = table->rows[i].name;
        size_t k = 0;
        while (k < n && name[k] && (name[k] == word[k] || (name[k] == '_' && word[k] == '-')))
            k++;
        if (k == n && !name[k])
            return true;
    }
    return false;
}

bool pipeline_has_foreign_option(const pipeline_task *task, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || has_option(task->spec.table, argv[i] + 2))
            continue;
        for (size_t k = 0; k < N(tasks); k++)
            if (has_option(tasks[k].spec.table, argv[i] + 2)) {
                char text[256];
                snprintf(text, sizeof(text), "%.*s is an option of %s, not of %s", (int)strcspn(argv[i], "="), argv[i], tasks[k].name,
                         task->name);
                cli_wrong(text);
                return true;
            }
    }
    return false;
}
