// hark match: hark.posts → Redis, hark.matches, hark.alerts.*. Each worker is a member of the consumer group with a
// consumer, a store and a scratch of its own; Kafka shares the partitions out. Workers share the compiled rules and the
// producer, nothing else.

#include "pipeline.h"

#include <hark/clock.h>
#include <hark/crash.h>

#include <pthread.h>
#include <stdlib.h>

struct match { // of the process
    const struct hark_config *cfg;
    struct hark_stream_options stream;
    struct hark_matcher *m; // at the start
    struct rules *rules;
    struct hark_producer *producer;
    const char *redis;
    struct hark_str topic; // of positions
    struct tally tally;
    struct health *health;
    _Atomic bool in_trouble; // Kafka is away
    // --until-end: where the log ended when the command started
    struct hark_partition *ends;
    int nends;
};

struct worker {
    struct match *match;
    size_t number;
    struct hark_consumer *consumer;
    struct lane_env take;
    struct hark_store *store; // of this thread: positions
    struct commit_env commit; // of the committer's thread
    struct job *committer;
    struct lane **lanes; // by partition; NULL where it is not ours
    int32_t nlanes;
    char (*incarnations)[17]; // by partition
    struct hark_err *err;     // of the running poll, for the callbacks
};

static int64_t offset_of(struct hark_str position)
{
    int64_t offset;
    return hark_str_int(position, &offset) ? HARK_POSITION_START : offset;
}

static void offset_str(int64_t offset, char out[21])
{
    snprintf(out, 21, "%lld", (long long)offset);
}

// --- partitions come and go ---

// Waits for the committer, however long Redis or Kafka is away, and stays a member of the group meanwhile.
static void await_commit(struct worker *worker)
{
    enum { PIECE_MS = 500 };
    while (!job_idle(worker->committer, PIECE_MS)) hark_consumer_keepalive(worker->consumer);
}

// Only while no commit runs: it reads the lanes.
static void set_lane(struct worker *worker, int32_t partition, struct lane *lane)
{
    if (partition >= worker->nlanes) {
        size_t n = (size_t)partition + 1;
        worker->lanes = hark_realloc(worker->lanes, n, sizeof *worker->lanes);
        worker->incarnations = hark_realloc(worker->incarnations, n, sizeof *worker->incarnations);
        while (worker->nlanes <= partition) worker->lanes[worker->nlanes++] = NULL;
    }
    lane_free(worker->lanes[partition]);
    worker->lanes[partition] = lane;
}

// Kafka's own committed offset carries the incarnation of the Redis that it was counted in. One that Redis no longer
// knows means that the counters of the posts before it are gone.
static int check_incarnation(struct worker *worker, int32_t partition, struct hark_str stored, const char *incarnation,
                             struct hark_err *err)
{
    struct hark_buf note = {0};
    int64_t hinted;
    int code = hark_consumer_hint(worker->consumer, partition, &hinted, &note, err);
    bool known = code || note.len == 0 || hinted <= 0 || hark_str_is(hark_buf_str(&note), incarnation);
    // Whoever started it over on purpose counts from the beginning; the notes of before are no news.
    if (!known) code = hark_store_rebuilt(worker->store, partition, &known, err);
    hark_buf_done(&note);
    if (code || known) return code;
    return hark_err_set(
        err, HARK_ESERVICE,
        "partition %d was counted up to offset %lld in a Redis that is no longer there (this one is %s, "
        "at " HARK_STR_FMT
        "): restore it, or start over with `hark match --rebuild`, which counts the log again from its beginning",
        (int)partition, (long long)hinted, incarnation, HARK_STR_ARG(stored.len ? stored : HARK_STR("no offset")));
}

static int start_position(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err)
{
    struct worker *worker = arg;
    struct hark_str topic = worker->match->topic;
    struct hark_buf stored = {0};
    char field[21], incarnation[17];
    hark_crash_point("in-assignment");
    offset_str(partition, field);
    await_commit(worker);
    if (hark_store_incarnation(worker->store, partition, topic, incarnation, err) == 0 &&
        hark_store_position(worker->store, partition, topic, hark_str(field), &stored, err) == 0 &&
        check_incarnation(worker, partition, hark_buf_str(&stored), incarnation, err) == 0) {
        struct lane *lane = lane_new(&worker->take, partition, hark_str(field));
        lane_expect(lane, hark_buf_str(&stored));
        set_lane(worker, partition, lane);
        memcpy(worker->incarnations[partition], incarnation, sizeof incarnation);
        *ret_offset = offset_of(hark_buf_str(&stored));
        hark_log(HARK_INFO, "partition assigned", "partition=%s offset=%lld", field, (long long)*ret_offset);
    }
    hark_buf_done(&stored);
    return err->code;
}

static int commit_all(struct worker *worker, struct hark_err *err);

static void partition_gone(void *arg, int32_t partition, bool lost)
{
    struct worker *worker = arg;
    struct hark_err err = {0};
    if (partition >= worker->nlanes || !worker->lanes[partition]) return;
    hark_crash_point("in-revocation");
    if (!lost && !worker->err->code && commit_all(worker, &err)) // what is not committed, the next owner reads again
        hark_log(HARK_WARN, "partition left uncommitted", "partition=%d error=%s", (int)partition,
                 hark_log_q(hark_str(err.text)));
    await_commit(worker);
    set_lane(worker, partition, NULL);
    hark_log(HARK_INFO, "partition left", "partition=%d", (int)partition);
}

// --- commit ---

static int run_commit(void *arg, struct hark_err *err)
{
    struct worker *worker = arg;
    return lanes_commit(&worker->commit, worker->lanes, (size_t)worker->nlanes, err);
}

static void note_lag(const struct worker *worker, int32_t partition, int64_t offset)
{
    int64_t end = hark_consumer_end(worker->consumer, partition);
    char label[21];
    offset_str(partition, label);
    if (end >= 0) hark_metric_set(&metric_lag, hark_str(label), end > offset ? (double)(end - offset) : 0);
}

// What the last commit came to: a hint for Kafka's lag tools, or back to where Redis says.
static int settle_lane(struct worker *worker, struct lane *lane, struct hark_err *err)
{
    int32_t partition = lane_partition(lane);
    bool moved = lane_moved(lane);
    int64_t offset = offset_of(lane_expected(lane));
    if (moved) return hark_consumer_seek(worker->consumer, partition, offset, err);
    if (offset >= 0) hark_consumer_commit_hint(worker->consumer, partition, offset, worker->incarnations[partition]);
    if (offset >= 0) note_lag(worker, partition, offset);
    return 0;
}

// Hands what was taken to the committer, once the last commit is through.
static int start_commit(struct worker *worker, struct hark_err *err)
{
    bool any = false;
    await_commit(worker);
    if (job_result(worker->committer, err)) return err->code;
    for (int32_t p = 0; p < worker->nlanes; p++) {
        if (!worker->lanes[p]) continue;
        if (settle_lane(worker, worker->lanes[p], err)) return err->code;
        any |= lane_seal(worker->lanes[p]);
    }
    if (any) job_start(worker->committer);
    return 0;
}

// Commits all that was taken, and waits for it.
static int commit_all(struct worker *worker, struct hark_err *err)
{
    if (start_commit(worker, err)) return err->code;
    await_commit(worker);
    if (job_result(worker->committer, err)) return err->code;
    for (int32_t p = 0; p < worker->nlanes; p++)
        if (worker->lanes[p] && settle_lane(worker, worker->lanes[p], err)) return err->code;
    return 0;
}

// Retention was faster: what is gone is said, and counted as a gap in the commit that passes over it.
static int pass_gap(void *arg, int32_t partition, int64_t from, int64_t to, struct hark_err *err)
{
    struct worker *worker = arg;
    char next[21];
    if (commit_all(worker, err)) return err->code;
    if (partition >= worker->nlanes || !worker->lanes[partition]) return 0;
    metrics_gap();
    hark_log(HARK_ERROR, "posts were deleted from the log before they were counted",
             "topic=" HARK_STR_FMT " partition=%d from=%lld to=%lld posts=%lld", HARK_STR_ARG(worker->match->topic),
             (int)partition, (long long)from, (long long)to, (long long)(to - from));
    offset_str(to, next);
    lane_gap(worker->lanes[partition], from, to);
    lane_position(worker->lanes[partition], hark_str(next));
    return 0;
}

// --- reading ---

static int take_batch(struct worker *worker, const struct hark_batch *batch, struct hark_err *err)
{
    struct hark_message message;
    size_t n = hark_batch_size(batch);
    for (size_t i = 0; i < n; i++) {
        hark_batch_get(batch, i, &message);
        struct lane *lane = message.partition < worker->nlanes ? worker->lanes[message.partition] : NULL;
        if (lane && lane_message(lane, &message, err)) return err->code; // else it went to another worker meanwhile
    }
    tally_add(&worker->match->tally.posts, n);
    rules_tell(worker->take.ms, &worker->take.told, &worker->match->tally);
    return 0;
}

// At the end of a partition the log may go on behind its last message (markers of transactions take offsets too).
static void note_ends(struct worker *worker)
{
    for (int32_t p = 0; p < worker->nlanes; p++) {
        int64_t offset = worker->lanes[p] ? hark_consumer_position(worker->consumer, p) : HARK_POSITION_START;
        char text[21];
        if (offset <= 0 || offset <= offset_of(lane_next(worker->lanes[p]))) continue;
        offset_str(offset, text);
        lane_position(worker->lanes[p], hark_str(text));
    }
}

static size_t held(const struct worker *worker)
{
    size_t n = 0;
    for (int32_t p = 0; p < worker->nlanes; p++) n += worker->lanes[p] ? lane_size(worker->lanes[p]) : 0;
    return n;
}

// Whether all that the log held at the start is committed, by whomever.
static bool reached_end(struct worker *worker, struct hark_err *err)
{
    struct match *match = worker->match;
    uint64_t lag = 0;
    struct hark_buf stored = {0};
    for (int i = 0; i < match->nends && err->code == 0; i++) {
        const struct hark_partition *end = &match->ends[i];
        char field[21];
        offset_str(end->id, field);
        if (hark_store_position(worker->store, end->id, match->topic, hark_str(field), &stored, err)) break;
        int64_t offset = offset_of(hark_buf_str(&stored));
        if (offset < end->first) offset = end->first;
        if (offset < end->end) lag += (uint64_t)(end->end - offset);
    }
    hark_buf_done(&stored);
    atomic_store(&match->tally.lag, lag);
    return err->code == 0 && lag == 0;
}

static void log_trouble(struct worker *worker, bool *in_trouble)
{
    const char *trouble = hark_consumer_trouble(worker->consumer);
    if (trouble && !*in_trouble)
        hark_log(HARK_WARN, "waiting for Kafka", "brokers=%s error=%s", worker->match->cfg->kafka,
                 hark_log_q(hark_str(trouble)));
    if (!trouble && *in_trouble) hark_log(HARK_INFO, "Kafka is back", "brokers=%s", worker->match->cfg->kafka);
    *in_trouble = trouble != NULL;
    atomic_store(&worker->match->in_trouble, trouble != NULL);
}

// Whether it is time to commit: the committer has nothing to do and something waits long enough, or more is held than
// memory should bear. Far behind, where no post is fresh anyway, more is gathered first: the larger a batch, the fewer
// writes its posts share. `taken` messages came last, of at most FETCH.
enum { FETCH = 10000 };
static bool commit_due(struct worker *worker, size_t taken, int64_t since_us)
{
    enum { HELD = 20000, GATHERED = 8000, BEHIND_US = 1000000 };
    size_t n = held(worker);
    if (n >= HELD) return true;
    int64_t passed_us = hark_clock_mono_us() - since_us, longest_us = worker->match->cfg->batch_ms * 1000;
    if (taken == FETCH && longest_us < BEHIND_US) longest_us = BEHIND_US;
    return (taken == 0 || n >= GATHERED || passed_us >= longest_us) && job_idle(worker->committer, 0);
}

// What may mend itself (Redis away while partitions are assigned) is told once and tried again.
static int poll_failed(const struct hark_err *wrong, bool *waiting, struct hark_err *err)
{
    enum { WAIT_MS = 500 };
    if (wrong->code == 0) {
        if (*waiting) hark_log(HARK_INFO, "went on", "%s", "");
        *waiting = false;
        return 0;
    }
    if (!wrong->retriable) {
        *err = *wrong;
        return err->code;
    }
    if (!*waiting) hark_log(HARK_WARN, "waiting", "error=%s", hark_log_q(hark_str(wrong->text)));
    *waiting = true;
    stop_sleep(WAIT_MS);
    return 0;
}

// Whether this worker has taken all that the log held at the start, where the partitions are all its own.
static bool took_all(const struct worker *worker)
{
    const struct match *match = worker->match;
    for (int i = 0; i < match->nends; i++) {
        const struct hark_partition *end = &match->ends[i];
        if (end->first == end->end) continue;
        struct lane *lane = end->id < worker->nlanes ? worker->lanes[end->id] : NULL;
        if (!lane || offset_of(lane_next(lane)) < end->end) return false;
    }
    return true;
}

// Ends the command where --until-end is reached. Another worker or process may have the rest: then Redis is asked now
// and then.
static int look_for_end(struct worker *worker, int64_t *checked_us, struct hark_err *err)
{
    enum { CHECK_US = 250000 };
    bool all = took_all(worker);
    if (!all && hark_clock_mono_us() - *checked_us <= CHECK_US) return 0;
    if (all && commit_all(worker, err)) return err->code;
    if (reached_end(worker, err)) stop_request();
    *checked_us = hark_clock_mono_us();
    return err->code;
}

// Between two batches: what the old rules found is committed, what comes goes by the new ones.
static int change_rules(struct worker *worker, struct hark_err *err)
{
    if (commit_all(worker, err) || rules_use(worker->match->rules, &worker->take, err)) return err->code;
    store_rules(worker->store, worker->take.m);
    return 0;
}

static int consume(struct worker *worker, struct hark_err *err)
{
    enum { POLL_MS = 500 }; // a stop is seen in half a second
    int wait_ms = worker->match->cfg->batch_ms < POLL_MS ? (int)worker->match->cfg->batch_ms : POLL_MS;
    int64_t committed_us = hark_clock_mono_us(), checked_us = 0;
    bool in_trouble = false, waiting = false;
    while (!hark_stopping()) {
        struct hark_err wrong = {0};
        if (rules_changed(worker->match->rules, worker->take.m) && change_rules(worker, err)) return err->code;
        struct hark_batch *batch = hark_consumer_poll(worker->consumer, FETCH, wait_ms, &wrong);
        size_t taken = batch ? hark_batch_size(batch) : 0;
        if (batch) hark_crash_point("after-poll");
        int code = batch ? take_batch(worker, batch, err) : poll_failed(&wrong, &waiting, err);
        if (batch) hark_crash_point("after-match");
        hark_batch_free(batch);
        if (code) return code;
        if (!batch) note_ends(worker);
        if (health_due(worker->match->health, worker->number))
            health_tell(worker->match->health, worker->number, worker->take.m, worker->take.ms);
        if (commit_due(worker, taken, committed_us)) {
            if (start_commit(worker, err)) return err->code;
            committed_us = hark_clock_mono_us();
            log_trouble(worker, &in_trouble);
        }
        if (worker->match->ends && look_for_end(worker, &checked_us, err)) return err->code;
    }
    return commit_all(worker, err);
}

// --- a worker's life ---

static int open_worker(struct worker *worker, struct hark_err *err)
{
    struct match *match = worker->match;
    const struct hark_positions positions = {start_position, partition_gone, worker, pass_gap};
    const struct hark_store_options options = {
        .redis = match->redis, .password = match->cfg->redis_password, .prefix = match->cfg->prefix};
    worker->take = (struct lane_env){.cfg = match->cfg, .tally = &match->tally, .input = match->topic.ptr};
    worker->take.emit = emit_kafka(match->producer);
    worker->commit = (struct commit_env){.tally = &match->tally, .topic = match->topic};
    worker->commit.emit = emit_kafka(match->producer);
    worker->store = hark_store_open(&options, err);
    worker->commit.store = worker->store ? hark_store_open(&options, err) : NULL;
    if (worker->commit.store && rules_use(match->rules, &worker->take, err) == 0)
        worker->committer = job_new(run_commit, worker, err);
    if (worker->committer) worker->consumer = hark_consumer_new(&match->stream, "posts", &positions, err);
    return err->code;
}

static void close_worker(struct worker *worker)
{
    hark_consumer_free(worker->consumer);
    job_free(worker->committer);
    for (int32_t p = 0; p < worker->nlanes; p++) lane_free(worker->lanes[p]);
    free(worker->lanes);
    free(worker->incarnations);
    rules_leave(worker->take.ms);
    hark_store_close(worker->store);
    hark_store_close(worker->commit.store);
    worker->take.emit->free(worker->take.emit);
    worker->commit.emit->free(worker->commit.emit);
}

static int work(void *arg, size_t i, struct hark_err *err)
{
    struct worker worker = {.match = arg, .number = i, .err = err};
    if (open_worker(&worker, err) == 0) consume(&worker, err);
    close_worker(&worker);
    return err->code;
}

// --- start ---

// The topics that must be there, told before anything is read.
static int check_topics(const struct match *match, struct hark_err *err)
{
    enum { WAIT_MS = 8000 };
    static const char *const needed[] = {"posts", "matches", "deadletter"};
    struct hark_stream_options stream = match->stream;
    if (hark_stream_ping(&stream, WAIT_MS, err)) return err->code;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        int exists = hark_topic_exists(&stream, needed[i], WAIT_MS, err);
        if (exists < 0) return err->code;
        if (!exists)
            return hark_err_set(err, HARK_EINPUT, "topic %s%s does not exist at %s: `hark setup` creates it",
                                match->cfg->topics, needed[i], match->cfg->kafka);
    }
    return 0;
}

static void topic_made(void *arg, const char *topic, bool created)
{
    (void)arg;
    if (created) hark_log(HARK_INFO, "topic created", "topic=%s", topic);
}

// A team's topic comes with its first rule; `hark setup` cannot know the teams.
static int make_alert_topics(void *arg, const struct hark_matcher *m, struct hark_err *err)
{
    enum { WAIT_MS = 8000 };
    const struct match *match = arg;
    const struct hark_ruleset *rs = hark_matcher_rules(m);
    struct hark_arena arena = {0};
    struct hark_map teams = {0};
    for (size_t i = 0; i < rs->nbrands; i++)
        if (rs->brands[i].nalerts) hark_map_put(&teams, rs->brands[i].team, NULL);
    struct hark_topic *topics = HARK_NEW_N(&arena, struct hark_topic, teams.n);
    for (size_t i = 0; i < teams.n; i++)
        topics[i] = (struct hark_topic){
            .name = hark_arena_printf(&arena, "alerts." HARK_STR_FMT, HARK_STR_ARG(teams.entries[i].key)).ptr,
            .partitions = 1};
    int code = teams.n ? hark_topics_create(&match->stream, topics, teams.n, WAIT_MS, topic_made, NULL, err) : 0;
    hark_map_done(&teams);
    hark_arena_done(&arena);
    return code;
}

static int prepare_store(struct match *match, struct hark_err *err)
{
    const struct hark_store_options options = {
        .redis = match->redis, .password = match->cfg->redis_password, .prefix = match->cfg->prefix};
    struct hark_store *store = hark_store_open(&options, err);
    const char *version = hark_matcher_rules(match->m)->version;
    int code = !store ? err->code : match->cfg->rebuild ? hark_store_wipe(store, err) : 0;
    if (code == 0) code = hark_store_meta(store, version, err);
    hark_store_close(store);
    return code;
}

// The ends of the log now: what --until-end goes up to, and what progress is measured against.
static int find_ends(struct match *match, struct hark_err *err)
{
    match->nends = hark_topic_ends(&match->stream, "posts", &match->ends, err);
    if (match->nends < 0) return err->code;
    uint64_t all = 0;
    for (int i = 0; i < match->nends; i++) all += (uint64_t)(match->ends[i].end - match->ends[i].first);
    atomic_store(&match->tally.all, all);
    atomic_store(&match->tally.lag, all);
    return 0;
}

static bool is_ready(void *arg)
{
    return !atomic_load(&((struct match *)arg)->in_trouble);
}

int hark_pipeline_match(const struct hark_config *cfg, struct hark_err *err)
{
    struct match match = {
        .cfg = cfg, .stream = hark_pipeline_stream(cfg), .redis = cfg->redis ? cfg->redis : "redis://127.0.0.1:6379"};
    int64_t started_us = hark_clock_mono_us();
    struct hark_buf topic = {0};
    hark_buf_printf(&topic, "%sposts", cfg->topics);
    match.topic = hark_buf_str(&topic);
    match.m = hark_pipeline_matcher(cfg, err);
    if (match.m && check_topics(&match, err) == 0 && make_alert_topics(&match, match.m, err) == 0 &&
        prepare_store(&match, err) == 0)
        match.producer = producer_open(&match.stream, err);
    if (match.producer) match.rules = rules_watch(cfg, match.m, make_alert_topics, &match, err);
    if (match.rules && (!cfg->until_end || find_ends(&match, err) == 0)) {
        struct hark_http *http;
        progress_start(&match.tally);
        match.health = health_start("match", cfg, match.redis, (size_t)cfg->workers);
        if (metrics_start(cfg, &match.tally, is_ready, &match, &http, err) == 0)
            read_all((size_t)cfg->workers, work, &match, err);
        health_stop(match.health);
        metrics_stop(http);
        progress_stop();
        tally_log(&match.tally, "match", started_us);
    }
    rules_unwatch(match.rules);
    hark_producer_free(match.producer);
    hark_matcher_unref(match.m);
    free(match.ends);
    hark_buf_done(&topic);
    return err->code;
}
