"""Makes classifiers with torch in every form, and says what torch itself computes: classifier_make.py FOLDER FEATURES HIDDEN ROWS"""
import json
import struct
import sys
from pathlib import Path

import torch
from torch import nn


class MLPClassifier(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.hidden_layer = nn.Linear(features, hidden)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.output_layer = nn.Linear(hidden, classes)

    def forward(self, rows):
        rows = self.dropout(self.relu(self.bn1(self.hidden_layer(rows))))
        return torch.softmax(self.output_layer(rows), dim=1)


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().numpy().tobytes())


def main():
    folder, features, hidden, rows = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    torch.manual_seed(hidden)
    model = MLPClassifier(features, hidden, 2)
    # A few steps in training mode give the batch normalization statistics of its own.
    model.train()
    with torch.no_grad():
        for _ in range(5):
            model(torch.randn(64, features) * 2 + 0.3)
        model.output_layer.weight.mul_(3)
    torch.save(model, folder / "training.pth")
    model.eval()
    torch.save(model, folder / "module.pth")
    torch.save(nn.DataParallel(model), folder / "parallel.pth")
    torch.save(model.state_dict(), folder / "state.pth")
    torch.save({"epoch": 3, "model_state_dict": model.state_dict()}, folder / "checkpoint.pth")
    torch.save(nn.DataParallel(model).state_dict(), folder / "parallel-state.pth")
    torch.save(model, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    write_safetensors(folder / "state.safetensors", model.state_dict())
    inputs = torch.randn(rows, features)
    with torch.no_grad():
        scores = model(inputs)
    inputs.numpy().tofile(folder / "rows.f32")
    scores.numpy().tofile(folder / "scores.f32")
    spread = scores[:, 1].max() - scores[:, 1].min()
    print(json.dumps({"torch": torch.__version__, "spread": float(spread)}))


main()
