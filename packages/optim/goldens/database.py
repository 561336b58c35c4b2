"""Trajectories for the options of PyTorch's own optimizer tests, and options that it refuses. Writes database.json.

Run with PyTorch 2.13 (torch.testing needs the package expecttest); the tests only read the JSON.
"""
import json
import os
import warnings

import torch
from torch.testing._internal.common_optimizers import optim_db

warnings.filterwarnings("ignore")
assert torch.__version__.startswith("2.13.0"), torch.__version__
NAMES = {"SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Adafactor", "ASGD", "Rprop",
         "Muon", "LBFGS"}
START = [[[0.7, -1.2, 0.3], [1.5, 0.2, -0.6]], [[0.5, -0.25], [-1.0, 2.0]]]


def plain(value):
    if torch.is_tensor(value):
        return value.item() if value.numel() == 1 else {"tensor": value.tolist()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    return value


def run(make, kwargs, groups, dtype):
    params = [torch.tensor(s, dtype=dtype, requires_grad=True) for s in START]
    if not groups:
        optimizer = make(params, **kwargs)
    else:
        optimizer = make([{"params": [params[0]]}, {"params": [params[1]], "lr": 0.02}], **kwargs)
    steps = []
    for step in range(6):
        def closure():
            optimizer.zero_grad()
            loss = (params[0] * params[0] * (step % 3 + 1)).sum() + (params[0][:, :2] * params[1]).sum() + (params[1] ** 4).sum()
            loss.backward()
            return loss
        optimizer.step(closure)
        steps.append([p.detach().reshape(-1).tolist() for p in params])
    return steps


cases, errors = [], []
for info in optim_db:
    name = info.optim_cls.__name__
    if name not in NAMES:
        continue
    for given in info.optim_inputs_func(device="cpu"):
        kwargs = given.kwargs
        for groups in (False, True) if name != "LBFGS" else (False,):
            # A search along lines may end in another minimum for the last digit of a float32.
            dtype = torch.float64 if name == "LBFGS" else torch.float32
            cases.append({"optimizer": name, "dtype": str(dtype)[6:], "desc": given.desc, "groups": groups,
                          "options": {k: plain(v) for k, v in kwargs.items()},
                          "steps": run(info.optim_cls, kwargs, groups, dtype)})
    for error in info.optim_error_inputs_func(device="cpu", dtype=torch.float32):
        given = error.optimizer_error_input
        # What is refused for being a tensor at all is a question of how a step is carried out.
        values = [x for v in given.kwargs.values() for x in (v if isinstance(v, tuple) else [v])]
        if any(torch.is_tensor(v) and v.numel() == 1 for v in values):
            continue
        params = [torch.nn.Parameter(torch.zeros(2, 2))]
        try:
            info.optim_cls(params, **given.kwargs)
        except (ValueError, RuntimeError, TypeError) as failure:
            errors.append({"optimizer": name, "options": {k: plain(v) for k, v in given.kwargs.items()},
                           "message": str(failure)})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "database.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "start": START, "cases": cases, "errors": errors}, f, separators=(",", ":"))
    f.write("\n")
print(path, len(cases), "cases", len(errors), "errors", os.path.getsize(path) // 1024, "KB")
