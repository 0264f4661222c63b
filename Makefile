# Every command a user or developer needs. `make help` lists them.
# Each installs what it needs into .venv by itself, from requirements/*.txt (pinned, with hashes).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?=
UPSTREAM ?=
ARGS ?=
COVERAGE ?= 90
UNIT := tests/unit/collect tests/unit/detect tests/unit/mitigate tests/unit/test_engine.py

.DEFAULT_GOAL := help
.PHONY: help demo serve test fuzz check bench accuracy drill signals docs lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## a shop, people, bots and Vedette between them, live in this terminal
	@$(BIN)/python -m demo $(ARGS)

serve: $(VENV)/.run  ## protect your own API: make serve UPSTREAM=http://127.0.0.1:8000
	@if [ -z "$(UPSTREAM)$(CONFIG)" ]; then \
	  echo "say what to protect: make serve UPSTREAM=http://127.0.0.1:8000 (or CONFIG=vedette.yaml)" >&2; exit 2; fi
	@$(BIN)/vedette serve $(if $(UPSTREAM),--upstream $(UPSTREAM)) $(if $(CONFIG),--config $(CONFIG)) $(ARGS)

test: $(VENV)/.dev  ## all tests, with real Envoy; branch coverage must reach 90 %
	@$(BIN)/coverage erase
	@echo "kernels as plain Python, for coverage"
	@NUMBA_DISABLE_JIT=1 $(BIN)/pytest -q --no-header --cov --cov-report= $(UNIT)
	@echo "whole worlds, without coverage: counting lines makes them four times as slow"
	@$(BIN)/pytest -q --no-header tests/worlds
	@$(BIN)/pytest --ignore=tests/worlds --cov --cov-append --cov-report=term --cov-fail-under=$(COVERAGE) $(ARGS)

fuzz: $(VENV)/.dev  ## coverage-guided fuzzing of every parser, a minute each (ARGS="--seconds 600 tokens")
	@$(BIN)/python tests/fuzz/run.py $(ARGS)

check: $(VENV)/.dev  ## lint, types, who may import whom, spelling
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

bench: $(VENV)/.dev  ## measure decide, replay, memory and the edge; writes bench/README.md (ARGS=--quick: minutes)
	@$(BIN)/python -m bench $(ARGS)

accuracy: $(VENV)/.dev  ## build, replay and judge the simulated worlds; writes docs/accuracy.md (ARGS=--help)
	@$(BIN)/python -m bench.accuracy $(ARGS)

drill: $(VENV)/.dev  ## real attack tools and Chromium against the protected demo shop (ARGS=--help)
	@$(BIN)/python -m bench.drill $(ARGS)

signals: $(VENV)/.dev  ## what betrays real clients at the real edge; writes docs/signals.md (ARGS=--help)
	@$(BIN)/python -m bench.signals $(ARGS)

docs: $(VENV)/.dev  ## rewrite the reference tables (signals, metrics) from the code
	$(BIN)/python docs/generate.py

lock: $(VENV)/.dev  ## resolve pyproject.toml anew into requirements/*.txt
	$(BIN)/python requirements/lock.py

clean:  ## remove what make made here (not vedette-data)
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# -- installation --------------------------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older or missing: sudo apt install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "venv is missing: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp remembers which requirements were installed; .dev holds all that .demo and .run need.
$(VENV)/.run $(VENV)/.demo $(VENV)/.dev: $(VENV)/.%: requirements/%.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/$*.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@
