"""The networks of the workloads, as PyTorch modules; src/workloads/models/ has the same for flambeau.

Both sides create parameters in the same order, so that the same seed gives the same weights.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Sigmoid(),
        nn.AvgPool2d(2, 2),
        nn.Conv2d(6, 16, 5),
        nn.Sigmoid(),
        nn.AvgPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, 10),
    )


def small_cnn():
    features = []
    for channels_in, channels_out in ((1, 16), (16, 32), (32, 64)):
        features += [nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Linear(576, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*features, nn.Flatten(), *head)


def classifier(features, dropout):
    return [
        nn.Flatten(),
        nn.Linear(features, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(4096, 10),
    ]


def alexnet(dropout):
    def conv(channels_in, channels_out, kernel, padding):
        return [nn.Conv2d(channels_in, channels_out, kernel, padding=padding), nn.ReLU()]

    return nn.Sequential(
        nn.Conv2d(1, 96, 11, stride=4, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        *conv(96, 256, 5, 2),
        nn.MaxPool2d(3, 2),
        *conv(256, 384, 3, 1),
        *conv(384, 384, 3, 1),
        *conv(384, 384, 3, 1),
        nn.MaxPool2d(3, 2),
        *classifier(384 * 5 * 5, dropout),
    )


def vgg11(dropout):
    layers, channels = [], 1
    for count, out in ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]
            channels = out
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers, *classifier(512 * 7 * 7, dropout))


class ResidualBlock(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += identity
        return self.relu(y)


def resnet18(classes, stem):
    if stem == "large":
        layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False)]
    else:
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False)]
    layers += [nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    if stem == "large":
        layers.append(nn.MaxPool2d(3, 2, 1))
    channels = 64
    for out, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [ResidualBlock(channels, out, stride), ResidualBlock(out, out, 1)]
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def double_conv(channels_in, channels_out):
    layers = []
    for channels in (channels_in, channels_out):
        layers += [
            nn.Conv2d(channels, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        self.pool = nn.MaxPool2d(2, 2)
        channels = 3
        for out in (64, 128, 256, 512):
            self.downs.append(double_conv(channels, out))
            channels = out
        self.bottleneck = double_conv(512, 1024)
        for out in (512, 256, 128, 64):
            self.ups.append(nn.ConvTranspose2d(out * 2, out, 2, 2))
            self.ups.append(double_conv(out * 2, out))
        self.final = nn.Conv2d(64, 1, 1)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for i in range(0, len(self.ups), 2):
            x = self.ups[i](x)
            x = torch.cat((skips.pop(), x), dim=1)
            x = self.ups[i + 1](x)
        return self.final(x)


class VisionBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(self.n1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.n2(x))))


class VisionTransformer(nn.Module):
    def __init__(self, width=192, depth=6, heads=3):
        super().__init__()
        self.embed = nn.Conv2d(3, width, 4, 4)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.pos = nn.Parameter(torch.randn(1, 65, width) * 0.02)
        self.blocks = nn.ModuleList(VisionBlock(width, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, image):
        x = self.embed(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), 1) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class Seq2Seq(nn.Module):
    def __init__(self, dropout, vocabulary=8000, width=256, length=64):
        super().__init__()
        self.src, self.tgt = nn.Embedding(vocabulary, width), nn.Embedding(vocabulary, width)
        rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        angles = torch.arange(length)[:, None] * rates
        self.register_buffer("pe", torch.stack((angles.sin(), angles.cos()), 2).flatten(1))
        self.drop = nn.Dropout(dropout)
        self.tr = nn.Transformer(width, 8, 4, 4, 1024, dropout, batch_first=True)
        self.out = nn.Linear(width, vocabulary)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))
        self.scale = math.sqrt(width)

    def forward(self, source, target):
        s = self.drop(self.src(source) * self.scale + self.pe[: source.shape[1]])
        t = self.drop(self.tgt(target) * self.scale + self.pe[: target.shape[1]])
        return self.out(self.tr(s, t, tgt_mask=self.mask, tgt_is_causal=True))


class LstmModel(nn.Module):
    def __init__(self, vocabulary=8000, width=256, hidden=512, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocabulary, width)
        self.rnn = nn.LSTM(width, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, vocabulary)

    def forward(self, x, state=None):
        y, state = self.rnn(self.emb(x), state)
        return self.out(y), state


class DiffusionBlock(nn.Module):
    def __init__(self, channels_in, channels_out, time=256, groups=8):
        super().__init__()
        self.n1 = nn.GroupNorm(groups, channels_in)
        self.c1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.t = nn.Linear(time, channels_out)
        self.n2 = nn.GroupNorm(groups, channels_out)
        self.c2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        same = channels_in == channels_out
        self.skip = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x, t):
        h = self.c1(F.silu(self.n1(x))) + self.t(F.silu(t))[:, :, None, None]
        return self.c2(F.silu(self.n2(h))) + self.skip(x)


class ImageAttention(nn.Module):
    def __init__(self, channels, heads=4, groups=8):
        super().__init__()
        self.heads = heads
        self.n = nn.GroupNorm(groups, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.o = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, height, width = x.shape
        qkv = self.qkv(self.n(x)).view(n, 3, self.heads, c // self.heads, height * width)
        q, k, v = qkv.transpose(3, 4).unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return x + self.o(mixed.transpose(2, 3).reshape(n, c, height, width))


class DiffusionUNet(nn.Module):
    """One residual block per level each way, attention at the lowest (8x8) level."""

    def __init__(self, channels=64, widths=(64, 128, 256), time=256, groups=8):
        super().__init__()
        self.t1, self.t2 = nn.Linear(channels, time), nn.Linear(time, time)
        self.inp = nn.Conv2d(1, channels, 3, padding=1)
        self.down, self.pool, self.up, self.upc = (nn.ModuleList() for _ in range(4))
        c = channels
        for i, width in enumerate(widths):
            self.down.append(DiffusionBlock(c, width))
            c = width
            if i + 1 < len(widths):
                self.pool.append(nn.Conv2d(c, c, 3, 2, 1))
        self.attn_d = ImageAttention(c)
        self.m1, self.ma, self.m2 = DiffusionBlock(c, c), ImageAttention(c), DiffusionBlock(c, c)
        for i, width in reversed(list(enumerate(widths))):
            self.up.append(DiffusionBlock(c + width, width))
            c = width
            if i > 0:
                self.upc.append(nn.Conv2d(c, c, 3, padding=1))
        self.attn_u = ImageAttention(widths[-1])
        self.norm, self.out = nn.GroupNorm(groups, c), nn.Conv2d(c, 1, 3, padding=1)
        half = channels // 2
        self.register_buffer("freq", torch.exp(-math.log(10000.0) * torch.arange(half) / half))

    def forward(self, x, t):
        angles = t[:, None].float() * self.freq
        t = self.t2(F.silu(self.t1(torch.cat((angles.sin(), angles.cos()), 1))))
        x, skips = self.inp(x), []
        for i, block in enumerate(self.down):
            x = block(x, t)
            if i == len(self.down) - 1:
                x = self.attn_d(x)
            skips.append(x)
            if i < len(self.pool):
                x = self.pool[i](x)
        x = self.m2(self.ma(self.m1(x, t)), t)
        for i, block in enumerate(self.up):
            x = block(torch.cat((x, skips.pop()), 1), t)
            if i == 0:
                x = self.attn_u(x)
            if i < len(self.upc):
                x = self.upc[i](F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.out(F.silu(self.norm(x)))


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.width, self.heads = width, heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, keys, values, position):
        batch, tokens, width = x.shape
        parts = self.qkv(self.n1(x)).split(width, 2)
        q, k, v = (p.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2) for p in parts)
        until = position + tokens
        keys[:, :, position:until] = k
        values[:, :, position:until] = v
        mixed = F.scaled_dot_product_attention(q, keys[:, :, :until], values[:, :, :until])
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(F.gelu(self.fc1(self.n2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary=65, width=384, depth=6, heads=6, context=256):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(GptBlock(width, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, token, caches, position):
        x = self.tok(token) + self.pos.weight[position : position + token.shape[1]]
        for block, (keys, values) in zip(self.blocks, caches):
            x = block(x, keys, values, position)
        return self.head(self.norm(x))


def cora_like(nodes=2708, edges=10556):
    """A random graph of Cora's size: sources, targets, weights, features, labels."""
    source, target = torch.randint(0, nodes, (edges,)), torch.randint(0, nodes, (edges,))
    loops = torch.arange(nodes)
    source, target = torch.cat((source, loops)), torch.cat((target, loops))
    degree = torch.zeros(nodes).index_add(0, target, torch.ones(len(target)))
    weight = (degree[source] * degree[target]).rsqrt()
    words = (torch.rand(nodes, 1433) < 0.0127).float()
    features = words / words.sum(1, keepdim=True).clamp(min=1)
    return source, target, weight, features, torch.randint(0, 7, (nodes,))


class Gcn(nn.Module):
    def __init__(self, sparse, dropout):
        super().__init__()
        source, target, weight, self.features, self.labels = cora_like()
        nodes = len(self.labels)
        self.l1, self.l2 = nn.Linear(1433, 16), nn.Linear(16, 7)
        self.train_nodes, self.p = torch.arange(140), dropout
        if sparse:
            matrix = torch.sparse_coo_tensor(torch.stack((target, source)), weight, (nodes, nodes))
            matrix = matrix.coalesce().to_sparse_csr()
            self.propagate = lambda h: torch.sparse.mm(matrix, h)
        else:
            self.propagate = lambda h: torch.zeros_like(h).index_add(
                0, target, h[source] * weight[:, None]
            )

    def forward(self):
        h = F.dropout(self.features, self.p, True)
        h = F.relu(self.propagate(h @ self.l1.weight.t()) + self.l1.bias)
        h = F.dropout(h, self.p, True)
        h = self.propagate(h @ self.l2.weight.t()) + self.l2.bias
        return F.cross_entropy(h[self.train_nodes], self.labels[self.train_nodes])
