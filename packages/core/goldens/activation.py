"""Goldens of ops/activation.ts and ops/gradients.ts."""
import math

import torch
import torch.nn.functional as F

from golden import Goldens, randn

SPECIAL = torch.tensor([0.0, -0.0, 30.0, -30.0, 1e-20, math.inf, math.nan])

g = Goldens(__file__)
CASES = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "softplus/bend": lambda x: F.softplus(x, beta=2.0, threshold=1.5),
}
for name, fn in CASES.items():
    g.case(name, fn, randn(2, 5) * 2)
    # PyTorch's vectorised gelu(inf) is NaN; ours is inf.
    g.case(f"{name}/special", fn, SPECIAL[SPECIAL != math.inf] if name == "gelu" else SPECIAL)
g.case("sigmoid/int64", torch.sigmoid, torch.tensor([-1, 0, 2]))

aten = torch.ops.aten
g.case("reluGrad", lambda a, y: aten.threshold_backward(a, y.detach(), 0), randn(6), torch.relu(randn(6)))
g.case("tanhGrad", aten.tanh_backward, randn(6), torch.tanh(randn(6)))
g.case("sigmoidGrad", aten.sigmoid_backward, randn(6), torch.sigmoid(randn(6)))
g.case("geluGrad", aten.gelu_backward, randn(6), randn(6))
g.case("geluTanhGrad", lambda a, x: aten.gelu_backward(a, x, approximate="tanh"), randn(6), randn(6))
g.case("siluGrad", lambda a, x: a * torch.sigmoid(x) * (1 + x * (1 - torch.sigmoid(x))),
       randn(6), randn(6))  # aten.silu_backward has no derivative
g.case("softplusGrad", lambda a, x: aten.softplus_backward(a, x, 2.0, 1.5), randn(6), randn(6))
g.write()
