"""Writes index_expressions.json: random index expressions on small tensors, and what PyTorch makes
of them: the elements read, the tensor after an assignment, or that the index is refused.

    python index_expressions.py        (needs torch 2.13.0)

A case's tensor holds 0, 1, 2, … in `shape`, lying in memory as `layout` says: transposed, or every
second element of each axis. Parts of the index: ["..."], ["null"], ["bool", 0 or 1], ["int", i],
["slice", start, end, step], ["index", shape, values, dtype], ["mask", shape, values]. The assigned
value is `value` (-1, -2, … in that shape).
"""
import json
import math
import pathlib
import random

import torch

CASES = 500


def tensor_for(shape, layout):
    x = torch.arange(math.prod(shape)).reshape(shape)
    if layout == "transposed":
        return x.permute(*reversed(range(len(shape)))) if shape else x
    if layout == "sliced" and shape:
        return x[tuple(slice(None, None, 2) for _ in shape)]
    return x


def bound():
    return None if random.random() < 0.4 else random.randint(-5, 5)


def random_parts(sizes):
    parts, axis, ellipsis = [], 0, False
    common = [random.randint(0, 3) for _ in range(random.randint(1, 2))]
    for _ in range(random.randint(0, len(sizes) + 1)):
        choice, left = random.random(), sizes[axis:]
        size = left[0] if left else 2
        if choice < 0.08:
            parts.append(["null"])
        elif choice < 0.16 and not ellipsis:
            parts.append(["..."])
            ellipsis = True
            axis += random.randint(0, len(left))
        elif choice < 0.2:
            parts.append(["bool", random.randint(0, 1)])
        elif choice < 0.4:
            outside = random.random() < 0.05
            parts.append(["int", size if outside or size == 0 else random.randint(-size, size - 1)])
            axis += 1
        elif choice < 0.62:
            parts.append(["slice", bound(), bound(), random.choice([None, 1, 2, 3])])
            axis += 1
        elif choice < 0.85:
            shape = [1 if random.random() < 0.2 else n for n in common]
            shape = shape[random.randint(0, len(shape) - 1):]
            outside = random.random() < 0.03 or size == 0
            values = [size if outside else random.randint(-size, size - 1)
                      for _ in range(math.prod(shape))]
            parts.append(["index", shape, values, random.choice(["int64", "int32"])])
            axis += 1
        else:
            shape = left[:random.randint(1, 2)] if random.random() < 0.95 else [3]
            parts.append(["mask", shape, [random.randint(0, 1) for _ in range(math.prod(shape))]])
            axis += len(shape)
    return parts


def index_of(parts):
    made = {
        "...": lambda: ...,
        "null": lambda: None,
        "bool": lambda value: bool(value),
        "int": lambda value: value,
        "slice": slice,
        "index": lambda shape, values, dtype: torch.tensor(
            values, dtype=getattr(torch, dtype)).reshape(shape),
        "mask": lambda shape, values: torch.tensor(values, dtype=torch.bool).reshape(shape),
    }
    return tuple(made[kind](*arguments) for kind, *arguments in parts)


def random_case():
    shape = [random.randint(0, 4) if random.random() < 0.1 else random.randint(1, 4)
             for _ in range(random.randint(0, 4))]
    layout = random.choice(["contiguous", "contiguous", "transposed", "sliced"])
    x = tensor_for(shape, layout)
    parts = random_parts(list(x.shape))
    case = {"shape": shape, "layout": layout, "parts": parts}
    try:
        read = x[index_of(parts)]
    except (IndexError, RuntimeError):
        return case
    case["read"] = {"shape": list(read.shape), "values": read.flatten().tolist()}
    value = [1 if random.random() < 0.4 else size for size in read.shape]
    value = value[random.randint(0, len(value)):]
    written = x.clone()
    written[index_of(parts)] = -1 - torch.arange(math.prod(value)).reshape(value)
    case["value"] = value
    case["written"] = written.flatten().tolist()
    return case


def refused_here(case):
    """PyTorch lets an index out of range pass where nothing is read; flambeau refuses it."""
    return "read" in case and not case["read"]["values"] and any(p[0] == "index" for p in case["parts"])


def main():
    assert torch.__version__.startswith("2.13.0"), torch.__version__
    random.seed(0)
    cases = []
    while len(cases) < CASES:
        case = random_case()
        too_many = "read" not in case and random.random() < 0.7  # mostly too many parts
        if not too_many and not refused_here(case):
            cases.append(case)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(f'{{"torch":"2.13.0","cases":[\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
