"""``python -m virnucpro_sidecar SETTINGS``: started by a worker, which talks to it on stdin and descriptor 3."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import NoReturn

from .errors import SidecarError
from .settings import Settings
from .start import Prepare, explain_failure, explain_import, prepare_model
from .wire import AnswerWriter, take_over_descriptors

_EXIT_USAGE = 64


def main(argv: list[str], prepare: Prepare = prepare_model) -> NoReturn:
    """
    Serves until the worker goes away; does not return.

    :param argv: the settings as JSON, and nothing else
    :param prepare: finds the model
    """
    if len(argv) != 1:
        sys.exit("usage: python -m virnucpro_sidecar SETTINGS\nSETTINGS is a JSON object; a worker starts this program")
    # Whoever interrupts a terminal means the worker, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        requests, answers = take_over_descriptors()
    except OSError:
        print("virnucpro_sidecar: expected a worker that reads answers from descriptor 3", file=sys.stderr)
        sys.exit(_EXIT_USAGE)
    writer = AnswerWriter(answers)
    error = _serve(argv[0], requests, writer, prepare)
    writer.fatal(error)
    writer.flush(seconds=2)
    sys.stderr.flush()
    os._exit(error.exit_code)


def _serve(settings: str, requests: int, writer: AnswerWriter, prepare: Prepare) -> SidecarError:
    """Returns what ended it."""
    try:
        try:
            from .serve import Server
        except ImportError as error:
            return explain_import(error)
        server = Server(requests, writer)
        server.start_reading()
        server.serve(Settings.parse(settings), prepare)
    except SidecarError as error:
        return error
    except Exception as error:
        traceback.print_exc()
        return explain_failure(error, "the sidecar")


if __name__ == "__main__":
    main(sys.argv[1:])
