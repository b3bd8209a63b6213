/* Weights as torch.save writes a state dict (pytorch_model.bin): the zip format of PyTorch 1.6 and later, and the older one of pickles that follow each other. Only tensors are read; nothing in the file is executed. */
#ifndef HONE_MODELS_TORCH_FILE_H
#define HONE_MODELS_TORCH_FILE_H

#include "models/safetensors.h"

typedef struct hone_torch_file hone_torch_file;

/* Whether a file of this name is read as torch's: .bin, .pt, .pth. */
bool hone__torch_is_name(const char *path);
/* data is lent until close; path is for messages. HONE_FORMAT names what does not fit, HONE_UNSUPPORTED what the file wants to run, or what is not a dict of tensors. */
hone_status hone__torch_open(hone_torch_file **out, const char *data, size_t len, const char *path);
void hone__torch_close(hone_torch_file *f);
/* The tensors in order of their names, lent until close: each lies in the data. */
const hone_safetensor *hone__torch_tensors(const hone_torch_file *f, size_t *n);
/* Whether there is one of that name. */
bool hone__torch_holds(const hone_torch_file *f, const char *name);

#endif
