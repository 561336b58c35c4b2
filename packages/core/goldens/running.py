"""Goldens of ops/running.ts and ops/nan-reduce.ts."""
import math

import torch

from golden import Goldens, randint, randn

inf, nan = math.inf, math.nan
g = Goldens(__file__)

HOLES = torch.tensor([[1.0, nan, 3.0], [nan, nan, nan], [2.0, -1.0, 0.5]])

for name, fn in (("cummax", torch.cummax), ("cummin", torch.cummin)):
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 7))
    g.case(f"{name}/columns", lambda x, fn=fn: fn(x, 0), randn(5, 3))
    g.case(f"{name}/a middle axis", lambda x, fn=fn: fn(x, -2), randn(2, 4, 3))
    g.case(f"{name}/ties", lambda x, fn=fn: fn(x, 0), torch.tensor([1, 1, 3, 3, 2, 1, 1, 3]))
    g.case(f"{name}/NaN", lambda x, fn=fn: fn(x, 0), torch.tensor([1.0, nan, 3.0, nan, 2.0]))
    g.case(f"{name}/bytes", lambda x, fn=fn: fn(x, 0), randint(0, 256, (9,), torch.uint8))
    g.case(f"{name}/bools", lambda x, fn=fn: fn(x, 1), randint(0, 2, (2, 4), torch.bool))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0])
    g.case(f"{name}/empty", lambda x, fn=fn: fn(x, 0), randn(0, 2))

g.case("logcumsumexp/rows", lambda x: x.logcumsumexp(1), randn(3, 6))
g.case("logcumsumexp/columns", lambda x: x.logcumsumexp(0), randn(5, 3))
g.case("logcumsumexp/float64", lambda x: x.logcumsumexp(-2), randn(2, 4, 3, dtype=torch.float64))
g.case("logcumsumexp/large", lambda x: x.logcumsumexp(0),
       torch.tensor([1000.0, 1000.0, -1000.0, 1001.0]))
g.case("logcumsumexp/infinities", lambda x: x.logcumsumexp(1),
       torch.tensor([[-inf, -inf, 1.0, -inf], [1.0, inf, inf, 2.0], [0.0, nan, 1.0, 2.0]]),
       grad=False)
g.case("logcumsumexp/without axes", lambda x: x.logcumsumexp(0), randn(1)[0])
g.case("logcumsumexp/empty", lambda x: x.logcumsumexp(0), randn(0, 2))

for name, fn in (("nansum", torch.nansum), ("nanmean", torch.nanmean)):
    g.case(f"{name}/all", lambda x, fn=fn: fn(x), HOLES)
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), HOLES)
    g.case(f"{name}/columns, kept", lambda x, fn=fn: fn(x, 0, keepdim=True), HOLES)
    g.case(f"{name}/several axes", lambda x, fn=fn: fn(x, (0, -1)), randn(2, 3, 4))
    g.case(f"{name}/as float64", lambda x, fn=fn: fn(x, 1, dtype=torch.float64), HOLES)
    g.case(f"{name}/float64", lambda x, fn=fn: fn(x, 0), HOLES.double())
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0])
    g.case(f"{name}/of nothing", lambda x, fn=fn: fn(x, 1), randn(2, 0))
g.case("nansum/of integers", lambda x: x.nansum(0), randint(-5, 5, (3, 2), torch.int32))
g.case("nansum/of bools", lambda x: x.nansum(), randint(0, 2, (5,), torch.bool))
g.case("nansum/as integers", lambda x: x.nansum(dtype=torch.int64), randn(6) * 3, grad=False)

g.case("aminmax/all", lambda x: x.aminmax(), randn(3, 4))
g.case("aminmax/rows", lambda x: x.aminmax(dim=1), randn(3, 4))
g.case("aminmax/columns, kept", lambda x: x.aminmax(dim=0, keepdim=True), randn(3, 4))
g.case("aminmax/ties", lambda x: x.aminmax(), torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
g.case("aminmax/NaN", lambda x: x.aminmax(dim=1), HOLES, grad=False)
g.case("aminmax/of integers", lambda x: x.aminmax(dim=0), randint(-9, 9, (3, 4), torch.int32))
g.case("aminmax/without axes", lambda x: x.aminmax(dim=0), randn(1)[0])
g.write()
