"""The first stages of VirNucPro, written down a second time and plainly: what the package writes is compared with this.

Usage: prediction_stages.py INPUT.fa CHUNK_LENGTH STEM OUTPUT_FOLDER
"""

import math
import sys
from pathlib import Path

BASES = "TCAG"
AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # NCBI translation table 1
CODONS = dict(zip((a + b + c for a in BASES for b in BASES for c in BASES), AMINO_ACIDS))
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}


def read_fasta(path):
    records = []
    for line in Path(path).read_text().splitlines():
        if line.startswith(">"):
            records.append((line[1:].split()[0], []))
        elif line.strip():
            records[-1][1].append("".join(line.split()))
    return [(name, "".join(parts)) for name, parts in records]


def chunk(sequence, length):
    """n chunks; what they have too much is spread over n overlaps, of which the last is never used."""
    n = math.ceil(len(sequence) / length)
    too_much = n * length - len(sequence)
    shorter = too_much // n
    longer = too_much - shorter * (n - 1)
    overlaps = ([shorter + 1] * longer + [shorter] * (n - 1 - longer) + [0])[:n]
    starts = [k * length - sum(overlaps[:k]) for k in range(n)]
    return [sequence[start : start + length] for start in starts]


def translate(strand):
    return "".join(CODONS.get(strand[at : at + 3], "") for at in range(0, len(strand), 3))


def frames(sequence):
    forward = sequence.upper()
    reverse = "".join(COMPLEMENT.get(base, base) for base in reversed(forward))
    for direction, strand in (("F", forward), ("R", reverse)):
        for offset in range(3):
            protein = translate(strand[offset:])
            if protein and "*" not in protein:
                yield f"{direction}{offset + 1}", strand[offset : offset + 1 + 3 * len(protein)], protein


def main(source, length, stem, folder):
    out = Path(folder)
    with (
        open(out / f"{stem}_chunked{length}.fa", "w") as chunked,
        open(out / f"{stem}_nucleotide.fa", "w") as nucleotide,
        open(out / f"{stem}_protein.faa", "w") as protein,
    ):
        for name, sequence in read_fasta(source):
            for number, piece in enumerate(chunk(sequence, int(length)) if sequence else [], 1):
                lines = "\n".join(piece[at : at + 60] for at in range(0, len(piece), 60))
                chunked.write(f">{name}_chunk_{number}\n{lines}\n")
                for frame, nucleotides, amino_acids in frames(piece):
                    nucleotide.write(f">{name}_chunk_{number}{frame}\n{nucleotides}\n")
                    protein.write(f">{name}_chunk_{number}{frame}\n{amino_acids}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
