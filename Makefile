# `make demo` sets up and runs a real sweep; `make test` sets up and runs every check.
# Both need only Python 3.11+, pip, make and git. Root is used by `make test` alone, and only to
# install rabbitmq-server and chromium where they are missing; without root their tests are skipped.

PYTHON ?= python3
BIN := .venv/bin
TRIALS ?= 24

.PHONY: help setup demo test chaos soak rabbitmq chromium lint benchmarks screenshots clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/installed ## make .venv and install what is pinned in constraints.txt

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "TrialMQ needs Python 3.11 or newer: make setup PYTHON=python3.12"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup ## run the wake-word sweep on this machine (TRIALS=24)
	@$(BIN)/python -m examples.wakeword.data
	@$(BIN)/trialmq run examples/wakeword/train.py:train --trials $(TRIALS)

lint: setup ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Most tests run real processes, a broker or a browser. On a machine that others use one of them may
# meet a pause: it is tried once more, and listed, so that it can be mended.
test: lint rabbitmq chromium ## style, types and the whole test suite
	$(BIN)/pytest --numprocesses 2 --dist worksteal --reruns 1 -rR

chaos: setup rabbitmq ## the fault matrix with real processes, as one table (ROWS=1,6,20-25)
	$(BIN)/python -m tests.chaos --only "$(ROWS)"

soak: setup rabbitmq ## 20,000 simulated worlds, then the fault matrix three times
	TRIALMQ_WORLDS=20000 $(BIN)/pytest --numprocesses 2 --timeout 0 tests/protocol/test_worlds.py
	for round in 1 2 3; do $(BIN)/python -m tests.chaos || exit 1; done

# The tests start a node of their own from what this installs; a policy keeps the package from
# starting one of the system, and one that is there already is neither used nor touched.
POLICY := /usr/sbin/policy-rc.d
AS_ROOT = $(shell test "$$(id -u)" = 0 || echo sudo -n)

rabbitmq: ## install Debian's rabbitmq-server where it is missing, for its tests
	@if ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-* >/dev/null 2>&1; then exit 0; fi; \
	if ! command -v apt-get >/dev/null || ! $(AS_ROOT) true 2>/dev/null; then \
		echo "rabbitmq-server is missing and cannot be installed here: its tests are skipped"; \
		exit 0; \
	fi; \
	echo "rabbitmq-server is missing: installing it by apt-get, not starting it"; \
	$(AS_ROOT) sh -ec ' \
		if [ ! -e $(POLICY) ]; then \
			trap "rm -f $(POLICY)" EXIT; \
			printf "#!/bin/sh\nexit 101\n" > $(POLICY); chmod 755 $(POLICY); \
		elif $(POLICY) rabbitmq-server start; then \
			echo "$(POLICY) would start it; its tests are skipped"; exit 0; \
		fi; \
		apt-get -qq update; \
		DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
			rabbitmq-server >/dev/null'

chromium: ## install Debian's chromium where it is missing, for the tests of the page
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if ! command -v apt-get >/dev/null || ! $(AS_ROOT) true 2>/dev/null; then \
		echo "chromium is missing and cannot be installed here: its tests are skipped"; \
		exit 0; \
	fi; \
	echo "chromium is missing: installing it by apt-get"; \
	$(AS_ROOT) apt-get -qq update; \
	$(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
		chromium fonts-dejavu-core >/dev/null

screenshots: setup chromium ## the pictures of the page in docs/images
	$(BIN)/python -m docs.screenshots

benchmarks: setup rabbitmq chromium ## every figure of the README, in about ten minutes
	$(BIN)/python -m benchmarks.trials
	$(BIN)/python -m benchmarks.trials --broker amqp
	$(BIN)/python -m benchmarks.reports
	$(BIN)/python -m benchmarks.reports --broker amqp
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.pruning
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.page

clean: ## remove what make made; studies stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
