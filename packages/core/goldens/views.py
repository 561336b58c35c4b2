"""Goldens of ops/views.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)
g.case("view", lambda x: x.view(3, -1), randn(2, 6))
g.case("squeeze", torch.squeeze, randn(2, 1, 3, 1))
g.case("unsqueeze", lambda x: x.unsqueeze(-1), randn(2, 3))
g.case("reshape", lambda x: x.reshape(3, 4), randn(2, 6))
g.case("permute", lambda x: x.permute(2, 0, 1), randn(2, 3, 4))
g.case("transpose", lambda x: x.transpose(-1, 0), randn(2, 3, 4))
g.case("expand", lambda x: x.expand(4, -1, 3), randn(2, 1))
g.case("select", lambda x: x.select(1, -1), randn(3, 4))
g.case("slice", lambda x: x[1:6:2], randn(7, 2))
g.case("narrow", lambda x: x.narrow(1, 1, 3), randn(4, 5))
g.write()
