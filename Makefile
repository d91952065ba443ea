# Two commands: `make run` talks, `make test` checks. Both build .venv first, on a machine that has only Python and make.

PYTHON ?= python3
PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check

.PHONY: run test hunt clean

run: .venv/runtime
	@.venv/bin/python bot.py

test: .venv/development
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -n auto --dist worksteal

# Every property with ten times as many examples as `make test` tries, and others each time; `make hunt HUNT=50` for more.
HUNT ?= 10
hunt: .venv/development
	HUNT=$(HUNT) .venv/bin/python -m pytest -n auto --dist worksteal $$(grep -l '^from hypothesis' tests/test_*.py)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamps are renewed when a requirements file changes. Installing says nothing on standard output: `make run` may be piped.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Threadkeeper needs Python 3.11 or later, this is " + sys.version.split()[0] + "; name another: make run PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/runtime: .venv/bin/python requirements.txt
	@echo "installing what Threadkeeper needs into .venv (once) …" >&2
	@$(PIP) install -r requirements.txt >&2
	@touch $@

.venv/development: .venv/bin/python requirements.txt requirements-dev.txt
	@echo "installing what the tests need into .venv (once) …" >&2
	@$(PIP) install -r requirements-dev.txt >&2
	@touch $@ .venv/runtime
