"""Writes lenet.json: what LeNet-5, written out in PyTorch, gives with the weights of seed 0: logits in
float32, and the loss and gradients of a step in float64.

    python lenet.py        needs torch 2.13
"""
import json
from pathlib import Path

import torch
from torch import nn


def lenet(act):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), act(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), act(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), act(), nn.Linear(120, 84), act(), nn.Linear(84, 10),
    )


def record(name, act):
    torch.manual_seed(0)
    model = lenet(act)
    torch.manual_seed(1)
    x = torch.randn(4, 1, 28, 28)
    with torch.no_grad():
        logits = model(x).flatten().tolist()
    loss = nn.functional.cross_entropy(model.double()(x.double()), torch.tensor([0, 3, 6, 9]))
    loss.backward()
    return {"activation": name, "logits": logits, "loss": loss.item(),
            "gradients": [p.grad.norm().item() for p in model.parameters()]}


found = [record("sigmoid", nn.Sigmoid), record("relu", nn.ReLU)]
Path(__file__).with_name("lenet.json").write_text(json.dumps(found, indent=1) + "\n")
