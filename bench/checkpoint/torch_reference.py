"""What the reference does with a checkpoint, timed in a warm process: one JSON request a line, one JSON reply a line.

    {"op": "load", "path": P}            zipfile.is_zipfile and torch.load
    {"op": "save", "path": P, "to": Q}   torch.save alone, of what P holds; Q is removed again
"""

import json
import os
import resource
import sys
import time
import zipfile

import torch


def load(path):
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not a ZIP archive")
    return torch.load(path, map_location="cpu", weights_only=False)


def timed_load(path):
    start = time.perf_counter()
    content = load(path)
    seconds = time.perf_counter() - start
    del content  # outside of what is timed
    return seconds


def timed_save(path, to):
    content = load(path)
    try:
        start = time.perf_counter()
        torch.save(content, to)
        return time.perf_counter() - start
    finally:
        os.unlink(to)


def answer(request):
    path = request["path"]
    seconds = timed_load(path) if request["op"] == "load" else timed_save(path, request["to"])
    # ru_maxrss: kilobytes on Linux, bytes on macOS (getrusage(2)).
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": seconds, "maxRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
