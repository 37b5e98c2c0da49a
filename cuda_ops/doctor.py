"""What this machine offers the operators, and whether each backend agrees with the definition on it."""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cuda_ops import build, cache, compilers, native
from cuda_ops.bias_act import bias_act
from cuda_ops.cuda_check import find_nvcc
from cuda_ops.filtered_lrelu import filtered_lrelu
from cuda_ops.prebuild import show
from cuda_ops.resample import setup_filter
from cuda_ops.upfirdn2d import upfirdn2d

TOLERANCE = 1e-9
"""Largest relative error in float64; anything wrong is far above it."""
DIFFERENCE_TOLERANCE = 1e-6
"""The same for derivatives against difference quotients, which are no more exact."""
LEVELS = ("baseline", "AVX2", "AVX-512")


@dataclass(frozen=True)
class SelfTest:
    backend: str
    """reference" or "native", and the device: "native cpu"."""
    operator: str
    value: float
    """Largest error of the value, relative to the largest value of the definition."""
    gradient: float
    """The same for the gradient."""
    second_gradient: float
    """The same for the gradient of the gradient."""
    problem: str
    """What went wrong, if it did not run."""

    @property
    def good(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Report:
    facts: dict[str, str]
    """Versions, devices and compilers, in words."""
    backends: dict[str, str]
    """Per device: which backend is live, and why."""
    tests: list[SelfTest]

    @property
    def good(self) -> bool:
        """Whether every self-test that could run agrees with the definition."""
        return all(test.good for test in self.tests)

    def lines(self) -> list[str]:
        """The report as text."""
        rows = [f"{name:<14} {value}" for name, value in self.facts.items()]
        rows += [f"{device + ' operators':<14} {state}" for device, state in self.backends.items()]
        rows.append(
            f"{'self-test':<14} {'value':>9} {'gradient':>9} {'second':>9}   (largest relative error, float64)"
        )
        for test in self.tests:
            numbers = f"{test.value:9.1e} {test.gradient:9.1e} {test.second_gradient:9.1e}"
            mark = "ok" if test.good else "FAILED " + test.problem
            rows.append(f"{'':<14} {numbers}   {test.backend:<14} {test.operator:<16} {mark}")
        return rows


def report() -> Report:
    """Look at the machine, build the kernels if they are wanted and missing, and test every backend."""
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    backends = {device: _live(device) for device in devices}
    tests = []
    for device in devices:
        tests += [_tested("reference", device, name) for name in OPERATORS]
        if native.choice() != "reference" and native.load(device).kernels is not None:
            tests += [_tested("native", device, name) for name in OPERATORS]
    return Report(_facts(), backends, tests)


def _facts() -> dict[str, str]:
    facts = {
        "python": platform.python_version(),
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads",
        "CUDA of torch": str(torch.version.cuda or "none (CPU build)"),
        "processor": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }
    try:
        facts["C++ compiler"] = _version(compilers.compiler("cpu"))
    except build.BuildFailed as failure:
        facts["C++ compiler"] = str(failure)
    nvcc = find_nvcc()
    facts["nvcc"] = f"{nvcc}: {_version(str(nvcc), last=True)}" if nvcc else "none"
    facts["ninja"] = shutil.which("ninja") or ("from its package" if _has("ninja") else "none")
    facts["kernel folder"] = str(cache.cache_root() / "ops")
    return facts


def _has(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


def _version(program: str, *, last: bool = False) -> str:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as failure:
        return f"{program}: {failure}"
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1 if last else 0] if lines else program


def _live(device: str) -> str:
    if native.choice() == "reference":
        return "reference (asked for by LATENTLAB_OPS)"
    loaded = native.load(device)
    if loaded.kernels is None:
        return f"reference: {loaded.reason}"
    level = f", {LEVELS[loaded.kernels.instruction_set()]}" if device == "cpu" else ""
    return f"native ({loaded.origin}{level}): {loaded.path}"


def _drawn(shape: Sequence[int], seed: int, device: str) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(device)


def _bias_act(x: Tensor, b: Tensor) -> Tensor:
    return bias_act(x, b, act="swish", clamp=2.0) + bias_act(x, b, act="lrelu", clamp=1.0)


def _upfirdn2d(x: Tensor, b: Tensor) -> Tensor:
    f = setup_filter([1, 3, 3, 1], device=x.device)
    return upfirdn2d(x * b[:, None, None], f, up=2, down=(1, 2), padding=(2, 1, -1, 3), gain=4.0).square()


def _filtered_lrelu(x: Tensor, b: Tensor) -> Tensor:
    f = setup_filter([1, 3, 6, 9, 9, 6, 3, 1], device=x.device)
    return filtered_lrelu(x, f, f, b, up=2, down=2, padding=7, clamp=0.8).square()


OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "bias_act": _bias_act,
    "upfirdn2d": _upfirdn2d,
    "filtered_lrelu": _filtered_lrelu,
}


def _derivatives(operator: Callable[[Tensor, Tensor], Tensor], device: str) -> list[Tensor]:
    """Value, gradient and gradient of a function of the gradient, on fixed data."""
    x, b = _drawn((2, 3, 12, 10), 0, device).requires_grad_(), _drawn((3,), 1, device).requires_grad_()
    y = operator(x, b)
    first = torch.autograd.grad(y, (x, b), _drawn(y.shape, 2, device), create_graph=True)
    through = sum((g * _drawn(g.shape, 3 + i, device)).sum() for i, g in enumerate(first))
    assert isinstance(through, Tensor)
    second = torch.autograd.grad(through, (x, b), allow_unused=True, materialize_grads=True)
    return [y.detach().cpu(), torch.cat([g.flatten() for g in first]).detach().cpu(), torch.cat([g.flatten() for g in second]).cpu()]  # fmt: skip


def _tested(backend: str, device: str, name: str) -> SelfTest:
    """The definition is held against difference quotients, everything else against the definition on the CPU."""
    label = f"{backend} {device}"
    try:
        if backend == "reference" and device == "cpu":
            errors, most = _against_differences(OPERATORS[name]), DIFFERENCE_TOLERANCE
        else:
            with native.backend("reference" if backend == "reference" else "native"):
                seen = _derivatives(OPERATORS[name], device)
            with native.backend("reference"):
                expected = _derivatives(OPERATORS[name], "cpu")
            errors, most = [_error(a, b) for a, b in zip(seen, expected, strict=True)], TOLERANCE
    except Exception as failure:
        return SelfTest(label, name, float("nan"), float("nan"), float("nan"), native.one_line(failure))
    problem = "" if all(error <= most for error in errors) else "disagrees with the definition"
    value, gradient, second = errors
    return SelfTest(label, name, value, gradient, second, problem)


def _error(seen: Tensor, expected: Tensor) -> float:
    scale = max(1.0, float(expected.abs().max()))
    return float((seen - expected).abs().max()) / scale


def _against_differences(operator: Callable[[Tensor, Tensor], Tensor]) -> list[float]:
    """Errors of the definition's first and second derivative along one line against central differences."""
    b, along = _drawn((3,), 1, "cpu"), _drawn((2, 3, 12, 10), 7, "cpu")

    def climb(t: float) -> tuple[Tensor, Tensor, Tensor]:
        """A weighted sum of y, its slope and the slope's slope at x + t·along."""
        step = torch.tensor(t, dtype=torch.float64, requires_grad=True)
        y = operator(_drawn((2, 3, 12, 10), 0, "cpu") + step * along, b)
        total = (y * _drawn(y.shape, 2, "cpu")).sum()
        (slope,) = torch.autograd.grad(total, step, create_graph=True)
        (bend,) = torch.autograd.grad(slope, step, allow_unused=True, materialize_grads=True)
        return total.detach(), slope.detach(), bend

    with native.backend("reference"):
        (low, low_slope, _), (_, slope, bend), (high, high_slope, _) = climb(-1e-6), climb(0.0), climb(1e-6)
    return [0.0, _error(slope, (high - low) / 2e-6), _error(bend, (high_slope - low_slope) / 2e-6)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; exit code 1 when a self-test fails."""
    parser = argparse.ArgumentParser(prog="python -m cuda_ops.doctor", description=__doc__)
    parser.add_argument("--rebuild", action="store_true", help="build the kernels again")
    if parser.parse_args(arguments).rebuild:
        for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
            try:
                build.clean(device)
            except build.BuildFailed as failure:
                sys.stderr.write(f"{failure}\n")
        native.forget()
        for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
            native.load(device, show)
    found = report()
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
