"""Small programs of views and in-place operations, with what PyTorch makes of them.

A step is [result, receiver, method, *arguments]; names of variables in arguments start with "$". A
result may be a list of names (several outputs), or null. ["noGrad", [steps]] runs steps without
recording. Each program says which variable's weighted sum is differentiated.

views.json gets, for each program: the values of all variables, whether they require gradients, the
gradients of the leaves and the gradients of the sum of their squares; or the step that must raise and
the rule that it breaks. Run with PyTorch 2.13; the tests only read the JSON.
"""
import json
import math
import os
import re

import torch

VERSION = "2.13.0"
PROGRAMS = []


def program(name, steps, loss="y", **leaves):
    PROGRAMS.append({"name": name, "leaves": leaves or {"x": [4]}, "steps": steps, "loss": loss})


# --- writes into views ---
program("a row is scaled", [["y", "x", "mul", 2], ["v", "y", "select", 0, 1], [None, "v", "mul_", 3]], x=[3, 2])
program("a slice is added to", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 1, 2], [None, "v", "add_", "$w"]], x=[4], w=[2])
program("a slice is replaced", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 1, 2], [None, "v", "copy_", "$w"]], x=[4], w=[2])
program("a slice is zeroed", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 1, 2], [None, "v", "zero_"]])
program("a slice is filled", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 0, 1], [None, "v", "fill_", 5]])
program("the view is used after the write", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "v", "mul_", "$w"], ["y", "v", "mul", "$v"]], x=[4], w=[2])
program("base and view are both used", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "v", "mul_", "$w"], ["p", "v", "sum"], ["y", "b", "mul", "$p"]], x=[4], w=[2])
program("a diagonal is changed", [["y", "x", "mul", 2], ["v", "y", "diagonal"], [None, "v", "mul_", "$w"]], x=[3, 3], w=[3])
program("a transposed view is changed", [["y", "x", "mul", 2], ["v", "y", "t"], [None, "v", "mul_", "$w"]], x=[2, 3], w=[3, 2])
program("every second column is changed", [["y", "x", "mul", 2], ["v", "y", "slice", 1, 0, 5, 2], [None, "v", "mul_", 3]], x=[2, 5])
program("a view of another shape is changed", [["y", "x", "mul", 2], ["v", "y", "view", -1], [None, "v", "mul_", "$w"]], x=[2, 3], w=[6])
program("a reshaped view is changed", [["y", "x", "mul", 2], ["v", "y", "reshape", 3, 2], [None, "v", "mul_", "$w"]], x=[2, 3], w=[3, 2])
program("a reshaped copy is changed", [["y", "x", "mul", 2], ["t", "y", "t"], ["v", "t", "reshape", 6], [None, "v", "mul_", 5]], x=[2, 3])
program("a flattened view is changed", [["y", "x", "mul", 2], ["v", "y", "flatten"], [None, "v", "exp_"]], x=[2, 3])
program("an unsqueezed view is changed", [["y", "x", "mul", 2], ["v", "y", "unsqueeze", 0], [None, "v", "sin_"]], x=[2, 3])
program("a squeezed view is changed", [["y", "x", "mul", 2], ["v", "y", "squeeze"], [None, "v", "sin_"]], x=[2, 1, 3])
program("asStrided is changed", [["y", "x", "mul", 2], ["v", "y", "asStrided", [2, 2], [3, 1], 1], [None, "v", "mul_", "$w"]], x=[6], w=[2, 2])
program("a view is scaled by itself", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 1, 2], ["c", "v", "clone"], [None, "v", "mul_", "$c"]])
program("a write whose derivative needs the result", [["y", "x", "mul", 2], ["v", "y", "select", 0, 0], [None, "v", "exp_"]], x=[2, 3])
program("a write whose derivative needs what was there", [["y", "x", "mul", 2], ["v", "y", "select", 0, 0], [None, "v", "sin_"], [None, "v", "square_"]], x=[2, 3])
program("the write depends on the base", [["y", "x", "mul", 2], ["s", "y", "sum"], ["v", "y", "select", 0, 0], [None, "v", "mul_", "$s"]], x=[2, 3])
program("the write depends on another view", [["b", "x", "mul", 2], ["v", "b", "select", 0, 0], ["u", "b", "select", 0, 1], ["y", "b", "mul", 1], [None, "v", "add_", "$u"], ["y", "b", "mul", 3]], x=[2, 3])
program("a whole view is replaced", [["y", "x", "mul", 2], ["v", "y", "view", 4], [None, "v", "copy_", "$w"]], x=[2, 2], w=[4])
program("the gradient of what was replaced is zero", [["y", "x", "mul", 2], ["v", "y", "view", 2, 2], [None, "v", "zero_"]])

# --- chains ---
program("a view of a view", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 1, 2], ["u", "v", "select", 1, 0], [None, "u", "mul_", 3]], x=[3, 2])
program("the middle of a chain", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], ["u", "v", "select", 1, 0], [None, "v", "mul_", "$w"], ["y", "u", "mul", "$u"]], x=[3, 2], w=[2, 2])
program("the end of a chain, the middle is used", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], ["u", "v", "select", 1, 0], [None, "u", "mul_", "$w"], ["y", "v", "mul", "$v"]], x=[3, 2], w=[2])
program("three levels and two writes", [["b", "x", "mul", 2], ["v", "b", "t"], ["u", "v", "narrow", 0, 1, 2], ["r", "u", "select", 0, 0], [None, "r", "mul_", 2], [None, "u", "add_", "$w"], ["y", "b", "mul", "$b"]], x=[2, 3], w=[2, 2])
program("sisters that overlap", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 0, 3], ["u", "b", "narrow", 0, 1, 3], [None, "v", "mul_", 2], [None, "u", "mul_", 3], ["p", "v", "mul", "$u"], ["y", "p", "mul", 1]])
program("a sister is changed", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 0, 3], ["u", "b", "narrow", 0, 1, 3], [None, "v", "mul_", "$w"], ["y", "u", "mul", "$u"]], x=[4], w=[3])
program("a view made after a write", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 0, 3], [None, "v", "mul_", "$w"], ["u", "v", "narrow", 0, 1, 2], [None, "u", "mul_", 5], ["y", "b", "mul", 1]], x=[4], w=[3])
program("a clone of a view is apart", [["y", "x", "mul", 2], ["v", "y", "narrow", 0, 0, 2], ["c", "v", "clone"], [None, "c", "mul_", 9]])

# --- writes into bases ---
program("the base is changed, the view is used", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "b", "mul_", "$w"], ["y", "v", "mul", "$v"]], x=[4], w=[4])
program("the base is replaced, the view is used", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "b", "copy_", "$w"], ["y", "v", "mul", 3]], x=[4], w=[4])
program("the base is zeroed, the view is used", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "b", "zero_"], ["p", "x", "sum"], ["y", "v", "add", "$p"]])
program("a base without history gets one", [["v", "c", "narrow", 0, 1, 2], [None, "c", "mul_", "$w"], ["y", "v", "mul", "$v"]], w=[4], c=["const", 4])
program("a view gives its base a history", [["v", "c", "narrow", 0, 1, 2], [None, "v", "mul_", "$w"], ["y", "c", "mul", "$c"]], w=[2], c=["const", 4])
program("a view gives its sister a history", [["v", "c", "narrow", 0, 1, 2], ["u", "c", "narrow", 0, 0, 2], [None, "v", "mul_", "$w"], ["y", "u", "mul", "$u"]], w=[2], c=["const", 4])
program("a buffer filled row by row", [["r", "c", "select", 0, 0], [None, "r", "copy_", "$x"], ["s", "x", "exp"], ["r", "c", "select", 0, 1], [None, "r", "copy_", "$s"], ["y", "c", "mul", "$c"]], x=[3], c=["const", 2, 3])
program("writes into base and view in turn", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "b", "mul_", "$w"], [None, "v", "mul_", 3], [None, "b", "add_", 1], [None, "v", "mul_", "$v2"], ["y", "b", "mul", "$b"]], x=[4], w=[4], v2=[2])

# --- expanded, detached, without recording ---
program("a view of an expanded tensor is read", [["b", "x", "mul", 2], ["v", "b", "expand", 3, 4], [None, "b", "mul_", "$w"], ["y", "v", "mul", "$v"]], x=[4], w=[4])
program("an expanded row is filled", [["y", "x", "mul", 2], ["e", "c", "expand", 3, 4], [None, "e", "fill_", 2]], x=[4], c=["const", 1, 4])
program("a detached view is changed", [["y", "x", "mul", 2], ["d", "y", "detach"], ["v", "d", "narrow", 0, 1, 2], [None, "v", "mul_", 3]])
program("a view is changed without recording", [["y", "x", "mul", 2], ["noGrad", [["v", "y", "narrow", 0, 1, 2], [None, "v", "mul_", 3]]]])
program("a leaf is changed without recording", [["noGrad", [[None, "x", "mul_", 3]]], ["y", "x", "mul", "$x"]])
program("a view of a leaf is changed without recording", [["noGrad", [["v", "x", "narrow", 0, 1, 2], [None, "v", "mul_", 3]]], ["y", "x", "mul", "$x"]])
program("a view of a leaf is used after the leaf changed", [["v", "x", "narrow", 0, 1, 2], ["noGrad", [[None, "x", "mul_", 3]]], ["y", "v", "mul", "$v"]])
program("a view that was made without recording is read", [["b", "x", "mul", 2], ["noGrad", [["v", "b", "narrow", 0, 1, 2]]], ["p", "v", "mul", 2], ["s", "p", "sum"], ["y", "b", "mul", "$s"]])
program("detach_ of a base leaves its view", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 1, 2], [None, "b", "detach_"], ["y", "v", "mul", "$v"]])

# --- shapes in place ---
program("transpose_", [["y", "x", "mul", 2], [None, "y", "transpose_", 0, 1], [None, "y", "mul_", "$w"]], x=[2, 3], w=[3, 2])
program("t_", [["y", "x", "mul", 2], [None, "y", "t_"]], x=[2, 3])
program("swapaxes_ and swapdims_", [["y", "x", "mul", 2], [None, "y", "swapaxes_", 0, 2], [None, "y", "swapdims_", 0, 1]], x=[2, 3, 1])
program("squeeze_", [["y", "x", "mul", 2], [None, "y", "squeeze_"], [None, "y", "mul_", "$w"]], x=[2, 1, 3], w=[2, 3])
program("squeeze_ of an axis", [["y", "x", "mul", 2], [None, "y", "squeeze_", 1]], x=[1, 1, 3])
program("unsqueeze_", [["y", "x", "mul", 2], [None, "y", "unsqueeze_", -1], [None, "y", "mul_", "$w"]], x=[2, 3], w=[2, 3, 1])
program("asStrided_", [["y", "x", "mul", 2], [None, "y", "asStrided_", [2, 2], [1, 2], 1], ["y", "y", "mul", "$y"]], x=[6])
program("transpose_ of a view", [["b", "x", "mul", 2], ["y", "b", "view", 2, 3], [None, "y", "transpose_", 0, 1], ["y", "y", "mul", "$w"]], x=[2, 3], w=[3, 2])
program("a view before transpose_", [["b", "x", "mul", 2], ["v", "b", "view", -1], [None, "b", "transpose_", 0, 1], ["y", "v", "mul", "$v"]], x=[2, 3])
program("transpose_ of a leaf without recording", [["noGrad", [[None, "x", "t_"]]], ["y", "x", "mul", "$x"]], x=[2, 3])

# --- asStrided ---
program("asStrided", [["y", "x", "asStrided", [2, 2], [2, 1], 1]], x=[6])
program("asStrided overlaps", [["v", "x", "asStrided", [3, 3], [1, 1]], ["y", "v", "mul", "$v"]], x=[6])
program("asStrided repeats", [["v", "x", "asStrided", [2, 3], [0, 1]], ["y", "v", "mul", "$v"]], x=[6])
program("asStrided of a transposed tensor", [["t", "x", "t"], ["v", "t", "asStrided", [2, 2], [1, 2], 1], ["y", "v", "mul", "$v"]], x=[2, 3])
program("asStrided of a slice reaches outside of it", [["b", "x", "mul", 1], ["s", "b", "narrow", 0, 2, 3], ["v", "s", "asStrided", [2, 2], [1, 2], 2], ["y", "v", "mul", "$v"]], x=[6])
program("asStrided of an expanded tensor", [["e", "x", "expand", 2, 3], ["v", "e", "asStrided", [3], [1], 0], ["y", "v", "mul", "$v"]], x=[3])
program("asStrided of asStrided", [["a", "x", "asStrided", [3, 2], [2, 1]], ["v", "a", "asStrided", [2, 2], [1, 3]], ["y", "v", "mul", "$v"]], x=[6])

# --- what must raise ---
program("a leaf", [[None, "x", "mul_", 2]])
program("a view of a leaf", [["v", "x", "narrow", 0, 0, 2], [None, "v", "mul_", 2]])
program("a view of a view of a leaf", [["v", "x", "narrow", 0, 0, 2], ["u", "v", "select", 0, 0], [None, "u", "zero_"]])
program("one of unbind", [["y", "x", "mul", 2], [["a", "b"], "y", "unbind"], [None, "a", "mul_", 2]], x=[2, 3])
program("one of split", [["y", "x", "mul", 2], [["a", "b"], "y", "split", 2], [None, "a", "mul_", 2]])
program("one of chunk", [["y", "x", "mul", 2], [["a", "b"], "y", "chunk", 2], [None, "a", "mul_", 2]])
program("a view of one of unbind", [["y", "x", "mul", 2], [["a", "b"], "y", "unbind"], ["v", "a", "select", 0, 0], [None, "v", "mul_", 2]], x=[2, 3])
program("the base of unbind", [["y", "x", "mul", 2], [["a", "b"], "y", "unbind"], [None, "y", "mul_", 2], ["z", "a", "mul", 2]], x=[2, 3])
program("one of tensorSplit", [["y", "x", "mul", 2], [["a", "b"], "y", "tensorSplit", 2], [None, "a", "mul_", 2]])
program("a view that was made without recording", [["y", "x", "mul", 2], ["noGrad", [["v", "y", "narrow", 0, 0, 2]]], [None, "v", "mul_", 2]])
program("the base of a view that was made without recording", [["y", "x", "mul", 2], ["noGrad", [["v", "y", "narrow", 0, 0, 2]]], [None, "y", "mul_", 2], ["z", "v", "mul", 2]])
program("an expanded tensor", [["y", "x", "mul", 2], ["e", "y", "expand", 2, 4], [None, "e", "mul_", 2]])
program("detach_ of a view", [["y", "x", "mul", 2], ["v", "y", "select", 0, 0], [None, "v", "detach_"]])
program("t_ of a leaf", [[None, "x", "t_"]], x=[2, 3])
program("unsqueeze_ of a view of a leaf", [["v", "x", "narrow", 0, 0, 2], [None, "v", "unsqueeze_", 0]])
program("a saved tensor is changed", [["b", "x", "mul", 2], ["y", "b", "mul", "$b"], [None, "b", "add_", 1], ["y", "y", "mul", 1]])
program("a saved tensor is changed through a view", [["b", "x", "mul", 2], ["y", "b", "mul", "$b"], ["v", "b", "select", 0, 0], [None, "v", "add_", 1]])
program("a saved view is changed through its base", [["b", "x", "mul", 2], ["v", "b", "narrow", 0, 0, 2], ["y", "v", "mul", "$v"], [None, "b", "add_", 1]])
program("a saved result is changed", [["y", "x", "exp"], [None, "y", "add_", 1]])
program("the result of a write is saved and changed", [["y", "x", "mul", 2], ["v", "y", "select", 0, 0], [None, "v", "exp_"], [None, "v", "tanh_"]], x=[2, 3])
program("a saved constant is changed", [["y", "x", "mul", "$c"], [None, "c", "fill_", 1]], x=[4], c=["const", 4])

RULES = [
    (r"a view of a leaf Variable", "view of a leaf"),
    (r"a leaf Variable", "leaf"),
    (r"has been modified inplace.*returns multiple views", "base of multiple views"),
    (r"is being modified inplace.*returns multiple views", "multiple views"),
    (r"created in no_grad mode and is being", "noGrad view"),
    (r"created in no_grad mode and its base", "base of noGrad view"),
    (r"more than one element of the written-to tensor", "overlap"),
    (r"Can't detach views in-place", "detach_"),
    (r"modified by an inplace operation", "modified"),
]


def rule_of(error):
    for pattern, rule in RULES:
        if re.search(pattern, str(error), re.S):
            return rule
    raise error


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def run(steps, variables, position):
    for step in steps:
        position[0] += 1
        if step[0] == "noGrad":
            with torch.no_grad():
                run(step[1], variables, position)
            continue
        out, receiver, method, *arguments = step
        arguments = [variables[a[1:]] if isinstance(a, str) and a.startswith("$") else a for a in arguments]
        target = variables[receiver]
        if method == "slice":
            dim, *bounds = arguments
            result = target[(slice(None),) * dim + (slice(*bounds),)]
        else:
            result = getattr(target, snake(method))(*arguments)
        if isinstance(out, list):
            variables.update(zip(out, result))
        elif out is not None:
            variables[out] = result


def values(shape, phase):
    n = math.prod(shape)
    return [round(math.sin(1.3 * i + phase) + 0.1, 6) for i in range(n)]


def tensor_of(shape, data):
    return torch.tensor(data, dtype=torch.float64).reshape(shape).clone()


def weights(t):
    i = torch.arange(t.numel(), dtype=torch.float64)
    return torch.cos(0.7 * i + 0.3).reshape(t.shape)


def stored(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def record(p):
    variables, leaves, inputs = {}, {}, {}
    for i, (name, spec) in enumerate(p["leaves"].items()):
        constant = spec[0] == "const"
        shape = spec[1:] if constant else spec
        data = values(shape, i)
        inputs[name] = {"shape": shape, "data": data, "requiresGrad": not constant}
        variables[name] = tensor_of(shape, data)
        if not constant:
            leaves[name] = variables[name].requires_grad_()
    golden = {"name": p["name"], "inputs": inputs, "steps": p["steps"], "loss": p["loss"]}
    position = [0]
    try:
        run(p["steps"], variables, position)
        position[0] += 1
        golden["values"] = {k: stored(v) for k, v in variables.items()}
        golden["requiresGrad"] = {k: v.requires_grad for k, v in variables.items()}
        golden["isLeaf"] = {k: v.is_leaf for k, v in variables.items() if k in leaves or k == p["loss"]}
        y = variables[p["loss"]]
        first = torch.autograd.grad((y * weights(y)).sum(), list(leaves.values()), create_graph=True, allow_unused=True)
        golden["gradients"] = {k: None if g is None else stored(g) for k, g in zip(leaves, first)}
        square = sum((g * g).sum() for g in first if g is not None and g.requires_grad)
        if torch.is_tensor(square):
            second = torch.autograd.grad(square, list(leaves.values()), allow_unused=True)
            golden["second"] = {k: None if g is None else stored(g) for k, g in zip(leaves, second)}
    except RuntimeError as error:
        for key in ("values", "requiresGrad", "isLeaf"):
            golden.pop(key, None)
        golden["raises"] = {"step": position[0], "rule": rule_of(error)}
    return golden


if __name__ == "__main__":
    if not torch.__version__.startswith(VERSION):
        raise SystemExit(f"goldens come from PyTorch {VERSION}, this is {torch.__version__}")
    goldens = [record(p) for p in PROGRAMS]
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
    with open(path, "w") as file:
        json.dump({"torch": VERSION, "programs": goldens}, file, separators=(",", ":"))
        file.write("\n")
    print(len(goldens), "programs,", sum("raises" in g for g in goldens), "raise")
