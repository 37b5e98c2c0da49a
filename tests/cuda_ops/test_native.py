"""Building the kernels: private folder, locks, dead builders, failures and timeouts that only cost a warning."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from cuda_ops import bias_act, build, cache, cuda_check, doctor, failures, native
from cuda_ops.errors import BadArgument

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache of its own, and no memory of earlier loads."""
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LATENTLAB_OPS", raising=False)
    monkeypatch.setattr(native, "_loaded", {})
    return tmp_path / "cache"


def warned_once(caplog, words):
    x = torch.randn(2, 3, 4, 4)
    with caplog.at_level(logging.WARNING, logger="cuda_ops"):
        first, second = bias_act(x, act="lrelu"), bias_act(x, act="lrelu")
    assert len(caplog.records) == 1
    message = caplog.records[0].getMessage()
    assert words in message
    assert "\n" not in message
    with native.backend("reference"):
        assert torch.equal(first, bias_act(x, act="lrelu"))
        assert torch.equal(second, first)
    return message


def test_without_a_compiler_the_reference_runs_after_one_warning(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv("CXX", "/nowhere/c++")
    assert "cuda_ops.doctor --rebuild" in warned_once(caplog, "no C++ compiler")


def test_a_failed_build_costs_one_warning_and_is_not_tried_again(empty_cache, monkeypatch, caplog):
    monkeypatch.setattr(build, "sources", lambda device: [empty_cache.parent / "bad.cpp"])
    (empty_cache.parent / "bad.cpp").write_text("this is no program")
    assert "cuda_ops.doctor --rebuild" in warned_once(caplog, "the build failed")
    monkeypatch.setattr(build, "compile_into", lambda *_: pytest.fail("tried again"))
    monkeypatch.setattr(native, "_loaded", {})
    assert "the build failed" in native.load("cpu").reason
    build.clean("cpu")
    assert not list((empty_cache / "ops").glob("*.failed"))


def test_a_build_that_takes_too_long_is_stopped_with_all_its_children(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv("LATENTLAB_OPS_TIMEOUT", "1")
    slow = empty_cache.parent / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {empty_cache.parent}/pid\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(build, "HERE", empty_cache.parent)
    (empty_cache.parent / "compile.py").write_text(f"import subprocess; subprocess.run([{str(slow)!r}])")
    warned_once(caplog, "took longer than 1 s")
    pid = int((empty_cache.parent / "pid").read_text())
    time.sleep(0.2)
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
    assert not list((empty_cache / "ops").glob("*.building-*"))


def test_the_folder_is_private(empty_cache):
    folder = cache.private_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    assert stat.S_IMODE(cache.private_folder().stat().st_mode) == 0o700


def test_a_folder_that_others_may_write_or_that_is_a_link_is_not_trusted(empty_cache, tmp_path):
    folder = cache.private_folder()
    folder.chmod(0o777)
    with pytest.raises(build.BuildFailed, match="others may write"):
        cache.private_folder()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(build.BuildFailed, match="not a folder"):
        cache.private_folder()


def test_a_folder_of_somebody_else_is_not_trusted(empty_cache, monkeypatch, caplog):
    cache.private_folder()
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    warned_once(caplog, f"belongs to user {owner}")


def test_a_folder_above_that_others_may_change_is_not_trusted(tmp_path, monkeypatch):
    parent = tmp_path / "shared"
    parent.mkdir()
    monkeypatch.setenv("LATENTLAB_CACHE", str(parent / "mine" / "cache"))
    parent.chmod(0o777)
    with pytest.raises(build.BuildFailed, match="others may rename"):
        cache.private_folder()
    parent.chmod(0o1777)  # as /tmp: nobody renames what is ours
    assert cache.private_folder() == (parent / "mine" / "cache" / "ops").resolve()
    parent.chmod(0o755)
    if os.getuid() == 0:
        os.chown(parent, 12345, -1)
        with pytest.raises(build.BuildFailed, match="belongs to user 12345"):
            cache.private_folder()


def test_the_library_that_was_checked_is_the_one_that_is_loaded(tmp_path, monkeypatch):
    made, planted = tmp_path / "made.so", tmp_path / "planted.so"
    for path, number in ((made, 1), (planted, 2)):
        source = path.with_suffix(".c")
        source.write_text(f"int answer(void) {{ return {number}; }}")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(path), str(source)], check=True)
    check = cache._may_load

    def swap_after_the_check(seen):
        found = check(seen)
        os.replace(planted, made)
        return found

    monkeypatch.setattr(cache, "_may_load", swap_after_the_check)
    assert cache.load(made).answer() == 1


@pytest.mark.parametrize(
    "output", ["cc1plus: fatal error: x.o: No space left on device", "c++: fatal error: Killed signal"]
)
def test_a_build_stopped_by_what_passes_is_tried_again(empty_cache, monkeypatch, output):
    monkeypatch.setattr(build, "HERE", empty_cache.parent)
    (empty_cache.parent / "compile.py").write_text(f"raise SystemExit({output!r})")
    with pytest.raises(build.BuildFailed, match="tried again at the next start"):
        build.find_or_build("cpu")
    assert not list((empty_cache / "ops").glob("*.failed"))


def test_a_failed_build_is_tried_again_with_another_compiler_or_after_a_while(empty_cache, monkeypatch):
    tries = []

    def fail(*_, **__):
        tries.append(1)
        raise build.BuildFailed("no such header")

    monkeypatch.setattr(build, "compile_into", fail)
    keep = failures.remember
    monkeypatch.setattr(failures, "remember", lambda *a: keep(*a[:3], 10.0))
    for _ in range(2):
        with pytest.raises(build.BuildFailed, match="no such header"):
            build.find_or_build("cpu")
    assert len(tries) == 1
    monkeypatch.setenv("CPATH", "/opt/include")
    with pytest.raises(build.BuildFailed):
        build.find_or_build("cpu")
    assert len(tries) == 2
    clock = time.time() + 2000  # a hundred times ten seconds, and more
    monkeypatch.setattr(failures.time, "time", lambda: clock)
    with pytest.raises(build.BuildFailed):
        build.find_or_build("cpu")
    assert len(tries) == 3


def test_a_planted_library_is_not_loaded(empty_cache):
    library = cache.private_folder() / build.library_name("cpu", build.key("cpu"))
    library.write_text("planted")
    library.chmod(0o666)
    assert not cache.is_ours(library)
    library.unlink()
    library.symlink_to("/etc/hostname")
    assert not cache.is_ours(library)


def test_a_second_process_waits_for_the_first_and_takes_its_library(empty_cache, monkeypatch):
    folder, name = cache.private_folder(), build.library_name("cpu", build.key("cpu"))
    code = (
        "import fcntl, os, sys, time\n"
        f"f = open({str(folder / (name + '.lock'))!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "print('locked', flush=True); time.sleep(1)\n"
        f"open({str(folder / name)!r}, 'w').close(); os.chmod({str(folder / name)!r}, 0o700)\n"
    )
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "locked"
    monkeypatch.setattr(build, "compile_into", lambda *_: pytest.fail("built a second time"))
    assert build.find_or_build("cpu") == build.Found(folder / name, "cache")
    first.wait()


def test_a_killed_builder_leaves_no_dead_lock_and_no_litter(empty_cache, monkeypatch):
    folder, name = cache.private_folder(), build.library_name("cpu", build.key("cpu"))
    litter = folder / (name.removesuffix(".so") + ".building-dead")
    code = (
        "import fcntl, time\n"
        f"f = open({str(folder / (name + '.lock'))!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        f"import os; os.mkdir({str(litter)!r}); print('locked', flush=True); time.sleep(60)\n"
    )
    builder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    assert builder.stdout.readline().strip() == "locked"
    builder.kill()
    builder.wait()

    def quick(device, attempt, seconds):
        made = attempt / "made.so"
        made.touch()
        return made

    monkeypatch.setattr(build, "compile_into", quick)
    assert build.find_or_build("cpu").origin == "built"
    assert not litter.exists()


def test_waiting_for_another_builder_ends(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv("LATENTLAB_OPS_TIMEOUT", "0.5")
    lock = cache.private_folder() / (build.library_name("cpu", build.key("cpu")) + ".lock")
    code = f"import fcntl, time\nf = open({str(lock)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('locked', flush=True); time.sleep(30)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "locked"
        warned_once(caplog, "another process has been building")
    finally:
        other.kill()
        other.wait()


def test_the_key_knows_the_source_the_processor_and_torch(monkeypatch, tmp_path):
    before = build.key("cpu")
    assert before == build.key("cpu")
    assert build.key("cpu", portable=True) != before
    assert "-march=native" not in build.flags("cpu", portable=True)
    monkeypatch.setattr(build, "processor", lambda: "another one")
    assert build.key("cpu") != before
    assert build.key("cpu", portable=True) == build.key("cpu", portable=True)
    portable = build.key("cpu", portable=True)
    monkeypatch.setattr(torch, "__version__", "9.9.9")
    assert build.key("cpu", portable=True) != portable


def test_ninja_is_found_where_its_package_put_it(monkeypatch):
    pytest.importorskip("ninja")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    import ninja

    assert ninja.BIN_DIR in build._environment("cpu")["PATH"].split(os.pathsep)


def test_importing_the_operators_compiles_and_loads_nothing(tmp_path):
    code = "import sys, cuda_ops; from cuda_ops import native; sys.exit(len(native._loaded))"
    env = {**os.environ, "LATENTLAB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0
    assert not (tmp_path / "cache").exists()


def test_a_backend_can_be_forced_and_an_unknown_one_is_refused(monkeypatch):
    with native.backend("reference"):
        assert native.kernels_for(torch.zeros(1), "bias_act") is None
        with native.backend("auto"):
            assert native.choice() == "auto"
    monkeypatch.setenv("LATENTLAB_OPS", "reference")
    assert native.choice() == "reference"
    with pytest.raises(BadArgument, match="no backend is called 'fast'"), native.backend("fast"):
        pass


def test_demanding_kernels_that_are_missing_is_an_error(empty_cache, monkeypatch):
    monkeypatch.setenv("CXX", "/nowhere/c++")
    with native.backend("native"), pytest.raises(native.NativeMissing, match="no C\\+\\+ compiler"):
        bias_act(torch.zeros(1, 1, 2, 2), act="lrelu")


@pytest.mark.parametrize("level", [0, 1])
def test_the_kernels_for_older_processors_agree_too(level):
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    code = (
        "import sys; from cuda_ops import doctor, native\n"
        f"assert native.load('cpu').kernels.instruction_set() <= {level}\n"
        "tests = [doctor._tested('native', 'cpu', name) for name in doctor.OPERATORS]\n"
        "sys.exit(not all(test.good for test in tests))"
    )
    env = {**os.environ, "LATENTLAB_OPS_ISA": str(level), "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0


def test_the_doctor_finds_a_kernel_that_is_wrong(monkeypatch):
    monkeypatch.setitem(doctor.OPERATORS, "bias_act", lambda x, b: x.detach() * x.square() * b[:, None, None])
    test = doctor._tested("reference", "cpu", "bias_act")
    assert not test.good
    assert "disagrees" in test.problem


def test_the_doctor_reports_and_agrees():
    report = doctor.report()
    assert report.good
    assert {"torch", "nvcc", "C++ compiler"} <= report.facts.keys()
    assert any("native cpu" in line or "reference cpu" in line for line in report.lines())


@pytest.mark.slow
def test_every_cuda_kernel_compiles(tmp_path):
    nvcc = cuda_check.find_nvcc()
    if nvcc is None:
        pytest.skip("no nvcc on this machine")
    kernels = cuda_check.kernels()
    assert len(kernels) >= 3
    for kernel in kernels:
        result = cuda_check.compile_kernel(nvcc, kernel, tmp_path, targets=("90",))
        assert result.good, result.output


def test_no_cuda_kernel_includes_a_torch_header():
    for path in [*build.KERNELS.glob("*.cu"), *build.KERNELS.glob("*.h")]:
        for line in path.read_text().splitlines():
            if line.startswith("#include"):
                assert not any(word in line for word in ("torch", "ATen", "c10")), f"{path.name}: {line}"
