"""Goldens of ops/reduce.ts, ops/compare-reduce.ts and ops/cumulative.ts."""
import math

import torch

from golden import Goldens, randint, randn

inf, nan = math.inf, math.nan
g = Goldens(__file__)


def families(name, fn):
    """fn(x, dim, keepdim) over the sets of axes that every reduction takes."""
    g.case(f"{name}/one axis", lambda x: fn(x, 1, False), randn(3, 5))
    g.case(f"{name}/the first axis", lambda x: fn(x, 0, False), randn(4, 3))
    g.case(f"{name}/kept", lambda x: fn(x, -1, True), randn(2, 3, 4))
    g.case(f"{name}/several axes", lambda x: fn(x, (0, -1), False), randn(2, 3, 4))
    g.case(f"{name}/long rows", lambda x: fn(x, 1, False), randn(2, 150))
    g.case(f"{name}/without axes", lambda x: fn(x, 0, False), randn(1)[0])
    g.case(f"{name}/float64", lambda x: fn(x, 0, False), randn(3, 4, dtype=torch.float64))


families("sum", lambda x, d, k: x.sum(d, keepdim=k))
families("mean", lambda x, d, k: x.mean(d, keepdim=k))
families("var", lambda x, d, k: x.var(d, keepdim=k, correction=0))
families("std", lambda x, d, k: x.std(d, keepdim=k, correction=0))
families("norm", lambda x, d, k: x.norm(2, d, keepdim=k))
families("logsumexp", lambda x, d, k: x.logsumexp(d, keepdim=k))
families("amax", lambda x, d, k: x.amax(d, keepdim=k))
families("amin", lambda x, d, k: x.amin(d, keepdim=k))

g.case("sum/all", lambda x: x.sum(), randn(3, 4))
g.case("sum/empty", lambda x: x.sum(0), randn(0, 3))
g.case("sum/of integers", lambda x: x.sum(1), randint(-5, 5, (3, 4), torch.int32))
g.case("sum/of bools", lambda x: x.sum(), randint(0, 2, (3, 40), torch.bool))
g.case("sum/as float64", lambda x: x.sum(0, dtype=torch.float64), randn(3, 2))
g.case("sum/integers as float32", lambda x: x.sum(0, dtype=torch.float32), randint(-5, 5, (3, 2)))
g.case("sum/floats as integers", lambda x: x.sum(dtype=torch.int64), randn(6) * 3, grad=False)
g.case("sum/as bool", lambda x: x.sum(0, dtype=torch.bool), randint(0, 2, (2, 3)))
g.case("sum/infinities", lambda x: x.sum(1), torch.tensor([[inf, 1.0], [inf, -inf], [nan, 1.0]]),
       grad=False)
g.case("mean/all", lambda x: x.mean(), randn(3, 4))
g.case("mean/empty", lambda x: x.mean(0), randn(0, 3), grad=False)
g.case("mean/integers as float32", lambda x: x.mean(0, dtype=torch.float32), randint(-5, 5, (3, 2)))

g.case("prod/all", lambda x: x.prod(), randn(2, 3))
g.case("prod/one axis", lambda x: x.prod(1), randn(3, 4))
g.case("prod/kept", lambda x: x.prod(0, keepdim=True), randn(3, 4))
g.case("prod/zeros", lambda x: x.prod(1),
       torch.tensor([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0], [5.0, 6.0, 7.0]]))
g.case("prod/all, one zero", lambda x: x.prod(), torch.tensor([[2.0, 0.0], [3.0, 4.0]]))
g.case("prod/empty", lambda x: x.prod(1), randn(2, 0))
g.case("prod/of integers", lambda x: x.prod(0), randint(-5, 5, (3, 4)))
g.case("prod/as float64", lambda x: x.prod(dtype=torch.float64), randn(5))

g.case("var/all", lambda x: x.var(), randn(3, 4))
g.case("var/correction", lambda x: x.var(1, correction=2), randn(3, 5))
g.case("var/too few", lambda x: x.var(1), randn(3, 1), grad=False)
g.case("var/empty", lambda x: x.var(0), randn(0, 2), grad=False)
g.case("var/large mean", lambda x: x.var(), randn(200) + 1000.0)
g.case("std/all", lambda x: x.std(), randn(3, 4))
g.case("std/none", lambda x: x.std(1), torch.tensor([[1.0, 1.0], [1.0, 3.0]]))
g.case("varMean", lambda x: torch.var_mean(x, 1), randn(3, 4))
g.case("varMean/all, kept", lambda x: torch.var_mean(x, (0, 1), correction=0, keepdim=True),
       randn(3, 4))
g.case("stdMean", lambda x: torch.std_mean(x, 0, keepdim=True), randn(3, 4))

for p in [1, 3, 2.5, 0.5, 0, -1, inf, -inf]:
    g.case(f"norm/p {p}", lambda x, p=p: x.norm(p, 1), randn(3, 4))
g.case("norm/all", lambda x: x.norm(), randn(3, 4))
g.case("norm/zero", lambda x: x.norm(2, 1), torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
g.case("norm/p 3 at zeros", lambda x: x.norm(3, 1), torch.tensor([[0.0, 0.0], [0.0, -4.0]]))
g.case("norm/p 1 at zeros", lambda x: x.norm(1), torch.tensor([0.0, -2.0, 3.0]))
g.case("norm/p inf, ties", lambda x: x.norm(inf), torch.tensor([2.0, -2.0, 1.0]))
g.case("norm/as float64", lambda x: x.norm(dtype=torch.float64), randn(3, 4))
g.case("norm/empty", lambda x: x.norm(2, 1), randn(2, 0))

g.case("logsumexp/large", lambda x: x.logsumexp(1),
       torch.tensor([[1000.0, 1000.0], [-1000.0, -1001.0]]))
g.case("logsumexp/infinities", lambda x: x.logsumexp(1),
       torch.tensor([[-inf, -inf], [-inf, 1.0], [inf, 1.0], [inf, -inf]]), grad=False)
g.case("logsumexp/empty", lambda x: x.logsumexp(0), randn(0, 2))
g.case("logsumexp/of integers", lambda x: x.logsumexp(0), randint(-5, 5, (3, 2)))

flags = torch.tensor([[1.0, nan, 2.0], [0.0, 1.0, -0.0]])
g.case("all/one axis", lambda x: x.all(1), flags, grad=False)
g.case("all/kept", lambda x: x.all(0, keepdim=True), flags, grad=False)
g.case("all/all", lambda x: x.all(), randint(1, 3, (50,), torch.uint8))
g.case("all/empty", lambda x: x.all(), randn(0), grad=False)
g.case("all/no axes", lambda x: x.all(dim=[]), flags, grad=False)
g.case("any/one axis", lambda x: x.any(1), flags, grad=False)
g.case("any/several axes", lambda x: x.any((0, 1)), randint(0, 2, (2, 2), torch.bool))
g.case("any/of bytes", lambda x: x.any(0), torch.zeros(3, 2, dtype=torch.uint8))
g.case("any/empty", lambda x: x.any(), randn(0), grad=False)
g.case("countNonzero/all", lambda x: x.count_nonzero(), flags, grad=False)
g.case("countNonzero/one axis", lambda x: x.count_nonzero(0), randint(-1, 2, (3, 4), torch.int32))
g.case("countNonzero/several axes", lambda x: x.count_nonzero((0, 1)), randint(-1, 2, (3, 4)))

g.case("amax/all", lambda x: x.amax(), randn(3, 4))
g.case("amax/ties", lambda x: x.amax(1), torch.tensor([[1.0, 5.0, 5.0], [2.0, 2.0, 2.0]]))
g.case("amax/NaN", lambda x: x.amax(1), torch.tensor([[1.0, nan], [3.0, 2.0]]), grad=False)
g.case("amax/empty result", lambda x: x.amax(1), randn(0, 3))
g.case("amax/of bools", lambda x: x.amax(0), randint(0, 2, (3, 4), torch.bool))
g.case("amin/of integers", lambda x: x.amin((0, 1)), randint(-9, 9, (3, 4)))
g.case("amin/ties", lambda x: x.amin(), torch.tensor([3.0, 1.0, 1.0]))

for name, fn in [("max", torch.max), ("min", torch.min)]:
    g.case(f"{name}/all", lambda x, fn=fn: fn(x), randn(3, 4))
    g.case(f"{name}/all, ties", lambda x, fn=fn: fn(x), torch.tensor([[2.0, 5.0], [5.0, 2.0]]))
    g.case(f"{name}/all, NaN", lambda x, fn=fn: fn(x), torch.tensor([[2.0, nan], [nan, 2.0]]))
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 40))
    g.case(f"{name}/columns", lambda x, fn=fn: fn(x, 0), randn(5, 4))
    g.case(f"{name}/kept", lambda x, fn=fn: fn(x, -2, True), randn(2, 3, 4))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0])
    g.case(f"{name}/NaN", lambda x, fn=fn: fn(x, 0), torch.tensor([[1.0, nan], [nan, nan], [3.0, 2.0]]))
    g.case(f"{name}/of integers", lambda x, fn=fn: fn(x, 0), randint(-9, 9, (4, 3)))
    g.case(f"{name}/of bools", lambda x, fn=fn: fn(x, 1), randint(0, 2, (3, 4), torch.bool))
    g.case(f"{name}/empty result", lambda x, fn=fn: fn(x, 1), randn(0, 3))
    g.case(f"{name}/of two", lambda x, y, fn=fn: fn(x, y), randn(2, 3), randn(3))
for name, fn in [("argmax", torch.argmax), ("argmin", torch.argmin)]:
    g.case(f"{name}/all", lambda x, fn=fn: fn(x), randn(3, 4), grad=False)
    g.case(f"{name}/all, kept", lambda x, fn=fn: fn(x, keepdim=True), randn(3, 4), grad=False)
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 100), grad=False)
    g.case(f"{name}/columns, kept", lambda x, fn=fn: fn(x, 0, True), randn(6, 4), grad=False)
    g.case(f"{name}/a middle axis", lambda x, fn=fn: fn(x, 1), randn(2, 5, 3), grad=False)
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0], grad=False)
    g.case(f"{name}/NaN", lambda x, fn=fn: fn(x), torch.tensor([1.0, nan, 3.0, nan]), grad=False)

for name, fn in [("cumsum", torch.cumsum), ("cumprod", torch.cumprod)]:
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 7))
    g.case(f"{name}/columns", lambda x, fn=fn: fn(x, 0), randn(4, 3))
    g.case(f"{name}/a middle axis", lambda x, fn=fn: fn(x, -2), randn(2, 4, 3))
    g.case(f"{name}/float64", lambda x, fn=fn: fn(x, 0), randn(5, dtype=torch.float64))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), randn(1)[0])
    g.case(f"{name}/one element", lambda x, fn=fn: fn(x, 1), randn(3, 1))
    g.case(f"{name}/empty", lambda x, fn=fn: fn(x, 0), randn(0, 3))
    g.case(f"{name}/of bytes", lambda x, fn=fn: fn(x, 1), randint(0, 9, (2, 5), torch.uint8))
    g.case(f"{name}/as float32", lambda x, fn=fn: fn(x, 0, dtype=torch.float32), randint(-4, 4, (4,)))
g.case("cumsum/of bools", lambda x: x.cumsum(0), randint(0, 2, (9,), torch.bool))
g.case("cumsum/as int32", lambda x: x.cumsum(0, dtype=torch.int32), randint(-4, 4, (4,)))
g.case("cumprod/zeros", lambda x: x.cumprod(1),
       torch.tensor([[2.0, 0.0, 3.0, 0.0, 5.0], [1.0, 2.0, 3.0, 4.0, 0.0]]))
g.write()
