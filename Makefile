# make pack       this month's pack of the sample company (creates the environment first)
# make test       every test; make bench prints the measured tables; make dashboard, make lab, make meeting open what they say
PYTHON ?= python3
BIN = .venv/bin
MONTH ?=
DATA ?= data
PACKS ?= packs
# An extension of JupyterLab that runs a notebook which asks for it when it is opened
RUNS = --LabApp.extra_labextensions_path=$(CURDIR)/sopkit/panels/jupyter/labextensions

.PHONY: pack test bench dashboard lab meeting sample past clean

pack: .venv/ready
	$(BIN)/sopkit pack $(MONTH) --data $(DATA) --packs $(PACKS)
	$(BIN)/sopkit export $(MONTH) --packs $(PACKS)

test: .venv/ready
	$(BIN)/python -m pytest -n 2 --dist loadgroup

bench: .venv/ready
	$(BIN)/python -m tests.benchmarks

dashboard: .venv/ready
	$(BIN)/sopkit dashboard $(MONTH) --packs $(PACKS)

lab: .venv/ready
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 $(RUNS) notebooks/tune_forecasts.ipynb

meeting: .venv/ready
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 notebooks/run_meeting.ipynb

sample: .venv/ready
	$(BIN)/python -m tests.company data

past: .venv/ready
	$(BIN)/python -m tests.company.earlier data

# Pinned versions; upgrade by editing pyproject.toml and constraints.txt together.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,cluster,postgres]'
	touch $@

clean:
	rm -rf .venv packs
