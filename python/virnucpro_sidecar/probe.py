"""
What this Python has for the models: `python -m virnucpro_sidecar.probe '<JSON>'` prints one JSON document, as the last line
of its stdout. Run by `virnucpro doctor` and `virnucpro setup-models`. Nothing that is missing makes it fail.

The argument: `{"models": {"esm2-3b": null | "folder or Hugging Face id"}}`, the models whose weights are looked for.
"""

from __future__ import annotations

import glob
import json
import platform
import sys
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from .requirements import missing, read_requirements, split_requirement

_LOWEST_PYTHON: Final = (3, 10)


def probe(models: Mapping[str, str | None]) -> dict[str, Any]:
    requirements = read_requirements()
    names = [split_requirement(one)[0] for one in requirements]
    return {
        "python": platform.python_version(),
        "pythonTooOld": sys.version_info < _LOWEST_PYTHON,
        "executable": sys.executable,
        "packages": {name: _version(name) for name in names},
        "missing": missing(requirements),
        "torch": _probe_torch(),
        "weights": {name: _probe_weights(name, weights) for name, weights in models.items()},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _probe_torch() -> dict[str, Any]:
    nvidia = sorted(glob.glob("/dev/nvidia[0-9]*"))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            import torch
        except Exception as error:  # whatever a broken installation raises
            return {"error": _text(error), "nvidia": nvidia}
        cuda_error = _cuda_error(torch)
        devices = [_probe_device(torch, index) for index in range(torch.cuda.device_count())] if not cuda_error else []
    hints = [str(warning.message) for warning in said if "CUDA" in str(warning.message)]
    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "cudaError": "; ".join([*([cuda_error] if cuda_error else []), *hints]) or None,
        "devices": devices,
        "nvidia": nvidia,
    }


def _cuda_error(torch: Any) -> str | None:
    """None: CUDA can be used, or this torch is built without it."""
    if torch.version.cuda is None:
        return None
    try:
        torch.cuda.init()
    except Exception as error:
        return _text(error)
    return None


def _probe_device(torch: Any, index: int) -> dict[str, Any]:
    """Computes something: a device that has fallen off its bus is still counted."""
    found: dict[str, Any] = {"index": index}
    try:
        properties = torch.cuda.get_device_properties(index)
        major, minor = properties.major, properties.minor
        found |= {"name": properties.name, "memoryBytes": properties.total_memory, "capability": f"{major}.{minor}"}
        if float(torch.ones(256, device=f"cuda:{index}").sum().item()) != 256:
            found["error"] = "it adds wrongly"
        found["freeBytes"] = torch.cuda.mem_get_info(index)[0]
    except Exception as error:
        found["error"] = _text(error)
    return found


def _probe_weights(name: str, weights: str | None) -> dict[str, Any]:
    try:
        from .models.catalog import catalog_entry
        from .models.files import find_files

        files = find_files(catalog_entry(name), weights)
        return {"folder": str(files.folder), "bytes": sum(path.stat().st_size for path in files.weights)}
    except Exception as error:
        return {"error": str(error)}


def _text(error: BaseException) -> str:
    first = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {first}"


if __name__ == "__main__":
    request = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    print(json.dumps(probe(request.get("models", {}))))
