"""Goldens of ops/sparse-product.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)

CROW = torch.tensor([0, 2, 2, 3, 6])
COL = torch.tensor([0, 4, 2, 1, 2, 4])


def spmm(crow, col, values, dense):
    """By rows: PyTorch has no gradient of the values of compressed rows in all cases."""
    row = torch.repeat_interleave(torch.arange(len(crow) - 1), crow[1:].long() - crow[:-1].long())
    matrix = torch.zeros(len(crow) - 1, dense.shape[0], dtype=values.dtype)
    matrix = matrix.index_put((row, col.long()), values)
    product = matrix @ dense
    given = torch.sparse_csr_tensor(crow.long(), col.long(), values.detach(), matrix.shape)
    assert torch.allclose(torch.sparse.mm(given, dense.detach()), product.detach(), atol=1e-6)
    return product


g.case("spmm/rows, one empty", spmm, CROW, COL, randn(6), randn(5, 3))
g.case("spmm/wide", spmm, CROW.int(), COL.int(), randn(6), randn(5, 40))
g.write()
