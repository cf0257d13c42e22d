#!/usr/bin/env python3
"""Writes posts and rules to measure hark with, and the truth about them.

usage: workload.py OUT_DIR [POSTS=200000] [SHARE=0.05]

OUT_DIR/posts.ndjson   canonical posts (hark.post/1) of made-up words, SHARE of them naming one of the first 100 brands
OUT_DIR/rules-N/       rule files for the first N of 10,000 brands (100, 1000, 10000), 1,000 brands a file, with three intents
OUT_DIR/expect.txt     "post-id brand intent" (`mention`: the brand is named), sorted; the same for every N

No word of a text is a part of a brand's name or of an intent's phrase but where one was put in, so the truth is known without a
matcher. The same arguments give the same files (SEED in the environment gives others).
"""
import datetime
import json
import os
import random
import sys

INTENTS = {
    'want': ['i want this', 'wish i had one', "i'd love it"],
    'need': ['i need this', 'must have', 'in need of'],
    'complaint': ['so disappointed', 'still waiting', 'never again'],
}
STARTS, VOWELS, ENDS = 'bdfgklmnprst', 'aeiou', 'lnrs'


def made_up(rnd, syllables):
    return ''.join(rnd.choice(STARTS) + rnd.choice(VOWELS) for _ in range(syllables)) + rnd.choice(ENDS)


def brands(rnd, n):
    """Names of two words that begin with z, which no other word does."""
    seen = {}
    while len(seen) < n:
        first, second = 'z' + made_up(rnd, 2)[1:], 'z' + made_up(rnd, 2)[1:]
        seen.setdefault(first + second, (first, second))
    return [(name, first.capitalize() + second.capitalize(), first + ' ' + second)
            for name, (first, second) in seen.items()]


def write_rules(folder, named):
    os.makedirs(folder + '/intents', exist_ok=True)
    for intent, phrases in INTENTS.items():
        with open(f'{folder}/intents/{intent}.yaml', 'w') as f:
            f.write(f'intent: {intent}\nabout: Measured.\nphrases:\n  en: {json.dumps(phrases)}\n')
    for at in range(0, len(named), 1000):
        with open(f'{folder}/brands-{at:06d}.yaml', 'w') as f:
            for name, tag, keyword in named[at:at + 1000]:
                f.write(f'---\nbrand: {name}\nteam: bench\nlisten:\n  hashtags: [{tag}]\n  keywords: [{keyword}]\n'
                        'intents: [want, need, complaint]\n')


def post(rnd, number, text, tags):
    author = rnd.randrange(40000)
    at = datetime.datetime(2026, 11, 20) + datetime.timedelta(milliseconds=number * 432)
    return {
        'schema': 'hark.post/1', 'id': f'at://did:plc:{rnd.getrandbits(96):024x}/app.bsky.feed.post/{number:013d}',
        'source': 'bluesky', 'op': 'create', 'time': at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z', 'text': text,
        'lang': ['en'], 'hashtags': tags, 'mentions': [], 'links': [],
        'url': f'https://bsky.app/profile/user{author}.bsky.social/post/{number:013d}',
        'author': {'id': f'did:plc:{author:024x}', 'handle': f'user{author}.bsky.social', 'followers': author % 5000},
        'engagement': {'likes': rnd.randrange(50), 'reposts': rnd.randrange(9), 'replies': rnd.randrange(9)},
    }


def compose(rnd, words, named, share):
    """Text, its hashtags, and what it hits: brand and intents."""
    text, tags, brand, intents = [rnd.choice(words) for _ in range(rnd.randint(8, 40))], [], None, []
    if rnd.random() < 0.2:
        tags.append(rnd.choice(words))
        text.append('#' + tags[-1])
    if rnd.random() < share:
        brand, tag, keyword = rnd.choice(named)
        by_tag = rnd.random() < 0.7
        text.insert(rnd.randint(0, len(text)), '#' + tag if by_tag else keyword.title())
        if by_tag:
            tags.append(tag)
        intents.append('mention')
        if rnd.random() < 0.4:
            intents.append(rnd.choice(list(INTENTS)))
            text.insert(0, rnd.choice(INTENTS[intents[-1]]))
    return ' '.join(text), tags, brand, intents


def main():
    out = sys.argv[1]
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    share = float(sys.argv[3]) if len(sys.argv) > 3 else 0.05
    rnd = random.Random(int(os.environ.get('SEED', 20261121)))
    words = [made_up(rnd, rnd.randint(1, 4)) for _ in range(5000)]
    named = brands(rnd, 10000)
    for count in (100, 1000, 10000):
        write_rules(f'{out}/rules-{count}', named[:count])
    hits = []
    with open(out + '/posts.ndjson', 'w', encoding='utf-8') as f:
        for number in range(n):
            text, tags, brand, intents = compose(rnd, words, named[:100], share)
            made = post(rnd, number, text, tags)
            f.write(json.dumps(made, ensure_ascii=False, separators=(',', ':')) + '\n')
            hits += [f'{made["id"]} {brand} {intent}' for intent in intents]
    with open(out + '/expect.txt', 'w') as f:
        f.write('\n'.join(sorted(hits)) + '\n')
    print(f'{n} posts, {os.path.getsize(out + "/posts.ndjson") // n} bytes each, {len(hits)} hits')


main()
