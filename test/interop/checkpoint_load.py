"""MODE FILE…: loads checkpoints with the unpickler that executes nothing; prints what is inside, floats as float32 bits.

MODE is read or mmap. torch before 2.0 cannot read a Python float that way, not even from a file of its own: there,
`nucleotide` is loaded without it, as is everything in torch before 1.13, which has no such unpickler.
"""

import json
import sys

import torch

RELEASE = tuple(int(part) for part in torch.__version__.split(".")[:2])


def load(path):
    unrestricted = RELEASE < (1, 13) or (RELEASE < (2, 0) and "DNABERT" in path)
    options = {} if unrestricted else {"weights_only": True}
    if sys.argv[1] == "mmap":
        options["mmap"] = True
    return torch.load(path, map_location="cpu", **options)


def describe(path):
    content = load(path)
    rows = content["data"]
    labels = None
    if isinstance(rows, list) and isinstance(rows[0], dict):
        labels = [row["label"] for row in rows]
        assert all(isinstance(value, float) for row in rows for value in row["mean_representation"])
        rows = [torch.tensor(row["mean_representation"], dtype=torch.float32) for row in rows]
    assert all(row.dtype == torch.float32 for row in rows)
    shape = list(rows.shape) if isinstance(rows, torch.Tensor) else [len(rows)] + list(rows[0].shape)
    return {
        "ids": next(content[key] for key in ("nucleotide", "proteins", "ids") if key in content),
        "labels": labels,
        "shape": shape,
        "bits": torch.cat([row.reshape(-1) for row in rows]).numpy().view("int32").tolist(),
        "version": content["version"],
        "status": content["status"],
    }


print(json.dumps([describe(path) for path in sys.argv[2:]]))
