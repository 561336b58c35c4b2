"""Writes parameters.json: how many parameters torchvision's models have, with their own number of classes.

    python parameters.py        needs torch 2.13, torchvision 0.28
"""
import json
import sys
import types
from pathlib import Path

import torch

# The compiled operators of torchvision are not needed for its models.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("_meta_registrations")
import torchvision.models as models  # noqa: E402
from torchvision.models import detection  # noqa: E402

CLASSIFIERS = [
    "alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn",
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "densenet121", "densenet169",
    "densenet201", "vit_b_16",
]
DETECTORS = ["ssd300_vgg16", "fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn"]


def count(model):
    return sum(p.numel() for p in model.parameters())


with torch.device("meta"):
    found = {name: count(getattr(models, name)()) for name in CLASSIFIERS}
    found["googlenet"] = count(models.googlenet(init_weights=False))
# Without weights, their batch norms learn.
for name in DETECTORS:
    found[name] = count(getattr(detection, name)(weights=None, weights_backbone=None))
Path(__file__).with_name("parameters.json").write_text(json.dumps(found, indent=1) + "\n")
