#!/usr/bin/env bash
# All that a CUDA machine is wanted for, in under 8 minutes: build the kernels, test them, time operators and synthesis.
# Needs torch with CUDA, nvcc, ninja, a C++ compiler and pytest; results land in benchmarks/results (or in the folder given).
# Usage: bash benchmarks/gpu.sh [FOLDER]
set -uo pipefail
cd "$(dirname "$0")/.."
out="${1:-benchmarks/results}"
mkdir -p "$out"
export PYTHONPATH="$PWD" PYTHONUNBUFFERED=1
python="${PYTHON:-python3}"
[ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null && python=.venv/bin/python
failed=0
started=$SECONDS

step() {  # step NAME SECONDS COMMAND...
  local name="$1" limit="$2"
  shift 2
  echo "== $name (at $((SECONDS - started)) s)"
  timeout "$limit" "$@" || { echo "!! $name failed with exit code $?"; failed=1; }
}

"$python" -c 'import sys, torch; sys.exit(0 if torch.cuda.is_available() else "no CUDA device: " + torch.__version__)' || exit 2
gpu="$("$python" -c 'import re, torch; print(re.sub(r"\W+", "-", torch.cuda.get_device_name().lower()))')"

step "build and self-test" 200 "$python" -m cuda_ops.doctor
step "kernel tests" 120 "$python" -m pytest -q -x -p no:cacheprovider -o addopts= tests/cuda_ops/test_cuda_device.py
step "operators" 90 "$python" benchmarks/ops.py --device cuda --rounds 5 --out "$out/ops-$gpu.json"
step "training" 120 "$python" benchmarks/training.py --device cuda --rounds 3
left=$((475 - SECONDS + started))
[ "$left" -gt 20 ] && step "synthesis" "$left" "$python" benchmarks/synthesis.py --device cuda --seconds 5 --out "$out/synthesis-$gpu.json"
echo "== done after $((SECONDS - started)) s, results in $out"
exit "$failed"
