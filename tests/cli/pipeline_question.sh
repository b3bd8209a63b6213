# hone pipeline question-answering on a model that the command trains itself: JSON, the answer marked in its context, files, options, bad input.
. "$(dirname "$0")/lib.sh"
export GOMP_SPINCOUNT=1000
a_bert_tokenizer tok where is who the ship cook in at sea house . "?"
for i in $(seq 40); do
    echo "{\"id\": \"s$i\", \"context\": \"The cook is at the house. The ship is in the sea.\", \"question\": \"Where is the ship?\", \"answers\": {\"text\": [\"the sea\"], \"answer_start\": [41]}}"
    echo "{\"id\": \"c$i\", \"context\": \"The ship is in the sea. The cook is at the house.\", \"question\": \"Where is the cook?\", \"answers\": {\"text\": [\"the house\"], \"answer_start\": [39]}}"
done >train.jsonl
run 0 train question-answering --model_type bert --tokenizer_name tok --train_file train.jsonl --max_seq_length 32 --doc_stride 8 --learning_rate 3e-3 --max_steps 60 --save_strategy no --threads 1 \
    --config_overrides hidden_size=32,num_hidden_layers=2,num_attention_heads=2,intermediate_size=64,max_position_embeddings=64 --output_dir m
P="pipeline question-answering --model m --threads 1"
SHIP="The cook is at the house. The ship is in the sea."

# JSON: the reference's keys in their order, an object; a list of them with --top_k
run 0 $P --question "Where is the ship?" --context "$SHIP"
silent err
equals "$(sed 's/"score": [0-9.e-]*/"score": S/' out)" '{"score": S, "start": 41, "end": 48, "answer": "the sea"}' "an answer"
run 0 pipeline qa --model m --threads 1 --top-k=3 --question "Where is the ship?" --context "$SHIP"
equals "$(grep -o '"answer"' out | wc -l)" 3 "answers of --top_k 3"
equals "$(cut -c1 out)" "[" "a list of answers"
run 0 $P --question "Where is the ship?" --context "$(printf 'é%s' "$SHIP")"
says out '"start": 42, "end": 49' # code points
run 0 $P --max_answer_len 1 --no_align_to_words --question "Where is the ship?" --context "$SHIP"
equals "$(grep -o '"answer": "[^"]*"' out | wc -w)" 2 "words of an answer of one token, and the key"
run 0 $P --question who --context " "
equals "$(cat out)" "[]" "a context without a token"

# for people: the context with the answer marked, the others below
run 0 $P --format text --question "Where is the ship?" --context "$SHIP"
equals "$(sed 's/ 0\.[0-9][0-9]\]/]/' out)" "The cook is at the house. The ship is in [the sea]." "the marked answer"
run 0 $P --format text --top_k 3 --question "Where is the ship?" --context "$SHIP"
equals "$(wc -l <out)" 3 "a line for each answer"
run 0 $P --format text --top_k 1000 --handle_impossible_answer --question "Where is the ship?" --context "$SHIP"
says out "(no answer)"
run 0 $P --format text --question who --context " "
equals "$(cat out)" "(no answer)" "a context without a token, for people"

# a long context is read in windows
LONG="$(printf 'Zebras. %.0s' $(seq 30))$SHIP"
run 0 $P --max_seq_len 32 --doc_stride 8 --top_k 1000 --question "Where is the ship?" --context "$LONG"
says out "\"start\": $((30 * 8 + 41)), \"end\": $((30 * 8 + 48)), \"answer\": \"the sea\"}"

# a file: answers in order, a bad line names itself
printf '%s\n' "{\"question\": \"Where is the ship?\", \"context\": \"$SHIP\"}" bad '{"question": "who"}' '{"question": "", "context": "the sea"}' '[]' \
    "{\"inputs\": {\"question\": \"Where is the ship?\", \"context\": \"$SHIP\"}}" >in.jsonl
run 1 $P --input in.jsonl --output answers.jsonl --batch_size 2
silent out
says err "4 lines could not be answered"
equals "$(wc -l <answers.jsonl)" 6 "lines"
says answers.jsonl '{"error": "input:2:'
says answers.jsonl '{"error": "an input must be {\"question\": text, \"context\": text}"}'
says answers.jsonl '{"error": "the question is empty"}'
equals "$(tail -1 answers.jsonl)" "$(head -1 answers.jsonl)" "the same question in both forms"

# the command line
fails 2 "--question with --context, or --input, is missing" $P --question who
fails 2 "--question with --context, or --input, is missing" $P
fails 2 "--question with --context and --input exclude each other" $P --input in.jsonl --context "$SHIP"
fails 2 '"who" was not expected here' $P who
fails 2 "--format text goes with" $P --format text --input in.jsonl
fails 2 "doc_stride 40 is larger than max_seq_len 32" $P --max_seq_len 32 --doc_stride 40 --question who --context "$SHIP"
fails 2 "is an option of text-generation" $P --num_beams 2 --question who --context "$SHIP"
fails 1 "the context is empty" $P --question who --context ""
fails 1 "absent.jsonl" $P --input absent.jsonl
fails 1 "no model folder nowhere" pipeline question-answering --model nowhere --question who --context "$SHIP"
finish
