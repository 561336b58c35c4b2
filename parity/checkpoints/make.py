"""Writes the .pt files of this folder. Run with PyTorch 2.13; the tests need no Python."""
import os
import warnings

import torch

from models import MODELS, evaluate, step
from optimizers import OPTIMIZERS, SCHEDULERS, advance, problem, scheduled, steps

warnings.filterwarnings("ignore")
assert torch.__version__.startswith("2.13.0"), torch.__version__
torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))


def save(value, name):
    path = os.path.join(here, name)
    torch.save(value, path)
    print(name, os.path.getsize(path) // 1024, "KB")


for name, (make, inputs_of, optimizer_of) in MODELS.items():
    torch.manual_seed(1)
    model = make()
    inputs = inputs_of(torch.Generator().manual_seed(2))
    optimizer = optimizer_of(model.parameters())
    for _ in range(2):
        step(model, optimizer, inputs)
    save(model.state_dict(), f"{name}.pt")
    training = {"model": {k: v.clone() for k, v in model.state_dict().items()},
                "optimizer": {"state": {i: {k: v.clone() if torch.is_tensor(v) else v for k, v in s.items()}
                                        for i, s in optimizer.state_dict()["state"].items()},
                              "param_groups": optimizer.state_dict()["param_groups"]},
                "epoch": 2, "inputs": inputs, "output": evaluate(model, inputs)}
    training["next_loss"] = step(model, optimizer, inputs)
    training["next_output"] = evaluate(model, inputs)
    save(training, f"{name}-training.pt")

out = {}
for name in OPTIMIZERS:
    p, q, optimizer = problem(name)
    steps(p, q, optimizer, 0, 3)
    state = optimizer.state_dict()
    file = os.path.join(here, "tmp.pt")
    torch.save(state, file)  # a copy
    state = torch.load(file)
    os.remove(file)
    before = [p.detach().clone(), q.detach().clone()]
    steps(p, q, optimizer, 3, 6)
    out[name] = {"state": state, "before": before, "after": [p.detach().clone(), q.detach().clone()]}
save(out, "optimizers.pt")

out = {}
for name, make in SCHEDULERS.items():
    optimizer = scheduled()
    scheduler = make(optimizer)
    curve = advance(optimizer, scheduler, 0, 5)
    state = {k: v for k, v in scheduler.state_dict().items()}
    file = os.path.join(here, "tmp.pt")
    torch.save({"optimizer": optimizer.state_dict(), "scheduler": state}, file)
    record = torch.load(file, weights_only=False)
    os.remove(file)
    record["curve"] = curve + advance(optimizer, scheduler, 5, 10)
    try:
        torch.save(record, file)
        torch.load(file, weights_only=True)
    except Exception as error:
        print(name, "cannot be loaded with weights_only:", str(error).split("\n")[0][:150], str(error)[-200:])
    out[name] = record
os.path.exists(os.path.join(here, "tmp.pt")) and os.remove(os.path.join(here, "tmp.pt"))
save(out, "schedulers.pt")
