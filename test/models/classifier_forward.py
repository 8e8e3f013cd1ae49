"""Scores of merged checkpoints by torch: classifier_forward.py STATE_DICT MERGED… prints {id: [p(others), p(virus)]}."""

import json
import sys

import torch

state = torch.load(sys.argv[1], weights_only=True)
model = torch.nn.Sequential(
    torch.nn.Linear(3328, 512),
    torch.nn.BatchNorm1d(512),
    torch.nn.ReLU(),
    torch.nn.Linear(512, 2),
)
names = {"0": "hidden_layer", "1": "bn1", "3": "output_layer"}
model.load_state_dict({key: state[names[key[0]] + key[1:]] for key in model.state_dict()})
model.eval()

scores = {}
with torch.no_grad():
    for file in sys.argv[2:]:
        merged = torch.load(file, weights_only=True)
        probabilities = torch.softmax(model(merged["data"]), dim=1)
        scores.update(zip(merged["ids"], probabilities.tolist(), strict=True))
json.dump(scores, sys.stdout)
