"""Goldens of ops/softmax.ts."""
import torch

from golden import Goldens, randn

INF = float("inf")
NAN = float("nan")
EXTREME = torch.tensor([
    [1e4, -1e4, 0.0, 1.0], [-INF, 1.0, -INF, 2.0], [-INF, -INF, -INF, -INF],
    [INF, 0.0, 1.0, 2.0], [NAN, 0.0, 1.0, 2.0], [3e38, 3e38, -3e38, 0.0],
])

g = Goldens(__file__)
for name, fn in (("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)):
    g.case(f"{name}/rows", lambda x, fn=fn: fn(x, 1), randn(3, 5))
    g.case(f"{name}/columns", lambda x, fn=fn: fn(x, 0), randn(3, 5))
    g.case(f"{name}/long rows", lambda x, fn=fn: fn(x, -1), 5 * randn(2, 133))
    g.case(f"{name}/a middle axis", lambda x, fn=fn: fn(x, 1), randn(2, 3, 4))
    g.case(f"{name}/float64", lambda x, fn=fn: fn(x, 1), randn(2, 70, dtype=torch.float64))
    g.case(f"{name}/without axes", lambda x, fn=fn: fn(x, 0), torch.tensor(0.7))
    g.case(f"{name}/one element", lambda x, fn=fn: fn(x, 1), randn(3, 1))
    g.case(f"{name}/empty", lambda x, fn=fn: fn(x, 1), randn(0, 4))
    g.case(f"{name}/extreme", lambda x, fn=fn: fn(x, 1), EXTREME, grad=False)
    g.case(f"{name}/extreme columns", lambda x, fn=fn: fn(x, 0), EXTREME.t().contiguous(), grad=False)
    g.case(f"{name}/of integers", lambda x, fn=fn: fn(x, 1, dtype=torch.float64),
           torch.tensor([[1, 2, 3]]))
g.write()
