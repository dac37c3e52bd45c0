# Torg. `make help` lists what there is; `make check` is what CI runs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORTS ?= fixed
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
BUS ?= postgres
BIN := .venv/bin
SERVICES := ingest classifier journal responder
PACKAGES := shared $(SERVICES:%=services/%) simulator operations
STAMP := .venv/.installed
LOCK := uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --no-emit-package torg-shared
OWN := -c requirements/dev.txt --group build
# pip may be far from its index: it tries again before it gives up
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 10 --timeout 60 --no-compile

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: install
install: $(STAMP) ## The virtual environment: pinned packages first, then ours (two steps, see CONTRIBUTING)

# one install at a time: `make run` and `make demo` may be started together
$(STAMP): requirements/dev.txt $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null || \
		{ echo "Torg trenger Python 3.11 eller nyere: installer den (Debian: apt-get install python3.11 python3.11-venv), eller pek på den med PYTHON=/sti/til/python3.11" >&2; exit 1; }
	@[ -x $(BIN)/python ] && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || \
		{ echo "Det virtuelle miljøet kan ikke lages: installer python3-venv, og prøv igjen" >&2; exit 1; }
	@echo "Installerer pakker i .venv …"
	@$(PIP) --require-hashes -r requirements/dev.txt || \
		{ echo "Pakkene kan ikke hentes: er nettet og pakkelageret tilgjengelig? Prøv igjen med make install" >&2; exit 1; }
	@$(PIP) --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

.PHONY: lock
lock: $(STAMP) ## Write requirements/*.txt from the pyproject files (UPGRADE=--upgrade for newer versions)
	$(BIN)/$(LOCK) $(UPGRADE) --group dev $(PACKAGES:%=%/pyproject.toml) -o requirements/dev.txt
	$(foreach one,$(SERVICES),$(BIN)/$(LOCK) $(OWN) services/$(one)/pyproject.toml shared/pyproject.toml -o requirements/$(one).txt;)
	$(BIN)/$(LOCK) $(OWN) simulator/pyproject.toml -o requirements/simulator.txt
	$(BIN)/$(LOCK) $(OWN) operations/pyproject.toml shared/pyproject.toml -o requirements/operations.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --group test -o requirements/test.txt

.PHONY: fmt
fmt: $(STAMP) ## Format, and repair what the linter can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(STAMP) ## Format, lint, import contracts, declared dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	@for one in $(PACKAGES); do (cd $$one && echo "deptry $$one" && $(CURDIR)/$(BIN)/deptry . --no-ansi 2>&1) || exit 1; done

.PHONY: types
types: $(STAMP) ## mypy --strict over all packages and tests
	$(BIN)/mypy

.PHONY: test
test: $(STAMP) ## The test suite (TESTS=tests/journal for a part of it)
	$(BIN)/pytest $(or $(TESTS),tests)

.PHONY: alone
alone: $(STAMP) ## Each service alone in a clean environment, with its pure tests
	$(BIN)/python -m tests.architecture.alone

.PHONY: check
check: lint types test alone ## Everything that CI runs

.PHONY: docs
docs: $(STAMP) ## Write the generated files: event schemas, AsyncAPI, docs/events.md, OpenAPI, golden events
	$(BIN)/python -m tests.architecture.generate

.PHONY: run
run: $(STAMP) ## The whole product on this machine; Ctrl-C stops it (BUS=kafka for Kafka instead of PostgreSQL)
	@exec $(BIN)/python -m torg_ops run --bus $(BUS) --ports $(PORTS)

.PHONY: demo
demo: $(STAMP) ## One message all the way, told as a story (beside a running `make run`)
	@$(BIN)/python -m torg_ops demo

.PHONY: prove
prove: $(STAMP) ## The promises P1-P7 with the tests that prove each, run in full
	@$(BIN)/python -m tests.prove

.PHONY: bench
bench: $(STAMP) ## The measurements of bench/README.md
	$(BIN)/python -m bench

.PHONY: clean
clean: ## Remove what was built; .run (the data of `make run`) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/kafka/libs
