# Every target sets itself up: the only things needed beforehand are make and Python 3.11 or newer.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help test again demo bench mutants explore soak lint format lock clean
.DELETE_ON_ERROR:

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
BIN := .venv/bin
READY := .venv/.ready
SOURCES := $(wildcard bluegreen tests examples benchmarks)
# The pure core, which the tests must cover wholly, every branch of it.
CORE := $(wildcard $(addsuffix .py,$(addprefix bluegreen/,errors values placeholders snapshot runs record codec actions gates commands)) \
  $(addsuffix /*.py,$(addprefix bluegreen/,spec conditions analysis decide)))
comma := ,
empty :=
space := $(empty) $(empty)

help: ## show this
	@echo "make demo is the place to begin. The targets:"
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: lint ## everything CI checks: style, types, imports, tests, coverage of the core
	@.ci/debian
	@echo "== tests of the code by itself, and what of the core they cover"
	@$(BIN)/coverage run -m pytest -m "not real and not property"
	@$(BIN)/coverage report --include='$(subst $(space),$(comma),$(CORE))' --fail-under=100
	@echo "== tests with real servers and processes, and whatever can go wrong"
	@$(BIN)/pytest -m "real or property" || { [ $$? -eq 1 ] && $(MAKE) --no-print-directory again; }

# A busy machine may fail a test of real processes once. What passes by itself is told all the same: look into it.
again:
	@echo "== what failed, once more and by itself: what passes now is not to be trusted, and wants looking into"
	@$(BIN)/pytest -m "real or property" --last-failed --last-failed-no-failures none

lint: $(READY) ## style, types and imports only
	@echo "== ruff" && $(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES)
	@echo "== mypy" && $(BIN)/mypy $(SOURCES)
	@echo "== pyright" && $(BIN)/pyright $(SOURCES)
	@echo "== imports" && $(BIN)/lint-imports --no-logo

demo: $(READY) ## release a good build and a bad one, behind a real proxy, under load
	@$(BIN)/python -m examples.demo

bench: $(READY) ## measure, and print the ratios
	@$(BIN)/python -m benchmarks

mutants: $(READY) ## show that each planted bug is noticed, and by which test
	@$(BIN)/python -m tests.mutants --jobs 2

explore: $(READY) ## every interleaving of engines, crashes and faults, a million states
	@$(BIN)/python -m bluegreen.testing.explorer

soak: $(READY) ## random runs with all faults (SECONDS=600, or RUNS=10000; SEED=n plays one again)
	@$(BIN)/python -m bluegreen.testing.soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(RUNS),--runs $(RUNS)) \
	  $(if $(SEED),$(if $(SECONDS)$(RUNS),--seed,--replay) $(SEED))

format: $(READY) ## let ruff write the style it checks
	@$(BIN)/ruff check --fix $(SOURCES) ; $(BIN)/ruff format $(SOURCES)

lock: $(READY) ## write requirements.lock anew from pyproject.toml (UPGRADE=1: newest versions)
	@$(BIN)/uv pip compile pyproject.toml --extra local --extra cli --extra cloudwatch --extra testing --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade) \
	  --custom-compile-command 'make lock' --output-file requirements.lock --quiet

clean: ## remove the virtual environment and everything generated
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made again when the lock or the project's metadata changes; pip leaves alone what is already right.
$(READY): requirements.lock pyproject.toml
	@python=$$(.ci/find-python) && { [ -x $(BIN)/pip ] || "$$python" -m venv --clear .venv; }
	@echo "== installing what requirements.lock names into .venv"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
