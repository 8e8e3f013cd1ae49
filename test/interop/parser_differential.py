"""FILE: reads archives, each behind its length (u32, little-endian), with zipfile and with torch.

Prints one JSON line for each: `zip`, name to size and SHA-256 of every record, and `torch`, the description of what is
loaded; or `zipError`, `torchError`, why there is none.
"""
import hashlib
import io
import json
import pathlib
import struct
import sys
import warnings
import zipfile

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "torch"))
from describe_value import describe  # noqa: E402

warnings.simplefilter("ignore")
OPTIONS = {} if torch.__version__.startswith("1.") else {"weights_only": False}


def records(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise ValueError("a name twice")
        contents = {name: archive.read(name) for name in names}
    return {name: [len(content), hashlib.sha256(content).hexdigest()] for name, content in contents.items()}


def attempt(key, work, data):
    try:
        return {key: work(data)}
    except BaseException as error:  # describe() leaves by SystemExit
        return {key + "Error": "%s: %s" % (type(error).__name__, str(error)[:200])}


def load(data):
    return describe(torch.load(io.BytesIO(data), **OPTIONS))


archives = open(sys.argv[1], "rb").read()
at = 0
while at < len(archives):
    (size,) = struct.unpack_from("<I", archives, at)
    data = archives[at + 4 : at + 4 + size]
    at += 4 + size
    print(json.dumps({**attempt("zip", records, data), **attempt("torch", load, data)}), flush=True)
