# Deskside. `make` alone says what there is.

PYTHON ?= python3
VENV := .venv/bin
# Also node and npm of .venv, so that checks and tests use one version everywhere.
export PATH := $(CURDIR)/$(VENV):$(PATH)
export PYTHONDONTWRITEBYTECODE = 1

.DEFAULT_GOAL := help
.PHONY: help run setup dev test lint format docs lock bench load figures plan-check release \
	deploy deploy-test network \
	compose-secrets clean

help: ## Say what there is.
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

run: setup ## Start it here: PORT=8000 HOST=127.0.0.1 TLS=1 TURN=1
	@$(VENV)/python -m tools.run

setup: ## Install what running needs.
	@$(PYTHON) tools/setup.py

dev: ## Install what checking and testing need, too.
	@$(PYTHON) tools/setup.py --dev

test: dev ## Run every test on private servers; TESTS= chooses some.
	@$(VENV)/python -m tools.test_services
	@tools/test

lint: dev ## Check style, types, layers, texts and generated files.
	@tools/lint

format: dev ## Put every file into its form.
	@$(VENV)/ruff check --fix --exit-zero --quiet
	@$(VENV)/ruff format --quiet
	@npm run --silent format

docs: dev ## Write docs/settings.md anew.
	@$(VENV)/python -m tools.settings_docs

lock: dev ## Pin the newest versions of all packages.
	@tools/lock

bench: dev ## Measure it beside others, its way to the first picture, codecs, and the pages. QUICK=1
	@QUICK='$(QUICK)' $(VENV)/python -m loadtests.bench.side_by_side
	@$(VENV)/python -m loadtests.bench.first_frame
	@$(VENV)/python -m loadtests.bench.codecs
	@$(VENV)/python -m loadtests.bench.pages
	@$(VENV)/python -m loadtests.bench.lighthouse

load: dev ## Put it under load, get a verdict: SCENARIO=signaling HOST=https://… KEY=…
	@$(VENV)/python -m loadtests.run

figures: dev ## Measure what calls cost here, for `deskside plan`: app/figures.json.
	@$(VENV)/python -m loadtests.capacity.measure

plan-check: dev ## Hold `deskside plan` against a run of another size on this machine.
	@$(VENV)/python -m loadtests.capacity.check

release: control ## Build what hosts install: dist/deskside-VERSION.tar.
	@$(VENV)/python -m tools.release

deploy: inventory release ## Put it on the hosts of INVENTORY=path and prove that it works.
	@cd ansible && ../$(VENV)/ansible-playbook -i '$(abspath $(INVENTORY))' site.yml $(ANSIBLE)

network: dev ## Prove that calls connect between all kinds of networks; needs root.
	@$(VENV)/python -m tools.test_services
	@NETWORK=full $(VENV)/pytest -q tests/network
	@echo 'The reports: tests/artifacts/network/matrix.html, changes.html'

deploy-test: dev ## Prove the playbooks on booted hosts of their own; needs root. DEBIAN=trixie (or noble)
	@$(VENV)/python -m tools.test_services
	@$(VENV)/pytest tests/deploy tests/compose

compose-secrets: setup ## Make the secrets and configuration of docker-compose.yml.
	@$(VENV)/python -m tools.compose_secrets

.PHONY: control inventory
control:
	@$(PYTHON) tools/setup.py --deploy

inventory:
	@test -e '$(INVENTORY)' || { echo 'Which hosts? make deploy INVENTORY=ansible/inventories/mine'; exit 1; }

clean: ## Forget what was installed and cached; var/ stays.
	@rm -rf .venv node_modules app/static/vendor .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .coverage
