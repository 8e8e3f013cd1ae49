"""Runs of equal lengths, and the kernel for sequences laid end to end, of which only CUDA has one."""

from __future__ import annotations

import pytest
import torch
from model_support import RESIDUES, TINY_ESM, Options, cosines, embed, load_random, random_sequences

from virnucpro_sidecar.errors import SidecarError
from virnucpro_sidecar.models import resident
from virnucpro_sidecar.models.layout import Run, runs_of_equal_length


def kernel(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, starts: torch.Tensor, longest: int) -> torch.Tensor:
    """What a kernel of CUDA computes, sequence by sequence."""
    assert starts.dtype == torch.int32
    assert longest == int((starts[1:] - starts[:-1]).max())
    output = torch.empty_like(v)
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        scores = torch.einsum("qhd,khd->hqk", q[start:stop].float(), k[start:stop].float()) / q.shape[-1] ** 0.5
        output[start:stop] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v[start:stop].float())
    return output


def kernel_without_boundaries(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, starts: torch.Tensor, longest: int
) -> torch.Tensor:
    total = starts[-1:]
    return kernel(q, k, v, torch.cat((torch.zeros_like(total), total)), int(total))


@pytest.mark.parametrize(
    ("lengths", "runs"),
    [
        ([5], [Run(0, 1, 5, 0)]),
        ([5, 5, 5], [Run(0, 3, 5, 0)]),
        ([3, 5, 5, 3], [Run(0, 1, 3, 0), Run(1, 2, 5, 3), Run(3, 1, 3, 13)]),
    ],
)
def test_lengths_are_split_into_runs(lengths: list[int], runs: list[Run]) -> None:
    assert runs_of_equal_length(lengths) == runs


def test_a_kernel_for_sequences_end_to_end_gives_what_masks_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "varlen_kernel", lambda device, dtype: kernel)
    model = load_random(TINY_ESM, torch.bfloat16, Options(attention="varlen"))
    assert model.info.attention == "varlen"
    sequences = random_sequences(RESIDUES, (9, 40, 40, 3))
    expected = embed(load_random(TINY_ESM, torch.bfloat16, Options(attention="masked")), sequences)
    assert cosines(embed(model, sequences), expected).min() > 0.9999


def test_a_kernel_that_mixes_sequences_is_found_out_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "varlen_kernel", lambda device, dtype: kernel_without_boundaries)
    with pytest.raises(SidecarError, match="attention=varlen gives other embeddings than attention=masked"):
        load_random(TINY_ESM, torch.bfloat16, Options(attention="varlen"))
