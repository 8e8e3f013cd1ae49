"""
What this package needs of other packages, and whether that is there. Run by `virnucpro setup-models`, in its virtual
environment: `python -m virnucpro_sidecar.requirements list EXTRA…` prints what pip has to install, one requirement a line;
`… check EXTRA…` prints what is missing or too old, one sentence a line, and `… verify EXTRA…` what is only half installed, too.

Needs nothing but Python and pip.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any, Final

PYPROJECT: Final = Path(__file__).resolve().parents[1] / "pyproject.toml"

#: All that pyproject.toml uses: a name and the lowest version.
_REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)$")


def read_requirements(pyproject: Path = PYPROJECT, extras: Sequence[str] = ()) -> list[str]:
    """
    :raises KeyError: an extra that is none
    """
    project = _read_toml(pyproject)["project"]
    optional = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(one for extra in extras for one in optional[extra])]


def missing(requirements: Sequence[str]) -> list[str]:
    """One sentence for each requirement that is not met."""
    return [trouble for one in requirements if (trouble := _trouble(one)) is not None]


def broken() -> list[str]:
    """One sentence for each installed package of which a file is missing or cut: an installation that was killed."""
    return [sentence for found in distributions() for sentence in _broken_files(found)]


def split_requirement(requirement: str) -> tuple[str, str]:
    """Name and lowest version."""
    parts = _REQUIREMENT.match(requirement)
    if parts is None:
        raise ValueError(f"expected NAME>=VERSION, got {requirement!r}")
    return parts[1], parts[2]


def is_older(version: str, lowest: str) -> bool:
    """Compares the leading numbers: `2.9.1+cu128` is 2.9.1."""
    return _numbers(version) < _numbers(lowest)


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return (*numbers, 0, 0, 0, 0)[:4]


def _trouble(requirement: str) -> str | None:
    name, lowest = split_requirement(requirement)
    try:
        version = distribution(name).version
    except PackageNotFoundError:
        return f"{name} is not installed (needed: {requirement})"
    return f"{name} {version} is too old (needed: {requirement})" if is_older(version, lowest) else None


def _broken_files(found: Distribution) -> Iterator[str]:
    name = found.metadata["Name"]
    if found.files is None:
        yield f"{name} has no list of its files"
        return
    for file in found.files:
        try:
            size = os.stat(file.locate()).st_size
        except OSError as error:
            yield f"{name}: {file}: {error.strerror}"
            return
        if file.size is not None and size != file.size:
            yield f"{name}: {file} has {size} bytes, expected {file.size}"
            return


def _read_toml(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    # Python 3.10 has no reader of its own; pip, which is always in a virtual environment, brings one along.
    from importlib import import_module

    loaded: dict[str, Any] = import_module("pip._vendor.tomli").loads(text)
    return loaded


def main(arguments: Sequence[str]) -> int:
    command, *extras = arguments
    requirements = read_requirements(extras=extras)
    if command == "list":
        print("\n".join(requirements))
        return 0
    sentences = missing(requirements) + (broken() if command == "verify" else [])
    if sentences:
        print("\n".join(sentences))
        return 1
    if command == "verify":
        # The stamp that comes next must not outlive, in a crash, what it vouches for.
        os.sync()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
