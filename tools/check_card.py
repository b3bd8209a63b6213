#!/usr/bin/env python3
"""Holds the model card of a run against the one that transformers' TrainingSummary makes of the same log_history and options.

    python tools/check_card.py OUTPUT_DIR            with transformers and huggingface_hub

The head must be read by huggingface_hub's ModelCard and metadata_load, its fields must be those of the reference with the same values (hone adds pipeline_tag and the tag "hone"), every line of the reference's text
must be in the card, in its order, but for "More information needed" and the versions of the frameworks. Exit status 77: the packages are not there.
"""
import json
import os
import sys

try:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import yaml
    from huggingface_hub import ModelCard, metadata_load
    from transformers import TrainingArguments
    from transformers.modelcard import TrainingSummary
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)


class Fake:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


def ordered(entry, body):
    """An entry's numbers in the order of the card: the files of a run have them sorted by name."""
    title = lambda key: "\n- " + " ".join(p.capitalize() for p in key.removeprefix("eval_").split("_")) + ": "
    return dict(sorted(entry.items(), key=lambda item: body.find(title(item[0]))))


def reference(folder, card):
    options = json.load(open(folder + "/training_args.json"))
    names = {f for f in TrainingArguments.__dataclass_fields__} & set(options)
    skip = {"report_to", "logging_dir", "greater_is_better", "output_dir", "resume_from_checkpoint", "data_seed", "save_total_limit", "lr_scheduler_kwargs", "bf16", "fp16"}
    known = {k: v for k, v in options.items() if k in names - skip and v is not None and k not in ("eval_steps", "include_num_input_tokens_seen")}
    if 0 < known.get("warmup_steps", 0) < 1:
        known["warmup_ratio"] = known.pop("warmup_steps")
    known["warmup_steps"] = int(known.get("warmup_steps", 0))
    known["load_best_model_at_end"] = False
    args = TrainingArguments(output_dir=folder, report_to="none", use_cpu=True, **known)
    args.optim = args.optim.value  # newer Pythons would print OptimizerNames.ADAMW_TORCH
    config = json.load(open(folder + "/config.json"))
    model = type(config["architectures"][0], (), {})()
    model.config = Fake(_name_or_path=folder)
    state = Fake(log_history=[ordered(e, card.text) for e in json.load(open(folder + "/trainer_state.json"))["log_history"]])
    trainer = Fake(args=args, model=model, state=state, eval_dataset=None, train_dataset=None, use_apex=False)
    comma = lambda name: options.get(name).split(",") if options.get(name) else None
    summary = TrainingSummary.from_trainer(
        trainer, language=comma("language"), license=card.data.license, tags=comma("model_tags"), dataset_tags=comma("dataset_tags"), dataset_args=options.get("dataset_args"))
    return summary.to_model_card()


def split(text):
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def values(node):
    """Numbers as numbers, order of keys aside."""
    return json.loads(json.dumps(node))


def main():
    folder = sys.argv[1].rstrip("/")
    card = ModelCard.load(folder + "/README.md")
    assert card.data.to_dict() and metadata_load(folder + "/README.md")
    theirs, their_body = split(reference(folder, card))
    ours, our_body = split(open(folder + "/README.md").read())
    assert ours.pop("pipeline_tag") and ours["tags"].pop() == "hone"
    if not json.load(open(folder + "/training_args.json")).get("dataset_tags"):
        for head in (ours, theirs):  # results on a data set of no name: the reference drops them
            head["model-index"][0]["results"] = []
    extra = set(ours.get("metrics", [])) - set(theirs.get("metrics", []))
    assert extra <= {"perplexity", "exact_match"}, extra
    for head in (ours, theirs):
        for result in head["model-index"][0]["results"]:
            result["metrics"] = [m for m in result["metrics"] if m["type"] not in extra]
        head["metrics"] = [m for m in head.get("metrics", []) if m not in extra]
    assert values(ours) == values(theirs), (ours, theirs)
    lines, at = our_body.split("\n"), 0
    frameworks = their_body.index("### Framework versions")
    wanted = [l for l in their_body[:frameworks].split("\n") if l not in ("", "More information needed")]
    for line in wanted:
        if line.startswith("This model"):  # a base model in a folder, data in a file: the reference has no names for them
            assert "unknown dataset" in line or line.split(" on ")[1] in our_body, line
            continue
        assert line in lines[at:], f"missing, or out of order: {line}"
        at = lines.index(line, at) + 1
    print(f"{len(theirs)} fields and {len(wanted)} lines are the reference's")


main()
