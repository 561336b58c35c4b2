"""Writes diffusion_unet.json: the benchmark's DDPM network, with weights by name.

    python diffusion_unet.py BASELINE        needs torch 2.13; BASELINE is pytorch_baseline.py
"""
import importlib.util
import json
import sys
from pathlib import Path

import torch

spec = importlib.util.spec_from_file_location("baseline", sys.argv[1])
baseline = importlib.util.module_from_spec(spec)
spec.loader.exec_module(baseline)
baseline.import_torch()

model = baseline.ddpm_model(ch=16, mults=(1, 2), tdim=64, groups=4)
state = model.state_dict()
torch.manual_seed(0)
for name in sorted(state):
    if name != "freq":
        state[name].copy_(torch.randn(state[name].shape) * 0.1)
with torch.no_grad():
    y = model(torch.randn(2, 1, 8, 8), torch.tensor([3, 500]))
Path(__file__).with_name("diffusion_unet.json").write_text(
    json.dumps({"keys": sorted(state), "output": y.flatten().tolist()}) + "\n")
