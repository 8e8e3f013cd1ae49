"""What VirNucPro has embedded: windows of 500 nucleotides, and the stop-free frames of them."""

from __future__ import annotations

import random
from typing import Final

#: 81 % of the proteins of long contigs fill their window; the others are of the shorter windows at a contig's end.
_FULL_SHARE: Final = 0.81
_FULL_RESIDUES: Final = 166
_SHORTEST_RESIDUES: Final = 83
_RESIDUES: Final = "ACDEFGHIKLMNPQRSTVWY"
_NUCLEOTIDES: Final = "ACGT"


def make_records(embedder: str, count: int, seed: int) -> list[tuple[str, str]]:
    """
    Random letters with VirNucPro's lengths: proteins, or the nucleotides that they come from.

    :returns: ids and sequences, in no order of length
    """
    rng = random.Random(seed)
    proteins = not embedder.startswith("dnabert")
    records = []
    for index in range(count):
        full = rng.random() < _FULL_SHARE
        residues = _FULL_RESIDUES if full else rng.randint(_SHORTEST_RESIDUES, _FULL_RESIDUES - 1)
        letters = rng.choices(_RESIDUES, k=residues) if proteins else rng.choices(_NUCLEOTIDES, k=3 * residues + 1)
        records.append((f"s{seed}_{index}", "".join(letters)))
    return records
