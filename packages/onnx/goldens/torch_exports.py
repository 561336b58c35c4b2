"""Small models as PyTorch exports them, with inputs and outputs: python torch_exports.py

Writes NAME.onnx for each model and exporter, and torch_exports.json with inputs and outputs.
"""

import base64
import json
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

HERE = Path(__file__).parent
warnings.filterwarnings("ignore")


class Block(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.down = (
            nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))
            if stride != 1 or i != o
            else nn.Identity()
        )

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.down(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layers = nn.Sequential(Block(4, 4), Block(4, 8, 2))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        y = self.layers(self.pool(self.stem(x)))
        return self.head(nn.functional.adaptive_avg_pool2d(y, 1).flatten(1))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        double = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(2, o), nn.SiLU())
        self.d1, self.d2, self.mid = double(1, 4), double(4, 6), double(6, 8)
        self.up2 = nn.ConvTranspose2d(8, 6, 2, 2)
        self.u2, self.u1 = double(12, 6), double(10, 4)
        self.out = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(nn.functional.max_pool2d(a, 2))
        m = self.mid(nn.functional.avg_pool2d(b, 2))
        y = self.u2(torch.cat([self.up2(m), b], 1))
        y = nn.functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.u1(torch.cat([y, a], 1)))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.pos = nn.Parameter(torch.randn(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x):
        y = self.patch(x).flatten(2).transpose(1, 2)
        y = torch.cat([self.token.expand(y.shape[0], -1, -1), y], 1) + self.pos
        return self.head(self.norm(self.encoder(y)[:, 0]))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(10, 4)
        self.rnn = nn.RNN(4, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, tokens):
        y, (h, c) = self.lstm(self.emb(tokens))
        y, _ = self.gru(y.transpose(0, 1))
        y, last = self.rnn(y)
        return self.out(y), h, c, last


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.src, self.tgt = nn.Embedding(11, 8), nn.Embedding(9, 8)
        self.tr = nn.Transformer(8, 2, 1, 1, 16, 0.0, batch_first=True)
        self.out = nn.Linear(8, 9)

    def forward(self, src, tgt):
        mask = torch.triu(torch.full((tgt.shape[1], tgt.shape[1]), float("-inf")), 1)
        return self.out(self.tr(self.src(src), self.tgt(tgt), tgt_mask=mask, tgt_is_causal=True)).log_softmax(-1)


class Functions(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        values, places = x.topk(2, -1)
        y = torch.einsum("bij,jk->bik", x, self.w)
        z = torch.where(y > 0, y.clamp(max=1.5), nn.functional.leaky_relu(y, 0.2))
        s = z.cumsum(1).std(-1) + nn.functional.pad(x, (1, 1), value=0.5).mean(-1)
        t = nn.functional.pad(x, (1, 1), mode="reflect").softmax(1)[:, ::2, 1:-1]
        u = nn.functional.hardswish(nn.functional.elu(nn.functional.softplus(x))).pow(2).argmax(-1)
        v = torch.stack([x.sum(1), x.amax(1), x.prod(1)], 1).roll(1, 2).tril()
        w = x.gather(2, places).scatter(2, places.remainder(2), 1.0)
        return values, places, s, t, u, v, w


def strip(path):
    """Takes out what only says where the exporter was: source lines, paths, inferred shapes."""
    model = onnx.load(path)
    model.ClearField("metadata_props")
    for graph in [model.graph]:
        for field in ("metadata_props", "doc_string", "value_info"):
            graph.ClearField(field)
        for part in [*graph.node, *graph.initializer, *graph.input, *graph.output]:
            part.ClearField("doc_string")
            part.ClearField("metadata_props")
    onnx.save(model, path)


def numbers(t):
    a = t.detach().contiguous().numpy()
    return {"shape": list(a.shape), "dtype": str(a.dtype), "data": base64.b64encode(a.tobytes()).decode()}


def main():
    torch.manual_seed(0)
    tokens = lambda *s, n=11: torch.randint(0, n, s)
    models = {
        "resnet": (ResNet(), (torch.randn(2, 3, 16, 16),)),
        "unet": (UNet(), (torch.randn(2, 1, 8, 8),)),
        "vit": (ViT(), (torch.randn(2, 3, 8, 8),)),
        "recurrent": (Recurrent(), (tokens(2, 5),)),
        "transformer": (Translator(), (tokens(2, 5), tokens(2, 4, n=9))),
        "functions": (Functions(), (torch.randn(2, 3, 4),)),
    }
    cases = []
    for name, (model, inputs) in models.items():
        model.eval()
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
        with torch.no_grad():
            outputs = model(*inputs)
        outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
        for kind, opset in (("dynamo", 20), ("script", 14), ("script", 18)):
            if opset == 18 and name not in ("transformer", "functions"):
                continue  # as with opset 14
            file = f"{name}_{kind}_{opset}.onnx"
            try:
                torch.onnx.export(
                    model,
                    inputs,
                    str(HERE / file),
                    dynamo=kind == "dynamo",
                    opset_version=opset,
                    **({"external_data": False} if kind == "dynamo" else {}),
                )
            except Exception as error:
                print(file, "cannot be exported:", str(error)[:300])
                continue
            strip(str(HERE / file))
            cases.append(
                {"file": file, "inputs": [numbers(t) for t in inputs], "outputs": [numbers(t) for t in outputs]}
            )
    (HERE / "torch_exports.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
