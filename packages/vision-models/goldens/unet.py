"""Writes unet.json: a U-Net written in PyTorch, with the weights of seed 0.

    python unet.py        needs torch 2.13, numpy
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class DoubleConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(i, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
            nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        self.pool = nn.MaxPool2d(2, 2)
        channels = 3
        for f in features:
            self.downs.append(DoubleConv(channels, f))
            channels = f
        for f in reversed(features):
            self.ups.append(nn.ConvTranspose2d(f * 2, f, 2, 2))
            self.ups.append(DoubleConv(f * 2, f))
        self.bottleneck = DoubleConv(features[-1], features[-1] * 2)
        self.final_conv = nn.Conv2d(features[0], 1, 1)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for i in range(0, len(self.ups), 2):
            x = self.ups[i](x)
            skip = skips.pop()
            if x.shape != skip.shape:
                x = F.interpolate(x, skip.shape[2:], mode="bilinear")
            x = self.ups[i + 1](torch.cat((skip, x), 1))
        return self.final_conv(x)


torch.manual_seed(0)
model = UNet([8, 16, 32])
x = torch.randn(2, 3, 21, 30)
y = model(x)
loss = F.binary_cross_entropy_with_logits(y, (x[:, :1] > 0).float())
loss.backward()
Path(__file__).with_name("unet.json").write_text(json.dumps({
    "keys": list(model.state_dict()),
    "output": y[:, :, ::4, ::5].flatten().tolist(),
    "loss": loss.item(),
    "gradient": [p.grad.norm().item() for p in model.parameters()],
}) + "\n")
