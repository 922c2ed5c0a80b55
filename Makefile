# Two commands do all the set-up on a fresh Debian machine with Python >= 3.11, git and make:
#   make run    a whole demonstration night on the embedded forge
#   make test   the whole suite
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
SYSTEM_PACKAGES := bubblewrap chromium fonts-dejavu-core libgitlab-api-v4-perl postgresql rsync
NPM_PACKAGES := gitlab-ci-local@4.75.1 axe-core@4.10.3
# One more than there are cores: tests wait for programs.
WORKERS := $(shell expr $$(nproc) + 1)
OPENAPI := $(abspath $(wildcard $(DATA)/gitlab-openapi-15.2.yaml))

.DEFAULT_GOAL := help
.PHONY: help run attacks test test-long test-nights test-agents agents mini-swe-agent lint format types unit docs schemas system npm bench bench-gates-job bench-quixbugs bench-separation bench-tampering bench-scale bench-pipelines bench-publishing bench-routing bench-simulation bench-month bench-growth bench-merges bench-metrics bench-collecting bench-aftermath bench-psplib fuzz kill-table kill-table-work soak mutants reference rules bench-rules locks dist clean

help:  ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 20

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; call make with PYTHON=/path/to/it" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tools/system-packages python3-venv
	@$(PYTHON) -m venv $(VENV) || { echo "venv is missing: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 2; }

$(VENV)/.run: pyproject.toml | $(BIN)/python
	tools/install $(BIN)/python --editable '.[all]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	tools/install $(BIN)/python --editable '.[dev]'
	@touch $@ $(VENV)/.run

run: $(VENV)/.run  ## A whole demonstration night; prints where the report page is
	@$(BIN)/python examples/demo.py --into out/demo

$(VENV)/.npm: Makefile tools/npm-packages | $(VENV)/.dev
	@$(BIN)/python tools/npm-packages $(VENV)/npm $(NPM_PACKAGES) && touch $@

npm: $(VENV)/.dev  # Installs the runner of the component tests; without it they are skipped by name.
	@$(MAKE) --no-print-directory $(VENV)/.npm || echo "no npm packages: tests of components in pipelines are skipped" >&2

system:  # Installs the packages some tests need, when root; else those tests are skipped by name.
	@tools/system-packages $(SYSTEM_PACKAGES)

agents: $(VENV)/.dev  # Real coding agents for the tests; without one its test is skipped by name.
	@$(BIN)/python tools/agents $(VENV)/agents mini-swe-agent aider claude-code codex gemini opencode openhands || true

mini-swe-agent: $(VENV)/.dev  # The one real agent that needs no model, for `make test`; its test is skipped by name without it.
	@$(BIN)/python tools/agents $(VENV)/agents mini-swe-agent || true

test-agents: $(VENV)/.dev agents  ## Real coding agents against a model on this machine (1.5 GB, some minutes)
	$(BIN)/python -m pytest -m agents tests/agents

test-nights: $(VENV)/.dev npm  ## The whole demonstration on the stand-in: with all gates, and in pipelines (some minutes)
	TEST_WHOLE_NIGHTS=1 $(BIN)/python -m pytest -m "not agents" tests/ci_local/test_ci_local_batch.py tests/ci_local/test_ci_local_demonstration.py

test-long: $(VENV)/.dev npm  ## Storms, kills and nights that `make test` leaves out (some minutes)
	TMPDIR="$$(tools/scratch)" $(BIN)/python -m pytest -m long --numprocesses $(WORKERS) --dist worksteal

attacks: $(VENV)/.dev system  ## Every attack of tests/attacks, and their table in docs/attacks.md again
	TMPDIR="$$(tools/scratch)" $(BIN)/python -m pytest -m attack tests/attacks --attack-table docs/attacks.md

test: $(VENV)/.dev system npm mini-swe-agent lint  ## Lint, types and the whole test suite
	@$(MAKE) --no-print-directory --jobs 2 types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests bench examples
	$(BIN)/ruff format --check src tests bench examples

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff check --fix src tests bench examples
	$(BIN)/ruff format src tests bench examples

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	TMPDIR="$$(tools/scratch)" TEST_GITLAB_OPENAPI="$(OPENAPI)" $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

locks: $(VENV)/.dev  ## Pin the packages of the container images again (requirements/)
	tools/install $(BIN)/python uv
	tools/locks $(BIN)/uv

dist: $(VENV)/.run  ## A release's files in dist/: wheel, sources, checksums, bill of materials, provenance (TAG=1.2.3 checks the version)
	tools/install $(BIN)/python '.[release]'
	$(BIN)/python tools/release $(if $(TAG),--tag $(TAG))

schemas: $(VENV)/.run  ## Write schemas/ again
	$(BIN)/ci-factory schema --out schemas

docs: $(VENV)/.dev  ## The documentation as a site in out/site; opens from disk
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "out/site/index.html"

reference: $(VENV)/.run  ## Write docs/reference/ again: commands, settings, inputs, variables
	$(BIN)/python tools/reference

rules: $(VENV)/.run  ## Write the table of semgrep rules in docs/rules.md again
	$(BIN)/python tools/rules-table

bench-rules: $(VENV)/.dev  ## Precision of the semgrep rules on sources of others (some minutes)
	$(BIN)/python bench/rule_precision.py

bench: $(VENV)/.dev npm  ## Every figure in one table with its bound (two hours; ONLY="startup planning" for some; goes on where it stopped)
	$(BIN)/python bench $(ONLY) --data $(DATA)

bench-quixbugs: $(VENV)/.dev  ## 40 corrections and 40 breakages through the gates
	$(BIN)/python bench/quixbugs.py $(DATA)/quixbugs.jsonl --support $(DATA)/quixbugs-support.json

bench-separation: $(VENV)/.dev  ## Whether the score prefers right programs when half of their tests are hidden
	$(BIN)/python bench/gate_separation.py $(DATA)/quixbugs.jsonl --support $(DATA)/quixbugs-support.json

bench-tampering: $(VENV)/.dev  ## Ways to cheat, each on ten right changes (half an hour)
	$(BIN)/python bench/tampering.py $(DATA)/quixbugs.jsonl

bench-scale: $(VENV)/.dev  ## Gates in a tree of 150,000 lines, and reports of a million findings
	$(BIN)/python bench/gates_scale.py
	$(BIN)/python bench/reports.py

bench-pipelines: $(VENV)/.dev  ## Child pipelines for 1,000 tickets, against dumping the same data
	$(BIN)/python bench/child_pipeline.py

bench-routing: $(VENV)/.dev  ## Routing policies on simulated agents whose qualities are known, in 13 worlds (some minutes)
	$(BIN)/python bench/routing.py

bench-publishing: $(VENV)/.dev  ## Publishing 100 tickets to the GitLab stand-in, against the bare requests
	$(BIN)/python bench/publishing.py

bench-psplib: $(VENV)/.dev  ## 480 scheduling instances through the planner's core, and their proved optima (some minutes)
	$(BIN)/python bench/psplib.py $(DATA)/psplib-j30.jsonl --optimize

bench-merges: $(VENV)/.dev  ## All pairs of 200 changes, against one bare git merge-tree for each
	$(BIN)/python bench/merge_truth.py

bench-metrics: $(VENV)/.dev  ## Dashboard and reports from stores of 1,000, 10,000 and 100,000 merge requests (some minutes)
	$(BIN)/python bench/metrics_scale.py

bench-collecting: $(VENV)/.dev  ## Requests that collecting takes on the GitLab stand-in, 1,000 merge requests (some minutes)
	$(BIN)/python bench/collecting.py

bench-aftermath: $(VENV)/.dev  ## Looking for what became of 1,000 merged changes (some minutes)
	$(BIN)/python bench/aftermath.py 1000

bench-simulation: $(VENV)/.dev  ## Simulating a million tickets (half a minute)
	$(BIN)/python bench/simulation.py

bench-month: $(VENV)/.dev  ## A month of 40 conflicting tickets a night: the plan against plain turns
	$(BIN)/python bench/month.py

bench-growth: $(VENV)/.dev  ## The figures of docs/scale.md: 10, 1,000 and 100,000 tickets a night
	$(BIN)/python bench/scale.py

bench-gates-job: $(VENV)/.dev system npm  ## What the gates job of the level-1 component costs beyond the gates
	$(BIN)/python bench/gates_job.py

fuzz: $(VENV)/.dev  ## Every parser of untrusted bytes under libFuzzer, MINUTES=30 each (TARGETS="report ticket": only these)
	tools/install $(BIN)/python --editable '.[dev,fuzz]'
	TMPDIR="$$(tools/scratch)" $(BIN)/python -m tests.fuzz.run --minutes $(or $(MINUTES),30) $(TARGETS)

kill-table: $(VENV)/.dev  ## Kill -9 before and after every request of a publication, and what one more run makes of it
	$(BIN)/python bench/kills.py

kill-table-work: $(VENV)/.dev  ## Kill -9 before every effect of the work on a ticket, and what one more run makes of it
	$(BIN)/python bench/work_kills.py

soak: $(VENV)/.dev  ## Simulated nights with kills, lost responses, full disks and people (SEED=1 NIGHTS=10000: a quarter of an hour)
	@TMPDIR="$$(tools/scratch)" PYTHONHASHSEED=0 $(BIN)/python bench/soak.py --seed $(or $(SEED),1) --nights $(or $(NIGHTS),10000)

mutants: $(VENV)/.dev  ## Mutation testing of our own rooms (ROOM=scoring, FAULTS=500 for a sample; hours for all)
	TMPDIR="$$(tools/scratch)" $(BIN)/python bench/mutants.py $(ROOM) --sample $(or $(FAULTS),0) --survivors

clean:  ## Remove what was made here
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache .hypothesis
