"""The stages of a VirNucPro prediction without the embedding, in plain Python and torch, timed in a warm process: one JSON
request a line, one JSON reply a line. The folder has the names that VirNucPro gives.

    {"op": "chunk", "folder": F, "input": I, "length": 500}
    {"op": "frames", "folder": F}
    {"op": "split", "folder": F, "sequencesPerFile": 10000}
    {"op": "merge", "folder": F, "nucleotide": [...], "protein": [...]}
    {"op": "classify", "folder": F, "model": M}         M: safetensors
    {"op": "consensus", "folder": F, "input": I}
    {"op": "compare", "folder": F, "ours": G, "stem": S}     what differs between F and a folder of ours
"""

import glob
import json
import math
import os
import re
import struct
import sys
import time

import torch

BATCH = 256
CODONS = dict(
    zip(
        (a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
    )
)
COMPLEMENT = str.maketrans("ACGT", "TGCA")


class Classifier(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        hidden, features = weights["hidden_layer.weight"].shape
        self.hidden_layer = torch.nn.Linear(features, hidden)
        self.bn1 = torch.nn.BatchNorm1d(hidden)
        self.output_layer = torch.nn.Linear(hidden, 2)
        self.load_state_dict(weights, strict=False)

    def forward(self, rows):
        hidden = torch.relu(self.bn1(self.hidden_layer(rows)))
        return torch.softmax(self.output_layer(hidden), dim=1)


def read_fasta(path):
    name, lines = None, []
    with open(path) as file:
        for line in file:
            if line.startswith(">"):
                if name is not None:
                    yield name, "".join(lines)
                name, lines = line[1:].split()[0], []
            else:
                lines.append(line.strip())
    if name is not None:
        yield name, "".join(lines)


def chunk(folder, input, length):
    with open(os.path.join(folder, "chunked.fa"), "w") as out:
        for name, sequence in read_fasta(input):
            count = math.ceil(len(sequence) / length)
            excess = count * length - len(sequence)
            low = excess // count
            longer = excess - low * (count - 1)
            start = 0
            for index in range(count):
                piece = sequence[start : start + length]
                wrapped = "\n".join(piece[at : at + 60] for at in range(0, len(piece), 60))
                out.write(f">{name}_chunk_{index + 1}\n{wrapped}\n")
                start += length - (low + 1 if index < longer else low)


def translate(strand, frame):
    codons = (strand[at : at + 3] for at in range(frame, len(strand) - 2, 3))
    return "".join(CODONS.get(codon, "") for codon in codons)


def frames(folder):
    with (
        open(os.path.join(folder, "nucleotide.fa"), "w") as nucleotides,
        open(os.path.join(folder, "protein.faa"), "w") as proteins,
    ):
        for name, sequence in read_fasta(os.path.join(folder, "chunked.fa")):
            forward = sequence.upper()
            for letter, strand in (("F", forward), ("R", forward.translate(COMPLEMENT)[::-1])):
                for frame in range(3):
                    protein = translate(strand, frame)
                    if protein == "" or "*" in protein:
                        continue
                    nucleotide = strand[frame : frame + 1 + 3 * len(protein)]
                    nucleotides.write(f">{name}{letter}{frame + 1}\n{nucleotide}\n")
                    proteins.write(f">{name}{letter}{frame + 1}\n{protein}\n")


def split(folder, sequencesPerFile):
    for source, side in (("nucleotide.fa", "nucleotide"), ("protein.faa", "protein")):
        os.makedirs(os.path.join(folder, side), exist_ok=True)
        out, part = None, 0
        for index, (name, sequence) in enumerate(read_fasta(os.path.join(folder, source))):
            if index % sequencesPerFile == 0:
                if out is not None:
                    out.close()
                part += 1
                out = open(os.path.join(folder, side, f"output_{part}.fa"), "w")
            out.write(f">{name}\n{sequence}\n")
        if out is not None:
            out.close()


def load(path):
    # Of the lists of floats that hold nucleotide embeddings, as of any file that a run has made itself.
    return torch.load(path, map_location="cpu")


def merge(folder, nucleotide, protein):
    os.makedirs(os.path.join(folder, "merged"), exist_ok=True)
    for part, (first, second) in enumerate(zip(nucleotide, protein), start=1):
        nucleotides, proteins = load(first), load(second)
        by_id = dict(zip(proteins["proteins"], proteins["data"]))
        rows = []
        for row in nucleotides["data"]:
            values = torch.tensor(row["mean_representation"], dtype=torch.float32)
            rows.append(torch.cat((values, by_id[row["label"]])))
        merged = {"ids": nucleotides["nucleotide"], "data": torch.stack(rows)}
        torch.save(merged, os.path.join(folder, "merged", f"output_{part}_merged.pt"))


def read_safetensors(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        content = bytearray(file.read())
    tensors = {}
    for name, facts in header.items():
        start, end = facts["data_offsets"]
        values = torch.frombuffer(content, dtype=torch.float32, count=(end - start) // 4, offset=start)
        tensors[name] = values.reshape(facts["shape"]).clone()
    return tensors


def merged_files(folder):
    files = glob.glob(os.path.join(folder, "output_*_merged.pt"))
    return sorted(files, key=lambda path: int(re.search(r"output_(\d+)_merged", path).group(1)))


def classify(folder, model):
    classifier = Classifier(read_safetensors(model)).eval()
    with open(os.path.join(folder, "results.txt"), "w") as out, torch.no_grad():
        out.write("Sequence_ID\tPrediction\tscore1\tscore2\n")
        for path in merged_files(os.path.join(folder, "merged")):
            content = load(path)
            for start in range(0, len(content["ids"]), BATCH):
                scores = classifier(content["data"][start : start + BATCH])
                labels = scores.argmax(dim=1).tolist()
                ids = content["ids"][start : start + BATCH]
                for name, label, (first, second) in zip(ids, labels, scores.numpy()):
                    out.write(f"{name}\t{'virus' if label == 1 else 'others'}\t{first}\t{second}\n")


def consensus(folder, input):
    best = {}
    with open(os.path.join(folder, "results.txt")) as file:
        next(file)
        for line in file:
            name, _, first, second = line.rstrip("\n").split("\t")
            scores = best.setdefault(name[:-2], [-1.0, -1.0])
            scores[0] = max(scores[0], float(first))
            scores[1] = max(scores[1], float(second))
    by_contig = {}
    with open(os.path.join(folder, "highestscore.csv"), "w") as out:
        out.write("Modified_ID\tIs_Virus\tmax_score_0\tmax_score_1\n")
        for name, (first, second) in best.items():
            out.write(f"{name}\t{second >= first}\t{first}\t{second}\n")
            by_contig.setdefault(name.rsplit("_chunk_", 1)[0], []).append((second, second >= first))
    with open(os.path.join(folder, "contigs.tsv"), "w") as out:
        out.write("contig\tlength\tchunks\tclassified_chunks\tviral_chunks\tmean_score\tmax_score\tcall\n")
        for name, sequence in read_fasta(input):
            out.write("\t".join(str(cell) for cell in contig_row(name, sequence, by_contig.get(name, []))) + "\n")


def contig_row(name, sequence, chunks):
    viral = sum(is_viral for _, is_viral in chunks)
    facts = [name, len(sequence), math.ceil(len(sequence) / 500), len(chunks), viral]
    if not chunks:
        return [*facts, "", "", "unclassified"]
    scores = [score for score, _ in chunks]
    call = "virus" if viral >= len(chunks) / 2 else "others"
    return [*facts, sum(scores) / len(scores), max(scores), call]


def table(path):
    with open(path) as file:
        return [line.rstrip("\n").split("\t") for line in file][1:]


def same_fasta(theirs, ours):
    return list(read_fasta(theirs)) == list(read_fasta(ours))


def same_split(folder, ours, stem, side):
    for path in glob.glob(os.path.join(folder, side, "output_*.fa")):
        if not same_fasta(path, os.path.join(ours, f"{stem}_{side}", os.path.basename(path))):
            return False
    return len(glob.glob(os.path.join(folder, side, "output_*.fa"))) == len(
        glob.glob(os.path.join(ours, f"{stem}_{side}", "output_*.fa"))
    )


def same_merged(folder, ours, stem):
    theirs = merged_files(os.path.join(folder, "merged"))
    own = merged_files(os.path.join(ours, f"{stem}_merged"))
    for path, other in zip(theirs, own):
        first, second = load(path), load(other)
        if first["ids"] != second["ids"] or not torch.equal(first["data"], second["data"]):
            return False
    return len(theirs) == len(own)


def same_contigs(theirs, own):
    def close(a, b):
        return a == b or (a != "" and b != "" and abs(float(a) - float(b)) < 1e-5)

    def same(a, b):
        return a[:5] == b[:5] and a[7] == b[7] and close(a[5], b[5]) and close(a[6], b[6])

    return len(theirs) == len(own) and all(same(a, b) for a, b in zip(theirs, own))


def compare(folder, ours, stem):
    theirs = table(os.path.join(folder, "results.txt"))
    own = table(os.path.join(ours, f"{stem}_merged", "prediction_results.txt"))
    calls = [row[:2] for row in table(os.path.join(folder, "highestscore.csv"))]
    own_calls = [row[:2] for row in table(os.path.join(ours, f"{stem}_merged", "prediction_results_highestscore.csv"))]
    contigs = table(os.path.join(folder, "contigs.tsv"))
    own_contigs = table(os.path.join(ours, f"{stem}_merged", "prediction_results_contigs.tsv"))
    pairs = [(float(a), float(b)) for x, y in zip(theirs, own) for a, b in zip(x[2:], y[2:])]
    return {
        "same": {
            "chunk": same_fasta(os.path.join(folder, "chunked.fa"), os.path.join(ours, f"{stem}_chunked500.fa")),
            "frames": same_fasta(os.path.join(folder, "nucleotide.fa"), os.path.join(ours, f"{stem}_nucleotide.fa"))
            and same_fasta(os.path.join(folder, "protein.faa"), os.path.join(ours, f"{stem}_protein.faa")),
            "split": all(same_split(folder, ours, stem, side) for side in ("nucleotide", "protein")),
            "merge": same_merged(folder, ours, stem),
            "classify": [row[0] for row in theirs] == [row[0] for row in own],
            "consensus": calls == own_calls and same_contigs(contigs, own_contigs),
        },
        "rows": len(own),
        "otherLabels": sum(x[1] != y[1] for x, y in zip(theirs, own)),
        "scoreDifference": max((abs(a - b) for a, b in pairs), default=0.0),
    }


STAGES = {
    "chunk": chunk,
    "frames": frames,
    "split": split,
    "merge": merge,
    "classify": classify,
    "consensus": consensus,
}


def answer(request):
    op = request.pop("op")
    if op == "compare":
        return compare(**request)
    os.makedirs(request["folder"], exist_ok=True)
    start = time.perf_counter()
    STAGES[op](**request)
    return {"seconds": time.perf_counter() - start}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
