"""Jacobians, Hessians and products with vectors by PyTorch 2.13, for functional.test.ts.

The functions are defined there too, under the same names. Results are written as nested lists of
{shape, data}.
"""
import json
import os

import torch
from torch.autograd import functional as F

VERSION = "2.13.0"

FUNCTIONS = {
    "exp": lambda x: x.exp(),
    "cubes": lambda x: (x**3).sum(),
    "roots": lambda x: (x.exp(), x.sum() * x),
    "product": lambda x, y: x @ y,
    "mixed": lambda x, y: (x.sin() * y.sum(), (y * y).sum()),
    "scalar": lambda x, y: (x.sin().sum() * y.cos()).sum(),
    "second": lambda x, y: (y * y).sum() + 0 * x.sum(),
}


def values(*shape):
    n = torch.Size(shape).numel()
    return torch.sin(1.3 * torch.arange(n, dtype=torch.float64) + len(shape)).reshape(shape) + 0.2


def stored(x):
    if torch.is_tensor(x):
        return {"shape": list(x.shape), "data": x.detach().reshape(-1).tolist()}
    return [stored(one) for one in x]


CASES = [
    ("jacobian", "exp", [[3]]),
    ("jacobian", "exp", [[2, 2]]),
    ("jacobian", "roots", [[3]]),
    ("jacobian", "product", [[2, 3], [3, 2]]),
    ("jacobian", "mixed", [[2], [3]]),
    ("jacobian", "second", [[2], [3]]),
    ("hessian", "cubes", [[3]]),
    ("hessian", "cubes", [[2, 2]]),
    ("hessian", "scalar", [[2], [3]]),
    ("hessian", "second", [[2], [3]]),
    ("vjp", "exp", [[3]]),
    ("vjp", "cubes", [[3]]),
    ("vjp", "mixed", [[2], [3]]),
    ("jvp", "exp", [[3]]),
    ("jvp", "roots", [[3]]),
    ("jvp", "mixed", [[2], [3]]),
    ("jvp", "product", [[2, 3], [3, 2]]),
    ("vhp", "cubes", [[3]]),
    ("vhp", "scalar", [[2], [3]]),
    ("vhp", "second", [[2], [3]]),
    ("hvp", "cubes", [[3]]),
    ("hvp", "scalar", [[2], [3]]),
    ("hvp", "second", [[2], [3]]),
]


def weights_like(x):
    i = torch.arange(x.numel(), dtype=torch.float64)
    return torch.cos(0.7 * i + 0.3).reshape(x.shape)


def record(name, fn, shapes):
    inputs = [values(*shape) for shape in shapes]
    given = inputs[0] if len(inputs) == 1 else tuple(inputs)
    function = FUNCTIONS[fn]
    case = {"method": name, "fn": fn, "inputs": stored(inputs)}
    if name in ("jacobian", "hessian"):
        case["result"] = stored(getattr(F, name)(function, given))
        return case
    if name == "vjp":
        out = function(*inputs)
        v = weights_like(out) if torch.is_tensor(out) else tuple(weights_like(o) for o in out)
        if torch.is_tensor(out) and out.numel() == 1:
            v = None
    else:
        v = tuple(weights_like(x) for x in inputs)
        v = v[0] if len(inputs) == 1 else v
    case["v"] = None if v is None else stored(v)
    case["result"] = stored(getattr(F, name)(function, given, v))
    return case


if __name__ == "__main__":
    if not torch.__version__.startswith(VERSION):
        raise SystemExit(f"goldens come from PyTorch {VERSION}, this is {torch.__version__}")
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
    with open(path, "w") as file:
        json.dump({"torch": VERSION, "cases": [record(*case) for case in CASES]}, file, separators=(",", ":"))
        file.write("\n")
