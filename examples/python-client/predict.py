"""Predicts viruses with virnucpro-temporal: starts the workflow predictVirus by its name, and ends with its exit code.

    python predict.py --directory /data/genome_predictions --input /data/genome.fa --model /data/models/500_model.pth

The outcome goes to stdout as one line of JSON, everything else to stderr. Exit codes: 0 success, 1 failed, 2 partial,
3 stopped on a checkpoint, 130 cancelled. Started again with the same folder it attaches to the open prediction, or goes on
from what is on disk.

The server is that of TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, … or of TEMPORAL_PROFILE.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

import virnucpro_client as virnucpro


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Virus predictions with virnucpro-temporal from Python.")
    parser.add_argument("--directory", required=True, help="output folder, an absolute path as workers see it")
    parser.add_argument("--input", action="append", required=True, help="nucleotide FASTA file or folder (repeatable)")
    parser.add_argument("--model", required=True, help="classifier, an absolute path")
    parser.add_argument("--expected-length", type=int, help="letters per chunk, as the classifier was trained")
    parser.add_argument("--request", type=json.loads, default={}, help="more fields of the input of predictVirus, in JSON")
    return parser.parse_args()


def request_of(arguments: argparse.Namespace) -> dict[str, Any]:
    request = {
        "directory": arguments.directory,
        "inputs": arguments.input,
        "model": arguments.model,
        "expectedLength": arguments.expected_length,
        **arguments.request,
    }
    return {name: value for name, value in request.items() if value is not None}


async def main() -> int:
    arguments = parse_arguments()
    try:
        client = await Client.connect(**ClientConfig.load_client_connect_config())
        prediction = await virnucpro.start_prediction(client, request_of(arguments))
        say(f"{'Attached to' if prediction.attached else 'Started'} {prediction.id}")
        outcome = await prediction.result()
    except (RPCError, RuntimeError) as error:  # no server, no such namespace
        say(f"predict.py: {error}")
        return virnucpro.EXIT_CODES["failed"]
    say(f"{outcome.outcome}: {outcome.message}")
    for offender in outcome.offenders:
        say(f"  {offender.path}: {offender.reason}")
    print(json.dumps(dataclasses.asdict(outcome)))
    return outcome.exitCode


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    os._exit(code)  # as in embed.py
