# `make demo` sets up and runs a real sweep; `make test` sets up and runs every check.
# Both need only Python 3.11+, pip, make and git; nothing here needs root.

PYTHON ?= python3
BIN := .venv/bin
TRIALS ?= 24

.PHONY: help setup demo test lint benchmarks clean

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

test: lint ## style, types and the whole test suite
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

benchmarks: setup ## every figure of the README
	$(BIN)/python -m benchmarks.trials
	$(BIN)/python -m benchmarks.reports
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.pruning

clean: ## remove what make made; studies stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
