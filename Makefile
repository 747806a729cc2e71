PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS := $(VENV)/.docs
SOURCES := $(shell find lob agents -name '*.pyx' -o -name '*.pxd') setup.py pyproject.toml
STUBBED := $(subst /,.,$(basename $(shell find lob agents -name '*.pyi')))
BENCH := $(VENV)-bench
PEERS := $(BENCH)/.installed
SECONDS ?= 60
SEED := $(or $(SEED),$(shell date +%s))

.PHONY: demo test slow fuzz bench lint types docs build clean

demo: $(STAMP)  ## a spiral, and five ways of selling compared in it: offline
	$(BIN)/firesale demo

test: $(STAMP)  ## everything that is checked at every commit
	$(BIN)/python -m pytest

slow: $(STAMP)  ## the longer tests, and new examples of every property: another SEED, others
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m tests.property.fuzz --seconds 0 --times 3 --seed $(SEED)

fuzz: $(STAMP)  ## engine against reference, then every property: make fuzz SECONDS=600 SEED=7
	$(BIN)/python -m tests.differential.fuzz --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python -m tests.property.fuzz --seconds $(SECONDS) --seed $(SEED)

bench: $(PEERS)  ## side by side with the peers that install
	$(BENCH)/bin/python -m benchmarks.run

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/cython-lint lob agents

types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest $(STUBBED) --mypy-config-file pyproject.toml \
	  --allowlist tests/stubtest.txt --ignore-unused-allowlist

docs: $(DOCS)  ## the pages in docs/_build, warnings are errors; no network but to install Sphinx
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky docs docs/_build

build: $(STAMP)  ## the sdist, and from it the wheel
	rm -rf dist
	$(BIN)/python -m build

$(STAMP): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Only what the extra names: an editable install of ours would compile everything anew.
$(DOCS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c \
	  "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['docs'])")
	touch $@

# An environment of its own: some peers pin old versions of what we use.
$(PEERS): $(STAMP)
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	for peer in bourse order-book nautilus_trader lightmatchingengine; do \
	  $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" \
	    || echo "$$peer does not install here: left out of the comparison"; done
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

clean:
	rm -rf $(VENV) $(BENCH) build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find lob agents experiments \( -name '*.so' -o -name '*.c' -o -name '__pycache__' \) -prune -exec rm -rf {} +
