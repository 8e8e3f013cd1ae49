"""Writes FOLDER/<name>.pt with this torch, and beside each FOLDER/<name>.json: its description, or why it is refused."""
import collections
import json
import pathlib
import sys

import numpy as np
import torch

from describe_value import describe

FOLDER = pathlib.Path(sys.argv[1])
torch.manual_seed(7)


def save(name, value, **options):
    path = FOLDER / f"{name}.pt"
    torch.save(value, path, **options)
    # What this torch reads back: 1.13 drops the conjugate bit, for one.
    unrestricted = {} if torch.__version__.startswith("1.") else {"weights_only": False}
    (FOLDER / f"{name}.json").write_text(json.dumps({"value": describe(torch.load(path, **unrestricted))}))


def refuse(name, value, code, **options):
    torch.save(value, FOLDER / f"{name}.pt", **options)
    (FOLDER / f"{name}.json").write_text(json.dumps({"refused": code}))


def dtypes():
    for name in "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128".split():
        dtype = getattr(torch, name)
        base = torch.randn(3, 5) * 50
        value = (base > 0) if name == "bool" else base.abs().to(dtype) if name == "uint8" else base.to(dtype)
        save(f"dtype-{name}", {"t": value, "empty": torch.empty(0, 4, dtype=dtype), "zero-d": value[0, 0].clone()})
    for name in "float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu uint16 uint32 uint64".split():
        if hasattr(torch, name):
            every = torch.arange(256, dtype=torch.uint8)
            save(f"dtype-{name}", every.view(getattr(torch, name)))
    every = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    save("every-float16", every.view(torch.float16))
    save("every-bfloat16", every.view(torch.bfloat16))
    save("special-floats", torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45, 3.4e38]))
    save("int64-edges", torch.tensor([2**63 - 1, -(2**63), 0, -1]))


def views():
    base = torch.arange(100, dtype=torch.float32)
    square = base.reshape(10, 10)
    save("views", {
        "base": base,
        "slice": base[10:20],
        "transposed": square.t(),
        "step": base[::3],
        "expanded": base[:1].expand(4),
        "column": square[:, 2],
        "rank-4": base[:96].reshape(2, 3, 4, 4).permute(3, 1, 0, 2),
        "empty": base[5:5],
        "scalar": base[42],
    })
    save("conjugated", torch.tensor([1 + 2j, 3 - 4j]).conj())
    save("requires-grad", torch.ones(2, requires_grad=True))
    save("same-tensor-twice", [base, base])
    save("many-tensors", [torch.full((3,), float(i)) for i in range(300)])


def modules():
    save("parameter", torch.nn.Parameter(torch.ones(2, 2)))
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    save("state-dict", model.state_dict())
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    save("optimizer", optimizer.state_dict())
    tensor = torch.ones(2)
    tensor.note = "attribute"
    save("tensor-with-attribute", tensor)


def python_values():
    save("scalars", [None, True, False, 0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**63, -(2**80), 1.0, -0.0])
    save("floats-special", [float("nan"), float("inf"), -float("inf"), 5e-324])
    save("strings", ["", "ascii", "h\u00e9llo", "\U0001F600", "\ufffd", "line\nbreak", "\x00", "__proto__"])
    save("keys", {1: "int", "1": "str", (1, "a"): "tuple", 2.5: "float", None: "none", "__proto__": {"constructor": 1}})
    save("containers", {"set": {1, 2}, "frozenset": frozenset([1]), "tuple": (1, (2, (3,))), "empty": [[], {}, (), set()], "complex": 1 + 2j})
    save("bytes", [b"\x00\xff", b"abc", bytearray(b"\x01\x02"), b""])
    save("ordered", collections.OrderedDict([("b", 1), ("a", 2)]))
    save("long-list", list(range(3500)))
    save("long-floats", [i / 3 for i in range(2501)])
    save("one-float", [0.25])
    save("float-tuple", tuple(i / 3 for i in range(1200)))
    save("nested", [[[[[[["deep"]]]]]]])
    shared = ["shared"]
    save("shared", [shared, shared, {"again": shared}])
    save("long-strings", ["x" * 3_000_000, "\u00e9" * 700_000])
    save("dtype-token", torch.float32)
    save("size", torch.ones(2, 3).size())
    save("none", None)
    save("int-matrix", [[row * column for column in range(40)] for row in range(40)])
    save("long-dict", {f"key {i}": i for i in range(2345)})


def numpy_values(suffix="", **options):
    arrays = {name: np.arange(6).astype(name).reshape(2, 3) for name in "float32 float64 float16 int64 int8 uint16 bool complex64".split()}
    arrays["fortran"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    arrays["empty"] = np.zeros((0, 3))
    arrays["zero-d"] = np.array(1.5)
    arrays["big-endian"] = np.arange(3, dtype=">i4")
    arrays["text"] = np.array(["a", "bcd"])
    arrays["objects"] = np.array(["id", None], dtype=object)
    save(f"numpy-arrays{suffix}", arrays, **options)
    save(f"numpy-scalars{suffix}", [np.float32(1.5), np.float64(-2.5), np.int64(7), np.bool_(True)], **options)


def protocols():
    for protocol in (3, 4, 5):
        if protocol == 5 and torch.__version__.startswith("1."):
            continue
        batch = {"embeddings": np.ones((4, 8), dtype=np.float32), "sequence_ids": [f"s{i}" for i in range(4)], "metadata": {"n": 4, "ok": True}}
        save(f"batch-protocol-{protocol}", batch, pickle_protocol=protocol)
        save(f"mixed-protocol-{protocol}", {"t": torch.ones(2), "big": 2**70, "s": {1, 2}, "b": b"xyz", "f": [0.5] * 1500}, pickle_protocol=protocol)
    numpy_values("-protocol-4", pickle_protocol=4)


def checkpoints():
    ids = [f"read_{i}" for i in range(12)]
    tail = {"version": "1.0", "status": "complete"}
    save("nucleotide", {"nucleotide": ids, "data": [{"label": i, "mean_representation": torch.randn(768).tolist()} for i in ids], **tail})
    save("protein", {"proteins": ids, "data": [torch.randn(2560) for _ in ids], **tail})
    save("merged", {"ids": ids, "data": torch.randn(12, 3328), **tail})


def refused():
    refuse("legacy", {"a": torch.ones(2)}, "LEGACY_FORMAT", _use_new_zipfile_serialization=False)
    refuse("path", pathlib.PurePosixPath("/etc"), "UNSAFE_GLOBAL")
    refuse("defaultdict", collections.defaultdict(list), "UNSAFE_GLOBAL")
    refuse("module", torch.nn.Linear(2, 2), "UNSAFE_GLOBAL")
    loop = []
    loop.append(loop)
    refuse("cycle", loop, "CYCLE")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), FOLDER / "torchscript.pt")
    (FOLDER / "torchscript.json").write_text(json.dumps({"refused": "TORCHSCRIPT"}))


def opaque():
    save_opaque = lambda name, value, function: (
        torch.save(value, FOLDER / f"{name}.pt"),
        (FOLDER / f"{name}.json").write_text(json.dumps({"opaque": function})),
    )
    save_opaque("sparse-coo", torch.eye(3).to_sparse(), "torch._utils._rebuild_sparse_tensor")
    save_opaque("quantized", torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8), "torch._utils._rebuild_qtensor")


FOLDER.mkdir(parents=True, exist_ok=True)
for write in (dtypes, views, modules, python_values, numpy_values, protocols, checkpoints, refused, opaque):
    write()
