"""Writes classification.json: what torchvision's models give with the weights of seed 0:
logits in evaluation in float32, and the loss and gradients of a training step in float64.

    python classification.py        needs torch 2.13, torchvision 0.28, numpy
"""
import hashlib
import json
import sys
import types
from pathlib import Path

import torch
from torch.nn import functional as F

# The compiled operators of torchvision are not needed for its models.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("_meta_registrations")
import torchvision.models as models  # noqa: E402

torch.use_deterministic_algorithms(True)

# name, arguments, image size, whether the training step is recorded as well
CASES = [
    ("alexnet", {"num_classes": 10}, 96, True),
    ("vgg11", {"num_classes": 10}, 32, False),
    ("vgg13", {"num_classes": 10}, 32, False),
    ("vgg16_bn", {"num_classes": 10}, 32, False),
    ("vgg19", {"num_classes": 10}, 32, False),
    ("googlenet", {"num_classes": 10, "init_weights": True}, 96, True),
    ("resnet18", {"num_classes": 10}, 64, True),
    ("resnet34", {"num_classes": 10}, 64, True),
    ("resnet50", {"num_classes": 10}, 64, True),
    ("resnet101", {"num_classes": 10}, 64, False),
    ("resnet152", {"num_classes": 10}, 64, False),
    ("densenet121", {"num_classes": 10}, 64, True),
    ("densenet169", {"num_classes": 10}, 64, False),
    ("densenet201", {"num_classes": 10}, 64, False),
    ("vit_b_16", {"num_classes": 10, "image_size": 64}, 64, True),
]


def keys(model):
    lines = "".join(f"{k}:{list(v.shape)}\n" for k, v in model.state_dict().items())
    return hashlib.sha256(lines.replace(" ", "").encode()).hexdigest()


def record(name, arguments, size, step):
    torch.manual_seed(0)
    model = getattr(models, name)(**arguments)
    if name.startswith("vit"):
        torch.nn.init.normal_(model.heads.head.weight, 0, 0.02)
    torch.manual_seed(1)
    x = torch.randn(4, 3, size, size)
    with torch.no_grad():
        out = {"name": name, "size": size, "keys": keys(model), "count": len(model.state_dict()),
               "parameters": sum(p.numel() for p in model.parameters()),
               "logits": model.eval()(x).flatten().tolist()}
    if step:
        torch.manual_seed(2)
        y = model.double().train()(x.double())
        target = torch.tensor([0, 3, 6, 9])
        if name == "googlenet":
            loss = F.cross_entropy(y.logits, target) + 0.3 * (
                F.cross_entropy(y.aux_logits1, target) + F.cross_entropy(y.aux_logits2, target))
        else:
            loss = F.cross_entropy(y, target)
        loss.backward()
        norms = torch.stack([p.grad.norm() for p in model.parameters()])
        out |= {"loss": loss.item(), "gradient": norms.norm().item(),
                "first": next(model.parameters()).grad.norm().item()}
    return out


path = Path(__file__).with_name("classification.json")
path.write_text(json.dumps([record(*case) for case in CASES], indent=1) + "\n")
