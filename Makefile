# The front door. A machine with Python 3.11 or later and make is enough.
.POSIX:
.DELETE_ON_ERROR:
.PHONY: setup run sweep dashboard test test-all mutants check lint types
.PHONY: format verify list bench gallery docs wheel lowest clean help

PYTHON ?= python3
CATALOG ?= catalog-data
PRESET ?= orthogonal
SWEEP ?= scale-width-seed
FIGURES ?= figures
TESTERS ?= 2
COUNT ?= 4
BIN := .venv/bin
export RELUFLOW_CATALOG := $(CATALOG)

SOURCES := $(wildcard pipeline/*.py pipeline/*/*.py pipeline/*/*/*.py pipeline/presets/*.toml catalog/*.py catalog/*/*.py)
FIGURE_3 := $(FIGURES)/$(PRESET)/figure-3-loss.png
# A run is there if and only if its manifest is; without one the figure is made again, whatever its date.
MANIFEST := $(or $(firstword $(wildcard $(CATALOG)/runs/$(PRESET)-????????????/manifest.json)),no-manifest)

help:
	@echo "make setup      virtual environment in .venv, pinned; compiles the solver once"
	@echo "make run        the paper's experiment into $(CATALOG), its report, its figures (PRESET=... for others)"
	@echo "make sweep      final excess norm over scale, width and seed (SWEEP=file.toml for yours)"
	@echo "make test       the tests, in TESTERS=$(TESTERS) processes    (make test-all: the long searches too)"
	@echo "make mutants    faults put into the core one by one: do its tests notice? (ONLY=file COUNT=4 for each)"
	@echo "make check      format, lint, types, tests: what CI runs"
	@echo "make verify     every byte of the catalog against its manifests"
	@echo "make dashboard  look at runs in the browser, change lambda with a slider"
	@echo "make gallery    a page for each experiment, with its figures and its animation, into docs/gallery"
	@echo "make docs       these pages, with their examples executed, into docs/_build/html"
	@echo "make wheel      builds the distributions into dist and tries the wheel in an environment of its own"
	@echo "make lowest     installs the lowest versions that pyproject.toml allows, and uses them"
	@echo "make bench      the solver beside SciPy's, in one table"
	@echo "make clean      removes .venv, caches and $(FIGURES); never the catalog"

# The stamps are written last: a set-up that was interrupted starts again.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("reluflow needs Python 3.11 or later, $(PYTHON) is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	@echo "Creating the virtual environment .venv ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

.venv/compiled: .venv/installed $(wildcard pipeline/flow/exact/*.py pipeline/flow/exact/*/*.py pipeline/flow/collocation/*.py pipeline/flow/gram/*.py) pipeline/flow/gradient_descent_kernels.py
	@$(BIN)/python -m pipeline.flow
	@touch $@

setup: .venv/compiled

.PHONY: no-manifest
no-manifest:

$(FIGURE_3): .venv/compiled $(SOURCES) $(MANIFEST)
	@$(BIN)/reluflow run $(PRESET)
	@$(BIN)/reluflow figures $(PRESET) --out $(FIGURES)/$(PRESET)
	@touch $@

run: $(FIGURE_3)

sweep: setup
	@$(BIN)/reluflow sweep $(SWEEP)

dashboard: setup
	@$(BIN)/reluflow dashboard

# A file's tests stay in one process: they share what its fixtures took seconds to make.
# Byte code is kept whatever the shell says: else each process that a test starts compiles all modules anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses=$(TESTERS) --dist=loadfile --no-loadscope-reorder

test: setup
	$(PYTEST)

test-all: setup
	RELUFLOW_TEST_KERNELS=compiled $(PYTEST) -m ""

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

# No part of the tests: minutes a module, and a survivor is a question to a person. ONLY=catalog/ for some modules.
mutants: setup
	$(BIN)/python -m tests.mutants $(if $(ONLY),--only $(ONLY)) --count $(COUNT)

check: lint types test

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

verify: setup
	$(BIN)/reluflow verify

list: setup
	$(BIN)/reluflow list

# The pages that docs/ shows: quick experiments are run where the catalog lacks them; slow ones with SLOW=1 alone.
GALLERY := docs/gallery/index.md
$(GALLERY): .venv/compiled $(SOURCES) $(wildcard docs/gallery/*.py docs/gallery/prose/*)
	$(BIN)/python -m docs.gallery.make_gallery

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[docs]'
	@touch $@

docs: setup .venv/documented $(GALLERY)
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "Next: open docs/_build/html/index.html"

wheel: setup
	$(BIN)/python -m tests.release

gallery: $(if $(SLOW),setup,$(GALLERY))
	$(if $(SLOW),$(BIN)/python -m docs.gallery.make_gallery --slow,@echo "The gallery is in docs/gallery; make docs shows it.")

lowest: setup
	$(BIN)/python -m tests.release.lowest

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv $(FIGURES) build dist docs/_build reluflow.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
