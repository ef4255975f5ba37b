# `make lab` opens the course. It needs python3 >= 3.11 and make; everything else comes from requirements.lock, for the
# tests and checks from requirements-test.lock: the same and more, so that the one environment serves both.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HUB_VENV := .venv-hub
HUB_BIN := $(HUB_VENV)/bin
STAMP := $(VENV)/.ready
TEST_STAMP := $(VENV)/.ready-test
# Only errors: what pip says on its way is for those who pin the lock.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# The tests answer as no person does: neither a mode nor a journal of the caller's shell may reach them.
NOBODY := env -u LESSON_AUTO -u LESSON_LAB -u LESSON_JOURNAL -u JPY_SESSION_NAME
# nbval reads its schemas at every start: seconds, which only the notebooks need.
PYTEST := $(NOBODY) $(BIN)/python -m pytest -p no:nbval
NBVAL := $(NOBODY) $(BIN)/python -m pytest --nbval --nbval-current-env
# Tracing doubles what a test costs, so it counts the rooms that everything stands on, whose tests are quick.
COVERED := tests/base tests/roofline tests/serving tests/lesson tests/record tests/review
# ... but for those that walk through every lesson or run every published measurement: they go with the other rooms.
LONG := tests/lesson/test_auto.py tests/lesson/test_gate.py tests/lesson/test_nothing_before_the_reveal.py tests/record/test_restore.py \
  tests/roofline/test_validation_page.py
COVERED_ROOMS := */lessonlib/base/*,*/lessonlib/roofline/*,*/lessonlib/serving/*,*/lessonlib/lesson/*,*/lessonlib/record/*,*/lessonlib/review/*
# Two workers suit the smallest machine that runs the tests; a file stays whole, because its tests share a JupyterLab or a kernel,
# but for what it asks of each lab: see tests/by_lab.py.
SPREAD := -n 2 --dist loadfile

LOCK := uv pip compile pyproject.toml --extra all --group build --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet

.DEFAULT_GOAL := lab
.PHONY: lab env env-test check check-style check-types check-arrows check-scripts check-lessons test notebooks lock audit bench class-load mutants wheel clean hub env-hub

lab: env  ## open JupyterLab on the start notebook (ARGS="--no-browser --port 9999" go to JupyterLab)
	@$(BIN)/python -m lessonlib lab $(ARGS)

env: $(STAMP)  ## make .venv from the lock: what a learner and an author need

env-test: $(TEST_STAMP)  ## the same .venv with what the tests and checks need

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || \
	  { echo "make: no '$(PYTHON)' here: install Python 3.11 or newer, or name one, as in: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $$($(PYTHON) --version 2>&1) is too old: Python 3.11 or newer is needed; name one, as in: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) cannot make virtual environments: install its venv module (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Making the environment in $(VENV) (once; about a minute) ..."
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_STAMP): $(STAMP) requirements-test.lock
	@echo "Adding what the tests and checks need (once; half a minute) ..."
	@$(PIP) --require-hashes -r requirements-test.lock
	@touch $@

# Side by side on two cores; each prints when it is through, so that what they find does not mix.
check: env-test  ## what needs no run, in some minutes: layout, lint, types, arrows between rooms, scripts, lessons
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target check-lessons check-types check-style check-arrows check-scripts

check-style:
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

check-types:
	$(BIN)/mypy lessonlib

check-arrows:
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python docs/rooms.py --check

check-scripts:
	$(BIN)/python -m tests.show.scripts

check-lessons:
	$(BIN)/python -m lessonlib lint --quiet

# The browser tests stand alone: JupyterLab, a kernel and Chromium fill two cores.
test: env-test  ## everything: Python, a real browser, every stored output of the notebooks
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m coverage erase
	$(NOBODY) $(BIN)/python -m coverage run -m pytest -p no:nbval $(COVERED) $(foreach path,$(LONG),--ignore=$(path)) $(SPREAD)
	@$(BIN)/python -m coverage combine --quiet 2>/dev/null
	@$(BIN)/python -m coverage report --skip-covered --skip-empty --include '$(COVERED_ROOMS)' | grep TOTAL
	$(PYTEST) $(LONG) tests --ignore=tests/browser $(foreach path,$(COVERED),--ignore=$(path)) $(SPREAD)
	$(PYTEST) tests/browser
	$(NBVAL) $(SPREAD) notebooks

notebooks: env  ## execute the notebooks and store their outputs again
	$(BIN)/python -m lessonlib build

# Another environment: a Hub brings packages that no learner needs. The proxy comes from npm with the hashes of its own lock.
hub: env-hub  ## a JupyterHub to try the course with several people, on this machine alone (make hub HUB_LESSON=03; see docs/HUB.md)
	@cd deploy/jupyterhub && exec ../../$(HUB_BIN)/jupyterhub --config jupyterhub_config.py

env-hub: $(HUB_VENV)/.ready  ## make .venv-hub: what a Hub and its learners need

$(HUB_VENV)/.ready: deploy/jupyterhub/requirements-hub.lock deploy/jupyterhub/proxy/deno.lock pyproject.toml
	@echo "Making the environment in $(HUB_VENV) (once; two minutes) ..."
	@$(HUB_BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(HUB_VENV)
	@$(HUB_BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r deploy/jupyterhub/requirements-hub.lock
	@$(HUB_BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@DENO_DIR=$(HUB_VENV)/deno $(HUB_BIN)/deno install --quiet --frozen --config deploy/jupyterhub/proxy/deno.json
	@touch $@

lock: ## resolve pyproject.toml anew (needs uv; to take newer versions: make lock UPGRADE=--upgrade)
	$(LOCK) $(UPGRADE) --output-file requirements.lock
	$(LOCK) $(UPGRADE) deploy/jupyterhub/requirements-hub.in --extra postgres --extra dask --group check --group test --constraints requirements.lock --output-file requirements-test.lock
	$(LOCK) $(UPGRADE) deploy/jupyterhub/requirements-hub.in --extra postgres --constraints requirements-test.lock --output-file deploy/jupyterhub/requirements-hub.lock

audit: ## look the pinned packages up among the known faults (needs uv and the network; nothing is installed into .venv)
	@command -v uvx >/dev/null 2>&1 || { echo "make: no 'uvx' here, which fetches pip-audit: install uv (pip install uv)" >&2; exit 2; }
	@for lock in requirements.lock requirements-test.lock deploy/jupyterhub/requirements-hub.lock; do \
	  uvx pip-audit@2.10.1 --require-hashes --disable-pip --strict --requirement $$lock || exit 1; done

bench: env-test  ## the budgets, as ratios measured on this machine
	$(BIN)/python benchmarks/run.py $(ARGS)

class-load: env-test  ## a hall of N phones against a class server here (make class-load N=1000 ARGS="--servers 2 --kill")
	$(BIN)/python benchmarks/class_load.py $(or $(N),1000) $(ARGS)

# Hours of it, so no part of `make test`; a part or a module takes minutes.
mutants: env-test  ## one wrong change after another, and whether a test notices (ARGS="judge", ARGS="lesson/seal.py", ARGS="--sample 20")
	$(NOBODY) nice $(BIN)/python mutants/run.py $(ARGS)

wheel: env  ## the package and its source, in dist/
	$(BIN)/python -m hatchling build

clean:  ## forget the environment
	rm -rf $(VENV) $(HUB_VENV)
