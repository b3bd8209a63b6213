/* Names of classes in order of their ids, as tasks settle them: the model's, the user's, or the data's. */
#ifndef HONE_TASKS_CLASS_LIST_H
#define HONE_TASKS_CLASS_LIST_H

#include "base/mem.h"
#include "tasks/common_options.h"
#include <hone/dataset.h>
#include <hone/model.h>

/* names: NULL-terminated when there is one; owned. Zero is empty. */
typedef struct hone_class_list {
    char **names;
    size_t n, capacity;
} hone_class_list;

void hone__class_list_dispose(hone_class_list *c);
hone_status hone__class_list_add(hone_class_list *c, const char *name, size_t len);
/* The same for a name that may be there already. */
hone_status hone__class_list_add_new(hone_class_list *c, const char *name, size_t len);
/* The id of a name, -1: none. */
ptrdiff_t hone__class_list_find(const hone_class_list *c, const char *name);
/* id2label of a folder's config.json, where it names all ids from 0 on. A folder without one, or with another kind of file, has none: opening the model says what is wrong. */
hone_status hone__class_list_read_config(hone_class_list *c, const char *folder);
/* --label_names A B C, or A,B,C */
hone_status hone__class_list_read_given(hone_class_list *c, const hone_strings *given);
/* Refuses names that are empty or stand twice; example: what a list looks like, for the hint. */
hone_status hone__class_list_check_given(const hone_strings *given, const char *example);
/* Instead of what it held: the classes that the model has. */
hone_status hone__class_list_of_model(hone_class_list *c, const hone_model *model);
/* The names of a feature of classes. */
hone_status hone__class_list_copy(hone_class_list *c, const hone_feature *f);
/* The same names in the same order. */
bool hone__class_list_is(const hone_class_list *c, const hone_feature *f);

/* How files of labelled rows are read. files: which of o's; those to be predicted may have no labels. known: the classes that they may have, NULL: theirs. It lends. */
hone_dataset_options hone__labelled_options(const hone_common_options *o, const hone_strings *files, const hone_class_list *known);
/* The column of labels, NULL: none. */
const hone_feature *hone__labels_of(const hone_dataset *d);

#endif
