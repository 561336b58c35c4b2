"""Goldens of ops/add-products.ts, contractions.ts, distances.ts and covariance.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, rand, randint, randn

g = Goldens(__file__)
scaled = dict(beta=0.5, alpha=-2.0)
ints = lambda *shape: randint(-5, 5, shape)
bools = lambda *shape: randint(0, 2, shape, torch.bool)

g.case("addmv", torch.addmv, randn(3), randn(3, 4), randn(4))
g.case("addmv with factors", lambda *x: torch.addmv(*x, **scaled), randn(1), randn(3, 4), randn(4))
g.case("addmv of integers", lambda *x: torch.addmv(*x, beta=3, alpha=2.7), ints(3), ints(3, 4), ints(4))
g.case("baddbmm", torch.baddbmm, randn(2, 3, 5), randn(2, 3, 4), randn(2, 4, 5))
g.case("baddbmm with factors", lambda *x: torch.baddbmm(*x, **scaled),
       randn(3, 1), randn(2, 3, 4), randn(2, 4, 5))
g.case("addbmm", torch.addbmm, randn(3, 5), randn(2, 3, 4), randn(2, 4, 5))
g.case("addbmm with factors", lambda *x: torch.addbmm(*x, **scaled),
       randn(5), randn(2, 3, 4), randn(2, 4, 5))
g.case("addbmm of no matrices", torch.addbmm, randn(3, 5), randn(0, 3, 4), randn(0, 4, 5))
g.case("addr", torch.addr, randn(3, 4), randn(3), randn(4))
g.case("addr with factors", lambda *x: torch.addr(*x, **scaled), randn(4), randn(3), randn(4))
g.case("addr of bools", torch.addr, bools(3, 4), bools(3), bools(4))
g.case("addr without input", lambda *x: torch.addr(*x, beta=0),
       torch.full((3, 4), float("nan")), randn(3), randn(4), grad=False)

g.case("vdot", torch.vdot, randn(5), randn(5))
g.case("outer", torch.outer, randn(3), randn(4))
g.case("outer of two dtypes", torch.outer, ints(3), randn(4))
g.case("inner", torch.inner, randn(2, 3), randn(4, 5, 3))
g.case("inner of a scalar", torch.inner, randn(2, 3), randn(1)[0])
g.case("kron", torch.kron, randn(2, 3), randn(4, 2))
g.case("kron of different ranks", torch.kron, randn(2, 1, 3), randn(2))
g.case("tensordot", lambda a, b: torch.tensordot(a, b, dims=2), randn(2, 3, 4), randn(3, 4, 5))
g.case("tensordot by axes", lambda a, b: torch.tensordot(a, b, dims=([0, 2], [1, 0])),
       randn(3, 2, 4), randn(4, 3, 2))
g.case("tensordot of an axis of size 1", lambda a, b: torch.tensordot(a, b, dims=([1], [0])),
       randn(3, 1), randn(4, 2))
g.case("tensordot of no axes", lambda a, b: torch.tensordot(a, b, dims=0), randn(2), randn(3))
g.case("trace", torch.trace, randn(3, 4))
g.case("trace of integers", torch.trace, randint(0, 200, (3, 3), torch.uint8))
g.case("cross", torch.cross, randn(3, 2), randn(3, 2))
g.case("cross along an axis", lambda a, b: torch.cross(a, b, dim=-1), randn(2, 3), randn(1, 3))
g.case("cross of integers", lambda a, b: torch.cross(a, b, dim=0), ints(3), ints(3))
g.case("linalg.cross", torch.linalg.cross, randn(3, 3), randn(3, 3))
g.case("vecdot", torch.linalg.vecdot, randn(2, 3), randn(4, 1, 3))
g.case("vecdot along an axis", lambda a, b: torch.linalg.vecdot(a, b, dim=0), randn(3, 2), randn(3, 2))
g.case("multiDot", lambda *x: torch.linalg.multi_dot(x), randn(3, 2), randn(2, 5), randn(5, 1), randn(1, 4))
g.case("multiDot of vectors", lambda *x: torch.linalg.multi_dot(x), randn(2), randn(2, 5), randn(5))

for p in (0.0, 0.5, 1.0, 2.0, 3.0, float("inf")):
    g.case(f"cdist p={p:g}", lambda a, b, p=p: torch.cdist(a, b, p=p), randn(2, 3, 4), randn(2, 5, 4))
g.case("cdist with broadcasting", torch.cdist, randn(3, 1, 2, 4), randn(2, 5, 4))
g.case("cdist by products", lambda a, b: torch.cdist(a, b, compute_mode="use_mm_for_euclid_dist"),
       randn(3, 9), randn(2, 9))
same = randn(3, 4)
g.case("cdist of equal rows", torch.cdist, same, same.clone())
g.case("cdist without coordinates", torch.cdist, randn(3, 0), randn(2, 0))
g.case("pdist", F.pdist, randn(4, 3))
for p in (0.0, 1.0, 3.0, float("inf")):
    g.case(f"pdist p={p:g}", lambda a, p=p: F.pdist(a, p=p), randn(4, 3))
g.case("pdist of one point", F.pdist, randn(1, 3))

g.case("cov", torch.cov, randn(3, 5))
g.case("cov of a population", lambda x: torch.cov(x, correction=0), randn(3, 5))
g.case("cov of a variable", torch.cov, randn(5))
g.case("cov of integers", torch.cov, ints(2, 6))
g.case("cov with weights", lambda x, f, a: torch.cov(x, fweights=f, aweights=a),
       randn(2, 4), randint(1, 4, (4,)), rand(4, low=0.5, high=2.0))
g.case("cov with weights of a population", lambda x, a: torch.cov(x, correction=0, aweights=a),
       randn(2, 4), rand(4, low=0.5, high=2.0))
g.case("corrcoef", torch.corrcoef, randn(3, 5))
g.case("corrcoef of a variable", torch.corrcoef, randn(5))
g.case("bilinear", F.bilinear, randn(2, 3), randn(2, 4), randn(5, 3, 4), randn(5))
g.case("bilinear of a batch", lambda a, b, w: F.bilinear(a, b, w), randn(2, 2, 3), randn(2, 2, 4), randn(5, 3, 4))
g.case("bilinear of vectors", F.bilinear, randn(3), randn(4), randn(5, 3, 4), randn(5))
g.write()
