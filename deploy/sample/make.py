#!/usr/bin/env python3
"""Writes the sample: posts.ndjson, bluesky.jetstream.ndjson and mastodon.sse beside this file.

    python3 deploy/sample/make.py [FOLDER]

The same seed gives the same bytes. README.md tells the story; texts.py holds what people say. Nobody here is real.
"""

import html
import json
import pathlib
import random
import re
import sys
from datetime import datetime, timezone

import texts

SEED = 20261120
DAY_MS = int(datetime(2026, 11, 20, tzinfo=timezone.utc).timestamp() * 1000)
BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
LANGS = ["en", "ko", "es", "hr", "hi"]
SOURCES = {  # how likely a language's people are to write where
    "en": ["bluesky"] * 5 + ["mastodon"] * 2 + ["x"] * 4 + ["reddit"] * 3,
    "ko": ["x"] * 7 + ["bluesky"] * 3 + ["mastodon"],
    "es": ["x"] * 4 + ["bluesky"] * 3 + ["mastodon"] * 2 + ["reddit"],
    "hr": ["reddit"] * 3 + ["x"] * 3 + ["mastodon"] * 2 + ["bluesky"] * 2,
    "hi": ["x"] * 7 + ["bluesky"] * 2 + ["reddit"],
}
NAMES = {
    "en": (
        "moss paper quiet amber tidal velvet pocket copper winter gentle static lemon hollow",
        "otter lantern kettle badger comet pigeon walrus thimble harbourcat fern teacup magpie",
    ),
    "ko": ("잠자는 배부른 느긋한 수줍은 반짝이는 졸린 새벽의 용감한", "고양이 감자 여우 만두 고래 다람쥐 우산 별"),
    "es": ("lluvia luna tinta nube sal café viento", "azul lenta clara perdida serena dulce breve"),
    "hr": ("plavi tihi mali stari sanjivi morski brzi", "galeb jež kišobran lonac medo puž vjetar"),
    "hi": ("नीली शांत छोटी पुरानी मीठी ठंडी", "चाय पतंग खिड़की नदी चिड़िया घड़ी"),
}
LATIN = (
    "dusk nori pixel basalt juno onda vela rook saffron miso zvono marl tansy kelp ember loam",
    "fox moth owl reed finch plum dune hare wren sky pear lark newt oak brook",
)

MOODS = {
    id(topic): mood
    for mood, topics in {
        "wish": [texts.FH_WANT],
        "angry": [texts.FH_CHECKOUT, texts.FH_COMPLAINT],
        "glad": [texts.FH_BUY, texts.FH_THANKS, texts.FH_PRAISE],
        "cup": [texts.KW_NEED, texts.KW_OTHER],
    }.items()
    for topic in topics
}


class Maker:
    def __init__(self):
        self.rnd = random.Random(SEED)
        self.seen = set()
        self.handles = set()
        self.authors = {
            lang: [self.author(lang) for _ in range(n)]
            for lang, n in [("en", 420), ("ko", 230), ("es", 150), ("hr", 130), ("hi", 120)]
        }
        self.bots = [self.author("en", bot=True) for _ in range(7)]
        self.lines = []  # (when in ms, order, bytes)
        self.posts = []  # every create, for edits and the like

    def pick(self, seq):
        return seq[int(self.rnd.random() * len(seq))]

    def number(self, low, high):
        return low + int(self.rnd.random() * (high - low + 1))

    def tail(self, scale, power=3.0):
        """Mostly small, seldom large."""
        return int(scale * self.rnd.random() ** power / (1.02 - self.rnd.random()))

    # --- people ---

    def author(self, lang, bot=False):
        while True:
            first, second = (self.pick(words.split()) for words in LATIN)
            handle = f"{first}{self.pick(['', '_'])}{second}{self.number(2, 999)}"
            if handle not in self.handles:
                break
        self.handles.add(handle)
        name = " ".join(self.pick(words.split()) for words in NAMES[lang])
        source = "x" if bot else self.pick(SOURCES[lang])
        did = "did:plc:" + "".join(self.pick(BASE32) for _ in range(24))
        ids = {
            "bluesky": did,
            "mastodon": f"https://mastodon.example/users/{handle}",
            "x": str(self.number(10**9, 10**10)),
            "reddit": "t2_" + "".join(self.pick(BASE32) for _ in range(6)),
        }
        full = {"bluesky": handle.replace("_", "-") + ".bsky.example", "mastodon": handle + "@mastodon.example"}.get(
            source, handle
        )
        return {
            "source": source,
            "id": ids[source],
            "handle": full,
            "name": name + " bot" * bot,
            "bot": bot,
            "followers": 5 + self.tail(600 if not bot else 4000),
            "short": handle,
        }

    # --- texts ---

    def expand(self, text):
        """{a|b} to one of its choices, the innermost first."""
        inner = re.compile(r"\{([^{}]*)\}")
        while True:
            found = inner.search(text)
            if not found:
                return text
            text = text[: found.start()] + self.pick(found.group(1).split("|")) + text[found.end() :]

    def text(self, choices, mood):
        for _ in range(40):
            text = self.expand(self.pick(choices))
            text = text.replace("$emoji", self.pick(texts.EMOJI[mood])).replace("$num", str(self.number(2, 498)))
            text = re.sub(r" +", " ", text).strip().replace(" \n", "\n")
            if text not in self.seen:
                break
        self.seen.add(text)
        return text

    # --- posts ---

    def ids(self, author, ms):
        source, handle = author["source"], author["handle"]
        if source == "bluesky":
            tid, n = "", (ms * 1000 + self.number(0, 999)) << 10 | self.number(0, 1023)
            for _ in range(13):
                tid, n = BASE32[n & 31] + tid, n >> 5
            return f"at://{author['id']}/app.bsky.feed.post/{tid}", f"https://bsky.example/profile/{handle}/post/{tid}"
        if source == "mastodon":
            n = ms << 16 | self.number(0, 65535)
            return f"{author['id']}/statuses/{n}", f"https://mastodon.example/@{author['short']}/{n}"
        if source == "x":
            n = (ms - 1288834974657) << 22 | self.number(0, 4194303)
            return f"x:{n}", f"https://x.example/{handle}/status/{n}"
        name = "".join(self.pick(BASE32) for _ in range(7))
        return f"reddit:t1_{name}", f"https://reddit.example/comments/{name}"

    def post(self, author, lang, ms, text, **more):
        ident, url = self.ids(author, ms)
        post = {
            "schema": "hark.post/1",
            "id": ident,
            "source": author["source"],
            "op": "create",
            "time": stamp(ms),
            "text": text,
            "lang": [lang],
        }
        post.update(entities(author["source"], text))
        post["url"] = url
        post["author"] = {key: author[key] for key in ("id", "handle", "name", "followers")}
        if author["bot"] or self.rnd.random() < 0.3:
            post["author"]["bot"] = author["bot"]
        reach = author["followers"] ** 0.5
        post["engagement"] = {
            "likes": self.tail(reach / 2),
            "reposts": self.tail(reach / 8),
            "replies": self.tail(reach / 10),
        }
        if author["source"] == "x":
            post["engagement"]["views"] = self.tail(author["followers"] * 2) + post["engagement"]["likes"] * 9
        post.update(more)
        return post

    def add(self, ms, post):
        self.lines.append((ms, len(self.lines), dump(post)))

    def say(self, topic, lang, ms, bot=False):
        author = self.pick(self.bots) if bot else self.pick(self.authors[lang])
        more = {}
        if self.posts and self.rnd.random() < 0.08:
            other = self.pick(self.posts[-60:])
            if other["source"] == author["source"] and other["time"] < stamp(ms):
                more["reply_to"] = other["id"]
        text = address(author["source"], self.text(topic[lang], MOODS.get(id(topic), "plain")))
        post = self.post(author, lang, ms, text, **more)
        self.posts.append(post)
        self.add(ms, post)

    def crowd(self, topic, counts, start, end, peak=None):
        """`counts` posts a language between two times of day, most of them about `peak`, evenly where that is None."""
        low, high = clock(start), clock(end)
        for lang, n in counts.items():
            for _ in range(n):
                if peak is None:
                    at = low + (high - low) * self.rnd.random()
                else:
                    at = self.rnd.triangular(low, high, clock(peak))
                self.say(topic, lang, int(at), bot=topic is texts.BOT)


def address(source, text):
    """A handle as its platform has it: Bluesky's are domains, and on Reddit people write the name."""
    for handle, domain, name in [
        ("fallowharbour_help", "help.fallowharbour.example", "Fallow Harbour"),
        ("fallowharbour", "fallowharbour.example", "Fallow Harbour"),
        ("kettlewick_care", "care.kettlewick.example", "Kettlewick"),
        ("kettlewick", "kettlewick.example", "Kettlewick"),
        ("quillon_support", "quillon.example", "Quillon"),
        ("quillonphones", "quillon.example", "Quillon"),
    ]:
        other = {"bluesky": "@" + domain, "reddit": name}.get(source)
        if other:
            text = re.sub(rf"@{handle}(?![\w.])", other, text)
    return text


def entities(source, text):
    if source == "reddit":
        return {}  # it computes none: hark finds them in the text
    return {
        "hashtags": re.findall(r"#(\w+)", text),
        "links": re.findall(r"https://\S+", text),
        "mentions": [handle.rstrip(".") for handle in re.findall(r"(?<!\w)@([\w.-]+)", text)],
    }


def clock(hhmm):
    hours, minutes = hhmm.split(":")
    return DAY_MS + (int(hours) * 60 + int(minutes)) * 60000


def stamp(ms):
    return datetime.fromtimestamp(ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def millis(time):
    return int(datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp() * 1000 + 0.5)


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def story(m):
    day = ("09:30", "15:30")
    # The launch: Korea first, then the English-speaking world, then the others.
    m.crowd(texts.FH_WANT, {"en": 8, "ko": 5, "es": 2, "hr": 2, "hi": 2}, "09:30", "11:00")
    m.crowd(texts.FH_WANT, {"ko": 85}, "11:00", "12:20", peak="11:12")
    m.crowd(texts.FH_WANT, {"en": 105}, "11:30", "13:00", peak="12:05")
    m.crowd(texts.FH_WANT, {"es": 22, "hr": 18, "hi": 18}, "11:40", "13:00", peak="12:20")
    m.crowd(texts.FH_WANT, {"en": 22, "ko": 14, "es": 6, "hr": 5, "hi": 5}, "13:45", "15:30")
    m.crowd(texts.FH_BUY, {"en": 28, "ko": 16, "es": 7, "hr": 6, "hi": 6}, "11:05", "13:00")
    m.crowd(texts.FH_TALK, {"en": 34, "ko": 14, "es": 7, "hr": 6, "hi": 6}, *day)
    m.crowd(texts.FH_QUESTION, {"en": 26, "ko": 10, "es": 8, "hr": 8, "hi": 7}, "10:00", "15:30")
    m.crowd(texts.FH_COMPLAINT, {"en": 9, "ko": 4, "es": 2, "hr": 2, "hi": 2}, *day)
    m.crowd(texts.FH_MARINA, {"en": 7}, *day)
    # The checkout breaks at 13:00 and works again at 13:40.
    m.crowd(texts.FH_CHECKOUT, {"en": 76, "ko": 34, "es": 22, "hr": 17, "hi": 15}, "13:00", "13:42", peak="13:14")
    m.crowd(texts.FH_THANKS, {"en": 18, "ko": 9, "es": 6, "hr": 5, "hi": 5}, "13:44", "15:20", peak="13:56")
    m.crowd(texts.FH_PRAISE, {"en": 20, "ko": 10, "es": 6, "hr": 5, "hi": 6}, "13:50", "15:30", peak="14:30")
    m.crowd(texts.FH_BUY, {"en": 12, "ko": 7, "es": 3, "hr": 3, "hi": 3}, "13:45", "15:30")
    # Two brands that have no news today.
    m.crowd(texts.KW_NEED, {"en": 48, "ko": 18, "es": 16, "hr": 16, "hi": 10}, *day)
    m.crowd(texts.KW_QUESTION, {"en": 50, "ko": 17, "es": 16, "hr": 15, "hi": 10}, *day)
    m.crowd(texts.KW_OTHER, {"en": 44, "ko": 12, "es": 11, "hr": 11, "hi": 7}, *day)
    m.crowd(texts.Q_POSTS, {"en": 58, "ko": 20, "es": 14, "hr": 12, "hi": 12}, *day)
    m.crowd(texts.Q_SWORD, {"en": 6}, *day)
    m.crowd(texts.BOT, {"en": 34}, *day)
    m.crowd(texts.NOISE, {"en": 460, "ko": 190, "es": 140, "hr": 110, "hi": 90}, *day)


def is_brand(post):
    return re.search(r"fallow|kettlewick|quillon|팔로하버|케틀윅|퀼론|फैलो|केटलविक|क्विलॉन", post["text"], re.I)


def reposts(m, n):
    for _ in range(n):
        first = m.pick([post for post in m.posts if is_brand(post) and post["source"] != "reddit"])
        lang = first["lang"][0]
        author = m.pick([a for a in m.authors[lang] if a["source"] == first["source"]])
        ms = min(millis(first["time"]) + m.number(20_000, 1_500_000), clock("15:29"))
        text = f"RT @{first['author']['handle']}: {first['text']}" if first["source"] == "x" else first["text"]
        m.add(
            ms,
            m.post(author, lang, ms, text, repost_of=first["id"], engagement={"likes": 0, "reposts": 0, "replies": 0}),
        )


def edits(m, n):
    """An edit keeps the post's id and time and comes later in the stream. Every third one changes what the post says."""
    turned = {
        "en": [
            "Edit: it works now, thank you {team|all} #FallowHarbour",
            "Edit: sorted, ordered it. Thanks! #FallowHarbour",
        ],
        "ko": ["수정: 해결됐어요 감사합니다 #팔로하버"],
        "es": ["Editado: ya funciona, gracias #FallowHarbour"],
        "hr": ["Uredi: riješeno, hvala #FallowHarbour"],
        "hi": ["अपडेट: अब ठीक है, धन्यवाद #FallowHarbour"],
    }
    able = [
        post
        for post in m.posts
        if post["source"] in ("mastodon", "reddit") and is_brand(post) and post["time"] < "2026-11-20T15:00"
    ]
    angry = [post for post in able if "2026-11-20T13:00" < post["time"] < "2026-11-20T13:42"]
    done = set()
    while len(done) < n:
        first = m.pick(angry if len(done) % 3 == 0 else able)
        if first["id"] in done:
            continue
        post = dict(first, op="update")
        if len(done) % 3 == 0:
            post["text"] = m.expand(m.pick(turned[first["lang"][0]]))
            post.update(entities(post["source"], post["text"]))
        else:
            post["text"] = first["text"] + m.pick([" (edited: typo)", " ✏️", "\n\n(edit: spelling)", " …"])
        post["engagement"] = {key: value + m.number(0, 9) for key, value in first["engagement"].items()}
        done.add(first["id"])
        m.add(millis(first["time"]) + m.number(60_000, 1_500_000), post)
    return done


def deletes(m, n, but):
    done = set()
    while len(done) < n:
        first = m.pick(m.posts)
        if (
            first["id"] in done
            or first["id"] in but
            or (len(done) % 4 and not is_brand(first))
            or first["time"] > "2026-11-20T14:50"
        ):
            continue
        # One delete overtakes its post, as happens where two servers tell of it.
        ms = millis(first["time"]) + (m.number(90_000, 2_000_000) if done else -400)
        done.add(first["id"])
        m.add(
            ms,
            {"schema": "hark.post/1", "id": first["id"], "source": first["source"], "op": "delete", "time": stamp(ms)},
        )


def repeats(m, n):
    """The same line once more, seconds or an hour later: two readers of one stream, a reader that started again."""
    creates = [line for line in m.lines if b'"op":"create"' in line[2]]
    for i in range(n):
        ms, _, line = m.pick(creates)
        m.lines.append((min(ms + (m.number(200, 60_000) if i % 4 else 3_600_000), clock("15:30")), len(m.lines), line))


def broken(m):
    whole = dump(m.pick(m.posts))
    bad = [
        ("10:02", whole[: len(whole) // 2]),
        ("10:47", b"502 Bad Gateway: upstream said no"),
        ("11:31", whole.replace(b'"id":"', b'"uid":"', 1)),
        ("12:18", whole.replace(b"hark.post/1", b"hark.post/7")),
        ("13:21", whole.replace(b'"text":"', b'"text":"caf\xe9 \xc3\x28 ', 1)),
        ("14:40", whole.replace(b'"text":"', b'"text":"\0\0', 1)),
    ]
    for at, line in bad:
        m.lines.append((clock(at), len(m.lines), line))


# --- the same people in their platforms' own formats ---


def facets(text):
    out = []
    for found in re.finditer(r"#(\w+)|https://\S+", text):
        start = len(text[: found.start()].encode())
        feature = (
            {"$type": "app.bsky.richtext.facet#tag", "tag": found.group(1)}
            if found.group(1)
            else {"$type": "app.bsky.richtext.facet#link", "uri": found.group()}
        )
        out.append(
            {"features": [feature], "index": {"byteEnd": start + len(found.group().encode()), "byteStart": start}}
        )
    return out


def cid(m):
    return "bafyrei" + "".join(m.pick(BASE32) for _ in range(52))


def jetstream(m):
    events, posts = (
        [],
        sorted(
            (post for post in m.posts if post["source"] == "bluesky" and is_brand(post)), key=lambda post: post["time"]
        )[40:60],
    )

    def commit(did, ms, operation, collection, rkey, record=None):
        body = {
            "rev": m.ids({"source": "bluesky", "handle": "", "id": ""}, ms)[0][-13:],
            "operation": operation,
            "collection": collection,
            "rkey": rkey,
        }
        if record is not None:
            body.update(record=dict({"$type": collection}, **record), cid=cid(m))
        events.append({"did": did, "time_us": ms * 1000 + m.number(0, 999), "kind": "commit", "commit": body})

    for i, post in enumerate(posts):
        ms, did, rkey = millis(post["time"]), post["author"]["id"], post["id"][-13:]
        record = {"createdAt": post["time"], "langs": post["lang"], "text": post["text"]}
        if facets(post["text"]):
            record["facets"] = facets(post["text"])
        commit(did, ms, "create", "app.bsky.feed.post", rkey, record)
        subject = {"cid": cid(m), "uri": post["id"]}
        fan_did = "did:plc:" + "".join(m.pick(BASE32) for _ in range(24))
        if i % 4 == 1:
            commit(
                fan_did,
                ms + 900,
                "create",
                "app.bsky.feed.like",
                rkey,
                {"createdAt": stamp(ms + 850), "subject": subject},
            )
        if i == 5:
            commit(
                fan_did,
                ms + 1200,
                "create",
                "app.bsky.feed.repost",
                rkey,
                {"createdAt": stamp(ms + 1100), "subject": subject},
            )
        if i == 8:
            events.append(
                {
                    "did": did,
                    "time_us": (ms + 1500) * 1000,
                    "kind": "identity",
                    "identity": {
                        "did": did,
                        "handle": post["author"]["handle"],
                        "seq": 31527015470,
                        "time": stamp(ms + 1400),
                    },
                }
            )
        if i == 9:
            commit(did, ms + 2000, "delete", "app.bsky.feed.post", rkey)
        if i == 12:
            commit(
                fan_did,
                ms + 700,
                "create",
                "app.bsky.graph.follow",
                rkey,
                {"createdAt": stamp(ms + 650), "subject": did},
            )
        if i == 15:
            events.append(
                {
                    "did": fan_did,
                    "time_us": (ms + 800) * 1000,
                    "kind": "account",
                    "account": {
                        "active": False,
                        "did": fan_did,
                        "seq": 31527015471,
                        "status": "deactivated",
                        "time": stamp(ms + 700),
                    },
                }
            )
    return b"".join(dump(event) + b"\n" for event in sorted(events, key=lambda event: event["time_us"]))


def status(post, **more):
    text = html.escape(post["text"], quote=False).replace("\n\n", "</p><p>").replace("\n", "<br />")
    text = re.sub(
        r"#(\w+)",
        r'<a href="https://mastodon.example/tags/\1" class="mention hashtag" rel="tag">#<span>\1</span></a>',
        text,
    )
    text = re.sub(
        r"(?<![/\w\"])(https://[^\s<]+)",
        lambda found: (
            found.group()
            if "/tags/" in found.group()
            else f'<a href="{found.group()}" rel="nofollow noopener" target="_blank">{found.group()}</a>'
        ),
        text,
    )
    author, number = post["author"], post["id"].rsplit("/", 1)[1]
    short = author["handle"].split("@")[0]
    return dict(
        {
            "id": number,
            "created_at": post["time"],
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": post["lang"][0],
            "uri": post["id"],
            "url": post["url"],
            "replies_count": post["engagement"]["replies"],
            "reblogs_count": post["engagement"]["reposts"],
            "favourites_count": post["engagement"]["likes"],
            "edited_at": None,
            "content": f"<p>{text}</p>",
            "reblog": None,
            "account": {
                "id": number[:9],
                "username": short,
                "acct": short,
                "display_name": author["name"],
                "locked": False,
                "bot": False,
                "url": f"https://mastodon.example/@{short}",
                "uri": author["id"],
                "followers_count": author["followers"],
                "following_count": 80,
                "statuses_count": 412,
            },
            "media_attachments": [],
            "mentions": [],
            "emojis": [],
            "tags": [{"name": tag, "url": f"https://mastodon.example/tags/{tag}"} for tag in post["hashtags"]],
        },
        **more,
    )


def sse(m):
    posts = sorted(
        (post for post in m.posts if post["source"] == "mastodon" and is_brand(post)), key=lambda post: post["time"]
    )[20:32]
    out = [":)\n"]

    def event(name, data):
        out.append(f"event: {name}\ndata: {data}\n\n")

    for i, post in enumerate(posts):
        event("update", dump(status(post, visibility="private" if i == 7 else "public")).decode())
        if i == 4:
            out.append(":thump\n")
        if i == 5:
            edited = dict(post, text=post["text"] + " (edited: typo)")
            event("status.update", dump(status(edited, edited_at=stamp(millis(post["time"]) + 60_000))).decode())
        if i == 9:
            event("delete", posts[2]["id"].rsplit("/", 1)[1])
        if i == 10:
            event("filters_changed", "")
    return "".join(out).encode()


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    m = Maker()
    story(m)
    reposts(m, 40)
    deletes(m, 25, but=edits(m, 25))
    repeats(m, 40)
    broken(m)
    lines = sorted(m.lines, key=lambda line: line[:2])
    (folder / "posts.ndjson").write_bytes(b"".join(line + b"\n" for _, _, line in lines))
    (folder / "bluesky.jetstream.ndjson").write_bytes(jetstream(m))
    (folder / "mastodon.sse").write_bytes(sse(m))


if __name__ == "__main__":
    main()
