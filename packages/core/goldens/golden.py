"""What every golden script shares: runs a function in PyTorch and writes inputs, outputs and
gradients to <script>.json beside it.

    from golden import Goldens, randn
    g = Goldens(__file__)
    g.case("add/broadcast", torch.add, randn(2, 3), randn(3))
    g.write()

Gradients are those of sum(outputs * weights) with weights that differ from element to element, so
that a wrong place shows. Run with the PyTorch release named in VERSION; tests only read the JSON.
"""
import json
import math
import os

import torch

VERSION = "2.13.0"
NAMES = {
    torch.float32: "float32", torch.float64: "float64", torch.int64: "int64",
    torch.int32: "int32", torch.uint8: "uint8", torch.bool: "bool",
    torch.float16: "float16", torch.bfloat16: "bfloat16", torch.int8: "int8",
    torch.int16: "int16",
}


def randn(*shape, dtype=torch.float32):
    return torch.randn(*shape, dtype=torch.float64).to(dtype)


def rand(*shape, low=0.0, high=1.0, dtype=torch.float32):
    return (torch.rand(*shape, dtype=torch.float64) * (high - low) + low).to(dtype)


def randint(low, high, shape, dtype=torch.int64):
    return torch.randint(low, high, shape).to(dtype)


def _number(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _tensor(t):
    t = t.detach()
    values = t.reshape(-1)
    if t.dtype == torch.bool:
        data = [int(v) for v in values.tolist()]
    elif t.dtype == torch.float32:
        # The shortest decimal that reads back as the same float32.
        data = [_number(float(str(v))) for v in values.numpy()]
    else:
        data = [_number(v) for v in values.tolist()]
    return {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data": data}


def weights_for(t):
    """cos(0.7 i + 0.3) for element i: the upstream gradient of every golden."""
    i = torch.arange(t.numel(), dtype=torch.float64)
    return torch.cos(0.7 * i + 0.3).reshape(t.shape).to(t.dtype)


class Goldens:
    def __init__(self, script, seed=0):
        if not torch.__version__.startswith(VERSION):
            raise SystemExit(f"goldens come from PyTorch {VERSION}, this is {torch.__version__}")
        torch.manual_seed(seed)
        self.path = os.path.splitext(os.path.abspath(script))[0] + ".json"
        self.cases = {}

    def case(self, name, fn, *inputs, grad=True):
        """fn(*inputs) -> tensor or tuple of tensors. Inputs are tensors, numbers or None."""
        if name in self.cases:
            raise SystemExit(f"the case {name} exists twice")
        args = [x.clone().requires_grad_(grad and x.is_floating_point())
                if torch.is_tensor(x) else x for x in inputs]
        out = fn(*args)
        outs = list(out) if isinstance(out, (tuple, list)) else [out]
        record = {
            "inputs": [_tensor(x) if torch.is_tensor(x) else _number(x) for x in inputs],
            "outputs": [_tensor(o) for o in outs],
        }
        leaves = [x for x in args if torch.is_tensor(x) and x.requires_grad]
        total = sum((o * weights_for(o)).sum() for o in outs
                    if o.is_floating_point() and o.requires_grad)
        if leaves and torch.is_tensor(total):
            grads = torch.autograd.grad(total, leaves, allow_unused=True)
            by_leaf = {id(leaf): g for leaf, g in zip(leaves, grads)}
            record["grads"] = [None if by_leaf.get(id(x)) is None else _tensor(by_leaf[id(x)])
                               for x in args]
        self.cases[name] = record

    def write(self):
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}"
                           for k, v in self.cases.items())
        with open(self.path, "w") as f:
            f.write(f'{{"torch": "{VERSION}", "cases": {{\n{lines}\n}}}}\n')
        print(f"{self.path}: {len(self.cases)} cases, {os.path.getsize(self.path) // 1024} KB")
