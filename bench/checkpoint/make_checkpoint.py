"""Saves a checkpoint of one kind with torch.save: `make_checkpoint.py KIND ROWS DIM PATH`.

Same layout as the files of VirNucPro (docs/checkpoint-format.md), with random values. Ends with an fsync, so that the
write-back of gigabytes does not run into what is measured next.
"""

import os
import sys

import torch


def content(kind, ids, dim):
    if kind == "nucleotide":
        rows = (torch.randn(dim).tolist() for _ in ids)
        return {"nucleotide": ids, "data": [
            {"label": name, "mean_representation": row} for name, row in zip(ids, rows)
        ]}
    if kind == "protein":
        return {"proteins": ids, "data": [torch.randn(dim) for _ in ids]}
    # Filled in place: the values are in memory once, and torch.save writes them from there.
    return {"ids": ids, "data": torch.empty(len(ids), dim).uniform_(-1, 1)}


kind, rows, dim, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.manual_seed(1)
ids = [f"sequence_{n}_chunk_1F1" for n in range(rows)]
torch.save({**content(kind, ids, dim), "version": "1.0", "status": "complete"}, path)
with open(path, "rb") as file:
    os.fsync(file.fileno())
