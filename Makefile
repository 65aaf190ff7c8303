# Lodestone: what a person types. Every recipe sets up first, which is quick when nothing changed.
PYTHON ?= python3.11
PORT ?= 8000
# torch: `cuda` = the registry's default build, `cpu` = the small build for Linux without a GPU, `none` = without torch
TORCH ?= cuda
PY = .venv/bin/python
.DEFAULT_GOAL = help
.PHONY: help setup demo test check bench torture docs messages clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: ## prepare .venv and the front-end parts
	@PYTHON=$(PYTHON) TORCH=$(TORCH) sh deploy/setup.sh

demo: setup ## a running site with demo data on http://127.0.0.1:$(PORT)
	@$(PY) manage.py up --demo --port $(PORT)

test: setup ## all tests; real services wherever they can be started
	@sh deploy/test.sh

check: setup ## style, types, directions of imports, migrations
	@$(PY) -m pytest tests/architecture/test_checks.py

bench: setup ## print each figure as a JSON line and a table; NAMES="index optimade" for some
	@$(PY) -m tests.performance.bench $(NAMES)

torture: setup ## kills, torn pages, a full disk, clock jumps and a week's outage, with a table of what was lost
	@$(PY) -m tests.torture

messages: ## refresh the translation catalogues (needs GNU gettext)
	@for p in ingest eln knowledge analysis chat; do (cd $$p && ../.venv/bin/django-admin makemessages -l zh_Hans --no-location --no-obsolete); done; $(PY) -m deploy.messages

docs: setup ## build the documentation into site/
	@.venv/bin/mkdocs build --quiet --strict
