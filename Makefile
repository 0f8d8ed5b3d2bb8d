# Souk: `make` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
# The targets start many Python processes. Without bytecode, each compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PORT ?= 8000
PYTHON ?= python3
CONFIG_ENV ?= default
TARGET ?= local
N ?= 150
SEED ?= 1
PARTS ?=

BIN := .venv/bin
STATE := local/.state
VENVS := $(STATE)/venvs
SAM := $(VENVS)/sam/bin/sam
# `sam build` builds the layer with uv, so it must find the project's uv.
SAM_ENV := PATH="$(CURDIR)/$(BIN):$$PATH" SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/$(STATE)/sam-cli"
# The second variable and .checkov.yaml keep checkov from asking its vendor for anything.
CHECKOV := LOG_LEVEL=ERROR BC_SKIP_MAPPING=TRUE $(VENVS)/checkov/bin/checkov
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: help setup run test contract npm-tools soak mutants conformance lint fmt bench bench-imports openapi validate build deploy admin rotate-keys payment-keys \
	smoke import verify repair reindex sweep-payments republish dead-letters rollback release-state requirements address-rules clean

help: ## List these targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.made $(VENVS)/ministack/.made $(VENVS)/sam/.made $(VENVS)/reference/.made ## Install all tools into this folder
	@:

run: setup ## Run the whole shop at http://localhost:8000 until Ctrl-C (another port: PORT=8001)
	@exec $(BIN)/python -m local --port "$(PORT)"

test: setup $(VENVS)/contract/.made ## Run all tests; those in tests/e2e start their own local stack
	@$(BIN)/python -m tests

contract: setup $(VENVS)/contract/.made npm-tools ## Run the tests of the OpenAPI document and of the clients that are generated from it (needs npm)
	@$(BIN)/python -m pytest tests/contract tests/clients tests/e2e/test_clients.py tests/e2e/test_generated_requests.py

npm-tools: $(STATE)/npm/.made ## Install the tools of tests/contract that come from npm
	@:

soak: setup $(VENVS)/contract/.made ## Run the long tests: histories, all pairs of operations, broken links, races (50 minutes of CPU)
	@SOUK_HISTORIES=300 SOUK_HISTORY_STEPS=25 SOUK_MIXED_HISTORIES=60 SOUK_PAIRS=all SOUK_SCHEDULES=24 \
		SOUK_DRILLS_AT_ONCE=2 SOUK_LOSSES=12 $(BIN)/python -m pytest tests/histories \
		tests/products/test_stock_interleavings.py tests/local/test_repair.py --numprocesses auto --dist worksteal
	@SOUK_DISTURBED_ROWS=100000 $(BIN)/python -m pytest tests/files/test_disturbed_imports.py
	@SOUK_RUSHES=200 SOUK_REPEATS=20 $(BIN)/python -m pytest tests/e2e/test_contention.py
	@SOUK_GENERATED=60 SOUK_GENERATED_MIN=6700 SOUK_GENERATED_PHASES=examples,coverage,fuzzing,stateful \
		$(BIN)/python -m pytest tests/e2e/test_generated_requests.py

mutants: .venv/.made ## Put small faults into the code, and list those that no test notices (N=150 SEED=1 PARTS=stock,pricing)
	@$(BIN)/python -m tests.mutants --count "$(N)" --seed "$(SEED)" --parts "$(PARTS)"

conformance: .venv/.made ## Run the tests of the functions on AWS's own DynamoDB Local (needs a JDK 17 and npm)
	@$(BIN)/python -m tests.conformance

lint: .venv/.made ## Check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fmt: .venv/.made ## Format the code and apply the safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/.made $(VENVS)/bench/.made ## Measure what has a budget, and print each value beside its budget (WRITE=1 writes docs/performance.md)
	@$(BIN)/python -m benchmarks $(if $(filter 1,$(WRITE)),--write)

bench-imports: .venv/.made ## Import files of up to a million rows through the real functions, and measure them (10 minutes)
	@$(BIN)/python -m benchmarks large_imports

openapi: .venv/.made ## Generate the OpenAPI and AsyncAPI documents from the code
	@$(BIN)/python docs/openapi.py
	@$(BIN)/python docs/asyncapi.py

validate: .venv/.made $(VENVS)/sam/.made $(VENVS)/checkov/.made ## Check template.yaml with the SAM CLI, cfn-lint and checkov
	@$(SAM_ENV) AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml
	@$(BIN)/cfn-lint template.yaml
	@# checkov reads no loops, so it checks what CloudFormation makes of the template too.
	@AWS_DEFAULT_REGION=us-east-1 $(BIN)/python -m tests.template.stack > $(STATE)/translated.json
	@$(CHECKOV) --file template.yaml $(STATE)/translated.json

build: .venv/.made $(VENVS)/sam/.made ## Build for AWS
	@$(SAM_ENV) $(SAM) build
	@$(SAM_ENV) $(BIN)/python -m local.bundle .aws-sam/build

deploy: .venv/.made $(VENVS)/sam/.made ## Deploy to AWS (CONFIG_ENV=default, a development stack, or prod)
	@$(BIN)/python -m local.aws_failures "$(CONFIG_ENV)"
	@$(MAKE) build
	@$(SAM_ENV) $(SAM) deploy --config-env "$(CONFIG_ENV)"

admin: .venv/.made ## Make an account an admin: EMAIL=ada@example.com (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" admin "$(EMAIL)"

rotate-keys: .venv/.made ## Rotate the keys that sign tokens, cursors and links (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" rotate-keys

payment-keys: .venv/.made ## Store the payment provider's keys, from PAYMENT_... variables or as you type them (TARGET=default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" payment-keys

smoke: .venv/.made ## Use a deployed shop as a customer and staff do, and say what works (TARGET=local or default, never production)
	@$(BIN)/python -m local.operations --target "$(TARGET)" smoke

verify: .venv/.made ## Check stock, promotions and orders, and report differences (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" verify

repair: .venv/.made ## List what follows from other records and differs; APPLY=1 repairs it (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" repair $(if $(filter 1,$(APPLY)),--apply)

reindex: .venv/.made ## Rebuild the listings and the search index (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" reindex

sweep-payments: .venv/.made ## Have the next payment sweep settle what `make verify` calls overdue (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" sweep-payments

import: .venv/.made ## Import a file of products: FILE=products.csv MAPPING=... DRY_RUN=1 ON_ERROR=... CURRENCY=... (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" import "$(FILE)" --mapping "$(MAPPING)" --on-error "$(ON_ERROR)" \
		--currency "$(CURRENCY)" $(if $(filter 1,$(DRY_RUN)),--dry-run)

republish: .venv/.made ## Publish events that were not relayed: SINCE=2026-11-26T00:00Z UNTIL=... ALL=1 APPLY=1 (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" republish --since "$(SINCE)" --until "$(UNTIL)" \
		$(if $(filter 1,$(ALL)),--all) $(if $(filter 1,$(APPLY)),--apply)

dead-letters: .venv/.made ## Handle failed messages: ACTION=list, show, redrive or purge QUEUE=Mail ID=... MAX=10 APPLY=1 (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" dead-letters --action "$(ACTION)" --queue "$(QUEUE)" \
		--id "$(ID)" --max "$(MAX)" $(if $(filter 1,$(APPLY)),--apply)

rollback: .venv/.made ## Serve the versions from before a release again: BEFORE=2026-11-27T14:00Z APPLY=1 (TARGET=local, default or prod)
	@$(BIN)/python -m local.operations --target "$(TARGET)" rollback --before "$(BEFORE)" $(if $(filter 1,$(APPLY)),--apply)

release-state: .venv/.made ## Record what a release has: tables, indexes and names, its API and its events (CONTRIBUTING.md says when)
	@AWS_DEFAULT_REGION=us-east-1 $(BIN)/python -m tests.template.state
	@$(BIN)/python -m tests.contract.release
	@cp functions/reference/asyncapi.json docs/released/asyncapi.json

requirements: .venv/.made ## Update the hashed requirements files from pyproject.toml
	@$(COMPILE) pyproject.toml --output-file shared/requirements.txt
	@$(COMPILE) --group payments --constraints shared/requirements.txt --output-file functions/orders/payments/requirements.txt
	@$(COMPILE) --group pictures --constraints shared/requirements.txt --output-file functions/pictures/requirements.txt
	@$(COMPILE) pyproject.toml --group dev --constraints shared/requirements.txt --output-file requirements-dev.txt
	@$(COMPILE) --group bootstrap --output-file local/requirements-bootstrap.txt
	@$(COMPILE) pyproject.toml --group bench --constraints shared/requirements.txt --output-file benchmarks/requirements.txt
	@$(COMPILE) --group ministack --output-file local/requirements-ministack.txt
	@$(COMPILE) --group sam --output-file local/requirements-sam.txt
	@$(COMPILE) --group reference --no-deps --output-file local/requirements-reference.txt
	@$(COMPILE) --group addresses --no-deps --output-file local/requirements-addresses.txt
	@$(COMPILE) --group checkov --output-file local/requirements-checkov.txt
	@$(COMPILE) --group contract --output-file local/requirements-contract.txt

address-rules: .venv/.made $(VENVS)/addresses/.made ## Compile the rules of addresses by country from the packages that have them
	@$(BIN)/python -m local.address_rules

clean: ## Delete everything that was built, installed or stored here
	rm -rf .venv .aws-sam $(STATE) .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/.made: requirements-dev.txt local/requirements-bootstrap.txt
	@PYTHON="$(PYTHON)" sh local/make_venv.sh .venv requirements-dev.txt "the project's packages"

$(VENVS)/bench/.made: benchmarks/requirements.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/bench $< "the packages that make bench compares with"

$(VENVS)/ministack/.made: local/requirements-ministack.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/ministack $< "MiniStack, the local AWS"

$(VENVS)/sam/.made: local/requirements-sam.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/sam $< "the SAM CLI"

$(VENVS)/reference/.made: local/requirements-reference.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/reference $< "Scalar, the page of the API reference"

$(VENVS)/addresses/.made: local/requirements-addresses.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/addresses $< "the data of addresses"

$(VENVS)/checkov/.made: local/requirements-checkov.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/checkov $< "checkov"

$(VENVS)/contract/.made: local/requirements-contract.txt | .venv/.made
	@PYTHON="$(PYTHON)" sh local/make_venv.sh $(VENVS)/contract $< "schemathesis and the generator of Python clients"

$(STATE)/npm/.made: tests/contract/package-lock.json
	@sh local/install_npm.sh $(<D) $(@D) "the tools that check the document and generate clients"
