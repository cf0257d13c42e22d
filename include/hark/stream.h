// Kafka: reading partitions from positions that the caller keeps, and writing so that nothing is lost or doubled on the
// way.
//
// One `struct hark_consumer` a thread. A `struct hark_producer` may be shared by threads. librdkafka's own threads do
// the network.
#pragma once

#include <hark/err.h>

struct hark_stream_options {
    const char *brokers; // "host:port,…"
    const char *prefix;  // of topic names, "hark."
    const char *group;   // consumers
    // kafka.* settings of the user, key and value alternating, NULL-terminated; may be NULL. Those that exactness needs
    // (acks, enable.idempotence, enable.auto.commit, …) are refused with an error that says why.
    const char *const *settings;
};

// --- producer: idempotent, acks=all, lz4 ---

struct hark_producer;

struct hark_producer *hark_producer_new(const struct hark_stream_options *options, struct hark_err *err);
// Puts a message on a topic (name without the prefix: "posts"). A full queue waits: back-pressure. Copies key, payload
// and headers. op and source become the headers `op` and `source` where their ptr is not NULL. Errors of delivery show
// at the next call of any kind.
int hark_producer_send(struct hark_producer *producer, const char *topic, struct hark_str key, struct hark_str payload,
                       struct hark_str op, struct hark_str source, struct hark_err *err) HARK_CHECKED;
// A message that is too big is HARK_EINPUT and touches nothing else. A message that Kafka refused for good is an error
// of every later call. Called each second that hark_producer_send() waits for room in a full queue; false gives up
// (HARK_ESTOP). Set it before threads start.
void hark_producer_waiting(struct hark_producer *producer, bool (*waiting)(void *arg, int seconds), void *arg);
// Waits until everything sent so far is acknowledged; while Kafka is away it waits on (and `waiting`, which may be
// NULL, is called each second with the seconds passed; it returns false to give up: HARK_ESTOP).
int hark_producer_flush(struct hark_producer *producer, bool (*waiting)(void *arg, int seconds), void *arg,
                        struct hark_err *err) HARK_CHECKED;
uint64_t hark_producer_acked(const struct hark_producer *producer); // messages; may lag behind a little
// What keeps it from Kafka, for a log; NULL where a broker answers. Until the next call, in one thread.
const char *hark_producer_trouble(struct hark_producer *producer);
void hark_producer_free(struct hark_producer *producer); // takes NULL; does not flush

// --- consumer ---

struct hark_consumer;

struct hark_message {
    struct hark_str key, payload; // until hark_batch_free
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; // the broker's or the producer's; -1
};

struct hark_batch; // messages of one call

// The caller keeps the positions: asked for the next offset when a partition is assigned. Calls come from within
// hark_consumer_poll() and hark_consumer_free() and no other.
struct hark_positions {
    // The offset to start `partition` from: >= 0, or HARK_POSITION_START where nothing is stored. Negative HARK_E… on
    // error, which poll() returns; the next poll asks again.
    int (*get)(void *arg, int32_t partition, int64_t *ret_offset, struct hark_err *err);
    // The partition is taken away: rows of it that are not committed must be dropped (lost) or may be committed first
    // (!lost). hark_consumer_assigned() is false already; a seek does nothing.
    void (*revoked)(void *arg, int32_t partition, bool lost);
    void *arg;
    // Retention has overtaken the position `from`: the log begins at `to` now and goes on from there. What was handed
    // out before stands. NULL: that is an error, which names the offsets.
    int (*gap)(void *arg, int32_t partition, int64_t from, int64_t to, struct hark_err *err);
};
enum { HARK_POSITION_START = -2 }; // the log's beginning

struct hark_consumer *hark_consumer_new(const struct hark_stream_options *options, const char *topic,
                                        const struct hark_positions *positions, struct hark_err *err);
// Up to `max` messages, waiting at most `timeout_ms` for the first. Only messages of partitions that are assigned now
// and at or behind the position that is expected. NULL and err->code 0: none in time. A stored position that is behind
// the log's end is an error, and so is one before its beginning where positions.gap is NULL.
struct hark_batch *hark_consumer_poll(struct hark_consumer *consumer, size_t max, int timeout_ms, struct hark_err *err);
size_t hark_batch_size(const struct hark_batch *batch);
void hark_batch_get(const struct hark_batch *batch, size_t i, struct hark_message *ret);
// The headers `op` and `source`, ptr NULL where absent; until hark_batch_free. Dear (nearly as much as fetching a
// message costs): librdkafka takes all headers of a message apart. Ask only where the payload does not tell.
void hark_batch_headers(const struct hark_batch *batch, size_t i, struct hark_str *ret_op, struct hark_str *ret_source);
void hark_batch_free(struct hark_batch *batch); // takes NULL; all batches before their consumer
// To be called every second or so while the caller waits for something else (Redis), from any depth: the process stays
// a member of the group, and what another member is to have is handed over at once. No callback runs in here: `revoked`
// (lost) of what was handed over comes with the next hark_consumer_poll(). Messages stay where they are.
void hark_consumer_keepalive(struct hark_consumer *consumer);
// What keeps it from Kafka, for a log ("Kafka does not answer at 127.0.0.1:9092 (Connection refused)"); NULL where a
// broker answers. Until the next call.
const char *hark_consumer_trouble(struct hark_consumer *consumer);
// The next offset to come: behind the last message handed out, or the end of the log once it is reached (markers of
// transactions take offsets too, so only this tells that an end offset is reached). HARK_POSITION_START where that is
// not known yet.
int64_t hark_consumer_position(const struct hark_consumer *consumer, int32_t partition);
// Starts the partition over from this offset (after a commit that found another position). Nothing where the partition
// is not assigned any more: whoever has it now asks for its position.
int hark_consumer_seek(struct hark_consumer *consumer, int32_t partition, int64_t offset,
                       struct hark_err *err) HARK_CHECKED;
// Tells Kafka where the partition stands, for lag tools; with a note (metadata). Nothing waits for it.
void hark_consumer_commit_hint(struct hark_consumer *consumer, int32_t partition, int64_t offset, const char *metadata);
// The note of the last commit hint of a partition, "" where there is none; into out.
int hark_consumer_hint(struct hark_consumer *consumer, int32_t partition, int64_t *ret_offset, struct hark_buf *out,
                       struct hark_err *err) HARK_CHECKED;
// Where the partition's log ends, as the broker said with the last messages; -1 where it has not said yet.
int64_t hark_consumer_end(const struct hark_consumer *consumer, int32_t partition);
bool hark_consumer_assigned(const struct hark_consumer *consumer, int32_t partition);
// Leaves the group; `revoked` is called for what was assigned.
void hark_consumer_free(struct hark_consumer *consumer); // takes NULL

// --- topics ---

struct hark_topic {
    const char *name;            // without the prefix
    int partitions;              // of a topic that is created
    const char *const *settings; // key, value, …, NULL; may be NULL
};
// Creates those that do not exist; each result goes to `each` (created or existed). Waits at most timeout_ms for the
// broker.
int hark_topics_create(const struct hark_stream_options *options, const struct hark_topic *topics, size_t n,
                       int timeout_ms, void (*each)(void *arg, const char *topic, bool created), void *arg,
                       struct hark_err *err) HARK_CHECKED;
// 0 where a broker answers in time, else HARK_ESERVICE that says what was tried.
int hark_stream_ping(const struct hark_stream_options *options, int timeout_ms, struct hark_err *err) HARK_CHECKED;
// Whether the topic (without prefix) exists.
int hark_topic_exists(const struct hark_stream_options *options, const char *topic, int timeout_ms,
                      struct hark_err *err) HARK_CHECKED;

// First and next offset of each partition of the topic now, for --until-end. Returns the number of partitions; the
// caller frees.
struct hark_partition {
    int32_t id;
    int64_t first, end;
};
int hark_topic_ends(const struct hark_stream_options *options, const char *topic, struct hark_partition **ret,
                    struct hark_err *err) HARK_CHECKED;

// Reads each partition's messages from `first` up to `end` (not included), in order within a partition, outside of any
// group, and hands them to `each`, which may end it with an error. Waits for as long as Kafka is away and `each` is
// not called; `waiting` (may be NULL) is called every second or so and gives up with false (HARK_ESTOP).
int hark_log_read(const struct hark_stream_options *options, const char *topic, const struct hark_partition *parts,
                  size_t n, int (*each)(void *arg, const struct hark_message *message, struct hark_err *err),
                  bool (*waiting)(void *arg), void *arg, struct hark_err *err) HARK_CHECKED;
