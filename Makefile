# `make demo` and `make check` each set up what they need in .venv.

PYTHON ?= python3
BIN := .venv/bin
SAMPLE ?= samples/c-move.pcap

.PHONY: demo check lint test clean

demo: .venv/installed
	$(BIN)/dicomsniff show $(SAMPLE)

check: lint test

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: .venv/installed
	$(BIN)/pytest

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
