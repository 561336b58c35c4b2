"""Goldens of ops/embedding.ts and ops/embedding-bag.ts."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)


def rows(name, w, i, *args):
    g.case(f"rows/{name}", lambda w, i: torch.embedding(w, i, *args), w, i)


rows("list", randn(5, 3), torch.tensor([4, 0, 0, 2]))
rows("matrix", randn(6, 20), torch.tensor([[5, 1, 5], [2, 0, 5]]))
rows("int32", randn(3, 2), torch.tensor([2, 1], dtype=torch.int32))
rows("single", randn(3, 2), torch.tensor(1))
rows("padding and frequency", randn(4, 3), torch.tensor([1, 1, 2, 3, 1]), 2, True)

I = torch.tensor([1, 1, 2, 3, 0, 1])
O = torch.tensor([0, 2, 2, 4])


def bags(name, mode, padding=None, i=I, o=O, last=False):
    def run(w, i, o):
        return torch.embedding_bag(w, i, o, False, mode, False, None, last, *(
            [] if padding is None else [padding]))
    g.case(f"bag/{name}", run, randn(5, 3), i, o)


bags("sum", 0)
bags("mean", 1)
bags("max", 2)
bags("sum, padding", 0, 1)
bags("mean, padding", 1, 1)
bags("max, padding", 2, 1)
bags("last offset", 1, None, I, torch.tensor([0, 3, 3, 6]), True)
g.case("bag/factors", lambda w, i, o, f: torch.embedding_bag(w, i, o, False, 0, False, f)[0],
       randn(5, 3), I, O, randn(6))
# Each index is named twice: PyTorch mixes up the counts of others (it looks them up by the number of
# the distinct index).
g.case("bag/frequency", lambda w, i, o: torch.embedding_bag(w, i, o, True, 0)[0], randn(5, 3),
       torch.tensor([1, 3, 3, 1]), torch.tensor([0, 3]))
g.write()
