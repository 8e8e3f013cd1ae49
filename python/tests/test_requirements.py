"""What the package needs: read from pyproject.toml, held against what is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from virnucpro_sidecar import requirements


def test_pyproject_every_requirement_has_a_name_and_a_lowest_version() -> None:
    needed = requirements.read_requirements(extras=["test", "reference", "dev"])
    assert needed[0] == "torch>=2.4"
    assert {requirements.split_requirement(one)[0] for one in needed} >= {"torch", "numpy", "pytest", "transformers"}


def test_an_extra_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError, match="cuda"):
        requirements.read_requirements(extras=["cuda"])


@pytest.mark.parametrize(
    ("version", "lowest", "older"),
    [
        ("2.4", "2.4", False),
        ("2.4.0+cu128", "2.4", False),
        ("2.10.1", "2.9", False),
        ("1.13.0a0+gitunknown", "2.4", True),
        ("2.3.9", "2.4", True),
        ("unknown", "0.1", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, lowest: str, older: bool) -> None:
    assert requirements.is_older(version, lowest) == older


def test_what_is_missing_or_too_old_is_named() -> None:
    assert requirements.missing(["no-such-package>=1", "pytest>=999", "pytest>=1"]) == [
        "no-such-package is not installed (needed: no-such-package>=1)",
        f"pytest {pytest.__version__} is too old (needed: pytest>=999)",
    ]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ("half.py,sha256=x,4\n", None),
        ("half.py,sha256=x,5\n", "half: half.py has 4 bytes, expected 5"),
        ("half.py,sha256=x,4\ngone.py,sha256=x,4\n", "half: gone.py: No such file or directory"),
        (None, "half has no list of its files"),
    ],
)
def test_a_package_that_a_kill_left_half_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str | None, sentence: str | None
) -> None:
    folder = tmp_path / "half-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: half\nVersion: 1.0\n")
    (tmp_path / "half.py").write_text("pass")
    if record is not None:
        (folder / "RECORD").write_text(record)
    found: list[Distribution] = [PathDistribution(folder)]
    monkeypatch.setattr(requirements, "distributions", lambda: found)
    assert requirements.broken() == ([] if sentence is None else [sentence])


def test_command_list_prints_one_requirement_a_line() -> None:
    module = [sys.executable, "-m", "virnucpro_sidecar.requirements"]
    folder = requirements.PYPROJECT.parent
    done = subprocess.run([*module, "list", "test"], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == requirements.read_requirements(extras=["test"])
