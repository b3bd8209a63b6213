/* The table of all differentiable ops, for tools and tests. */
#include "nn/op.h"

const hone_op_info *const hone__op_table[] = {
#define X(name) &hone__op_##name,
    HONE_OP_MAP(X)
#undef X
};
const size_t hone__op_table_count = sizeof(hone__op_table) / sizeof(hone__op_table[0]);
