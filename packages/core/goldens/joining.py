"""Goldens of ops/joining.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)
g.case("cat", lambda *x: torch.cat(x, -1), randn(2, 3), randn(2, 1))
g.case("stack", lambda *x: torch.stack(x, 1), randn(2, 3), randn(2, 3))
g.case("split", lambda x: x.split(2), randn(5, 2))
g.case("chunk", lambda x: x.chunk(3, 1), randn(5, 4))
g.case("unbind", lambda x: x.unbind(1), randn(3, 2))
g.write()
