# Each of these sets up what it needs in .venv: `make test` is the quick loop, `make check` is everything.

PYTHON ?= python3
BIN := .venv/bin
SAMPLE ?= samples/c-move.pcap
PYTHONS ?= $(PYTHON)
FUZZ_SECONDS ?= 600
FUZZ_JOBS ?= 2
FUZZ_CORPORA ?=
READING := $(addprefix tests/,capture tcp engine pdu export/test_transcript.py)
PYTEST := $(BIN)/pytest --numprocesses auto --dist worksteal
BENCH_MB ?= 1000
BENCH_CAPTURE ?= /tmp/dicomsniff-bench-$(BENCH_MB).pcap

# The tests start the program hundreds of times: it is compiled once for all of them.
unexport PYTHONDONTWRITEBYTECODE
.DELETE_ON_ERROR:
.PHONY: demo check check-both lint test docs site site-check package-check bench fuzz clean

# Only what the program itself needs is installed for it.
demo: .venv/usable
	$(BIN)/dicomsniff show $(SAMPLE)

# What reads captures is tested again without the compiled loops (dicomsniff/capture/loops.py); `check-both` tests all.
check: lint
	$(PYTEST)
	DICOMSNIFF_PURE=1 $(PYTEST) -m 'not slow' --hypothesis-profile quick $(READING)

check-both: lint
	$(PYTEST)
	DICOMSNIFF_PURE=1 $(PYTEST)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The quick loop, a minute and a half on two cores: properties are tried on a fifth of their examples.
test: .venv/installed
	$(PYTEST) -m 'not slow' --hypothesis-profile quick

docs: .venv/installed
	$(BIN)/python -m docs.make

# The pages as a site, in build/site; it asks nobody for fonts or scripts.
site: .venv/installed
	$(BIN)/mkdocs build --quiet

# The site, its links, and that it asks nobody for anything: a test of `check` does the same.
site-check: site
	$(BIN)/python -m docs.check_site build/site

# Wheel and sdist, installed where nothing else is, by each Python that PYTHONS names.
package-check: .venv/installed
	$(BIN)/python -m docs.check_package $(PYTHONS)

# Root records real traffic where DCMTK and tcpdump are installed; anybody else gets a synthetic capture.
bench: .venv/installed $(BENCH_CAPTURE)
	$(BIN)/python benchmarks/run.py $(BENCH_CAPTURE) $(if $(shell command -v tshark),--tshark)

$(BENCH_CAPTURE): | .venv/installed
	$(BIN)/python benchmarks/make_capture.py $@ --size $(BENCH_MB)

fuzz: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS) --jobs $(FUZZ_JOBS) --corpora $(FUZZ_CORPORA)

.venv/usable: pyproject.toml hatch_build.py dicomsniff/capture/inner.py dicomsniff/capture/inner.pxd
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed: .venv/usable
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
