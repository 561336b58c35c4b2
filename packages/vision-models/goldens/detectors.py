"""Writes detectors.json: the state-dict keys of torchvision's detectors, and what SSD300, Faster and
Mask R-CNN give with weights drawn from seed 0: losses of every example, and what they find.

    python detectors.py        needs torch 2.13, torchvision 0.28
"""
import hashlib
import json
import math
import sys
import types
from pathlib import Path

import torch

torch.set_num_threads(1)
# The compiled operators of torchvision are replaced by what they are defined to be.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("_meta_registrations")
from torchvision import ops  # noqa: E402
from torchvision.models.detection import FasterRCNN, MaskRCNN, ssd300_vgg16  # noqa: E402
from torchvision.models.detection import roi_heads  # noqa: E402
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone  # noqa: E402
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead  # noqa: E402
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor  # noqa: E402
from torchvision.ops import FrozenBatchNorm2d, poolers  # noqa: E402
from torchvision.ops.roi_align import _roi_align  # noqa: E402


def nms(boxes, scores, threshold):
    kept, free = [], torch.ones(len(boxes), dtype=torch.bool)
    overlapping = ops.box_iou(boxes, boxes) > threshold
    for i in scores.argsort(descending=True, stable=True).tolist():
        if free[i]:
            kept.append(i)
            free &= ~overlapping[i]
    return torch.tensor(kept, dtype=torch.int64)


def roi_align(features, rois, output_size, spatial_scale=1.0, sampling_ratio=-1, aligned=False):
    size = (output_size, output_size) if isinstance(output_size, int) else output_size
    if len(rois) == 0:
        return features.new_zeros((0, features.shape[1], *size))
    return _roi_align(features, rois, spatial_scale, size[0], size[1], sampling_ratio, aligned)


ops.boxes.nms = nms
poolers.roi_align = roi_heads.roi_align = roi_align


def keys(model):
    lines = "".join(f"{k}:{list(v.shape)}\n" for k, v in model.state_dict().items())
    return {"keys": hashlib.sha256(lines.replace(" ", "").encode()).hexdigest(),
            "parameters": sum(p.numel() for p in model.parameters())}


def draw(model, gain):
    """He's normal weights in order, biases 0; those that say what and where are smaller by a gain."""
    torch.manual_seed(0)
    last = ("cls_logits", "bbox_pred", "cls_score", "classification_head", "regression_head", "fcn_logits")
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                scale = gain if any(part in name for part in last) else 1
                p.copy_(torch.randn(p.shape) * (scale * math.sqrt(2 / p[0].numel())))
            elif not (p == 20).all():
                p.zero_()
    return model


def resnet(depth):
    return resnet_fpn_backbone(backbone_name=f"resnet{depth}", weights=None,
                               norm_layer=FrozenBatchNorm2d, trainable_layers=5)


def numbers(model, gain, images, targets):
    draw(model, gain)
    losses = {k: v.item() for k, v in model.train()(images, targets).items()}
    with torch.no_grad():
        found = model.eval()(images)
    return {"losses": losses, "found": [
        {"boxes": f["boxes"][:20].tolist(), "scores": f["scores"][:20].tolist(),
         "labels": f["labels"][:20].tolist(), "count": len(f["boxes"]),
         **({"masks": f["masks"].sum((1, 2, 3))[:20].tolist()} if "masks" in f else {})}
        for f in found]}


torch.manual_seed(1)
images = [torch.rand(3, 48, 64), torch.rand(3, 64, 40)]
targets = [{"boxes": torch.tensor([[4.0, 6, 30, 40], [20, 10, 60, 45]]), "labels": torch.tensor([1, 3]),
            "masks": torch.zeros(2, 48, 64, dtype=torch.uint8)},
           {"boxes": torch.tensor([[5.0, 5, 35, 60]]), "labels": torch.tensor([2]),
            "masks": torch.zeros(1, 64, 40, dtype=torch.uint8)}]
targets[0]["masks"][0, 10:36, 6:28] = 1
targets[0]["masks"][1, 12:40, 24:56] = 1
targets[1]["masks"][0, 8:50, 8:30] = 1

ssd = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=5)
# Without chance: every anchor and every region counts.
small = {"num_classes": None, "min_size": 64, "max_size": 96, "rpn_batch_size_per_image": 100000,
         "box_batch_size_per_image": 100000, "rpn_post_nms_top_n_train": 60,
         "rpn_post_nms_top_n_test": 60, "box_score_thresh": 0.25}
mask = MaskRCNN(resnet(18), box_head=TwoMLPHead(256 * 49, 32), box_predictor=FastRCNNPredictor(32, 5),
                mask_head=MaskRCNNHeads(256, (16, 16), 1), mask_predictor=MaskRCNNPredictor(16, 16, 5),
                **small)
out = {
    "ssd300": keys(ssd),
    "faster50": keys(FasterRCNN(resnet(50), num_classes=91)),
    "mask50": keys(MaskRCNN(resnet(50), num_classes=91)),
    "mask18": keys(mask),
    "ssd300Numbers": numbers(ssd, 0.01, images, targets),
    "mask18Numbers": numbers(mask, 0.1, images, targets),
}
Path(__file__).with_name("detectors.json").write_text(json.dumps(out) + "\n")
