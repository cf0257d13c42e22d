#!/usr/bin/env bash
# A few of the planted bugs of tests/mutants: the way there works, and these are caught. tests/mutants/run.sh tries all.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

have redis-server || {
  skip "mutants" "no Redis: there is no redis-server here"
  exit 0
}
check "3 planted bugs are caught" "$hark_root/tests/mutants/run.sh" position-not-compared repeat-counts retraction-not-sent
