"""What a loaded object is, as JSON that the TypeScript side produces too."""
import math

import numpy as np
import torch


def number(value):
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return "-0" if value == 0 and math.copysign(1, value) < 0 else value


def element(value, dtype):
    if isinstance(value, bool):
        return value
    if isinstance(value, complex):
        return [number(value.real), number(value.imag)]
    if isinstance(value, int):
        return str(value) if dtype in ("int64", "uint64") else value
    return number(value)


def tensor(value):
    dtype = str(value.dtype).replace("torch.", "")
    flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if dtype == "complex32":
        flat = flat.to(torch.complex64)
    elif dtype.startswith(("float8", "bfloat16", "float16")):
        flat = flat.to(torch.float32)
    elif dtype in ("uint16", "uint32", "uint64"):
        flat = flat.view(torch.uint8).numpy().view(dtype)
    return {
        "type": "Parameter" if isinstance(value, torch.nn.Parameter) else "tensor",
        "dtype": dtype,
        "shape": list(value.shape),
        "stride": list(value.stride()),
        "requiresGrad": value.requires_grad,
        "values": [element(item, dtype) for item in flat.tolist()],
    }


def describe(value):
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, np.ndarray):
        array = {"type": "ndarray", "dtype": value.dtype.str, "shape": list(value.shape)}
        if value.dtype.hasobject:
            return {**array, "items": [describe(item) for item in value.reshape(-1).tolist()]}
        return {**array, "hex": value.tobytes(order="A").hex()}
    if isinstance(value, np.generic):
        return {"type": "scalar", "dtype": value.dtype.str, "hex": value.tobytes().hex()}
    if isinstance(value, dict):
        kind = type(value).__name__
        return {"type": kind, "items": [[describe(key), describe(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):  # torch.Size is a tuple
        return {"type": "list" if isinstance(value, list) else "tuple", "items": [describe(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"type": type(value).__name__, "items": sorted((describe(item) for item in value), key=str)}
    if isinstance(value, (bytes, bytearray)):
        return {"type": "bytes", "hex": value.hex()}
    if isinstance(value, complex):
        return {"type": "complex", "value": [number(value.real), number(value.imag)]}
    if isinstance(value, float):
        return {"type": "float", "value": number(value)}
    if isinstance(value, torch.dtype):
        return {"type": "token", "name": str(value)}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"type": "int", "value": str(value)}
    return value
