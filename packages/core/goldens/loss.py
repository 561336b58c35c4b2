"""Goldens of ops/loss.ts."""
import torch
import torch.nn.functional as F

from golden import Goldens, randint, randn

g = Goldens(__file__)
LABELS = torch.tensor([1, 0, 4, 1])
IGNORED = torch.tensor([1, -100, 4, -100])
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 1.5, 0.75])


def both(name, options, x, target, grad=True):
    """The case for cross-entropy and, on log-probabilities, for negative log-likelihood."""
    g.case(f"crossEntropy/{name}", lambda x, t: F.cross_entropy(x, t, **options), x, target, grad=grad)
    if "label_smoothing" not in options and x.dim() > 1:
        g.case(f"nllLoss/{name}", lambda x, t: F.nll_loss(x, t, **options),
               torch.log_softmax(x, 1), target, grad=grad)


for reduction in ("none", "mean", "sum"):
    both(reduction, {"reduction": reduction}, randn(4, 5), LABELS)
    both(f"{reduction}, ignored", {"reduction": reduction}, randn(4, 5), IGNORED)
    both(f"{reduction}, weighted", {"reduction": reduction, "weight": WEIGHT},
         randn(4, 5), IGNORED)
    both(f"{reduction}, smoothed", {"reduction": reduction, "label_smoothing": 0.1},
         randn(4, 5), IGNORED)
    both(f"{reduction}, smoothed and weighted",
         {"reduction": reduction, "label_smoothing": 0.3, "weight": WEIGHT}, randn(4, 5), IGNORED)
both("another ignored label", {"ignore_index": 1}, randn(4, 5), LABELS)
both("one row", {}, randn(5), torch.tensor(3))
both("many classes", {}, randn(2, 130), torch.tensor([129, 64]))
both("pixels", {"weight": WEIGHT}, randn(2, 5, 2, 3), randint(0, 5, (2, 2, 3)))
both("pixels, none", {"reduction": "none"}, randn(2, 5, 3), randint(0, 5, (2, 3)))
both("float64", {}, randn(4, 5, dtype=torch.float64), LABELS)
both("all ignored", {}, randn(2, 5), torch.tensor([-100, -100]), grad=False)
both("no rows", {}, randn(0, 5), randint(0, 5, (0,)), grad=False)
both("no rows, sum", {"reduction": "sum"}, randn(0, 5), randint(0, 5, (0,)))
both("large scores", {}, torch.tensor([[1e4, -1e4, 0.0], [3e38, 0.0, -3e38]]),
     torch.tensor([1, 0]))
both("infinite scores", {"reduction": "none"},
     torch.tensor([[-float("inf"), 0.0, 1.0], [-float("inf"), 0.0, 1.0], [float("nan"), 0.0, 1.0]]),
     torch.tensor([1, 0, -100]), grad=False)

PROBABILITIES = torch.softmax(randn(4, 5), 1)
for reduction in ("none", "mean", "sum"):
    g.case(f"crossEntropy/probabilities, {reduction}",
           lambda x, t, r=reduction: F.cross_entropy(x, t, WEIGHT, reduction=r, label_smoothing=0.2),
           randn(4, 5), PROBABILITIES)
g.case("crossEntropy/probabilities of pixels", lambda x, t: F.cross_entropy(x, t),
       randn(2, 3, 4), torch.softmax(randn(2, 3, 4), 1))

for reduction in ("none", "mean", "sum"):
    g.case(f"mseLoss/{reduction}", lambda a, b, r=reduction: F.mse_loss(a, b, reduction=r),
           randn(3, 4), randn(3, 4))
g.case("mseLoss/broadcast", lambda a, b: F.mse_loss(a, b.expand(3, 4)), randn(3, 4), randn(4))
g.case("mseLoss/empty", F.mse_loss, randn(0, 2), randn(0, 2), grad=False)
g.case("mseLoss/float64", F.mse_loss, randn(300, dtype=torch.float64), randn(300, dtype=torch.float64))
g.write()
