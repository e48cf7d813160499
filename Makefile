# Guiju: `make run` starts everything, `make test` tests everything. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test coverage check bench train lock clean format

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(STAMPS)/run $(STAMPS)/web ## Install what is missing, migrate, start, print the addresses (data under ./var)
	@exec $(BIN)/guiju serve

test: $(STAMPS)/dev $(STAMPS)/web ## Run every test; the last lines name what could not run
	@sh tests/install_browser.sh
	@$(BIN)/python tests/run.py -n $(WORKERS)

coverage: $(STAMPS)/dev $(STAMPS)/web ## Run every test and show which lines none of them ran
	@$(BIN)/python tests/run.py -n $(WORKERS) --cov

check: $(STAMPS)/dev ## Lint, types, floors, migrations, law coverage: under a minute
	@$(BIN)/python tests/check.py

bench: $(STAMPS)/dev $(STAMPS)/web ## Measure the claims in bench/*/run.py (long; bench/README.md has each command)
	@for claim in bench/*/run.py; do echo "== $$claim"; $(BIN)/python $$claim || exit 1; done

train: $(STAMPS)/dev ## Train the classifier anew (needs PyTorch; an hour on two cores; training/train.py)
	@$(PIP) install -e '.[train]'
	@$(BIN)/python training/train.py

format: $(STAMPS)/dev ## Format the code
	@$(BIN)/ruff format src tests bench && $(BIN)/ruff check --fix src tests bench

lock: $(STAMPS)/dev ## Make the dependency locks anew
	@requirements/compile.sh --upgrade

clean: ## Remove what was built here (not ./var)
	rm -rf $(VENV) $(STAMPS) node_modules src/guiju/web/static/build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Guiju 需要 Python 3.11 或更新版本 / Guiju needs Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "安装依赖 / installing (requirements/run.txt) …"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "安装测试依赖 / installing (requirements/dev.txt) …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

$(STAMPS)/web: package.json package-lock.json $(wildcard src/guiju/web/assets/*)
	@echo "构建前端 / building the front end …"
	@npm ci --no-audit --no-fund --loglevel=error
	@npm run --silent build
	@mkdir -p $(STAMPS) && touch $@
