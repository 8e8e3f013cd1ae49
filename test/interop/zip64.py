"""Files that need 64-bit fields.

    save-many PATH COUNT   one tensor of one element for each of COUNT records
    load-many PATH         prints their elements
    save-huge PATH         a storage of more than 4 GiB and two records behind it; zeros become holes of the file
    load-huge PATH         maps such a file into memory; prints shapes, and the elements of the small tensors
"""
import json
import os
import sys

import numpy as np
import torch

FLOATS = 2**30 + 3086
HOLE = 1 << 20


class SparseFile:
    """Leaves holes where a megabyte is zero."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o644)
        self.size = 0

    def write(self, content):
        view = memoryview(content).cast("B")
        for start in range(0, len(view), HOLE):
            part = view[start:start + HOLE]
            if np.frombuffer(part, np.uint8).any():
                os.pwrite(self.descriptor, part, self.size)
            self.size += len(part)
        return len(view)

    def flush(self):
        os.ftruncate(self.descriptor, self.size)


def load(path, **options):
    os.environ["TORCH_SERIALIZATION_DEBUG"] = "1"
    return torch.load(path, weights_only=True, **options)


def main(mode, path, *arguments):
    if mode == "save-many":
        torch.save([torch.full((1,), float(index)) for index in range(int(arguments[0]))], path)
    elif mode == "load-many":
        print(json.dumps([tensor.item() for tensor in load(path)]))
    elif mode == "save-huge":
        file = SparseFile(path)
        torch.save({"a": torch.zeros(FLOATS), "b": torch.ones(4), "e": torch.empty(0)}, file)
        file.flush()
    else:
        content = load(path, mmap=True)
        small = {name: tensor.tolist() for name, tensor in content.items() if name != "a"}
        print(json.dumps({"shape": list(content["a"].shape), "last": content["a"][-1].item(), **small}))


main(*sys.argv[1:])
