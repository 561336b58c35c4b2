"""Goldens of ops/comparison.ts."""
import math

import torch

from golden import Goldens, randint

A = torch.tensor([1.0, 2.0, 3.0, 0.0, math.nan, math.inf, 0.0])
B = torch.tensor([2.0, 2.0, 1.0, -0.0, math.nan, math.inf, math.nan])

g = Goldens(__file__)
for name in ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]:
    fn = getattr(torch, name)
    g.case(name, fn, A, B)
    g.case(f"{name}/int32", fn, randint(0, 3, (2, 3), torch.int32), randint(0, 3, (3,), torch.int32))
    if not name.startswith("logical"):
        g.case(f"{name}/number", fn, randint(0, 4, (5,)), 1.5)
for name in ["bitwise_and", "bitwise_or", "bitwise_xor"]:
    fn = getattr(torch, name)
    g.case(name, fn, randint(-99, 99, (2, 3)), randint(-99, 99, (3,)))
    g.case(f"{name}/bool", fn, torch.tensor([True, True, False]), torch.tensor([True, False, False]))
for name in ["bitwise_left_shift", "bitwise_right_shift"]:
    fn = getattr(torch, name)
    g.case(name, fn, randint(-99, 99, (5,)), torch.tensor([0, 1, 3, 20, 40]))
    g.case(f"{name}/uint8", fn, randint(0, 255, (3,), torch.uint8), 2)
g.write()
