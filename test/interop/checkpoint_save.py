"""Saves one checkpoint of each kind into a folder: `{kind} {dim} {name}` per argument; prints the float32 bits of each."""

import json
import os
import sys

import torch

IDS = ["a", "b", "c"]


def content(kind, rows):
    if kind == "nucleotide":
        return {"nucleotide": IDS, "data": [
            {"label": name, "mean_representation": row.tolist()} for name, row in zip(IDS, rows)
        ]}
    if kind == "protein":
        return {"proteins": IDS, "data": [row.clone() for row in rows]}
    return {"ids": IDS, "data": rows}


bits = []
for argument in sys.argv[2:]:
    kind, dim, name = argument.split()
    rows = torch.sin(torch.arange(3 * int(dim), dtype=torch.float32)).reshape(3, int(dim))
    torch.save({**content(kind, rows), "version": "1.0", "status": "complete"}, os.path.join(sys.argv[1], name))
    bits.append(rows.numpy().reshape(-1).view("int32").tolist())
print(json.dumps(bits))
