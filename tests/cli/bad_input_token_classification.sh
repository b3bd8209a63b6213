# What hone train|evaluate token-classification says of data, models and options that cannot be: one line that names the place, with status 1 (2 for the command line), nothing left behind.
. "$(dirname "$0")/lib.sh"
export GOMP_SPINCOUNT=1000
a_bert_tokenizer tok . the anna bert stone paris visits '##s' a b c
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=1,num_attention_heads=2,intermediate_size=64,max_position_embeddings=32"
REST="--threads 1 --save_strategy no --max_steps 2"
good() { # N sentences
    for _ in $(seq "$1"); do printf 'Anna B-PER\nStone I-PER\nvisits O\nParis B-LOC\n. O\n\n'; done
}
good 9 >train.conll
good 2 >valid.conll
TRAIN="train token-classification $SHAPE $REST"

# ---- data ----
printf 'Anna B-PER\nStone I-PER\n\nvisits O O\nParis B-LOC\n' >columns.conll
fails 1 "columns.conll:4: " $TRAIN --train_file columns.conll --output_dir run
printf 'Anna B-PER\nStone PER\n. O\n' >scheme.conll
fails 1 "scheme.conll:2: " $TRAIN --train_file scheme.conll --output_dir run
printf 'Anna B-PER\nStone E-PER\n. O\n' >scheme.conll
fails 1 "scheme.conll:2: " $TRAIN --train_file scheme.conll --output_dir run --scheme IOB2
printf 'Anna B-PER\n. O\n\nParis B-GPE\n. O\n' >label.conll
fails 1 "label.conll:4: " $TRAIN --train_file train.conll --validation_file label.conll --output_dir run
says err "B-GPE"
: >empty.conll
fails 1 "empty.conll" $TRAIN --train_file empty.conll --output_dir run
printf '\n\n' >empty.conll
fails 1 "empty.conll" $TRAIN --train_file train.conll --validation_file empty.conll --output_dir run
fails 1 "absent.conll" $TRAIN --train_file absent.conll --output_dir run
printf 'Anna B-PER\n\377\376 O\n' >bytes.conll
fails 1 "bytes.conll:2: " $TRAIN --train_file bytes.conll --output_dir run
printf 'Anna B-PER\n. O\n' | iconv -f UTF-8 -t UTF-16 >bytes.conll
fails 1 "bytes.conll:1: UTF-16" $TRAIN --train_file bytes.conll --output_dir run
printf 'Anna\n.\n' >words.conll
fails 1 "words.conll:1: one column" $TRAIN --train_file train.conll --test_file words.conll --output_dir run
says err '{"tokens": [word'
printf 'a text without tags\nin lines of several words\n' >untagged.conll
fails 1 "untagged.conll:2: 5 columns, the lines before have 4" $TRAIN --train_file untagged.conll --output_dir run
clean run

printf '{"tokens": ["Anna", "."], "ner_tags": ["B-PER", "O"]}\n{"tokens": ["Anna", "."], "ner_tags": ["B-PER"]}\n' >length.jsonl
fails 1 "length.jsonl:2: " $TRAIN --train_file length.jsonl --output_dir run
printf '{"tokens": ["Anna", "."]}\n' >bare.jsonl
fails 1 "bare.jsonl: there is no column of tags (ner_tags) to train on: it has tokens" $TRAIN --train_file bare.jsonl --output_dir run
fails 1 "bare.jsonl: there is no column of tags (ner_tags) to evaluate by: it has tokens" $TRAIN --train_file train.conll --validation_file bare.jsonl --output_dir run
fails 1 'train.conll:4: label "B-LOC" is none of the 3 that are known' $TRAIN --train_file train.conll --label_names O,B-PER,I-PER --output_dir run
printf '{"tokens": ["Anna", "."], "ner_tags": [3, 0]}\n' >ids.jsonl
fails 1 "ids.jsonl:1: 3 is no class" $TRAIN --train_file ids.jsonl --label_names O,B-PER,I-PER --output_dir run
fails 2 '"B-PER" stands twice' $TRAIN --train_file train.conll --label_names O,B-PER,I-PER,B-PER --output_dir run
fails 1 "train.conll: 2 tokens have no room for a word" $TRAIN --train_file train.conll --max_seq_length 2 --output_dir run
printf '\302\255 B-PER\n\342\200\213 O\n' >nothing.conll
fails 1 "nothing.conll: no row has a word that the tokenizer keeps" $TRAIN --train_file nothing.conll --output_dir run
fails 1 "nothing.conll: no row has a word that the tokenizer keeps" $TRAIN --train_file train.conll --validation_file nothing.conll --output_dir run
clean run

# ---- data that is small or odd, but can be used ----
good 1 >one.conll
run 0 $TRAIN --train_file one.conll --validation_file one.conll --output_dir one
says one/eval_results.json '"eval_samples": 1'
sed 's/ .*/ O/' one.conll >same.conll
run 0 $TRAIN --train_file same.conll --output_dir same
says err "same.conll: every word has the same tag (O)"
printf 'Anna b-per\nvisits o\nParis b-loc\n' >lower.conll
run 0 $TRAIN --train_file lower.conll --output_dir run
says err "lower.conll: the tags mark no entities"
rm -rf run
# words that vanish in normalisation have no label and shift none: the tags of the others are where they were
printf 'Anna B-PER\n\302\255 I-PER\nStone I-PER\nvisits O\n\342\200\213 O\nParis B-LOC\n. O\n' >vanish.conll
run 0 $TRAIN --train_file train.conll --validation_file vanish.conll --test_file vanish.conll --output_dir vanish --return_entity_level_metrics
says err "vanish.conll: 2 words vanish"
says vanish/eval_results.json '"eval_PER_number": 1'
equals "$(wc -w <vanish/predictions.txt)" 7 "tags of a sentence with words that vanish"
equals "$(cut -d' ' -f2,5 vanish/predictions.txt)" "O O" "tags of words that vanish"

# ---- models ----
run 0 $TRAIN --train_file train.conll --output_dir model
EVALUATE="evaluate token-classification --validation_file valid.conll --threads 1"
run 0 $EVALUATE --model_name_or_path model
run 0 $TRAIN --train_file train.conll --output_dir again --save_args args.json # an evaluation takes the file, which has the shape of a new model
run 0 evaluate token-classification args.json --model_name_or_path model --validation_file valid.conll --output_dir evaluated
run 0 evaluate token-classification --model_name_or_path model --validation_file valid.conll --threads 1 --config_overrides hidden_size=8 --tokenizer_name tok
cp -r model nameless # a model that was never trained for tags: its config.json names none
sed -e '1a "num_labels": 5,' -e '/"id2label"/,/}/d' -e '/"label2id"/,/}/d' model/config.json >nameless/config.json
fails 1 'valid.conll:1: label "B-PER" is none of the 5 that are known' $EVALUATE --model_name_or_path nameless
fails 2 "--validation_file: there is nothing to evaluate on" evaluate token-classification --model_name_or_path model --train_file train.conll --validation_split_percentage 20
cp -r model weightless && rm weightless/model.safetensors
fails 1 "weightless" $EVALUATE --model_name_or_path weightless
says err "model.safetensors"
cp -r model wordless && rm -f wordless/tokenizer.json wordless/vocab.txt
fails 1 "wordless" $EVALUATE --model_name_or_path wordless
cp -r model large && for i in $(seq 50); do echo "word$i"; done >>tok/vocab.txt
fails 1 "the tokenizer tok has 66 tokens, the model's vocabulary 16: they do not belong together" $EVALUATE --model_name_or_path large --tokenizer_name tok
fails 1 "absent" $EVALUATE --model_name_or_path absent
fails 1 "valid.conll:1: " $EVALUATE --model_name_or_path model --label_names O,B-X,I-X,B-Y,I-Y
printf 'Anna B-NAME\n. O\n' >other.conll
fails 1 "classifier" train token-classification --model_name_or_path model --train_file other.conll --output_dir run $REST
says err "ignore_mismatched_sizes"
run 0 train token-classification --model_name_or_path model --train_file other.conll --output_dir other --ignore_mismatched_sizes $REST
a_model causal
fails 1 "gpt2" $EVALUATE --model_name_or_path causal

# ---- an output folder with a run ----
AGAIN="train token-classification --model_name_or_path model --threads 1 --max_steps 2 --output_dir kept"
run 0 $AGAIN --train_file train.conll
cp kept/model.safetensors before
fails 1 "absent.conll" $AGAIN --train_file absent.conll --overwrite_output_dir # an error before the first step removes nothing
same kept/model.safetensors before
[ -d kept/checkpoint-2 ] && [ -f kept/all_results.json ] || complain "the old run is gone"
fails 1 'cannot resume from kept/checkpoint-2' $AGAIN --train_file train.conll --label_names O,B-PER,I-PER,B-LOC,I-LOC --ignore_mismatched_sizes
says err "--overwrite_output_dir"
fails 2 "kept is there already and is not empty" $AGAIN --train_file train.conll --resume_from_checkpoint false # two runs' checkpoints would be mixed
run 0 $AGAIN --train_file train.conll --resume_from_checkpoint false --overwrite_output_dir --max_steps 1
[ ! -e kept/checkpoint-2 ] || complain "the old run's checkpoint is still there"
run 0 $AGAIN --train_file train.conll --overwrite_output_dir
same kept/model.safetensors before

# ---- losses that are not finite: counted, reported, an end with the history kept ----
cp -r model broken # the last four bytes of the file are a weight
size=$(stat -c %s broken/model.safetensors)
printf '\0\0\300\177' | dd of=broken/model.safetensors bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null
BROKEN="train token-classification --model_name_or_path broken --train_file train.conll --threads 1 --save_strategy no --num_train_epochs 9"
fails 1 "step 3: the loss or the gradients were not finite from the first step on: the training ends, the weights were not changed" $BROKEN --max_nonfinite_steps 3 --output_dir nan
says err "warning: step 1: the loss is not finite, nothing was updated (1 such steps so far)"
says nan/trainer_state.json '"nonfinite_steps": 3'
[ ! -e nan/model.safetensors ] || complain "a model that was not trained was saved"
run 0 $BROKEN --max_nonfinite_steps 0 --output_dir nan --overwrite_output_dir
says nan/train_results.json '"nonfinite_steps": 18'

# ---- the command line ----
set -f
while read -r message options; do
    fails 2 "hone: error: $message" train token-classification $options
    grep -q "^hint: \|must be one of\|is no tag scheme: " err || complain "no remedy: $options"
done <<'END'
--train_file: --model_name_or_path model
--dataset_name --model_name_or_path model --dataset_name conll2003
--model_name_or_path: --train_file train.conll
--config_overrides: --model_name_or_path model --train_file train.conll --config_overrides hidden_size=8
--scheme: --model_name_or_path model --train_file train.conll --scheme IOB3
--seqeval_scheme: --model_name_or_path model --train_file train.conll --seqeval_scheme IOB2
--format: --model_name_or_path model --train_file train.conll --format xml
--seqeval_mode: --model_name_or_path model --train_file train.conll --seqeval_mode lenient
--stride: --model_name_or_path model --train_file train.conll --max_seq_length 16 --stride 16
--max_train_samples: --model_name_or_path model --train_file train.conll --max_train_samples 0
--do_predict: --model_name_or_path model --train_file train.conll --do_predict
--output_dir: --model_name_or_path model --train_file train.conll --test_file valid.conll
--early_stopping_patience: --model_name_or_path model --train_file train.conll --early_stopping_patience 1
--label_names: --model_name_or_path model --train_file train.conll --output_dir run --label_names ,
END
fails 2 "--max_seq_length: 33 tokens are more than the model's 32 positions" $EVALUATE --model_name_or_path model --max_seq_length 33
fails 2 'this task gives no metric "f2"' train token-classification --model_name_or_path model --train_file train.conll --validation_file valid.conll --eval_strategy epoch \
    --output_dir run --metric_for_best_model f2
# where an evaluation's results shall go is looked at before anything is read
touch file
fails 1 "cannot make the folder file/out: Not a directory" $EVALUATE --model_name_or_path absent --output_dir file/out
says err "hint: give another --output_dir"
fails 2 "--output_dir: a folder's name is missing" $EVALUATE --model_name_or_path absent --output_dir=
fails 2 "hone: error: --output_dir: where shall the predictions go?" evaluate token-classification --model_name_or_path model --test_file valid.conll
clean run
finish
