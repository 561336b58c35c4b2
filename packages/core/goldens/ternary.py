"""Goldens of ops/ternary.ts."""
import torch

from golden import Goldens, rand, randint, randn

MASK = torch.tensor([[True, False, True], [False, False, True]])

g = Goldens(__file__)
g.case("where", torch.where, MASK, randn(2, 3), randn(2, 3))
g.case("where/broadcast", torch.where, MASK, randn(3), randn(4, 1, 1))
g.case("where/number", lambda m, x: torch.where(m, x, 0.5), MASK, randn(2, 3))
g.case("where/int32 and float32", torch.where, MASK, randint(0, 9, (3,), torch.int32), randn(3))
g.case("lerp", lambda a, b: torch.lerp(a, b, 0.25), randn(2, 3), randn(2, 3))
g.case("lerp/tensor weight", torch.lerp, randn(2, 3), randn(2, 3), rand(3, low=-0.5, high=1.5))
for name in ["addcmul", "addcdiv"]:
    fn = getattr(torch, name)
    g.case(name, fn, randn(2, 3), randn(2, 3), rand(2, 3, low=0.5, high=2))
    g.case(f"{name}/value and broadcast", lambda x, a, b, fn=fn: fn(x, a, b, value=-1.5),
           randn(3), randn(2, 1), rand(2, 3, low=0.5, high=2))
g.case("addcmul/int64", lambda x, a, b: torch.addcmul(x, a, b, value=2),
       randint(-9, 9, (4,)), randint(-9, 9, (4,)), randint(-9, 9, (4,)))
g.write()
