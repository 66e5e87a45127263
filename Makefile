# make quickstart · make test: each makes its own .venv from the lock of its Python first.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: help venv light test test-slow test-numbers test-stacks gpu-check install-gpu supported-systems fuzz lint format quickstart bench lock notebooks clean paper reproduce-smoke reproduce-mini docs FORCE

help:
	@echo "make quickstart  install, fetch MSRA, fine-tune the small encoder that ships with the project, evaluate, tag some sentences"
	@echo "make bench       measure speed and memory beside PyTorch and plain Keras; BENCH_FLAGS=--quick for a short run"
	@echo "make paper       fetch MSRA and the public weights, train the five systems of the paper's Table 4, write its tables; days on a CPU, asks before"
	@echo "make reproduce-smoke  all systems of the paper's comparison, tiny and from random weights, on a part of MSRA: the report's tables in minutes"
	@echo "make reproduce-mini   all systems of the paper's comparison on the small encoder that ships and a BERT of its size: hours, resumable"
	@echo "make test        lint and the tests but for those marked slow"
	@echo "make test-slow   the tests marked slow"
	@echo "make test-numbers  the numbers that are the same on every TensorFlow; VENV=.venv-later PYTHON=python3.13 for another one"
	@echo "make test-stacks  make test on each Python from 3.9 to 3.13 that is here, and a table"
	@echo "make install-gpu  the CUDA libraries of this TensorFlow into the environment"
	@echo "make gpu-check   numbers, determinism, memory and speed on a GPU, in under ten minutes; a report of one page"
	@echo "make supported-systems  README's table of what is supported: pip is asked for each system and Python"
	@echo "make fuzz        mutants of every kind of file: no traceback, no hang, no full memory; FUZZ_FLAGS=--mutants=1000 for a short run"
	@echo "make lint        ruff check, ruff format --check, and mypy on the public names"
	@echo "make format      apply both"
	@echo "make venv        .venv from the lock of its Python; PYTHON=path chooses the interpreter"
	@echo "make docs        run the notebooks, and the pages and the Python reference as a site: output/site/index.html"
	@echo "make notebooks   run the notebooks: tagging, training, serving"
	@echo "make light       build albert-ner-light into dist/, and test it in an environment without TensorFlow; PYTHON=path chooses the interpreter"
	@echo "make lock        the locks from setup.py; needs uv"
	@echo "make clean       remove the environments and caches; data/ and output/ stay"

venv: $(STAMP)

# Written last, so that an install that was interrupted is no install.
$(STAMP): requirements.lock requirements-later.lock setup.py tools/make_venv.sh
	@tools/make_venv.sh $(VENV)
	@touch $@

# The interpreter is a link to one outside: when that is gone, the stamp says nothing.
ifeq ($(wildcard $(PY)),)
$(STAMP): FORCE
endif

# Each process starts with a run of neighbouring tests, so that what a file prepares once is seldom prepared twice. A process takes a few gigabytes.
test: lint
	$(PY) -m pytest -m "not slow" --numprocesses=auto --maxprocesses=4 --dist=worksteal

test-slow: venv
	$(PY) -m pytest -m slow

test-numbers: venv
	$(PY) -m pytest -m "numbers and not slow" --numprocesses=auto --maxprocesses=4 --dist=worksteal

test-stacks:
	@tools/test_stacks.sh

supported-systems: venv
	$(PY) -m tools.supported_systems

# 20,000 mutants of each kind of file, within half an hour on two cores; make test reads a few of each.
fuzz: venv
	$(PY) -m tests.fuzz $(FUZZ_FLAGS)

lint: venv
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: venv
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

quickstart: venv
	$(PY) -m ner.data.msra --output_dir=data/msra
	$(PY) run_ner.py --flagfile=flags/quickstart.flags
	$(PY) run_ner.py --do_predict --model_dir=output/quickstart --input_file=examples/sentences.txt

# The lock that an environment was made from.
ITS_LOCK = $$($(PY) -c 'import sys; print("requirements.lock" if sys.version_info < (3, 12) else "requirements-later.lock")')

install-gpu: venv
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint $(ITS_LOCK) ".[gpu]"

gpu-check: venv data/msra/train.txt
	$(PY) -m benchmarks.gpu_check

# PyTorch has an environment of its own: its packages and TensorFlow's do not go together.
BENCH_VENV := .venv-bench

bench: venv $(BENCH_VENV)/.installed data/msra/train.txt
	$(PY) -m benchmarks.compare --torch_python=$(BENCH_VENV)/bin/python $(BENCH_FLAGS)
	$(PY) -m benchmarks.taggers --other_python=$(BENCH_VENV)/bin/python

$(BENCH_VENV)/.installed: benchmarks/requirements.txt
	$(PY) -m venv --clear $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

data/msra/train.txt: | $(STAMP)
	$(PY) -m ner.data.msra --output_dir=data/msra

# Pictures need an extra that the lock file does without.
$(VENV)/.plots: $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check "matplotlib>=3.9"
	@touch $@

paper: $(VENV)/.plots
	$(PY) -m ner.cli reproduce --experiments=paper --output_dir=output/paper $(PAPER_FLAGS)

reproduce-smoke: $(VENV)/.plots
	$(PY) -m ner.data.msra --output_dir=data/msra
	$(PY) -m ner.reproduce --experiments=all --seeds=42 --output_dir=output/reproduce_smoke --data_dir=data/msra \
		--overrides_file=flags/reproduce_smoke/overrides.json --train_sentences=600 --test_sentences=200

# The paper's systems on the encoder that ships, beside a BERT of its size pretrained on the same text for as many steps. Hours; what is
# done is not done again. Without data/corpus (docs/pretraining.md) the report says that the BERT systems were not measured.
MINI := output/reproduce_mini
MINI_SEEDS := 1,2,3

reproduce-mini: $(VENV)/.plots data/msra/train.txt
	$(PY) -m pip install --quiet --disable-pip-version-check jieba
	if ls data/corpus/*.txt.xz >/dev/null 2>&1; then for part in short long more; do \
		$(PY) run_pretraining.py --flagfile=flags/reproduce_mini/pretrain_bert_$$part.flags || exit; done; fi
	$(PY) -m ner.reproduce --experiments=all --seeds=$(MINI_SEEDS) --measure_costs --output_dir=$(MINI) --data_dir=data/msra \
		--overrides_file=flags/reproduce_mini/overrides.json

# Into the repository: the report, its pictures and the record of each run.
docs/reproduction: $(MINI)/report.md FORCE
	mkdir -p $@
	cp -r $(MINI)/report.md $(MINI)/plots $@/
	cd $(MINI)/runs && for record in */*/run.json */*/history.csv; do mkdir -p $(CURDIR)/$@/runs/$$(dirname $$record) && \
		cp $$record $(CURDIR)/$@/runs/$$record; done

# The pages as a site, in an environment of its own: output/site/index.html. A warning is an error.
DOCS_VENV := .venv-docs

docs: notebooks $(DOCS_VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet

$(DOCS_VENV)/.installed: docs/requirements.txt
	$(or $(PYTHON),python3) -m venv --clear $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

light:
	@tools/make_light.sh

# Jupyter runs the notebooks; the lock file does without it.
$(VENV)/.notebooks: $(VENV)/.plots
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint $(ITS_LOCK) "nbclient~=0.10" "ipykernel~=6.29"
	@touch $@

notebooks: $(VENV)/.notebooks
	$(VENV)/bin/jupyter execute notebooks/*.ipynb

# The reference stack's environments are narrowed: setup.py has the other stack too, which has a lock of its own.
LOCK := uv pip compile --quiet --universal --extra dev --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock:
	$(LOCK) --project tools/reference_stack --python-version 3.9 --output-file requirements.lock setup.py
	$(LOCK) --python-version 3.12 --output-file requirements-later.lock setup.py

clean:
	rm -rf $(VENV) .venv-3.* .venv-later $(BENCH_VENV) $(DOCS_VENV) build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
