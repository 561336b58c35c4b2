"""Goldens of the operations on images: grid_sample, interpolate and formulas of colours."""
import colorsys

import torch
import torch.nn.functional as F
from golden import Goldens, randint, rand

g = Goldens(__file__)
BORDERS = {"constant": "zeros", "edge": "border", "symmetric": "reflection"}


def warp(x, m, height, width, mode, border):
    """The map in pixels, as a grid of PyTorch's."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([columns, rows, torch.ones_like(rows)], -1).double()
    u, v, d = (points @ torch.tensor(m, dtype=torch.float64).view(3, 3).T).unbind(-1)
    u, v = u / d, v / d
    grid = torch.stack([(2 * u + 1) / x.shape[2] - 1, (2 * v + 1) / x.shape[1] - 1], -1)
    y = F.grid_sample(x[None].double(), grid[None], mode=mode, padding_mode=BORDERS[border],
                      align_corners=False)[0]
    return y.round().clamp(0, 255).to(x.dtype) if x.dtype == torch.uint8 else y.to(x.dtype)


turn = [0.9, -0.31, 2.713, 0.28, 1.1, -1.937, 0, 0, 1]
tilt = [1.1, 0.12, -1.313, 0.07, 0.9, 0.617, 0.011, -0.006, 1]
u8 = lambda *shape: randint(0, 256, shape, dtype=torch.uint8)
for name, m in (("turn", turn), ("tilt", tilt)):
    for mode in ("nearest", "bilinear", "bicubic"):
        for border in BORDERS:
            call = lambda x: warp(x, m, 9, 12, mode, border)
            g.case(f"warp/{name}, {mode}, {border}, float32", call, rand(2, 7, 11), grad=False)
            g.case(f"warp/{name}, {mode}, {border}, uint8", call, u8(3, 7, 11))


def resize(x, height, width, mode, antialias):
    plain = mode in ("nearest", "nearest-exact", "area")
    y = x if mode != "area" else x.float()
    y = F.interpolate(y[None], (height, width), mode=mode, antialias=antialias,
                      **({} if plain else {"align_corners": False}))[0]
    return y.round().to(x.dtype) if mode == "area" and x.dtype == torch.uint8 else y


for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area"):
    for antialias in (False, True):
        if antialias and mode not in ("bilinear", "bicubic"):
            continue
        for height, width in ((5, 4), (11, 15), (9, 30), (9, 16)):
            what = f"{mode}{', smooth' if antialias else ''}, {height} x {width}"
            call = lambda x: resize(x, height, width, mode, antialias)
            g.case(f"resize/{what}, float32", call, rand(2, 9, 13), grad=False)
            g.case(f"resize/{what}, uint8", call, u8(3, 9, 13))


def saturation(x, factor):
    grey = 0.2989 * x[0].double() + 0.587 * x[1].double() + 0.114 * x[2].double()
    if x.dtype == torch.uint8:
        grey = grey.floor()
    most = 255 if x.dtype == torch.uint8 else 1
    return (x.double() * factor + grey * (1 - factor)).clamp(0, most).to(x.dtype)


def hue(x, turns):
    scale = 255 if x.dtype == torch.uint8 else 1
    pixels = (x.double() / scale).flatten(1).T.tolist()
    turned = []
    for red, green, blue in pixels:
        h, s, v = colorsys.rgb_to_hsv(red, green, blue)
        turned.append(colorsys.hsv_to_rgb((h + turns) % 1, s, v))
    y = torch.tensor(turned, dtype=torch.float64).T.reshape(x.shape)
    return (y * 255.999).to(torch.uint8) if scale == 255 else y.to(x.dtype)


for factor in (0.0, 0.4, 1.8):
    g.case(f"saturation/{factor}, float32", lambda x: saturation(x, factor), rand(3, 4, 5), grad=False)
    g.case(f"saturation/{factor}, uint8", lambda x: saturation(x, factor), u8(3, 4, 5))
for turns in (-0.35, 0.0, 0.1):
    g.case(f"hue/{turns}, float32", lambda x: hue(x, turns), rand(3, 4, 5), grad=False)
    g.case(f"hue/{turns}, uint8", lambda x: hue(x, turns), u8(3, 4, 5))
g.case("table/one", lambda x, t: t[0][x.long()], u8(2, 3, 5), u8(1, 256))
g.case("table/of each channel", lambda x, t: torch.stack([t[c][x[c].long()] for c in range(3)]),
       u8(3, 3, 5), rand(3, 256), grad=False)
g.write()
