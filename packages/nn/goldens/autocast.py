"""Goldens of autocast: dtype and values of functions for float32 and bfloat16 inputs, inside of
torch.autocast('cpu'). Writes autocast.json. Run with PyTorch 2.13."""
import json
import os
import warnings

import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore")
assert torch.__version__.startswith("2.13.0"), torch.__version__
torch.manual_seed(0)


def randn(*shape):
    return torch.randn(*shape).mul(4).round().div(4)  # exact in bfloat16


def prob(*shape):
    return torch.randint(1, 16, shape) / 16


def square(n):
    a = torch.randint(-2, 3, (n, n)).float()
    return a @ a.T + 4 * torch.eye(n)


def ints(high, *shape):
    return torch.randint(0, high, shape)


x = randn(3, 4)
CASES = [
    # lower precision
    ("matmul", torch.matmul, [x, randn(4, 2)]), ("mm", torch.mm, [x, randn(4, 2)]),
    ("bmm", torch.bmm, [randn(2, 3, 4), randn(2, 4, 2)]),
    ("addmm", torch.addmm, [randn(2), x, randn(4, 2)]),
    ("baddbmm", torch.baddbmm, [randn(2, 3, 2), randn(2, 3, 4), randn(2, 4, 2)]),
    ("addbmm", torch.addbmm, [randn(3, 2), randn(2, 3, 4), randn(2, 4, 2)]),
    ("linear", F.linear, [x, randn(2, 4), randn(2)]),
    ("einsum", torch.einsum, ["ij,jk->ik", x, randn(4, 2)]),
    ("tensordot", torch.tensordot, [x, randn(4, 2), 1]),
    ("linalg.vecdot", torch.linalg.vecdot, [x, randn(3, 4)]),
    ("linalg.multiDot", torch.linalg.multi_dot, [[x, randn(4, 2), randn(2, 3)]]),
    ("linalg.matrixPower", torch.linalg.matrix_power, [randn(3, 3), 2]),
    ("conv1d", F.conv1d, [randn(1, 2, 6), randn(3, 2, 3), randn(3)]),
    ("conv2d", F.conv2d, [randn(1, 2, 5, 5), randn(3, 2, 3, 3), randn(3)]),
    ("conv3d", F.conv3d, [randn(1, 1, 3, 3, 3), randn(2, 1, 2, 2, 2), randn(2)]),
    ("convTranspose1d", F.conv_transpose1d, [randn(1, 2, 4), randn(2, 3, 3), randn(3)]),
    ("convTranspose2d", F.conv_transpose2d, [randn(1, 2, 3, 3), randn(2, 3, 2, 2), randn(3)]),
    ("convTranspose3d", F.conv_transpose3d, [randn(1, 1, 2, 2, 2), randn(1, 2, 2, 2, 2), randn(2)]),
    ("prelu", F.prelu, [x, randn(1)]),
    ("functional.scaledDotProductAttention", F.scaled_dot_product_attention,
     [randn(1, 2, 3, 4), randn(1, 2, 5, 4), randn(1, 2, 5, 4)]),
    # float32
    ("functional.avgPool3d", F.avg_pool3d, [randn(1, 1, 2, 2, 2), 2]),
    ("functional.maxPool3d", F.max_pool3d, [randn(1, 1, 2, 2, 2), 2]),
    ("functional.adaptiveAvgPool3d", F.adaptive_avg_pool3d, [randn(1, 1, 2, 2, 2), 1]),
    ("functional.adaptiveMaxPool3d", F.adaptive_max_pool3d, [randn(1, 1, 2, 2, 2), 1]),
    ("functional.fractionalMaxPool2d", lambda a, k, s: F.fractional_max_pool2d(a, k, s), [randn(1, 1, 4, 4), 2, 1]),
    ("functional.maxUnpool1d", F.max_unpool1d, [randn(1, 1, 2), torch.tensor([[[1, 2]]]), 2]),
    ("functional.maxUnpool2d", F.max_unpool2d, [randn(1, 1, 1, 1), torch.tensor([[[[3]]]]), 2]),
    ("functional.maxUnpool3d", F.max_unpool3d, [randn(1, 1, 1, 1, 1), torch.tensor([[[[[3]]]]]), 2]),
    ("functional.binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits, [x, prob(3, 4)]),
    ("functional.binaryCrossEntropy", F.binary_cross_entropy, [prob(3, 4), prob(3, 4)]),
    ("functional.crossEntropy", F.cross_entropy, [x, ints(4, 3)]),
    ("functional.nllLoss", F.nll_loss, [x, ints(4, 3)]),
    ("functional.mseLoss", F.mse_loss, [x, randn(3, 4)]), ("functional.l1Loss", F.l1_loss, [x, randn(3, 4)]),
    ("functional.smoothL1Loss", F.smooth_l1_loss, [x, randn(3, 4)]),
    ("functional.huberLoss", F.huber_loss, [x, randn(3, 4)]),
    ("functional.klDiv", F.kl_div, [x, prob(3, 4)]),
    ("functional.poissonNllLoss", F.poisson_nll_loss, [x, prob(3, 4)]),
    ("functional.softMarginLoss", F.soft_margin_loss, [x, torch.ones(3, 4)]),
    ("functional.marginRankingLoss", F.margin_ranking_loss, [randn(4), randn(4), torch.ones(4)]),
    ("functional.multiMarginLoss", F.multi_margin_loss, [x, ints(4, 3)]),
    ("functional.multilabelMarginLoss", F.multilabel_margin_loss, [x, torch.tensor([[1, -1, -1, -1]] * 3)]),
    ("functional.hingeEmbeddingLoss", F.hinge_embedding_loss, [x, torch.ones(3, 4)]),
    ("functional.cosineEmbeddingLoss", F.cosine_embedding_loss, [x, randn(3, 4), torch.ones(3)]),
    ("functional.tripletMarginLoss", F.triplet_margin_loss, [x, randn(3, 4), randn(3, 4)]),
    ("functional.ctcLoss", F.ctc_loss, [randn(4, 1, 3).div(8), torch.tensor([[1, 2]]), torch.tensor([4]),
                                        torch.tensor([2])]),
    ("functional.gridSample", lambda a, g: F.grid_sample(a, g), [randn(1, 1, 3, 3), prob(1, 2, 2, 2)]),
    ("functional.pad", F.pad, [randn(1, 1, 4), [1, 1], "reflect"]),
    ("functional.pad", F.pad, [randn(1, 1, 4), [1, 1], "replicate"]),
    ("functional.pad", F.pad, [randn(1, 1, 4), [1, 1], "circular"]),
    ("functional.pad", F.pad, [randn(1, 1, 4), [1, 1]]),
    ("cdist", torch.cdist, [x, randn(2, 4)]), ("trace", torch.trace, [square(3)]), ("prod", torch.prod, [x]),
    ("cholesky", torch.cholesky, [square(3)]), ("choleskyInverse", torch.cholesky_inverse, [square(3).tril()]),
    ("choleskySolve", torch.cholesky_solve, [randn(3, 2), square(3).tril()]),
    ("inverse", torch.inverse, [square(3)]), ("linalg.inv", torch.linalg.inv, [square(3)]),
    ("linalg.solve", torch.linalg.solve, [square(3), randn(3, 2)]),
    ("linalg.cholesky", torch.linalg.cholesky, [square(3)]),
    ("linalg.svdvals", torch.linalg.svdvals, [square(3)]), ("linalg.eigvalsh", torch.linalg.eigvalsh, [square(3)]),
    ("linalg.matrixRank", torch.linalg.matrix_rank, [square(3)]),
    ("linalg.qr", lambda a: torch.linalg.qr(a)[1].abs(), [square(3)]),
    ("linalg.tensorinv", torch.linalg.tensorinv, [square(4).reshape(2, 2, 4)]),
    ("linalg.tensorsolve", torch.linalg.tensorsolve, [square(3), randn(3)]),
    ("linalg.householderProduct", torch.linalg.householder_product, [randn(3, 2), randn(2)]),
    # as they come
    ("mv", torch.mv, [x, randn(4)]), ("dot", torch.dot, [randn(3), randn(3)]),
    ("relu", torch.relu, [x]), ("softmax", torch.softmax, [x, 1]), ("exp", torch.exp, [x]),
    ("add", torch.add, [x, randn(4)]), ("sum", torch.sum, [x]), ("mean", torch.mean, [x]),
    ("functional.layerNorm", F.layer_norm, [x, [4]]), ("functional.gelu", F.gelu, [x]),
    ("functional.avgPool2d", F.avg_pool2d, [randn(1, 1, 4, 4), 2]),
    ("functional.maxPool2d", F.max_pool2d, [randn(1, 1, 4, 4), 2]),
    ("functional.gaussianNllLoss", F.gaussian_nll_loss, [x, randn(3, 4), prob(3, 4)]),
    ("cat", lambda a, b: torch.cat([a, b]), [x, randn(1, 4)]), ("stack", lambda a, b: torch.stack([a, b]), [x, randn(3, 4)]),
]
MIXED = {"matmul", "bmm", "addmm", "linear", "conv2d", "functional.scaledDotProductAttention",
         "functional.mseLoss", "functional.huberLoss", "linalg.solve", "add", "cat", "stack", "prelu"}


def cast(value, dtype, i=0):
    if torch.is_tensor(value):
        if not value.is_floating_point():
            return value
        return value.to(("bfloat16" if i == 0 else "float32") == "bfloat16" and torch.bfloat16 or torch.float32) \
            if dtype == "mixed" else value.to(getattr(torch, dtype))
    if isinstance(value, list) and value and torch.is_tensor(value[0]):
        return [cast(v, dtype, k) for k, v in enumerate(value)]
    return value


def spec(value):
    if torch.is_tensor(value):
        return {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "data": value.reshape(-1).tolist()}
    if isinstance(value, list) and value and torch.is_tensor(value[0]):
        return [spec(v) for v in value]
    return {"value": value}


out = []
for name, fn, args in CASES:
    for dtype in ["float32", "bfloat16"] + (["mixed"] if name in MIXED else []):
        given = [cast(a, dtype, i) for i, a in enumerate(args)]
        record = {"name": name, "kind": dtype, "args": [spec(a) for a in given]}
        with torch.autocast("cpu", dtype=torch.bfloat16):
            try:
                result = fn(*given)
            except (RuntimeError, NotImplementedError):
                continue
        record["out"] = {"dtype": str(result.dtype)[6:], "shape": list(result.shape),
                         "data": result.reshape(-1).double().tolist()}
        out.append(record)

layers = {}
for name, layer, inputs in [
    ("RNN", torch.nn.RNN(3, 4), [randn(2, 1, 3)]), ("LSTM", torch.nn.LSTM(3, 4), [randn(2, 1, 3)]),
    ("GRU", torch.nn.GRU(3, 4), [randn(2, 1, 3)]), ("LSTMCell", torch.nn.LSTMCell(3, 4), [randn(2, 3)]),
    ("GRUCell", torch.nn.GRUCell(3, 4), [randn(2, 3)]), ("RNNCell", torch.nn.RNNCell(3, 4), [randn(2, 3)]),
    ("MultiheadAttention", torch.nn.MultiheadAttention(4, 2), [randn(2, 1, 4)] * 3),
    ("TransformerEncoderLayer", torch.nn.TransformerEncoderLayer(4, 2, 8, 0.0), [randn(2, 1, 4)]),
    ("BatchNorm2d", torch.nn.BatchNorm2d(2), [randn(2, 2, 3, 3)]),
    ("LayerNorm", torch.nn.LayerNorm(4), [randn(2, 4)]),
    ("Embedding", torch.nn.Embedding(5, 4), [ints(5, 3)]),
]:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = layer(*inputs)
    first = result[0] if isinstance(result, tuple) else result
    (first.float() * torch.linspace(-1, 1, first.numel()).reshape(first.shape)).sum().backward()
    layers[name] = {"dtype": str(first.dtype)[6:],
                    "grads": sorted({str(p.grad.dtype)[6:] for p in layer.parameters() if p.grad is not None})}

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "autocast.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "cases": out, "layers": layers}, f, separators=(",", ":"))
    f.write("\n")
print(path, len(out), "cases", os.path.getsize(path) // 1024, "KB")
print(layers)
