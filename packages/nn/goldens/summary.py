"""Goldens of summary(): what FlopCounterMode counts, and numbers of parameters. Writes summary.json."""
import json
import os

import torch
import torch.nn as nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

assert torch.__version__.startswith("2.13.0"), torch.__version__


class Attention(nn.Module):
    def forward(self, q, k, v):
        return nn.functional.scaled_dot_product_attention(q, k, v)


class Products(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6, 5))

    def forward(self, x):
        y = nn.functional.linear(x, self.weight.t().contiguous())
        return torch.bmm(y, y.transpose(1, 2)) + torch.baddbmm(y @ y.mT, y, y.mT)


def ones(*shape):
    return torch.ones(shape)


CASES = {
    "mlp": (nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5, bias=False)), [ones(8, 20)]),
    "conv": (nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 16, 3, groups=4),
                           nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)), [ones(2, 3, 32, 32)]),
    "conv1d": (nn.Conv1d(4, 6, 5, dilation=2), [ones(3, 4, 40)]),
    "conv3d": (nn.Conv3d(2, 4, 3, padding=1), [ones(1, 2, 6, 6, 6)]),
    "transposed": (nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1, groups=2), [ones(2, 8, 7, 7)]),
    "attention": (Attention(), [ones(2, 4, 10, 16), ones(2, 4, 12, 16), ones(2, 4, 12, 8)]),
    "products": (Products(), [ones(3, 4, 6)]),
    "multihead": (nn.MultiheadAttention(32, 4), [ones(10, 2, 32)] * 3),
    "encoder": (nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0), 2), [ones(10, 2, 32)]),
    "transformer": (nn.Transformer(32, 4, 1, 1, 64, dropout=0.0), [ones(10, 2, 32), ones(12, 2, 32)]),
    "lstm": (nn.LSTM(12, 20, 2, bidirectional=True), [ones(7, 3, 12)]),
    "projected": (nn.LSTM(12, 20, proj_size=8), [ones(7, 3, 12)]),
    "gru": (nn.GRU(12, 20, 2, batch_first=True), [ones(3, 7, 12)]),
    "rnn": (nn.RNN(12, 20), [ones(7, 3, 12)]),
    "cell": (nn.LSTMCell(12, 20), [ones(3, 12)]),
}

out = {}
for name, (module, args) in CASES.items():
    module.train()
    # oneDNN's LSTM would hide its products.
    with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter, \
            sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(*args)
    out[name] = {"flops": counter.get_total_flops(), "parameters": sum(p.numel() for p in module.parameters())}
    print(name, out[name])
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "summary.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "cases": out}, f, separators=(",", ":"))
    f.write("\n")
