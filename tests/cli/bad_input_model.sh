# A model folder that is not what it says: config.json that lacks or contradicts a field, model.safetensors that lies, a vocabulary of another model.
. "$(dirname "$0")/lib.sh"
a_model model
GENERATE="pipeline text-generation --threads 1 --max_new_tokens 2 --model"
EVALUATE="evaluate causal-lm --threads 1 --block_size 16 --validation_file model.tokenizer.corpus --model_name_or_path"

# fresh: a copy of the model in the folder bad
fresh() {
    rm -rf bad
    mkdir bad
    cp model/*.json bad
    cp model/model.safetensors bad
}
# config SED MESSAGE: config.json changed by sed is refused with the message, by all who read it
config() {
    fresh
    sed "$1" model/config.json >bad/config.json
    cmp -s model/config.json bad/config.json && complain "sed changed nothing: $1"
    fails 1 "$2" $GENERATE bad x
    fails 1 "$2" info bad
}
# accepted SED: config.json changed by sed is as good
accepted() {
    fresh
    sed "$1" model/config.json >bad/config.json
    run 0 $GENERATE bad x
    run 0 info bad
}
fresh
head -c 40 model/config.json >bad/config.json
fails 1 "bad/config.json:" info bad
: >bad/config.json
fails 1 "bad/config.json:1:1: it is empty" $EVALUATE bad
head -c 3000 /bin/sh >bad/config.json
fails 1 "bad/config.json:1:1" info bad
rm bad/config.json
fails 1 "cannot open bad/config.json" $GENERATE bad x
fails 1 "absent" $EVALUATE absent
config 's/"n_head": 2/"n_head": 3/' '"n_embd" (32) is not divisible by "n_head" (3)'
config '/"n_head"/d' '"n_embd" (32) is not divisible by "n_head" (12)'
config 's/"n_head": 2/"n_head": 0/' '"n_head" is 0, must be between 1 and'
config 's/"n_head": 2/"n_head": -2/' '"n_head" is -2, must be between 1 and'
config 's/"n_head": 2/"n_head": "2"/' '"n_head" must be an integer, is a string'
config 's/"n_head": 2/"n_head": 2.5/' '"n_head" must be an integer'
config 's/"n_head": 2/"n_head": null/' '"n_head" must be an integer, is null'
config 's/"n_embd": 32/"n_embd": 1000000000000/' '"n_embd" is 1000000000000, must be between 1 and'
config 's/"n_embd": 32/"n_embd": 1000000000000000019884624838656/' '"n_embd" must be an integer of 64 bits'
config 's/"n_layer": 1/"n_layer": 1001/' '"n_layer" is 1001, must be between 1 and 1000'
config 's/"vocab_size": 300/"vocab_size": 0/' '"vocab_size" is 0'
config '/"model_type"/d' 'it has no "model_type"'
config 's/"model_type": "gpt2"/"model_type": "gpt3"/' 'models of type "gpt3" are not supported'
config 's/"model_type": "gpt2"/"model_type": 5/' '"model_type" must be a string'
config 's/"gelu_new"/"nosuch"/' '"activation_function" is "nosuch"'
config 's/"layer_norm_epsilon": 1e-05/"layer_norm_epsilon": NaN/' '"layer_norm_epsilon" must be a finite number'
config 's/"attn_pdrop": 0.1/"attn_pdrop": 1.5/' '"attn_pdrop" must be a probability'
config 's/"n_embd": 32/"n_embd": 64/' 'tensor transformer.wte.weight is [300, 32], the configuration makes it [300, 64]'
config 's/"vocab_size": 300/"vocab_size": 301/' 'tensor transformer.wte.weight is [300, 32], the configuration makes it [301, 32]'
config 's/"n_positions": 64/"n_positions": 32/' 'tensor transformer.wpe.weight is [64, 32], the configuration makes it [32, 32]'
# what equals the class's default may be missing, and a huge number that nobody reads is ordinary
accepted '/"layer_norm_epsilon"/d; /"initializer_range"/d'
accepted 's/"n_head": 2,/"n_head": 2, "model_max_length": 1000000000000000019884624838656,/'
fresh
sed '1s/{/{"model_max_length": 1000000000000000019884624838656, /' model/tokenizer_config.json >bad/tokenizer_config.json
run 0 $GENERATE bad x

# weights SED: the header of model.safetensors changed by sed (an edit that keeps its length), the data as they are
header=$(od -An -tu8 -N8 model/model.safetensors | tr -d ' ')
weights() {
    fresh
    { head -c 8 model/model.safetensors; tail -c +9 model/model.safetensors | head -c "$header" | sed "$1"; tail -c +$((9 + header)) model/model.safetensors; } >bad/model.safetensors
    [ "$(wc -c <bad/model.safetensors)" = "$(wc -c <model/model.safetensors)" ] || complain "sed changed the header's length: $1"
    cmp -s model/model.safetensors bad/model.safetensors && complain "sed changed nothing: $1"
    refused "$2"
}
refused() {
    fails 1 "$1" $GENERATE bad x
    fails 1 "$1" info bad
    fails 1 "$1" $EVALUATE bad
    fails 1 "$1" train causal-lm --threads 1 --model_name_or_path bad --train_file model.tokenizer.corpus --block_size 16 --output_dir out.run
    clean out.run
}
size=$(wc -c <model/model.safetensors)
fresh
for n in 0 5; do
    head -c $n model/model.safetensors >bad/model.safetensors
    refused "bad/model.safetensors: $n bytes are too few for a safetensors file"
done
for n in $((header / 2)) $((header + 8)) $((size / 2)) $((size - 1)); do
    head -c $n model/model.safetensors >bad/model.safetensors
    refused "cut short"
done
{ cat model/model.safetensors; echo more; } >bad/model.safetensors
refused "bytes at its end belong to no tensor"
# 2^60, 2^64 - 1 and 0 bytes of header
for bytes in '\0\0\0\0\0\0\0\20' '\377\377\377\377\377\377\377\377' '\0\0\0\0\0\0\0\0'; do
    { printf "$bytes"; tail -c +9 model/model.safetensors; } >bad/model.safetensors
    refused "header"
done
weights 's/{"/["/' "header"
weights 's/"F32","shape":\[32\]/"I64","shape":[32]/' "says I64 [32], but has 128 bytes"
weights 's/"F32","shape":\[32\]/"X32","shape":[32]/' "X32"
weights 's/"shape":\[300,32\]/"shape":[301,32]/' "says F32 [301, 32], but has 38400 bytes"
weights 's/"shape":\[300,32\]/"shape":[32,300]/' "tensor transformer.wte.weight is [32, 300], the configuration makes it [300, 32]"
weights 's/"shape":\[300,32\]/"shape":[-30,32]/' "its shape must be a list of non-negative integers"
weights 's/"data_offsets":\[0,/"data_offsets":[4,/' "says F32"
weights 's/"data_offsets":\[0,/"data_offsetz":[0,/' "data_offsets"

# tensors that overlap: two of the same size at the same place
fresh
printf '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}      ' >json
{ printf "\\$(printf %o "$(wc -c <json)")\0\0\0\0\0\0\0"; cat json; printf 1234; } >bad/model.safetensors
refused "tensors a and b overlap"
printf '{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}      ' >json
{ printf "\\$(printf %o "$(wc -c <json)")\0\0\0\0\0\0\0"; cat json; printf 1234; } >bad/model.safetensors
refused "tensor a"

# a tensor that is missing is made anew, as the reference does, and named
fresh
{ head -c 8 model/model.safetensors; tail -c +9 model/model.safetensors | head -c "$header" | sed 's/h\.0\.attn\.c_proj\.bias/h.0.attn.c_proj.bios/'; tail -c +$((9 + header)) model/model.safetensors; } >bad/model.safetensors
run 0 $GENERATE bad x
says err "GPT2LMHeadModel were not initialized from the model checkpoint at bad and are newly initialized: ['transformer.h.0.attn.c_proj.bias']"
says err "at bad were not used when initializing GPT2LMHeadModel: ['transformer.h.0.attn.c_proj.bios']"
rm bad/model.safetensors
refused "bad has no model.safetensors"

# the vocabulary of another model
run 0 tokenizer train --vocab_size 320 --output_dir larger model.tokenizer.corpus
run 0 tokenizer train --vocab_size 280 --output_dir smaller model.tokenizer.corpus
TRAIN="train causal-lm --threads 1 --train_file model.tokenizer.corpus --block_size 16 --max_steps 1 --save_strategy no"
fails 1 "the tokenizer larger has 320 tokens, the model's vocabulary 300: they do not belong together" \
    $TRAIN --model_name_or_path model --tokenizer_name larger --output_dir out.run
clean out.run
run 0 $TRAIN --model_name_or_path model --tokenizer_name smaller --output_dir out.run
says err "warning: the tokenizer smaller has 280 tokens, the model's vocabulary 300"
fresh
cp larger/tokenizer.json bad
fails 1 "they do not belong together" $EVALUATE bad
says err "hint: the folder needs the tokenizer that the model was trained with"
run 0 $GENERATE bad x
says err "warning: the tokenizer of bad has 320 tokens, the model's vocabulary 300"
run 1 $GENERATE bad "def function_12(argument):
    \"\"\"Gives 12.\"\"\"
    return argument + 12"
says err "is outside the model's vocabulary of 300"
rm bad/tokenizer.json bad/vocab.json
fails 1 "bad: no tokenizer in this folder" $GENERATE bad x
finish
