# shellcheck shell=bash
# Apache Kafka for with-services: one node that is broker and controller, run from its jars.
# Uses folder, pids, launch, free_port, await_end, give_up, say and fail of with-services.
# shellcheck disable=SC2154

readonly kafka_oldest_java=17
readonly kafka_jars=$services/../target/kafka-libs
readonly kafka_cluster_id=aW5zaWdodHMtcmVzdWx0cw # "insights-results" in base64; any 16 bytes work

kafka_start() {
  kafka_check_java
  kafka_fetch_jars

  say "starting Apache Kafka ($(basename "$kafka_jars"/kafka_2.13-*.jar .jar)) .."
  kafka_format
  kafka_launch
}

kafka_check_java() {
  local version
  version=$(java -version 2>&1 | grep --only-matching 'version "[0-9]*' | grep --only-matching '[0-9]*$') || version=0
  ((version >= kafka_oldest_java)) ||
    fail "Kafka needs Java $kafka_oldest_java or newer and $(command -v java) is $version:" \
      "put a newer version first in PATH, or set TEST_KAFKA_BROKERS"
}

# Downloads the jars, about 43 MB, unless the copy of pom.xml beside them is current. They are moved into place together,
# so that an interrupted download leaves no incomplete folder.
kafka_fetch_jars() {
  local pom=$services/kafka/pom.xml fetched output
  if cmp --silent "$pom" "$kafka_jars/pom.xml"; then return; fi

  say "downloading Apache Kafka's jars with Maven .."
  mkdir -p "$kafka_jars/.."
  fetched=$(mktemp -d "$kafka_jars.XXXXXX")
  output=$(mvn -q -B -f "$pom" dependency:copy-dependencies -DoutputDirectory="$(realpath "$fetched")" 2>&1) || {
    rm -rf "$fetched"
    echo "$output" >&2
    fail "Maven could not download Apache Kafka: see its message above, or set TEST_KAFKA_BROKERS to use another broker"
  }
  cp "$pom" "$fetched"
  chmod 755 "$fetched" # mktemp gives access to its user only
  rm -rf "$kafka_jars"
  mv -T "$fetched" "$kafka_jars"
}

# A second listener is for the user "service", to whom the authorizer grants only what a test grants. Clients of the
# first one may do everything.
#
# Replication factors are one and delays are zero, unlike in production. With one partition in the internal topics, the
# first consumer does not wait for the creation of fifty.
kafka_configure() {
  kafka_port=$(free_port 24000)
  kafka_limited_port=$(free_port 32000)
  local controller_port login=org.apache.kafka.common.security.plain.PlainLoginModule
  controller_port=$(free_port 28000)
  cat >"$folder/kafka.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$kafka_port,LIMITED://127.0.0.1:$kafka_limited_port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port,LIMITED://127.0.0.1:$kafka_limited_port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LIMITED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$folder/kafka

authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
listener.name.limited.sasl.enabled.mechanisms=PLAIN
listener.name.limited.plain.sasl.jaas.config=$login required user_service="limited";

num.partitions=1
auto.create.topics.enable=false
message.max.bytes=60000000
replica.fetch.max.bytes=60000000

offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1

group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
EOF
}

# With little memory and fast compilation, because a broker for tests runs for minutes only.
kafka_command=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$kafka_jars/*"
  "-Dlog4j2.configurationFile=$services/kafka/log4j2.properties")

kafka_format() {
  kafka_configure
  "${kafka_command[@]}" kafka.tools.StorageTool format --cluster-id "$kafka_cluster_id" \
    --config "$folder/kafka.properties" >"$folder/kafka.log" 2>&1 ||
    give_up kafka "could not format its storage"
}

# Chooses new ports, so that it can be called again when a port was taken.
kafka_launch() {
  kafka_configure
  launch kafka setpriv --pdeathsig KILL "${kafka_command[@]}" kafka.Kafka "$folder/kafka.properties"
}

kafka_ready() {
  grep -q 'Kafka Server started' "$folder/kafka.log" && (exec 3<>"/dev/tcp/127.0.0.1/$kafka_port") 2>/dev/null
}

kafka_brokers() { echo "127.0.0.1:$kafka_port"; }

# The listener of the user "service", whose password is "limited".
kafka_limited_brokers() { echo "127.0.0.1:$kafka_limited_port"; }

# The folder of the topics' segments.
kafka_data() { echo "$folder/kafka"; }

# An orderly stop would take seconds, for data that is removed next.
kafka_stop() {
  kill -KILL "${pids[kafka]}" 2>/dev/null || return 0
  await_end "${pids[kafka]}"
}
