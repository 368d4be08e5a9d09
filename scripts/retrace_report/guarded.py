"""Reads a result file in a child process: on damaged data the HDF5 library may crash or spin; the command must not."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
from multiprocessing.connection import Connection
from pathlib import Path

from .errors import ReportError
from .reader import ResultFile, read

READ_SECONDS = 300.0  # far above any sound file, even on a slow file system


def read_guarded(path: Path) -> ResultFile:
    """As `read`, but a crash or a hang of the library is a ReportError too."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(path, sender))
    child.start()
    sender.close()
    try:
        if not receiver.poll(READ_SECONDS):
            child.kill()
            raise ReportError(f"{path}: could not be read within {READ_SECONDS:.0f} s")
        outcome = receiver.recv()
    except EOFError:
        raise ReportError(f"{path}: is damaged or truncated: the HDF5 library crashed while reading it") from None
    finally:
        receiver.close()
        child.join()
    if isinstance(outcome, ReportError):
        raise outcome
    return outcome


def _child(path: Path, sender: Connection) -> None:
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the parent says what is wrong, in one line
    try:
        outcome: object = read(path)
    except ReportError as error:
        outcome = error
    except MemoryError:
        outcome = ReportError(f"{path}: is damaged, or larger than memory")
    sender.send(outcome)
    sender.close()
    os._exit(0)  # no clean-up: what a damaged file left behind may crash there
