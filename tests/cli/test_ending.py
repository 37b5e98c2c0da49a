"""The process ends when the answer is there: the code, the output and what was registered for the end are kept."""

from __future__ import annotations

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_output_code_and_what_was_registered_are_kept():
    done = run(
        "import atexit, sys; from latentlab.cli.ending import end\n"
        "atexit.register(print, 'tidied')\n"
        "sys.stdout.write('answer '); end(2)"
    )
    assert (done.returncode, done.stdout) == (2, "answer tidied\n")


def test_a_thread_that_is_waited_for_comes_to_its_end():
    done = run(
        "import threading, time; from latentlab.cli.ending import end\n"
        "threading.Thread(target=lambda: (time.sleep(0.3), print('done'))).start(); end(0)"
    )
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_modules_are_not_taken_apart():
    done = run(
        "from latentlab.cli.ending import end\n"
        "class Slow:\n    def __del__(self): print('taken apart', flush=True)\n"
        "kept = Slow(); end(0)"
    )
    assert (done.returncode, done.stdout) == (0, "")
