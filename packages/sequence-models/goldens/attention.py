"""Writes attention.json: transformers and a TCN written in PyTorch, with the weights of seed 0.

    python attention.py        needs torch 2.13
"""
import json
import math
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

warnings.simplefilter("ignore")


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(self.n1(x)).split(d, 2))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(b, n, d))
        return x + self.fc2(F.gelu(self.fc1(self.n2(x))))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(11, 12), nn.Embedding(8, 12)
        self.blocks = nn.ModuleList(Block(12, 3) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(12), nn.Linear(12, 11, bias=False)

    def forward(self, idx):
        x = self.tok(idx) + self.pos.weight[: idx.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Seq2Seq(nn.Module):
    def __init__(self, d=8, maxlen=6):
        super().__init__()
        self.d = d
        self.src, self.tgt = nn.Embedding(11, d), nn.Embedding(9, d)
        nn.init.normal_(self.src.weight, 0, d ** -0.5)
        nn.init.normal_(self.tgt.weight, 0, d ** -0.5)
        pos = torch.arange(maxlen)[:, None] * torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(maxlen, d)
        pe[:, 0::2], pe[:, 1::2] = torch.sin(pos), torch.cos(pos)
        self.register_buffer("pe", pe)
        self.tr = nn.Transformer(d, 2, 2, 2, 16, 0.0, batch_first=True)
        self.out = nn.Linear(d, 9)

    def forward(self, s, t, padding):
        mask = torch.ones(t.shape[1], t.shape[1], dtype=torch.bool).triu(1)
        s = self.src(s) * math.sqrt(self.d) + self.pe[: s.shape[1]]
        t = self.tgt(t) * math.sqrt(self.d) + self.pe[: t.shape[1]]
        return self.out(self.tr(s, t, tgt_mask=mask, src_key_padding_mask=padding, memory_key_padding_mask=padding))


class Causal(nn.Module):
    def __init__(self, i, o, k, d):
        super().__init__()
        self.left = (k - 1) * d
        self.conv = nn.Conv1d(i, o, k, dilation=d)
        self.conv = nn.utils.weight_norm(self.conv)

    def forward(self, x):
        return self.conv(F.pad(x, (self.left, 0)))


class Temporal(nn.Module):
    def __init__(self, i, o, k, d):
        super().__init__()
        self.conv1, self.conv2 = Causal(i, o, k, d), Causal(o, o, k, d)
        self.downsample = None if i == o else nn.Conv1d(i, o, 1)

    def forward(self, x):
        y = self.conv2(self.conv1(x).relu()).relu()
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


def record(model, run):
    y = run(model)
    (y * torch.arange(y.numel()).view(y.shape).cos()).sum().backward()
    return {
        "keys": sorted(model.state_dict()),
        "output": y.flatten().tolist(),
        "gradient": {k: p.grad.norm().item() for k, p in model.named_parameters()},
    }


out = {}
tokens = torch.tensor([[1, 2, 3, 10, 5], [4, 4, 0, 9, 1]])
torch.manual_seed(0)
out["gpt"] = record(GPT(), lambda m: m(tokens))
torch.manual_seed(0)
padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
out["transformer"] = record(Seq2Seq(), lambda m: m(tokens, tokens[:, :4].clamp(max=8), padding))
torch.manual_seed(0)
net = nn.Sequential(Temporal(3, 4, 3, 1), Temporal(4, 4, 3, 2), Temporal(4, 6, 3, 4))
torch.manual_seed(1)
x = torch.randn(2, 3, 9)
out["tcn"] = record(net, lambda m: m(x))
Path(__file__).with_name("attention.json").write_text(json.dumps(out) + "\n")
