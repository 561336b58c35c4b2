"""Writes detection.json: torchvision's box operations, anchors, coder, matcher and losses.

    python detection.py        needs torch 2.13, torchvision 0.28
"""
import json
import sys
import types
from pathlib import Path

import torch

# The compiled operators of torchvision are not needed here.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("_meta_registrations")
from torchvision import ops  # noqa: E402
from torchvision.models.detection import _utils as utils  # noqa: E402
from torchvision.models.detection.anchor_utils import AnchorGenerator  # noqa: E402
from torchvision.models.detection.image_list import ImageList  # noqa: E402
from torchvision.ops.giou_loss import generalized_box_iou_loss  # noqa: E402
from torchvision.ops.roi_align import _roi_align  # noqa: E402


def boxes(n, size):
    a, b = torch.rand(n, 2) * size, torch.rand(n, 2) * size
    return torch.cat((torch.minimum(a, b), torch.maximum(a, b) + 1), 1)


torch.manual_seed(0)
a, b = boxes(5, 30), boxes(4, 30)
same = boxes(5, 30)
logits, targets = torch.randn(6), (torch.rand(6) > 0.5).float()
features = torch.randn(2, 3, 10, 12)
rois = torch.cat((torch.tensor([[0.0], [1], [0]]), boxes(3, 36)), 1)
rois[2] = torch.tensor([0, -3, -2, 46, 38])
generator = AnchorGenerator(((16, 32), (64,)), ((0.5, 1.0, 2.0),) * 2)
maps = [torch.zeros(1, 1, 4, 5), torch.zeros(1, 1, 2, 3)]
anchors = generator(ImageList(torch.zeros(1, 3, 64, 80), [(64, 80)]), maps)[0]
coder = utils.BoxCoder((10.0, 10.0, 5.0, 5.0))
iou = torch.rand(3, 12)
out = {
    "a": a, "b": b, "same": same, "iou": ops.box_iou(a, b), "giou": ops.generalized_box_iou(a, b),
    "gious": generalized_box_iou_loss(a, same), "area": ops.box_area(a),
    "xywh": ops.box_convert(a, "xyxy", "xywh"), "cxcywh": ops.box_convert(a, "xyxy", "cxcywh"),
    "clipped": ops.clip_boxes_to_image(a * 3 - 20, (30, 40)),
    "logits": logits, "targets": targets,
    "focal": ops.focal_loss.sigmoid_focal_loss(logits, targets),
    "features": features, "rois": rois,
    "align": _roi_align(features, rois, 0.25, 3, 2, 2, True),
    "alignAdaptive": _roi_align(features, rois, 0.25, 3, 2, -1, False),
    "anchors": anchors, "codes": coder.encode_single(same, a),
    "decoded": coder.decode_single(torch.randn(5, 8, generator=torch.Generator().manual_seed(1)), a),
    "noise": torch.randn(5, 8, generator=torch.Generator().manual_seed(1)),
    "overlaps": iou, "matched": utils.Matcher(0.7, 0.3, False)(iou),
    "matchedBest": utils.Matcher(0.9, 0.6, True)(iou),
}
Path(__file__).with_name("detection.json").write_text(
    json.dumps({k: v.tolist() for k, v in out.items()}) + "\n")
