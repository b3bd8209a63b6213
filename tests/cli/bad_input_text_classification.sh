# What hone train|evaluate text-classification says of data, models and options that cannot be: one line that names the place, with status 1 (2 for the command line), nothing left behind.
. "$(dirname "$0")/lib.sh"
export GOMP_SPINCOUNT=1000
a_bert_tokenizer tok a b c good bad
SHAPE="--model_type bert --tokenizer_name tok --config_overrides hidden_size=32,num_hidden_layers=1,num_attention_heads=2,intermediate_size=64,max_position_embeddings=16"
REST="--threads 1 --save_strategy no --max_steps 2"
TRAIN="train text-classification $SHAPE $REST"
for i in $(seq 9); do printf 'a good b\t1\nbad c\t0\n'; done >train.tsv

# ---- data ----
printf 'a good\t1\nbad\nb good\t1\n' >columns.tsv
fails 1 "columns.tsv:2: 1 column, the first line has 2" $TRAIN --train_file columns.tsv --output_dir run
printf 'sentence1\tsentence2\tlabel\na\tb\t1\nb\tc\t0\na\tb\n' >pairs.tsv
fails 1 "pairs.tsv:4: 2 columns, the first line has 3" $TRAIN --train_file pairs.tsv --output_dir run
printf 'a good\t1\na bad\t0\na bad\t2\n' >range.tsv
fails 1 'range.tsv:3: label "2" is none of the 2 that are known' $TRAIN --train_file train.tsv --validation_file range.tsv --output_dir run
fails 1 'range.tsv:3: 2 is no class of "label", which has 2' $TRAIN --train_file range.tsv --task_name sst2 --output_dir run
fails 1 'range.tsv:3: label "2" is none of the 2 that are known' $TRAIN --train_file train.tsv --test_file range.tsv --output_dir run
printf 'text\tlabel\na good\tgood\na bad\tbad\n' >names.tsv
printf 'text\tlabel\na good\tgood\na bad\tbda\n' >unknown.tsv
fails 1 'unknown.tsv:3: label "bda" is none of the 2' $TRAIN --train_file names.tsv --validation_file unknown.tsv --output_dir run
says err 'did you mean "bad"?'
printf 'text\tscore\na\t1.5\nb\tgood\nc\t2\n' >score.tsv
fails 1 'score.tsv:3: label "good" is no number: this is a regression' $TRAIN --train_file score.tsv --do_regression --output_dir run
printf 'text\tscore\na\t1.5\nb\t2\n' >numbers.tsv
fails 1 'names.tsv:2: label "good" is no number' $TRAIN --train_file numbers.tsv --validation_file names.tsv --output_dir run
fails 1 'numbers.tsv: the labels of column "score" are numbers, not classes' $TRAIN --train_file numbers.tsv --problem_type single_label_classification --output_dir run
printf '{"text": "a", "label": NaN}\n{"text": "b", "label": 1.5}\n' >nan.jsonl
fails 1 'nan.jsonl:1: the label is no finite number' $TRAIN --train_file nan.jsonl --output_dir run
: >empty.tsv
fails 1 "empty.tsv: no row of data, the file is empty" $TRAIN --train_file empty.tsv --output_dir run
fails 1 "empty.tsv: no row of data" $TRAIN --train_file train.tsv --validation_file empty.tsv --output_dir run
fails 1 "absent.tsv" $TRAIN --train_file absent.tsv --output_dir run
printf 'sentence\na\nb\n' >bare.tsv
fails 1 "bare.tsv: there is no column of labels to train on" $TRAIN --train_file bare.tsv --output_dir run
fails 1 "bare.tsv: there is no column of labels to evaluate by" $TRAIN --train_file train.tsv --validation_file bare.tsv --output_dir run
printf 'one,two,three,label\na,b,c,0\n' >many.csv
fails 1 "many.csv: it is not clear which column is the text" $TRAIN --train_file many.csv --output_dir run
says err "the columns are one, two, three, label"
fails 1 'many.csv: there is no column "four"' $TRAIN --train_file many.csv --text_column_name one --text_pair_column_name four --output_dir run
fails 1 'there is no column "four"' $TRAIN --train_file many.csv --text_column_name four --output_dir run
fails 1 'there is no column "four"' $TRAIN --train_file many.csv --label_column_name four --text_column_name one --output_dir run
printf 'text,label\na,0\nb,\n' >gap.csv
fails 1 'gap.csv:3: "label" is empty here' $TRAIN --train_file gap.csv --output_dir run
printf 'a\t1\n\377\376\t0\n' >bytes.tsv
fails 1 "bytes.tsv:2: " $TRAIN --train_file bytes.tsv --output_dir run
printf '{"text": "a", "labels": ["x"]}\n{"text": "b", "labels": ["x", null]}\n' >sets.jsonl
fails 1 'sets.jsonl:2: "labels" holds something else than names or numbers of classes' $TRAIN --train_file sets.jsonl --output_dir run
printf '{"text": "a", "labels": ["x", "y"]}\n{"text": "b", "labels": []}\n' >sets.jsonl
printf '{"text": "a", "labels": ["x", "z"]}\n' >other_sets.jsonl
fails 1 'other_sets.jsonl:1: label "z" is none of those that are known' $TRAIN --train_file sets.jsonl --validation_file other_sets.jsonl --output_dir run
clean run

# ---- data that is small or odd, but can be used ----
printf 'a good\t1\n' >one.tsv
run 0 $TRAIN --train_file one.tsv --validation_file one.tsv --output_dir one
says err "one.tsv: every row has the same label (1)"
says one/eval_results.json '"eval_samples": 1'
printf 'text\tscore\na\t1.5\n' >one_number.tsv
run 0 $TRAIN --train_file one_number.tsv --validation_file one_number.tsv --output_dir one_number
says one_number/eval_results.json '"eval_mse": '
printf 'sentence1\tsentence2\tlabel\n\t\t1\na\t\t0\n' >nothing.tsv
run 0 $TRAIN --train_file nothing.tsv --validation_file nothing.tsv --output_dir nothing
printf 'a a a a a a a a a a a a a a a a a a\t1\nb\t0\n' >long.tsv
run 0 $TRAIN --train_file long.tsv --output_dir long
says err "long.tsv: 1 of 2 rows are longer than 16 tokens and were cut"

# ---- models ----
run 0 $TRAIN --train_file names.tsv --output_dir model
EVALUATE="evaluate text-classification --threads 1"
fails 1 'score.tsv:2: ' $EVALUATE --model_name_or_path model --validation_file score.tsv
fails 2 "--task_name: stsb: its labels are numbers, the model is for 2 classes" $EVALUATE --model_name_or_path model --validation_file names.tsv --task_name stsb
fails 2 "--task_name: sst2: its labels are classes, the model is for a number" $EVALUATE --model_name_or_path one_number --validation_file numbers.tsv --task_name sst2
says err "hint: leave it out, or give a model that was trained for it"
fails 2 "--class_weights: 3 numbers, the model has 2 classes" $EVALUATE --model_name_or_path model --validation_file names.tsv --class_weights 1,2,3
says err "hint: give one for each class"
fails 2 '--class_weights: "x" is no weight' $EVALUATE --model_name_or_path model --validation_file names.tsv --class_weights 1,x
fails 2 '--class_weights: no class weighs anything' $EVALUATE --model_name_or_path model --validation_file names.tsv --class_weights 0,0
fails 2 "--class_weights" $EVALUATE --model_name_or_path one_number --validation_file numbers.tsv --class_weights 1
fails 2 "--max_seq_length: 17 tokens are more than the model's 16 positions" $EVALUATE --model_name_or_path model --validation_file names.tsv --max_seq_length 17
fails 2 'this task gives no metric "f1"' $TRAIN --train_file names.tsv --validation_file names.tsv --eval_strategy epoch --output_dir run --metric_for_best_model f1
fails 2 "--label_smoothing_factor" $TRAIN --train_file numbers.tsv --label_smoothing_factor 0.1 --output_dir run
says err "hint: leave it out"
fails 2 "--label_names: 3 names, a regression has one number a row" $TRAIN --train_file numbers.tsv --label_names a,b,c --output_dir run
fails 1 'names.tsv:2: label "good" is none of the 2' $EVALUATE --model_name_or_path model --validation_file names.tsv --label_names fine,dull
fails 1 "tensor classifier.weight is [2, 32], the configuration makes it [3, 32]" $EVALUATE --model_name_or_path model --validation_file names.tsv --label_names good,bad,other
cp -r model several # a regression of several numbers, which no file holds
sed -i 's/single_label_classification/regression/' several/config.json
fails 1 "several/config.json: a regression with 2 labels: rows have one number each" $EVALUATE --model_name_or_path several --validation_file numbers.tsv
clean run

# ---- the command line ----
set -f
while read -r message options; do
    fails 2 "hone: error: $message" train text-classification $options
    grep -q "^hint: \|must be one of\|is no tag scheme: " err || complain "no remedy: $options"
done <<'END'
--train_file: --model_name_or_path model
--model_name_or_path: --train_file train.tsv
--config_overrides: --model_name_or_path model --train_file train.tsv --config_overrides hidden_size=8
--task_name: --model_name_or_path model --train_file train.tsv --task_name mprc
--problem_type: --model_name_or_path model --train_file train.tsv --problem_type classes
--problem_type: --model_name_or_path model --train_file train.tsv --task_name mrpc --do_regression
--do_regression: --model_name_or_path model --train_file train.tsv --do_regression --problem_type single_label_classification
--class_weights: --model_name_or_path model --train_file train.tsv --task_name stsb --class_weights 1
--format: --model_name_or_path model --train_file train.tsv --format conll
--format: --model_name_or_path model --train_file train.tsv --format parquet
--max_eval_samples: --model_name_or_path model --train_file train.tsv --max_eval_samples 0
--label_names: --model_name_or_path model --train_file train.tsv --label_names ,
--output_dir: --model_name_or_path model --train_file train.tsv --test_file train.tsv
END
fails 1 'range.tsv:3: 2 is no class of "label", which has 2' $EVALUATE --model_name_or_path model --validation_file range.tsv
fails 2 "hone: error: --class_weights: balanced by which training data?" $EVALUATE --model_name_or_path model --validation_file names.tsv --class_weights balanced
finish
