# Every target is safe to repeat. Arguments for the command behind a target: make demo ARGS="--reps 500".

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
ARGS ?=
PYTHON ?=
bin := .venv/bin

# The stamps hold when .venv was brought to what the lock says. The dev environment includes the
# demo's packages, so the demo uses it where it is there.
dev_env := .venv/.stamp-dev
demo_env := $(if $(wildcard $(dev_env)),$(dev_env),.venv/.stamp-demo)

.PHONY: help demo test check fmt services bench bench-alerts soak chaos chaos-long dashboards lock clean env

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(demo_env) ## A simulated floor on an embedded broker, with the live page; needs only Python (ARGS="--reps 500")
	@$(bin)/floorcast demo $(ARGS)

test: env services ## Everything: lint, types, imports and all tests, with real servers
	@$(bin)/python -m tests.run $(ARGS)

check: env ## Lint, types, imports and the tests that need no server; under 90 seconds
	@$(bin)/python -m tests.run --group check $(ARGS)

fmt: env ## Format the code and apply safe fixes; the only target that writes to the sources
	@$(bin)/ruff check --fix-only --quiet
	@$(bin)/ruff format

services: env ## Install what the tests need: Kafka, Redis, Prometheus, Alertmanager, Chromium
	@$(bin)/python -m tests.services.install

bench: env services ## Print what speed and memory this machine measures
	@$(bin)/python -m tests.bench $(ARGS)

bench-alerts: env ## False alarms, delays and cost of the alert detector on floors with known truth (ARGS=--full), and on real calls
	@$(bin)/python -m tests.bench alerts alerts-team alerts-activity alerts-uci $(ARGS)

soak: env services ## A live floor and 200 viewers for 30 minutes: memory flat, all at one state (ARGS="--minutes 10")
	@$(bin)/python -m tests.soak $(ARGS)

chaos: env services ## Faults of every kind on real servers, every event accounted for; 5 minutes (ARGS="--seed 7")
	@$(bin)/python -m tests.chaos run --rounds 4 $(ARGS)

chaos-long: env services ## 2,000 simulated hours, then chaos for hours, each with a row in its RESULTS.md (ARGS="--hours 8")
	@$(bin)/python -m tests.simulation --hours 2000 --seed $$(date +%j%H%M) --record
	@$(bin)/python -m tests.chaos run --record --quiet $(or $(ARGS),--hours 1)

dashboards: env ## Write grafana/dashboards from their generator (ARGS=--check compares only)
	@$(bin)/python -m grafana.generate $(ARGS)

lock: env ## Resolve the locked requirements again (ARGS=--upgrade takes the newest versions)
	@UV=$(bin)/uv requirements/lock.sh $(ARGS)

clean: ## Remove caches and build results; keeps .venv and .services
	@rm -rf build dist *.egg-info .reports .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find streams producers sinks tests -name __pycache__ -type d -prune -exec rm -rf {} +

env: $(dev_env)

.venv/.stamp-%: requirements/%.txt pyproject.toml requirements/make-env.sh
	@PYTHON="$(PYTHON)" requirements/make-env.sh $*
	@touch $@
