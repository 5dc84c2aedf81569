# make run, make test: nothing has to be done before.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check
PINS := packaging/constraints.txt

# Windows of the tests are real ones, on a display of their own where there is none.
ifeq ($(DISPLAY)$(WAYLAND_DISPLAY),)
ON_DISPLAY := $(shell command -v xvfb-run >/dev/null && echo xvfb-run --auto-servernum --server-args="'-screen 0 1600x1200x24'")
endif

# An environment that was made in another folder is made anew: its scripts name that folder.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(realpath .))
.PHONY: $(STAMP)
endif

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format wheel demo-files pictures bench sweep models forms faults same \
	convert-models fuzz soak clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP) ## the environment in .venv, TensorFlow.js and Debian's libraries
	@bash packaging/system_packages.sh
	@$(BIN)/python packaging/install_tfjs.py

$(STAMP): pyproject.toml setup.py $(PINS)
	@bash packaging/make_environment.sh $(PYTHON) $(VENV) $(PINS)

run: setup ## the window on the demo pair (with no display: its report and picture)
	@$(BIN)/model-inspector demo

# Every check is run; one that fails fails the whole. pytest is the last, so that its closing line is.
test: setup ## lint, types, import contract and all tests
	@bash packaging/check.sh $(BIN) $(ON_DISPLAY) $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

lint: setup ## lint, types and import contract alone
	@bash packaging/check.sh $(BIN)

format: setup ## tidy all files as `make test` wants them
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

wheel: setup ## dist/*.whl, without the network
	@rm -rf build
	@$(PIP) wheel --quiet --no-build-isolation --no-deps --wheel-dir dist .
	@rm -rf build
	@ls dist/*.whl

demo-files: setup ## train the demo's net anew and write resources/demo
	@$(BIN)/python resources/demo/make_demo.py

pictures: setup ## the README's pictures, from the real window
	@$(ON_DISPLAY) $(BIN)/python docs/make_pictures.py

bench: setup ## times and memory against the targets
	@$(BIN)/python tests/bench/bench.py

sweep: setup ## every Keras application, both Keras, two batch sizes: one table (about half an hour)
	@$(BIN)/python tests/bench/sweep.py

models: setup ## every real file of ../shared/models, opened, run, compared: docs/models.md
	@$(BIN)/python tests/bench/models.py

forms: setup ## MobileNetV2 as .h5, .keras, frozen, SavedModel, TFLite, TensorFlow.js: all pairs (about 20 minutes)
	@$(BIN)/python tests/bench/forms.py

faults: setup ## the fault bench: faults put into seven nets and found again, and pairs that are the same (half an hour)
	@$(BIN)/python tests/faults/find_faults.py --seeds 1 --same

same: setup ## every layer and activation of both Keras and whole nets, in every form: no false alarm, docs/same.md (an hour)
	@$(BIN)/python tests/same/same_bench.py

convert-models: setup ## every .h5 of ../shared/models to frozen and SavedModel, each proved: docs/convert_models.md
	@$(BIN)/python tests/bench/convert.py

fuzz: setup ## byte mutants of the demo's files through the reader process
	@$(BIN)/python tests/fuzz/run.py

soak: setup ## 1,000 comparisons and 300 windows in fresh processes beside two that load the cores (SOAK="--windows 30" for less)
	@$(ON_DISPLAY) $(BIN)/python tests/soak/soak.py $(SOAK)

clean: ## what the targets made, but the environment
	@rm -rf build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
