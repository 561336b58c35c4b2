"""Loads and augments pairs of a JPEG and a GIF mask with PyTorch's DataLoader: the other half of
benchmarks/src/loading.ts.

    python loading.py FOLDER torchvision|opencv|pillow WORKERS

torchvision: its v2 transforms on tensors. opencv: what albumentations' Resize, Rotate, flips and Normalize
call. pillow: Pillow and NumPy alone. Exits with 3 where a library is missing.
"""
import json
import os
import random
import resource
import sys
import time

import numpy as np
import torch
from PIL import Image

H, W = 160, 240
torch.set_num_threads(1)


def torchvision_pipeline():
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        # Compiled operators that do not load, and that no transform uses: declared, so that the rest does.
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float threshold) -> Tensor")
        library.define("qroi_align(Tensor x) -> Tensor")
        for name in ("roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "deform_conv2d"):
            library.define(f"{name}(Tensor x) -> Tensor")
            library.define(f"_{name}_backward(Tensor x) -> Tensor")
        torchvision_pipeline.library = library
        for name in [n for n in sys.modules if n.startswith("torchvision")]:
            del sys.modules[name]
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    transform = v2.Compose([
        v2.Resize([H, W], antialias=True),
        v2.RandomRotation(35, interpolation=v2.InterpolationMode.BILINEAR),
        v2.RandomHorizontalFlip(0.5),
        v2.RandomVerticalFlip(0.1),
        v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True),
        v2.Normalize([0.0] * 3, [1.0] * 3),
    ])

    def run(image, mask):
        image = tv_tensors.Image(torch.from_numpy(np.array(image)).permute(2, 0, 1))
        mask = tv_tensors.Mask(torch.from_numpy((np.array(mask) > 127).astype(np.uint8))[None])
        image, mask = transform(image, mask)
        return image.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor).float()

    return run


def opencv_pipeline():
    import cv2

    cv2.setNumThreads(0)

    def run(image, mask):
        image, mask = np.array(image), (np.array(mask) > 127).astype(np.uint8)
        if image.shape[:2] != (H, W):
            image = cv2.resize(image, (W, H), interpolation=cv2.INTER_LINEAR)
            mask = cv2.resize(mask, (W, H), interpolation=cv2.INTER_NEAREST)
        turn = cv2.getRotationMatrix2D((W / 2 - 0.5, H / 2 - 0.5), random.uniform(-35, 35), 1.0)
        border = cv2.BORDER_REFLECT_101
        image = cv2.warpAffine(image, turn, (W, H), flags=cv2.INTER_LINEAR, borderMode=border)
        mask = cv2.warpAffine(mask, turn, (W, H), flags=cv2.INTER_NEAREST, borderMode=border)
        if random.random() < 0.5:
            image, mask = cv2.flip(image, 1), cv2.flip(mask, 1)
        if random.random() < 0.1:
            image, mask = cv2.flip(image, 0), cv2.flip(mask, 0)
        image = (image.astype(np.float32) - 0.0) * np.float32(1 / 255)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return planes, torch.from_numpy(mask)[None].float()

    return run


def pillow_pipeline():
    def run(image, mask):
        angle = random.uniform(-35, 35)
        image = image.resize((W, H), Image.BILINEAR).rotate(angle, Image.BILINEAR)
        mask = mask.resize((W, H), Image.NEAREST).rotate(angle, Image.NEAREST)
        image, mask = np.array(image), np.array(mask) > 127
        if random.random() < 0.5:
            image, mask = image[:, ::-1], mask[:, ::-1]
        if random.random() < 0.1:
            image, mask = image[::-1], mask[::-1]
        image = np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float32) / 255
        return torch.from_numpy(image), torch.from_numpy(mask.astype(np.float32))[None]

    return run


class Cars(torch.utils.data.Dataset):
    def __init__(self, folder, run):
        self.images = sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".jpg"))
        self.run = run

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        path = self.images[index]
        with Image.open(path) as image, Image.open(path[:-4] + "_mask.gif") as mask:
            return self.run(image.convert("RGB"), mask.convert("L"))


def cpu():
    own, children = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main():
    folder, pipeline, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    try:
        run = {"torchvision": torchvision_pipeline, "opencv": opencv_pipeline,
               "pillow": pillow_pipeline}[pipeline]()
    except ImportError:
        sys.exit(3)
    loader = torch.utils.data.DataLoader(Cars(folder, run), batch_size=16, shuffle=True,
                                         num_workers=workers, persistent_workers=workers > 0)
    for _ in loader:
        pass
    start = time.perf_counter()
    images = sum(len(image) for image, _ in loader)
    rate = images / (time.perf_counter() - start)
    # A worker's time is known when it has ended: two passes and its start, hence the single process.
    single = torch.utils.data.DataLoader(Cars(folder, run), batch_size=16, shuffle=True)
    before = cpu()
    for _ in single:
        pass
    print(json.dumps({"rate": rate, "cpu": (cpu() - before) * 1000 / images}))


main()
