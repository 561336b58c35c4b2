"""What PyTorch computes of precision-recall curves and videos, for the tests: python curves.py

Needs torch and numpy; of tensorboard only the names, which stand-ins give where it is not installed.
"""

import json
import pathlib
import sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

import numpy as np


class StandIn:
    """Finds every module of tensorboard."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.split(".")[0] == "tensorboard" else None

    def create_module(self, spec):
        module = MagicMock()
        module.__path__ = []
        module.__spec__ = spec
        module.__version__ = "2.19"
        return module

    def exec_module(self, module):
        pass


try:
    import tensorboard  # noqa: F401
except ImportError:
    sys.meta_path.insert(0, StandIn())

from torch.utils.tensorboard._utils import _prepare_video  # noqa: E402
from torch.utils.tensorboard.summary import compute_curve  # noqa: E402

labels = np.array([0, 1, 1, 0, 1, 1, 0, 0, 1, 0])
predictions = np.array([0.1, 0.9, 0.8, 0.35, 0.35, 1.0, 0.0, 0.6, 0.55, 0.75], dtype=np.float32)
weights = np.array([1, 2, 1, 0.5, 1, 1, 3, 1, 1, 2.0])

video = np.arange(3 * 2 * 1 * 2 * 3, dtype=np.float32).reshape(3, 2, 1, 2, 3) / 36

result = {
    "labels": labels.tolist(),
    "predictions": predictions.tolist(),
    "weights": weights.tolist(),
    "curve": compute_curve(labels, predictions, 11).tolist(),
    "weighted": compute_curve(labels, predictions, 5, weights).tolist(),
    "full": compute_curve(labels, predictions, 127)[4].tolist(),
    "frames": np.round(_prepare_video(video) * 36)[..., 0].astype(int).tolist(),
}
(pathlib.Path(__file__).parent / "curves.json").write_text(json.dumps(result) + "\n")
