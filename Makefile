# Needs python3 (3.11 to 3.13) and make; everything else is fetched into .venv.
PYTHON ?= python3
BIN := .venv/bin

# The system's own settings of Python have no say here.
unexport PYTHONPATH

.PHONY: run demo test faults attacks steady bench check format lock model eval schemas clean
.DEFAULT_GOAL := run

run: .venv/installed ## everything, in the foreground, until Ctrl-C
	@$(BIN)/wiredesk run

demo: .venv/installed ## the two seed articles through real servers and back, then stop
	@$(BIN)/wiredesk demo

test: .venv/installed-dev ## the whole suite, real servers included
	@$(BIN)/pytest -n 2 --dist loadfile

FAULTS ?= faults.json
faults: .venv/installed-dev ## every row of the table of faults with its full figures, which takes an hour or two (FAULTS: where the table is written)
	@WIREDESK_TEST_FAULTS=full WIREDESK_TEST_FAULTS_JSON=$(FAULTS) $(BIN)/pytest tests/faults

ATTACKS ?= attacks.json
attacks: .venv/installed-dev ## every row of the table of attacks with its full figures (ATTACKS: where the table is written)
	@WIREDESK_TEST_FAULTS=full WIREDESK_TEST_ATTACKS_JSON=$(ATTACKS) $(BIN)/pytest tests/security tests/browser/test_pages.py::test_no_stored_script_runs

MINUTES ?= 60
RATE ?= 20
STEADY ?= steady.json
steady: .venv/installed-dev ## everything together under a steady load: does anything grow (MINUTES, RATE: articles a second, STEADY: where the table is written)
	@$(BIN)/python -m tests.steady --minutes $(MINUTES) --rate $(RATE) --json $(STEADY)

BENCH ?= bench.json
bench: .venv/installed-dev ## how fast each stage and the whole are beside what bounds them; worse than kept is an error (QUICK=1: under five minutes; STAGES, ROUNDS, CORPUS, SPACY; KEEP=1: keep the ratios; BENCH: where the figures are written)
	@$(BIN)/python -m tests.bench $(if $(filter-out 0,$(QUICK)),--quick) $(if $(STAGES),--stages $(STAGES)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(CORPUS),--corpus $(CORPUS)) $(if $(SPACY),--spacy $(SPACY)) $(if $(filter-out 0,$(KEEP)),--keep) --json $(BENCH)

check: .venv/installed-dev ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: .venv/installed-dev ## export the JSON Schemas of the contract
	$(BIN)/python -m schemas.export

DATA ?= ../shared/data
model: .venv/model/installed ## train the tagger, make the linker's table, print the scores (DATA: the corpora's folder)
	@.venv/model/bin/python -m processors.training $(DATA)

eval: .venv/installed-dev ## how good and fast the enrichers are (TEXTS: texts that are not free; SPACY: a pipeline to compare)
	@$(BIN)/python -m tests.eval $(DATA) $(if $(TEXTS),--texts $(TEXTS)) $(if $(SPACY),--spacy $(SPACY))

.venv/model/installed: requirements-model.lock | $(BIN)/uv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/model
	@$(BIN)/uv pip install --quiet --python .venv/model/bin/python --require-hashes -r requirements-model.lock
	@touch $@

lock: $(BIN)/uv ## pin every dependency with its hashes
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --group test --group check -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group model -c requirements.lock -o requirements-model.lock

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Wiredesk needs Python 3.11 to 3.13, and $(PYTHON) is " + sys.version.split()[0] + ": name another one with make PYTHON=...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/installed: requirements.lock pyproject.toml | $(BIN)/uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --build-constraints requirements-dev.lock --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

clean: ## remove what make made here (downloads and stored data stay)
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
