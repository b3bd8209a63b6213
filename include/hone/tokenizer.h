/* Tokenizers: text to ids and back, in the formats of the Hugging Face `tokenizers` library (tokenizer.json; vocab.json + merges.txt).
 *
 * A hone_tokenizer is immutable after it was made: any number of threads may use one at the same time, in every function that takes it const.
 * Truncation and padding are arguments of the call, never a state of the tokenizer. Words have the reference's names: word_ids, char_to_token, ….
 *
 * Text is UTF-8. Where bytes are not UTF-8, each maximal ill-formed part counts as one U+FFFD (Unicode's recommended practice, what Python's
 * decode(errors="replace") does); byte offsets still point into the text as it was given, and hone_encoding_n_replaced says how many there were. */
#ifndef HONE_TOKENIZER_H
#define HONE_TOKENIZER_H

#include <hone/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_tokenizer hone_tokenizer;
typedef struct hone_encoding hone_encoding;

/* A piece of text, lent: len bytes at data. data NULL: no text at all (an empty text has data "" and len 0). */
typedef struct hone_text {
    const char *data;
    size_t len;
} hone_text;

/* A text from a C string or literal. */
static inline hone_text hone_text_from(const char *text)
{
    hone_text t = {text, 0};
    while (text && text[t.len])
        t.len++;
    return t;
}
#define HONE_TEXT(string) hone_text_from(string)
#define HONE_TEXT_NONE    hone_text_from(NULL)

/* [start, end) in a text. */
typedef struct hone_span {
    size_t start, end;
} hone_span;

/* A growing list of ids that the caller owns; start it with {0} or HONE_IDS_INIT. */
typedef struct hone_ids {
    int32_t *data;
    size_t n, capacity;
} hone_ids;
#define HONE_IDS_INIT \
    {                 \
        NULL, 0, 0    \
    }

/* Gives the memory of ids back; ids is empty and usable afterwards. */
HONE_API void hone_ids_dispose(hone_ids *ids);

/* Parts of tokenizer.json that hone knows; any other is HONE_UNSUPPORTED, by its name:
 *   models           BPE (byte_fallback, fuse_unk, ignore_merges; dropout null), WordPiece, WordLevel
 *   normalizers      BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Replace, Prepend, Nmt, ByteLevel, Sequence
 *   pre-tokenizers   BertPreTokenizer, ByteLevel, Whitespace, WhitespaceSplit, Punctuation, Digits, Split, Metaspace, CharDelimiterSplit, FixedLength, Sequence
 *   post-processors  TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence (ByteLevels, then at most one of the others)
 *   decoders         WordPiece, ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace, BPEDecoder, CTC, Sequence
 * Regular expressions of Replace and Split are Oniguruma's, as the reference has them, with the properties of Unicode 16.0. They run on PCRE2; a search that backtracks
 * more than a million times from one place is HONE_INVALID_ARGUMENT. Absent groups, callouts, text boundaries (\y) and folding one letter to several (sharp s to ss) are not there. */

/* ---- Load, make, save ------------------------------------------------------------------------------------------------------------------ */

/* Opens a tokenizer: a folder with tokenizer.json, or with vocab.json + merges.txt (byte-level BPE as GPT-2's), or with vocab.txt (BERT's WordPiece),
 * or a tokenizer.json file. tokenizer_config.json and special_tokens_map.json of the folder name the special tokens and model_max_length.
 * Free with hone_tokenizer_free. Memory: about 4 times the size of tokenizer.json. Errors: HONE_NOT_FOUND, HONE_FORMAT (naming file, merge, id), HONE_UNSUPPORTED
 * (naming the part that hone does not know). */
HONE_API hone_status hone_tokenizer_from_pretrained(hone_tokenizer **out, const char *path);

/* The same from the text of a tokenizer.json. */
HONE_API hone_status hone_tokenizer_from_bytes(hone_tokenizer **out, const char *json, size_t len);

/* Frees a tokenizer; NULL is legal. No thread may be using it. */
HONE_API void hone_tokenizer_free(hone_tokenizer *tok);
/* Gives back what was kept for the next text: caches of words, scratch, empty slabs; some 20 MB a thread at most. The next text takes it anew. Any thread. */
HONE_API void hone_tokenizer_trim(const hone_tokenizer *tok);

/* Writes tokenizer.json (as the reference's save(pretty=False) writes it, byte for byte), tokenizer_config.json, special_tokens_map.json and the model's own files
 * (vocab.json + merges.txt, or vocab.txt) into the folder, which is made when missing, so that AutoTokenizer.from_pretrained loads it. */
HONE_API hone_status hone_tokenizer_save(const hone_tokenizer *tok, const char *folder);

/* The text of tokenizer.json, NUL-terminated; *len may be NULL. Free with hone_tokenizer_free_text. */
HONE_API hone_status hone_tokenizer_to_json(char **out, size_t *len, const hone_tokenizer *tok);

/* Frees a text that a function of this header handed over; NULL is legal. */
HONE_API void hone_tokenizer_free_text(char *text);

/* ---- Train ----------------------------------------------------------------------------------------------------------------------------- */

typedef enum hone_tokenizer_kind { HONE_TOKENIZER_BPE, HONE_TOKENIZER_WORDPIECE } hone_tokenizer_kind;

typedef struct hone_tokenizer_train_options {
    hone_tokenizer_kind kind; /* HONE_TOKENIZER_BPE */
    size_t vocab_size;        /* 30000, special tokens and alphabet included */
    uint64_t min_frequency;   /* 0: pairs that occur less often are not merged */
    const char *const
        *special_tokens;     /* NULL: the kind's own (<|endoftext|>; [PAD] [UNK] [CLS] [SEP] [MASK]). They get the first ids, in order */
    size_t n_special_tokens; /* of special_tokens */
    size_t limit_alphabet;   /* 0: no limit; else only the most frequent letters are kept */
    size_t max_token_length; /* 0: no limit; else no merge makes a longer token (characters) */
    bool lowercase;          /* WordPiece: BertNormalizer lower-cases */
    bool add_prefix_space;   /* ByteLevel: a space before the text */
    int n_threads;           /* 0: all cores. The result is the same for any number */
    size_t model_max_length; /* 0: none; written to tokenizer_config.json */
    bool whole_files;        /* train_files: a file is one text; otherwise each line with its end is one */
    const char *glob;        /* train_files: picks names inside folders; NULL: all */
    const char *text_column_name; /* train_files: the text's key in .jsonl; NULL: "content" */
} hone_tokenizer_train_options;
#define HONE_TOKENIZER_TRAIN_OPTIONS_INIT                                                  \
    {                                                                                      \
        HONE_TOKENIZER_BPE, 30000, 0, NULL, 0, 0, 0, false, false, 0, 0, false, NULL, NULL \
    }

/* Gives the next text of a corpus in *out, lent until the next call; out->data NULL ends the corpus. Called from one thread. A failure ends the training. */
typedef hone_status (*hone_text_fn)(void *payload, hone_text *out);

/* Trains a tokenizer on the texts that `next` gives. options NULL: the defaults. The same texts give the reference trainer's tokenizer.json.
 * Memory follows the number of distinct words, not the corpus. */
HONE_API hone_status hone_tokenizer_train(hone_tokenizer **out, const hone_tokenizer_train_options *options, hone_text_fn next,
                                          void *payload);

/* The course's old_tokenizer.train_new_from_iterator: the same normalizer, pre-tokenizer, post-processor, decoder, kind of model and special tokens as `old`,
 * a new vocabulary of options->vocab_size entries. Of the options only vocab_size, min_frequency, limit_alphabet, max_token_length, n_threads and
 * special_tokens (new ones, after the old) are used. */
HONE_API hone_status hone_tokenizer_train_new_from_iterator(hone_tokenizer **out, const hone_tokenizer *old,
                                                            const hone_tokenizer_train_options *options, hone_text_fn next, void *payload);

/* Trains on files and folders: text files line by line (each line with its end, as the reference's train(files)), .jsonl files one text a line. */
HONE_API hone_status hone_tokenizer_train_files(hone_tokenizer **out, const hone_tokenizer_train_options *options, const char *const *paths,
                                                size_t n_paths);

/* ---- Encode ---------------------------------------------------------------------------------------------------------------------------- */

typedef enum hone_truncation {
    HONE_TRUNCATION_NONE,
    HONE_TRUNCATION_LONGEST_FIRST,
    HONE_TRUNCATION_ONLY_FIRST,
    HONE_TRUNCATION_ONLY_SECOND
} hone_truncation;
typedef enum hone_padding { HONE_PADDING_NONE, HONE_PADDING_LONGEST, HONE_PADDING_MAX_LENGTH } hone_padding;
typedef enum hone_side { HONE_SIDE_RIGHT, HONE_SIDE_LEFT } hone_side;

/* Zero is: special tokens added, no truncation, no padding. */
typedef struct hone_encode_options {
    bool no_special_tokens;     /* leave out what the post-processor adds */
    hone_truncation truncation; /* to max_length tokens, special ones included */
    size_t max_length;
    size_t stride; /* tokens that neighbouring windows share */
    hone_side truncation_side;
    hone_padding padding; /* LONGEST: of the batch; MAX_LENGTH: to pad_length */
    size_t pad_length;
    size_t pad_to_multiple_of; /* 0: any length */
    hone_side padding_side;
    int32_t pad_id, pad_type_id;
    const char *pad_token; /* NULL: the token of pad_id */
} hone_encode_options;
#define HONE_ENCODE_OPTIONS_INIT                                                                                 \
    {                                                                                                            \
        false, HONE_TRUNCATION_NONE, 0, 0, HONE_SIDE_RIGHT, HONE_PADDING_NONE, 0, 0, HONE_SIDE_RIGHT, 0, 0, NULL \
    }

/* What encode does with options NULL: the sections `truncation` and `padding` of tokenizer.json. Lent by tok. */
HONE_API const hone_encode_options *hone_tokenizer_default_options(const hone_tokenizer *tok);

/* Reads "longest_first", "only_first", "only_second", "do_not_truncate". */
HONE_API hone_status hone_truncation_parse(hone_truncation *out, const char *name);

/* One side of an input: a text, or words that were split already (is_split_into_words). */
typedef struct hone_sequence {
    hone_text text;         /* used when words is NULL */
    const hone_text *words; /* NULL: text; else n_words words (0 is legal) */
    size_t n_words;
} hone_sequence;

/* What is encoded as one: a sequence and perhaps a second one (second.text.data and second.words NULL: none). */
typedef struct hone_encode_input {
    hone_sequence first, second;
} hone_encode_input;

/* Encodes a text, or a pair (pair HONE_TEXT_NONE: none). options NULL: hone_tokenizer_default_options. Free with hone_encoding_free.
 * The encoding owns everything it shows except the tokens' texts, which tok lends: it must not outlive tok. */
HONE_API hone_status hone_tokenizer_encode(hone_encoding **out, const hone_tokenizer *tok, hone_text text, hone_text pair,
                                           const hone_encode_options *options);

/* The same for words that were split already; offsets are inside the word, word_ids are the words' indices. pair_words NULL: none. */
HONE_API hone_status hone_tokenizer_encode_words(hone_encoding **out, const hone_tokenizer *tok, const hone_text *words, size_t n_words,
                                                 const hone_text *pair_words, size_t n_pair_words, const hone_encode_options *options);

/* The general form. */
HONE_API hone_status hone_tokenizer_encode_input(hone_encoding **out, const hone_tokenizer *tok, const hone_encode_input *input,
                                                 const hone_encode_options *options);

/* Encodes n inputs on n_threads threads (0: all cores) into out[0..n); on failure all of out is NULL and the message names the input. */
HONE_API hone_status hone_tokenizer_encode_batch(hone_encoding **out, const hone_tokenizer *tok, const hone_encode_input *inputs, size_t n,
                                                 const hone_encode_options *options, int n_threads);

/* Appends the ids of text to *ids, without truncation, offsets or any other cost: no allocation beyond the growth of ids. */
HONE_API hone_status hone_tokenizer_encode_ids(hone_ids *ids, const hone_tokenizer *tok, hone_text text, bool add_special_tokens);

/* The number of tokens of text. */
HONE_API hone_status hone_tokenizer_count(size_t *out, const hone_tokenizer *tok, hone_text text, bool add_special_tokens);

/* Frees an encoding and its overflowing ones; NULL is legal. */
HONE_API void hone_encoding_free(hone_encoding *e);

/* ---- What an encoding holds: getters lend, and never fail ---------------------------------------------------------------------------- */

/* The number of tokens; every array below is as long. */
HONE_API size_t hone_encoding_n_tokens(const hone_encoding *e);
/* Ids in the vocabulary. */
HONE_API const int32_t *hone_encoding_ids(const hone_encoding *e);
/* 0 for the first sequence, 1 for the second, or as the template says. */
HONE_API const int32_t *hone_encoding_type_ids(const hone_encoding *e);
/* The text of token i, NUL-terminated, as the vocabulary has it ("Ġworld"); "" when i is out of range. */
HONE_API const char *hone_encoding_token(const hone_encoding *e, size_t i);
/* Where a token lies in its text (its word, when pre-split), in bytes. A character that is split over tokens gives each the whole character; added tokens [0, 0). */
HONE_API const hone_span *hone_encoding_offsets(const hone_encoding *e);
/* The same in code points, as Python counts. */
HONE_API const hone_span *hone_encoding_offsets_chars(const hone_encoding *e);
/* The index of the token's word in its sequence; -1 for tokens that the post-processor or padding added. */
HONE_API const int32_t *hone_encoding_word_ids(const hone_encoding *e);
/* 0 or 1: the sequence it comes from; -1 as above. */
HONE_API const int32_t *hone_encoding_sequence_ids(const hone_encoding *e);
/* 1 for tokens that the post-processor or padding added. */
HONE_API const uint8_t *hone_encoding_special_tokens_mask(const hone_encoding *e);
/* 0 for padding. */
HONE_API const uint8_t *hone_encoding_attention_mask(const hone_encoding *e);
/* Further windows of the same input when it was truncated. */
HONE_API size_t hone_encoding_n_overflowing(const hone_encoding *e);
/* Window i of those, NULL when i is out of range. */
HONE_API const hone_encoding *hone_encoding_overflowing(const hone_encoding *e, size_t i);
/* How many ill-formed parts of the input were read as U+FFFD. */
HONE_API size_t hone_encoding_n_replaced(const hone_encoding *e);
/* The token that holds code point `position` of a sequence (0 or 1), -1 if none does. */
HONE_API ptrdiff_t hone_encoding_char_to_token(const hone_encoding *e, size_t position, int sequence);
/* The code points of token i; false for tokens of no sequence. */
HONE_API bool hone_encoding_token_to_chars(const hone_encoding *e, size_t i, hone_span *out);
/* The tokens [start, end) of a word of a sequence; false if it has none. */
HONE_API bool hone_encoding_word_to_tokens(const hone_encoding *e, size_t word, int sequence, hone_span *out);
/* The code points of a word of a sequence; false if it has no token. */
HONE_API bool hone_encoding_word_to_chars(const hone_encoding *e, size_t word, int sequence, hone_span *out);
/* The word of token i in its sequence, -1 for none (the reference's token_to_word). */
HONE_API ptrdiff_t hone_encoding_token_to_word(const hone_encoding *e, size_t i);

/* ---- Decode ---------------------------------------------------------------------------------------------------------------------------- */

/* The text of n ids, NUL-terminated (*len, may be NULL, is its length: a text can hold NUL bytes). Bytes that are not UTF-8 become U+FFFD. Ids outside the vocabulary
 * are passed over, as in the reference. Free with hone_tokenizer_free_text. */
HONE_API hone_status hone_tokenizer_decode(char **out, size_t *len, const hone_tokenizer *tok, const int32_t *ids, size_t n,
                                           bool skip_special_tokens);

/* What transformers' decode(clean_up_tokenization_spaces=True) does to a decoded text: no blank before . ? ! , and in the English contractions "do n't", "it 's", …, nor around
 * an apostrophe between two. (The decoder of a WordPiece tokenizer.json has a `cleanup` of its own, which works on one token at a time and is part of
 * hone_tokenizer_decode.) Free with hone_tokenizer_free_text. */
HONE_API hone_status hone_clean_up_tokenization(char **out, const char *text);

/* Decoding as the ids come, for generation: gives out complete characters only. One thread at a time. */
typedef struct hone_decode_stream hone_decode_stream;
/* Starts a stream; free with hone_decode_stream_free. tok must live as long. */
HONE_API hone_status hone_decode_stream_new(hone_decode_stream **out, const hone_tokenizer *tok, bool skip_special_tokens);
/* Takes one id; *text is what became readable by it (perhaps empty), lent until the next call. */
HONE_API hone_status hone_decode_stream_push(hone_text *text, hone_decode_stream *stream, int32_t id);
/* Ends the text: what was held back comes out with U+FFFD for its broken bytes. The stream starts afresh. */
HONE_API hone_status hone_decode_stream_end(hone_text *text, hone_decode_stream *stream);
/* Frees a stream; NULL is legal. */
HONE_API void hone_decode_stream_free(hone_decode_stream *stream);

/* ---- The vocabulary -------------------------------------------------------------------------------------------------------------------- */

/* The number of ids: with_added counts the added tokens that the model lacks (that is what an embedding table needs). */
HONE_API size_t hone_tokenizer_vocab_size(const hone_tokenizer *tok, bool with_added);
/* The id of a token as the vocabulary writes it, -1 if there is none. */
HONE_API int32_t hone_tokenizer_token_to_id(const hone_tokenizer *tok, const char *token);
/* The token of an id, NULL if there is none. Lent by tok. */
HONE_API const char *hone_tokenizer_id_to_token(const hone_tokenizer *tok, int32_t id);

typedef enum hone_special_token {
    HONE_SPECIAL_BOS,
    HONE_SPECIAL_EOS,
    HONE_SPECIAL_UNK,
    HONE_SPECIAL_SEP,
    HONE_SPECIAL_PAD,
    HONE_SPECIAL_CLS,
    HONE_SPECIAL_MASK,
    HONE_SPECIAL_COUNT
} hone_special_token;

/* The id that plays a part (eos_token, …) by tokenizer_config.json, special_tokens_map.json, or else by its usual name ("<|endoftext|>" is bos, eos and unk,
 * "[PAD]" is pad, …); -1 if there is none. */
HONE_API int32_t hone_tokenizer_special_id(const hone_tokenizer *tok, hone_special_token which);
/* True for the ids of added tokens that are marked special. */
HONE_API bool hone_tokenizer_is_special(const hone_tokenizer *tok, int32_t id);
/* The model's longest input by tokenizer_config.json; SIZE_MAX when it names none. */
HONE_API size_t hone_tokenizer_model_max_length(const hone_tokenizer *tok);
/* A hash of what decides about the ids (the text of tokenizer.json): for caches of tokenized data. */
HONE_API uint64_t hone_tokenizer_hash(const hone_tokenizer *tok);

#ifdef __cplusplus
}
#endif
#endif
