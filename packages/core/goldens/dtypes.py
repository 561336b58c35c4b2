"""Writes dtypes.json: what PyTorch says of dtypes and of pairs of them."""
import itertools
import json
import os

import torch

from golden import NAMES, VERSION

DTYPES = list(NAMES)


def scalar(dtype):
    return torch.tensor(1).to(dtype)


def main():
    if not torch.__version__.startswith(VERSION):
        raise SystemExit(f"goldens come from PyTorch {VERSION}, this is {torch.__version__}")
    pairs = {
        f"{NAMES[a]} {NAMES[b]}": {
            "promote": NAMES[torch.promote_types(a, b)],
            "canCast": torch.can_cast(a, b),
            "withScalar": NAMES[torch.result_type(scalar(a).reshape(1), scalar(b))],
            "add": NAMES[(scalar(a).reshape(1) + scalar(b)).dtype],
        }
        for a, b in itertools.product(DTYPES, DTYPES)
    }
    each = {}
    for dtype in DTYPES:
        x = scalar(dtype).reshape(1)
        each[NAMES[dtype]] = {
            "bytes": x.itemsize,
            "floating": dtype.is_floating_point,
            "signed": dtype.is_signed,
            "withBool": NAMES[torch.result_type(x, True)],
            "withInteger": NAMES[torch.result_type(x, 2)],
            "withFloat": NAMES[torch.result_type(x, 2.5)],
        }
        if dtype.is_floating_point:
            info = torch.finfo(dtype)
            fields = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution")
            each[NAMES[dtype]]["finfo"] = {field: getattr(info, field) for field in fields}
        elif dtype != torch.bool:
            info = torch.iinfo(dtype)
            each[NAMES[dtype]]["iinfo"] = {
                "bits": info.bits, "max": str(info.max), "min": str(info.min),
            }
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".json"
    with open(path, "w") as f:
        lines = [",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in part.items())
                 for part in (each, pairs)]
        f.write(f'{{"torch": "{VERSION}", "each": {{\n{lines[0]}\n}}, "pairs": {{\n{lines[1]}\n}}}}\n')


if __name__ == "__main__":
    main()
