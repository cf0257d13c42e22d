#!/usr/bin/env bash
# Breaks everything around hark match while posts go through, and checks that the counters are exact.
#
# usage: tests/chaos/run.sh [--faults N] [--seed S] [--rate N] [--keep DIR]
#   --faults N   how many faults (40); the first ones are each crash point and each other kind once
#   --seed S     of the posts and of the faults (1)
#   --rate N     posts a second while nothing waits (400)
#   --keep DIR   leaves logs and data in DIR
#
# Runs a Kafka broker, two Redis servers (one the other's replica) and two to three `hark match` of build/test of its own.
# Faults: kill -9 at each crash point, anywhere else, SIGTERM once and twice, SIGSTOP past the session time-out (a zombie),
# a matcher more or less; Redis killed, its append-only file cut at a random byte, a replica that lagged in its place, FLUSHALL,
# SCRIPT FLUSH, CLIENT KILL, full; connections cut, also in the middle of a reply, and held up; Kafka killed and stopped.
# Posts are created, repeated, edited, deleted, late, early and overtaken all along.
#
# Checks: while it runs, that each partition's count belongs to its stored offset; at checkpoints and at the end, that
# `hark verify` and a recount of the log that shares no code with hark both find every counter equal; at the end, that every
# match, alert and retraction is on its topic. Status 1 where a check fails; what failed is printed, with the logs' place.
# shellcheck source=../../deploy/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

case "${1:-}" in
  -h | --help | help)
    usage "$0"
    exit
    ;;
esac
for command in redis-server kcat python3; do have $command || die 2 "$command is missing; deploy/packages.sh installs it"; done
own_settings_only
[[ -n ${HARK_TEST_BUILD:-} ]] || build_hark test
"$hark_root/deploy/kafka/broker.sh" fetch
exec python3 "$hark_root/tests/chaos/chaos.py" "$@"
