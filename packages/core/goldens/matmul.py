"""Goldens of ops/matmul.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)
g.case("matrices", torch.matmul, randn(3, 4), randn(4, 5))
g.case("a long inner axis", torch.matmul, randn(2, 300), randn(300, 2))
g.case("transposed", lambda a, b: torch.matmul(a.t(), b.t()), randn(4, 3), randn(5, 4))
g.case("batches", torch.matmul, randn(2, 3, 4), randn(2, 4, 5))
g.case("both broadcast", torch.matmul, randn(2, 1, 3, 4), randn(3, 4, 2))
g.case("one matrix for a batch", torch.matmul, randn(2, 3, 4), randn(4, 5))
g.case("a batch for one matrix", torch.matmul, randn(3, 4), randn(2, 4, 5))
g.case("vector by vector", torch.matmul, randn(5), randn(5))
g.case("vector by matrix", torch.matmul, randn(4), randn(4, 3))
g.case("matrix by vector", torch.matmul, randn(3, 4), randn(4))
g.case("vector by batch", torch.matmul, randn(4), randn(2, 4, 3))
g.case("batch by vector", torch.matmul, randn(2, 3, 4), randn(4))
g.case("no inner elements", torch.matmul, randn(2, 0), randn(0, 3))
g.case("no rows", torch.matmul, randn(0, 3), randn(3, 2))
g.case("float64", torch.matmul, randn(3, 40, dtype=torch.float64), randn(40, 2, dtype=torch.float64))
for dtype in (torch.int64, torch.int32, torch.uint8):
    name = str(dtype).removeprefix("torch.")
    g.case(name, torch.matmul, randint(0, 90, (3, 9), dtype), randint(0, 90, (9, 2), dtype))
g.case("NaN and infinities", torch.matmul,
       torch.tensor([[float("inf"), 1.0], [float("nan"), 2.0], [3.0, 0.0]]),
       torch.tensor([[0.0, 1.0, 2.0], [1.0, float("-inf"), 1.0]]), grad=False)
g.case("bmm", torch.bmm, randn(3, 2, 4), randn(3, 4, 2))
g.case("addmm", torch.addmm, randn(3, 5), randn(3, 4), randn(4, 5))
g.case("addmm with factors", lambda *x: torch.addmm(*x, beta=0.5, alpha=-2.0),
       randn(5), randn(3, 4), randn(4, 5))
g.case("addmm without input", lambda *x: torch.addmm(*x, beta=0.0),
       torch.full((3, 5), float("nan")), randn(3, 4), randn(4, 5), grad=False)
g.case("addmm of integers", lambda *x: torch.addmm(*x, beta=3, alpha=-2),
       randint(-5, 5, (3, 5)), randint(-5, 5, (3, 4)), randint(-5, 5, (4, 5)))
g.case("linear", F.linear, randn(3, 4), randn(5, 4), randn(5))
g.case("linear without bias", lambda x, w, _: F.linear(x, w), randn(3, 4), randn(5, 4), None)
g.case("linear of a batch", F.linear, randn(2, 3, 4), randn(5, 4), randn(5))
g.case("linear of a vector", F.linear, randn(4), randn(5, 4), randn(5))
g.case("linear of a turned batch", lambda x, w, b: F.linear(x.transpose(0, 1), w, b),
       randn(2, 3, 4), randn(5, 4), randn(5))
g.case("linear without rows", F.linear, randn(0, 4), randn(5, 4), randn(5))
g.case("linear without features", F.linear, randn(3, 0), randn(5, 0), randn(5))
g.write()
