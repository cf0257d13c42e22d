#!/usr/bin/env bash
# Runs one Apache Kafka broker (KRaft mode, no ZooKeeper) for this machine alone.
#
# usage: deploy/kafka/broker.sh fetch                      jars into the cache folder, unless they are there
#        deploy/kafka/broker.sh up DIR PORT CONTROLLER     starts it on 127.0.0.1:PORT, data in DIR/kafka, log in DIR/kafka.log;
#                                                          the properties in DIR/kafka.more.properties are added, where it is
#        deploy/kafka/broker.sh down DIR                   stops it, the data stays
#        deploy/kafka/broker.sh tool CLASS ARGUMENT...     runs one of Kafka's own tools, such as org.apache.kafka.tools.TopicCommand
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

POM=$hark_root/deploy/kafka/pom.xml
VERSION=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$POM")
JARS=$hark_cache/kafka-$VERSION
HEAP=(-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)
LOGGING=(-Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info
  -Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX")

need_java() { java_bin || die 2 "Kafka needs Java 17 or newer; deploy/packages.sh --kafka installs it"; }

# The folder is complete once it holds the pom that it was filled from: an interrupted download, or another pom, starts anew.
fetched() { cmp -s "$POM" "$JARS/complete"; }

fetch() {
  fetched && return
  have mvn || die 2 "fetching Kafka needs mvn; deploy/packages.sh --kafka installs it"
  mkdir -p "$hark_cache"
  exec 9>"$JARS.lock"
  flock 9
  fetched && return
  rm -rf "$JARS"
  step "fetching Kafka $VERSION (46 MB)" mvn -B -f "$POM" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$JARS" || die 2 "Kafka's jars cannot be had through Maven"
  cp "$POM" "$JARS/complete"
  flock -u 9
}

write_properties() {
  local dir=$1 port=$2 controller=$3
  cat >"$dir/kafka.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/kafka
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
END
  [[ ! -f $dir/kafka.more.properties ]] || cat "$dir/kafka.more.properties" >>"$dir/kafka.properties"
}

# The first character of an id must not be a dash, or the tool takes it for an option: none is used.
cluster_id() { head -c 16 /dev/urandom | base64 | tr '+/' 'xy' | cut -c1-22; }

run_java() {
  local java
  java=$(need_java) || return
  "$java" "${HEAP[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$JARS/*" "$@"
}

started() { grep -q 'Kafka Server started' "$1/kafka.log"; }

up() {
  local dir=$1 port=$2 controller=$3 java
  proc_pid "$dir" kafka >/dev/null && return
  java=$(need_java)
  fetch
  port_open "$port" && die 2 "127.0.0.1:$port is in use; Kafka needs it"
  port_open "$controller" && die 2 "127.0.0.1:$controller is in use; Kafka's controller needs it"
  mkdir -p "$dir/kafka"
  write_properties "$dir" "$port" "$controller"
  [[ -f $dir/kafka/meta.properties ]] || run_java kafka.tools.StorageTool format -t "$(cluster_id)" \
    -c "$dir/kafka.properties" >"$dir/kafka-format.log" 2>&1 || die 3 "Kafka's format failed, see $dir/kafka-format.log"
  proc_start "$dir" kafka "$java" "${HEAP[@]}" "${LOGGING[@]}" -cp "$JARS/*" kafka.Kafka "$dir/kafka.properties"
  if ! proc_ready "$dir" kafka 60 started "$dir"; then
    proc_stop "$dir" kafka
    die 2 "Kafka did not start"
  fi
}

case "${1:-}:$#" in
  fetch:1) fetch ;;
  up:4) up "$2" "$3" "$4" ;;
  down:2) proc_stop "$2" kafka ;;
  tool:*)
    fetch
    run_java "${@:2}"
    ;;
  help:1 | --help:1) usage "$0" ;;
  *)
    usage "$0" >&2
    exit 1
    ;;
esac
