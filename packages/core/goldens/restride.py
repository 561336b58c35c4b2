"""In-place forms of views, on a result of another operation (a leaf refuses them)."""
from golden import Goldens, randn

g = Goldens(__file__)
g.case("transpose_", lambda x: (x * 2).transpose_(0, -1), randn(2, 3, 4))
g.case("swapdims_", lambda x: (x * 2).swapdims_(0, 1), randn(2, 3, 4))
g.case("swapaxes_", lambda x: (x * 2).swapaxes_(0, 2), randn(2, 3, 4))
g.case("t_", lambda x: (x * 2).t_(), randn(2, 3))
g.case("squeeze_", lambda x: (x * 2).squeeze_(), randn(2, 1, 3, 1))
g.case("squeeze_/dim", lambda x: (x * 2).squeeze_(1), randn(2, 1, 3, 1))
g.case("unsqueeze_", lambda x: (x * 2).unsqueeze_(-1), randn(2, 3))
g.write()
