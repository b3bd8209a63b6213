/* The versions of hone and of the libraries that it runs with. */
#include <hone/version.h>

#include <dnnl.h>
#include <jansson.h>
#include <omp.h>
#include <stdio.h>
#include <xxhash.h>

const char *hone_version(void)
{
    return HONE_VERSION;
}

const char *hone_version_library(unsigned i)
{
    static _Thread_local char text[64];
    const dnnl_version_t *dnnl = dnnl_version();
    unsigned xxhash = XXH_versionNumber();
    switch (i) {
    case 0:
        snprintf(text, sizeof(text), "oneDNN %d.%d.%d", dnnl->major, dnnl->minor, dnnl->patch);
        return text;
    case 1:
        snprintf(text, sizeof(text), "OpenMP %d", _OPENMP);
        return text;
    case 2:
        snprintf(text, sizeof(text), "jansson %s", jansson_version_str());
        return text;
    case 3:
        snprintf(text, sizeof(text), "xxHash %u.%u.%u", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
        return text;
    default:
        return NULL;
    }
}

const char *hone_version_compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}
