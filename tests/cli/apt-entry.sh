#!/usr/bin/env bash
# deploy/apt-entry.awk: the backports source that packages.sh writes is the machine's own source with another suite.
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
data=$hark_root/tests/data/deploy

entry() { awk -v suite="$2" -v new="$3" -f "$hark_root/deploy/apt-entry.awk" "$data/$1"; }

# finds NAME FILE SUITE, what is wanted on standard input; nothing means that none is found.
finds() {
  local status=0 want=0
  cat >"$work/want"
  [[ -s $work/want ]] || want=1
  entry "$2" "$3" new >"$work/got" || status=$?
  same "$1" "$work/got" "$work/want"
  equal "$1: status" "$status" "$want"
}

finds "a stanza with its key and options, not the disabled one" debian.sources bookworm <<'END'
Types: deb
URIs: https://mirror.example/debian http://second.example/debian
Suites: new
Components: main contrib
Check-Valid-Until: no
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
END
finds "one of several suites" debian.sources bookworm-updates <<<"$(entry debian.sources bookworm new)"
finds "the last stanza" debian.sources bookworm-security <<'END'
Types: deb
URIs: https://mirror.example/debian-security
Suites: new
Components: main
END
finds "no stanza of sources only" debian.sources trixie </dev/null
finds "no suite that only begins so" debian.sources bookworm-back </dev/null
finds "a line with its options" sources.list bookworm <<'END'
deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg check-valid-until=no ] http://one.example/debian new main contrib
END
finds "a line without options" sources.list trixie <<'END'
deb http://two.example/debian new main
END
finds "no line" sources.list sid </dev/null
