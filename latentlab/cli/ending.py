"""How the process of a command ends: at once, when the answer is there and nothing is left to do."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

from latentlab.cli.main import main
from latentlab.cli.terminal import give_up


def run() -> NoReturn:
    """The program `latentlab`."""
    end(main())


def end(code: int) -> NoReturn:
    """Leave with an exit code.

    What was registered for the end runs and the streams are flushed; but modules and tensors are not taken apart one by
    one, which takes half a second after torch. With threads that somebody waits for, the process ends the usual way.
    """
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # nobody reads it any more
            give_up()
    os._exit(code)
