"""Goldens of ops/ctc.ts and ops/recurrent.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)


def ctc(name, shape, targets, inputs, lengths, blank=0, reduction=0, zero=False, dtype=torch.float32):
    def run(x, t):
        return torch.ctc_loss(x.log_softmax(-1), t, inputs, lengths, blank, reduction, zero)
    g.case(f"ctc/{name}", run, randn(*shape, dtype=dtype), torch.tensor(targets))


PADDED = [[1, 2, 2], [3, 1, 0]]
T = torch.tensor
ctc("none", (7, 2, 4), PADDED, T([7, 5]), T([3, 2]))
ctc("mean", (7, 2, 4), PADDED, T([7, 5]), T([3, 2]), reduction=1)
ctc("sum", (7, 2, 4), PADDED, T([7, 5]), T([3, 2]), reduction=2)
ctc("in a row", (6, 3, 5), [1, 1, 2, 4, 3], T([6, 4, 6]), T([2, 0, 3]), blank=0)
ctc("another blank", (5, 2, 3), [[0, 1], [1, 1]], T([5, 5]), T([2, 2]), blank=2)
ctc("one sequence", (6, 4), [1, 2, 1], T(6), T(3), reduction=1)
ctc("too short", (2, 2, 4), [[1, 1, 1], [1, 2, 3]], T([2, 2]), T([3, 1]), reduction=2, zero=True)
ctc("no labels", (3, 2, 4), [[0], [0]], T([3, 2]), T([0, 0]))
ctc("float64", (6, 2, 4), PADDED, T([6, 6]), T([3, 2]), dtype=torch.float64)
g.case("ctc/infinite", lambda x, t: torch.ctc_loss(x.log_softmax(-1), t, T([2, 0]), T([3, 1])),
       randn(2, 2, 4), T([[1, 1, 1], [1, 2, 3]]), grad=False)


def lstm(name, *args):
    g.case(f"lstm/{name}", lambda x, h, c, *w: torch.lstm_cell(x, (h, c), *w), *args)


lstm("plain", randn(2, 3), randn(2, 4), randn(2, 4), randn(16, 3), randn(16, 4))
lstm("biases", randn(3, 2), randn(3, 3), randn(3, 3), randn(12, 2), randn(12, 3), randn(12), randn(12))
g.case("gru/plain", torch.gru_cell, randn(2, 3), randn(2, 4), randn(12, 3), randn(12, 4))
g.case("gru/biases", torch.gru_cell, randn(3, 2), randn(3, 3), randn(9, 2), randn(9, 3), randn(9),
       randn(9))
g.write()
