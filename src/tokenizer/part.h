/* Members of the parts of tokenizer.json, and their frames: what normalizers, pre-tokenizers, post-processors and decoders read and write alike. */
#ifndef HONE_TOKENIZER_PART_H
#define HONE_TOKENIZER_PART_H

#include "base/json.h"
#include "base/str.h"

/* The "type" of a section, "(without a type)" when it has none. */
hone_status hone__part_type(const char **out, const json_t *section, const char *name);

/* Members that must be there: HONE_FORMAT names `part` and the key otherwise. A text may hold NUL bytes; a char is a text of one character. */
hone_status hone__part_bool(bool *out, const json_t *section, const char *key, const char *part, const char *name);
hone_status hone__part_text(char **out, size_t *len, const json_t *section, const char *key, const char *part, const char *name);
hone_status hone__part_char(uint32_t *out, const json_t *section, const char *key, const char *part, const char *name);
/* A count: not negative; left as it is when it is missing. */
hone_status hone__part_count(size_t *out, const json_t *section, const char *key, const char *part, const char *name);
/* The list of objects under key, at most 1000 of them. */
hone_status hone__part_list(const json_t **out, const json_t *section, const char *key, const char *part, const char *name);

/* The place of the section's "type" in types (the kinds of `what`, the first of which is none); 0 without a section. HONE_UNSUPPORTED names a type that is not there. */
hone_status hone__part_kind(int *out, const json_t *section, const char *const *types, const char *what, const char *name);

/* {"type":"..." and the members behind it. */
void hone__part_begin(hone_json_writer *w, const char *type);
void hone__part_write_char(hone_json_writer *w, const char *key, uint32_t cp);

/* The place of a name in a list that ends in NULL, -1 for none. */
int hone__part_find(const char *const *names, const char *name);

#endif
