/* Embedding tables of which a batch reads few rows (engine.md, 8): gradients in slots, one for each row that a group of micro-batches touched, and AdamW's steps of the
 * other rows made late, one after the other, with the bits of the dense optimizer. A row is brought up to date before it is read (hone__table_read), when it gets a
 * gradient (hone__table_step), and every HONE_ADAMW_RING steps in any case; hone__table_flush does it for all of them. After a flush, and until the next step, any number
 * of threads may read. */
#ifndef HONE_NN_TABLE_H
#define HONE_NN_TABLE_H

#include "nn/params.h"

typedef struct hone_table hone_table;

hone_status hone__table_new(hone_table **out, const hone_params *params, hone_param *param);
void hone__table_free(hone_table *table);
/* Rows ids[0 .. n), in range, are up to date afterwards. */
hone_status hone__table_read(hone_table *table, const int32_t *ids, int64_t n);
/* A slot for every id but `skip`, which gets -1: to[i] is that of ids[i]. New slots are 0; *slots is all of them, as many rows as are in use. */
hone_status hone__table_take(hone_table *table, hone_mat *slots, int32_t *to, const int32_t *ids, int64_t n, int32_t skip);
/* Room for `capacity` slots (cut to the table's rows), when none is in use; and how many there is room for. */
hone_status hone__table_reserve(hone_table *table, int32_t capacity);
int32_t hone__table_capacity(const hone_table *table);
/* What is in the slots, by rows, for norm2. Valid until the next take or zero_grad. */
const hone_slots *hone__table_slots(hone_table *table);
/* One step of the optimizer with the gradients in the slots times *factor. */
hone_status hone__table_step(hone_table *table, const hone_adamw_step *how, const float *factor);
hone_status hone__table_flush(hone_table *table);
void hone__table_zero_grad(hone_table *table);
/* From now on no row lags after a step: somebody holds the parameter's tensor. */
hone_status hone__table_watch(hone_table *table);
/* Moments were read from a file into n_rows rows from `row` on: those that are not zero are taken note of. */
void hone__table_loaded(hone_table *table, int64_t row, int64_t n_rows, const float *moments);
/* The dense gradient (V, C) as it is now, for those who look at it: the table's memory, written anew by every call. */
hone_status hone__table_gradient(hone_table *table, const hone_tensor **out);
/* What it holds: slots and books. */
size_t hone__table_bytes(const hone_table *table);

#endif
