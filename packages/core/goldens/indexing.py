"""Goldens of ops/indexing.ts, ops/index-ops.ts, ops/masking.ts and ops/dropout.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)


def seeded(p):
    def run(x):
        torch.manual_seed(3)
        return F.dropout(x, p, True)
    return run


g.case("dropout", seeded(0.4), randn(5, 7))
g.case("dropout of infinities", seeded(0.5), torch.tensor([float("inf"), -1, float("-inf"), 2] * 4))
g.case("dropout of everything", seeded(1.0), torch.tensor([-1, float("inf"), 2]))

# --- at ---
g.case("at/number", lambda x: x[-1], randn(3, 4))
g.case("at/slices", lambda x: x[1:, ..., ::2], randn(3, 2, 5))
g.case("at/new axes", lambda x: x[None, :, 1, None], randn(3, 4))
g.case("at/empty slice", lambda x: x[2:1], randn(3, 4))
g.case("at/index", lambda x, i: x[i], randn(4, 3), torch.tensor([[0, 3], [-1, 0]]))
g.case("at/index of the last axis", lambda x, i: x[..., i], randn(2, 3, 4), torch.tensor([3, 3, 0]))
g.case("at/neighbours", lambda x, i, j: x[:, i, j], randn(2, 3, 4, 2), torch.tensor([[0], [2]]),
       torch.tensor([1, -1, 1]))
g.case("at/apart", lambda x, i, j: x[i, :, j], randn(2, 3, 4), torch.tensor([0, 1, 1]),
       torch.tensor([3, 0, 0]))
g.case("at/mixed", lambda x, i, j: x[1, i, 1:3, None, j], randn(2, 3, 4, 5), torch.tensor([0, 2]),
       torch.tensor([4, 4]))
mask = torch.tensor([[True, False, True], [False, True, True]])
g.case("at/mask", lambda x, m: x[m], randn(2, 3), mask)
g.case("at/mask of the first axes", lambda x, m: x[m], randn(2, 3, 4), mask)
g.case("at/mask and index", lambda x, m, i: x[m, i], randn(2, 3, 4), mask, torch.tensor([1, 0, 3, 3]))
g.case("at/masks", lambda x, m, n: x[m, :, n], randn(2, 3, 3), mask[:, 0] | mask[:, 1],
       torch.tensor([False, True, True]))
g.case("at/true", lambda x: x[True], randn(2, 3))
g.case("at/nothing", lambda x, m: x[m], randn(2, 3), torch.zeros(2, 3, dtype=torch.bool))


# --- setAt ---
def assign(index, accumulate=False):
    def run(x, v, *indices):
        y = x.clone()
        if accumulate:
            y.index_put_(index(*indices), v, accumulate=True)
        else:
            y[index(*indices)] = v
        return y
    return run


def at(*index):
    return lambda: index


g.case("setAt/number", assign(at(1)), randn(3, 4), randn(4))
g.case("setAt/slices", assign(at(slice(1, None), ..., slice(None, None, 2))), randn(3, 2, 5),
       randn(2, 1, 3))
g.case("setAt/new axis", assign(at(None, 0)), randn(3, 4), randn(1, 4))
g.case("setAt/index", assign(lambda i: i), randn(4, 3), randn(2, 3), torch.tensor([3, 0]))
g.case("setAt/broadcast", assign(lambda i: (slice(None), i)), randn(2, 4), randn(2, 1),
       torch.tensor([3, 0, 1]))
g.case("setAt/apart", assign(lambda i, j: (i, slice(None), j)), randn(2, 3, 4), randn(2, 3),
       torch.tensor([0, 1]), torch.tensor([3, 0]))
g.case("setAt/slice and index", assign(lambda i: (slice(1, 3), i)), randn(4, 3), randn(2, 2),
       torch.tensor([2, 0]))
g.case("setAt/mask", assign(lambda m: m), randn(2, 3), randn(4), mask)
g.case("setAt/mask of rows", assign(lambda m: m), randn(2, 3, 2), randn(2), mask)
g.case("setAt/mask and number", assign(lambda m: m), randn(2, 3), randn(1)[0], mask)
g.case("setAt/accumulate", assign(lambda i: (i,), accumulate=True), randn(4, 2), randn(3, 2),
       torch.tensor([1, 1, -1]))

# --- index-ops ---
g.case("indexSelect", lambda x, i: x.index_select(1, i), randn(3, 4), torch.tensor([3, 0, 0]))
g.case("take", lambda x, i: x.take(i), randn(3, 4), torch.tensor([[11, -1], [0, 5]]))
g.case("gather", lambda x, i: x.gather(1, i), randn(3, 4), randint(0, 4, (3, 5)))
g.case("gather/first axis", lambda x, i: x.gather(0, i), randn(3, 4), randint(0, 3, (2, 3)))
g.case("scatter", lambda x, s, i: x.scatter(1, i, s), randn(3, 4), randn(3, 2),
       torch.tensor([[0, 1], [3, 2], [1, 0]]))
g.case("scatter/number", lambda x, i: x.scatter(0, i, 1.5), randn(3, 4), randint(0, 3, (2, 4)))
g.case("scatterAdd", lambda x, s, i: x.scatter_add(0, i, s), randn(3, 4), randn(5, 4),
       randint(0, 3, (5, 4)))
g.case("scatter/reduce", lambda x, i: x.scatter(1, i, 2, reduce="add"), randn(2, 3),
       torch.tensor([[1, 1], [0, 2]]), grad=False)
g.case("indexAdd", lambda x, s, i: x.index_add(0, i, s, alpha=0.5), randn(4, 3), randn(5, 3),
       torch.tensor([3, 0, 3, 1, 3]))
g.case("indexCopy", lambda x, s, i: x.index_copy(1, i, s), randn(2, 4), randn(2, 2),
       torch.tensor([2, 0]))
g.case("indexFill", lambda x, v, i: x.index_fill(1, i, v), randn(2, 4), randn(1)[0],
       torch.tensor([2, 0]))
g.case("oneHot", lambda i: F.one_hot(i), torch.tensor([[0, 2], [3, 0]]))
g.case("oneHot/classes", lambda i: F.one_hot(i, 5), torch.tensor(4))

# --- masking ---
g.case("maskedSelect", lambda x, m: x.masked_select(m), randn(3, 1), mask[:1].expand(3, 3).clone())
g.case("maskedFill", lambda x, v, m: x.masked_fill(m, v), randn(3), randn(1)[0], mask)
g.case("nonzero", lambda x: x.nonzero(), torch.tensor([[0.0, 1, float("nan")], [-0.0, 0, 2]]),
       grad=False)
g.case("nonzero/asTuple", lambda x: x.nonzero(as_tuple=True), torch.tensor([[0, 1, 5], [0, 0, 2]]))
g.case("nonzero/no axes", lambda x: x.nonzero(), torch.tensor(3))
g.case("maskedScatter", lambda x, s, m: x.masked_scatter(m, s), randn(3), randn(2, 3), mask)
g.case("maskedScatter_", lambda x, s, m: x.clone().masked_scatter_(m, s), randn(2, 3), randn(5), mask)
g.case("argwhere", torch.argwhere, torch.tensor([[0.0, 1], [-2, 0]]), grad=False)
g.case("where/condition", lambda c: torch.where(c), torch.tensor([[0, 1], [2, 0]]))

# --- more of index-ops ---
g.case("takeAlongDim", lambda x, i: torch.take_along_dim(x, i, 1), randn(1, 4),
       torch.tensor([[3, -1], [0, 2]]))
g.case("takeAlongDim/all", lambda x, i: torch.take_along_dim(x, i), randn(2, 3),
       torch.tensor([5, 0, 5]))
g.case("put", lambda x, s, i: x.put(i, s), randn(2, 3), randn(3), torch.tensor([[4, 0, -1]]))
g.case("put/accumulate", lambda x, s, i: x.put(i, s, accumulate=True), randn(2, 3), randn(4),
       torch.tensor([4, 0, -1, 4]))
g.case("put_", lambda x, s, i: x.clone().put_(i, s), randn(2, 2), randn(2), torch.tensor([2, 1]))
g.case("indexPut/mask and index", lambda x, v, m, i: x.index_put((m, i), v), randn(2, 3, 4),
       randn(4), mask, torch.tensor([0, 3, 1, 1]))
g.case("indexCopy_", lambda x, s, i: x.clone().index_copy_(0, i, s), randn(3, 2), randn(2, 2),
       torch.tensor([2, 0]))
g.case("indexFill/repeated", lambda x, v, i: x.index_fill(1, i, v), randn(2, 4), randn(1)[0],
       torch.tensor([2, 2, 0]))
places = torch.tensor([[0, 2, 2], [1, 1, 1], [2, 0, 2]])
for reduce in ["sum", "prod", "mean", "amax", "amin"]:
    for include in [True, False]:
        name = f"scatterReduce/{reduce}{'' if include else ' without self'}"
        g.case(name, lambda x, s, i: x.scatter_reduce(1, i, s, reduce, include_self=include),
               randn(3, 4), randn(3, 3), places)
        if reduce == "sum":
            continue
        g.case(f"indexReduce/{reduce}{'' if include else ' without self'}",
               lambda x, s, i: x.index_reduce(0, i, s, reduce, include_self=include),
               randn(4, 3), randn(5, 3), torch.tensor([3, 0, 3, 1, 3]))
zeros = torch.tensor([[2.0, 0, 3], [0, 0, 1.5]])
g.case("scatterReduce/zeros", lambda x, s, i: x.scatter_reduce(1, i, s, "prod"),
       torch.tensor([[1.0, 2, 0], [3, 0, 2]]), zeros, torch.tensor([[0, 0, 2], [1, 1, 0]]))
g.case("scatterReduce/ties", lambda x, s, i: x.scatter_reduce(0, i, s, "amax"),
       torch.tensor([1.0, 2, 3]), torch.tensor([2.0, 1, 3, 1, float("nan")]),
       torch.tensor([0, 1, 2, 1, 2]))
g.case("scatterReduce/integers", lambda x, s, i: x.scatter_reduce(0, i, s, "mean"),
       torch.tensor([1, -2, 3]), torch.tensor([-2, 1, -9]), torch.tensor([0, 1, 0]))
g.case("scatter/multiply", lambda x, s, i: x.scatter(1, i, s, reduce="multiply"), randn(2, 3),
       randn(2, 2), torch.tensor([[1, 1], [0, 2]]), grad=False)
g.write()
