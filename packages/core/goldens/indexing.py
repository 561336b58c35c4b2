"""Goldens of ops/indexing.ts, ops/index-ops.ts, ops/masking.ts and ops/dropout.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randn

g = Goldens(__file__)


def seeded(p):
    def run(x):
        torch.manual_seed(3)
        return F.dropout(x, p, True)
    return run


g.case("dropout", seeded(0.4), randn(5, 7))
g.case("dropout of infinities", seeded(0.5), torch.tensor([float("inf"), -1, float("-inf"), 2] * 4))
g.case("dropout of everything", seeded(1.0), torch.tensor([-1, float("inf"), 2]))
g.write()
