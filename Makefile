# make demo, make test, make lint, make bench, make clean. Everything is installed into .venv, from constraints.txt,
# and the product as its built wheel; nothing is installed or built again while nothing has changed.
# make PYTHON=/path/to/python3.12 test takes another Python, make demo ARGS="--fresh" hands options on.

ROOMS  := streams detectors alerting dashboards cxwatch
VENV   := .venv
BIN    := $(VENV)/bin
WHEELS := build/wheel
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
FILES  := pyproject.toml README.md LICENSE $(shell find $(ROOMS) -type f -not -name '*.pyc' | LC_ALL=C sort)
DEV    := pytest pytest-asyncio pytest-cov pytest-timeout pytest-xdist hypothesis playwright import-linter mypy ruff pyarrow schemathesis jsonschema kubernetes-validate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench clean FORCE

help:
	@echo "make demo    the whole product, fed by a simulated shop; open the address that it prints"
	@echo "make test    the tests, against the installed wheel; CXWATCH_REQUIRE=all runs the long ones too"
	@echo "make lint    formatting, types, and which room may import which"
	@echo "make bench   the figures of bench/, each beside what it is compared with"
	@echo "make clean   remove .venv and what was built"

demo: $(VENV)/.installed
	@$(BIN)/cxwatch demo $(ARGS)

# -P and PYTHONSAFEPATH keep the source tree off the import path, of the tests and of what they start.
# Coverage is measured where everything runs (CI): it takes half as long again.
COVERAGE := $(if $(filter all,$(CXWATCH_REQUIRE)),--cov --cov-report=term:skip-covered)
test: $(VENV)/.installed $(VENV)/.tools
	@CXWATCH_INSTALLED=1 PYTHONSAFEPATH=1 $(BIN)/python -P -m pytest --numprocesses auto $(COVERAGE) $(ARGS)

lint: $(VENV)/.installed $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# From a copy of bench/ alone, so that the installed wheel is what is measured.
bench: $(VENV)/.installed $(VENV)/.tools
	@rm -rf build/figures && mkdir -p build/figures && cp -r bench build/figures/
	@mkdir build/figures/tests build/figures/deploy && cp -r tests/support build/figures/tests/ && cp -r deploy/kafka build/figures/deploy/
	@cd build/figures && ../../$(BIN)/python -m bench.all $(ARGS)

clean:
	rm -rf $(VENV) build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A Python that fits, and that can make virtual environments.
$(VENV)/.python: constraints.txt
	@set -e; fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; python=; \
	for one in $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11); do \
	  if "$$one" -c "$$fits" 2>/dev/null; then python=$$one; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "cxwatch needs Python 3.11, 3.12 or 3.13, and none is on the PATH. Debian: apt-get install python3 python3-venv" >&2; \
	  exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$python cannot make virtual environments. Debian and Ubuntu: apt-get install python3-venv, then try again." >&2; \
	  exit 1; fi; \
	echo "Setting up $(VENV) with $$("$$python" --version), once; this takes a minute or two." >&2; \
	"$$python" -m venv --clear $(VENV)
	@$(PIP) hatchling
	@touch $@

# The list of source files, touched only when it changes: so a file that was deleted is noticed too.
$(VENV)/.files: FORCE $(VENV)/.python
	@printf '%s\n' $(FILES) | cmp --silent - $@ || printf '%s\n' $(FILES) > $@

$(VENV)/.installed: $(VENV)/.python $(VENV)/.files $(FILES)
	@rm -rf $(WHEELS)
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir $(WHEELS) .
	@if [ -e $@ ]; then $(BIN)/python -m pip --disable-pip-version-check uninstall --quiet --yes cxwatch; fi
	@$(PIP) $(WHEELS)/cxwatch-*.whl
	@touch $@

$(VENV)/.tools: $(VENV)/.python pyproject.toml | $(VENV)/.installed
	@$(PIP) $(DEV)
	@touch $@
