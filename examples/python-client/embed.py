"""Starts a run of virnucpro-temporal, or attaches to one, watches it, and ends with its exit code.

    python embed.py start --directory /data/run --input /data/genomes --embedder kmer
    python embed.py watch virnucpro-py-0123456789ab

The outcome goes to stdout as one line of JSON, everything else to stderr. Exit codes: 0 success, 1 failed, 2 partial,
3 stopped on a checkpoint, 130 cancelled. Ctrl-C cancels a run that this program has started and waits for its end, and
leaves alone one that it is attached to; a second Ctrl-C quits at once.

The server is that of TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … or of TEMPORAL_PROFILE.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import signal
import sys
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

import virnucpro_client as virnucpro


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs of virnucpro-temporal from Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start a run, or attach to the open one of the same id")
    start.add_argument("--directory", required=True, help="run folder, an absolute path as workers see it")
    start.add_argument("--input", action="append", required=True, help="FASTA file or folder, likewise (repeatable)")
    start.add_argument("--embedder", action="append", required=True, help="e.g. kmer (repeatable)")
    start.add_argument("--embedder-option", action="append", default=[], metavar="KEY=VALUE")
    start.add_argument("--chunk-length", type=int)
    start.add_argument("--sequences-per-file", type=int)
    start.add_argument("--on-bad-checkpoint", choices=["fail", "skip", "recompute"], default="fail")
    start.add_argument("--workflow-id", help="default: follows from the directory")
    watch = commands.add_parser("watch", help="attach to a run that somebody has started")
    watch.add_argument("workflow_id")
    return parser.parse_args()


def request_of(arguments: argparse.Namespace) -> dict[str, Any]:
    options = dict(option.split("=", 1) for option in arguments.embedder_option)
    request = {
        "directory": arguments.directory,
        "inputs": arguments.input,
        "embedders": virnucpro.embedders(arguments.embedder, options),
        "chunkLength": arguments.chunk_length,
        "sequencesPerFile": arguments.sequences_per_file,
        "onBadCheckpoint": arguments.on_bad_checkpoint,
    }
    return {name: value for name, value in request.items() if value is not None}


async def open_run(client: Client, arguments: argparse.Namespace) -> virnucpro.Run:
    if arguments.command == "watch":
        run = await virnucpro.attach(client, arguments.workflow_id)
    else:
        run = await virnucpro.start_run(client, request_of(arguments), arguments.workflow_id)
    say(f"{'Attached to' if run.attached else 'Started'} {run.id}")
    return run


async def wait_for_end(run: virnucpro.Run) -> virnucpro.RunOutcome | None:
    """The outcome; None if Ctrl-C came while attached to the run of somebody else."""
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        interrupted.set()

    loop.add_signal_handler(signal.SIGINT, on_interrupt)
    async for now in run.progress(until=interrupted):
        state = "paused" if now.paused else now.phase
        say(f"{state}: {now.found + now.embedded}/{now.total} done, {now.failed} failed")
    if interrupted.is_set():
        if run.attached:
            say(f"leaving {run.id}, which goes on; to end it: temporal workflow cancel --workflow-id {run.id}")
            return None
        say("cancelling; Ctrl-C again quits at once")
        await run.cancel()
    return await run.result()


async def main() -> int:
    arguments = parse_arguments()
    try:
        client = await Client.connect(**ClientConfig.load_client_connect_config())
        run = await open_run(client, arguments)
        outcome = await wait_for_end(run)
    except (RPCError, RuntimeError) as error:  # no server, no such namespace, no such workflow
        say(f"embed.py: {error}")
        return virnucpro.EXIT_CODES["failed"]
    if outcome is None:
        return virnucpro.EXIT_CODES["cancelled"]
    say(f"{outcome.outcome}: {outcome.message}")
    for offender in outcome.offenders:
        say(f"  {offender.path}: {offender.reason}")
    print(json.dumps(dataclasses.asdict(outcome)))
    return outcome.exitCode


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # Not sys.exit: threads of temporalio (seen with 1.28 and 1.35) can outlive the last call by a moment, and a process that
    # is torn down under them now and then ends by SIGSEGV. The exit code is what this program is for.
    os._exit(code)
