"""Goldens of ops/einsum.ts and einops.ts; the latter need `pip install einops` (0.8)."""
import torch
from einops import rearrange, reduce, repeat

from golden import Goldens, randint, randn

g = Goldens(__file__)


def einsum(name, equation, *shapes):
    g.case(name, lambda *x: torch.einsum(equation, *x), *(randn(*shape) for shape in shapes))


einsum("matrices", "ij,jk->ik", (2, 3), (3, 4))
einsum("batches", "bij,bjk->bik", (2, 3, 4), (2, 4, 5))
einsum("implicit", "ba,ca", (2, 3), (4, 3))
einsum("implicit, capitals first", "aB->", (2, 3))
einsum("implicit transposition", "ba", (2, 3))
einsum("trace", "ii", (3, 3))
einsum("diagonal", "ii->i", (3, 3))
einsum("diagonals of a batch", "bii->ib", (2, 3, 3))
einsum("three times", "iii->i", (2, 2, 2))
einsum("two diagonals", "ijij->ji", (2, 3, 2, 3))
einsum("outer", "i,j->ij", (3,), (4,))
einsum("elementwise", "ij,ij->ij", (2, 3), (2, 3))
einsum("all summed", "ij,ij->", (2, 3), (2, 3))
einsum("sum over one operand", "ij,k->k", (2, 3), (4,))
einsum("ellipsis", "...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2))
einsum("ellipsis summed", "...i->i", (2, 3, 4))
einsum("ellipsis implicit", "...ij", (2, 4, 3))
einsum("ellipsis in the middle", "i...j,j->...i", (2, 3, 4), (4,))
einsum("an axis of size 1", "ij,kj->ik", (2, 3), (4, 1))
einsum("an axis of size 1 in the result", "ij,ij->ij", (2, 3), (1, 3))
einsum("three operands", "ij,jk,kl->il", (2, 3), (3, 4), (4, 2))
einsum("bilinear", "bi,oij,bj->bo", (2, 3), (4, 3, 2), (2, 2))
einsum("four operands", "ab,bc,cd,da->", (2, 3), (3, 2), (2, 3), (3, 2))
einsum("attention", "bqhd,bkhd->bhqk", (1, 2, 2, 3), (1, 3, 2, 3))
einsum("no inner elements", "ij,jk->ik", (2, 0), (0, 3))
g.case("lists", lambda a, b: torch.einsum(a, [0, 1], b, [1, 30], [30, 0]), randn(2, 3), randn(3, 4))
g.case("lists with an ellipsis", lambda a, b: torch.einsum(a, [..., 0], b, [0]), randn(2, 2, 3), randn(3))
g.case("integers", lambda a, b: torch.einsum("ij,jk->ik", a, b), randint(-5, 5, (2, 3)), randint(-5, 5, (3, 2)))
g.case("a sum of small integers", lambda a: torch.einsum("ij->i", a), randint(0, 90, (2, 3), torch.uint8))


def einops(fn, name, *shape, pattern, of=None, **sizes):
    args = [of] if of else []
    g.case(f"{fn.__name__}: {name}", lambda x: fn(x, pattern, *args, **sizes), randn(*shape))


einops(rearrange, "transposed", 2, 3, 4, pattern="a b c -> c a b")
einops(rearrange, "merged", 2, 3, 4, pattern="a b c -> (c a) b")
einops(rearrange, "split", 4, 6, pattern="(a b) (c d) -> a c (b d)", a=2, d=3)
einops(rearrange, "axes of size 1", 2, 1, 3, pattern="a 1 b -> () b a 1")
einops(rearrange, "ellipsis", 2, 3, 4, pattern="a ... -> ... a")
einops(rearrange, "ellipsis merged", 2, 3, 4, pattern="a ... -> (... a)")
einops(rearrange, "patches", 1, 4, 4, 2, pattern="b (h p) (w q) c -> b (h w) (p q c)", p=2, q=2)
g.case("rearrange: a list", lambda a, b: rearrange([a, b], "n a b -> a (n b)"), randn(2, 3), randn(2, 3))
einops(reduce, "sum", 2, 3, 4, pattern="a b c -> b", of="sum")
einops(reduce, "mean to axes of size 1", 2, 3, 4, pattern="a b c -> a 1 c", of="mean")
einops(reduce, "max pooling", 1, 4, 6, 2, pattern="b (h 2) (w 3) c -> b c h w", of="max")
einops(reduce, "min of the ellipsis", 2, 3, 4, pattern="... c -> c", of="min")
einops(reduce, "prod over two axes", 2, 3, 2, pattern="a b c -> b", of="prod")
einops(reduce, "everything", 2, 3, pattern="... ->", of="sum")
g.case("reduce: any", lambda x: reduce(x, "a b -> a", "any"), randint(0, 2, (3, 2), torch.bool))
g.case("reduce: all", lambda x: reduce(x, "a b -> a", "all"), randint(0, 2, (3, 2), torch.bool))
einops(repeat, "a new axis", 2, 3, pattern="a b -> a c b", c=4)
einops(repeat, "along an axis", 2, 3, pattern="a b -> (a 2) (3 b)")
einops(repeat, "ellipsis", 2, 3, pattern="... -> ... 2")
g.write()
