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
for name, cell in (("tanh", torch.rnn_tanh_cell), ("relu", torch.rnn_relu_cell)):
    g.case(f"{name}/plain", cell, randn(2, 3), randn(2, 4), randn(4, 3), randn(4, 4))
    g.case(f"{name}/biases", cell, randn(6, 2), randn(6, 3), randn(3, 2), randn(3, 3), randn(3),
           randn(3))


# One layer in one or two directions over whole sequences. Inputs: x, states, and the weights of each
# direction. `lengths`: x [N, T, D] is packed.
def layer(name, cell, shape, hidden, bias=True, batch_first=False, both=False, proj=0, lengths=None,
          dtype=torch.float32, states=True):
    gates = {"lstm": 4, "gru": 3}.get(cell, 1)
    batch = len(lengths) if lengths else shape[0 if batch_first else 1]
    runs = 2 if both else 1
    out = proj or hidden
    state = [randn(runs, batch, out, dtype=dtype)] + (
        [randn(runs, batch, hidden, dtype=dtype)] if cell == "lstm" else [])
    weights = []
    for _ in range(runs):
        weights += [randn(gates * hidden, shape[-1], dtype=dtype), randn(gates * hidden, out, dtype=dtype)]
        weights += [randn(gates * hidden, dtype=dtype) for _ in range(2)] if bias else []
        weights += [randn(proj, hidden, dtype=dtype)] if proj else []
    function = {"lstm": torch.lstm, "gru": torch.gru, "tanh": torch.rnn_tanh, "relu": torch.rnn_relu}[cell]

    def run(x, *rest):
        hx = rest[:len(state)]
        hx = list(hx) if cell == "lstm" else hx[0]
        params = list(rest[len(state):])
        if lengths:
            packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True)
            return function(packed.data, packed.batch_sizes, hx, params, bias, 1, 0.0, False, both)
        return function(x, hx, params, bias, 1, 0.0, False, both, batch_first)
    g.case(f"layer/{name}", run, randn(*shape, dtype=dtype), *state, *weights)


layer("lstm", "lstm", (5, 2, 3), 4)
layer("lstm, few steps", "lstm", (2, 3, 3), 2, bias=False)
layer("lstm, many sequences", "lstm", (3, 7, 2), 17, batch_first=False)
layer("lstm, batches first", "lstm", (2, 6, 3), 10, batch_first=True)
layer("lstm, both ways", "lstm", (4, 2, 3), 3, both=True)
layer("lstm, projected", "lstm", (5, 3, 2), 6, proj=2, both=True)
layer("lstm, projected, few steps", "lstm", (2, 5, 2), 6, proj=2, bias=False)
layer("lstm, packed", "lstm", (3, 6, 2), 5, both=True, lengths=[6, 4, 1])
layer("lstm, packed and projected", "lstm", (3, 5, 2), 5, both=True, lengths=[5, 2, 2], proj=3)
layer("lstm, float64", "lstm", (5, 2, 3), 9, both=True, dtype=torch.float64)
layer("gru", "gru", (5, 2, 3), 4)
layer("gru, few steps", "gru", (2, 3, 3), 2, bias=False)
layer("gru, many sequences", "gru", (3, 7, 2), 17)
layer("gru, batches first", "gru", (2, 6, 3), 10, batch_first=True)
layer("gru, packed", "gru", (3, 6, 2), 5, both=True, lengths=[6, 4, 1])
layer("gru, float64", "gru", (5, 2, 3), 9, both=True, dtype=torch.float64)
layer("tanh", "tanh", (5, 2, 3), 4, both=True)
layer("tanh, few steps", "tanh", (2, 6, 3), 18, bias=False, batch_first=True)
layer("tanh, packed", "tanh", (3, 6, 2), 5, both=True, lengths=[6, 4, 1])
layer("relu", "relu", (5, 2, 3), 4, both=True, batch_first=True)
layer("relu, packed", "relu", (3, 6, 2), 5, both=True, lengths=[6, 4, 1])
# A score that is no number, of a label and beside what is impossible.
NAN = torch.full((2, 2, 3), -1.0)
NAN[0, 0, 1] = NAN[1, 1, 2] = torch.nan
g.case("ctc/no number", lambda x, t: torch.ctc_loss(x, t, T([1, 2]), T([1, 2])), NAN, T([[1, 0], [1, 2]]),
       grad=False)
g.write()
