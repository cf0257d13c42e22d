#!/usr/bin/env bash
# Shows hark at work on this machine: installs the packages it needs, builds it, runs the rules of rules/ over the sample posts
# and prints what was counted. Needs Debian 12 or 13 or Ubuntu 24.04; touches nothing outside build/ and its state folder.
#
# usage: deploy/quickstart.sh [--once]
#   --once   ends after the table; otherwise, in a terminal, it stays and counts the posts that are pasted into it
#
# The table goes to standard output, everything else to standard error. A second start installs nothing, builds nothing and
# counts no post twice: what was counted is kept in ${XDG_STATE_HOME:-~/.local/state}/hark/quickstart; remove it to start anew.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stay() {
  say ""
  say "${bold}hark now reads posts from this terminal.${plain} Paste one, then press Enter; Ctrl-C ends it. For example:"
  say '{"schema":"hark.post/1","id":"my-1","source":"bluesky","op":"create","time":"2026-11-21T10:00:00Z","text":"I really want the new #Quillon"}'
  run_hark run --rules rules --state "$state" --emit matches file:-
}

where_next() {
  cat >&2 <<END

${bold}Where to look next${plain}
  build/release/hark report --state $state       this table again
  build/release/hark explain --rules rules --text 'I really want the new #Quillon'
                                                 why a post hits, or why it does not
  rules/                                         the brands and phrases behind the numbers; after a change
                                                 remove $state and start this again
  deploy/stack.sh demo                           the same job over Kafka, as it runs in production
  README.md                                      the rest
END
}

stays=''
[[ -t 0 && -t 1 ]] && stays=yes
case "$*" in
  '') ;;
  --once) stays='' ;;
  -h | --help)
    usage "$0"
    exit
    ;;
  *) die 1 "unknown option $*; there is --once" ;;
esac

own_settings_only
cd "$hark_root"
state=$hark_state/quickstart
posts=$(sample_posts)
posts=${posts#"$hark_root/"}

"$hark_root/deploy/packages.sh" --build
build_hark release
say "${bold}hark run --rules rules --state $state file:$posts$plain"
run_hark run --rules rules --state "$state" "file:$posts"
run_hark report --state "$state"
where_next
[[ -z $stays ]] || stay
