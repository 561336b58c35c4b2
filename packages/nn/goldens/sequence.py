"""Goldens of embeddings, losses, attention and recurrent layers: initial weights by seed, outputs
and gradients. Writes sequence.json."""
import json
import math
import os

import torch
import torch.nn as nn

assert torch.__version__.startswith("2.13.0"), torch.__version__


def number(v):
    value = float(str(v))
    return value if math.isfinite(value) else "-Infinity" if value < 0 else "Infinity"


def listed(t):
    t = t.detach()
    if t.dtype in (torch.int64, torch.bool):
        return {"shape": list(t.shape), "dtype": str(t.dtype)[6:], "data": [int(v) for v in t.reshape(-1)]}
    return {"shape": list(t.shape), "dtype": "float32",
            "data": [number(v) for v in t.reshape(-1).numpy()]}


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in flat(part)]
    return []


def randn(*shape):
    return torch.randn(*shape, requires_grad=True)


def labels(*values):
    return torch.tensor(values)


CASES = {}


def case(name, make, *inputs):
    """inputs: a function that draws them after the layer."""
    CASES[name] = (make, inputs[0])


case("Embedding", lambda: nn.Embedding(10, 3, padding_idx=2), lambda: [labels([1, 2, 4], [4, 9, 2])])
case("Embedding.scaled", lambda: nn.Embedding(6, 3, max_norm=1.0, scale_grad_by_freq=True),
     lambda: [labels(1, 1, 3)])
case("EmbeddingBag", lambda: nn.EmbeddingBag(8, 3), lambda: [labels(1, 2, 4, 5), labels(0, 3)])
case("EmbeddingBag.sum", lambda: nn.EmbeddingBag(8, 3, mode="sum", padding_idx=1),
     lambda: [labels([1, 2], [4, 5]), None, torch.rand(2, 2)])

pos = lambda: torch.rand(4, 3)
sign = lambda: labels([1, -1, 1], [1, 1, -1], [-1, -1, 1], [1, -1, -1]).float()
for name, make, inputs in [
    ("L1Loss", lambda: nn.L1Loss(), lambda: [randn(4, 3), pos()]),
    ("SmoothL1Loss", lambda: nn.SmoothL1Loss(beta=0.5, reduction="sum"), lambda: [randn(4, 3), pos()]),
    ("HuberLoss", lambda: nn.HuberLoss(delta=0.7), lambda: [randn(4, 3), pos()]),
    ("BCELoss", lambda: nn.BCELoss(weight=torch.tensor([1.0, 2.0, 0.5])), lambda: [pos(), pos()]),
    ("BCEWithLogitsLoss", lambda: nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2.0, 0.5])),
     lambda: [randn(4, 3), pos()]),
    ("NLLLoss", lambda: nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 0.5]), ignore_index=1),
     lambda: [randn(4, 3), labels(0, 1, 2, 2)]),
    ("KLDivLoss", lambda: nn.KLDivLoss(reduction="batchmean", log_target=True),
     lambda: [randn(4, 3), pos()]),
    ("PoissonNLLLoss", lambda: nn.PoissonNLLLoss(full=True), lambda: [randn(4, 3), 4 * pos()]),
    ("GaussianNLLLoss", lambda: nn.GaussianNLLLoss(full=True),
     lambda: [randn(4, 3), pos(), torch.rand(4, 1)]),
    ("CosineEmbeddingLoss", lambda: nn.CosineEmbeddingLoss(margin=0.1),
     lambda: [randn(4, 3), randn(4, 3), labels(1, -1, 1, -1)]),
    ("HingeEmbeddingLoss", lambda: nn.HingeEmbeddingLoss(margin=0.8), lambda: [randn(4, 3), sign()]),
    ("MarginRankingLoss", lambda: nn.MarginRankingLoss(margin=0.2),
     lambda: [randn(4), randn(4), labels(1, -1, 1, -1)]),
    ("MultiLabelMarginLoss", lambda: nn.MultiLabelMarginLoss(),
     lambda: [randn(2, 4), labels([3, 0, -1, 1], [1, -1, 2, -1])]),
    ("MultiLabelSoftMarginLoss", lambda: nn.MultiLabelSoftMarginLoss(weight=torch.tensor([1.0, 2.0, 0.5])),
     lambda: [randn(4, 3), pos()]),
    ("MultiMarginLoss", lambda: nn.MultiMarginLoss(p=2, margin=0.5, weight=torch.tensor([1.0, 2.0, 0.5])),
     lambda: [randn(4, 3), labels(0, 1, 2, 2)]),
    ("SoftMarginLoss", lambda: nn.SoftMarginLoss(), lambda: [randn(4, 3), sign()]),
    ("TripletMarginLoss", lambda: nn.TripletMarginLoss(margin=0.5, p=2, swap=True),
     lambda: [randn(4, 3), randn(4, 3), randn(4, 3)]),
    ("TripletMarginWithDistanceLoss", lambda: nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: (a - b).abs().sum(-1)),
     lambda: [randn(4, 3), randn(4, 3), randn(4, 3)]),
    ("CTCLoss", lambda: nn.CTCLoss(),
     lambda: [torch.randn(6, 2, 4).log_softmax(2).detach(), labels([1, 2, 3], [2, 2, 0]),
              labels(6, 5), labels(3, 2)]),
    ("AdaptiveLogSoftmaxWithLoss", lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0),
     lambda: [randn(5, 8), labels(0, 4, 11, 2, 8)]),
    ("LinearCrossEntropyLoss", lambda: nn.LinearCrossEntropyLoss(5, 3),
     lambda: [randn(4, 5), labels(0, 1, 2, 2)]),
]:
    case(name, make, inputs)


def attention(**options):
    return lambda: nn.MultiheadAttention(8, 2, **options)


causal = lambda n: torch.triu(torch.ones(n, n, dtype=torch.bool), 1)
case("MultiheadAttention", attention(batch_first=True), lambda: [randn(2, 4, 8), randn(2, 5, 8), randn(2, 5, 8)])
case("MultiheadAttention.sizes", attention(kdim=6, vdim=5, bias=False),
     lambda: [randn(4, 2, 8), randn(5, 2, 6), randn(5, 2, 5)])
case("MultiheadAttention.extra", attention(add_bias_kv=True, add_zero_attn=True),
     lambda: [randn(4, 2, 8), randn(4, 2, 8), randn(4, 2, 8),
              torch.tensor([[False] * 4, [False, False, True, True]]), True, causal(4)])
case("TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0),
     lambda: [randn(4, 2, 8)])
case("TransformerEncoderLayer.normFirst", lambda: nn.TransformerEncoderLayer(
    8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True),
     lambda: [randn(2, 4, 8), causal(4)])
case("TransformerDecoderLayer", lambda: nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0),
     lambda: [randn(4, 2, 8), randn(3, 2, 8)])
case("TransformerEncoder", lambda: nn.TransformerEncoder(
    nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), 2, nn.LayerNorm(8)),
     lambda: [randn(2, 4, 8), None, torch.tensor([[False] * 4, [False, False, False, True]])])
case("TransformerDecoder", lambda: nn.TransformerDecoder(
    nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True), 2),
     lambda: [randn(2, 4, 8), randn(2, 3, 8), nn.Transformer.generate_square_subsequent_mask(4)])
case("Transformer", lambda: nn.Transformer(8, 2, 1, 2, 16, dropout=0.0),
     lambda: [randn(3, 2, 8), randn(4, 2, 8)])

case("RNNCell", lambda: nn.RNNCell(4, 3, nonlinearity="relu"), lambda: [randn(2, 4), randn(2, 3)])
case("LSTMCell", lambda: nn.LSTMCell(4, 3), lambda: [randn(2, 4)])
case("GRUCell", lambda: nn.GRUCell(4, 3, bias=False), lambda: [randn(2, 4), randn(2, 3)])
case("RNN", lambda: nn.RNN(4, 3, 2), lambda: [randn(5, 2, 4)])
case("LSTM", lambda: nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True), lambda: [randn(2, 5, 4)])
case("LSTM.projected", lambda: nn.LSTM(4, 3, 2, proj_size=2, bidirectional=True), lambda: [randn(5, 2, 4)])
case("GRU", lambda: nn.GRU(4, 3, 2, bidirectional=True), lambda: [randn(5, 2, 4), randn(4, 2, 3)])

out = {}
for name, (make, draw) in CASES.items():
    torch.manual_seed(7)
    layer = make()
    state = {k: listed(v) for k, v in layer.state_dict().items()}
    inputs = draw()
    stored = [None if x is None else x if isinstance(x, bool) else listed(x) for x in inputs]
    outputs = flat(layer(*inputs))
    leaves = [x for x in inputs if isinstance(x, torch.Tensor) and x.requires_grad]
    total = 0
    for y in outputs:
        i = torch.arange(y.numel(), dtype=torch.float64)
        total = total + (y * torch.cos(0.7 * i + 0.3).reshape(y.shape).float()).sum()
    if total.requires_grad:
        total.backward()
    out[name] = {
        "state": state, "inputs": stored,
        "needs": [isinstance(x, torch.Tensor) and x.requires_grad for x in inputs],
        "outputs": [listed(y) for y in outputs], "inputGrads": [listed(x.grad) for x in leaves],
        "grads": {k: listed(p.grad) for k, p in layer.named_parameters() if p.grad is not None},
    }

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sequence.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "cases": out}, f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
