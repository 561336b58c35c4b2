"""Goldens of ops/conv.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)


def conv(name, x, w, b=None, grad=True, **options):
    g.case(name, lambda x, w, b: F.conv2d(x, w, b, **options), x, w, b, grad=grad)


conv("plain", randn(2, 3, 5, 6), randn(4, 3, 3, 3), randn(4))
conv("no bias", randn(2, 3, 5, 6), randn(4, 3, 3, 3))
conv("one channel", randn(2, 1, 7, 8), randn(6, 1, 3, 3), randn(6), padding=1)
conv("5x5 kernel", randn(1, 1, 9, 9), randn(3, 1, 5, 5), randn(3), padding=2)
conv("1x1 kernel", randn(2, 5, 4, 3), randn(6, 5, 1, 1), randn(6))
conv("many channels", randn(1, 18, 3, 4), randn(17, 18, 2, 2), randn(17), padding=1)
conv("all options", randn(2, 4, 9, 8), randn(6, 2, 3, 2), randn(6), stride=(2, 3),
     padding=(2, 1), dilation=(1, 2), groups=2)
conv("few channels, all options", randn(2, 2, 11, 10), randn(5, 2, 3, 2), randn(5),
     stride=(3, 2), padding=(1, 3), dilation=(2, 3))
conv("depthwise", randn(2, 4, 5, 5), randn(4, 1, 3, 3), randn(4), padding=1, groups=4)
conv("kernel of the input's size", randn(2, 3, 4, 5), randn(2, 3, 4, 5), randn(2))
conv("padding beyond the kernel", randn(1, 2, 3, 3), randn(2, 2, 2, 2), randn(2), padding=4, stride=2)
conv("same", randn(1, 2, 5, 6), randn(3, 2, 3, 5), randn(3), padding="same")
conv("same, even kernel", randn(1, 2, 5, 6), randn(3, 2, 2, 4), randn(3), padding="same")
conv("same, dilated", randn(1, 2, 6, 7), randn(2, 2, 2, 3), None, padding="same", dilation=(3, 2))
conv("valid", randn(1, 2, 5, 6), randn(3, 2, 3, 3), None, padding="valid")
conv("no batch", randn(2, 5, 4), randn(3, 2, 3, 3), randn(3), padding=1)
conv("empty batch", randn(0, 2, 4, 4), randn(3, 2, 3, 3), randn(3))
conv("float64", randn(2, 3, 5, 5, dtype=torch.float64), randn(4, 3, 3, 3, dtype=torch.float64),
     randn(4, dtype=torch.float64), stride=2, padding=1)
for dtype in (torch.int64, torch.int32, torch.uint8):
    conv(f"{str(dtype)[6:]}", randint(0, 9, (1, 2, 4, 4), dtype), randint(0, 9, (3, 2, 2, 2), dtype),
         randint(0, 9, (3,), dtype), padding=1)



def family(fn, name, x, w, b=None, grad=True, **options):
    g.case(f"{fn}: {name}", lambda x, w, b: getattr(torch, fn)(x, w, b, **options), x, w, b,
           grad=grad)


family("conv1d", "plain", randn(2, 3, 7), randn(4, 3, 3), randn(4))
family("conv1d", "all options", randn(2, 4, 11), randn(6, 2, 3), randn(6), stride=2, padding=3,
       dilation=2, groups=2)
family("conv1d", "same, even kernel", randn(2, 2, 6), randn(3, 2, 4), randn(3), padding="same")
family("conv1d", "no batch", randn(2, 6), randn(3, 2, 3), randn(3), padding=1)
family("conv1d", "int64", randint(0, 9, (1, 2, 6)), randint(0, 9, (3, 2, 2)), randint(0, 9, (3,)))
family("conv3d", "plain", randn(2, 3, 4, 3, 5), randn(4, 3, 2, 2, 3), randn(4))
family("conv3d", "all options", randn(2, 4, 6, 5, 7), randn(6, 2, 3, 2, 2), randn(6),
       stride=(2, 1, 3), padding=(2, 1, 0), dilation=(1, 2, 3), groups=2)
family("conv3d", "same", randn(1, 2, 3, 4, 5), randn(2, 2, 2, 3, 4), randn(2), padding="same")
family("conv3d", "no batch", randn(2, 3, 4, 4), randn(3, 2, 2, 3, 3), randn(3), padding=1)
family("conv3d", "float64", randn(1, 2, 3, 4, 3, dtype=torch.float64),
       randn(2, 1, 2, 2, 2, dtype=torch.float64), randn(2, dtype=torch.float64), groups=2)
family("conv3d", "depthwise, padding beyond the kernel", randn(1, 3, 2, 2, 2),
       randn(3, 1, 2, 2, 2), None, groups=3, padding=3, stride=2)
family("conv_transpose1d", "plain", randn(2, 3, 5), randn(3, 4, 3), randn(4))
family("conv_transpose1d", "all options", randn(2, 4, 5), randn(4, 3, 3), randn(6), stride=3,
       padding=2, output_padding=2, groups=2, dilation=2)
family("conv_transpose1d", "no batch", randn(3, 5), randn(3, 2, 3), None, stride=2)
family("conv_transpose2d", "plain", randn(2, 3, 4, 3), randn(3, 4, 3, 2), randn(4))
family("conv_transpose2d", "all options", randn(2, 4, 3, 4), randn(4, 3, 3, 2), randn(6),
       stride=(2, 3), padding=(1, 2), output_padding=(1, 2), groups=2, dilation=(2, 1))
family("conv_transpose2d", "output padding beyond the stride", randn(1, 2, 3, 3),
       randn(2, 2, 2, 2), randn(2), stride=(1, 2), padding=1, output_padding=(1, 3),
       dilation=(2, 4))
family("conv_transpose2d", "output padding beyond the windows", randn(1, 2, 3, 3),
       randn(2, 2, 2, 1), randn(2), output_padding=(2, 3), dilation=(3, 4))
family("conv_transpose2d", "padding beyond the kernel", randn(1, 2, 6, 6), randn(2, 3, 2, 2),
       None, padding=2)
family("conv_transpose2d", "no batch", randn(2, 3, 4), randn(2, 3, 2, 2), randn(3))
family("conv_transpose2d", "int64", randint(0, 9, (1, 2, 3, 3)), randint(0, 9, (2, 3, 2, 2)),
       randint(0, 9, (3,)))
family("conv_transpose3d", "plain", randn(2, 3, 2, 3, 2), randn(3, 4, 2, 2, 3), randn(4))
family("conv_transpose3d", "all options", randn(1, 4, 3, 2, 3), randn(4, 2, 3, 2, 2), randn(4),
       stride=(2, 1, 3), padding=(1, 0, 1), output_padding=(1, 0, 2), groups=2,
       dilation=(1, 2, 1))
family("conv_transpose3d", "no batch", randn(2, 2, 3, 2), randn(2, 3, 2, 2, 2), randn(3))

OPTIONS = dict(stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
g.case("input gradient", lambda dy, w: torch.nn.grad.conv2d_input((2, 4, 6, 5), w, dy, **OPTIONS),
       randn(2, 6, 3, 5), randn(6, 2, 3, 3))
g.case("weight gradient", lambda dy, x: torch.nn.grad.conv2d_weight(x, (6, 2, 3, 3), dy, **OPTIONS),
       randn(2, 6, 3, 5), randn(2, 4, 6, 5))
g.case("weight and bias gradient",
       lambda dy, x: (torch.nn.grad.conv2d_weight(x, (3, 2, 2, 2), dy), dy.sum((0, 2, 3))),
       randn(2, 3, 3, 4), randn(2, 2, 4, 5))
VOLUME = dict(stride=(2, 1, 1), padding=(1, 0, 1), dilation=(1, 2, 1), groups=2)
g.case("volume input gradient",
       lambda dy, w: torch.nn.grad.conv3d_input((1, 4, 4, 5, 3), w, dy, **VOLUME),
       randn(1, 6, 2, 3, 4), randn(6, 2, 3, 2, 2))
g.case("volume weight gradient",
       lambda dy, x: torch.nn.grad.conv3d_weight(x, (6, 2, 3, 2, 2), dy, **VOLUME),
       randn(1, 6, 2, 3, 4), randn(1, 4, 4, 5, 3))
g.case("volume weight and bias gradient",
       lambda dy, x: (torch.nn.grad.conv3d_weight(x, (3, 2, 2, 2, 1), dy), dy.sum((0, 2, 3, 4))),
       randn(1, 3, 2, 3, 2), randn(1, 2, 3, 4, 2))
g.write()
