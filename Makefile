# Everything runs in .venv, which is rebuilt whenever pyproject.toml or constraints.txt change.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help dev test unit coverage check audit lock oracle faults bench schemas docs site clean

help: ## Show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

dev: $(INSTALLED) ## Start Temporal and workers, and keep schedules equal to specs/; Ctrl-C stops it all
	$(BIN)/jobspec dev $(ARGS)

test: $(INSTALLED) ## Run all tests, also those that need a Temporal server; ARGS="-k name" picks some
	JOBSPEC_REQUIRE_LIVE=1 $(BIN)/pytest -n 2 --dist worksteal $(ARGS)

unit: $(INSTALLED) ## Run the tests that need no Temporal server, in under a minute
	$(BIN)/pytest -n 2 --dist worksteal -q tests/unit tests/property tests/golden $(ARGS)

coverage: $(INSTALLED) ## Run all tests and list the lines that none of them runs, commands included
	JOBSPEC_REQUIRE_LIVE=1 $(BIN)/pytest -n 2 --dist worksteal -q --cov --cov-report=term-missing:skip-covered $(ARGS)

check: $(INSTALLED) ## Format, lint, types, layers, tests: all that must pass before a commit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory audit
	@$(MAKE) --no-print-directory test

audit: $(INSTALLED) ## Look for known vulnerabilities of what constraints.txt pins; skipped where no database is reached
	$(BIN)/python deploy/audit.py constraints.txt

lock: $(INSTALLED) ## Write the hashes of what deploy/install.sh installs, by pyproject.toml and constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/python deploy/lock.py

oracle: $(INSTALLED) ## Hold our run times to the server's for 10,000 drawn schedules; ten minutes
	JOBSPEC_REQUIRE_LIVE=1 JOBSPEC_ORACLE_DRAWS=$${JOBSPEC_ORACLE_DRAWS:-10000} \
		$(BIN)/pytest -n 2 tests/live/test_timing_oracle.py $(ARGS)

faults: $(INSTALLED) ## Kill, cut, slow down and starve what the daemon works with, many times; about an hour
	PYTHONPATH=tests $(BIN)/python -m faults.run $(ARGS)

bench: $(INSTALLED) ## Run the benchmarks
	$(BIN)/python benchmarks/run.py $(ARGS)

schemas: $(INSTALLED) ## Regenerate schemas/ from the models
	@for kind in job project plan runs status; do \
		$(BIN)/jobspec schema $$kind > schemas/.$$kind.new && mv schemas/.$$kind.new schemas/$$kind.schema.json || exit 1; \
	done

docs: schemas ## Regenerate schemas/ and the generated pages of docs/
	$(BIN)/python -m jobspec.render.reference docs
	$(BIN)/python docs/api_reference.py docs/api.md
	$(BIN)/python docs/review_example.py docs/review.md

site: $(INSTALLED) ## Build the documentation as a site in build/site; a broken link is an error
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[site]'
	$(BIN)/python docs/site_pages.py build/pages
	$(BIN)/zensical build --clean --strict

clean: ## Remove the environment, caches and the dev server's state
	rm -rf $(VENV) .dev build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"jobspec needs Python 3.11 or newer, and $(PYTHON) is {sys.version.split()[0]}; name another one: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV) (only when pyproject.toml or constraints.txt change) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
