# `make demo` and `make test` set themselves up on a machine that has nothing but Python 3.11 or later with pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PATIENTS ?=
SPLITS ?=
TABLES ?= networks hyperparameters supervision
EXPERIMENTS ?= brats3d-experiments

.PHONY: demo test check slow experiments wheel clean

demo: $(STAMP)
	$(BIN)/brats3d demo

test: $(STAMP)
	$(BIN)/python -m pytest -q

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The long proofs: corpus of bad inputs, flipped bits, kills, two ranks, a wheel in an empty environment. Those on real
# patients run where a folder of them is given: make slow PATIENTS=/path/to/patients
slow: $(STAMP)
	$(BIN)/python -m pytest -q -m slow $(if $(PATIENTS),--patients=$(PATIENTS))

# Tables of recipes under one budget of time (hours on two cores; killed and run again, it goes on):
# make experiments PATIENTS=/path/to/patients SPLITS=/path/to/splits.json
experiments: $(STAMP)
	$(BIN)/python -m brats3d.study.experiments $(TABLES) --data $(PATIENTS) --splits $(SPLITS) -o $(EXPERIMENTS)

wheel: $(STAMP)
	$(BIN)/python -m build --wheel

$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf $(VENV) build dist brats3d-demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
