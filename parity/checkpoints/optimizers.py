"""All optimizers and schedulers on a small problem: what make.py and verify.py share."""
import torch
from torch.optim import lr_scheduler as S

START = [[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]]
OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}, "Adam": {"lr": 0.05, "amsgrad": True},
    "AdamW": {"lr": 0.05}, "NAdam": {"lr": 0.05}, "RAdam": {"lr": 0.05}, "Adamax": {"lr": 0.05},
    "RMSprop": {"lr": 0.02, "momentum": 0.5, "centered": True}, "Adagrad": {"lr": 0.1, "lr_decay": 0.1},
    "Adadelta": {"lr": 0.5}, "Adafactor": {"lr": 0.05}, "ASGD": {"lr": 0.05, "t0": 2, "lambd": 0.1},
    "Rprop": {"lr": 0.05}, "Muon": {"lr": 0.05}, "LBFGS": {"lr": 0.1, "max_iter": 3, "history_size": 4},
}
SCHEDULERS = {
    "StepLR": lambda o: S.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda o: S.MultiStepLR(o, [2, 7, 7], gamma=0.5),
    "ConstantLR": lambda o: S.ConstantLR(o, factor=0.25, total_iters=6),
    "LinearLR": lambda o: S.LinearLR(o, start_factor=0.1, total_iters=8),
    "ExponentialLR": lambda o: S.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: S.PolynomialLR(o, total_iters=9, power=2.0),
    "LambdaLR": lambda o: S.LambdaLR(o, lambda e: 0.9 ** e),
    "MultiplicativeLR": lambda o: S.MultiplicativeLR(o, lambda e: 0.95),
    "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, 7, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda o: S.CosineAnnealingWarmRestarts(o, 3, T_mult=2),
    "CyclicLR": lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=3, mode="triangular2"),
    "OneCycleLR": lambda o: S.OneCycleLR(o, 0.5, total_steps=12),
    "ReduceLROnPlateau": lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=1),
    "SequentialLR": lambda o: S.SequentialLR(o, [S.LinearLR(o, start_factor=0.5, total_iters=3), S.ExponentialLR(o, 0.8)],
                                             milestones=[4]),
    "ChainedScheduler": lambda o: S.ChainedScheduler([S.ConstantLR(o, factor=0.5, total_iters=4), S.ExponentialLR(o, 0.9)]),
}
METRICS = [1.0, 0.9, 0.95, 0.96, 0.97, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]


def problem(name, values=None):
    p = torch.tensor(START, requires_grad=True)
    q = torch.tensor([0.5, -0.5], requires_grad=True)
    params = [p] if name == "Muon" else [p, q]
    optimizer = getattr(torch.optim, name)(params, **OPTIMIZERS[name])
    if values is not None:
        with torch.no_grad():
            p.copy_(values[0])
            q.copy_(values[1])
    return p, q, optimizer


def steps(p, q, optimizer, first, last):
    for step in range(first, last):
        def closure():
            optimizer.zero_grad()
            loss = (p * p * (step + 1)).sum() + (p[0] * q[0]).sum() + (q ** 4).sum()
            loss.backward()
            return loss
        optimizer.step(closure)


def scheduled():
    groups = [{"params": [torch.zeros(2, requires_grad=True)], "lr": 0.4},
              {"params": [torch.zeros(3, requires_grad=True)], "lr": 0.05}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.7)


def advance(optimizer, scheduler, first, last):
    curve = []
    for i in range(first, last):
        optimizer.step()
        scheduler.step(*([METRICS[i]] if isinstance(scheduler, S.ReduceLROnPlateau) else []))
        curve.append([[g["lr"] for g in optimizer.param_groups], [g["momentum"] for g in optimizer.param_groups]])
    return curve
