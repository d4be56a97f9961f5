# Every command a person needs. `make help` lists them.
# Only Python 3.11+ with venv and pip, git and make are needed; everything else is installed into .venv, by hash.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
REAL_DATA ?= ../shared/data
PORT ?= 3000
SUPERSET_PORT ?= 8088
MARKET_SOURCE ?= sample
MARKET_WAREHOUSE_DIR ?= warehouse
WORKERS ?= 2
INDEX ?= RUT
SESSION ?=
SINCE ?=
AGAIN ?=

export DAGSTER_HOME := $(CURDIR)
export DAGSTER_DISABLE_TELEMETRY := 1
export MARKET_SOURCE MARKET_WAREHOUSE_DIR
export MARKET_REAL_DATA := $(REAL_DATA)
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
DATABASE := $(MARKET_WAREHOUSE_DIR)/$(MARKET_SOURCE)/market.duckdb
EXPORT := $(MARKET_WAREHOUSE_DIR)/$(MARKET_SOURCE)/superset_dashboard.zip
OTHER_PYTHON = install a later one, or name it: make $(MAKECMDGOALS) PYTHON=python3.12

# Says in one line that a server's port is no port, not allowed or taken, before the server says it in forty.
LISTEN := import socket, sys; server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); \
	server.bind(("127.0.0.1", int(sys.argv[1]))); server.listen()
require_free = @$(BIN)/python -c '$(LISTEN)' "$($(1))" 2>/dev/null || { \
	echo "$(1): expected a free port, was $($(1)); stop what listens there, or choose another: make $@ $(1)=number" >&2; exit 1; }

.PHONY: help warehouse ui sql brief dashboard superset test test-real test-slow test-faults test-clients test-ui lint bench catalog lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  MARKET_SOURCE=files MARKET_FILES_DIR=folder make warehouse   your own CSV or Parquet files"
	@echo "  MARKET_SOURCE=yahoo make warehouse                           the four indices from Yahoo"

warehouse: .venv/runtime ## Build the warehouse: every asset, then a summary
	@$(BIN)/python -m pipelines

ui: .venv/runtime ## Open the Dagster UI on 127.0.0.1 (PORT=3000)
	$(call require_free,PORT)
	@$(BIN)/python -m pipelines.settings
	@test -f "$(DATABASE)" || $(BIN)/python -m pipelines
	@$(BIN)/dg dev --host 127.0.0.1 --port $(PORT)

sql: .venv/runtime ## Open a DuckDB prompt on the published file, read-only
	@$(BIN)/python -m pipelines.report.published "$(DATABASE)"
	@$(BIN)/duckdb -readonly "$(DATABASE)"

brief: .venv/runtime ## Issue the brief of an index (INDEX=RUT SESSION=2024-12-02; AGAIN=manifest compares)
	@$(BIN)/python -m pipelines.report.brief --index "$(INDEX)" --session "$(SESSION)" --since "$(SINCE)" $(if $(AGAIN),--again "$(AGAIN)")

dashboard: .venv/runtime ## Write the Superset dashboard of the published file, a zip to import
	@$(BIN)/python -m pipelines.report.superset_export

superset: dashboard .venv-superset/client ## Open a Superset of your own with that dashboard on 127.0.0.1 (SUPERSET_PORT=8088)
	$(call require_free,SUPERSET_PORT)
	@.venv-superset/bin/python bi/superset/serve.py --home .superset --port $(SUPERSET_PORT) --dashboard "$(EXPORT)"

test: .venv/dev .venv-duckdb-1.5/client ## Run the test suite, short of slow tests and those on real data
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow and not whole_plan and not real_data"

test-real: .venv/dev ## Run the tests on real data, which must be there (REAL_DATA=folder)
	@$(BIN)/python -m pytest -v -m real_data --require-real-data

test-slow: .venv/dev ## Run the tests that take minutes, such as killing runs 50 times
	@$(BIN)/python -m pytest -v -s -n $(WORKERS) --dist worksteal -m slow

test-faults: .venv/dev ## Run the fault plan at full width: 3,000 stocks over ten years, every fault at once
	@$(BIN)/python -m pytest -v -s -n 0 -m whole_plan

test-clients: .venv/dev .venv-duckdb-1.5/client .venv-superset/client .venv-streamlit/client ## Read the sample with Superset, Streamlit, DuckDB 1.5 and others
	@$(BIN)/python -m pytest -v --override-ini addopts=-ra tests/clients

test-ui: .venv/ui ## Drive the Dagster UI in headless Chromium (PICTURE=file keeps a picture)
	@$(BIN)/python -m pytest -v --override-ini addopts=-ra tests/ui

lint: .venv/dev ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/dev ## Measure the main job, levels, breadth, filings, all stocks, a day of theirs, the fault plan
	@$(BIN)/python benchmarks/main_job.py
	@PYTHONPATH=. $(BIN)/python benchmarks/level_machine.py
	@PYTHONPATH=. $(BIN)/python benchmarks/breadth.py
	@PYTHONPATH=. $(BIN)/python benchmarks/financial_statements.py
	@PYTHONPATH=. $(BIN)/python benchmarks/disk_use.py
	@$(BIN)/python -m benchmarks.full_width
	@$(BIN)/python -m benchmarks.daily_run
	@$(BIN)/python -m benchmarks.fault_plan

catalog: .venv/runtime ## Write warehouse/CATALOG.md from the contracts
	@$(BIN)/python -m pipelines.report.catalog

lock: .venv/dev ## Resolve the dependencies anew and write the lock files
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade --group pyproject.toml:dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade --group pyproject.toml:ui -c requirements.lock -c requirements-dev.lock -o requirements-ui.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade tests/clients/duckdb-1.5.in -o tests/clients/duckdb-1.5.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade --no-emit-package odfpy tests/clients/superset.in -o tests/clients/superset.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade tests/clients/streamlit.in -o tests/clients/streamlit.lock

clean: ## Delete the environments and Dagster's state; the warehouse stays
	@rm -rf .venv .venv-duckdb-1.5 .venv-superset .venv-streamlit .dagster .pytest_cache .mypy_cache .ruff_cache .hypothesis

install = @$(1)/python -m pip --require-virtualenv install --quiet --disable-pip-version-check --require-hashes --no-deps $(2) || { \
	echo "$(lastword $(2)): expected packages that can be installed, was the error above; check the network (a proxy: HTTPS_PROXY, a mirror: PIP_INDEX_URL) and run make again" >&2; exit 1; }

# Environments. The marker file is written last, so that an install that was cut short is done again.

.venv/bin/python:
	@command -v "$(PYTHON)" >/dev/null || { echo "Python: expected 3.11 or later as $(PYTHON), was no such command; $(OTHER_PYTHON)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python: expected 3.11 or later, was %s; $(OTHER_PYTHON)" % sys.version.split()[0])'
	@"$(PYTHON)" -m venv .venv || { echo ".venv: expected a folder that can be written, and a Python with venv and pip (Debian: python3-venv), was the error above; mend it and run make again" >&2; exit 1; }

.venv/runtime: requirements.lock | .venv/bin/python
	@echo "Installing the locked dependencies into .venv (about a minute the first time) ..."
	$(call install,$(BIN),-r requirements.lock)
	@touch $@

.venv/dev: requirements-dev.lock .venv/runtime
	$(call install,$(BIN),-r requirements-dev.lock)
	@touch $@

.venv/ui: requirements-ui.lock .venv/dev
	$(call install,$(BIN),-r requirements-ui.lock)
	@touch $@

# An older DuckDB in an environment of its own: the drivers inside BI tools are still 1.x.
.venv-duckdb-1.5/client: tests/clients/duckdb-1.5.lock
	@test -x .venv-duckdb-1.5/bin/python || $(PYTHON) -m venv .venv-duckdb-1.5
	$(call install,.venv-duckdb-1.5/bin,-r tests/clients/duckdb-1.5.lock)
	@touch $@

# Superset pins the SQLAlchemy, pandas and pyarrow of two years ago. wtforms-json is the one package without a wheel.
.venv-superset/client: tests/clients/superset.lock
	@test -x .venv-superset/bin/python || $(PYTHON) -m venv .venv-superset
	@echo "Installing Superset into .venv-superset (about a minute, 900 MB) ..."
	$(call install,.venv-superset/bin,--only-binary :all: --no-binary wtforms-json -r tests/clients/superset.lock)
	@touch $@

.venv-streamlit/client: tests/clients/streamlit.lock
	@test -x .venv-streamlit/bin/python || $(PYTHON) -m venv .venv-streamlit
	$(call install,.venv-streamlit/bin,--only-binary :all: -r tests/clients/streamlit.lock)
	@touch $@
