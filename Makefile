# Deux commandes suffisent : `make run` (tout démarrer) et `make test` (ce que vérifie l'intégration continue).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Derrière un mandataire, les certificats sont ceux du système.
export UV_SYSTEM_CERTS := true

.PHONY: run test lint unit stress bench demo lock clean

run: $(READY)
	@exec $(BIN)/mentorat up

demo: $(READY)
	@exec $(BIN)/mentorat demo

test: lint unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(READY)
	$(BIN)/pytest -m "not stress" --numprocesses=3

stress: $(READY)
	$(BIN)/pytest -m stress --timeout=3600

# Mesure sur cette machine, puis récrit benchmarks/RESULTS.md : rien d'autre ne doit l'occuper.
bench: $(READY)
	$(BIN)/python -m benchmarks

# Versions épinglées avec empreintes ; aucun dépôt n'est nommé dans les fichiers.
lock: $(READY)
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock

$(READY): requirements-dev.lock requirements-setup.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-setup.lock
	$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock requirements-setup.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
