# Common tasks; `make` without a target lists them. ARGS passes arguments: make demo ARGS='--help'

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test fault-points coverage bench-hostile bench-ingest bench-query lint fmt services web schema clean

CARGO_DENY := 0.20.2
CARGO_LLVM_COV := 0.9.1
CARGO_MACHETE := 0.9.2
PACKAGE := insights-results-aggregator
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## builds the service and starts it with an embedded broker, database, producer and GraphiQL
	@services/install build web
	@web/build
	@echo "demo: building the service (the first build takes minutes) .."
	@cargo build --locked
	@exec $(TARGET)/debug/$(PACKAGE) demo $(ARGS)

test: ## runs all tests, against a real PostgreSQL, a real PgBouncer and a real Kafka
	@services/install build web browser pgbouncer
	@web/build
	@services/node-modules examples/typescript tests/apollo tests/graphql-http tests/graphql-js
	@# More threads than processors, because tests mostly wait for Kafka.
	RUST_TEST_THREADS=4 services/with-services cargo test --workspace --locked $(ARGS)
	$(if $(ARGS),,@$(MAKE) --no-print-directory fault-points)

fault-points: ## runs the tests that end the process between steps of a message (separate build; part of `make test`)
	@services/install build
	@web/build
	RUST_TEST_THREADS=4 services/with-services cargo test --workspace --locked --features $(PACKAGE)/fault-points --test end_to_end $(or $(ARGS),fault_points::)

coverage: ## runs all tests and reports the lines they reach (separate build: minutes)
	@services/install build web browser pgbouncer
	@web/build
	@services/node-modules examples/typescript tests/apollo tests/graphql-http tests/graphql-js
	@rustup component add llvm-tools
	@$(call cargo-tool,cargo-llvm-cov,$(CARGO_LLVM_COV))
	RUST_TEST_THREADS=4 services/with-services cargo llvm-cov --workspace --exclude tidy --locked --html --output-dir $(TARGET)/coverage $(ARGS)
	@cargo llvm-cov report
	@echo "coverage: report in $(TARGET)/coverage/html/index.html"

lint: ## checks formatting, the schema, clippy, documentation, and the dependencies
	@services/install build web
	@services/node-modules tools/schema-lint
	cargo fmt --all --check
	tools/schema-lint/node_modules/.bin/eslint --config tools/schema-lint/eslint.config.mjs schema.graphql examples/queries
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked
	@$(call cargo-tool,cargo-deny,$(CARGO_DENY))
	cargo deny --locked check --hide-inclusion-graph bans licenses sources
	@$(call cargo-tool,cargo-machete,$(CARGO_MACHETE))
	cargo machete

bench-hostile: ## measures a small query beside the most expensive admitted requests (release build: minutes)
	@services/install build load
	@web/build
	WITH_DURABLE_POSTGRES=1 services/with-services cargo bench --locked --bench hostile -- $(ARGS)

bench-ingest: ## compares ingestion with the original's method, on Kafka and a durable PostgreSQL (release build: minutes)
	@services/install build
	@web/build
	WITH_DURABLE_POSTGRES=1 services/with-services cargo bench --locked --bench ingest -- $(ARGS)

bench-query: ## compares reads with hand-written handlers, on a durable PostgreSQL (release build: minutes)
	@services/install build load
	@web/build
	WITH_DURABLE_POSTGRES=1 TEST_KAFKA_BROKERS=none services/with-services cargo bench --locked --bench query -- $(ARGS)

fmt: ## formats the Rust code
	cargo fmt --all

services: ## starts PostgreSQL and Kafka, prints their addresses, and stops them on Ctrl-C
	@services/with-services

web: ## builds web/dist, the pages that the binary embeds
	@services/install web
	@web/build

schema: ## generates schema.graphql from the code
	@services/install build
	cargo build --locked
	$(TARGET)/debug/$(PACKAGE) schema > $(TARGET)/schema.graphql
	mv $(TARGET)/schema.graphql schema.graphql

clean: ## removes build results and installed packages
	cargo clean
	rm -rf web/dist target/kafka-libs examples/typescript/dist fuzz/target
	rm -rf {web,examples/typescript,tests/apollo,tests/graphql-http,tests/graphql-js,tools/schema-lint}/node_modules

# cargo-tool NAME,VERSION: installs the tool unless this version is installed.
define cargo-tool
$(1:cargo-%=cargo %) --version 2>/dev/null | grep -qwF '$(2)' || \
{ echo "tools: installing $(1) $(2) (a minute or two) .."; cargo install --locked --quiet $(1) --version $(2); }
endef
