"""Loads converted checkpoints with numpy, safetensors and torch, and prints what they hold as JSON.

Arguments: paths that end in .npy, .safetensors or .pt. A library that is not installed is said with {"missing": name}.
"""

import hashlib
import importlib.util
import json
import sys


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def load_npy(path):
    import numpy

    array = numpy.load(path, mmap_mode="r")
    ids = [line.rstrip("\n") for line in open(path[:-4] + ".ids.txt", encoding="utf-8", newline="\n")]
    return {"shape": list(array.shape), "dtype": array.dtype.str, "c": bool(array.flags.c_contiguous),
            "ids": ids, "sha256": digest(array)}


def load_safetensors(path):
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        array, metadata, names = file.get_tensor("data"), file.metadata(), list(file.keys())
    return {"shape": list(array.shape), "dtype": array.dtype.str, "names": names,
            "ids": json.loads(metadata["ids"]), "kind": metadata["kind"], "sha256": digest(array)}


def load_pt(path):
    import torch

    # torch before 2.0 cannot read a Python float with the unpickler that executes nothing.
    content = torch.load(path, weights_only=torch.__version__.split(".")[0] != "1")
    data = content["data"]
    if isinstance(data, list):
        data = torch.stack([torch.tensor(row["mean_representation"]) if isinstance(row, dict) else row for row in data])
    ids = next(value for key, value in content.items() if key in ("nucleotide", "proteins", "ids"))
    return {"shape": list(data.shape), "dtype": str(data.dtype), "ids": ids, "version": content["version"],
            "status": content["status"], "sha256": digest(data.numpy())}


LOADERS = {"npy": ("numpy", load_npy), "safetensors": ("safetensors", load_safetensors), "pt": ("torch", load_pt)}


def load(path):
    module, loader = LOADERS[path.rsplit(".", 1)[1]]
    if importlib.util.find_spec(module) is None or importlib.util.find_spec("numpy") is None and module != "torch":
        return {"missing": module}
    return loader(path)


print(json.dumps([load(path) for path in sys.argv[1:]]))
