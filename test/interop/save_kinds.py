"""FOLDER then pairs ROWS DIM: saves the objects of test/support/torch-samples.ts.

Equal strings are one object, as in a program that puts each id into both places from one list.
"""
import math
import pathlib
import sys

import torch

TAIL = {"version": "1.0", "status": "complete"}


def save(folder, rows, dim):
    ids = [f"seq_{row}" for row in range(rows)]
    flat = [math.sin(row * 1000 + column) for row in range(rows) for column in range(dim)]
    values = torch.tensor(flat).reshape(rows, dim)
    entries = [{"label": name, "mean_representation": row} for name, row in zip(ids, values.tolist())]
    kinds = {
        "nucleotide": {"nucleotide": ids, "data": entries},
        "protein": {"proteins": ids, "data": [row.clone() for row in values]},
        "merged": {"ids": ids, "data": values},
    }
    for kind, content in kinds.items():
        torch.save({**content, **TAIL}, folder / f"{kind}_{rows}_{dim}.pt")


shapes = [int(argument) for argument in sys.argv[2:]]
for rows, dim in zip(shapes[::2], shapes[1::2]):
    save(pathlib.Path(sys.argv[1]), rows, dim)
