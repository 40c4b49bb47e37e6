# The whole developer story. Every target sets itself up; nothing but Python >= 3.11, make and a package registry is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Nested thread pools on two cores are several times slower than none.
export OMP_NUM_THREADS ?= 2
export DBT_SEND_ANONYMOUS_USAGE_STATS ?= False

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types unit fmt docs clean

help: ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.ready ## Make the virtual environment (.venv) with everything in it

# pip before 24 resolves dbt's requirements badly, so it is upgraded first.
$(VENV)/.ready: pyproject.toml
	@echo "setting up $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --editable '.[demo,dev]'
	@touch $@

demo: setup ## Run the main job on a real grocer's year and print what was built
	@$(BIN)/profilectl demo

test: lint types unit ## Linters, type checker, all tests

lint: setup ## ruff and sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests --processes 2

types: setup ## mypy, strict
	$(BIN)/mypy

# Pictures of the dashboard and the report; without Chromium those tests are skipped.
unit: export PROFILECTL_ARTEFACTS ?= $(CURDIR)/var/test-artefacts
unit: setup ## pytest, two processes
	$(BIN)/pytest -n 2

fmt: setup ## Format Python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## dbt's documentation site, in dbt_project/target
	$(BIN)/dbt docs generate --project-dir dbt_project

clean: ## Remove everything generated
	rm -rf var/* $(VENV) .mypy_cache .ruff_cache .pytest_cache dbt_project/target dbt_project/logs
	git checkout -q -- var/.gitignore
