# Every target makes .venv where there is none, installs what it needs, and installs again only
# after pyproject.toml has changed. PYTHON names the interpreter, e.g. make test PYTHON=python3.12

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
comma := ,
installed = $(VENV)/.installed-$(1)
# The workers share the cores among them; a thread pool in each would only make them wait.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help train test check test-peers bench

help:
	@echo 'make train       train the example from end to end'
	@echo 'make test        run the tests and the documentation examples'
	@echo 'make check       formatting, lint, types, import directions, architecture'
	@echo 'make test-peers  compare live with PyTorch and optax (installs both)'
	@echo 'make bench       run the benchmarks (installs the peers)'

train: $(call installed,plot+sklearn)
	$(BIN)/python -m examples.train

test: $(call installed,test)
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

# Each part is a target of its own: `make -k check` tries them all before it fails.
CHECKS := check-format check-lint check-types check-imports check-architecture
.PHONY: $(CHECKS)
check: $(CHECKS)
$(CHECKS): $(call installed,check+test)

check-format:
	$(BIN)/ruff format --check --quiet .

check-lint:
	$(BIN)/ruff check --quiet .

check-types:
	$(BIN)/pyright

check-imports:
	$(BIN)/lint-imports --no-logo

check-architecture:
	$(BIN)/python -m pytest -q tests/architecture

test-peers: $(call installed,peers+test)
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) -m peers $(PYTEST_ARGS) tests

# A file of bench/ is a benchmark if it can be run; the others are what benchmarks share.
bench: $(call installed,bench)
	@for benchmark in $$(grep -l '^if __name__ == "__main__":' bench/*.py); do \
		echo "== $$benchmark"; $(BIN)/python "$$benchmark" || exit 1; \
	done

# pip is the last thing that venv puts in place: with it there, the environment is whole.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"flambeau needs Python 3.11 or newer; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras, joined with `+` in its name.
$(VENV)/.installed-%: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[$(subst +,$(comma),$*)]'
	@touch $@
