"""Writes the files of this folder: state dicts as torch.save writes them, files that are to be refused, and expected.json with what the good ones hold.

usage: make_torch_files.py        (torch 2.15, transformers 4.57; other versions write the same tensors, not the same bytes)
"""
import collections
import json
import os
import pickle
import zipfile

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

HERE = os.path.dirname(os.path.abspath(__file__))
expected = {}


def save(name, what, good=True, **options):
    torch.save(what, os.path.join(HERE, name), **options)
    if good:
        expected[name] = {k: dict(shape=list(v.shape), values=v.double().flatten().tolist()) for k, v in what.items()}


def rewrite(name, source, compression=zipfile.ZIP_STORED, **contents):
    """A copy of an archive with another compression or other contents of some entries."""
    with zipfile.ZipFile(os.path.join(HERE, source)) as old, zipfile.ZipFile(os.path.join(HERE, name), "w", compression) as new:
        for entry in old.namelist():
            new.writestr(entry, contents.get(entry.split("/")[-1].replace(".", "_"), old.read(entry)))


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/hone-was-here",)


def main():
    torch.manual_seed(1)
    layer = torch.nn.Linear(3, 2)
    plain = layer.state_dict()
    plain["ids"] = torch.tensor([-5, 0, 2147483647])
    base = torch.arange(24, dtype=torch.float32)
    strided = collections.OrderedDict(rows=base[6:18].reshape(3, 4), turned=base.reshape(4, 6).t(), every_third=base[1::3], cube=base.reshape(2, 3, 4).permute(2, 0, 1)[1:3],
                                      spread=base[5:6].expand(2, 3), scalar=torch.tensor(7.0), nothing=torch.zeros(0, 3), tied=base[6:18].reshape(3, 4), one=base.reshape(4, 6)[:, 2:3])
    narrow = dict(half=torch.tensor([1.5, -65504.0, 6e-8], dtype=torch.float16), brain=torch.tensor([1.5, -3e38, 1e-40]).bfloat16(), double=torch.tensor([0.1, 1e300], dtype=torch.float64),
                  int32=torch.tensor([-7, 7], dtype=torch.int32), int8=torch.tensor([-128, 127], dtype=torch.int8), uint8=torch.tensor([0, 255], dtype=torch.uint8))
    for suffix, options in (("", {}), ("_old", dict(_use_new_zipfile_serialization=False))):
        save(f"plain{suffix}.bin", plain, **options)
        save(f"strided{suffix}.bin", strided, **options)
    save("narrow.bin", narrow)
    save("parameters.bin", {"w": layer.weight, "b": torch.nn.Parameter(torch.ones(2), requires_grad=False)})
    save("protocol4.bin", dict(plain), pickle_protocol=4)
    save("protocol4_old.bin", dict(plain), pickle_protocol=4, _use_new_zipfile_serialization=False)
    save("unread.bin", dict(flags=torch.tensor([True, False]), short=torch.tensor([3], dtype=torch.int16), wide=torch.tensor([3], dtype=torch.uint16)), good=False)
    save("evil.bin", {"weight": torch.ones(1), "x": Evil()}, good=False)
    with open(os.path.join(HERE, "evil_old.bin"), "wb") as f:
        pickle.dump(Evil(), f, protocol=2)
    save("module.bin", layer, good=False)
    save("checkpoint.bin", {"epoch": 3, "state_dict": plain}, good=False)
    save("list.bin", [torch.ones(1)], good=False)
    rewrite("compressed.bin", "plain.bin", zipfile.ZIP_DEFLATED)
    rewrite("restored.bin", "plain.bin")
    expected["restored.bin"] = expected["plain.bin"]
    rewrite("big_endian.bin", "plain.bin", byteorder=b"big")
    rewrite("no_pickle.bin", "plain.bin", data_pkl=b"")
    os.makedirs(os.path.join(HERE, "gpt2"), exist_ok=True)
    os.makedirs(os.path.join(HERE, "gpt2_torch"), exist_ok=True)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=11, n_embd=8, n_layer=1, n_head=2, n_positions=8, bos_token_id=0, eos_token_id=0))
    for folder in ("gpt2", "gpt2_torch"):
        model.config.save_pretrained(os.path.join(HERE, folder))
    torch.save(model.state_dict(), os.path.join(HERE, "gpt2_torch", "pytorch_model.bin"), _use_new_zipfile_serialization=False)
    save_file({k: v.clone() for k, v in model.state_dict().items() if k != "lm_head.weight"}, os.path.join(HERE, "gpt2", "model.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        json.dump(expected, f)


main()
