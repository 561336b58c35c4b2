"""Goldens of ops/unique.ts, ops/searching.ts and ops/histogram.ts."""
import math

import torch

from golden import Goldens, randint, randn

inf, nan = math.inf, math.nan
g = Goldens(__file__)

ROWS = torch.tensor([[3, 7], [1, 5], [3, 7], [3, 5], [1, 5]])

g.case("unique", lambda x: x.unique(), randint(-4, 4, (20,)))
g.case("unique/all", lambda x: x.unique(return_inverse=True, return_counts=True),
       randint(-4, 4, (3, 5), torch.int32))
g.case("unique/inverse", lambda x: x.unique(return_inverse=True), randint(0, 9, (8,), torch.uint8))
g.case("unique/counts", lambda x: x.unique(return_counts=True), randint(0, 2, (8,), torch.bool))
g.case("unique/NaN", lambda x: x.unique(return_inverse=True, return_counts=True),
       torch.tensor([3.0, nan, 1.0, 3.0, 2.0, nan]), grad=False)
g.case("unique/without axes", lambda x: x.unique(return_inverse=True, return_counts=True),
       torch.tensor(3))
g.case("unique/empty", lambda x: x.unique(return_inverse=True, return_counts=True),
       randn(0), grad=False)
g.case("unique/rows", lambda x: x.unique(dim=0, return_inverse=True, return_counts=True), ROWS)
g.case("unique/columns", lambda x: x.unique(dim=-1, return_inverse=True, return_counts=True),
       ROWS.t().contiguous())
g.case("unique/planes", lambda x: x.unique(dim=1, return_inverse=True, return_counts=True),
       randint(0, 2, (2, 6, 1)))
g.case("unique/rows with NaN", lambda x: x.unique(dim=0, return_inverse=True, return_counts=True),
       torch.tensor([[3.0, nan], [1.0, 5.0], [3.0, nan]]), grad=False)
g.case("unique/no rows", lambda x: x.unique(dim=0, return_inverse=True, return_counts=True),
       randn(0, 3), grad=False)
RUNS = torch.tensor([3, 3, 1, 1, 1, 3, 2])
g.case("uniqueConsecutive", lambda x: x.unique_consecutive(), RUNS)
g.case("uniqueConsecutive/all",
       lambda x: x.unique_consecutive(return_inverse=True, return_counts=True), RUNS)
g.case("uniqueConsecutive/inverse", lambda x: x.unique_consecutive(True),
       randint(0, 2, (3, 4), torch.bool))
g.case("uniqueConsecutive/rows",
       lambda x: x.unique_consecutive(return_inverse=True, return_counts=True, dim=0),
       torch.tensor([[1, 2], [1, 2], [3, 2], [1, 2]]))
g.case("uniqueConsecutive/empty",
       lambda x: x.unique_consecutive(return_inverse=True, return_counts=True), randn(0), grad=False)

EDGES = torch.tensor([-1.0, 0.0, 0.0, 2.0, 5.0])
VALUES = torch.tensor([[-2.0, -1.0, 0.0], [1.0, 5.0, nan], [inf, -inf, 6.0]])
for right in (False, True):
    way = "right" if right else "left"
    g.case(f"searchsorted/{way}", lambda s, v, r=right: torch.searchsorted(s, v, right=r),
           EDGES, VALUES, grad=False)
    g.case(f"searchsorted/rows, {way}", lambda s, v, r=right: torch.searchsorted(s, v, right=r),
           randn(2, 3, 6).sort().values, randn(2, 3, 4), grad=False)
    g.case(f"bucketize/{way}", lambda v, s, r=right: torch.bucketize(v, s, right=r),
           VALUES, EDGES, grad=False)
g.case("searchsorted/of integers", lambda s, v: torch.searchsorted(s, v, side="right"),
       torch.tensor([1, 3, 3, 9]), randint(0, 12, (3, 2)))
g.case("searchsorted/mixed", torch.searchsorted, torch.tensor([1, 3, 5]),
       torch.tensor([2.5, 3.0]), grad=False)
g.case("searchsorted/int32", lambda s, v: torch.searchsorted(s, v, out_int32=True),
       EDGES, VALUES, grad=False)
g.case("searchsorted/a number", lambda s: torch.searchsorted(s, 1.5), EDGES, grad=False)
g.case("searchsorted/sorter", lambda s, v, p: torch.searchsorted(s, v, sorter=p),
       torch.tensor([[3.0, 1.0, 5.0], [2.0, 9.0, 0.0]]), torch.tensor([[2.0], [1.0]]),
       torch.tensor([[1, 0, 2], [2, 0, 1]]), grad=False)
g.case("searchsorted/in nothing", torch.searchsorted, randn(0), randn(3), grad=False)
g.case("bucketize/a number", lambda s: torch.bucketize(3, s, out_int32=True),
       torch.tensor([1, 3, 5]))

g.case("isin", torch.isin, randint(0, 9, (3, 4)), randint(0, 9, (4,)))
g.case("isin/inverted", lambda x, s: torch.isin(x, s, assume_unique=True, invert=True),
       torch.arange(6), torch.tensor([4, 1]))
g.case("isin/NaN", torch.isin, torch.tensor([1.0, 2.0, nan]), torch.tensor([nan, 1.0]), grad=False)
g.case("isin/mixed", torch.isin, torch.tensor([1, 2]), torch.tensor([2.0, 3.0]), grad=False)
g.case("isin/a number in", lambda s: torch.isin(3, s), torch.tensor([1, 3]))
g.case("isin/in a number", lambda x: torch.isin(x, 3), torch.tensor([1, 3]))
g.case("isin/in nothing", torch.isin, randint(0, 9, (3,)), torch.tensor([], dtype=torch.int64))

g.case("bincount", torch.bincount, randint(0, 9, (30,)))
g.case("bincount/at least", lambda x: x.bincount(minlength=12), randint(0, 9, (5,), torch.int32))
g.case("bincount/bytes", torch.bincount, randint(0, 256, (5,), torch.uint8))
g.case("bincount/weights", torch.bincount, randint(0, 5, (9,)), randn(9), grad=False)
g.case("bincount/float64", torch.bincount, randint(0, 5, (9,)), randn(9, dtype=torch.float64),
       grad=False)
g.case("bincount/whole weights", torch.bincount, randint(0, 5, (9,)), randint(-5, 5, (9,)))
g.case("bincount/of nothing", lambda x: x.bincount(minlength=2), torch.tensor([], dtype=torch.int64))

g.case("histc", lambda x: x.histc(5), randn(40), grad=False)
g.case("histc/range", lambda x: x.histc(8, -1, 2), randn(5, 8, dtype=torch.float64), grad=False)
g.case("histc/edges", lambda x: x.histc(4, 0, 4), torch.tensor([0.0, 1, 2, 3, 4, 5, -1, nan]),
       grad=False)
g.case("histc/one value", lambda x: x.histc(3), torch.ones(4), grad=False)
g.case("histc/of nothing", lambda x: x.histc(3), randn(0), grad=False)

g.case("histogram", lambda x: torch.histogram(x, 5), randn(40), grad=False)
g.case("histogram/range", lambda x: torch.histogram(x, 8, range=(-1.0, 2.0)),
       randn(5, 8, dtype=torch.float64), grad=False)
g.case("histogram/density", lambda x, w: torch.histogram(x, 4, weight=w, density=True),
       randn(20), torch.rand(20), grad=False)
g.case("histogram/edges", torch.histogram, torch.tensor([0.0, 0.5, 1, 2, 3, 3.5, -1, nan]),
       torch.tensor([0.0, 1.0, 1.5, 3.0]), grad=False)
g.case("histogram/edges and weights",
       lambda x, e, w: torch.histogram(x, e, weight=w, density=True), randn(20),
       torch.tensor([-1.0, 0.0, 2.0]), torch.rand(20), grad=False)
g.case("histogram/one value", lambda x: torch.histogram(x, 3), torch.ones(4), grad=False)
g.case("histogram/of nothing", lambda x: torch.histogram(x, 3), randn(0), grad=False)
g.write()
