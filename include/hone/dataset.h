/* Labelled data sets: a table of typed columns (features), read from files: CoNLL, JSON lines, csv, tsv. For texts without labels see hone/text.h.
 *
 *     hone_dataset *data = NULL;
 *     CHECK(hone_dataset_load(&data, (const char *[]){"train.txt"}, 1, NULL));
 *     hone_text word = hone_dataset_texts(data, 0, hone_dataset_find(data, "tokens"))[0];
 *
 * A data set is immutable after it was loaded: any number of threads may read it. Memory: the files are mapped and words are lent from the mapping where they stand there
 * as they are, so that a word costs 16 bytes and a class 4. Every cell knows the line that it came from (hone_dataset_place), so that later messages can name it. */
#ifndef HONE_DATASET_H
#define HONE_DATASET_H

#include <hone/loader.h>
#include <hone/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_dataset hone_dataset;

/* ---- Features --------------------------------------------------------------------------------------------------------------------------- */

typedef enum hone_feature_kind { HONE_FEATURE_STRING, HONE_FEATURE_INT, HONE_FEATURE_DOUBLE, HONE_FEATURE_CLASS_LABEL } hone_feature_kind;

/* A column. sequence: each row holds a list (tokens, ner_tags). names: of the classes of a CLASS_LABEL in order of their ids, NULL-terminated, else NULL. */
typedef struct hone_feature {
    const char *name;
    hone_feature_kind kind;
    bool sequence;
    const char *const *names;
    size_t n_names;
} hone_feature;

/* How tags of a sequence mark entities. AUTO: found out from the tags. */
typedef enum hone_tag_scheme {
    HONE_SCHEME_AUTO,
    HONE_SCHEME_IOB1, /* B- only between two entities of one type that touch */
    HONE_SCHEME_IOB2, /* every entity begins with B- */
    HONE_SCHEME_IOE1,
    HONE_SCHEME_IOE2,
    HONE_SCHEME_IOBES, /* S- alone, B- I- E- */
    HONE_SCHEME_BILOU, /* U- alone, B- I- L- */
    HONE_SCHEME_IO,    /* I- only */
    HONE_SCHEME_NONE   /* tags without entities: part of speech */
} hone_tag_scheme;
/* "auto", "IOB1", "IOB2", …, "none": never freed. */
HONE_API const char *hone_tag_scheme_name(hone_tag_scheme scheme);
/* The scheme of such a name, in upper or lower case. HONE_INVALID_ARGUMENT for another one: the message names those that there are. */
HONE_API hone_status hone_tag_scheme_parse(hone_tag_scheme *out, const char *name);

/* ---- Loading ---------------------------------------------------------------------------------------------------------------------------- */

typedef enum hone_header { HONE_HEADER_AUTO, HONE_HEADER_YES, HONE_HEADER_NO } hone_header;

typedef struct hone_dataset_options {
    const char *format; /* "conll", "jsonl", "csv", "tsv"; NULL: by extension (.conll .txt .tsv .csv .json .jsonl) and content */
    const char *glob;   /* picks by name inside folders; NULL: all */
    const char *text_column_name, *label_column_name; /* NULL: "tokens", "ner_tags" (also "labels", "tags"); what csv and JSON call them */
    hone_header
        header; /* csv, tsv: whether the first line names the columns. AUTO: it does when its cells are known names or those asked for */
    hone_tag_scheme
        scheme; /* of the tags in the files. IOB1 (CoNLL-2003) is turned into IOB2; others are kept. AUTO: found out from all files together */
    bool keep_scheme; /* IOB1 stays IOB1; so it does when `labels` are given and none begins with B- */
    const char *const *
        labels; /* names of the classes in order of their ids, NULL-terminated: a tag that is none of them is an error that names file and line. NULL: found
                                  in the data: O first, then B-X, I-X for each type X in alphabetical order (also where only one of the two occurs), other classes in alphabetical order, numbers in numeric order */
    int64_t max_rows; /* < 0: all */
    bool
        single_cells; /* rows of texts with a label, never words with tags, whatever the columns are called; what is no csv and no JSON is tsv, not CoNLL */
    bool labels_optional; /* files without the column label_column_name are rows without labels, not an error */
} hone_dataset_options;
#define HONE_DATASET_OPTIONS_INIT                                                                 \
    {                                                                                             \
        NULL, NULL, NULL, NULL, HONE_HEADER_AUTO, HONE_SCHEME_AUTO, false, NULL, -1, false, false \
    }

/* Loads files and folders, in the order given. options NULL: the defaults. HONE_NOT_FOUND for a missing path or when no row results, HONE_FORMAT with file and line: another number of
 * columns, a tag outside the scheme, a label sequence of another length than its words, bytes that are not UTF-8. Progress: "reading". Free with hone_dataset_free.
 *
 * CoNLL: a word a line, columns split by tabs where the line has one, else by blanks (only these two: other white space of Unicode is part of a word), an empty line or
 * one of blanks between sentences, LF, CRLF or CR. The first column is the word, the last the tag. Two columns give tokens, ner_tags; three tokens, pos_tags, ner_tags; four
 * (CoNLL-2003) tokens, pos_tags, chunk_tags, ner_tags; more: column_2, … between; always id (row number), and document (number of the document) when there are -DOCSTART-
 * lines. Comments "# …" before a sentence are passed over. text_column_name and label_column_name name the columns anew, or choose pos_tags or chunk_tags.
 *
 * JSON: an object a line, or an array of objects: "tokens" and "ner_tags" (names, or ids whose names stand in a dataset_info.json beside the first
 * file, or else are `labels`, or "0", "1", …), or single cells. csv and tsv: a word a record with a column of sentence ids ("sentence_id", "Sentence #"), a sentence a record (words and
 * tags split by blanks, or lists as Python and JSON write them), or single cells; tsv has no quotes. Single cells are texts, INT or DOUBLE by what all of a column are,
 * the label column's become classes, also from a list of them in JSON, which is one cell then ("label", "labels", "Quality", …; the text's names: "text", "sentence", "sentence1", …). Columns that fit no kind are left out. */
HONE_API hone_status hone_dataset_load(hone_dataset **out, const char *const *paths, size_t n_paths, const hone_dataset_options *options);
/* The format that the first file of paths (files and folders, as in hone_dataset_load) seems to have: "conll", "jsonl", "csv", "tsv", by extension and content; NULL when
 * it holds nothing labelled (texts, JSON lines without words and labels) or cannot be read. */
HONE_API const char *hone_dataset_detect_format(const char *const *paths, size_t n_paths, const char *glob);
/* Frees; NULL is legal. Nothing made from it (examples, views) may be in use. */
HONE_API void hone_dataset_free(hone_dataset *d);

/* ---- Looking ---------------------------------------------------------------------------------------------------------------------------- */

/* The number of rows (sentences). */
HONE_API int64_t hone_dataset_n_rows(const hone_dataset *d);
/* The number of columns. */
HONE_API size_t hone_dataset_n_features(const hone_dataset *d);
/* Feature i, lent; NULL beyond the last. */
HONE_API const hone_feature *hone_dataset_feature(const hone_dataset *d, size_t i);
/* The number of the feature of that name, -1 for none. */
HONE_API ptrdiff_t hone_dataset_find(const hone_dataset *d, const char *name);
/* The number of the column of words (or texts), which text_column_name or its default named; -1 for none. */
HONE_API ptrdiff_t hone_dataset_text_column(const hone_dataset *d);
/* The number of the column of labels, which label_column_name or its default named; -1 for none. */
HONE_API ptrdiff_t hone_dataset_label_column(const hone_dataset *d);
/* The scheme of the tags as they stand in the data set (after the turn into IOB2). */
HONE_API hone_tag_scheme hone_dataset_scheme(const hone_dataset *d);
/* What the files' own scheme was. */
HONE_API hone_tag_scheme hone_dataset_source_scheme(const hone_dataset *d);
/* The number of documents; 0: the files mark none (-DOCSTART-). */
HONE_API int64_t hone_dataset_n_documents(const hone_dataset *d);

/* Cells, lent for the data set's life. row and feature must be in range and the feature of that kind: programming errors otherwise (0, NULL). */
HONE_API size_t hone_dataset_length(const hone_dataset *d, int64_t row, ptrdiff_t feature);          /* items of a sequence; 1 otherwise */
HONE_API const hone_text *hone_dataset_texts(const hone_dataset *d, int64_t row, ptrdiff_t feature); /* STRING, (length) */
HONE_API const int32_t *hone_dataset_classes(const hone_dataset *d, int64_t row, ptrdiff_t feature); /* CLASS_LABEL: ids, (length) */
HONE_API int64_t hone_dataset_int(const hone_dataset *d, int64_t row, ptrdiff_t feature);            /* INT, CLASS_LABEL; no sequence */
HONE_API double hone_dataset_double(const hone_dataset *d, int64_t row, ptrdiff_t feature);          /* DOUBLE, INT; no sequence */

/* Where item `item` of a row stands: the file's name, lent, and the line from 1. */
HONE_API const char *hone_dataset_place(int64_t *line, const hone_dataset *d, int64_t row, size_t item);
/* A row as a line of JSON, classes as {name} or id as asked. Free with hone_dataset_free_json. */
HONE_API hone_status hone_dataset_row_to_json(char **out, const hone_dataset *d, int64_t row, bool class_names);
/* What the data set is, as a JSON object: num_rows, features with kinds and names, scheme, documents, words, the longest row, entities of each type. Free with hone_dataset_free_json. */
HONE_API hone_status hone_dataset_info_to_json(char **out, const hone_dataset *d);
/* Frees what these two gave; NULL is legal. */
HONE_API void hone_dataset_free_json(char *json);

/* ---- Aligning labels with tokens ---------------------------------------------------------------------------------------------------------- */

/* The course's align_labels_with_tokens for one encoding of pre-split words: out[i] (n_tokens of e) is the label of token i: -100 for special tokens; of the first token of a word its label; of the others, with
 * all_tokens, the label's inside form (inside[id]: B-X to I-X by name; see hone_inside_labels), else -100. word_labels has n_words entries. A word that gave no token takes no label and shifts none. */
HONE_API void hone_align_labels(int32_t *out, const hone_encoding *e, const int32_t *word_labels, size_t n_words, const int32_t *inside,
                                bool all_tokens);
/* inside[id] for n names: the id of I-X where names[id] is B-X and there is an I-X, else id itself. */
HONE_API void hone_inside_labels(int32_t *inside, const char *const *names, size_t n);

typedef struct hone_token_examples_options {
    size_t max_length;     /* tokens of a row with special ones, 0: no limit */
    size_t stride;         /* > 0: rows of more than max_length tokens become windows that share so many, instead of being cut */
    bool windows;          /* windows also where stride is 0: they share nothing */
    bool label_all_tokens; /* see hone_align_labels; the INIT's true is the course's way */
    const int32_t
        *ids; /* the model's id of each class of the data set's label column (below 0: the word has no label); NULL: the same ids */
    const int32_t *inside; /* as hone_inside_labels fills it for the model's names; NULL: later tokens have their word's own label */
    int64_t max_examples;  /* < 0: all rows */
    int n_threads;         /* 0: all cores */
} hone_token_examples_options;
#define HONE_TOKEN_EXAMPLES_OPTIONS_INIT     \
    {                                        \
        0, 0, false, true, NULL, NULL, -1, 0 \
    }

/* What became of the rows; lent by the examples: hone_token_examples_get_info. */
typedef struct hone_token_examples_info {
    int64_t n_rows, n_examples, n_tokens;
    int64_t n_truncated;            /* rows that were cut */
    int64_t n_lost_words;           /* words of them that no example holds */
    int64_t n_vanished_words;       /* words that gave no token: normalised away */
    int32_t longest;                /* tokens of the longest example */
    const int64_t *row_of;          /* (n_examples) row of the data set: several for a row with windows */
    const int32_t *const *word_ids; /* (n_examples) (tokens) as in the encoding, -1 for special tokens */
    const int32_t
        *starts; /* (n_examples) tokens of the row, special ones not counted, before the window's first one: 0 but for later windows */
} hone_token_examples_info;

/* Tokenizes the words of every row (text column) on all threads and aligns the labels (label column; none: no labels). The examples are independent of the data set afterwards. Progress: "tokenizing". Memory: 12 bytes a token (8 without labels) and 28 a row.
 * In a later window a word that began before it has no beginning: its first token there gets the label of a word's later tokens.
 * Free with hone_examples_free. */
HONE_API hone_status hone_token_examples(hone_examples **out, const hone_dataset *d, const hone_tokenizer *tokenizer,
                                         const hone_token_examples_options *options);
/* Facts about examples that hone_token_examples made, lent; NULL for others. */
HONE_API const hone_token_examples_info *hone_token_examples_get_info(const hone_examples *e);

#ifdef __cplusplus
}
#endif
#endif
