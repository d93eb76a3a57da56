# Everything here works on a machine with Python 3.11 or newer and pip, and nothing else.
# Arguments pass through: make demo ARGS=--once, make test ARGS="tests/unit -x".

PYTHON ?= python3
UV ?= uv
ARGS ?=

# The environment must not steer the tools: the lock files say what is installed, and pip runs in a venv of its own.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME

PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet
# The stamps carry a date later than what they were made from; deleting a venv deletes its stamp.
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
VNC := .venv-vnc/.installed
CLI := .venv-cli/.installed
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve migrate test check fuzz fix bench bench-kube lock clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*##/make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(RUN)  ## Two pods with several interfaces each, on a database of its own; serves until Ctrl-C (ARGS=--once: ends)
	@.venv/bin/netweave demo $(ARGS)

serve: $(RUN)  ## The API server
	@.venv/bin/netweave serve $(ARGS)

migrate: $(RUN)  ## The database of DATABASE_URL brought up to date
	@.venv/bin/netweave migrate $(ARGS)

test: check $(VNC) $(CLI)  ## Lint, types, import contracts and every test
	$(PY) -m pytest --numprocesses=auto --dist=loadfile $(ARGS)

check: $(DEV)  ## Lint, types and import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

fuzz: $(DEV)  ## 20,000 requests that schemathesis makes of the OpenAPI document, along its links (ARGS="-k virtual-network": of some kinds)
	NETWEAVE_WALKED=20000 $(PY) -m pytest tests/contract/test_schemathesis.py tests/contract/test_walks.py $(ARGS)

fix: $(DEV)  ## What ruff can repair
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(DEV)  ## Speed, as ratios to what the machine can do
	$(PY) -m tests.bench $(ARGS)

bench-kube: $(DEV)  ## The worker at scale, beside a bare watcher of the same pods (ARGS=--quick: to see that it runs)
	$(PY) -m tests.bench.kube $(ARGS)

lock:  ## The lock files made again from pyproject.toml (needs uv; ARGS=--upgrade: newest versions)
	$(LOCK) pyproject.toml --extra embedded -o requirements/embedded.txt
	$(LOCK) pyproject.toml -c requirements/embedded.txt -o requirements/run.txt
	$(LOCK) pyproject.toml -c requirements/embedded.txt --extra embedded --group dev --group build -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt --group build -o requirements/build.txt
	$(LOCK) --group vnc -o requirements/vnc.txt
	$(LOCK) --group cli -o requirements/cli.txt

clean:  ## The virtual environments and what was built
	rm -rf .venv .venv-vnc .venv-cli build dist *.egg-info

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	    "Netweave needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; for another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# setuptools comes first: the project itself is built with it, without isolation, so that nothing unlocked is downloaded.
$(RUN): requirements/embedded.txt requirements/build.txt pyproject.toml setup.py | $(PY)
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --require-hashes -r requirements/embedded.txt
	PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

# The published client is old: its own list of requirements cannot be met on Python 3.11, so the locked one replaces it (--no-deps).
$(VNC): requirements/build.txt requirements/vnc.txt | $(PY)
	$(PY) -m venv .venv-vnc
	.venv-vnc/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt
	.venv-vnc/bin/python -m pip install --quiet --require-hashes --no-deps --no-build-isolation -r requirements/vnc.txt
	@touch $@

# The command-line tool of the same time gets a venv too, and a few mends to its copy there: the script lists them.
$(CLI): requirements/build.txt requirements/cli.txt tests/contract/mend_contrail_api_cli.py | $(PY)
	$(PY) -m venv --clear .venv-cli
	.venv-cli/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt
	.venv-cli/bin/python -m pip install --quiet --require-hashes --no-deps --no-build-isolation -r requirements/cli.txt
	.venv-cli/bin/python tests/contract/mend_contrail_api_cli.py
	@touch $@
