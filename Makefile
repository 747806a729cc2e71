PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.dev
DOCS := $(VENV)/.docs
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
REQUIREMENTS := $(BIN)/python -c "import sys, tomllib; \
  project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
  asked = [project['optional-dependencies'][extra] for extra in sys.argv[1:]]; \
  print(*sum(asked or [project['dependencies']], []), sep='\n')"
SOURCES := $(shell find lob agents -name '*.pyx' -o -name '*.pxd') setup.py pyproject.toml
STUBBED := $(subst /,.,$(basename $(shell find lob agents -name '*.pyi')))
BENCH := $(VENV)-bench
PEERS := $(BENCH)/.installed
HALF := $(addprefix tests/,unit golden conformance feeds property statistical)
REST := $(filter-out $(HALF),$(sort $(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py)))))
SECONDS ?= 60
SEED := $(or $(SEED),$(shell date +%s))

# Hundreds of processes are started here: what one has compiled, the next need not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test slow fuzz bench lint types docs build clean

demo: $(STAMP)  ## a spiral, and five ways of selling compared in it: offline
	$(BIN)/firesale demo

test: $(DEV)  ## everything that is checked at every commit: one half beside the other
	@$(BIN)/python -m pytest $(HALF) > $(VENV)/.test.log 2>&1 & other=$$!; \
	$(BIN)/python -m pytest $(REST); status=$$?; \
	wait $$other || status=$$?; cat $(VENV)/.test.log; exit $$status

slow: $(DEV)  ## the longer tests, and new examples of every property: another SEED, others
	@{ $(BIN)/python -m pytest -m slow $(HALF) \
	  && $(BIN)/python -m tests.property.fuzz --seconds 0 --times 3 --seed $(SEED); } \
	  > $(VENV)/.slow.log 2>&1 & other=$$!; \
	$(BIN)/python -m pytest -m slow $(REST); status=$$?; \
	wait $$other || status=$$?; cat $(VENV)/.slow.log; exit $$status

fuzz: $(DEV)  ## engine against reference, then every property: make fuzz SECONDS=600 SEED=7
	$(BIN)/python -m tests.differential.fuzz --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python -m tests.property.fuzz --seconds $(SECONDS) --seed $(SEED)

bench: $(PEERS)  ## side by side with the peers that install
	$(BENCH)/bin/python -m benchmarks.run

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/cython-lint lob agents

types: $(DEV)
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest $(STUBBED) --mypy-config-file pyproject.toml \
	  --allowlist tests/stubtest.txt --ignore-unused-allowlist

docs: $(DOCS)  ## the pages, into docs/_build: warnings are errors, and nothing is fetched
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky docs docs/_build

build: $(DEV)  ## the sdist, and from it the wheel
	rm -rf dist
	$(BIN)/python -m build

# What we depend on is installed while ours compiles.
$(STAMP): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(REQUIREMENTS) > $@.txt
	$(PIP) --requirement $@.txt & $(PIP) --no-deps --editable . && wait $$!
	touch $@

# Not as an extra of the editable install, which would compile everything again.
$(DEV): $(STAMP)
	$(REQUIREMENTS) dev > $@.txt
	$(PIP) --requirement $@.txt
	touch $@

$(DOCS): $(STAMP)
	$(REQUIREMENTS) docs > $@.txt
	$(PIP) --requirement $@.txt
	touch $@

# An environment of its own: some peers pin old versions of what we use.
$(PEERS): $(STAMP)
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	for peer in bourse order-book nautilus_trader lightmatchingengine; do \
	  $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" \
	    || echo "$$peer does not install here: left out of the comparison"; done
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable .
	touch $@

clean:
	rm -rf $(VENV) $(BENCH) build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find lob agents experiments \( -name '*.so' -o -name '*.c' -o -name '__pycache__' \) -prune -exec rm -rf {} +
