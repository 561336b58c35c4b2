"""Reads what parity/src/torch-checkpoints/write.ts wrote, with PyTorch: python verify.py <folder>"""
import os
import sys
import warnings

import torch

from models import MODELS, evaluate, step
from optimizers import OPTIMIZERS, SCHEDULERS, advance, problem, scheduled, steps

warnings.filterwarnings("ignore")
here = os.path.dirname(os.path.abspath(__file__))
folder = sys.argv[1]
failures = []


def load(name):
    return torch.load(os.path.join(folder, f"{name}.pt"), weights_only=True)


def check(name, got, want, tolerance=1e-4):
    worst = max((abs(a - b).max().item() for a, b in zip(got, want)), default=0.0)
    ok = worst <= tolerance
    print(f"{'ok  ' if ok else 'FAIL'} {name}: largest difference {worst:.2g}")
    if not ok:
        failures.append(name)


for name, (make, _, optimizer_of) in MODELS.items():
    inputs = torch.load(os.path.join(here, f"{name}-training.pt"), weights_only=True)["inputs"]
    training = load(f"{name}-training")
    model = make()
    model.load_state_dict(load(name))
    check(f"{name}: output", [evaluate(model, inputs)], [training["output"]])
    model.load_state_dict(training["model"])
    optimizer = optimizer_of(model.parameters())
    optimizer.load_state_dict(training["optimizer"])
    check(f"{name}: output of the training", [evaluate(model, inputs)], [training["output"]])
    loss = step(model, optimizer, inputs)
    check(f"{name}: the next step", [evaluate(model, inputs), torch.tensor(loss)],
          [training["next_output"], torch.tensor(training["next_loss"])])

trained = load("optimizers")
for name in OPTIMIZERS:
    record = trained[name]
    p, q, optimizer = problem(name, record["before"])
    optimizer.load_state_dict(record["state"])
    steps(p, q, optimizer, 3, 6)
    check(f"{name}: three more steps", [p.detach(), q.detach()], record["after"])
curves = load("schedulers")
for name, make in SCHEDULERS.items():
    record = curves[name]
    optimizer = scheduled()
    scheduler = make(optimizer)
    optimizer.load_state_dict(record["optimizer"])
    scheduler.load_state_dict(record["scheduler"])
    curve = advance(optimizer, scheduler, 5, 10)
    check(f"{name}: five more steps", [torch.tensor(curve, dtype=torch.float64)],
          [torch.tensor(record["curve"][5:], dtype=torch.float64)], 1e-10)
print(f"{len(failures)} failures", *failures)
sys.exit(bool(failures))
