"""Files that need the 64-bit fields of ZIP.

    save-many PATH COUNT   one tensor of one element for each of COUNT storages
    load-many PATH         prints their elements
    save-huge PATH         a storage of more than 4 GiB and two behind it, all of whose content is zero and without CRC:
                           torch leaves a hole (torch 2.6 or newer)
    fill-huge PATH         the same written in earnest, in 4.5 GB of memory; zeros become holes here
    load-huge PATH         maps such a file into memory; prints the shapes, and the elements of the small tensors
"""
import json
import os
import sys

import numpy as np
import torch

FLOATS = 2**30 + 3086
HOLE_BYTES = 1 << 20


class SparseFile:
    """Leaves holes where a megabyte is zero."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        self.size = 0

    def write(self, content):
        view = memoryview(content).cast("B")
        for start in range(0, len(view), HOLE_BYTES):
            part = view[start:start + HOLE_BYTES]
            if np.frombuffer(part, np.uint8).any():
                os.pwrite(self.descriptor, part, self.size)
            self.size += len(part)
        return len(view)

    def flush(self):
        os.ftruncate(self.descriptor, self.size)


def huge(make):
    return {"a": make(FLOATS), "b": torch.ones(4), "e": torch.empty(0)}


def load(path, **options):
    return torch.load(path, weights_only=True, **options)


def main(mode, path, count="0"):
    if mode == "save-many":
        torch.save([torch.full((1,), float(index)) for index in range(int(count))], path)
    elif mode == "load-many":
        print(json.dumps([tensor.item() for tensor in load(path)]))
    elif mode == "save-huge":
        with torch.serialization.skip_data():
            torch.save(huge(torch.empty), path)
    elif mode == "fill-huge":
        file = SparseFile(path)
        torch.save(huge(torch.zeros), file)
        file.flush()
    else:
        content = load(path, mmap=True)
        small = {name: tensor.tolist() for name, tensor in content.items() if name != "a"}
        print(json.dumps({"shape": list(content["a"].shape), "last": content["a"][-1].item(), **small}))


main(*sys.argv[1:])
