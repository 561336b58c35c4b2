"""Small versions of well-known models, as the tests in parity/src/torch-checkpoints write them too."""
import math

import torch
import torch.nn.functional as F
from torch import nn


def resnet18(widths=(3, 6, 12, 24), classes=5):
    class Block(nn.Module):
        def __init__(self, ci, co, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(ci, co, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(co)
            self.relu = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(co, co, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(co)
            self.downsample = None
            if stride != 1 or ci != co:
                self.downsample = nn.Sequential(nn.Conv2d(ci, co, 1, stride, bias=False), nn.BatchNorm2d(co))

        def forward(self, x):
            identity = x if self.downsample is None else self.downsample(x)
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(y + identity)

    first = widths[0]
    body, c = [], first
    for co, stride in zip(widths, (1, 2, 2, 2)):
        body += [Block(c, co, stride), Block(co, co, 1)]
        c = co
    return nn.Sequential(nn.Conv2d(3, first, 7, 2, 3, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True),
                         nn.MaxPool2d(3, 2, 1), *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes))


class UNet(nn.Module):
    def __init__(self, features=(3, 6, 9)):
        super().__init__()

        def double(ci, co):
            return nn.Sequential(nn.Conv2d(ci, co, 3, 1, 1, bias=False), nn.BatchNorm2d(co), nn.ReLU(inplace=True),
                                 nn.Conv2d(co, co, 3, 1, 1, bias=False), nn.BatchNorm2d(co), nn.ReLU(inplace=True))

        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        self.pool = nn.MaxPool2d(2, 2)
        c = 3
        for f in features:
            self.downs.append(double(c, f))
            c = f
        self.bottleneck = double(features[-1], features[-1] * 2)
        c = features[-1] * 2
        for f in reversed(features):
            self.ups.append(nn.ConvTranspose2d(c, f, 2, 2))
            self.ups.append(double(f * 2, f))
            c = f
        self.final = nn.Conv2d(features[0], 1, 1)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for i in range(0, len(self.ups), 2):
            x = torch.cat((skips.pop(), self.ups[i](x)), dim=1)
            x = self.ups[i + 1](x)
        return self.final(x)


class ViT(nn.Module):
    def __init__(self, img=16, patch=4, dim=12, depth=2, heads=3, classes=5):
        super().__init__()

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
                self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

            def forward(self, x):
                b, n, _ = x.shape
                q, k, v = self.qkv(self.n1(x)).view(b, n, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
                a = F.scaled_dot_product_attention(q, k, v)
                x = x + self.proj(a.transpose(1, 2).reshape(b, n, dim))
                return x + self.fc2(F.gelu(self.fc1(self.n2(x))))

        self.embed = nn.Conv2d(3, dim, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.randn(1, (img // patch) ** 2 + 1, dim) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), 1) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class LanguageModel(nn.Module):
    def __init__(self, vocab=20, emb=8, hid=12, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.rnn = nn.LSTM(emb, hid, layers, batch_first=True)
        self.out = nn.Linear(hid, vocab)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


class Translator(nn.Module):
    def __init__(self, vocab=16, d=12, layers=2, heads=3, ff=24, length=6):
        super().__init__()
        self.src, self.tgt = nn.Embedding(vocab, d), nn.Embedding(vocab, d)
        pos = torch.arange(length)[:, None] * torch.exp(torch.arange(0, d, 2) * (-math.log(10000.0) / d))
        pe = torch.zeros(length, d)
        pe[:, 0::2], pe[:, 1::2] = torch.sin(pos), torch.cos(pos)
        self.register_buffer("pe", pe)
        self.tr = nn.Transformer(d, heads, layers, layers, ff, 0.0, batch_first=True)
        self.out = nn.Linear(d, vocab)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length))
        self.scale = math.sqrt(d)

    def forward(self, s, t):
        s = self.src(s) * self.scale + self.pe
        t = self.tgt(t) * self.scale + self.pe
        return self.out(self.tr(s, t, tgt_mask=self.mask, tgt_is_causal=True))


def images(n, size, generator):
    return torch.randn(n, 3, size, size, generator=generator)


def tokens(high, *shape, generator):
    return torch.randint(0, high, shape, generator=generator)


# name: (model, inputs of a generator, optimizer)
MODELS = {
    "resnet18": (resnet18, lambda g: [images(2, 32, g)], lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-3)),
    "unet": (UNet, lambda g: [images(1, 16, g)], lambda p: torch.optim.Adam(p, lr=1e-2)),
    "vit": (ViT, lambda g: [images(2, 16, g)], lambda p: torch.optim.AdamW(p, lr=1e-2)),
    "lstm": (LanguageModel, lambda g: [tokens(20, 2, 5, generator=g)], lambda p: torch.optim.Adam(p, lr=1e-2, amsgrad=True)),
    "transformer": (Translator, lambda g: [tokens(16, 2, 6, generator=g), tokens(16, 2, 6, generator=g)],
                    lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
}


def step(model, optimizer, inputs):
    """One step towards outputs of mean 0.5."""
    model.train()
    optimizer.zero_grad()
    loss = (model(*inputs) - 0.5).square().mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def evaluate(model, inputs):
    model.eval()
    with torch.no_grad():
        return model(*inputs).clone()
