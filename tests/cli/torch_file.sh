# Model folders with PyTorch's weights: what the command makes of pytorch_model.bin, and that nothing in one runs.
. "$(dirname "$0")/lib.sh"

files="$HONE_SOURCE_DIR/tests/unit/models/torch_files"
run 0 info --json "$files/gpt2"
cp out expected
run 0 info --json "$files/gpt2_torch"
same expected out

mkdir bad
cp "$files/gpt2_torch/config.json" bad
rm -f /tmp/hone-was-here
for name in evil evil_old; do
    cp "$files/$name.bin" bad/pytorch_model.bin
    fails 1 "bad/pytorch_model.bin: this file wants to run posix.system: hone only reads tensors, and runs nothing" info bad
done
[ ! -e /tmp/hone-was-here ] || complain "something ran"
cp "$files/checkpoint.bin" bad/pytorch_model.bin
fails 1 'bad/pytorch_model.bin: its entry "state_dict" is a dict of 3: a dict of tensors was expected' info bad
says err 'torch.save(checkpoint["state_dict"], …)'
head -c 6000 "$files/gpt2_torch/pytorch_model.bin" >bad/pytorch_model.bin
fails 1 "bad/pytorch_model.bin ends before its tensors do: it is cut short" info bad
# model.safetensors goes before it
cp "$files/gpt2/model.safetensors" bad
run 0 info --json bad
same expected out
finish
