# make demo: set-up, then the main job on the embedded default.   make test: set-up, then every check.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.ready
PHOTO  ?=
WORKERS ?= 2

.PHONY: demo test setup lint tests app-test cuda-check wheel bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	-$(BIN)/python -m cuda_ops.prebuild
	touch $(STAMP)

demo: setup
	$(BIN)/python -m latentlab demo $(if $(PHOTO),--photo "$(PHOTO)")

test: setup lint tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One torch thread for each worker: two processes that fight for the cores are slower than one.
tests: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup tests

# The app in a real browser; elsewhere these tests run where Chromium is found.
app-test: setup
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/apps

# The CUDA kernels compile with nvcc alone, for sm_80 and sm_90; no GPU is needed.
cuda-check: setup
	$(BIN)/python -m cuda_ops.cuda_check

# With the CPU operators of this source in it, for this platform; without a compiler it is a wheel for any.
wheel: setup
	rm -rf dist
	-$(BIN)/python -m cuda_ops.prebuild
	$(BIN)/python -m build --wheel --outdir dist

bench: setup
	$(BIN)/python benchmarks/ops.py
	$(BIN)/python benchmarks/synthesis.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache
