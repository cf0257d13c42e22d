#!/bin/sh
# Prints the sample as if its day were today, or yesterday where its last post's time of day is still to come: what Redis keeps for
# some days only (minutes, the posts behind a number) is there to look at.
#
# usage: deploy/sample/recent.sh [DAY]
#   DAY   YYYY-MM-DD, in the place of that day
day=${1:-$(date -u -d '15 hours ago 31 minutes ago' +%F)}
LC_ALL=C exec sed "s/2026-11-20/$day/g" "$(dirname "$0")/posts.ndjson"
