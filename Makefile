# The verbs of this repository. CI calls `make test` and nothing else.
# Build outputs that survive a checkout live in the cache folder; it may be deleted at any time.

CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lightwell
export CARGO_TARGET_DIR ?= $(CACHE)/target
export LIGHTWELL_CACHE := $(CACHE)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test lint rust-test ui-test python-test bench dist server wheels ui gen fmt clean

## Build everything, start the server with its page, and let the examples send to it.
run: dist
	scripts/run

## Everything: style, unit tests, and real processes driven from outside.
test: lint rust-test ui-test python-test

lint:
	scripts/setup rust
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo run --quiet -p xtask -- tidy
	cargo run --quiet -p xtask -- gen --check

rust-test:
	cargo test --workspace --exclude lightwell-py --quiet

ui-test: ui
	cd ui && npm run check && npm test

python-test: dist
	cargo build --release --quiet -p lightwell-bench --bin kill
	scripts/python-test

## Measurements, as ratios against the originals in the same run. Takes about an hour.
bench: dist
	scripts/bench

## The server at dist/lightwell, every Python wheel in dist/wheels.
dist: server wheels

server: ui
	@echo "Building the server: some minutes the first time."
	cargo build --release --quiet -p lightwell-cli --features ui
	mkdir -p dist
	install $(CARGO_TARGET_DIR)/release/lightwell dist/lightwell

wheels:
	scripts/wheels

ui: ui/build/index.html

ui/build/index.html: $(shell git ls-files ui)
	cd ui && npm ci --no-audit --no-fund --loglevel=error && npm run build
	touch $@

## Rewrite what is generated and committed.
gen:
	cargo run --quiet -p xtask -- gen

fmt:
	cargo fmt --all

clean:
	rm -rf dist ui/build ui/node_modules
