#!/usr/bin/env bash
# tests/run.sh itself: what fails, crashes, says nothing or is skipped is counted as such. Runs it in a tree of made-up tests.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

tree=$work/tree
mkdir -p "$tree"/{deploy/kafka,rules,.ci} "$tree"/tests/{cli,integration} "$tree"/build/test/tests/unit
cp "$hark_root"/deploy/lib.sh "$tree/deploy"
cp "$hark_root"/deploy/kafka/broker.sh "$hark_root"/deploy/kafka/pom.xml "$tree/deploy/kafka"
cp "$hark_root"/tests/run.sh "$tree/tests"
cp "$hark_root"/.ci/run "$tree/.ci"
echo 'build all: phony' >"$tree/build/test/build.ninja"

# script FILE, its lines on standard input
script() {
  { echo '#!/bin/sh' && cat; } >"$tree/$1"
  chmod +x "$tree/$1"
}

# run NAME STATUS ARGUMENT...: runs the tests, the output goes to $work/out; checks the status and the closing line.
run() {
  local name=$1 want=$2 closing=$3 status=0
  shift 3
  (cd "$tree" && env -u CI HARK_CI="$ci" tests/run.sh "$@") >"$work/out" 2>"$work/err" || status=$?
  equal "$name: status" "$status" "$want"
  equal "$name: closing line" "$(tail -n 1 "$work/out")" "$closing"
}
says() { check "$1" grep -qxF -- "$2" "$work/out"; }

ci=''
# shellcheck disable=SC2016
script build/test/hark <<<'[ "$1 $2" = "check rules" ] || [ "$1 $2" = "test rules" ]'
script tests/cli/good.sh <<<'echo noise; echo ok one; echo ok two'
run "all is well" 0 "4 passed, 0 failed, 0 skipped" --quick rules cli
check "what passes shows no output" test -z "$(grep noise "$work/out")"

script build/test/tests/unit/test_a <<'END'
printf '1..4\nok 1 - fine\n# 1 != 2\nnot ok 2 - broken\n# no folder\nnot ok 3 # SKIP left\nok 4 # SKIP right\n# not ok - tests\n'
exit 1
END
run "cmocka" 1 "1 passed, 1 failed, 2 skipped" --quick unit
says "a failed unit test shows its output" "    # 1 != 2"
says "a skipped unit test says why" "skip   unit/test_a: left: no folder"
script build/test/tests/unit/test_a <<<'echo "ok 1 - fine"; kill -SEGV $$'
run "a crash after the last test" 1 "1 passed, 1 failed, 0 skipped" --quick unit
script build/test/tests/unit/test_a <<<':'
run "silence" 1 "0 passed, 1 failed, 0 skipped" --quick unit
says "silence says so" "not ok unit/test_a: ran no test"

script tests/cli/bad.sh <<<'echo "why it is bad"; echo "not ok three: wrong"; exit 1'
run "a failure" 1 "2 passed, 1 failed, 0 skipped" --quick cli/
says "a failure shows its output" "    why it is bad"
run "no such test" 1 "" --quick nothing

script tests/cli/bad.sh <<<'echo "skip three: no Kafka: none here"; echo "skip four: no data"'
run "skips" 0 "2 passed, 0 failed, 2 skipped" --quick cli/
says "skips for want of Kafka are counted apart" "skipped for want of Kafka: 1 (cli/bad.sh)"
ci=1
run "skips in CI" 1 "2 passed, 1 failed, 1 skipped" --quick cli/
