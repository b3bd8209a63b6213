/* Normalizers (normalizer.h). */
#include "tokenizer/normalizer.h"

void hone__normalizer_dispose(hone__normalizer *n)
{
    *n = (hone__normalizer){HONE__NORMALIZER_NONE};
}

hone_status hone__normalizer_read(hone__normalizer *out, const json_t *section, const char *name)
{
    *out = (hone__normalizer){HONE__NORMALIZER_NONE};
    if (!section || json_is_null(section))
        return HONE_OK;
    const char *type = NULL;
    HONE_TRY(hone__json_get_string(section, "type", &type, name));
    return hone__fail(HONE_UNSUPPORTED, "%s: normalizer \"%s\" is not supported", name, type ? type : "(without a type)");
}

void hone__normalizer_write(const hone__normalizer *n, hone_json_writer *w)
{
    (void)n;
    hone__jw_null(w);
}

hone_status hone__normalizer_run(const hone__normalizer *n, hone__work *w)
{
    (void)n;
    (void)w;
    return HONE_OK;
}
