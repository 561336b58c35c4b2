"""Draws the cases of *.json beside this file from PyTorch's own operator database.

    python extract.py [--all FOLDER] [OPERATOR …]

For each operator: some calls in each dtype with what PyTorch returned, the gradients of
sum(out * cos(0.7 i + 0.3)) in float64, and calls that must raise. Small calls are preferred, and
calls that differ in kind. --all writes every call instead, into another folder. Run with the
PyTorch release named in VERSION; tests only read the JSON. (The database imports the package
`expecttest`, of which it needs no more than a class TestCase.)
"""
import argparse
import collections
import glob
import itertools
import json
import math
import os
import re
import sys
import types
import unittest
import warnings

if "expecttest" not in sys.modules:
    stub = types.ModuleType("expecttest")
    stub.TestCase = unittest.TestCase
    stub.assert_expected_inline = lambda *args, **kwargs: None
    sys.modules["expecttest"] = stub
warnings.filterwarnings("ignore")

import torch  # noqa: E402
from torch.overrides import TorchFunctionMode, resolve_name  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

VERSION = "2.13.0"
HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "..", "names.json")) as file:
    NAMES = json.load(file)

DTYPES = {torch.float64: "float64", torch.float32: "float32", torch.int64: "int64",
          torch.bool: "bool", torch.int32: "int32", torch.uint8: "uint8",
          torch.float16: "float16", torch.bfloat16: "bfloat16", torch.int8: "int8",
          torch.int16: "int16"}
# Calls tried for each dtype.
TRIED = {torch.float64: 40, torch.float32: 8, torch.int64: 12, torch.bool: 6}
# Functions that draw random numbers, after the database's own seed.
RANDOM = {"alpha_dropout", "bernoulli", "dropout", "dropout2d", "dropout3d", "feature_alpha_dropout",
          "fractional_max_pool2d", "fractional_max_pool3d", "multi_head_attention_forward",
          "multinomial", "normal", "randint", "randint_like", "randn", "randn_like", "rand_like",
          "rrelu", "scaled_dot_product_attention"}
# Results that are only fixed up to their sign.
FREE_SIGN = {"linalg.eigh", "linalg.svd", "svd"}
# Finite differences of float64 inputs do not fit through these.
CASTS = {"float", "half", "bfloat16", "double"}
# Names whose method takes its arguments in another order than the function.
OTHER_ORDER = {"where"}
# Out of scope: other packages of PyTorch, and internal operators.
LEFT_OUT = ("_", "fft", "signal", "sparse", "masked.", "ops.", "jiterator", "torch.ops")


class Skip(Exception):
    """The call has something that cannot be written down, or is out of scope."""


def number(value):
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and abs(value) > 2 ** 53:
        return str(value)
    return value


def store_tensor(t):
    if t.dtype not in DTYPES or t.layout != torch.strided or t.numel() > 20000:
        raise Skip("tensor")
    stored = {"t": DTYPES[t.dtype], "s": list(t.shape),
              "d": [number(v) for v in t.detach().reshape(-1).tolist()]}
    if t.requires_grad and t.is_leaf:
        stored["g"] = 1
    return stored


def store(x):
    if torch.is_tensor(x):
        return store_tensor(x)
    if x is None or isinstance(x, (bool, str)):
        return x
    if isinstance(x, (int, float)):
        value = number(x)
        if isinstance(value, str) and isinstance(x, int):
            raise Skip("integer")
        return {"f": value} if isinstance(value, str) else value
    if isinstance(x, torch.dtype):
        if x not in DTYPES:
            raise Skip("dtype")
        return {"dtype": DTYPES[x]}
    if isinstance(x, torch.device):
        return "cpu"
    if isinstance(x, slice):
        return {"slice": [store(x.start), store(x.stop), store(x.step)]}
    if x is Ellipsis:
        return {"ellipsis": 1}
    if isinstance(x, (list, tuple)):
        return [store(y) for y in x]
    if isinstance(x, dict):
        return {"kw": {k: store(v) for k, v in x.items()}}
    raise Skip("argument " + type(x).__name__)


def keywords(given):
    dropped = ("device", "layout", "pin_memory")
    kept = {k: v for k, v in given.items()
            if k not in dropped and not (k in ("out", "generator") and v is None)}
    if "out" in kept or "generator" in kept:
        raise Skip("keyword")
    return {k: store(v) for k, v in kept.items()}


def leaves(x):
    if torch.is_tensor(x):
        return [x] if x.requires_grad and x.is_leaf else []
    if isinstance(x, (list, tuple)):
        return [leaf for y in x for leaf in leaves(y)]
    if isinstance(x, dict):
        return [leaf for y in x.values() for leaf in leaves(y)]
    return []


def copy(x):
    if torch.is_tensor(x):
        return x.detach().clone().requires_grad_(x.requires_grad)
    if isinstance(x, torch.Size):
        return x
    if isinstance(x, (list, tuple)):
        return type(x)(copy(y) for y in x)
    if isinstance(x, dict):
        return {k: copy(v) for k, v in x.items()}
    return x


def results(out):
    if torch.is_tensor(out) or isinstance(out, (bool, int, float)):
        return [out]
    if out is None or isinstance(out, torch.Size):
        return []
    if isinstance(out, (list, tuple)):
        return [r for o in out for r in results(o)]
    raise Skip("result " + type(out).__name__)


def weights(t):
    i = torch.arange(t.numel(), dtype=torch.float64)
    return torch.cos(0.7 * i + 0.3).reshape(t.shape).to(t.dtype)


def gradients(outs, inputs):
    """What sum(out * weights) gives each input, or None."""
    outs = [o for o in outs if torch.is_tensor(o) and o.requires_grad and o.is_floating_point()]
    if not outs or not inputs:
        return None
    total = sum((o * weights(o)).sum() for o in outs)
    return [None if g is None else store_tensor(g)
            for g in torch.autograd.grad(total, inputs, allow_unused=True)]


class Calls(TorchFunctionMode):
    """Notes which functions of PyTorch are called, and with what."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_function__(self, func, types_, args=(), kwargs=None):
        name = resolve_name(func) or getattr(func, "__name__", "")
        if name.endswith("__get__"):
            name = name[:-len(".__get__")]
            if name.split(".")[-1] in ("T", "mT"):
                self.calls.append((name, args, {}))
        else:
            self.calls.append((name, args, kwargs or {}))
        return func(*args, **(kwargs or {}))


def canonical(name):
    """(namespace, name) of a resolved name, or None if it is out of scope."""
    patterns = [(r"torch\.Tensor\.(\w+)$", "Tensor"), (r"torch\.linalg\.(\w+)$", "linalg"),
                (r"torch\.special\.(\w+)$", "special"),
                (r"torch\.nn\.functional\.(\w+)$", "nn.functional"),
                (r"torch\._C\._linalg\.linalg_(\w+)$", "linalg"),
                (r"torch\._C\._special\.special_(\w+)$", "special"),
                (r"torch\._C\._nn\.(\w+)$", "nn.functional"),
                (r"torch(?:\._C\._VariableFunctions|\.functional)?\.(\w+)$", "torch")]
    for pattern, namespace in patterns:
        found = re.match(pattern, name)
        if found:
            word = {"spmm": "mm"}.get(found.group(1), found.group(1))
            if word == "__getitem__" or word in NAMES[namespace]:
                return namespace, word
    return None


def the_call(calls, operator):
    """The one call that a test function makes, besides copies of its input."""
    named = [(canonical(c[0]), c) for c in calls]
    if len(named) > 1:
        rest = [n for n in named if n[0] is None or n[0][1] not in ("clone", "detach")]
        named = rest
    if len(named) != 1 or named[0][0] is None:
        raise Skip("calls %s" % [c[0] for c in calls][:4])
    (namespace, name), call = named[0]
    if name.endswith("_") and not name.startswith("__"):
        raise Skip("in place")
    return namespace, name, call


def value_case(op, sample, dtype, grad):
    args, kwargs = (copy(sample.input),) + copy(tuple(sample.args)), copy(sample.kwargs)
    mode = Calls()
    torch.manual_seed(0)
    with mode:
        out = op.op(*args, **kwargs)
    namespace, name, call = the_call(mode.calls, op.name)
    outs = results(out)
    case = {"ns": namespace, "name": name, "dtype": DTYPES[dtype],
            "args": [store(a) for a in call[1]], "kwargs": keywords(call[2]),
            "out": [store_tensor(o) if torch.is_tensor(o) else {"v": store(o)} for o in outs]}
    halves = dtype in (torch.float16, torch.bfloat16)
    if halves and all(v == "nan" for o in case["out"] for v in o.get("d", [0])):
        raise Skip("overflow in 16 bits")
    if op.name in FREE_SIGN:
        case["free"] = 1
    elif grad:
        grads = gradients(outs, leaves([call[1], call[2]]))
        if grads is not None:
            case["grads"] = grads
    if not smooth(op):
        case["fd"] = 0
    return case


def smooth(op):
    """Do finite differences of the plain call say what its gradient is?"""
    wrapped = getattr(op.gradcheck_wrapper, "__name__", "") not in ("<lambda>", "")
    name = op.name.split(".")[-1]
    return not (wrapped or name in RANDOM or name in CASTS or name == "erfcx"
                or op.variant_test_name == "subgradients_at_zero")


def in_place_case(op, sample, dtype, grad):
    variant = op.inplace_variant
    name = getattr(variant, "__name__", "") if variant is not None else ""
    if name not in NAMES["Tensor"] or sample.broadcasts_input:
        return None
    args, kwargs = (copy(sample.input),) + copy(tuple(sample.args)), copy(sample.kwargs)
    stored = [store(a) for a in args]
    target = args[0].clone() if args[0].requires_grad else args[0]
    torch.manual_seed(0)
    before = torch.get_rng_state()
    out = variant(target, *args[1:], **kwargs)
    case = {"ns": "Tensor", "name": name, "inplace": 1, "dtype": DTYPES[dtype], "args": stored,
            "kwargs": keywords(kwargs), "out": [store_tensor(out)]}
    if not torch.equal(before, torch.get_rng_state()):
        case.update(fd=0, seed=0)
    elif not smooth(op):
        case["fd"] = 0
    if grad:
        grads = gradients([out], leaves([args, kwargs]))
        if grads is not None:
            case["grads"] = grads
    return case


def other_names(op, case):
    """Names under which the same call exists: the method and aliases."""
    also = []
    first = case["args"][0] if case["args"] else None
    method = isinstance(first, dict) and "t" in first
    if (case["ns"] == "torch" and case["name"] in NAMES["Tensor"] and method
            and case["name"] not in OTHER_ORDER):
        also.append(["Tensor", case["name"]])
    for alias in op.aliases:
        *space, name = alias.name.split(".")
        space = ".".join(space)
        if space and name in NAMES.get(space, {}):
            also.append([space, name])
        elif not space:
            also += [[s, name] for s in ("torch", "Tensor")
                     if name in NAMES[s] and (s == "torch" or method)]
    return also


def error_cases(op):
    if op.error_inputs_func is None:
        return
    for error in op.error_inputs("cpu"):
        sample = error.sample_input
        mode = Calls()
        try:
            with mode:
                op.op(sample.input, *sample.args, **sample.kwargs)
        except Exception as raised:  # noqa: BLE001 - whatever PyTorch raises
            try:
                namespace, name, call = the_call(mode.calls, op.name)
                yield {"ns": namespace, "name": name, "dtype": "float32",
                       "args": [store(a) for a in call[1]], "kwargs": keywords(call[2]),
                       "raises": str(raised)[:200]}
            except Skip:
                pass


def all_cases(op):
    for dtype, name in DTYPES.items():
        if dtype not in op.dtypes:
            continue
        grad = dtype == torch.float64 and op.supports_autograd
        tried = TRIED.get(dtype, 3)
        samples = []
        for small in (True, False):
            try:
                options = {"small_inputs_only": True} if small else {}
                made = op.sample_inputs("cpu", dtype, requires_grad=grad, **options)
                samples = list(itertools.islice(made, 400))
                break
            except TypeError:
                continue
            except Exception:  # noqa: BLE001 - some have no samples without a GPU
                break
        step = max(1, len(samples) / tried)
        for k in range(min(tried, len(samples))):
            sample = samples[int(k * step)]
            for make in (value_case, in_place_case):
                try:
                    case = make(op, sample, dtype, grad)
                except Skip:
                    continue
                except Exception:  # noqa: BLE001 - not for this dtype or form
                    continue
                if case is not None:
                    if make is value_case:
                        case["also"] = other_names(op, case)
                    yield case
    try:
        yield from error_cases(op)
    except Exception:  # noqa: BLE001 - errors that need a GPU to be made
        return


def numbers(x):
    if isinstance(x, dict):
        return len(x["d"]) if "d" in x and "t" in x else sum(numbers(v) for v in x.values())
    return sum(numbers(v) for v in x) if isinstance(x, list) else 1


def size(case):
    return numbers([case["args"], case["kwargs"], case.get("out"), case.get("grads")])


def kind(x):
    """How something is called, without the values."""
    if isinstance(x, dict):
        if "t" in x:
            return "t%d%s" % (len(x["s"]), "e" if 0 in x["s"] else "")
        return "{%s}" % ",".join(k + kind(v) for k, v in sorted(x.items()))
    if isinstance(x, list):
        return "[%s]" % ",".join(kind(v) for v in x)
    return str(x) if isinstance(x, (bool, str)) or x is None else "n"


def chosen(cases):
    """A few small cases of each name and dtype."""
    groups = collections.defaultdict(list)
    for case in cases:
        what = "raises" if "raises" in case else case["dtype"]
        groups[case["ns"], case["name"], case.get("inplace", 0), what].append(case)
    kept = []
    for (_, _, in_place, what), group in groups.items():
        count, most = {"float64": (4, 300), "raises": (3, 200)}.get(what, (1, 80))
        group = sorted(group, key=size)
        seen, taken = set(), []
        for case in group:
            way = kind([case["args"], case["kwargs"]])
            if way not in seen and len(taken) < (min(count, 2) if in_place else count):
                if size(case) <= most or (not taken and size(case) <= 4 * most):
                    seen.add(way)
                    taken.append(case)
        graded = [c for c in group if any(g and g["d"] for g in c.get("grads") or [])]
        if graded and not any(c in taken for c in graded) and size(graded[0]) <= 1200:
            taken.append(graded[0])
        kept += taken
    # Two calls for each other name are enough.
    told = collections.Counter()
    for case in kept:
        also = [a for a in case.pop("also", []) if told[(*a, case["dtype"])] < 2]
        told.update((*a, case["dtype"]) for a in also)
        if also:
            case["also"] = also
    return kept


def main():
    if not torch.__version__.startswith(VERSION):
        raise SystemExit(f"goldens come from PyTorch {VERSION}, this is {torch.__version__}")
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", metavar="FOLDER")
    parser.add_argument("operators", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.all or HERE
    if not options.operators and not options.all:
        for old in glob.glob(os.path.join(HERE, "*.json")):
            os.remove(old)
    total = 0
    for op in op_db:
        full = op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")
        if options.operators and full not in options.operators:
            continue
        if op.name.startswith(LEFT_OUT) and op.name != "__getitem__":
            continue
        cases = list(all_cases(op))
        cases = cases if options.all else chosen(cases)
        if cases:
            lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
            with open(os.path.join(folder, full.replace("/", "_") + ".json"), "w") as out:
                out.write(f'{{"cases": [\n{lines}\n]}}\n')
            total += len(cases)
    print(f"{total} cases")


if __name__ == "__main__":
    main()
