"""Rows that the models must give, by a straightforward forward: one sequence at a time, float32, plain torch, no padding.

    golden_rows.py SETTINGS FOLDER < {"id": "letters", ...} > {"id": [row], ...}

SETTINGS: JSON of a sidecar with random weights. They are written to FOLDER as a checkpoint (names and layout of the published
ones, with config.json and tokenizer), and everything that follows reads that alone: tables of letters, attention, rotary
positions, ALiBi and pooling are written down here once more, from the papers and the published code.
"""

import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

ESM_TOKENS = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO"]


def save_checkpoint(settings, folder):
    """The only part that uses the code under test: which random numbers are where."""
    from virnucpro_sidecar.models.catalog import catalog_entry, tiny_entry
    from virnucpro_sidecar.models.dnabert import MosaicBert
    from virnucpro_sidecar.models.esm2 import Esm2
    from virnucpro_sidecar.models.parameters import Parameters
    from virnucpro_sidecar.models.random_init import fill_randomly
    from virnucpro_sidecar.models.random_tokenizer import random_tokenizer_json

    entry = tiny_entry(catalog_entry(settings["embedder"]), settings.get("tiny") or {})
    parameters = Parameters(torch.device("cpu"), torch.float32)
    (Esm2 if entry.family == "esm2" else MosaicBert)(entry.shape, parameters)
    fill_randomly(parameters.places, entry.shape, settings["randomInit"], torch.device("cpu"), lambda _doing: None)
    tensors = {name: (place.view / place.factor).clone() for name, place in parameters.places.items()}
    save_file(tensors, os.path.join(folder, "model.safetensors"))
    config = {
        "num_hidden_layers": entry.shape.layers,
        "hidden_size": entry.shape.hidden,
        "num_attention_heads": entry.shape.heads,
        "intermediate_size": entry.shape.intermediate,
        "vocab_size": entry.shape.vocabulary,
    }
    if entry.family == "esm2":
        config |= {"model_type": "esm", "layer_norm_eps": 1e-5, "position_embedding_type": "rotary"}
        config |= {"token_dropout": True, "emb_layer_norm_before": False}
    else:
        config |= {"model_type": "bert", "layer_norm_eps": 1e-12}
        with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
            file.write(random_tokenizer_json(entry.shape.vocabulary))
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


class Checkpoint:
    def __init__(self, folder):
        self.tensors = load_file(os.path.join(folder, "model.safetensors"))
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        self.folder = folder
        self.heads = self.config["num_attention_heads"]

    def linear(self, x, name):
        return F.linear(x, self.tensors[f"{name}.weight"], self.tensors.get(f"{name}.bias"))

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdim=True)
        variance = (centred * centred).mean(-1, keepdim=True)
        scaled = centred / torch.sqrt(variance + self.config["layer_norm_eps"])
        return scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def split_heads(self, x):
        return x.view(x.shape[0], self.heads, -1).transpose(0, 1)


def attend(q, k, v, bias=0.0):
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]) + bias
    return (scores.softmax(-1) @ v).transpose(0, 1).reshape(q.shape[1], -1)


def rotate(x):
    half = x.shape[-1] // 2
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = (torch.arange(x.shape[1], dtype=torch.float64)[:, None] * frequencies).repeat(1, 2)
    turned = torch.cat([-x[..., half:], x[..., :half]], -1)
    return x * angles.cos().float() + turned * angles.sin().float()


def esm_row(model, letters):
    ids = torch.tensor([0, *(ESM_TOKENS.index(letter) for letter in letters), 2])
    x = model.tensors["embeddings.word_embeddings.weight"][ids] * (1 - 0.15 * 0.8)
    for at in range(model.config["num_hidden_layers"]):
        layer = f"encoder.layer.{at}"
        normed = model.norm(x, f"{layer}.attention.LayerNorm")
        q, k, v = (
            model.split_heads(model.linear(normed, f"{layer}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        x = x + model.linear(attend(rotate(q), rotate(k), v), f"{layer}.attention.output.dense")
        inner = F.gelu(model.linear(model.norm(x, f"{layer}.LayerNorm"), f"{layer}.intermediate.dense"))
        x = x + model.linear(inner, f"{layer}.output.dense")
    return model.norm(x, "encoder.emb_layer_norm_after")[1:-1].mean(0)


def alibi_slopes(heads):
    def geometric(count):
        start = 2 ** (-(2 ** -(math.log2(count) - 3)))
        return [start * start**power for power in range(count)]

    nearest = 2 ** math.floor(math.log2(heads))
    if nearest == heads:
        return geometric(heads)
    return geometric(nearest) + geometric(2 * nearest)[0::2][: heads - nearest]


def dnabert_row(model, letters):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(model.folder, "tokenizer.json"))
    ids = torch.tensor(tokenizer.encode(letters).ids)
    words = model.tensors["embeddings.word_embeddings.weight"][ids]
    x = model.norm(words + model.tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    places = torch.arange(len(ids), dtype=torch.float32)
    bias = -(places[:, None] - places).abs() * torch.tensor(alibi_slopes(model.heads))[:, None, None]
    for at in range(model.config["num_hidden_layers"]):
        layer = f"encoder.layer.{at}"
        q, k, v = (model.split_heads(part) for part in model.linear(x, f"{layer}.attention.self.Wqkv").chunk(3, -1))
        attended = model.linear(attend(q, k, v, bias), f"{layer}.attention.output.dense")
        x = model.norm(attended + x, f"{layer}.attention.output.LayerNorm")
        gate, values = model.linear(x, f"{layer}.mlp.gated_layers").chunk(2, -1)
        x = model.norm(model.linear(F.gelu(gate) * values, f"{layer}.mlp.wo") + x, f"{layer}.mlp.layernorm")
    return x.mean(0)


def main():
    settings, folder = json.loads(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    save_checkpoint(settings, folder)
    model = Checkpoint(folder)
    row = esm_row if model.config["model_type"] == "esm" else dnabert_row
    with torch.inference_mode():
        rows = {id: row(model, letters).tolist() for id, letters in json.load(sys.stdin).items()}
    json.dump(rows, sys.stdout)


main()
