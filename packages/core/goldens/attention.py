"""Goldens of ops/attention.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, rand, randn

g = Goldens(__file__)
sdpa = F.scaled_dot_product_attention
INF = float("inf")


def qkv(lead, length, source, e, ev=None, dtype=torch.float32):
    return [randn(*lead, length, e, dtype=dtype), randn(*lead, source, e, dtype=dtype),
            randn(*lead, source, ev or e, dtype=dtype)]


g.case("heads", sdpa, *qkv((2, 3), 5, 7, 4))
g.case("causal", lambda q, k, v: sdpa(q, k, v, is_causal=True), *qkv((1, 2), 70, 70, 2))
g.case("causal, more queries than keys", lambda q, k, v: sdpa(q, k, v, is_causal=True),
       *qkv((2,), 21, 6, 4))
g.case("causal, more keys than queries", lambda q, k, v: sdpa(q, k, v, is_causal=True),
       *qkv((2,), 6, 21, 4))
g.case("long", lambda q, k, v: sdpa(q, k, v), *qkv((), 66, 197, 2, 3))
g.case("one query", lambda q, k, v: sdpa(q, k, v), *qkv((1, 2), 1, 19, 16, 32))
g.case("matrices", lambda q, k, v: sdpa(q, k, v, scale=0.3), *qkv((), 4, 5, 3, 6))
g.case("float64", lambda q, k, v: sdpa(q, k, v), *qkv((2, 1), 5, 7, 3, dtype=torch.float64))
g.case("leading axes that broadcast", sdpa, randn(2, 1, 4, 3), randn(3, 5, 3), randn(1, 3, 5, 2))
g.case("a bool mask", sdpa, *qkv((2, 2), 4, 6, 3), rand(4, 6) > 0.4)
blind = rand(2, 1, 4, 6) > 0.4
blind[0, 0, 1] = False
blind[1, 0, 3] = False
g.case("a query that sees nothing", sdpa, *qkv((2, 2), 4, 6, 3), blind)
g.case("a mask of keys", sdpa, *qkv((2, 2), 4, 6, 3), rand(2, 1, 1, 6) > 0.3)
g.case("a float mask with gradient", sdpa, *qkv((2, 2), 4, 6, 3), randn(2, 1, 4, 6))
summand = randn(4, 6).masked_fill(rand(4, 6) > 0.6, -INF)
g.case("a float mask", lambda q, k, v: sdpa(q, k, v, summand), *qkv((2, 2), 4, 6, 3))
g.case("the mask of that", lambda m: m * 1, summand, grad=False)
g.case("shared heads", lambda q, k, v: sdpa(q, k, v, enable_gqa=True, is_causal=True),
       randn(2, 6, 5, 4), randn(2, 2, 5, 4), randn(2, 2, 5, 4))
g.case("keys shared otherwise than values", lambda q, k, v: sdpa(q, k, v, enable_gqa=True),
       randn(6, 3, 4), randn(2, 5, 4), randn(3, 5, 4))


def dropped(q, k, v):
    torch.manual_seed(3)
    return sdpa(q, k, v, dropout_p=0.3)


g.case("dropout", dropped, *qkv((2, 2), 5, 7, 4))
g.case("float16", lambda q, k, v: sdpa(q, k, v), *qkv((1, 2), 5, 7, 4, dtype=torch.float16),
       grad=False)
g.case("bfloat16", lambda q, k, v: sdpa(q, k, v), *qkv((1, 2), 5, 7, 4, dtype=torch.bfloat16),
       grad=False)
g.case("no keys", sdpa, *qkv((2,), 3, 0, 4))
g.case("no queries", sdpa, *qkv((2,), 0, 3, 4))
g.write()
