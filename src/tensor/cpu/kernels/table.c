/* The table of one instruction set: see kernels.h. */
#include "tensor/cpu/kernels/kernels.h"

#define TABLE_NAME_(isa) hone__kernels_##isa
#define TABLE_NAME(isa)  TABLE_NAME_(isa)

const hone_kernels TABLE_NAME(HONE_ISA) = {
#define X(type, name, arguments) .name = KERNEL(name),
    HONE_KERNEL_MAP(X)
#undef X
};
