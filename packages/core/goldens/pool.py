"""Goldens of ops/pool.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)
NAN, INF = float("nan"), float("inf")


def pool(name, x, size, grad=True, **options):
    g.case(f"max/{name}", lambda x: F.max_pool2d(x, size, return_indices=True, **options), x, grad=grad)


pool("2x2", randn(2, 3, 4, 6), 2)
pool("rest cut off", randn(1, 2, 5, 7), 2)
pool("many channels", randn(1, 19, 4, 4), 2)
pool("overlapping", randn(2, 3, 7, 7), 3, stride=2, padding=1)
pool("all options", randn(2, 5, 9, 8), (3, 2), stride=(2, 1), padding=(1, 1), dilation=(2, 3), ceil_mode=True)
pool("rounded up", randn(1, 2, 6, 5), 2, stride=3, ceil_mode=True)
pool("one window", randn(1, 2, 3, 4), (3, 4))
pool("gaps between windows", randn(1, 3, 7, 7), 2, stride=3)
pool("no batch", randn(2, 4, 4), 2)
pool("empty batch", randn(0, 2, 4, 4), 2)
pool("float64", randn(1, 2, 5, 5, dtype=torch.float64), 3, stride=1)
pool("ties", torch.tensor([[[[1.0, 1, 2, 2], [1, 0, 2, 3], [0, 0, 0, 0], [0, 0, -1, -1]]]]), 2)
pool("NaN and infinities",
     torch.tensor([[[[1.0, NAN, -INF, -INF], [NAN, 2, -INF, -INF], [INF, 1, 1, NAN], [INF, 0, 2, 3]]]]),
     2, grad=False)
for dtype in (torch.int64, torch.int32, torch.uint8):
    pool(f"{str(dtype)[6:]}", randint(0, 9, (1, 2, 5, 5), dtype), 3, stride=2, padding=1)


def scatter(dy, indices):
    flat = torch.zeros(1, 2, 30, dtype=dy.dtype).scatter_add(2, indices.flatten(2), dy.flatten(2))
    return flat.view(1, 2, 5, 6)


_, POSITIONS = F.max_pool2d(randn(1, 2, 5, 6), 3, stride=2, padding=1, return_indices=True)
g.case("max gradient", scatter, randn(1, 2, 3, 3), POSITIONS)
g.case("gather", lambda x, i: x.flatten(2).gather(2, i.flatten(2)).view(1, 2, 3, 3),
       randn(1, 2, 5, 6), POSITIONS)


def mean(name, x, size, **options):
    g.case(f"avg/{name}", lambda x: F.avg_pool2d(x, size, **options), x)


mean("2x2", randn(2, 3, 4, 6), 2)
mean("rest cut off", randn(1, 2, 5, 7), 2)
mean("many channels", randn(1, 19, 4, 4), 2)
mean("overlapping", randn(2, 3, 7, 7), 3, stride=2, padding=1)
mean("padding not counted", randn(2, 3, 7, 7), 3, stride=2, padding=1, count_include_pad=False)
mean("rounded up", randn(1, 2, 5, 6), 2, stride=2, padding=1, ceil_mode=True)
mean("rounded up, padding not counted", randn(1, 2, 5, 6), 2, stride=2, padding=1, ceil_mode=True,
     count_include_pad=False)
mean("another divisor", randn(1, 2, 6, 5), (3, 2), stride=(1, 3), divisor_override=-5)
mean("no batch", randn(2, 4, 4), 2)
mean("empty batch", randn(0, 2, 4, 4), 2)
mean("float64", randn(1, 2, 5, 5, dtype=torch.float64), 3, stride=1)
g.case("avg gradient",
       lambda dy: torch.ops.aten.avg_pool2d_backward(
           dy, torch.zeros(1, 2, 5, 6), [3, 3], [2, 2], [1, 1], False, False, None),
       randn(1, 2, 3, 3))


def case(name, fn, x, *args, grad=True, **options):
    g.case(name, lambda x: fn(x, *args, **options), x, grad=grad)


mean("int64", randint(-9, 9, (1, 2, 4, 4)), 2, padding=1)
TIES = torch.tensor([1.0, 1, 2, 2, NAN, NAN, 0, -1, -1, -1, NAN, 5, 5, 5, 5, 5])
case("max1d/2", F.max_pool1d, randn(2, 3, 7), 2)
case("max1d/all options", F.max_pool1d, randn(2, 3, 12), 3, stride=2, padding=1, dilation=2,
     ceil_mode=True, return_indices=True)
case("max1d/no batch", F.max_pool1d, randn(3, 7), 3, return_indices=True)
case("max3d/2", F.max_pool3d, randn(2, 3, 4, 5, 4), 2, return_indices=True)
case("max3d/all options", F.max_pool3d, randn(2, 3, 6, 7, 8), (2, 3, 2), stride=(1, 2, 2),
     padding=(1, 1, 0), dilation=(2, 1, 2), ceil_mode=True, return_indices=True)
case("max3d/values", F.max_pool3d, randn(1, 2, 3, 4, 3), 2, 1)
case("max3d/no batch", F.max_pool3d, randn(2, 4, 4, 5), 2, return_indices=True)
case("max3d/empty batch", F.max_pool3d, randn(0, 2, 4, 4, 4), 2, return_indices=True)
case("max3d/ties and NaN", F.max_pool3d, TIES.repeat(2).view(1, 2, 2, 2, 4), 2,
     return_indices=True, grad=False)
case("avg1d/2", F.avg_pool1d, randn(2, 3, 7), 2)
case("avg1d/all options", F.avg_pool1d, randn(2, 3, 8), 3, 2, 1, True, False)
case("avg1d/no batch", F.avg_pool1d, randn(3, 7), 3, 1)
case("avg3d/2", F.avg_pool3d, randn(2, 3, 4, 5, 4), 2)
case("avg3d/all options", F.avg_pool3d, randn(2, 3, 4, 7, 6), (2, 3, 2), (1, 2, 2), (1, 1, 0),
     True, False)
case("avg3d/another divisor", F.avg_pool3d, randn(1, 2, 3, 3, 4), 2, 1, 1, divisor_override=3)
case("avg3d/int64", F.avg_pool3d, randint(-9, 9, (1, 2, 3, 4, 4)), 2, padding=1)
case("adaptive avg1d/3", torch.adaptive_avg_pool1d, randn(2, 3, 6), 3)
case("adaptive avg1d/4", torch.adaptive_avg_pool1d, randn(2, 3, 7), 4)
case("adaptive avg1d/9", torch.adaptive_avg_pool1d, randn(2, 3, 5), 9)
case("adaptive avg1d/infinities", torch.adaptive_avg_pool1d,
     torch.tensor([[[1.0, INF, 2, 3, -INF, 4, 5, NAN]]]), 3, grad=False)
case("adaptive avg2d/1", F.adaptive_avg_pool2d, randn(2, 3, 4, 5), 1)
case("adaptive avg2d/3x4", F.adaptive_avg_pool2d, randn(2, 3, 7, 5), (3, 4))
case("adaptive avg2d/no batch", F.adaptive_avg_pool2d, randn(3, 4, 5), (None, 2))
case("adaptive avg3d/2x3x2", F.adaptive_avg_pool3d, randn(2, 3, 3, 4, 5), (2, 3, 2))
case("adaptive avg3d/2", F.adaptive_avg_pool3d, randn(1, 2, 4, 2, 6), 2)
case("adaptive max1d/3", torch.adaptive_max_pool1d, randn(2, 3, 6), 3)
case("adaptive max1d/4", torch.adaptive_max_pool1d, randn(2, 3, 7), 4)
case("adaptive max1d/ties and NaN", torch.adaptive_max_pool1d, TIES.view(1, 2, 8), 3, grad=False)
case("adaptive max2d/3x4", F.adaptive_max_pool2d, randn(2, 3, 7, 5), (3, 4), return_indices=True)
case("adaptive max3d/2x3x2", F.adaptive_max_pool3d, randn(2, 3, 3, 4, 5), (2, 3, 2),
     return_indices=True)
g.write()
