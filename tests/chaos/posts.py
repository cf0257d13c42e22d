"""Posts for the chaos runs: seeded, and of every kind that makes counting hard. What they should count is not kept here; the truth is
what the log holds in the end (truth.py)."""

import json
import random
import time

PARTITIONS = 4
RULES = {
    "brands.yaml": "".join(f"---\nbrand: part{p}\nteam: alpha\nlisten:\n  hashtags: [part{p}]\n" for p in range(PARTITIONS))
    + """---
brand: acme
team: alpha
listen:
  keywords: [acme]
  hashtags: [acmeinc]
intents: [want, gripe]
alerts:
  - on: want
---
brand: zeta
team: beta
listen:
  keywords: [zeta corp]
intents: [want]
alerts:
  - on: mention
    severity: high
""",
    "intents/want.yaml": "intent: want\nabout: Wishes.\nphrases:\n  en: [want, wish i had]\n",
    "intents/gripe.yaml": "intent: gripe\nabout: Trouble.\nphrases:\n  en: [broken, never again]\n",
}
# No word of these is part of a rule.
WORDS = "the cat sat on a mat while rain fell and tea was cold so we left early for town".split()
PIECES = ["acme", "#acmeinc", "zeta corp", "want", "wish i had", "broken", "never again"]
TAGS = ["coats", "tea", "rain", "Town", "monday"]
# Seconds back: each falls well inside or well outside what the buckets keep (2, 7, 90 and 400 days), at any hour of the day.
LATE = [600, 5 * 3600, 26 * 3600, 4.5 * 86400, 20 * 86400, 120 * 86400, 500 * 86400]


def stamp(seconds):
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int(seconds * 1000) % 1000:03d}Z"


class Partition:
    """The posts of one partition, one after the other."""

    def __init__(self, seed, partition):
        self.rnd = random.Random(f"{seed}/{partition}")
        self.partition = partition
        self.count = 0
        self.live = []  # contents that were sent, newest last
        self.soon = []  # (count at which it is due, message): creates that were overtaken

    def _text(self):
        rnd = self.rnd
        words = rnd.sample(WORDS, rnd.randint(2, 8))
        for piece in rnd.sample(PIECES, rnd.choice([0, 0, 0, 1, 1, 2, 3])):
            words.insert(rnd.randint(0, len(words)), piece)
        tags = rnd.sample(TAGS, rnd.choice([0, 0, 1, 2]))
        if rnd.random() < 0.6:
            tags.append(f"part{self.partition}")
        words += ["#" + tag for tag in tags]
        if "#acmeinc" in words:
            tags.append("acmeinc")
        return " ".join(words), tags

    def _fresh(self):
        rnd, self.count = self.rnd, self.count + 1
        text, tags = self._text()
        when = time.time()
        roll = rnd.random()
        if roll < 0.08:
            when -= rnd.choice(LATE)
        elif roll < 0.10:
            when += rnd.choice([3600, 86400])  # its clock is wrong
        post = {"schema": "hark.post/1", "id": f"at://did:plc:{rnd.getrandbits(48):012x}/{self.partition}.{self.count}",
                "source": rnd.choice(["bluesky", "mastodon", "x"]), "op": "create", "time": stamp(when), "text": text,
                "lang": rnd.choice([[], ["en"], ["en"], ["en", "ko"]]), "hashtags": tags, "mentions": [], "links": [],
                "author": {"id": f"a{rnd.randrange(300)}"}}
        if rnd.random() < 0.25:
            post["engagement"] = {"likes": rnd.randrange(50), "reposts": rnd.randrange(5)}
        return post

    def _edited(self, post):
        rnd = self.rnd
        post = dict(post, op="update")
        if rnd.random() < 0.85:
            post["text"], post["hashtags"] = self._text()
        if rnd.random() < 0.3:
            post["time"] = stamp(time.time())
        if rnd.random() < 0.3:
            post["engagement"] = {"likes": rnd.randrange(80)}
        return post

    def _delete(self, post):
        return {key: post[key] for key in ("schema", "id", "source")} | {"op": "delete", "time": stamp(time.time())}

    def _old(self):
        return self.rnd.choice(self.live[-400:] if self.rnd.random() < 0.8 else self.live)

    def _next(self):
        rnd = self.rnd
        if self.soon and self.soon[0][0] <= self.count:
            return self.soon.pop(0)[1]
        roll = rnd.random()
        if roll < 0.58 or len(self.live) < 20:
            post = self._fresh()
            self.live.append(post)
            return post
        if roll < 0.70:  # seen again, perhaps with more likes
            post = dict(self._old())
            if rnd.random() < 0.3:
                post["engagement"] = {"likes": rnd.randrange(120)}
            return post
        if roll < 0.84:
            place = rnd.randrange(max(0, len(self.live) - 400), len(self.live))
            self.live[place] = self._edited(self.live[place])
            return self.live[place]
        if roll < 0.92:
            return self._delete(self._old())
        if roll < 0.96:  # its edit or its delete comes first
            post = self._fresh()
            self.soon.append((self.count + rnd.randint(1, 40), post))
            self.live.append(post)
            return self._edited(post) if rnd.random() < 0.5 else self._delete(post)
        return None

    def next(self):
        """Key and bytes of the next message."""
        post = self._next()
        if post is None:
            return "junk", self.rnd.choice(["{", "no post", '{"schema":"hark.post/1","id":"acme","op":"create"}'])
        spaces = (",", ":") if self.rnd.random() < 0.95 else (", ", ": ")  # not all write JSON as hark does
        return post["id"], json.dumps(post, ensure_ascii=False, separators=spaces)
