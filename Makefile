# Two commands matter: `make demo` and `make test`. Both make the environment first, from the hashed
# lock, with nothing but Python >= 3.11 and make. `make help` lists the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements-dev.lock

# The stamp's name holds the lock's checksum: a new lock makes a new environment, nothing else does.
STAMP := $(VENV)/.made-from-$(shell cksum < $(LOCK) | tr ' ' '-')
INSTALLED := $(VENV)/.installed

# The first interpreter that is new enough; PYTHON=/path/to/python overrides.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell \
	$(p) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))

PYTEST_ARGS ?=
BENCH ?= lifecycle

.PHONY: help
help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- environment

.PHONY: venv
venv: $(INSTALLED) ## make .venv from the hashed lock (uv if present, else pip)

# The lock is complete, so pip is told not to resolve: its resolver knows no hash for `sqlalchemy[asyncio]`.
$(STAMP): | $(LOCK)
	@test -n "$(PYTHON)" || { echo "make: need Python >= 3.11 with venv and pip (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "making $(VENV) from $(LOCK), once per lock"
	@rm -rf $(VENV)
	@{ command -v uv >/dev/null 2>&1 \
		&& uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV) \
		&& uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python $(LOCK) ; } \
	|| { rm -rf $(VENV) \
		&& $(PYTHON) -m venv $(VENV) \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $(LOCK) ; }
	@touch $@

# Our own metadata (the console script) follows pyproject.toml without making the environment anew.
# An environment that pip made has pip in it, one that uv made has not.
$(INSTALLED): $(STAMP) pyproject.toml
	@if $(BIN)/python -c 'import pip' 2>/dev/null; \
		then $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ; \
		else uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . ; \
	fi
	@touch $@

.PHONY: lock
lock: ## resolve anew and write both locks (needs uv)
	uv lock
	uv export --quiet --frozen --format requirements-txt --no-emit-project --no-header --no-dev --output-file requirements.lock
	uv export --quiet --frozen --format requirements-txt --no-emit-project --no-header --output-file requirements-dev.lock

# ---------------------------------------------------------------- run

.PHONY: demo
demo: venv ## drive petitions through their whole life in simulated time
	@$(BIN)/xixi demo $(ARGS)

.PHONY: up
up: venv ## start the service on this machine
	@exec $(BIN)/xixi up $(ARGS)

.PHONY: bench
bench: venv ## measure ours beside the raw floor (BENCH=lifecycle|transition|timers|…)
	@$(BIN)/python -m tests.bench $(BENCH) $(ARGS)

# ---------------------------------------------------------------- prove

# The suite starts hundreds of processes: where the environment forbids bytecode each would compile everything anew.
test test-fast: export PYTHONDONTWRITEBYTECODE =

.PHONY: test
test: venv ## the whole suite, on real SQLite and real PostgreSQL
	@$(BIN)/python -m pytest --quiet --numprocesses 2 -m "not prefect" $(PYTEST_ARGS)
	@# A Prefect server takes a core for itself: its tests run alone.
	@$(BIN)/python -m pytest --quiet -m prefect $(PYTEST_ARGS)

.PHONY: test-fast
test-fast: venv ## the core only: seconds
	@$(BIN)/python -m pytest --quiet tests/core $(PYTEST_ARGS)

.PHONY: lint
lint: venv ## ruff's rules
	@$(BIN)/ruff check

.PHONY: format
format: venv ## ruff's format, looked at and not changed
	@$(BIN)/ruff format --check

.PHONY: types
types: venv ## mypy --strict over everything
	@$(BIN)/mypy

.PHONY: floors
floors: venv ## imports go downwards only
	@$(BIN)/lint-imports

.PHONY: deadcode
deadcode: venv ## no unused code
	@$(BIN)/vulture

.PHONY: deps
deps: venv ## no unused and no undeclared dependency
	@$(BIN)/deptry .

.PHONY: lockcheck
lockcheck: venv ## the locks agree with pyproject.toml, are hashed and name no address
	@$(BIN)/python -m pytest --quiet tests/test_locks.py

.PHONY: check
check: lint format types floors deadcode deps lockcheck ## all that CI runs before the tests

.PHONY: docs
docs: venv ## write the pages that are made from code
	@$(BIN)/python -m xixi_workflow.core.lifecycle_page > docs/lifecycle.md

.PHONY: clean
clean: ## remove the environment, caches and build products
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
