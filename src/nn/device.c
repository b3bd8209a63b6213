/* A device: a backend and its threads, as a user sees it. */
#include "nn/op.h"

#include <stdio.h>
#include <string.h>

static void describe(hone_device *d)
{
    const char *name = d->backend->ops->name;
    if (strcmp(name, "cpu") == 0)
        snprintf(d->description, sizeof(d->description), "cpu, %s, %d thread%s", hone__cpu_isa(), d->backend->n_threads,
                 d->backend->n_threads == 1 ? "" : "s");
    else
        snprintf(d->description, sizeof(d->description), "%s", name);
}

hone_status hone_device_open(hone_device **out, const hone_device_options *options)
{
    hone_device_options defaults = HONE_DEVICE_OPTIONS_INIT;
    if (!options)
        options = &defaults;
    hone_device *d = NULL;
    hone_status status;
    *out = NULL;
    if (options->n_threads < 0)
        return hone__fail(HONE_INVALID_ARGUMENT, "device: n_threads is %d; it must be 0 (all cores) or more", options->n_threads);
    HONE_GO(HONE_NEW(&d, 1));
    HONE_GO(hone__backend_open(&d->backend, options->name ? options->name : "auto", options->n_threads));
    describe(d);
    *out = d;
    d = NULL;
done:
    hone__free(d);
    return status;
}

void hone_device_free(hone_device *device)
{
    if (!device)
        return;
    hone__backend_close(device->backend);
    hone__free(device);
}

const char *hone_device_name(const hone_device *device)
{
    return device->backend->ops->name;
}

const char *hone_device_describe(const hone_device *device)
{
    return device->description;
}
