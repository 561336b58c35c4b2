"""Goldens of ops/signs.ts, rounding.ts, powers.ts, divisors.ts, thresholds.ts, closeness.ts."""
import math

import torch
import torch.nn.functional as F

from golden import Goldens, rand, randint, randn

NAN, INF = math.nan, math.inf
SPECIAL = torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 1e-20, -60.0, 80.0, INF, -INF, NAN])

g = Goldens(__file__)
for name in ["isposinf", "isneginf", "signbit"]:
    g.case(name, getattr(torch, name), SPECIAL[:-1])
    g.case(f"{name}/int64", getattr(torch, name), torch.tensor([0, 5, -5]))
g.case("frac", torch.frac, rand(2, 5, low=-3, high=3))
g.case("frac/special", torch.frac, SPECIAL)
g.case("positive", torch.positive, randn(2, 3))
g.case("sgn", torch.sgn, SPECIAL, grad=False)
for decimals in [1, 3, -1]:
    fn = lambda x, d=decimals: torch.round(x, decimals=d)
    g.case(f"round/{decimals}", fn, rand(2, 5, low=-30, high=30, dtype=torch.float64))
g.case("nanToNum", torch.nan_to_num, SPECIAL)
g.case("nanToNum/numbers", lambda x: torch.nan_to_num(x, nan=2.0, posinf=9.0, neginf=-9.0), SPECIAL)
g.case("nanToNum/float16", torch.nan_to_num, SPECIAL.half(), grad=False)
g.case("nanToNum/int64", torch.nan_to_num, torch.tensor([0, 5]))

A = torch.tensor([1.5, -1.5, 0.0, -0.0, 3.0, NAN, 2.0, INF])
B = torch.tensor([-2.0, -0.0, -1.0, 0.0, NAN, 1.0, INF, -INF])
g.case("copysign", torch.copysign, randn(2, 1, 3), randn(4, 1))
g.case("copysign/edges", torch.copysign, A, torch.tensor([-2.0, -0.0, -1.0, 0.0, 2.0, 1.0, INF, -INF]), grad=False)
g.case("copysign/int64", torch.copysign, torch.tensor([1, -2]), torch.tensor([-1, 2]))
g.case("copysign/number", lambda x: torch.copysign(x, -2.0), randn(4))
for name in ["fmax", "fmin"]:
    fn = getattr(torch, name)
    g.case(name, fn, randn(2, 1, 3), randn(4, 1))
    g.case(f"{name}/edges", fn, A, B)
    g.case(f"{name}/int32", fn, randint(-5, 5, (4,), torch.int32), randint(-5, 5, (4,), torch.int32))
for dtype in [torch.float32, torch.float64, torch.float16, torch.bfloat16]:
    g.case(f"nextafter/{dtype}", torch.nextafter,
           torch.tensor([0.0, 0.0, 1.0, 1.0, -1.0, 6.103515625e-05, 65504.0, INF, NAN, 2.0], dtype=dtype),
           torch.tensor([1.0, -1.0, 2.0, 0.0, 0.0, 0.0, INF, 0.0, 1.0, 2.0], dtype=dtype), grad=False)
g.case("heaviside", torch.heaviside, SPECIAL, torch.tensor(0.5), grad=False)
g.case("heaviside/int64", torch.heaviside, torch.tensor([-2, 0, 3]), torch.tensor([5, 6, 7]))
for name in ["gcd", "lcm"]:
    fn = getattr(torch, name)
    g.case(name, fn, randint(-40, 40, (3, 4)), randint(-40, 40, (4,)))
    g.case(f"{name}/edges", fn, torch.tensor([0, 0, 6, -6], dtype=torch.int32), torch.tensor([0, 5, 0, 4], dtype=torch.int32))

g.case("floatPower", torch.float_power, rand(2, 3, low=0.2, high=3, dtype=torch.float64), randn(3, dtype=torch.float64))
g.case("floatPower/int64", torch.float_power, torch.tensor([1, 2, 3]), torch.tensor([-1, 2, 0]))
g.case("floatPower/number first", lambda x: torch.float_power(2, x), randn(3))
# PyTorch's gradient is 0 for whole negative exponents.
g.case("ldexp", torch.ldexp, randn(2, 3), torch.tensor([1, 0, 5]))
g.case("ldexp/negative", torch.ldexp, randn(2, 3), torch.tensor([-3, -1, -20]), grad=False)
g.case("ldexp/floating exponents", torch.ldexp, randn(2, 3), randn(3))
g.case("frexp", torch.frexp, torch.tensor([1.5, -3.0, 0.3, 1e-40, 100.0, -0.5]), grad=False)
g.case("frexp/mantissa", lambda x: torch.frexp(x).mantissa, randn(2, 3))
g.case("frexp/exponent", lambda x: torch.frexp(x).exponent, randn(2, 3), grad=False)
for mode in ["floor", "trunc"]:
    fn = lambda a, b, mode=mode: torch.div(a, b, rounding_mode=mode)
    g.case(f"div/{mode}", fn, rand(2, 1, 3, low=-9, high=9), rand(4, 1, low=0.7, high=2))
    g.case(f"div/{mode} int16", fn, randint(-99, 99, (5,), torch.int16), randint(1, 9, (5,), torch.int16))
g.case("rsub", torch.rsub, randn(2, 1, 3), randn(4, 1))
g.case("rsub/alpha", lambda a, b: torch.rsub(a, b, alpha=-0.5), randn(3), randn(3))
g.case("rsub/number", lambda a: torch.rsub(a, 2), randn(3))

for name, fn in {
    "celu": torch.celu, "celu/2": lambda x: torch.celu(x, 2.0), "selu": torch.selu,
    "elu": F.elu, "elu/0.5": lambda x: F.elu(x, 0.5),
    "threshold": lambda x: torch.threshold(x, 0.25, -7.0),
    "hardshrink": torch.hardshrink, "hardshrink/1": lambda x: torch.hardshrink(x, 1.0),
}.items():
    g.case(name, fn, randn(2, 5) * 2)
    g.case(f"{name}/special", fn, torch.tensor([0.0, -0.0, 200.0, -200.0, 0.5, -0.5, INF, NAN]))
g.case("threshold/int64", lambda x: torch.threshold(x, 1, 9), torch.tensor([-2, 1, 2]))
g.case("prelu", torch.prelu, randn(2, 3, 2), randn(3))
g.case("prelu/one weight", torch.prelu, randn(2, 3), randn(1))
g.case("prelu/no axes", torch.prelu, randn(4), torch.tensor(0.25))

NEAR = torch.tensor([1.0, 1.0, 1.0, INF, INF, NAN, 0.0])
OTHER = torch.tensor([1.0, 1.000005, 1.1, INF, -INF, NAN, 1e-9])
g.case("isclose", torch.isclose, NEAR, OTHER, grad=False)
g.case("isclose/tolerances", lambda a, b: torch.isclose(a, b, rtol=0.2, atol=0.0, equal_nan=True), NEAR, OTHER, grad=False)
g.case("isclose/int64", lambda a, b: torch.isclose(a, b, atol=1.5), torch.tensor([5, 7, 2**53 + 1]), torch.tensor([6, 9, 2**53 + 1]))
g.case("isclose/exact", lambda a, b: torch.isclose(a, b, rtol=0, atol=0), NEAR, OTHER, grad=False)
g.write()
