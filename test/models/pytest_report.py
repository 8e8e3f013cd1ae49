"""Plugin of pytest for pytest.test.ts: one line of JSON for each test, `{"name", "outcome", "reason"}`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

REPORT = Path(os.environ["VIRNUCPRO_PYTEST_REPORT"])


def _note(name: str, outcome: str, reason: str) -> None:
    with REPORT.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"name": name, "outcome": outcome, "reason": reason}) + "\n")


def pytest_runtest_logreport(report: Any) -> None:
    # A test is one line: its call, or whatever kept it from being called, or what went wrong after it.
    if report.when == "call" or report.outcome != "passed":
        name = report.nodeid if report.when == "call" else f"{report.nodeid} ({report.when})"
        skipped = report.outcome == "skipped" and isinstance(report.longrepr, tuple)
        _note(name, report.outcome, str(report.longrepr[2]) if skipped else report.longreprtext)


def pytest_collectreport(report: Any) -> None:
    if report.outcome == "failed":
        _note(f"{report.nodeid} (collection)", "failed", report.longreprtext)
