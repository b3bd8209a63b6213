#!/usr/bin/env python3
"""Reads the event files of a run with the tensorboard package itself and holds them against trainer_state.json.

    python3 -m venv /opt/tb && /opt/tb/bin/pip install tensorboard
    /opt/tb/bin/python tools/check_tensorboard.py OUTPUT_DIR [LOGGING_DIR]

Every number of log_history must be there under the name that transformers' TensorBoardCallback gives it, at its step, once, as float32; nothing else may be;
the texts must be training_args.json and config.json; each histogram must have counts that add up. Exit status 77: the package is not there.
"""
import json
import os
import struct
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util
except ImportError:
    print("skipped: the package tensorboard is not there")
    sys.exit(77)


def name(key):
    for prefix, group in (("eval_", "eval/"), ("test_", "test/")):
        if key.startswith(prefix):
            return group + key[len(prefix) :]
    return "train/" + key


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def newest_run(output_dir):
    runs = os.path.join(output_dir, "runs")
    folders = [os.path.join(runs, f) for f in os.listdir(runs)]
    return max(folders, key=lambda f: max(os.listdir(f)))


def expected_scalars(output_dir):
    wanted = {}
    for entry in json.load(open(os.path.join(output_dir, "trainer_state.json")))["log_history"]:
        for key, value in entry.items():
            if key != "step":
                wanted.setdefault(name(key), []).append((entry["step"], float32(value)))
    return wanted


def check_texts(events, output_dir):
    for tag, file in (("args", "training_args.json"), ("model_config", "config.json")):
        text = tensor_util.make_ndarray(events.Tensors(tag + "/text_summary")[-1].tensor_proto).item().decode()
        assert json.loads(text) == json.load(open(os.path.join(output_dir, file))), tag


def main():
    output_dir = sys.argv[1]
    events = EventAccumulator(sys.argv[2] if len(sys.argv) > 2 else newest_run(output_dir), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    wanted = expected_scalars(output_dir)
    assert sorted(tags["scalars"]) == sorted(wanted), (tags["scalars"], sorted(wanted))
    for tag, points in wanted.items():
        got = [(e.step, e.value) for e in events.Scalars(tag)]
        assert len(got) == len(points) and all(g == p or (g[0] == p[0] and g[1] != g[1] and p[1] != p[1]) for g, p in zip(got, points)), (tag, got, points)
    check_texts(events, output_dir)
    for tag in tags["histograms"]:
        for e in events.Histograms(tag):
            h = e.histogram_value
            assert sum(h.bucket) == h.num and list(h.bucket_limit) == sorted(h.bucket_limit) and h.min <= h.max, (tag, e.step)
    print(f"{len(wanted)} scalars with {sum(map(len, wanted.values()))} points, {len(tags['histograms'])} histograms: as trainer_state.json has them")


main()
