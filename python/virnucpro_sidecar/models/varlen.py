"""The kernel of torch that attends within sequences laid end to end; CUDA with a 16-bit dtype only."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from ..errors import EMBEDDER, SidecarError
from .layout import VarlenKernel


def varlen_kernel(device: torch.device, dtype: torch.dtype) -> VarlenKernel:
    """Raises SidecarError where there is none. What it computes is compared with masked attention when a model is loaded."""
    if device.type != "cuda" or dtype == torch.float32:
        raise SidecarError(
            EMBEDDER,
            f"attention=varlen needs CUDA and a 16-bit dtype, found {device.type} and {dtype}; use attention=auto",
        )
    try:
        public: Any = importlib.import_module("torch.nn.attention.varlen").varlen_attn
    except (ImportError, AttributeError):
        return _private_kernel

    def kernel(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, starts: torch.Tensor, longest: int) -> torch.Tensor:
        output: torch.Tensor = public(q, k, v, starts, starts, longest, longest)
        return output

    return kernel


def _private_kernel(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, starts: torch.Tensor, longest: int
) -> torch.Tensor:
    """torch < 2.10 has the same kernel without a public name."""
    outputs = torch.ops.aten._flash_attention_forward(
        q, k, v, starts, starts, longest, longest, 0.0, False, False, scale=None
    )
    output: torch.Tensor = outputs[0]
    return output
