/* What this build of hone is. */
#ifndef HONE_VERSION_H
#define HONE_VERSION_H

#include <hone/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version, "0.1.0": static storage. */
HONE_API const char *hone_version(void);
/* The i-th library that is in, with its version as it runs ("oneDNN 2.6.3"); NULL behind the last. Lent until the thread's next call. */
HONE_API const char *hone_version_library(unsigned i);
/* The compiler that built it: static storage. */
HONE_API const char *hone_version_compiler(void);

#ifdef __cplusplus
}
#endif
#endif
