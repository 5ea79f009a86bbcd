# shellcheck shell=bash
# PostgreSQL for with-services: a database cluster in the temporary folder.
# Uses folder, pids, launch, free_port, await_end, give_up, say and fail of with-services.
# shellcheck disable=SC2154

readonly postgres_oldest=15
readonly postgres_user=aggregator

postgres_start() {
  postgres_bin=$(postgres_find)
  postgres_password=$(</proc/sys/kernel/random/uuid) # unique, so that tests can search logs for it
  postgres_as=()
  mkdir "$folder/postgres"
  echo "$postgres_password" >"$folder/postgres/password"
  if ((EUID == 0)); then postgres_leave_root; fi

  say "starting PostgreSQL ($("$postgres_bin/postgres" --version)) .."
  postgres_initialise
  postgres_launch
}

# The newest version of Debian's packages, or else the version in PATH.
postgres_find() {
  local bin version
  bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort --version-sort | tail -n 1) ||
    bin=$(dirname "$(command -v postgres)")
  version=$("$bin/postgres" --version | grep --only-matching --max-count=1 '[0-9]\+' | head -n 1)
  ((version >= postgres_oldest)) ||
    fail "PostgreSQL $version in $bin is too old: install $postgres_oldest or newer, or set TEST_DATABASE_URL"
  echo "$bin"
}

# PostgreSQL refuses to run as root.
postgres_leave_root() {
  id postgres >/dev/null 2>&1 ||
    fail "PostgreSQL refuses to run as root and there is no user 'postgres': add one, or set TEST_DATABASE_URL"
  chown -R postgres "$folder/postgres"
  postgres_as=(setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups)
}

postgres_initialise() {
  "${postgres_as[@]}" env --chdir="$folder/postgres" "$postgres_bin/initdb" \
    --pgdata=data --username="$postgres_user" --pwfile=password --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$folder/postgres.log" 2>&1 ||
    give_up postgres "could not be initialised"
}

postgres_launch() {
  local settings=(-c listen_addresses=127.0.0.1 -c max_connections=200 -c unix_socket_directories="$folder/postgres")
  if [[ ${WITH_DURABLE_POSTGRES:-} != 1 ]]; then
    settings+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
  fi
  postgres_port=$(free_port 20000)
  launch postgres "${postgres_as[@]:-env}" setpriv --pdeathsig INT env --chdir="$folder/postgres" \
    "$postgres_bin/postgres" -D data -p "$postgres_port" "${settings[@]}"
}

postgres_ready() { "$postgres_bin/pg_isready" --quiet --host=127.0.0.1 --port="$postgres_port"; }

postgres_url() { echo "postgres://$postgres_user:$postgres_password@127.0.0.1:$postgres_port/postgres"; }

# INT is the fast shutdown, which closes connections.
postgres_stop() {
  kill -INT "${pids[postgres]}" 2>/dev/null || return 0
  await_end "${pids[postgres]}" || kill -QUIT "${pids[postgres]}"
}
