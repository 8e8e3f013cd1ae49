"""Loads what import-model has written into torch: classifier_load.py FILE FEATURES HIDDEN ROWS SCORES"""
import json
import struct
import sys

import torch


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        values = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(values[start:end]), dtype=torch.float32).reshape(entry["shape"])
    return metadata, tensors


def main():
    path, features, hidden, rows, scores = sys.argv[1:]
    metadata, state = read_safetensors(path)
    hidden_layer = torch.nn.Linear(int(features), int(hidden))
    bn1 = torch.nn.BatchNorm1d(int(hidden), eps=float(metadata["eps"]))
    output_layer = torch.nn.Linear(int(hidden), 2)
    model = torch.nn.ModuleDict({"hidden_layer": hidden_layer, "bn1": bn1, "output_layer": output_layer})
    print(model.load_state_dict(state, strict=False))
    model.eval()
    inputs = torch.from_file(rows, size=0 + _size(rows), dtype=torch.float32).reshape(-1, int(features))
    expected = torch.from_file(scores, size=_size(scores), dtype=torch.float32).reshape(-1, 2)
    with torch.no_grad():
        found = torch.softmax(output_layer(torch.relu(bn1(hidden_layer(inputs)))), dim=1)
    print(float((found - expected).abs().max()))


def _size(path):
    with open(path, "rb") as file:
        return file.seek(0, 2) // 4


main()
