"""Goldens of names.samples.ts: other names and in-place forms of elementwise functions, called by those
names in PyTorch."""
import re

import torch

from golden import Goldens, rand, randint


def snake(name):
    return re.sub(r"[A-Z]", lambda m: "_" + m.group(0).lower(), name)


UNARY = """abs_ absolute absolute_ acos_ arccos arccos_ arcsin arcsin_ arctan arctan_ arcsinh arcsinh_
arctanh arctanh_ asin_ atan_ ceil_ celu_ cos_ cosh_ erf_ exp2_ exp_ expm1_ fix fix_ floor_ log10_ log1p_
log2_ log_ logicalNot_ neg_ negative negative_ reciprocal_ relu_ round_ rsqrt_ selu_ sgn_ sigmoid_ sign_
sin_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ psi expit""".split()
ABOVE_ONE = ["arccosh", "arccosh_", "gammaln"]
BINARY = """arctan2 arctan2_ atan2_ add_ sub_ subtract subtract_ mul_ multiply multiply_ div_ divide divide_
trueDivide trueDivide_ floorDivide_ fmod_ remainder_ pow_ hypot_ eq_ ne_ notEqual notEqual_ lt_ less less_
le_ lessEqual lessEqual_ gt_ greater greater_ ge_ greaterEqual greaterEqual_ logicalAnd_ logicalOr_
logicalXor_ clampMin_ clampMax_""".split()
BITS = ["bitwiseAnd_", "bitwiseOr_", "bitwiseXor_", "bitwiseLeftShift_", "bitwiseRightShift_"]

g = Goldens(__file__)


def call(name):
    """The method, else the function of torch or torch.special; in place on a copy."""
    torch_name = snake(name)

    def run(x, *rest):
        for space in (torch.Tensor, torch, torch.special):
            if hasattr(space, torch_name):
                return getattr(space, torch_name)(x.clone() if name.endswith("_") else x, *rest)

    return run


# PyTorch has no gradient through these in place.
def differentiable(name):
    return name.rstrip("_") not in ("eq", "ne", "notEqual", "lt", "less", "le", "lessEqual", "gt", "greater", "ge",
                                    "greaterEqual", "logicalAnd", "logicalOr", "logicalXor", "logicalNot", "sgn",
                                    "sign", "floorDivide", "arcsinh", "arctanh")


for name in UNARY:
    g.case(name, call(name), rand(2, 3, low=0.1, high=0.9), grad=differentiable(name))
for name in ABOVE_ONE:
    g.case(name, call(name), rand(2, 3, low=1.2, high=4), grad=name != "arccosh_")
for name in BINARY:
    g.case(name, call(name), rand(2, 3, low=0.5, high=3), rand(3, low=0.6, high=2), grad=differentiable(name))
for name in BITS:
    g.case(name, call(name), randint(0, 99, (2, 3)), randint(0, 5, (3,)))
g.case("bitwiseNot_", call("bitwiseNot_"), randint(0, 99, (2, 3)))
for name in ["clamp_", "clip", "clip_"]:
    g.case(name, call(name), rand(2, 3), torch.tensor(0.25), torch.tensor(0.75))
g.case("lerp_", call("lerp_"), rand(2, 3), rand(3), rand(2, 3))
for name in ["addcmul_", "addcdiv_"]:
    g.case(name, call(name), rand(2, 3), rand(3), rand(2, 3, low=0.5, high=2))
g.case("threshold_", lambda x: torch.threshold_(x.clone(), 0.5, -2.0), rand(2, 3))
for name in ["gammainc", "gammaincc"]:
    g.case(name, lambda x, fn=getattr(torch.special, name): fn(torch.tensor([1.5]), x), rand(2, 3, low=0.5, high=3))
g.case("multigammaln", lambda x: torch.special.multigammaln(x, 2), rand(2, 3, low=2, high=4))
g.write()
