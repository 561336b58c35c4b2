"""Goldens of initialisers: what torch.nn.init makes of empty tensors by seed. Writes init.json."""
import json
import os

import torch
from torch.nn import init

assert torch.__version__.startswith("2.13.0"), torch.__version__

# By flambeau's name and arguments: what PyTorch does.
CASES = {
    "uniform_ -2 3": lambda t: init.uniform_(t, -2, 3),
    "normal_ 1 0.1": lambda t: init.normal_(t, 1, 0.1),
    "xavierUniform_ 1.5": lambda t: init.xavier_uniform_(t, 1.5),
    "xavierNormal_": init.xavier_normal_,
    "kaimingUniform_": init.kaiming_uniform_,
    "kaimingUniform_ 2.23606797749979": lambda t: init.kaiming_uniform_(t, 2.23606797749979),
    "kaimingNormal_ 0 fanOut relu":
        lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
    "truncNormal_": init.trunc_normal_,
    "truncNormal_ 0.5 2 -1 3": lambda t: init.trunc_normal_(t, 0.5, 2, -1, 3),
    "truncNormal_ 0 1 2 3": lambda t: init.trunc_normal_(t, 0, 1, 2, 3),
    "constant_ 3": lambda t: init.constant_(t, 3),
}
# Rounded by another LAPACK.
ROUNDED = {"orthogonal_ 1.5": lambda t: init.orthogonal_(t, 1.5)}
MATRICES = {"eye_": init.eye_}
KERNELS = {"dirac_": init.dirac_, "dirac_ 2": lambda t: init.dirac_(t, 2)}


def case(name, shape, run, dtype):
    torch.manual_seed(5)
    values = run(torch.empty(shape, dtype=dtype)).double().reshape(-1)
    return {"name": name, "shape": list(shape), "dtype": str(dtype)[6:], "data": values.tolist(),
            "next": torch.rand(1).item()}


out = []
for dtype in [torch.float32, torch.float64]:
    for cases, shapes in [(CASES, [(3, 4), (6, 2, 3, 3)]), (ROUNDED, [(3, 4), (5, 2), (4, 2, 3)]), (MATRICES, [(3, 4), (4, 2)]),
                          (KERNELS, [(6, 2, 3, 3), (4, 3, 2)])]:
        out += [case(name, shape, run, dtype) for name, run in cases.items() for shape in shapes]
path = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
with open(path, "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]\n")
print(f"{path}: {len(out)} cases, {os.path.getsize(path) // 1024} KB")
