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
    "adam decoupled, maximize": (torch.optim.Adam, {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True,
                                                    "maximize": True}),
    "adamw": (torch.optim.AdamW, {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.02}),
    "rmsprop centered": (torch.optim.RMSprop, {"lr": 0.02, "momentum": 0.7, "centered": True, "weight_decay": 0.1,
                                               "alpha": 0.9}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.1}),
    "adagrad decay": (torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.05,
                                            "initial_accumulator_value": 0.3, "maximize": True}),
    "adadelta": (torch.optim.Adadelta, {}),
    "adadelta decay": (torch.optim.Adadelta, {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
    "adamax": (torch.optim.Adamax, {"lr": 0.05}),
    "adamax decay": (torch.optim.Adamax, {"lr": 0.05, "betas": (0.7, 0.95), "weight_decay": 0.1, "maximize": True}),
    "nadam": (torch.optim.NAdam, {"lr": 0.05}),
    "nadam decay": (torch.optim.NAdam, {"lr": 0.05, "weight_decay": 0.1, "momentum_decay": 0.1}),
    "nadam decoupled": (torch.optim.NAdam, {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": (torch.optim.RAdam, {"lr": 0.05}),
    "radam decay": (torch.optim.RAdam, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}),
    "radam decoupled": (torch.optim.RAdam, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1,
                                            "decoupled_weight_decay": True}),
    "asgd": (torch.optim.ASGD, {"lr": 0.05}),
    "asgd averaged": (torch.optim.ASGD, {"lr": 0.05, "lambd": 0.1, "alpha": 0.5, "t0": 2, "weight_decay": 0.1}),
    "rprop": (torch.optim.Rprop, {"lr": 0.05}),
    "rprop steps": (torch.optim.Rprop, {"lr": 0.3, "etas": (0.3, 1.5), "step_sizes": (0.01, 0.4), "maximize": True}),
    "adafactor": (torch.optim.Adafactor, {"lr": 0.05}),
    "adafactor decay": (torch.optim.Adafactor, {"lr": 0.5, "beta2_decay": -0.5, "eps": (1e-4, 1e-2), "d": 1.5,
                                                "weight_decay": 0.1, "maximize": True}),
    "muon": (torch.optim.Muon, {"lr": 0.05}),
    "muon adjusted": (torch.optim.Muon, {"lr": 0.05, "momentum": 0.8, "nesterov": False, "weight_decay": 0,
                                         "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3}),
    "lbfgs": (torch.optim.LBFGS, {"lr": 0.1, "max_iter": 4}),
    "lbfgs line search": (torch.optim.LBFGS, {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2}),
}
START = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]]

out = {}
for name, (make, options) in CASES.items():
    p = torch.tensor(START, requires_grad=True)
    q = torch.tensor([0.5, -0.5], requires_grad=True)
    # Muon is for matrices only.
    optimizer = make([p] if name.startswith("muon") else [p, q], **options)
    steps = []
    for step in range(6):
        def closure():
            optimizer.zero_grad()
            loss = (p * p * (step + 1)).sum() + (p[0] * q[0]).sum() + (q ** 4).sum()
            loss.backward()
            return loss
        optimizer.step(closure)
        steps.append([p.detach().reshape(-1).tolist(), q.detach().tolist()])
    out[name] = {"optimizer": make.__name__, "options": options, "steps": steps}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trajectories.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "start": START, "cases": out}, f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
