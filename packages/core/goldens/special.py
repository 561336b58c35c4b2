"""Goldens of ops/gamma.ts, bessel.ts, error-functions.ts, logarithmic.ts, and of the functions of one
floating number that unary.py lacks."""
import math

import torch

from golden import Goldens, rand

S = torch.special
NAN, INF = math.nan, math.inf
SPECIAL = torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 1e-20, -60.0, 80.0, INF, -INF, NAN])
FUNCTIONS = {  # name: (function, where it is defined)
    "asinh": (torch.asinh, -3, 3), "acosh": (torch.acosh, 1.1, 4), "atanh": (torch.atanh, -0.9, 0.9),
    "erfc": (torch.erfc, -2, 2), "erfinv": (torch.erfinv, -0.9, 0.9), "erfcx": (S.erfcx, -2, 2),
    "ndtr": (S.ndtr, -3, 3), "ndtri": (S.ndtri, 0.05, 0.95), "logNdtr": (S.log_ndtr, -6, 2),
    "lgamma": (torch.lgamma, 0.3, 5), "digamma": (torch.digamma, 0.3, 5),
    "i0": (torch.i0, -4, 4), "i0e": (S.i0e, 0.5, 12), "i1": (S.i1, -4, 4), "i1e": (S.i1e, 0.5, 12),
    "sinc": (torch.sinc, 0.1, 3), "entr": (S.entr, 0.1, 3), "logit": (torch.logit, 0.1, 0.9),
    "deg2rad": (torch.deg2rad, -90, 90), "rad2deg": (torch.rad2deg, -2, 2),
}
# Where PyTorch overflows on the way, or rounds: infinities of i0 and i1, sinc of whole numbers.
ODD = {"i0": (INF, -INF), "i1": (INF, -INF), "sinc": (1.0, -1.0, -60.0, 80.0)}

g = Goldens(__file__)
for name, (fn, low, high) in FUNCTIONS.items():
    # In float64, so that the goldens are better than float32.
    precise = lambda x, fn=fn: fn(x.double()).float()
    g.case(name, precise, rand(2, 5, low=low, high=high))
    g.case(f"{name}/float64", fn, rand(6, low=low, high=high, dtype=torch.float64))
    usual = [v for v in SPECIAL.tolist() if v not in ODD.get(name, ())]
    g.case(f"{name}/special", precise, torch.tensor(usual), grad=False)
    g.case(f"{name}/int64", fn, torch.tensor([1, 2, 3] if low > 0 else [-1, 0, 1]))
g.case("angle", torch.angle, SPECIAL)
g.case("angle/int64", torch.angle, torch.tensor([-1, 0, 1]))
g.case("digamma/negative", torch.digamma, torch.tensor([-0.3, -1.5, -7.25, -3.0], dtype=torch.float64), grad=False)
for eps in [0.2, 0.0]:
    g.case(f"logit/{eps}", lambda x, eps=eps: torch.logit(x, eps), torch.tensor([-0.5, 0.1, 0.3, 0.9, 1.5]))

for n in [1, 2, 3]:
    g.case(f"polygamma/{n}", lambda x, n=n: torch.polygamma(n, x), rand(2, 3, low=0.4, high=6, dtype=torch.float64))
g.case("polygamma/negative", lambda x: torch.polygamma(2, x), torch.tensor([-0.3, -1.5, -7.25], dtype=torch.float64))
g.case("polygamma/int64", lambda x: torch.polygamma(1, x), torch.tensor([1, 5]))
for p in [1, 3]:
    g.case(f"mvlgamma/{p}", lambda x, p=p: torch.mvlgamma(x, p), rand(2, 3, low=2, high=6, dtype=torch.float64))
g.case("mvlgamma/int64", lambda x: torch.mvlgamma(x, 2), torch.tensor([1, 5]))

A = torch.tensor([[1.5], [4.25]], dtype=torch.float64)  # what nothing is differentiable by
g.case("zeta", lambda q: S.zeta(A, q), rand(4, low=0.2, high=6, dtype=torch.float64))
g.case("zeta/edges", S.zeta, torch.tensor([1.0, 0.5, 2.0, 3.0, 2.5, 2.0]), torch.tensor([2.0, 2.0, -3.0, -2.5, -2.5, 0.0]), grad=False)
g.case("zeta/number", lambda q: S.zeta(3.0, q), rand(4, low=0.2, high=6, dtype=torch.float64))
for name in ["igamma", "igammac"]:
    fn = getattr(torch, name)
    g.case(name, lambda x, fn=fn: fn(A, x), rand(5, low=0.2, high=9, dtype=torch.float64))
    g.case(f"{name}/large", fn, torch.tensor([40.0, 40.0, 300.0, 1e5], dtype=torch.float64),
           torch.tensor([35.0, 90.0, 310.0, 99900.0], dtype=torch.float64), grad=False)
    g.case(f"{name}/edges", fn, torch.tensor([0.0, 2.0, 0.0, -1.0, 1.0, INF, 2.0]),
           torch.tensor([2.0, 0.0, 0.0, 1.0, -1.0, 1.0, INF]), grad=False)

X = torch.tensor([0.0, 0.0, 0.0, 1.5, -2.0, 1.0, NAN])
Y = torch.tensor([0.0, NAN, -3.0, 2.0, 0.5, -3.0, 1.0])
for name, fn in {"xlogy": torch.xlogy, "xlog1py": S.xlog1py}.items():
    g.case(name, fn, rand(2, 3, low=-2, high=2), rand(3, low=0.2, high=3))
    g.case(f"{name}/edges", fn, X, Y, grad=False)
    g.case(f"{name}/number", lambda x, fn=fn: fn(x, 2.5), rand(4, low=-2, high=2))
    g.case(f"{name}/number first", lambda y, fn=fn: fn(2.5, y), rand(4, low=0.2, high=2))
    g.case(f"{name}/int64", fn, torch.tensor([0, 2, 3]), torch.tensor([0, 1, 5]))
for name in ["logaddexp", "logaddexp2"]:
    fn = getattr(torch, name)
    g.case(name, fn, rand(2, 1, low=-3, high=3), rand(4, low=-3, high=3))
    g.case(f"{name}/edges", fn, torch.tensor([INF, -INF, INF, 1e30, NAN, -INF]),
           torch.tensor([INF, -INF, -INF, -1e30, 1.0, 2.0]), grad=False)
    g.case(f"{name}/float64", fn, rand(4, low=-30, high=3, dtype=torch.float64), rand(4, low=-3, high=30))
g.write()
