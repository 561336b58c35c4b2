"""Goldens of GradScaler on the CPU. Writes scaler.json. Run with PyTorch 2.13."""
import json
import os

import torch

assert torch.__version__.startswith("2.13.0"), torch.__version__

# Factors of the gradient of each step; 3.3e38 becomes infinite by the scale.
STEPS = [1.0, 0.5, float("inf"), 0.25, -1.0, 2.0, float("nan"), 1e-3, 3.3e38, 0.1, 0.2, 0.3]
KINDS = {
    "defaults": {"options": {}, "dtype": "float32"},
    "grows soon": {"options": {"init_scale": 8.0, "growth_interval": 2}, "dtype": "float32"},
    "other factors": {"options": {"init_scale": 1000.0, "growth_interval": 1, "growth_factor": 3.0,
                                  "backoff_factor": 0.3}, "dtype": "float32"},
    "bfloat16": {"options": {"init_scale": 128.0, "growth_interval": 2}, "dtype": "bfloat16"},
    "float64": {"options": {"init_scale": 128.0, "growth_interval": 3}, "dtype": "float64"},
    "at the limit": {"options": {"init_scale": 2.0 ** 126, "growth_interval": 1, "growth_factor": 4.0},
                     "dtype": "float64"},
    "disabled": {"options": {"enabled": False}, "dtype": "float32"},
}
out = {}
for name, kind in KINDS.items():
    x = torch.tensor([1.0, -2.0], dtype=getattr(torch, kind["dtype"]), requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.125, momentum=0.5)
    scaler = torch.amp.GradScaler("cpu", **kind["options"])
    steps = []
    for i, factor in enumerate(STEPS):
        optimizer.zero_grad()
        scaler.scale((x * torch.tensor([1.0, factor], dtype=x.dtype)).sum()).backward()
        if i % 3 == 1:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        if i == 9:
            scaler.update(16.0)
        else:
            scaler.update()
        steps.append([x.detach().to(torch.float64).tolist(), scaler.get_scale(), scaler.state_dict()])
    out[name] = {**kind, "steps": steps}

dtypes = {}
for dtype in ("float16", "bfloat16", "float32", "float64"):
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    dtypes[dtype] = [str(scaler.scale(torch.ones(shape, dtype=getattr(torch, dtype))).dtype)[6:] for shape in ([], [1])]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scaler.json")


def plain(value):
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


with open(path, "w") as f:
    json.dump(plain({"torch": "2.13.0", "factors": STEPS, "cases": out, "dtypes": dtypes}), f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
