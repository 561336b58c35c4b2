"""Goldens of ops/rearranging.ts, placing.ts, repeating.ts and grids.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)
g.case("flip", lambda x: x.flip(0, 2), randn(2, 3, 4))
g.case("flip/last", lambda x: x.flip(-1), randn(3, 70))
g.case("flip/transposed", lambda x: x.t().flip(0), randn(5, 3))
g.case("fliplr", torch.fliplr, randn(2, 3))
g.case("flipud", torch.flipud, randn(2, 3))
g.case("roll", lambda x: x.roll((1, -2), (0, 1)), randn(3, 4))
g.case("roll/flat", lambda x: x.roll(5), randn(3, 4))
g.case("rot90", torch.rot90, randn(2, 3))
g.case("rot90/back", lambda x: x.rot90(-1, (1, 2)), randn(2, 3, 4))
g.case("rot90/twice", lambda x: x.rot90(2), randn(2, 3))
g.case("pixelShuffle", lambda x: F.pixel_shuffle(x, 2), randn(2, 8, 2, 3))
g.case("pixelUnshuffle", lambda x: F.pixel_unshuffle(x, 2), randn(2, 2, 4, 6))
g.case("selectScatter", lambda x, s: x.select_scatter(s, 1, -1), randn(2, 3), randn(2))
g.case("sliceScatter", lambda x, s: x.slice_scatter(s, 1, 1, None, 2), randn(2, 6), randn(2, 3))
g.case("diagonalScatter", lambda x, s: x.diagonal_scatter(s, 1), randn(3, 4), randn(3))
g.case("constantPadNd", lambda x: torch.constant_pad_nd(x, (1, 2, -1, 1), 3.0), randn(3, 2))
g.case("repeat", lambda x: x.repeat(2, 1, 3), randn(2, 3))
g.case("tile", lambda x: x.tile(2), randn(2, 3))
g.case("repeatInterleave", lambda x: x.repeat_interleave(2, 1), randn(2, 3))
g.case("repeatInterleave/each", lambda x, n: x.repeat_interleave(n, 0), randn(3, 2),
       torch.tensor([2, 0, 1]))
g.case("repeatInterleave/positions", torch.repeat_interleave, torch.tensor([2, 0, 1, 3]))
g.case("meshgrid", lambda *x: torch.meshgrid(*x, indexing="xy"), randn(2), randn(3), randn(2))
g.case("cartesianProd", torch.cartesian_prod, randn(2), randn(3))
g.case("combinations", lambda x: torch.combinations(x, 3), randn(5))
g.case("combinations/again", lambda x: torch.combinations(x, 2, True), randn(3))
g.case("vander", lambda x: torch.vander(x, 4), randn(3), grad=False)
g.case("vander/increasing", lambda x: torch.vander(x, increasing=True), randint(-3, 4, (3,)))
g.case("trilIndices", lambda: torch.tril_indices(4, 3, 1))
g.case("triuIndices", lambda: torch.triu_indices(4, 3, -1))
g.write()
