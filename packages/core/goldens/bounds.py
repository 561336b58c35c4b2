"""Goldens of ops/bounds.ts."""
import math

import torch

from golden import Goldens, randint, randn

NAN = math.nan
A = torch.tensor([1.0, 2.0, 3.0, NAN, 1.0])
B = torch.tensor([2.0, 2.0, 1.0, 1.0, NAN])
X = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, NAN])

g = Goldens(__file__)
for name in ["maximum", "minimum"]:
    fn = getattr(torch, name)
    g.case(name, fn, randn(2, 3), randn(3))
    g.case(f"{name}/ties and NaN", fn, A, B)
    g.case(f"{name}/int32 and int64", fn, randint(-9, 9, (4,), torch.int32), randint(-9, 9, (4,)))
g.case("clamp", lambda x: torch.clamp(x, -1, 1), X)
g.case("clamp/min", lambda x: torch.clamp(x, min=-1), X)
g.case("clamp/max", lambda x: torch.clamp(x, max=1), X)
g.case("clamp/tensors", torch.clamp, randn(2, 6) * 2, torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0]),
       torch.tensor([1.0, 0.5, 1.0, -0.5, 0.9, 3.0]))
g.case("clamp/int64", lambda x: torch.clamp(x, -2, 3), randint(-9, 9, (6,)))
g.case("clamp/fractions of int64", lambda x: torch.clamp(x, -1.5, 2.5), randint(-9, 9, (6,)))
g.case("clampMin", torch.clamp_min, randn(5), randn(5))
g.case("clampMax", torch.clamp_max, randn(5), randn(5))
g.write()
