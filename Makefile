# Everything a developer needs, from a bare checkout with Python 3.11+ and make.
#
# Paths are relative on purpose: make cannot cope with spaces in names, and programs in
# .venv/bin are run as `.venv/bin/python -m …`, because their first line cannot either.

PORT ?= 8000
# Three processes on two cores: some tests wait for others that were killed.
PYTEST_ARGS ?= -n 3 --dist worksteal
export SCALE
# One lock for every platform and Python, with the hash of each file and no address of an index.
LOCKED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help environment translations demo test lint lock bench messages clean

PY := .venv/bin/python
MANAGE := $(PY) manage.py
# Prints the first Python that is new enough; PYTHON=… overrides the choice.
FIND_PYTHON := set -- python3 python3.13 python3.12 python3.11 python3.14; \
	if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; fi; \
	for python in "$$@"; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
			&& { echo "$$python"; break; }; \
	done

help: ## Show this list
	@echo "make <what>:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1 \2/p' Makefile | awk '{ name = $$1; $$1 = ""; printf "  %-9s%s\n", name, $$0 }'

# Made anew if its Python is gone or it was left half-made; packages are installed again only if the lock changed.
environment:
	@if ! $(PY) -c 'import pip' 2>/dev/null; then \
		python=$$($(FIND_PYTHON)); \
		if [ -z "$$python" ]; then \
			echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3." >&2; exit 1; fi; \
		rm -rf .venv; \
		echo "Making .venv with $$("$$python" --version)"; \
		if ! "$$python" -m venv .venv >.venv.log 2>&1; then \
			rm -rf .venv; \
			if ! "$$python" -m virtualenv -q .venv >>.venv.log 2>&1 && ! virtualenv -q -p "$$python" .venv >>.venv.log 2>&1; then \
				cat .venv.log >&2; rm -rf .venv .venv.log; \
				echo "No environment could be made: install the package python3-venv (apt-get install python3-venv) and run make again." >&2; exit 1; fi; \
		fi; \
		rm -f .venv.log; \
	fi
	@if ! cmp -s requirements.lock .venv/installed.lock; then \
		echo "Installing what requirements.lock names; the first time takes a minute or two"; \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock \
			&& cp requirements.lock .venv/installed.lock; \
	fi

translations: environment
	@if [ -d locale ]; then $(PY) -m settings.messages compile; fi

demo: translations ## Run the register with demo data on PORT=8000; FRESH=1 begins anew
	@$(MANAGE) serve --port "$(PORT)" --check-port
ifeq ($(FRESH),1)
	@$(PY) -m settings.embedded wipe
endif
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@$(MANAGE) demo_data $(if $(filter 1,$(FRESH)),--fresh)
	@exec $(MANAGE) serve --port "$(PORT)" --banner "$${SELOSTE_STATE_DIR:-var}/demo-logins.txt"

test: translations ## Run the whole suite; PYTEST_ARGS='-k consent -x' chooses
	@if { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then \
		$(PY) -m pytest $(PYTEST_ARGS); \
	else \
		echo "########  NO CHROMIUM: THE BROWSER TESTS ARE LEFT OUT (apt-get install chromium)  ########"; \
		$(PY) -m pytest $(PYTEST_ARGS) -m "not browser" && status=0 || status=$$?; \
		echo "########  NO CHROMIUM: THE BROWSER TESTS WERE LEFT OUT  ########"; \
		exit $$status; \
	fi

lint: translations ## Check style, types, layers, templates, known dangers and migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	@# Low severity is left to ruff's S rules, whose exceptions carry their reasons.
	$(PY) -m bandit --quiet --severity-level medium -c pyproject.toml -r .
	$(PY) -m djlint --quiet --check --lint $(wildcard templates */templates)
	$(MANAGE) makemigrations --check --dry-run

lock: environment ## Resolve pyproject.toml into the two locks
	$(PY) -m uv pip compile pyproject.toml --all-extras $(LOCKED) --output-file requirements.lock
	$(PY) -m uv pip compile pyproject.toml --constraint requirements.lock $(LOCKED) --no-annotate --output-file requirements-production.lock

bench: environment ## Measure; NAME=… chooses one, SCALE=… the amount of data
	$(PY) -m benchmarks $(NAME)

messages: environment ## Collect what is to be translated, and compile it
	$(PY) -m settings.messages update
	$(PY) -m settings.messages compile

clean: ## Remove the environment and everything under var/, the demo's data too
	@if [ -x $(PY) ] && [ -d settings/embedded ]; then $(PY) -m settings.embedded wipe; fi
	rm -rf .venv var staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
