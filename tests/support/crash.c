/* See crash.h. */
#include "support/crash.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORDS = 120 };
#define LONGEST_SECONDS 120.0

static const char *needed(const char *variable)
{
    const char *path = getenv(variable);
    if (!path || access(path, X_OK) != 0)
        test_skip("%s is not there", variable);
    return path;
}

const char *crash_shim(void)
{
    return needed("HONE_CRASH_SHIM");
}

const char *crash_command(void)
{
    return needed("HONE_COMMAND");
}

static char folder[512];

static void remove_folder(void)
{
    (void)hone__remove_tree(folder);
}

const char *crash_folder(void)
{
    if (folder[0])
        return folder;
    char name[512];
    const char *asked = getenv("TMPDIR"), *root = asked && *asked ? asked : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(name, sizeof(name), "%s/hone-crash-XXXXXX", root);
    if (!mkdtemp(name) || !realpath(name, folder))
        fail_msg("cannot make %s", name);
    atexit(remove_folder);
    return folder;
}

/* ---- processes ---- */

static int split(char *line, char **words)
{
    int n = 0;
    char *rest;
    for (char *word = strtok_r(line, " ", &rest); word && n < MOST_WORDS; word = strtok_r(NULL, " ", &rest))
        words[n++] = word;
    words[n] = NULL;
    return n;
}

static void be_the_command(char **words, const crash_how *how, const char *said)
{
    char die[32], cache[600], asan[600];
    int out = open("/dev/null", O_WRONLY), err = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    snprintf(die, sizeof(die), "%ld", how->die_at);
    snprintf(cache, sizeof(cache), "%s/cache", folder);
    setenv("HONE_CACHE", cache, 1);
    setenv("GOMP_SPINCOUNT", "1000", 1);
    if (how->root) {
        snprintf(asan, sizeof(asan), "%s:verify_asan_link_order=0:detect_leaks=0", getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");
        setenv("ASAN_OPTIONS", asan, 1);
        setenv("LD_PRELOAD", getenv("HONE_CRASH_SHIM"), 1);
        setenv("HONE_CRASH_ROOT", how->root, 1);
        setenv("HONE_CRASH_DIE", die, 1);
        if (how->jumps)
            setenv("HONE_CRASH_CLOCK", "1", 1);
        if (how->syncs)
            setenv("HONE_CRASH_SYNCS", "1", 1);
        if (how->full)
            setenv("HONE_CRASH_FULL", how->full, 1);
        if (how->beside)
            setenv("HONE_CRASH_BESIDE", "1", 1);
        if (how->refuse)
            setenv("HONE_CRASH_REFUSE", how->refuse, 1);
        if (how->log)
            setenv("HONE_CRASH_LOG", how->log, 1);
    }
    if (chdir(folder) == 0)
        execv(words[0], words);
    _exit(127);
}

static bool has_said(const char *said, const char *text)
{
    char *all = NULL;
    bool found = hone__read_file(&all, NULL, said, 0) == HONE_OK && strstr(all, text);
    hone__free(all);
    return found;
}

static void await(crash_end *end, pid_t child, const crash_how *how, const char *said)
{
    double started = hone__seconds(), limit = how->kill_after > 0 ? how->kill_after : LONGEST_SECONDS, sent = 0;
    const char *awaited = how->kill_at;
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
        double now = hone__seconds();
        if (awaited && has_said(said, awaited)) {
            awaited = NULL;
            started = now;
        }
        double left = (awaited ? LONGEST_SECONDS : limit) - (now - started);
        if (left <= 0 && !end->killed) {
            end->killed = true;
            sent = now;
            kill(child, how->signal ? how->signal : SIGKILL);
        } else if (end->killed && now - sent > LONGEST_SECONDS) {
            kill(child, SIGKILL);
        }
        usleep(left > 0 && left < 1e-3 ? (useconds_t)(left * 1e6) : 500);
    }
    end->seconds = end->killed ? hone__seconds() - sent : 0;
    end->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void read_tail(char *out, size_t size, const char *path)
{
    size_t len;
    char *text = test_read(path, &len);
    snprintf(out, size, "%s", len < size ? text : text + (len - size + 1));
    hone__free(text);
}

crash_end crash_run(const char *line, const crash_how *how)
{
    static const crash_how plain = {0};
    crash_end end = {0};
    char *words[MOST_WORDS + 1], said[600];
    char *copy = NULL;
    how = how ? how : &plain;
    (void)crash_folder();
    hone_str text = HONE_STR_INIT;
    hone__str_printf(&text, "%s %s", crash_command(), line);
    assert_ok(hone__str_take(&copy, &text));
    split(copy, words);
    snprintf(said, sizeof(said), "%s/said", folder);
    if (how->said_at)
        snprintf(said, sizeof(said), "%s", how->said_at);
    pid_t child = fork();
    if (child == 0)
        be_the_command(words, how, said);
    assert_true(child > 0);
    await(&end, child, how, said);
    read_tail(end.said, sizeof(end.said), said);
    hone__free(copy);
    return end;
}

int crash_finish(const char *line, const char *output_dir, int most)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", crash_folder(), output_dir);
    for (int i = 1;; i++) {
        hone_str text = HONE_STR_INIT;
        bool there = access(path, F_OK) == 0;
        hone__str_printf(&text, "%s --output_dir %s%s", line, output_dir, there ? " --resume_from_checkpoint true" : "");
        crash_end end = crash_run(text.data, NULL);
        if (there && strstr(end.said, "there is no whole checkpoint")) {
            hone__str_clear(&text);
            hone__str_printf(&text, "%s --output_dir %s --overwrite_output_dir", line, output_dir);
            end = crash_run(text.data, NULL);
        }
        hone__str_dispose(&text);
        if (end.status == 0)
            return i;
        if (i >= most)
            fail_msg("the run does not end: status %d\n%s", end.status, end.said);
    }
}

void crash_remove(const char *output_dir)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", crash_folder(), output_dir);
    assert_ok(hone__remove_tree(path));
}

double crash_run_whole(const char *line, const char *output_dir)
{
    char full[2048];
    crash_remove(output_dir);
    snprintf(full, sizeof(full), "%s --output_dir %s", line, output_dir);
    double started = hone__seconds();
    crash_end end = crash_run(full, NULL);
    if (end.status != 0)
        fail_msg("%s: status %d\n%s", full, end.status, end.said);
    return hone__seconds() - started;
}

int crash_until_it_ends(const char *line, double seconds, uint64_t *chance, const int *signals, int n)
{
    int n_sent = 0;
    for (bool there = false;;) {
        hone_str text = HONE_STR_INIT;
        hone__str_printf(&text, "%s --output_dir killed%s", line, there ? " --resume_from_checkpoint true" : "");
        int number = signals[n_sent % n];
        crash_end end = crash_run(text.data, &(crash_how){.kill_after = crash_uniform(chance) * seconds, .signal = number});
        hone__str_dispose(&text);
        n_sent += end.killed;
        seconds *= 1.02; /* on a machine that has become slower it would not end otherwise */
        if (end.status == 0)
            break;
        bool nothing_yet = strstr(end.said, "there is no whole checkpoint") || strstr(end.said, "is not empty") ||
                           strstr(end.said, "before the first step");
        bool stopped = end.killed && (end.status == (number == SIGKILL ? -SIGKILL : 130) || end.status == -number);
        if (!stopped && !nothing_yet)
            fail_msg("signal %d: status %d\n%s", end.killed ? number : 0, end.status, end.said);
        if (nothing_yet)
            crash_remove("killed");
        there = !nothing_yet && access((snprintf(end.said, sizeof(end.said), "%s/killed", folder), end.said), F_OK) == 0;
    }
    crash_assert_same("whole", "killed", line);
    crash_remove("killed");
    return n_sent;
}

/* ---- data ---- */

static void make_rows(const char *name, int n, int first)
{
    static const char *const verbs[] = {"visits", "leaves", "likes", "sees"}, *const places[] = {"paris", "lima", "oslo", "rome"};
    hone_str text = HONE_STR_INIT;
    char path[600];
    for (int i = first; i < first + n; i++)
        hone__str_printf(&text, "anna O\n%s O\n%s B-LOC\n%s%s. O\n\n", verbs[i * 7 % 4], places[i * 5 % 4], i % 3 ? "" : "today O\n",
                         i % 5 ? "" : "again O\n");
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    test_write(path, text.data, text.len);
    hone__str_dispose(&text);
}

/* What one sentence is to each task: its class, a number, a set of names, a line, a question with its answer. */
static void make_tasks(void)
{
    static const char *const verbs[] = {"visits", "leaves", "likes", "sees"}, *const places[] = {"paris", "lima", "oslo", "rome"};
    static const char *const names[] = {"classes.tsv", "numbers.csv", "sets.jsonl", "lines.txt", "squad.json"};
    hone_str text[5] = {HONE_STR_INIT, HONE_STR_INIT, HONE_STR_INIT, HONE_STR_INIT, HONE_STR_INIT};
    char sentence[100], path[600];
    hone__str_puts(&text[1], "sentence1,score\n");
    hone__str_puts(&text[4], "{\"version\": \"1.1\", \"data\": [{\"title\": \"t\", \"paragraphs\": [");
    for (int i = 0; i < 40; i++) {
        const char *verb = verbs[i * 7 % 4], *place = places[i * 5 % 4];
        snprintf(sentence, sizeof(sentence), "anna %s %s%s .", verb, place, i % 3 ? "" : " today");
        hone__str_printf(&text[0], "%s\t%d\n", sentence, i * 7 % 4 == 2);
        hone__str_printf(&text[1], "%s,%.2f\n", sentence, 0.25 * (i % 7));
        hone__str_printf(&text[2], "{\"text\": \"%s\", \"labels\": [%s%s%s]}\n", sentence, i % 2 ? "\"a\"" : "", i % 2 && i % 3 ? ", " : "",
                         i % 3 ? "\"b\"" : "");
        hone__str_printf(&text[3], "%s\n", sentence);
        hone__str_printf(&text[4],
                         "%s{\"context\": \"%s\", \"qas\": [{\"id\": \"q%d\", \"question\": \"the %s of anna\", \"answers\": "
                         "[{\"text\": \"%s\", \"answer_start\": %d}]}]}",
                         i ? ", " : "", sentence, i, verb, place, (int)strlen(verb) + 6);
    }
    hone__str_puts(&text[4], "]}]}\n");
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        test_write(path, text[i].data, text[i].len);
        hone__str_dispose(&text[i]);
    }
}

void crash_make_data(void)
{
    static const char vocab[] =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\nanna\nvisits\nleaves\nlikes\nsees\nparis\nlima\nos\n##lo\nrome\ntoday\n"
        "again\nof\nthe\n";
    hone_str text = HONE_STR_INIT;
    char path[600];
    snprintf(path, sizeof(path), "%s/words", crash_folder());
    if (access(path, F_OK) == 0)
        return;
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof(path), "%s/words/vocab.txt", folder);
    test_write_text(path, vocab);
    snprintf(path, sizeof(path), "%s/words/tokenizer_config.json", folder);
    test_write_text(path, "{\"tokenizer_class\": \"BertTokenizer\", \"do_lower_case\": true}\n");
    make_rows("train.conll", 37, 0);
    make_rows("valid.conll", 7, 50);
    make_tasks();
    for (int i = 1; i <= 30; i++)
        hone__str_printf(&text, "def function_%d(argument):\n    \"\"\"Gives %d.\"\"\"\n    return argument + %d\n\n\n", i, i, i * i);
    snprintf(path, sizeof(path), "%s/corpus.py", folder);
    test_write(path, text.data, text.len);
    hone__str_dispose(&text);
    crash_end end = crash_run("tokenizer train --vocab_size 320 --output_dir tok --threads 1 corpus.py", NULL);
    if (end.status != 0)
        fail_msg("hone tokenizer train: %d\n%s", end.status, end.said);
}

/* ---- comparing ---- */

static bool is_time(const char *key)
{
    return strstr(key, "_runtime") || strstr(key, "_per_second");
}

/* Takes out what a clock made, and the folder that a best checkpoint is in. */
static void strip(json_t *value)
{
    const char *key;
    void *next;
    json_t *item;
    size_t i;
    json_object_foreach_safe(value, next, key, item)
    {
        if (is_time(key))
            json_object_del(value, key);
        else if (strcmp(key, "best_model_checkpoint") == 0 && json_is_string(item))
            json_object_set_new(value, key, json_string(hone__path_base(json_string_value(item))));
        else
            strip(item);
    }
    json_array_foreach(value, i, item)
    {
        strip(item);
    }
}

static void assert_same_json(const char *a, const char *b, const char *what)
{
    bool lines = strstr(a, ".jsonl") != NULL;
    json_t *x = lines ? test_read_jsonl(a) : test_read_json(a), *y = lines ? test_read_jsonl(b) : test_read_json(b);
    strip(x);
    strip(y);
    if (!json_equal(x, y)) {
        char *one = json_dumps(x, JSON_INDENT(1) | JSON_SORT_KEYS), *two = json_dumps(y, JSON_INDENT(1) | JSON_SORT_KEYS);
        fail_msg("%s: %s is not as it ought to be:\n%s\ninstead of\n%s", what, b, two, one);
    }
    json_decref(x);
    json_decref(y);
}

/* A plot has the folder's name as its title. */
static void cut_title(char *text, size_t *len, const char *path)
{
    char title[300];
    const char *end = strrchr(path, '/'), *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    snprintf(title, sizeof(title), ">%.*s<", (int)(end - begin), begin);
    char *at = strstr(text, title);
    if (at) {
        memmove(at, at + strlen(title), *len + 1 - (size_t)(at - text) - strlen(title));
        *len -= strlen(title);
    }
}

static void assert_same_bytes(const char *a, const char *b, const char *what)
{
    size_t n, m;
    char *x = test_read(a, &n), *y = test_read(b, &m);
    if (strstr(a, ".svg")) {
        cut_title(x, &n, a);
        cut_title(y, &m, b);
    }
    if (n != m || memcmp(x, y, n) != 0)
        fail_msg("%s: %s is not as it ought to be", what, b);
    hone__free(x);
    hone__free(y);
}

/* What names the folder, or how the run was called, or gives times to people; event files have the clock in each entry. */
static bool is_passed_over(const char *name)
{
    return strcmp(name, "training_args.json") == 0 || strcmp(name, "README.md") == 0 || strncmp(name, "checkpoint-", 11) == 0 ||
           strcmp(name, "runs") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void assert_same_file(const char *a, const char *b, const char *name, const char *what)
{
    bool times = strcmp(name, "trainer_state.json") == 0 || strstr(name, "_results.json") || strstr(name, ".jsonl");
    char x[1200], y[1200];
    snprintf(x, sizeof(x), "%s/%s", a, name);
    snprintf(y, sizeof(y), "%s/%s", b, name);
    if (access(y, F_OK) != 0)
        fail_msg("%s: %s is not there", what, y);
    (times ? assert_same_json : assert_same_bytes)(x, y, what);
}

void crash_assert_same(const char *expected, const char *got, const char *what)
{
    char a[600], b[600], path[1200];
    struct dirent *entry;
    snprintf(a, sizeof(a), "%s/%s", crash_folder(), expected);
    snprintf(b, sizeof(b), "%s/%s", folder, got);
    DIR *dir = opendir(a);
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (!is_passed_over(entry->d_name))
            assert_same_file(a, b, entry->d_name, what);
    closedir(dir);
    dir = opendir(b); /* nothing else is there: no half-written file */
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", a, entry->d_name);
        if (!is_passed_over(entry->d_name) && access(path, F_OK) != 0)
            fail_msg("%s: %s/%s was left behind", what, got, entry->d_name);
    }
    closedir(dir);
}

/* ---- chance ---- */

uint64_t crash_seed(void)
{
    const char *text = getenv("HONE_CRASH_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)now.tv_nsec ^ ((uint64_t)now.tv_sec << 20);
    printf("seed %llu (HONE_CRASH_SEED repeats it)\n", (unsigned long long)seed);
    return seed * 2 + 1;
}

double crash_uniform(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return (double)(x >> 11) / 9007199254740992.0;
}

int crash_rounds(void)
{
    const char *text = getenv("HONE_CRASH_ROUNDS");
    int n = text ? atoi(text) : 1;
    return n > 0 ? n : 1;
}
