#!/usr/bin/env bash
# A short run of tests/chaos/run.sh: every crash point and every other fault at least once.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

need_kafka
have redis-server || {
  skip "chaos" "no Redis: there is no redis-server here"
  exit 0
}
check "29 faults, each kind and each crash point: all counters exact" \
  env HARK_TEST_BUILD="$(dirname "$hark")" "$hark_root/tests/chaos/run.sh" --faults 29 --seed "${HARK_TEST_SEED:-7}" --pause 0.8 --keep "$work/chaos"
grep -E '^(seed|crash points|posts)' "$work/check.out" || true
