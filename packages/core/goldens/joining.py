"""Goldens of ops/joining.ts and splitting.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)
g.case("cat", lambda *x: torch.cat(x, -1), randn(2, 3), randn(2, 1))
g.case("stack", lambda *x: torch.stack(x, 1), randn(2, 3), randn(2, 3))
g.case("split", lambda x: x.split(2), randn(5, 2))
g.case("chunk", lambda x: x.chunk(3, 1), randn(5, 4))
g.case("unbind", lambda x: x.unbind(1), randn(3, 2))
g.case("concat", lambda *x: torch.concat(x), randn(2, 3), randn(1, 3))
g.case("concatenate", lambda *x: torch.concatenate(x, 1), randn(2, 3), randn(2, 1))
g.case("stack/last", lambda *x: torch.stack(x, -1), randn(2, 3), randn(2, 3), randn(2, 3))
g.case("atleast1d", torch.atleast_1d, randn(()), randn(2))
g.case("atleast2d", torch.atleast_2d, randn(()), randn(2))
g.case("atleast3d", torch.atleast_3d, randn(()), randn(2), randn(2, 3))
g.case("hstack", lambda *x: torch.hstack(x), randn(2, 3), randn(2, 1))
g.case("vstack", lambda *x: torch.vstack(x), randn(3), randn(2, 3))
g.case("dstack", lambda *x: torch.dstack(x), randn(2, 3), randn(2, 3))
g.case("columnStack", lambda *x: torch.column_stack(x), randn(2), randn(2, 3))
g.case("blockDiag", torch.block_diag, randn(2, 3), randn(2), randn(()))
g.case("splitWithSizes", lambda x: x.split_with_sizes([1, 0, 3], 1), randn(2, 4))
g.case("tensorSplit", lambda x: x.tensor_split(3), randn(5, 2))
g.case("tensorSplit/at", lambda x: x.tensor_split([1, -1], 1), randn(2, 5))
g.case("hsplit", lambda x: x.hsplit(2), randn(3, 4))
g.case("vsplit", lambda x: x.vsplit([1, 3]), randn(4, 2))
g.case("dsplit", lambda x: x.dsplit(2), randn(1, 2, 4))
g.write()
