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

from cuda_ops import (
    background,
    bias_act,
    build,
    cache,
    compilers,
    cuda_check,
    doctor,
    failures,
    native,
    order,
    prebuild,
)
from cuda_ops.errors import BadArgument

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache of its own, and no memory of earlier loads."""
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LATENTLAB_OPS", raising=False)
    monkeypatch.setattr(native, "_loaded", {})
    monkeypatch.setattr(native, "_coming", {})
    monkeypatch.setattr(build, "PREBUILT", tmp_path / "prebuilt")
    return tmp_path / "cache"


@pytest.fixture
def stub_compiler(empty_cache, monkeypatch):
    """Writes the building process's program."""
    for name in ("compile.py", "kernels"):
        (empty_cache.parent / name).symlink_to(order.HERE / name)
    monkeypatch.setattr(order, "HERE", empty_cache.parent)

    def write(program):
        (empty_cache.parent / "compile.py").unlink()
        (empty_cache.parent / "compile.py").write_text(program)

    return write


def warned_once(caplog, words):
    x = torch.randn(2, 3, 4, 4)
    with caplog.at_level(logging.WARNING, logger="cuda_ops"):
        native.load("cpu")
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
    monkeypatch.setattr(order, "sources", lambda device: [empty_cache.parent / "bad.cpp"])
    (empty_cache.parent / "bad.cpp").write_text("this is no program")
    assert "cuda_ops.doctor --rebuild" in warned_once(caplog, "the build failed")
    monkeypatch.setattr(build, "compile_into", lambda *_: pytest.fail("tried again"))
    monkeypatch.setattr(native, "_loaded", {})
    assert "the build failed" in native.load("cpu").reason
    build.clean("cpu")
    assert not list((empty_cache / "ops").glob("*.failed"))


def test_a_build_that_takes_too_long_is_stopped_with_all_its_children(
    empty_cache, stub_compiler, monkeypatch, caplog
):
    monkeypatch.setenv("LATENTLAB_OPS_TIMEOUT", "1")
    slow = empty_cache.parent / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {empty_cache.parent}/pid\nexec sleep 600\n")
    slow.chmod(0o755)
    stub_compiler(f"import subprocess; subprocess.run([{str(slow)!r}])")
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


@pytest.mark.parametrize("place", ["/proc/latentlab", "a file/latentlab"])
def test_a_cache_that_cannot_be_written_costs_one_line(empty_cache, place, tmp_path, monkeypatch, caplog):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path / place))
    assert "set LATENTLAB_CACHE" in warned_once(caplog, "cannot be made")


def test_the_library_of_another_version_is_left_where_it_is(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv("CXX", "/nowhere/c++")
    other = cache.private_folder() / order.library_name("cpu", "0123456789abcdef0123")
    other.write_bytes(b"of an older or a newer version, which may still be in use")
    other.chmod(0o700)
    warned_once(caplog, "no C++ compiler")
    assert native.load("cpu").kernels is None
    assert other.is_file()


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
def test_a_build_stopped_by_what_passes_is_tried_again(empty_cache, stub_compiler, output):
    stub_compiler(f"raise SystemExit({output!r})")
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
    library = cache.private_folder() / order.library_name("cpu", order.key("cpu"))
    library.write_text("planted")
    library.chmod(0o666)
    assert not cache.is_ours(library)
    library.unlink()
    library.symlink_to("/etc/hostname")
    assert not cache.is_ours(library)


def test_a_second_process_waits_for_the_first_and_takes_its_library(empty_cache, monkeypatch):
    folder, name = cache.private_folder(), order.library_name("cpu", order.key("cpu"))
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
    folder, name = cache.private_folder(), order.library_name("cpu", order.key("cpu"))
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

    def quick(device, attempt, seconds, watch):
        made = attempt / "made.so"
        made.touch()
        return made

    monkeypatch.setattr(build, "compile_into", quick)
    assert build.find_or_build("cpu").origin == "built"
    assert not litter.exists()


def test_waiting_for_another_builder_ends(empty_cache, monkeypatch, caplog):
    monkeypatch.setenv("LATENTLAB_OPS_TIMEOUT", "0.5")
    lock = cache.private_folder() / (order.library_name("cpu", order.key("cpu")) + ".lock")
    code = f"import fcntl, time\nf = open({str(lock)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('locked', flush=True); time.sleep(30)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "locked"
        warned_once(caplog, "another process has been building")
    finally:
        other.kill()
        other.wait()


def test_the_key_knows_the_source_and_the_processor_and_for_cuda_torch(monkeypatch):
    before, on_cuda = order.key("cpu"), order.key("cuda")
    assert before == order.key("cpu")
    portable = order.key("cpu", portable=True)
    assert portable != before
    assert "-march=native" not in order.flags("cpu", portable=True)
    monkeypatch.setattr(order, "processor", lambda: "another one")
    assert order.key("cpu") != before
    monkeypatch.setattr(torch, "__version__", "9.9.9")
    assert order.key("cpu", portable=True) == portable  # the stable ABI
    assert order.key("cuda") != on_cuda
    monkeypatch.setattr(order, "sources", lambda device: [Path(__file__)])
    assert order.key("cpu", portable=True) != portable


@pytest.mark.parametrize(
    ("features", "wish", "level"),
    [
        ("sse sse2", "", 0),
        ("avx2 fma bmi1 bmi2", "", 1),
        ("avx2 fma bmi1 bmi2 avx512f avx512bw avx512vl avx512dq", "", 2),
        ("avx2 fma bmi1 bmi2 avx512f avx512bw avx512vl avx512dq", "1", 1),
        ("sse sse2", "2", 0),
    ],
)
def test_a_library_is_built_for_what_the_processor_has(monkeypatch, features, wish, level):
    monkeypatch.setattr(order, "processor", lambda: features)
    monkeypatch.setenv("LATENTLAB_OPS_ISA", wish)
    assert order.level() == level


def test_ninja_is_found_where_its_package_put_it(monkeypatch):
    pytest.importorskip("ninja")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    monkeypatch.setattr(compilers, "nvcc", lambda: "/opt/cuda/bin/nvcc")
    import ninja

    assert ninja.BIN_DIR in compilers.environment("cuda")["PATH"].split(os.pathsep)


class Running:
    """A build beside this process that ends when told."""

    over = False

    def __init__(self, device):
        self.device = device

    def is_over(self):
        return Running.over


def test_while_a_build_runs_beside_it_a_command_goes_on_with_the_reference(empty_cache, monkeypatch, caplog):
    monkeypatch.setattr(native, "Background", Running)
    monkeypatch.setattr(Running, "over", False)
    x = torch.zeros(1)
    with caplog.at_level(logging.WARNING, logger="cuda_ops"):
        assert [native.kernels_for(x, "bias_act") for _ in range(3)] == [None] * 3
    assert ["being built beside this command" in record.getMessage() for record in caplog.records] == [True]


def test_what_the_build_beside_it_made_is_taken_as_soon_as_it_is_there(empty_cache, monkeypatch):
    monkeypatch.setattr(native, "Background", Running)
    monkeypatch.setattr(Running, "over", False)
    assert native.ready("cpu") is native.COMING
    there = native.Loaded(object(), "cache", "", "x.so")
    monkeypatch.setattr(Running, "over", True)
    monkeypatch.setattr(build, "kept", lambda device: build.Found(Path("x.so"), "cache"))
    monkeypatch.setattr(native, "_opened", lambda device, found: there)
    assert native.ready("cpu") is there


def test_a_build_beside_it_that_ends_without_a_library_is_not_begun_again(empty_cache, monkeypatch, caplog):
    monkeypatch.setattr(native, "Background", Running)
    monkeypatch.setattr(Running, "over", True)
    with caplog.at_level(logging.WARNING, logger="cuda_ops"):
        seen = [native.ready("cpu") for _ in range(3)]
    assert seen[0] is native.COMING
    assert seen[1].kernels is None and seen[2] is seen[1]
    assert len(caplog.records) == 2  # that it begins, and that it failed


def test_the_building_process_builds_and_keeps_a_failure(empty_cache, stub_compiler):
    stub_compiler("raise SystemExit('error: nothing works')")
    assert background.main("cpu") == 1
    with pytest.raises(build.BuildFailed, match="nothing works"):
        build.kept("cpu")


def test_a_damaged_library_in_the_cache_is_built_again(empty_cache, monkeypatch):
    library = cache.private_folder() / order.library_name("cpu", order.key("cpu"))
    library.write_text("cut off")
    library.chmod(0o700)
    monkeypatch.setattr(native, "Background", Running)
    monkeypatch.setattr(Running, "over", False)
    assert native.ready("cpu") is native.COMING
    assert not library.exists()


def packaged_library(folder, text="no library"):
    library = folder / "prebuilt" / order.library_name("cpu", order.key("cpu", portable=True))
    library.parent.mkdir(exist_ok=True)
    library.write_text(text)
    library.chmod(0o755)
    return library


def test_a_packaged_library_that_does_not_fit_gives_way_to_a_build(empty_cache, stub_compiler, monkeypatch):
    packaged_library(empty_cache.parent)  # as a wheel for another C library would carry it
    monkeypatch.setattr(native, "Background", Running)
    monkeypatch.setattr(Running, "over", False)
    assert build.packaged("cpu") is not None
    assert native.ready("cpu") is native.COMING


def test_a_packaged_library_is_trusted_only_as_a_file_that_nobody_else_may_write(tmp_path):
    library = packaged_library(tmp_path)
    assert cache.is_packaged(library, tmp_path)
    library.chmod(0o777)
    assert not cache.is_packaged(library, tmp_path)
    library.chmod(0o755)
    library.parent.chmod(0o777)
    assert not cache.is_packaged(library, tmp_path)
    library.parent.chmod(0o755)
    elsewhere = tmp_path / "elsewhere.so"
    library.rename(elsewhere)
    library.symlink_to(elsewhere)
    assert not cache.is_packaged(library, tmp_path)
    with pytest.raises(OSError, match="symbolic"):
        cache.load(library, tmp_path)
    assert not cache.is_packaged(tmp_path / "none.so", tmp_path)


def test_the_libraries_that_travel_are_made_once_and_older_ones_removed(empty_cache, monkeypatch, tmp_path):
    compiled = []

    def quick(device, attempt, seconds, watch, portable):
        compiled.append(portable)
        made = attempt / "made.so"
        made.touch()
        return made

    monkeypatch.setattr(build, "compile_into", quick)
    monkeypatch.setattr(prebuild.rasterize_library, "compile_to", lambda target, *_: target.touch())
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "latentlab_cpu-old.so").touch()
    first = prebuild.prebuild(folder)
    assert prebuild.prebuild(folder) == first
    assert compiled == [True]
    assert sorted(folder.iterdir()) == sorted(first)
    assert len(first) == 3


def test_the_bindings_compile_for_cuda_too_without_cuda(tmp_path):
    flags = [*order.flags("cuda"), "-std=c++20", "-w", "-fsyntax-only"]
    place = order.torch_folder() / "include"
    command = [compilers.compiler("cpu"), *flags, f"-I{place}", str(order.KERNELS / "bindings.cpp")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_bindings_use_the_stable_interface_of_torch_alone():
    if native.load("cpu").kernels is None:
        pytest.skip(native.load("cpu").reason)
    said = subprocess.run(
        ["nm", "-D", "--undefined-only", "-C", native.load("cpu").path], capture_output=True, text=True
    )
    if said.returncode:
        pytest.skip("no nm on this machine")
    asked = said.stdout.split()
    assert "torch_library_impl" in asked
    assert not [name for name in asked if name.startswith(("at::", "c10::", "torch::"))]


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
    for path in [*order.KERNELS.glob("*.cu"), *order.KERNELS.glob("*.h")]:
        if path.name in ("cpu.h", "tensors.h"):  # of the CPU kernels and of the bindings
            continue
        for line in path.read_text().splitlines():
            if line.startswith("#include"):
                assert not any(word in line for word in ("torch", "ATen", "c10")), f"{path.name}: {line}"
