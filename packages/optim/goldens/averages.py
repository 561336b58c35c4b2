"""Goldens of averaged models and SWALR. Writes averages.json. Run with PyTorch 2.13."""
import json
import os

import torch
from torch import nn
from torch.optim import swa_utils as S

assert torch.__version__.startswith("2.13.0"), torch.__version__
torch.manual_seed(0)


def dump(state):
    return {k: {"shape": list(v.shape), "dtype": str(v.dtype)[6:], "data": v.reshape(-1).tolist()}
            for k, v in state.items()}


def make():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


model = make()
values = []
for step in range(4):
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p))
        for b in model.buffers():
            b.copy_(torch.rand_like(b) if b.is_floating_point() else torch.tensor(step * 3 + 1))
    values.append({k: v.clone() for k, v in model.state_dict().items()})

KINDS = {
    "mean": {},
    "mean of single tensors": {"avg_fn": S.get_swa_avg_fn()},
    "ema": {"multi_avg_fn": S.get_ema_multi_avg_fn(0.9)},
    "ema of a short memory": {"multi_avg_fn": S.get_ema_multi_avg_fn(0.3)},
    "ema of single tensors": {"avg_fn": S.get_ema_avg_fn(0.8)},
    "ema with buffers": {"multi_avg_fn": S.get_ema_multi_avg_fn(0.9), "use_buffers": True},
}
models = {}
for name, options in KINDS.items():
    averaged = S.AveragedModel(model, **options)
    for value in values:
        model.load_state_dict(value)
        averaged.update_parameters(model)
    models[name] = dump(averaged.state_dict())

batches = [torch.randn(5, 3) for _ in range(3)]
averaged = S.AveragedModel(model)
averaged.update_parameters(model)
averaged.eval()
S.update_bn([[b, torch.zeros(5)] for b in batches], averaged)
assert not averaged.training and averaged.module[1].momentum == 0.1
statistics = dump(averaged.state_dict())

CURVES = {
    "cosine": [0.05, {"anneal_epochs": 4}],
    "linear": [[0.05, 0.5], {"anneal_epochs": 5, "anneal_strategy": "linear"}],
    "at once": [0.05, {"anneal_epochs": 0}],
    "defaults": [0.02, {}],
}
curves = {}
for name, (rate, options) in CURVES.items():
    groups = [{"params": [torch.zeros(2, requires_grad=True)], "lr": 0.4},
              {"params": [torch.zeros(3, requires_grad=True)], "lr": 0.05}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = S.SWALR(optimizer, rate, **options)
    curve = [[g["lr"] for g in optimizer.param_groups]]
    for _ in range(12):
        optimizer.step()
        scheduler.step()
        curve.append([g["lr"] for g in optimizer.param_groups])
    state = {k: v for k, v in scheduler.state_dict().items()}
    curves[name] = {"rate": rate, "options": options, "curve": curve, "state": state}

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "averages.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "values": [dump(v) for v in values], "models": models,
               "batches": [b.tolist() for b in batches], "statistics": statistics, "curves": curves}, f,
              separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
