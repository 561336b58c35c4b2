"""Goldens of nn.utils: norms, parametrizations, fusion, pruning. Writes utils.json."""
import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import fusion, parametrizations, parametrize, prune

assert torch.__version__.startswith("2.13.0"), torch.__version__


def listed(t):
    return {"shape": list(t.shape), "data": [float(str(v)) for v in t.detach().reshape(-1).numpy()]}


def state(module):
    return {k: listed(v) for k, v in module.state_dict().items()}


NORMS = {
    "weightNorm": (lambda: nn.utils.weight_norm(nn.Linear(5, 3)), (2, 5), nn.utils.remove_weight_norm),
    "weightNormDim": (lambda: nn.utils.weight_norm(nn.Conv1d(2, 3, 3), dim=1), (2, 2, 6), nn.utils.remove_weight_norm),
    "weightNormAll": (lambda: nn.utils.weight_norm(nn.Linear(5, 3), "weight", None), (2, 5),
                      nn.utils.remove_weight_norm),
    "spectralNorm": (lambda: nn.utils.spectral_norm(nn.Linear(5, 3)), (2, 5), nn.utils.remove_spectral_norm),
    "spectralNormConv": (lambda: nn.utils.spectral_norm(nn.Conv2d(2, 3, 3), n_power_iterations=3), (1, 2, 4, 4),
                         nn.utils.remove_spectral_norm),
    "spectralNormTransposed": (lambda: nn.utils.spectral_norm(nn.ConvTranspose2d(2, 3, 2)), (1, 2, 3, 3),
                               nn.utils.remove_spectral_norm),
}

PARAMETRIZATIONS = {
    "weightNorm": (lambda: parametrizations.weight_norm(nn.Linear(5, 3)), (2, 5)),
    "weightNormDim": (lambda: parametrizations.weight_norm(nn.Conv1d(2, 3, 3), dim=1), (2, 2, 6)),
    "spectralNorm": (lambda: parametrizations.spectral_norm(nn.Linear(5, 3)), (2, 5)),
    "spectralNormConv": (lambda: parametrizations.spectral_norm(nn.Conv2d(2, 3, 3), n_power_iterations=2), (1, 2, 4, 4)),
    "spectralNormVector": (lambda: parametrizations.spectral_norm(nn.Linear(5, 3), "bias"), (2, 5)),
    "orthogonal": (lambda: parametrizations.orthogonal(nn.Linear(4, 4)), (2, 4)),
    "orthogonalTall": (lambda: parametrizations.orthogonal(nn.Linear(3, 5)), (2, 3)),
    "orthogonalWide": (lambda: parametrizations.orthogonal(nn.Linear(5, 3)), (2, 5)),
    "orthogonalCayley": (lambda: parametrizations.orthogonal(nn.Linear(4, 3), orthogonal_map="cayley"), (2, 4)),
    "orthogonalPlain": (lambda: parametrizations.orthogonal(
        nn.Linear(3, 5), orthogonal_map="householder", use_trivialization=False), (2, 3)),
    "orthogonalExp": (lambda: parametrizations.orthogonal(
        nn.Linear(4, 4), orthogonal_map="matrix_exp", use_trivialization=False), (2, 4)),
}


def trained(module, shape):
    """Two steps of descent, then the evaluation's output."""
    x = torch.randn(*shape, requires_grad=True)
    out = {"initial": state(module), "input": listed(x), "steps": []}
    for _ in range(2):
        module.zero_grad()
        x.grad = None
        y = module(x)
        i = torch.arange(y.numel(), dtype=torch.float64)
        y.backward(torch.cos(0.7 * i + 0.3).reshape(y.shape).float())
        out["steps"].append({
            "output": listed(y), "inputGrad": listed(x.grad),
            "grads": {k: listed(p.grad) for k, p in module.named_parameters()}, "state": state(module),
        })
        with torch.no_grad():
            for p in module.parameters():
                p -= 0.1 * p.grad
    module.eval()
    out["evaluated"] = listed(module(x))
    return out


out = {"norms": {}, "parametrizations": {}, "fusion": {}, "prune": {}}
for name, (make, shape, remove) in NORMS.items():
    torch.manual_seed(7)
    module = make()
    out["norms"][name] = trained(module, shape)
    out["norms"][name]["removed"] = state(remove(module))
for name, (make, shape) in PARAMETRIZATIONS.items():
    torch.manual_seed(7)
    module = make()
    out["parametrizations"][name] = trained(module, shape)
    tensor = next(iter(module.parametrizations))
    parametrize.remove_parametrizations(module, tensor)
    out["parametrizations"][name]["removed"] = state(module)


def fused(layer, bn, shape, fuse, **options):
    with torch.no_grad():
        for t in (bn.running_mean, bn.running_var, bn.weight, bn.bias):
            if t is not None:
                t.copy_(torch.rand(t.shape) + 0.5)
    layer.eval()
    bn.eval()
    one = fuse(layer, bn, **options)
    x = torch.randn(*shape)
    return {"layer": state(layer), "bn": state(bn), "fused": state(one), "input": listed(x), "output": listed(bn(layer(x)))}


torch.manual_seed(3)
out["fusion"]["conv"] = fused(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), (1, 2, 4, 4), fusion.fuse_conv_bn_eval)
out["fusion"]["transposed"] = fused(nn.ConvTranspose1d(2, 3, 2), nn.BatchNorm1d(3), (1, 2, 4),
                                    fusion.fuse_conv_bn_eval, transpose=True)
out["fusion"]["plain"] = fused(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3, affine=False), (1, 2, 4), fusion.fuse_conv_bn_eval)
out["fusion"]["linear"] = fused(nn.Linear(4, 3), nn.BatchNorm1d(3, eps=1e-3), (2, 4), fusion.fuse_linear_bn_eval)

PRUNINGS = {
    "identity": [("identity", {})],
    "l1": [("l1_unstructured", {"amount": 4})],
    "l1Twice": [("l1_unstructured", {"amount": 0.25}), ("l1_unstructured", {"amount": 0.5})],
    "random": [("random_unstructured", {"amount": 0.3})],
    "randomStructured": [("random_structured", {"amount": 2, "dim": 1})],
    "ln": [("ln_structured", {"amount": 1, "n": 2, "dim": 0})],
    "lnThenL1": [("ln_structured", {"amount": 0.4, "n": 1, "dim": 1}), ("l1_unstructured", {"amount": 3})],
    "lnTwice": [("ln_structured", {"amount": 1, "n": float("inf"), "dim": 1}),
                ("ln_structured", {"amount": 0.5, "n": 2, "dim": 1})],
}
for name, calls in PRUNINGS.items():
    torch.manual_seed(7)
    module = nn.Linear(5, 3)
    for function, options in calls:
        getattr(prune, function)(module, "weight", **options)
    x = torch.randn(2, 5, requires_grad=True)
    y = module(x)
    y.sum().backward()
    out["prune"][name] = {
        "calls": [[f, {k: ("inf" if v == float("inf") else v) for k, v in o.items()}] for f, o in calls],
        "state": state(module), "input": listed(x), "output": listed(y), "grad": listed(module.weight_orig.grad),
        "removed": state(prune.remove(module, "weight")),
    }
torch.manual_seed(7)
net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
prune.global_unstructured([(net[0], "weight"), (net[1], "weight")], pruning_method=prune.L1Unstructured, amount=0.4)
out["global"] = state(net)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "utils.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "cases": out}, f, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path) // 1024, "KB")
