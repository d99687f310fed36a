# Assumes Python 3.11 or newer and make. Every target makes .venv and installs what it needs, once;
# pip's own settings (PIP_INDEX_URL, HTTPS_PROXY, PIP_CERT, …) are obeyed.
#   make demo     simulate a publisher and run every step on it        DEEP=1 adds PyTorch
#   make test     the import contract, the tests and the doctests
#   make check    format, lint and types, then test: what must pass before a change is merged
#   make lock     resolve requirements.lock anew

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(shell $(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))

comma := ,
RUN_EXTRAS := train,serve$(if $(DEEP),$(comma)deep)
DEV_EXTRAS := $(RUN_EXTRAS),kafka,redis,dev
RUN := $(VENV)/.installed-run$(if $(DEEP),-deep)
DEV := $(VENV)/.installed-dev$(if $(DEEP),-deep)

.PHONY: demo test check lock

demo: $(RUN)
	$(BIN)/readership demo

test: $(DEV)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n 2 --dist loadfile --doctest-modules src tests

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

lock: $(BIN)/python
	$(BIN)/python tools/lock.py

$(RUN): pyproject.toml requirements.lock | $(BIN)/python
	$(call install,$(RUN_EXTRAS))
	@touch $@

$(DEV): pyproject.toml requirements.lock | $(BIN)/python
	$(call install,$(DEV_EXTRAS))
	@touch $(RUN) $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Readership needs Python 3.11 or newer, and none is on PATH; name one with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

define install
@echo "Installing Readership [$(1)] into $(VENV); a minute or two, once" >&2
@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[$(1)]'
@$(BIN)/python -c 'import lightgbm' 2>/dev/null || { \
	echo "LightGBM does not load; it needs the system's OpenMP library: apt install libgomp1 (macOS: brew install libomp)" >&2; \
	exit 1; }
endef
