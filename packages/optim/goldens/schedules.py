"""Writes schedules.json: learning rates (and momenta) of PyTorch's schedulers, step by step.

Run with PyTorch 2.13; the tests only read the JSON.
"""
import json
import os
import warnings

import torch
from torch.optim import lr_scheduler as S

warnings.filterwarnings("ignore")
STEPS = 40
METRICS = [1.0, 0.9, 0.91, 0.92, 0.9, 0.95, 0.9, 0.89, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6]

# name: [scheduler, positional arguments, keywords, kind of optimizer]
CASES = {
    "StepLR": ["StepLR", [7], {"gamma": 0.5}],
    "StepLR by keyword": ["StepLR", [], {"step_size": 3}],
    "MultiStepLR": ["MultiStepLR", [[5, 9, 9, 20]], {"gamma": 0.3}],
    "ConstantLR": ["ConstantLR", [], {"factor": 0.25, "total_iters": 8}],
    "ConstantLR defaults": ["ConstantLR", [], {}],
    "LinearLR": ["LinearLR", [], {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 12}],
    "LinearLR defaults": ["LinearLR", [], {}],
    "ExponentialLR": ["ExponentialLR", [0.9], {}],
    "PolynomialLR": ["PolynomialLR", [], {"total_iters": 15, "power": 2.0}],
    "CosineAnnealingLR": ["CosineAnnealingLR", [9], {"eta_min": 0.01}],
    "CosineAnnealingWarmRestarts": ["CosineAnnealingWarmRestarts", [4], {"T_mult": 2, "eta_min": 0.001}],
    "CosineAnnealingWarmRestarts one length": ["CosineAnnealingWarmRestarts", [5], {}],
    "CyclicLR triangular": ["CyclicLR", [0.01, 0.1], {"step_size_up": 4}],
    "CyclicLR triangular2": ["CyclicLR", [0.01, 0.1], {"step_size_up": 4, "step_size_down": 6, "mode": "triangular2"}],
    "CyclicLR exp_range": ["CyclicLR", [[0.01, 0.02], [0.1, 0.3]], {"step_size_up": 5, "mode": "exp_range", "gamma": 0.97}],
    "CyclicLR of betas": ["CyclicLR", [0.01, 0.1], {"step_size_up": 4}, "adam"],
    "OneCycleLR": ["OneCycleLR", [0.5], {"total_steps": 40}],
    "OneCycleLR linear, three phases": ["OneCycleLR", [[0.5, 0.2]], {"epochs": 8, "steps_per_epoch": 5, "anneal_strategy": "linear", "three_phase": True, "pct_start": 0.25}],
    "OneCycleLR of betas": ["OneCycleLR", [0.5], {"total_steps": 40, "cycle_momentum": True}, "adam"],
    "ReduceLROnPlateau": ["ReduceLROnPlateau", ["min"], {"factor": 0.5, "patience": 2, "cooldown": 1}],
    "ReduceLROnPlateau max": ["ReduceLROnPlateau", [], {"mode": "max", "patience": 1, "threshold": 0.05, "threshold_mode": "abs", "min_lr": [0.01, 0.002]}],
}


def optimizer(kind):
    groups = [{"params": [torch.zeros(2, requires_grad=True)], "lr": 0.4},
              {"params": [torch.zeros(3, requires_grad=True)], "lr": 0.05}]
    return torch.optim.Adam(groups) if kind == "adam" else torch.optim.SGD(groups, lr=0.1, momentum=0.7)


def state(opt):
    momentum = [g["betas"][0] if "betas" in g else g["momentum"] for g in opt.param_groups]
    return [[g["lr"] for g in opt.param_groups], momentum]


def curve(opt, scheduler, steps=STEPS, metrics=None):
    out = [state(opt)]
    for i in range(len(metrics) if metrics else steps):
        opt.step()
        scheduler.step(*([metrics[i]] if metrics else []))
        out.append(state(opt))
    return out


def chained(opt):
    return S.ChainedScheduler([S.ConstantLR(opt, factor=0.1, total_iters=5), S.ExponentialLR(opt, 0.9),
                               S.StepLR(opt, 4, gamma=0.5)])


def sequential(opt):
    return S.SequentialLR(opt, [S.LinearLR(opt, start_factor=0.1, total_iters=6), S.CosineAnnealingLR(opt, 10),
                                S.MultiStepLR(opt, [3, 5], gamma=0.5)], milestones=[6, 18])


def nested(opt):
    inner = S.SequentialLR(opt, [S.ConstantLR(opt, factor=0.5, total_iters=3), S.ExponentialLR(opt, 0.8)], milestones=[4])
    return S.SequentialLR(opt, [inner, S.PolynomialLR(opt, total_iters=9)], milestones=[8])


out = {}
for name, (scheduler, args, kwargs, *kind) in CASES.items():
    kind = kind[0] if kind else "sgd"
    opt = optimizer(kind)
    made = getattr(S, scheduler)(opt, *args, **kwargs)
    steps = 39 if scheduler == "OneCycleLR" else STEPS
    out[name] = {"scheduler": scheduler, "args": args, "kwargs": kwargs, "optimizer": kind,
                 "curve": curve(opt, made, steps, METRICS if scheduler == "ReduceLROnPlateau" else None)}
special = {}
for name, make in {"LambdaLR": lambda o: S.LambdaLR(o, [lambda e: 0.95 ** e, lambda e: 1 / (1 + e)]),
                   "MultiplicativeLR": lambda o: S.MultiplicativeLR(o, lambda e: 0.9 if e % 2 else 1.01),
                   "ChainedScheduler": chained, "SequentialLR": sequential, "SequentialLR nested": nested}.items():
    opt = optimizer("sgd")
    special[name] = curve(opt, make(opt))
jumps = {}
for name in ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR",
             "CosineAnnealingLR", "CosineAnnealingWarmRestarts"):
    _, args, kwargs = CASES[name]
    opt = optimizer("sgd")
    made = getattr(S, name)(opt, *args, **kwargs)
    jumps[name] = []
    for epoch in (3, 11, 4, 25, 25.5 if "Warm" in name else 26):
        made.step(epoch)
        jumps[name].append(state(opt)[0])
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schedules.json")
with open(path, "w") as f:
    json.dump({"torch": torch.__version__.split("+")[0], "metrics": METRICS, "cases": out, "special": special,
               "jumps": jumps}, f, separators=(",", ":"))
    f.write("\n")
