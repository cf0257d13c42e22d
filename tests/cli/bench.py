#!/usr/bin/env python3
"""`hark bench match` measures a made workload: what it prints is complete and agrees with itself. Not how fast it is."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harklib import equal, hark, main, test


def lines(*args):
    rows = []
    for line in hark("bench", "match", "--posts", 2000, *args).stdout.splitlines():
        what, *pairs = line.split(" ")
        rows.append({"what": what, **dict(pair.split("=") for pair in pairs)})
    return rows


@test
def every_post_that_names_a_brand_is_found_whatever_the_number_of_brands():
    rows = lines("100", "1000")
    equal([row["what"] for row in rows], ["start", *["match"] * 4, "scan", "patterns"] * 2 + ["hostile"], "lines")
    for few, many in zip(rows[:7], rows[7:14]):
        equal((few["brands"], many["brands"]), ("100", "1000"), "brands")
        if few["what"] == "match":
            equal(few["matches"], many["matches"], f"matches at {few['share']} %")
            assert float(few["p50_us"]) <= float(few["p99_us"]) <= float(few["p999_us"]), few
            assert float(few["decode_all_per_cpu_s"]) > 0 and float(few["posts_per_cpu_s"]) > 0, few
    equal(rows[4]["matches"], "2000", "matches where every post names a brand")
    equal((rows[5]["candidates"], rows[5]["matches"]), (rows[2]["candidates"], rows[2]["matches"]), "what a scan finds")
    hostile = rows[-1]
    assert int(hostile["quarantine_after"]) < 100 and int(hostile["good_matches"]) > 0, hostile
    equal(hostile["with_bad_matches"], hostile["good_matches"], "matches beside a bad rule")
    assert 0 < int(rows[1]["matches"]) < int(rows[2]["matches"]) < int(rows[3]["matches"]) < 2000, rows


@test
def arguments_that_are_wrong_are_told():
    assert "'x' is no number" in hark("bench", "match", "x", status=1).stderr
    assert "unknown measurement 'speed'" in hark("bench", "speed", status=1).stderr
    assert "--redis" in hark("bench", "end-to-end", status=1).stderr


main()
