"""What devices could do at best, and what a model takes."""

from __future__ import annotations

from typing import Final

from ..models.catalog import CatalogEntry

#: Dense TFLOP/s in bfloat16 (float16 before sm80) with float32 sums, of the makers' data sheets, at the boost clock. The
#: first name that is part of the device's counts.
PEAK_TFLOPS: Final = (
    ("H200 NVL", 835.0),
    ("H200", 989.4),
    ("GH200", 989.4),
    ("H100 NVL", 835.0),
    ("H100 PCIe", 756.0),
    ("H100", 989.4),
    ("B200", 2250.0),
    ("A100", 312.0),
    ("A40", 149.7),
    ("A30", 165.0),
    ("A10G", 70.0),
    ("A10", 125.0),
    ("L40S", 362.0),
    ("L40", 181.0),
    ("L4", 121.0),
    ("RTX 4090", 165.2),
    ("RTX 3090", 71.0),
    ("V100", 125.0),
    ("T4", 65.0),
)


def peak_tflops(device_name: str, dtype: str) -> float | None:
    """
    :param dtype: name of a number format
    :returns: None if nobody has written it down, or it is none of 16 bits
    """
    if dtype == "float32":
        return None
    return next((tflops for name, tflops in PEAK_TFLOPS if name in device_name), None)


def flop_per_token(entry: CatalogEntry, mean_tokens: float) -> float:
    """
    Multiplications and additions of the matrix products of one forward pass, per token that is no padding.

    :param mean_tokens: mean length of the sequences, for attention
    """
    shape = entry.shape
    # DNABERT-S's first feed-forward matrix makes two of them (GLU).
    feed_forward = (2 if entry.family == "esm2" else 3) * shape.hidden * shape.intermediate
    attention = 2 * mean_tokens * shape.hidden
    return float(2 * shape.layers * (4 * shape.hidden**2 + feed_forward + attention))
