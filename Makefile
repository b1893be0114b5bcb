# `make test` and `make demo` set up all they need on a machine with Python 3.11 or newer.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

PYTHON  ?= python3.13 python3.12 python3.11 python3 python
PLUGINS := $(wildcard plugins/*/pyproject.toml)
BIN     := .venv/bin
CONSTRAINTS ?= constraints.txt
STAMP   := .venv/.installed

# Two workers with one thread each are faster than one worker with two.
PYTEST  := OMP_NUM_THREADS=1 $(BIN)/pytest -q

# pip compiles what it installs, but not what is editable: hundreds of tests start a Python that would.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(BIN)/python -m compileall -q visualcrop plugins tests

# Speaks only if the command fails.
quietly = @said=$$($(1) 2>&1) || { echo "$$said"; exit 1; }

.PHONY: help install check test lint types floors units tests real docs demo figures bench attack coverage clean

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(STAMP)  ## .venv with visualcrop and every plug-in, editable

check: lint types floors units  ## lint, types, unit tests: for daily work, in about a minute

test: install lint types floors tests docs  ## all that has to hold

lint: $(STAMP)  ## style, spelling, claims, sizes, metadata
	@$(BIN)/ruff check -q
	@$(BIN)/ruff check -q --preview --select F822  # names of `__all__` that a package does not have
	@$(BIN)/ruff format -q --check
	@$(BIN)/codespell
	$(call quietly,$(BIN)/interrogate -vv -c pyproject.toml tests $(wildcard plugins/*/tests))
	$(call quietly,$(BIN)/validate-pyproject pyproject.toml $(PLUGINS))
	@$(BIN)/python scripts/sizes.py

types: $(STAMP)  ## mypy, strict
	@$(BIN)/mypy --no-error-summary

floors: $(STAMP)  ## imports go down only
	$(call quietly,$(BIN)/lint-imports --no-logo)

units: $(STAMP)  ## the unit tests, without the slow ones and those that run whole studies
	@$(COMPILE)
	@$(PYTEST) -n 2 -m 'not slow and not attack' tests/unit tests/test_*.py \
	  --ignore tests/unit/evaluation

tests: $(STAMP)  ## the tests, in random order, without a network
	@$(COMPILE)
	@$(PYTEST) -n 2

proofs: $(STAMP)  ## every family against transformers, in all that `make test` samples
	@$(COMPILE)
	@$(PYTEST) -m proof -n 2

real: $(STAMP)  ## real vocabularies and published templates, downloaded once: 77 MB
	@code=0; $(BIN)/python scripts/fetch_vocabularies.py || code=$$?; \
	case $$code in 0) $(PYTEST) -m real tests/real ;; 75) ;; *) exit $$code ;; esac

docs: $(STAMP)  ## the site, where a broken link is an error
	$(call quietly,NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict)

demo: $(STAMP)  ## a small thing in a large image, with cropping and without
	@$(BIN)/visualcrop demo

figures: $(STAMP)  ## all figures of the docs, from runs: hours
	@$(BIN)/python scripts/figures.py

bench: $(STAMP)  ## how fast it is, as ratios
	@OMP_NUM_THREADS=1 $(BIN)/pytest -q tests/benchmarks --benchmark-enable -p no:randomly -s

attack: $(STAMP)  ## attacks of ten minutes: kills, corrupt folders, hostile files
	@$(PYTEST) -m attack -n 2

coverage: $(STAMP)  ## branch coverage: which lines no test runs, and whether they are too many
	@$(PYTEST) -n 2 --cov --cov-fail-under=95

clean:  ## everything that was made
	@rm -rf .venv site build dist visualcrop-demo .coverage .*_cache .hypothesis .benchmarks
	@find visualcrop plugins tests scripts -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): pyproject.toml $(CONSTRAINTS) $(wildcard plugins) $(PLUGINS) | $(BIN)/python
	@echo "Installing visualcrop and its plug-ins into .venv ..."
	@$(BIN)/python -m pip install -q -c $(CONSTRAINTS) hatchling editables
	@$(BIN)/python -m pip install -q -c $(CONSTRAINTS) --no-build-isolation -e '.[dev,docs]' $(PLUGINS:%/pyproject.toml=-e %)
	@$(COMPILE)
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv .venv && exit; rm -rf .venv; exit 1; \
	  fi; \
	done; \
	echo 'visualcrop needs Python 3.11 or newer: install it, or name one with `make PYTHON=...`.' >&2; exit 1
