# `make book` and `make test` are all a newcomer needs; `make help` lists the rest.
# Every target can be repeated: what is up to date is left alone.
BIN := .venv/bin
PY := $(BIN)/python
PORT ?= 0
SEED ?= 1
# node lies there too
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help book test lab serve setup setup-test notebooks site editions lint unit nbval browser bench upgrade clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

book: notebooks site ## the book: .venv, notebooks that are out of date, the site in _build/html

test: setup-test lint unit nbval site browser ## everything that the continuous integration runs

lab: setup ## JupyterLab; the chapters open as notebooks
	@$(BIN)/jupytext-config --settings-file .venv/etc/jupyter/labconfig/default_setting_overrides.json set-default-viewer markdown
	$(BIN)/jupyter lab chapters

serve: ## show _build/html at an address that is printed (PORT=8000 fixes the port)
	@test -f _build/html/index.html || { echo "there is no site yet: run 'make book' first" >&2; exit 1; }
	@echo "Stop with Ctrl-C."
	@$(PY) -u -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

setup: ## .venv with the packages that the book needs
	@tools/setup book

setup-test:
	@tools/setup book,test

notebooks: setup ## export and execute the chapters that changed into notebooks/
	$(PY) -m tools.manifest
	$(PY) -m tools.figures
	$(PY) -m tools.notebooks
	$(PY) -m tools.front

site: setup ## build _build/html from the chapters and the stored outputs, and check its links
	$(PY) -m tools.pages
	$(PY) -m tools.site

editions: setup-test book ## solved notebooks, course kit, EPUB, PDF and their zip in _build/editions (SEED=2: other variants)
	$(PY) -m tools.editions --seed $(SEED)
	$(PY) -m pytest tests/editions -m slow

lint: setup-test ## ruff over library, tools, tests and the chapters' cells; codespell
	$(BIN)/ruff check guidelib tools tests benchmarks notebooks
	$(BIN)/codespell

unit: setup-test ## the unit tests, among them: no notebook is out of date
	$(PY) -m pytest tests --ignore tests/test_browser.py

nbval: setup-test ## run every notebook and compare its tagged outputs
	OMP_NUM_THREADS=1 $(PY) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=300 notebooks

browser: setup-test ## every page of the built site in headless Chromium
	$(PY) -m pytest tests/test_browser.py

bench: setup-test ## the benchmarks against peers, written to benchmarks/RESULTS.md
	$(PY) -m pip install --quiet --no-deps --upgrade --target _build/peers -r benchmarks/peers.txt
	PYTHONPATH=_build/peers $(PY) -m benchmarks

upgrade: ## a new .venv with the newest versions, and constraints.txt renewed from it
	@tools/upgrade

clean: ## remove the built site (.venv and notebooks/ stay)
	rm -rf _build
