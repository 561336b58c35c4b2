"""Names and order of the parameters of torch.nn's constructors and forward(). Writes signatures.json."""
import inspect
import json
import os

import torch
import torch.nn as nn

assert torch.__version__.startswith("2.13.0"), torch.__version__

RECURRENT = ["input_size", "hidden_size", "num_layers"]
# Their signatures say *args; the order is that of their documentation and of RNNBase.
GIVEN = {
    "RNN": [*RECURRENT, "nonlinearity", "bias", "batch_first", "dropout", "bidirectional", "device", "dtype"],
    "LSTM": [*RECURRENT, "bias", "batch_first", "dropout", "bidirectional", "proj_size", "device", "dtype"],
    "GRU": [*RECURRENT, "bias", "batch_first", "dropout", "bidirectional", "device", "dtype"],
}
SKIPPED = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential", "Identity", "Container",
           "DataParallel", "SyncBatchNorm", "Buffer", "Parameter"}


def names(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def required(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


out = {}
for name in sorted(dir(nn)):
    cls = getattr(nn, name)
    if not (inspect.isclass(cls) and issubclass(cls, nn.Module)) or name in SKIPPED or name.startswith("_"):
        continue
    init = GIVEN.get(name) or names(cls.__init__)
    out[name] = {"init": init, "required": 2 if name in GIVEN else required(cls.__init__)}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "signatures.json")
with open(path, "w") as f:
    json.dump({"torch": "2.13.0", "classes": out}, f, separators=(",", ":"))
    f.write("\n")
print(len(out), "classes", os.path.getsize(path) // 1024, "KB")
