"""Goldens of optimizers: parameters after each step on a fixed problem. Writes trajectories.json."""
import json
import os

import torch

assert torch.__version__.startswith("2.13.0"), torch.__version__

CASES = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}),
    "momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    "nesterov": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True, "maximize": True}),
    "adam": (torch.optim.Adam, {"lr": 0.05}),
    "amsgrad": (torch.optim.Adam, {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1,
                                   "amsgrad": True}),
}
START = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]]

out = {}
for name, (make, options) in CASES.items():
    p = torch.tensor(START, requires_grad=True)
    q = torch.tensor([0.5, -0.5], requires_grad=True)
    optimizer = make([p, q], **options)
    steps = []
    for step in range(6):
        optimizer.zero_grad()
        ((p * p * (step + 1)).sum() + (p[0] * q[0]).sum() + (q ** 4).sum()).backward()
        optimizer.step()
        steps.append([p.detach().reshape(-1).tolist(), q.detach().tolist()])
    out[name] = {"options": options, "steps": steps}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trajectories.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "start": START, "cases": out}, f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
