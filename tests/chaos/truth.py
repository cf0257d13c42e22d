"""The second opinion: what a log of posts comes to, written from docs/redis.md alone. It shares no code with hark."""

import calendar
import collections
import json
import re
import time

DAY = 86400
PHRASES = {"want": ["want", "wish i had"], "gripe": ["broken", "never again"]}
BRANDS = {"acme": ["want", "gripe"], "zeta": ["want"]}
TEAM_ALERTS = {"acme": ["want"], "zeta": ["mention"]}


def has(text, words):
    return re.search(r"(?<!\w)" + re.escape(words) + r"(?!\w)", text) is not None


def matches_of(post):
    """brand → intents that fired → phrases."""
    text, tags = post["text"].lower(), [tag.lower() for tag in post["hashtags"]]
    found = {}
    for tag in tags:
        if re.fullmatch(r"part\d", tag):
            found[tag] = {}
    if has(text, "acme") or "acmeinc" in tags:
        found["acme"] = {}
    if has(text, "zeta corp"):
        found["zeta"] = {}
    for brand, fired in found.items():
        for intent in BRANDS.get(brand, []):
            phrases = [phrase for phrase in PHRASES[intent] if has(text, phrase)]
            if phrases:
                fired[intent] = phrases
    return {brand: {"mention": [], **fired} for brand, fired in found.items()}


def parse_time(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(text[20:23])


def day_end(ms):
    return (ms // 1000 // DAY + 1) * DAY


def month_end(ms):
    t = time.gmtime(ms // 1000)
    return calendar.timegm((t.tm_year + t.tm_mon // 12, t.tm_mon % 12 + 1, 1, 0, 0, 0))


class Known:  # of one post id
    def __init__(self):
        self.mark = self.deleted = False
        self.seen = 0
        self.adds = None  # (time, source, langs, matches, tags) or None
        self.content = None
        self.engagement = -1
        self.standing = set()  # rules of which an alert stands


class Truth:
    """Takes messages of any partition, each partition's in order, and knows all that Redis and the topics must hold."""

    def __init__(self):
        self.known = {}
        self.numbers = collections.defaultdict(collections.Counter)  # key → field → posts
        self.scores = collections.defaultdict(dict)  # key → member → score
        self.ends = {}
        self.peaks = collections.Counter()
        self.brands = set()
        self.sent = set()  # (id, brand, text): matches that must be on the topic
        self.alerts = collections.Counter()  # (id, rule) → how often it opened
        self.closed = set()  # (id, rule)
        self.offsets = collections.Counter()
        self.parts = collections.defaultdict(lambda: [0])  # partition → counted for its own brand after so many messages
        self.counts = collections.Counter()

    # --- what a post adds

    def _number(self, key, field, sign, end=None):
        self.ends[key] = end
        self.numbers[key][field] += sign
        if not self.numbers[key][field]:
            del self.numbers[key][field]
        self.peaks[key] = max(self.peaks[key], len(self.numbers[key]))

    def _score(self, key, member, score, sign, end):
        self.ends[key] = end
        if sign > 0:
            self.scores[key][member] = score
        else:
            self.scores[key].pop(member, None)
        self.peaks[key] = max(self.peaks[key], len(self.scores[key]))

    def _count(self, identity, adds, engagement, sign):
        ms, source, langs, matches, tags = adds
        t = time.gmtime(ms // 1000)
        day = time.strftime("%Y-%m-%d", t)
        for brand, fired in matches.items():
            own = {"acme": "acmeinc"}.get(brand, brand)
            for tag in tags - {own}:
                self._number(f"tags:{brand}:{day}", tag, sign, day_end(ms) + 90 * DAY)
            for intent, phrases in fired.items():
                here = f"{brand}:{intent}"
                self._number(f"total:{brand}", intent, sign)
                self._number(f"count:{here}:minute:{day}", time.strftime("%H:%M", t), sign, day_end(ms) + 2 * DAY)
                self._number(f"count:{here}:hour:{day[:7]}", time.strftime("%dT%H", t), sign, month_end(ms) + 400 * DAY)
                self._number(f"count:{here}:day:{day[:4]}", day[5:], sign)
                self._number(f"by:source:{here}:{day}", source, sign, day_end(ms) + 400 * DAY)
                for lang in langs or ["und"]:
                    self._number(f"by:lang:{here}:{day}", lang, sign, day_end(ms) + 400 * DAY)
                for phrase in phrases:
                    self._number(f"by:phrase:{here}:{day}", phrase, sign, day_end(ms) + 400 * DAY)
                self._score(f"posts:{here}:{day}", identity, ms, sign, day_end(ms) + 7 * DAY)
                if engagement > 0:
                    self._score(f"top:{here}:{day}", identity, engagement, sign, day_end(ms) + 90 * DAY)

    # --- what comes

    def take(self, partition, offset, arrival, payload):
        assert offset == self.offsets[partition], f"partition {partition} jumps to {offset}"
        self.offsets[partition] += 1
        try:
            post = json.loads(payload)
            if "id" in post and "time" in post:
                self._post(post, arrival)
        except ValueError:
            self.counts["unreadable"] += 1
        self.parts[partition].append(self.numbers[f"total:part{partition}"]["mention"])

    def _post(self, post, arrival):
        identity = post["id"]
        matches = matches_of(post) if post["op"] != "delete" else {}
        if post["op"] == "create" and not matches:
            self.counts["no match"] += 1
            return
        known = self.known.get(identity)
        if known is None:
            known = self.known[identity] = Known()
            known.mark = post["op"] != "create"
        if known.deleted:
            self.counts["after delete"] += 1
        elif post["op"] == "delete":
            self._deleted(identity, known)
        elif known.seen == 0:
            if matches and not (post["op"] == "create" and known.mark):
                self._new(post, known, matches, arrival)
            else:
                self.counts["overtaken"] += 1
        else:
            self._again(post, known, matches, arrival)

    @staticmethod
    def _engagement(post):
        return sum(post["engagement"].values()) if "engagement" in post else -1

    @staticmethod
    def _adds(post, matches, arrival):
        ms = parse_time(post["time"])
        if ms > arrival + 300000:
            ms = arrival
        return ms, post["source"], tuple(post["lang"]), matches, {tag.lower() for tag in post["hashtags"]}

    @staticmethod
    def _content(post):
        return post["text"], post["lang"], post["hashtags"]

    def _put(self, post, known, matches, arrival):
        known.adds = self._adds(post, matches, arrival) if matches else None
        known.content = self._content(post)
        if known.adds:
            self._count(post["id"], known.adds, known.engagement, 1)
            self.brands |= set(matches)
            self.sent |= {(post["id"], brand, post["text"]) for brand in matches}
        rules = {f"{brand}/{on}" for brand, fired in matches.items() for on in TEAM_ALERTS.get(brand, []) if on in fired}
        self.closed |= {(post["id"], rule) for rule in known.standing - rules}
        self.alerts.update((post["id"], rule) for rule in rules - known.standing)
        known.standing = rules

    def _new(self, post, known, matches, arrival):
        self.counts["new"] += 1
        known.seen = 1
        known.engagement = self._engagement(post)
        self._put(post, known, matches, arrival)

    def _again(self, post, known, matches, arrival):
        known.seen += 1
        engagement = self._engagement(post)
        adds = self._adds(post, matches, arrival) if matches else None
        same = adds == known.adds and self._content(post) == known.content
        if known.adds:
            self._count(post["id"], known.adds, known.engagement, -1)
        if post["op"] == "create" or same:
            self.counts["repeat"] += 1
            known.engagement = max(known.engagement, engagement)
            if known.adds:
                self._count(post["id"], known.adds, known.engagement, 1)
        else:
            self.counts["edit"] += 1
            if engagement >= 0:
                known.engagement = engagement
            self._put(post, known, matches, arrival)

    def _deleted(self, identity, known):
        self.counts["delete"] += 1
        if known.adds:
            self._count(identity, known.adds, known.engagement, -1)
        self.closed |= {(identity, rule) for rule in known.standing}
        known.standing = set()
        known.adds, known.deleted = None, True

    # --- comparing with Redis

    def differences(self, redis, prefix="hark:", top=1000):
        """Lines that say what differs; none where all is equal."""
        now = time.time()
        wanted = {key: dict(fields) for key, fields in {**self.numbers, **self.scores}.items()
                  if fields and (self.ends[key] is None or self.ends[key] > now)}
        held = self._held(redis, prefix)
        lines = []
        for key in sorted(set(wanted) | set(held)):
            want, have = wanted.get(key, {}), held.get(key, {})
            if self.peaks[key] > (top if key.startswith("top:") else 2 * top) and key.startswith(("top:", "tags:")):
                want = {field: n for field, n in want.items() if field in have}  # it was cut
            lines += [f"{key} {field}: Redis {have.get(field)} log {want.get(field)}"
                      for field in sorted(set(want) | set(have)) if want.get(field) != have.get(field)]
        if set(redis.call("SMEMBERS", prefix + "brands")) != self.brands:
            lines.append("brands differ")
        counted = [(identity, known.seen) for identity, known in self.known.items() if known.seen]
        seen = redis.many([("HGET", f"{prefix}post:{identity}", "seen") for identity, _ in counted])
        lines += [f"post {identity}: seen {have}, log {want}" for (identity, want), have in zip(counted, seen)
                  if have is None or int(have) != want]
        return lines

    @staticmethod
    def _held(redis, prefix):
        keys, cursor = set(), "0"
        while True:
            cursor, found = redis.call("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000")
            keys |= {key for key in found if key[len(prefix):].startswith(("total:", "count:", "by:", "tags:", "top:", "posts:"))}
            if cursor == "0":
                break
        keys = sorted(keys)
        sets = [key[len(prefix):].startswith(("tags:", "top:", "posts:")) for key in keys]
        replies = redis.many([("ZRANGE", key, "0", "-1", "WITHSCORES") if is_set else ("HGETALL", key)
                              for key, is_set in zip(keys, sets)])
        return {key[len(prefix):]: {field: int(float(n)) for field, n in zip(reply[::2], reply[1::2])}
                for key, reply in zip(keys, replies)}

    # --- comparing with the topics

    def outgoing(self, matches, alerts):
        """Lines that say what lacks on the topics of matches and alerts, or should not be there."""
        got = {(m["post"]["id"], m["brand"], m["post"]["text"]) for m in matches}
        lines = [f"match is missing: {x}" for x in sorted(self.sent - got)] + [f"match of nothing: {x}" for x in sorted(got - self.sent)]
        ids = collections.defaultdict(set)
        for alert in alerts:
            if alert["state"] == "once":
                ids[alert["match"]["post"]["id"], alert["rule"]].add(alert["id"])
        closed = {alert["id"] for alert in alerts if alert["state"] == "close"}
        lines += [f"alert is missing: {x}" for x in sorted(set(self.alerts) - set(ids))]
        lines += [f"alert of nothing: {x}" for x in sorted(set(ids) - set(self.alerts))]
        lines += [f"alert has {len(ids[x])} ids, opened {self.alerts[x]} times: {x}" for x in ids if len(ids[x]) > self.alerts[x] > 0]
        lines += [f"retraction is missing: {x}" for x in sorted(self.closed) if not ids[x] & closed]
        return lines
