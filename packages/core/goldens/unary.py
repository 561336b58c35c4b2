"""Goldens of ops/unary.ts and ops/transcendental.ts."""
import math

import torch

from golden import Goldens, rand, randint

NAN, INF = math.nan, math.inf
SPECIAL = torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 1e-20, -60.0, 80.0, INF, -INF, NAN])
FLOATING = {  # name: where it is defined
    "sqrt": (0.1, 4), "rsqrt": (0.1, 4), "reciprocal": (-3, -0.2),
    "exp": (-3, 3), "exp2": (-3, 3), "expm1": (-2, 2),
    "log": (0.1, 4), "log1p": (-0.8, 3), "log2": (0.1, 4), "log10": (0.1, 4),
    "sin": (-5, 5), "cos": (-5, 5), "tan": (-1.3, 1.3),
    "asin": (-0.9, 0.9), "acos": (-0.9, 0.9), "atan": (-4, 4),
    "sinh": (-3, 3), "cosh": (-3, 3), "tanh": (-3, 3), "erf": (-2, 2),
}
KEEPING = ["neg", "abs", "sign", "square", "floor", "ceil", "round", "trunc"]
TESTS = {"isnan": "isnan", "isinf": "isinf", "isfinite": "isfinite", "logicalNot": "logical_not"}

g = Goldens(__file__)
for name, (low, high) in FLOATING.items():
    fn = getattr(torch, name)
    g.case(name, fn, rand(2, 5, low=low, high=high))
    g.case(f"{name}/float64", fn, rand(4, low=low, high=high, dtype=torch.float64))
    g.case(f"{name}/special", fn, SPECIAL)
    g.case(f"{name}/int64", fn, torch.tensor([1, 2, 3] if low > 0 else [-1, 0, 1]))
for name in KEEPING:
    fn = getattr(torch, name)
    g.case(name, fn, rand(2, 5, low=-3, high=3))
    g.case(f"{name}/special", fn, SPECIAL)
    g.case(f"{name}/int32", fn, randint(-9, 9, (2, 3), torch.int32))
g.case("square/bool", torch.square, torch.tensor([True, False]))
for name, torch_name in TESTS.items():
    fn = getattr(torch, torch_name)
    g.case(name, fn, SPECIAL)
    g.case(f"{name}/int64", fn, torch.tensor([0, 5]))
g.case("bitwiseNot", torch.bitwise_not, randint(-9, 9, (2, 3)))
g.case("bitwiseNot/bool", torch.bitwise_not, torch.tensor([True, False]))
g.write()
