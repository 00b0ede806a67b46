# Two commands: `make up` runs it, `make test` tests it. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: help up manage test proof faults properties check fmt lock messages screenshots venv venv-dev
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):[^#]*## /  make \1|/' | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

up: venv ## run everything here (PORT, HELPDESK_HOME, DATABASE_URL, REDIS_URL ... see .env.example); Ctrl-C stops it
	@$(BIN)/python -m helpdesk.launcher up

manage: venv ## one Django command on the data of `make up`, e.g. make manage ARGS="createsuperuser"
	@$(BIN)/python -m helpdesk.launcher manage $(ARGS)

test: venv-dev ## the test suite with the main browser journeys, under 5 minutes
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

proof: venv-dev ## the long part: real processes killed, every page in a browser, fuzzing
	@$(BIN)/python -m pytest -m proof $(ARGS)

faults: venv-dev ## only the faults of the proof: servers and processes broken on purpose, under 15 minutes
	@$(BIN)/python -m pytest -m faults $(ARGS)

properties: venv-dev ## random walks against the plain model, thirty thousand steps; a failure prints how to walk it again
	@$(BIN)/python -m pytest -m proof helpdesk/tests/properties --hypothesis-profile=long $(ARGS)

check: venv-dev ## lint, format, types, import rules, migrations, deployment, templates, security, translations
	@$(BIN)/python tools/check.py

fmt: venv-dev ## put code and templates in order
	@$(BIN)/ruff check -q --fix . || true
	@$(BIN)/ruff format -q .
	@git ls-files -z --cached --others --exclude-standard -- 'templates/*.html' | xargs -0 -r $(BIN)/djade --target-version 5.2 || true

messages: venv-dev ## collect what is to be translated into locale/ (needs gettext)
	@$(BIN)/python tools/check_translations.py --update

screenshots: venv-dev ## the pictures of docs/screenshots, from demo data of its own (ARGS=queue: those that begin so)
	@$(BIN)/python tools/screenshots.py $(ARGS)

lock: venv-dev ## compile requirements*.in into the locked requirements*.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

venv:
	@command -v $(PYTHON) >/dev/null || { echo "✗ Python 3.11 or newer is missing: apt-get install -y python3 python3-venv"; exit 1; }
	@$(PYTHON) tools/bootstrap.py

venv-dev:
	@command -v $(PYTHON) >/dev/null || { echo "✗ Python 3.11 or newer is missing: apt-get install -y python3 python3-venv"; exit 1; }
	@$(PYTHON) tools/bootstrap.py --dev
