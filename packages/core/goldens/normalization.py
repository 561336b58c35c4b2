"""Goldens of ops/normalization.ts."""
import torch

from golden import Goldens, rand, randn

g = Goldens(__file__)


def layer(name, x, row, w=None, b=None, eps=1e-5):
    g.case(f"layerNorm: {name}", lambda x, w, b: torch.layer_norm(x, row, w, b, eps), x, w, b)


layer("plain", randn(3, 4), [4])
layer("weight and bias", randn(2, 3, 5), [5], randn(5), randn(5))
layer("weight alone", randn(3, 5), [5], randn(5), None, 0.5)
layer("bias alone", randn(3, 5), [5], None, randn(5))
layer("two axes", randn(2, 3, 4), [3, 4], randn(3, 4), randn(3, 4))
layer("whole tensor", randn(6), [6], randn(6), randn(6))
layer("long rows", randn(2, 70), [70], randn(70), randn(70))
layer("large mean", 1000 + randn(3, 40), [40], randn(40), randn(40))
layer("float64", randn(3, 6, dtype=torch.float64), [6], randn(6, dtype=torch.float64),
      randn(6, dtype=torch.float64))


def rms(name, x, row, w=None, eps=None):
    g.case(f"rmsNorm: {name}", lambda x, w: torch.rms_norm(x, row, w, eps), x, w)


rms("plain", randn(3, 4), [4])
rms("weight", randn(2, 3, 5), [5], randn(5), 1e-3)
rms("two axes", randn(2, 3, 4), [3, 4], randn(3, 4))
rms("long rows", randn(2, 70), [70], randn(70))
rms("default eps", 1e-4 * randn(3, 6), [6], randn(6))
rms("float64", 1e-8 * randn(3, 6, dtype=torch.float64), [6], randn(6, dtype=torch.float64))


def batch(name, x, w=None, b=None, mean=None, var=None, training=True, momentum=0.1, eps=1e-5):
    def run(x, w, b, mean, var):
        # Running statistics are no leaves, as they are changed.
        mean, var = (None if t is None else t.detach().clone() for t in (mean, var))
        y = torch.batch_norm(x, w, b, mean, var, training, momentum, eps, False)
        return y if mean is None else (y, mean, var)
    g.case(f"batchNorm: {name}", run, x, w, b, mean, var)


batch("plain", randn(4, 3))
batch("images", randn(2, 3, 4, 5), randn(3), randn(3))
batch("sequences, weight alone", randn(3, 4, 5), randn(4), None, eps=0.1)
batch("volumes, bias alone", randn(2, 3, 2, 3, 2), None, randn(3))
batch("running", randn(2, 3, 4, 5), randn(3), randn(3), randn(3), rand(3, low=0.5, high=2))
batch("running, momentum", randn(5, 3), None, None, randn(3), rand(3, low=0.5, high=2),
      momentum=0.7)
batch("evaluation", randn(2, 3, 4), randn(3), randn(3), randn(3), rand(3, low=0.5, high=2),
      training=False)
batch("evaluation, nothing else", randn(4, 3), None, None, randn(3), rand(3, low=0.5, high=2),
      training=False, eps=0.1)
batch("large mean", 1000 + randn(6, 4, 9), randn(4), randn(4))
batch("many channels", randn(3, 40, 3, 2), randn(40), randn(40))
batch("float64", randn(3, 2, 4, dtype=torch.float64), randn(2, dtype=torch.float64),
      randn(2, dtype=torch.float64))


def instance(name, x, w=None, b=None, mean=None, var=None, use=True, momentum=0.1, eps=1e-5):
    def run(x, w, b, mean, var):
        mean, var = (None if t is None else t.detach().clone() for t in (mean, var))
        y = torch.instance_norm(x, w, b, mean, var, use, momentum, eps, False)
        return y if mean is None else (y, mean, var)
    g.case(f"instanceNorm: {name}", run, x, w, b, mean, var)


instance("plain", randn(2, 3, 5))
instance("images", randn(2, 3, 4, 3), randn(3), randn(3))
instance("running", randn(2, 3, 4, 3), randn(3), randn(3), randn(3), rand(3, low=0.5, high=2))
instance("running statistics", randn(2, 3, 4), randn(3), randn(3), randn(3),
         rand(3, low=0.5, high=2), use=False)


def group(name, x, n, w=None, b=None, eps=1e-5):
    g.case(f"groupNorm: {name}", lambda x, w, b: torch.group_norm(x, n, w, b, eps, False), x, w, b)


group("plain", randn(2, 4, 3), 2)
group("images", randn(2, 6, 3, 4), 3, randn(6), randn(6))
group("one group", randn(2, 4, 5), 1, randn(4), None, 0.1)
group("no pixels axis", randn(3, 6), 2, randn(6), randn(6))
group("each channel", randn(2, 3, 6), 3, randn(3), randn(3))
group("float64", randn(2, 4, 3, dtype=torch.float64), 2, randn(4, dtype=torch.float64),
      randn(4, dtype=torch.float64))
g.write()
