"""Runs and predictions of virnucpro-temporal from Python: start, attach, watch, await.

Nothing of the package is needed here but its names on the wire and its JSON, which docs/contract.md describes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal, TypeVar

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

TASK_QUEUE = "virnucpro"
QUERY_TIMEOUT = timedelta(seconds=10)

Outcome = Literal["success", "partial", "checkpoint", "failed", "cancelled"]
EXIT_CODES: Mapping[Outcome, int] = {"success": 0, "failed": 1, "partial": 2, "checkpoint": 3, "cancelled": 130}

T = TypeVar("T", "RunOutcome", "RunProgress", "PredictionOutcome")
Ended = TypeVar("Ended", "RunOutcome", "PredictionOutcome")


@dataclass(frozen=True)
class Offender:
    """A file or checkpoint that kept the run from success."""

    path: str
    reason: str


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. Its fields have the names of the JSON (docs/contract.md, RunOutcome)."""

    outcome: Outcome
    exitCode: int
    message: str
    failureType: str | None = None
    tasks: int = 0
    found: int = 0
    embedded: int = 0
    failed: int = 0
    skipped: int = 0
    skippedSequences: int = 0
    rows: int = 0
    offenders: list[Offender] = field(default_factory=list)
    report: str = ""


@dataclass(frozen=True)
class PredictionOutcome:
    """How a prediction ended (docs/contract.md, PredictionOutcome)."""

    outcome: Outcome
    exitCode: int
    message: str
    failureType: str | None = None
    inputs: int = 0
    predicted: int = 0
    contigs: int = 0
    viralContigs: int = 0
    chunks: int = 0
    viralChunks: int = 0
    sequences: int = 0
    embedding: Mapping[str, int] = field(default_factory=dict)
    offenders: list[Offender] = field(default_factory=list)
    report: str = ""


@dataclass(frozen=True)
class RunProgress:
    """Answer of the query `progress`."""

    phase: str
    paused: bool
    total: int
    found: int
    embedded: int
    failed: int
    skipped: int
    openPartitions: int
    message: str | None = None


@dataclass(frozen=True)
class Run:
    """A run that was started or attached to."""

    handle: WorkflowHandle[Any, Any]
    attached: bool = False

    @property
    def id(self) -> str:
        return self.handle.id

    async def progress(
        self, until: asyncio.Event | None = None, every: timedelta = timedelta(seconds=1)
    ) -> AsyncIterator[RunProgress]:
        """Gives the progress whenever it has changed, until the run has ended or the event is set."""
        stop = until or asyncio.Event()
        last: RunProgress | None = None
        while not stop.is_set() and (await self.handle.describe()).status == WorkflowExecutionStatus.RUNNING:
            now = await self._query()
            if now is not None and now != last:
                last = now
                yield now
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), every.total_seconds())

    async def _query(self) -> RunProgress | None:
        """None where nobody answers at the moment: no worker polls, or the run has just ended."""
        try:
            answer: dict[str, Any] = await self.handle.query(
                "progress", reject_condition=QueryRejectCondition.NOT_OPEN, rpc_timeout=QUERY_TIMEOUT
            )
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
            return None
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise
            return None
        return _from_json(RunProgress, answer)

    async def result(self) -> RunOutcome:
        """Waits for the end. A run that failed or was cancelled has an outcome, too: it does not raise."""
        return await _result(self.handle, RunOutcome)

    async def pause(self) -> None:
        """No task is started any more; those that run are finished."""
        await self.handle.signal("pause")

    async def resume(self) -> None:
        await self.handle.signal("resume")

    async def cancel(self) -> None:
        """Asks the run to end. It has ended when `result()` returns; its rows so far are kept."""
        await self.handle.cancel()


@dataclass(frozen=True)
class Prediction:
    """A prediction that was started or attached to."""

    handle: WorkflowHandle[Any, Any]
    attached: bool = False

    @property
    def id(self) -> str:
        return self.handle.id

    async def result(self) -> PredictionOutcome:
        """Waits for the end, as that of a run."""
        return await _result(self.handle, PredictionOutcome)


async def start_run(client: Client, request: Mapping[str, Any], workflow_id: str | None = None) -> Run:
    """Starts `embeddingRun`, or attaches to the open run of that id.

    `request` is the input of `embeddingRun` (docs/contract.md), e.g.
    `{"directory": "/data/run", "inputs": ["/data/genomes"], "embedders": [{"name": "kmer"}]}`: paths as the workers see
    them. Left out, the workflow id follows from the directory, so that two starts on one folder meet.
    """
    name = workflow_id or workflow_id_of(str(request["directory"]))
    try:
        handle = await client.start_workflow("embeddingRun", {"contract": 1, **request}, id=name, task_queue=TASK_QUEUE)
    except WorkflowAlreadyStartedError:
        return await attach(client, name)
    return Run(handle)


async def start_prediction(client: Client, request: Mapping[str, Any], workflow_id: str | None = None) -> Prediction:
    """Starts `predictVirus`, or attaches to the open prediction of that id.

    `request` is the input of `predictVirus` (docs/contract.md), e.g. `{"directory": "/data/genome_predictions",
    "inputs": ["/data/genome.fa"], "model": "/data/500_model.pth"}`: paths as the workers see them.
    """
    name = workflow_id or workflow_id_of(str(request["directory"]))
    try:
        handle = await client.start_workflow("predictVirus", {"contract": 1, **request}, id=name, task_queue=TASK_QUEUE)
    except WorkflowAlreadyStartedError:
        return Prediction(client.get_workflow_handle(name), attached=True)
    return Prediction(handle)


async def attach(client: Client, workflow_id: str) -> Run:
    """A run that somebody has started, open or not; raises RPCError if the server knows none of that id."""
    handle = client.get_workflow_handle(workflow_id)
    await handle.describe()
    return Run(handle, attached=True)


def workflow_id_of(directory: str) -> str:
    """An id for runs in a folder that this host need not see. (`virnucpro embed` takes one from run.json instead.)"""
    return f"virnucpro-py-{hashlib.sha256(directory.encode()).hexdigest()[:12]}"


def embedders(names: Sequence[str], options: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The field `embedders` of a request, with the same options for each."""
    return [{"name": name, "options": dict(options or {})} for name in names]


async def _result(handle: WorkflowHandle[Any, Any], kind: type[Ended]) -> Ended:
    try:
        return _outcome(kind, await handle.result())
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, CancelledError):
            return kind("cancelled", EXIT_CODES["cancelled"], "cancelled; what is durable is kept")
        if isinstance(cause, ApplicationError) and cause.details:
            return _outcome(kind, cause.details[0])
        # Terminated, timed out, or failed by a bug: nobody was there to describe it.
        failure_type = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
        return kind("failed", EXIT_CODES["failed"], str(cause), failureType=failure_type)


def _outcome(kind: type[Ended], value: Mapping[str, Any]) -> Ended:
    offenders = [_offender(one) for one in value.get("offenders", [])]
    return _from_json(kind, {**value, "offenders": offenders})


def _offender(value: Mapping[str, Any]) -> Offender:
    return Offender(path=str(value["path"]), reason=str(value["reason"]))


def _from_json(kind: type[T], value: Mapping[str, Any]) -> T:
    """Fields may be added to the JSON; those that are not known here are left out."""
    known = {one.name for one in fields(kind)}
    return kind(**{name: content for name, content in value.items() if name in known})
