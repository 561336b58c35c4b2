"""Goldens of ops/differences.ts and ops/renorm.ts."""
import math

import torch

from golden import Goldens, randint, randn

inf = math.inf
g = Goldens(__file__)

g.case("diff/rows", torch.diff, randn(3, 5))
g.case("diff/twice", lambda x: x.diff(2, 0), randn(5, 3))
g.case("diff/not at all", lambda x: x.diff(0), randn(3))
g.case("diff/more often than there are", lambda x: x.diff(5), randn(3))
g.case("diff/with more", lambda x, p, a: x.diff(1, 1, p, a), randn(2, 3), randn(2, 1), randn(2, 2))
g.case("diff/promoted", lambda x, p: x.diff(prepend=p), randint(-5, 5, (4,)), randn(1))
g.case("diff/of integers", torch.diff, randint(-5, 5, (3, 4), torch.int32))
g.case("diff/of bools", torch.diff, randint(0, 2, (9,), torch.bool))

g.case("gradient", lambda x: torch.gradient(x), randn(3, 4))
g.case("gradient/one distance", lambda x: torch.gradient(x, spacing=0.5, dim=1), randn(3, 4))
g.case("gradient/distances", lambda x: torch.gradient(x, spacing=[0.5, 2.0]), randn(3, 4))
g.case("gradient/second order", lambda x: torch.gradient(x, spacing=0.5, edge_order=2), randn(3, 4))
g.case("gradient/coordinates",
       lambda x, a, b: torch.gradient(x, spacing=[a, b]),
       randn(3, 4), torch.tensor([0.0, 1.0, 3.0]), torch.tensor([0.0, 0.5, 2.0, 3.0]))
g.case("gradient/coordinates, second order",
       lambda x, a: torch.gradient(x, spacing=[a], dim=[-1], edge_order=2),
       randn(3, 4), torch.tensor([0.0, 0.5, 2.0, 3.0]))
g.case("gradient/of integers", lambda x: torch.gradient(x), randint(-5, 5, (5,)))

for name, fn in (("trapezoid", torch.trapezoid), ("trapz", torch.trapz),
                 ("cumulativeTrapezoid", torch.cumulative_trapezoid)):
    g.case(f"{name}/rows", lambda y, fn=fn: fn(y), randn(3, 5))
    g.case(f"{name}/a distance", lambda y, fn=fn: fn(y, dx=0.5, dim=0), randn(3, 5))
    g.case(f"{name}/places", lambda y, x, fn=fn: fn(y, x), randn(3, 5), randn(5))
    g.case(f"{name}/places of columns", lambda y, x, fn=fn: fn(y, x, dim=0), randn(3, 5), randn(3))
    g.case(f"{name}/places of all", lambda y, x, fn=fn: fn(y, x), randn(3, 5), randn(3, 5))
    g.case(f"{name}/places that broadcast", lambda y, x, fn=fn: fn(y, x, dim=1),
           randn(2, 3, 4), randn(3, 1))
    g.case(f"{name}/of integers", lambda y, fn=fn: fn(y, dx=2), randint(-5, 5, (3, 4)))
    g.case(f"{name}/one value", lambda y, fn=fn: fn(y), randn(3, 1))
    g.case(f"{name}/of nothing", lambda y, fn=fn: fn(y), randn(2, 0))

for p in (0, 1, 2, 2.5, inf):
    g.case(f"dist/p {p}", lambda x, y, p=p: torch.dist(x, y, p), randn(3, 4), randn(3, 4),
           grad=p > 0)
g.case("dist/broadcast", torch.dist, randn(3, 1), randn(4))
g.case("dist/equal", torch.dist, torch.ones(3), torch.ones(3))

g.case("renorm/rows", lambda x: x.renorm(2, 0, 1.0), randn(3, 4))
g.case("renorm/columns", lambda x: x.renorm(1, -1, 2.0), randn(3, 4))
g.case("renorm/planes", lambda x: x.renorm(2.5, 1, 1.5), randn(2, 3, 2))
g.case("renorm/infinity", lambda x: x.renorm(inf, 0, 0.5), randn(3, 4))
g.case("renorm/zeros", lambda x: x.renorm(2, 0, 1.0), torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
g.write()
