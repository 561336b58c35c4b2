"""Goldens of ops/binary.ts."""
import math

import torch

from golden import Goldens, rand, randint, randn

NAN, INF = math.nan, math.inf
A = torch.tensor([7.0, -7.0, 7.0, -7.0, 0.0, 5.5, INF, 1.0, NAN, -0.3])
B = torch.tensor([3.0, 3.0, -3.0, -3.0, 2.0, -0.5, 2.0, INF, 1.0, 0.1])
WHOLE_A = torch.tensor([7, -7, 7, -7, 0, 6])
WHOLE_B = torch.tensor([3, 3, -3, -3, 2, -2])

g = Goldens(__file__)
for name in ["add", "sub", "mul", "div"]:
    fn = getattr(torch, name)
    g.case(name, fn, randn(2, 3), rand(2, 3, low=0.5, high=2))
    g.case(f"{name}/broadcast", fn, randn(2, 1, 3), rand(4, 1, low=0.5, high=2))
    g.case(f"{name}/number", fn, randn(2, 3), 2.5)
    g.case(f"{name}/number first", fn, 2.5, rand(2, 3, low=0.5, high=2))
    g.case(f"{name}/int32 and int64", fn, randint(1, 9, (3,), torch.int32), randint(1, 9, (3,)))
    g.case(f"{name}/uint8 and a fraction", fn, randint(0, 9, (3,), torch.uint8), 1.5)
    g.case(f"{name}/float32 and float64", fn, randn(3), rand(3, low=0.5, high=2, dtype=torch.float64))
    g.case(f"{name}/0-d float64", fn, randn(3), torch.tensor(1.25, dtype=torch.float64))
for name in ["add", "mul"]:
    g.case(f"{name}/bool", getattr(torch, name), torch.tensor([True, True, False]),
           torch.tensor([True, False, False]))
for name in ["add", "sub"]:
    fn = getattr(torch, name)
    g.case(f"{name}/alpha", lambda a, b, fn=fn: fn(a, b, alpha=-0.5), randn(2, 3), randn(3))
    g.case(f"{name}/int alpha", lambda a, b, fn=fn: fn(a, b, alpha=3),
           randint(-9, 9, (4,)), randint(-9, 9, (4,)))
g.case("add/int32 wraps", torch.add, torch.tensor([2**31 - 1], dtype=torch.int32), 1)
for mode in ["floor", "trunc"]:
    fn = lambda a, b, mode=mode: torch.div(a, b, rounding_mode=mode)
    g.case(f"div/{mode}", fn, A, B, grad=False)
    g.case(f"div/{mode} int64", fn, WHOLE_A, WHOLE_B)
for name, torch_name in {"floorDivide": "floor_divide", "remainder": "remainder", "fmod": "fmod"}.items():
    fn = getattr(torch, torch_name)
    g.case(f"{name}/special", fn, A, B, grad=False)
    g.case(f"{name}/int64", fn, WHOLE_A, WHOLE_B)
    g.case(f"{name}/number", fn, WHOLE_A, 4)
for name in ["remainder", "fmod"]:
    g.case(name, getattr(torch, name), torch.tensor([7.5, -7.5, 7.5, -7.5]), torch.tensor([2.0, 2.0, -2.0, -2.0]))

g.case("pow", torch.pow, rand(2, 3, low=0.2, high=3), randn(2, 3))
g.case("pow/broadcast", torch.pow, rand(2, 1, low=0.2, high=3), randn(3))
for exponent in [2, 3, 0.5, -1, -0.5, 0, 1, 1.5]:
    g.case(f"pow/{exponent}", lambda x, e=exponent: torch.pow(x, e), rand(2, 3, low=0.2, high=3))
g.case("pow/edges", torch.pow, torch.tensor([0.0, 0.0, 0.0, -2.0, -2.0, INF, 1.0, NAN, -0.0]),
       torch.tensor([0.0, 2.0, -1.0, 3.0, 0.5, -1.0, NAN, 0.0, 3.0]))
g.case("pow/2 to the x", lambda x: torch.pow(2.0, x), randn(4))
g.case("pow/0 to the x", lambda x: torch.pow(0.0, x), torch.tensor([-1.0, 0.0, 2.0]))
g.case("pow/int64", torch.pow, torch.tensor([-2, -1, 0, 1, 3]), torch.tensor([3, -5, 0, -1, 4]))
g.case("pow/int64 2", lambda x: torch.pow(x, 2), torch.tensor([-3, 0, 4]))
g.case("pow/int64 0.5", lambda x: torch.pow(x, 0.5), torch.tensor([0, 4, 9]))
g.case("atan2", torch.atan2, torch.tensor([1.0, 1.0, -1.0, -1.0, 0.5]), torch.tensor([2.0, -2.0, 2.0, -2.0, 0.25]))
g.case("atan2/special", torch.atan2, torch.tensor([0.0, -0.0, 0.0, -0.0, INF, 1.0]),
       torch.tensor([1.0, 1.0, -1.0, -1.0, INF, 0.0]), grad=False)
g.case("atan2/int64", torch.atan2, torch.tensor([1, -1]), torch.tensor([-1, 2]))
g.case("hypot", torch.hypot, randn(2, 3), randn(2, 3))
g.case("hypot/edges", torch.hypot, torch.tensor([3e30, 1e-30, 0.0, INF, NAN, NAN, -3.0]),
       torch.tensor([4e30, 1e-30, 0.0, NAN, 1.0, -INF, 4.0]), grad=False)
g.write()
