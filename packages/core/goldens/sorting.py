"""Goldens of ops/sorting.ts and ops/selection.ts."""
import math

import torch

from golden import Goldens, randint, randn

inf, nan = math.inf, math.nan
g = Goldens(__file__)

STRANGE = torch.tensor([[1.0, nan, -inf, 0.0, -0.0, nan], [inf, -1.0, 2.0, inf, -2.0, -0.0]])
TIES = torch.tensor([[2, 1, 2, 1, 1, 2], [3, 3, 3, 0, 0, 3]])

for name, fn in (("sort", torch.sort), ("argsort", torch.argsort)):
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 7), grad=name == "sort")
    g.case(f"{name}/descending", lambda x, fn=fn: fn(x, descending=True), randn(3, 5),
           grad=name == "sort")
    g.case(f"{name}/columns", lambda x, fn=fn: fn(x, 0), randn(5, 3), grad=name == "sort")
    g.case(f"{name}/a middle axis", lambda x, fn=fn: fn(x, -2, True), randn(2, 4, 3),
           grad=name == "sort")
    g.case(f"{name}/long rows", lambda x, fn=fn: fn(x, dim=1), randn(2, 300), grad=False)
    g.case(f"{name}/float64, long", lambda x, fn=fn: fn(x, dim=0),
           randn(100, dtype=torch.float64), grad=False)
    g.case(f"{name}/ties", lambda x, fn=fn: fn(x, dim=1, stable=True), TIES)
    g.case(f"{name}/ties, descending",
           lambda x, fn=fn: fn(x, dim=1, descending=True, stable=True), TIES)
    g.case(f"{name}/many ties", lambda x, fn=fn: fn(x, dim=0, stable=True),
           randint(-3, 3, (200,)))
    g.case(f"{name}/many ties, int32", lambda x, fn=fn: fn(x, dim=0, descending=True, stable=True),
           randint(-1000, 1000, (150,), torch.int32))
    g.case(f"{name}/strange", lambda x, fn=fn: fn(x, dim=1, stable=True), STRANGE, grad=False)
    g.case(f"{name}/strange, descending",
           lambda x, fn=fn: fn(x, dim=1, descending=True, stable=True), STRANGE, grad=False)
    g.case(f"{name}/bytes", lambda x, fn=fn: fn(x, dim=0, stable=True),
           randint(0, 256, (120,), torch.uint8))
    g.case(f"{name}/bools", lambda x, fn=fn: fn(x, dim=0, stable=True),
           randint(0, 2, (9,), torch.bool))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x), randn(1)[0], grad=name == "sort")
    g.case(f"{name}/empty", lambda x, fn=fn: fn(x, dim=1), randn(2, 0), grad=False)
g.case("msort", torch.msort, randn(4, 3))
g.case("msort/without axes", torch.msort, randn(1)[0])

g.case("topk/rows", lambda x: x.topk(2), randn(3, 5))
g.case("topk/smallest columns", lambda x: x.topk(3, 0, largest=False), randn(5, 3))
g.case("topk/of many", lambda x: x.topk(2), randn(2, 200), grad=False)
g.case("topk/smallest of many", lambda x: x.topk(3, largest=False), randn(200), grad=False)
g.case("topk/half", lambda x: x.topk(50), randn(100), grad=False)
g.case("topk/not sorted", lambda x: x.topk(6, sorted=False), randn(12), grad=False)
g.case("topk/all", lambda x: x.topk(4), randn(4))
g.case("topk/none", lambda x: x.topk(0), randn(2, 3))
g.case("topk/ties", lambda x: x.topk(4), TIES)
g.case("topk/ties of many", lambda x: x.topk(3), randint(0, 4, (300,)))
g.case("topk/strange", lambda x: x.topk(3), STRANGE, grad=False)
g.case("topk/smallest, strange", lambda x: x.topk(5, largest=False), STRANGE, grad=False)
g.case("topk/bytes", lambda x: x.topk(3), randint(0, 256, (40,), torch.uint8))
g.case("topk/without axes", lambda x: x.topk(1), randn(1)[0])

g.case("kthvalue/rows", lambda x: x.kthvalue(2), randn(3, 5))
g.case("kthvalue/columns, kept", lambda x: x.kthvalue(3, 0, True), randn(4, 3))
g.case("kthvalue/ties", lambda x: x.kthvalue(4), TIES)
g.case("kthvalue/many", lambda x: x.kthvalue(60), randint(0, 9, (2, 130)))
g.case("kthvalue/strange", lambda x: x.kthvalue(5), STRANGE, grad=False)
g.case("kthvalue/without axes", lambda x: x.kthvalue(1), randn(1)[0])

for name, fn in (("median", torch.median), ("nanmedian", torch.nanmedian)):
    g.case(f"{name}/all", lambda x, fn=fn: fn(x), randn(3, 4))
    g.case(f"{name}/all, ties", lambda x, fn=fn: fn(x), torch.tensor([[2.0, 5.0, 2.0], [2.0, 7.0, 1.0]]))
    g.case(f"{name}/all, NaN", lambda x, fn=fn: fn(x), torch.tensor([[2.0, nan], [1.0, nan]]))
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 5))
    g.case(f"{name}/columns, kept", lambda x, fn=fn: fn(x, 0, True), randn(4, 3))
    g.case(f"{name}/many", lambda x, fn=fn: fn(x, 1), randint(0, 9, (2, 130)))
    g.case(f"{name}/ties", lambda x, fn=fn: fn(x, -1), TIES)
    g.case(f"{name}/NaN", lambda x, fn=fn: fn(x, 1), STRANGE)
    g.case(f"{name}/only NaN", lambda x, fn=fn: fn(x, 0), torch.tensor([nan, nan]))
    g.case(f"{name}/of nothing", lambda x, fn=fn: fn(x), randn(0), grad=False)
    g.case(f"{name}/no integers", lambda x, fn=fn: fn(x), torch.empty(0, dtype=torch.int32))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0])

g.case("mode/rows", lambda x: x.mode(1), TIES)
g.case("mode/columns, kept", lambda x: x.mode(0, True), randint(0, 3, (7, 4)))
g.case("mode/many", lambda x: x.mode(), randint(0, 30, (2, 200), torch.int32))
g.case("mode/of floats", lambda x: x.mode(), torch.tensor([[1.5, 2.5, 1.5], [3.0, 2.0, 1.0]]))
g.case("mode/NaN", lambda x: x.mode(), torch.tensor([2.0, nan, nan, 1.0]))
g.case("mode/bools", lambda x: x.mode(), randint(0, 2, (5,), torch.bool))
g.case("mode/without axes", lambda x: x.mode(), randn(1)[0])
g.write()
