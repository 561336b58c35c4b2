"""Goldens of layers: initial weights by seed, outputs and gradients. Writes layers.json."""
import json
import os

import torch
import torch.nn as nn

assert torch.__version__.startswith("2.13.0"), torch.__version__


def listed(t):
    return {"shape": list(t.shape), "data": [float(str(v)) for v in t.detach().reshape(-1).numpy()]}


CASES = {
    "linear": (lambda: nn.Linear(5, 3), (2, 5)),
    "conv": (lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 2, 7, 6)),
    "grouped": (lambda: nn.Conv2d(4, 4, (3, 1), groups=2, bias=False, dilation=(2, 1)), (1, 4, 8, 5)),
    "pool": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (1, 2, 7, 7)),
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4)), (3, 6)),
    "cnn": (lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Flatten(), nn.Linear(4 * 4 * 4, 5)), (2, 1, 8, 8)),
}

out = {}
for name, (make, shape) in CASES.items():
    torch.manual_seed(7)
    layer = make()
    x = torch.randn(*shape, requires_grad=True)
    y = layer(x)
    i = torch.arange(y.numel(), dtype=torch.float64)
    y.backward(torch.cos(0.7 * i + 0.3).reshape(y.shape).float())
    out[name] = {
        "state": {k: listed(v) for k, v in layer.state_dict().items()},
        "input": listed(x), "output": listed(y), "inputGrad": listed(x.grad),
        "grads": {k: listed(p.grad) for k, p in layer.named_parameters()},
    }

torch.manual_seed(3)
logits, labels = torch.randn(4, 5), torch.tensor([0, 4, 2, -100])
soft = torch.softmax(torch.randn(4, 5), 1)
out["losses"] = {
    "logits": listed(logits), "labels": labels.tolist(), "soft": listed(soft),
    "crossEntropy": nn.CrossEntropyLoss()(logits, labels).item(),
    "smoothed": nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum")(logits, labels).item(),
    "mse": nn.MSELoss()(logits, soft).item(),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "cases": out}, f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
