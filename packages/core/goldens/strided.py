"""Storage seen through sizes and strides of one's own."""
from golden import Goldens, randn

g = Goldens(__file__)
g.case("asStrided", lambda x: x.as_strided((2, 2), (3, 1), 1), randn(2, 4))
g.case("overlaps", lambda x: x.as_strided((4, 3), (1, 1)), randn(6))
g.case("repeats", lambda x: x.as_strided((2, 3), (0, 2)), randn(6))
g.case("expanded", lambda x: x.expand(4, 3).as_strided((2, 2), (1, 1)), randn(3))
g.case("asStrided_", lambda x: (x * 2).as_strided_((2, 2), (1, 2), 1), randn(6))
# PyTorch 2.13 gives the input the gradient of the elements that were replaced, in place of the others.
g.case("asStridedScatter", lambda x, src: x.as_strided_scatter(src, (2, 2), (3, 1), 1), randn(2, 4), randn(2, 2), grad=False)
g.write()
