# The habits of this project; `make` alone lists them. Arguments go through ARGS: make demo ARGS='--help'

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test fault-points coverage bench-ingest bench-query lint fmt services web schema clean

CARGO_DENY := 0.20.2
CARGO_LLVM_COV := 0.9.1
CARGO_MACHETE := 0.9.2
PACKAGE := insights-results-aggregator
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## lists what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## builds and starts everything embedded: broker, database, producer, API and pages
	@services/install build web
	@web/build
	@echo "demo: building the service (minutes the first time) .."
	@cargo build --locked
	@exec $(TARGET)/debug/$(PACKAGE) demo $(ARGS)

test: ## runs all tests, against a real PostgreSQL and a real Kafka
	@services/install build web browser
	@web/build
	@services/node-modules examples/typescript tests/apollo tests/graphql-http
	@# More threads than processors: most tests wait for Kafka most of the time.
	RUST_TEST_THREADS=4 services/with-services cargo test --workspace --locked $(ARGS)
	$(if $(ARGS),,@$(MAKE) --no-print-directory fault-points)

fault-points: ## kills the process between any two steps of a message (needs its own build; part of `make test`)
	@services/install build
	@web/build
	RUST_TEST_THREADS=4 services/with-services cargo test --workspace --locked --features $(PACKAGE)/fault-points --test end_to_end $(or $(ARGS),fault_points::)

coverage: ## runs all tests except the fault points and reports which lines they reach (its own build: minutes)
	@services/install build web browser
	@web/build
	@services/node-modules examples/typescript tests/apollo tests/graphql-http
	@rustup component add llvm-tools
	@$(call cargo-tool,cargo-llvm-cov,$(CARGO_LLVM_COV))
	RUST_TEST_THREADS=4 services/with-services cargo llvm-cov --workspace --exclude tidy --locked --html --output-dir $(TARGET)/coverage $(ARGS)
	@cargo llvm-cov report
	@echo "coverage: line by line in $(TARGET)/coverage/html/index.html"

lint: ## formatting, the schema, clippy, documentation, and what the dependencies may be
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

bench-ingest: ## measures ingestion beside the original's way, on real Kafka and a durable PostgreSQL (release build: minutes)
	@services/install build
	@web/build
	WITH_DURABLE_POSTGRES=1 services/with-services cargo bench --locked --bench ingest

bench-query: ## measures reads beside handlers written by hand, on a durable PostgreSQL (release build: minutes)
	@services/install build load
	@web/build
	WITH_DURABLE_POSTGRES=1 TEST_KAFKA_BROKERS=none services/with-services cargo bench --locked --bench query -- $(ARGS)

fmt: ## formats the Rust code
	cargo fmt --all

services: ## starts PostgreSQL and Kafka, prints how to reach them, keeps them until Ctrl-C
	@services/with-services

web: ## builds web/dist, the pages that the binary embeds
	@services/install web
	@web/build

schema: ## writes schema.graphql anew from the code
	@services/install build
	cargo build --locked
	$(TARGET)/debug/$(PACKAGE) schema > $(TARGET)/schema.graphql
	mv $(TARGET)/schema.graphql schema.graphql

clean: ## removes what was built
	cargo clean
	rm -rf web/dist target/kafka-libs examples/typescript/dist fuzz/target
	rm -rf {web,examples/typescript,tests/apollo,tests/graphql-http,tools/schema-lint}/node_modules

# cargo-tool NAME,VERSION: installs it unless it is there in this very version.
define cargo-tool
$(1:cargo-%=cargo %) --version 2>/dev/null | grep -qwF '$(2)' || \
{ echo "tools: installing $(1) $(2) (a minute or two) .."; cargo install --locked --quiet $(1) --version $(2); }
endef
