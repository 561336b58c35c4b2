"""Goldens of ops/linalg/*.ts and linalg.ts.

Factors that are determined up to signs or rotations go through functions of them that are not.
"""
import torch

from golden import Goldens, randint, randn

g = Goldens(__file__)
L = torch.linalg
f64 = dict(dtype=torch.float64)


def sym(x):
    return x + x.mT


def spd(x):
    """Positive definite, from anything."""
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def case(name, fn, *inputs, **options):
    g.case(name, fn, *inputs, **options)


# triangular.ts
case("solveTriangular lower", lambda a, b: L.solve_triangular(a, b, upper=False), randn(3, 3, **f64), randn(3, 2, **f64))
case("solveTriangular upper, from the right",
     lambda a, b: L.solve_triangular(a, b, upper=True, left=False), randn(3, 3, **f64), randn(2, 3, **f64))
case("solveTriangular unitriangular",
     lambda a, b: L.solve_triangular(a, b, upper=True, unitriangular=True), randn(3, 3, **f64), randn(3, 2, **f64))
case("solveTriangular broadcast", lambda a, b: L.solve_triangular(a, b, upper=False),
     randn(3, 3, **f64), randn(2, 3, 1, **f64))
case("solveTriangular float32", lambda a, b: L.solve_triangular(a, b, upper=True),
     torch.tensor([[2.0, 1.0], [0.0, 4.0]]), randn(2, 2))
case("cholesky", lambda x: L.cholesky(spd(x)), randn(3, 3, **f64))
case("cholesky upper", lambda x: L.cholesky(spd(x), upper=True), randn(2, 3, 3, **f64))
case("cholesky float32", lambda x: L.cholesky(spd(x)), randn(3, 3))
case("cholesky empty", L.cholesky, randn(0, 0, **f64))
case("choleskySolve", lambda b, x: torch.cholesky_solve(b, L.cholesky(spd(x))), randn(3, 2, **f64), randn(2, 3, 3, **f64))
case("choleskySolve upper", lambda b, x: torch.cholesky_solve(b, L.cholesky(spd(x)).mT, upper=True),
     randn(3, 2, **f64), randn(3, 3, **f64))
case("choleskyInverse", lambda x: torch.cholesky_inverse(L.cholesky(spd(x))), randn(2, 3, 3, **f64))
case("choleskyInverse upper", lambda x: torch.cholesky_inverse(L.cholesky(spd(x)).mT, upper=True), randn(3, 3, **f64))

# solve.ts
case("inverse", L.inv, randn(2, 3, 3, **f64))
case("inverse float32", L.inv, spd(randn(3, 3)))
case("inverse empty", L.inv, randn(2, 0, 0, **f64))
case("solve", L.solve, randn(3, 3, **f64), randn(3, 2, **f64))
case("solve vector", L.solve, randn(3, 3, **f64), randn(3, **f64))
case("solve vectors", L.solve, randn(2, 3, 3, **f64), randn(2, 3, **f64))
case("solve broadcast", L.solve, randn(2, 1, 3, 3, **f64), randn(3, 3, 2, **f64))
case("solve from the right", lambda a, b: L.solve(a, b, left=False), randn(3, 3, **f64), randn(2, 3, **f64))
# Of an exactly singular matrix PyTorch's first derivative is 0; ours is the adjugate.
case("det", L.det, randn(2, 3, 3, **f64))
case("det singular", L.det, torch.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]], **f64), grad=False)
case("det rank 1", L.det, torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [3.0, 6.0, 3.0]], **f64))
case("det mixed", L.det, torch.stack([torch.ones(2, 2, **f64), randn(2, 2, **f64)]), grad=False)
case("det empty", L.det, randn(0, 0, **f64))
case("slogdet", L.slogdet, randn(2, 3, 3, **f64))
case("slogdet singular", L.slogdet, torch.zeros(2, 2, **f64), grad=False)
case("logdet", lambda x: torch.logdet(spd(x)), randn(2, 3, 3, **f64))
case("logdet negative", torch.logdet, torch.tensor([[0.0, 1.0], [1.0, 0.0]], **f64), grad=False)
for m, n in ((3, 3), (2, 4), (4, 2)):
    case(f"luFactor {m}x{n}", lambda x: tuple(L.lu_factor(x)), randn(2, m, n, **f64))
case("luFactor float32", lambda x: tuple(L.lu_factor(x)), randn(3, 3))

# qr.ts
case("qr", lambda x: tuple(L.qr(x)), randn(2, 3, 3, **f64))
case("qr tall", lambda x: tuple(L.qr(x)), randn(4, 2, **f64))
case("qr wide", lambda x: tuple(L.qr(x)), randn(2, 4, **f64))
case("qr wide complete", lambda x: tuple(L.qr(x, mode="complete")), randn(2, 4, **f64))
case("qr tall complete", lambda x: tuple(L.qr(x, mode="complete")), randn(4, 2, **f64), grad=False)
case("qr r", lambda x: L.qr(x, mode="r")[1], randn(4, 2, **f64), grad=False)
case("qr Q alone", lambda x: L.qr(x)[0], randn(2, 4, **f64))
case("qr R alone", lambda x: L.qr(x)[1], randn(2, 4, **f64))
case("qr no columns", lambda x: tuple(L.qr(x, mode="complete")), randn(3, 0, **f64), grad=False)
case("torch.qr", lambda x: tuple(torch.qr(x)), randn(3, 2))
case("householderProduct", L.householder_product, randn(4, 3, **f64), randn(2, **f64))
case("householderProduct of a batch", L.householder_product, randn(2, 3, 3, **f64), randn(2, 3, **f64))

# eigen.ts
case("eigh", lambda x: (L.eigh(sym(x))[0], L.eigh(sym(x))[1].abs()), randn(2, 3, 3, **f64))
case("eigh upper", lambda x: (L.eigh(x, UPLO="U")[0],), randn(3, 3, **f64))
case("eigh of NaN", lambda x: tuple(L.eigh(x)), torch.full((2, 2), float("nan"), **f64), grad=False)
case("eigvalsh", lambda x: L.eigvalsh(sym(x)), randn(2, 3, 3))
case("eigvals", lambda x: (L.eigvals(x).real, L.eigvals(x).imag),
     torch.tensor([[0.0, -2.0, 0.5], [1.0, 0.3, 0.0], [0.2, 0.0, 3.0]], **f64))
case("eigvals of a batch", lambda x: (L.eigvals(x).real, L.eigvals(x).imag), torch.stack(
    [torch.tensor([[1.0, 2.0], [3.0, 4.0]], **f64), torch.tensor([[1.0, 2.0], [-3.0, 4.0]], **f64)]))

# svd.ts
both = lambda u, s, vh: (u.abs(), s, vh.abs())
for m, n in ((3, 3), (4, 2), (2, 4)):
    case(f"svd {m}x{n}", lambda x: both(*L.svd(x, full_matrices=False)), randn(2, m, n, **f64))
case("svd full", lambda x: L.svd(x)[1], randn(4, 2, **f64))
case("svd full, first vectors", lambda x: (L.svd(x)[0][..., :2].abs(), L.svd(x)[2].abs()), randn(4, 2, **f64))
case("svd empty", lambda x: tuple(L.svd(x)), randn(2, 0, **f64), grad=False)
case("svd of infinities", lambda x: L.svd(x)[1], torch.full((2, 2), float("inf"), **f64), grad=False)
case("torch.svd", lambda x: both(*torch.svd(x)), randn(3, 2, **f64))
case("torch.svd without vectors", lambda x: tuple(torch.svd(x, compute_uv=False)), randn(3, 2, **f64), grad=False)
case("svdvals", L.svdvals, randn(2, 3, 2))

# functions.ts
case("matrixExp", L.matrix_exp, randn(2, 3, 3, **f64))
case("matrixExp of small ones", L.matrix_exp, randn(3, 3, **f64) * 1e-3)
case("matrixExp of large ones", L.matrix_exp, randn(3, 3, **f64) * 4)
case("matrixExp float32", L.matrix_exp, randn(3, 3))
case("matrixPower 0", lambda x: L.matrix_power(x, 0), randn(2, 2, 2))
case("matrixPower 1", lambda x: L.matrix_power(x, 1), randn(2, 2, **f64))
case("matrixPower 5", lambda x: L.matrix_power(x, 5), randn(2, 2, 2, **f64))
case("matrixPower -2", lambda x: L.matrix_power(x, -2), spd(randn(2, 2, **f64)))
case("matrixPower of integers", lambda x: L.matrix_power(x, 3), randint(-3, 3, (2, 2)))
rank2 = randn(3, 2, **f64) @ randn(2, 4, **f64)
case("matrixRank", L.matrix_rank, torch.stack([rank2, randn(3, 4, **f64)]), grad=False)
case("matrixRank with limits", lambda x: L.matrix_rank(x, atol=1.0, rtol=0.0), torch.diag(torch.tensor([3.0, 1.5, 0.5])), grad=False)
case("matrixRank by tol", lambda x, t: L.matrix_rank(x, t), torch.diag(torch.tensor([3.0, 1.5, 0.5])), torch.tensor(2.0), grad=False)
case("matrixRank hermitian", lambda x: L.matrix_rank(sym(x), hermitian=True), randn(3, 3, **f64), grad=False)
case("matrixRank empty", L.matrix_rank, randn(2, 0, 3), grad=False)
case("pinv", L.pinv, randn(2, 3, 2, **f64))
case("pinv wide", L.pinv, randn(2, 3, **f64))
case("pinv of rank 2", lambda a, b: L.pinv(a @ b), randn(3, 2, **f64), randn(2, 4, **f64))
case("pinv hermitian", lambda x: L.pinv(sym(x), hermitian=True), randn(3, 3, **f64))
case("pinv with a limit", lambda x: L.pinv(x, atol=1.0), torch.diag(torch.tensor([3.0, 1.5, 0.5], **f64)), grad=False)
case("pinv float32", L.pinv, randn(3, 2))
case("pinverse", torch.pinverse, randn(3, 2, **f64))
case("tensorinv", lambda x: L.tensorinv(x, ind=1), randn(4, 2, 2, **f64))
case("tensorsolve", L.tensorsolve, randn(2, 3, 6, **f64), randn(2, 3, **f64))
case("tensorsolve with dims", lambda a, b: L.tensorsolve(a, b, dims=(0,)), randn(6, 2, 3, **f64), randn(2, 3, **f64))

# norms.ts
inf = float("inf")
x = randn(2, 3, 4)
for p in (0, 0.5, 1, 2, 3, -1, inf, -inf):
    case(f"vectorNorm {p:g}", lambda x, p=p: L.vector_norm(x, p, dim=1), x)
case("vectorNorm of all", L.vector_norm, x)
case("vectorNorm of no axes", lambda x: L.vector_norm(x, dim=[]), randn(2, 2))
case("vectorNorm keepdim", lambda x: L.vector_norm(x, dim=(0, 2), keepdim=True), x)
case("vectorNorm in float64", lambda x: L.vector_norm(x, dtype=torch.float64), x)
for p in ("fro", "nuc", 1, -1, 2, -2, inf, -inf):
    case(f"matrixNorm {p}", lambda x, p=p: L.matrix_norm(x, p), x)
case("matrixNorm other axes", lambda x: L.matrix_norm(x, 1, dim=(2, 0), keepdim=True), x)
case("matrixNorm singular values of other axes", lambda x: L.matrix_norm(x, 2, dim=(0, 2), keepdim=True), x)
case("matrixNorm of nothing", lambda x: L.matrix_norm(x, 1), randn(2, 0))
case("linalg.norm", L.norm, x)
case("linalg.norm of a vector", lambda x: L.norm(x, 1), randn(4))
case("linalg.norm of a matrix", lambda x: L.norm(x, "nuc"), randn(3, 4))
case("linalg.norm of axes", lambda x: L.norm(x, inf, dim=(0, 1)), x)
case("norm nuc", lambda x: torch.norm(x, "nuc"), randn(3, 4))
case("norm nuc of axes", lambda x: torch.norm(x, "nuc", dim=(0, 2), keepdim=True), x)

# linalg.ts
case("diagonal", lambda x: L.diagonal(x, offset=1), x)
case("vander", lambda x: L.vander(x, N=4), randn(2, 3, **f64))
case("vander of integers", L.vander, randint(-3, 3, (3,), torch.int32))
g.write()
