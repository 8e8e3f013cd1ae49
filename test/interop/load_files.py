"""MODE FILE…: loads each file and prints the descriptions as one JSON list.

MODE is weights_only, mmap (both), or full: torch 1.13 takes no Python float under weights_only, not even its own, and older
ones know no weights_only.
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "torch"))
from describe_value import describe  # noqa: E402

mode, *paths = sys.argv[1:]
options = {}
if mode != "full" or not torch.__version__.startswith("1."):
    options["weights_only"] = mode != "full"
if mode == "mmap":
    options["mmap"] = True
print(json.dumps([describe(torch.load(path, **options)) for path in paths]))
