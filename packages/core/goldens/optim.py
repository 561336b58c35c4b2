"""Goldens of ops/optim.ts: parameters after three steps whose gradients are g, 2g and -g."""
import torch

from golden import Goldens, randn

g = Goldens(__file__)


def steps(make):
    def run(p, grad):
        p = p.clone()
        optimizer = make([p])
        for factor in (1, 2, -1):
            p.grad = grad * factor
            optimizer.step()
        return p
    return run


def case(name, make):
    g.case(name, steps(make), randn(3, 5), randn(3, 5), grad=False)


SGD, Adam, AdamW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
case("sgd", lambda p: SGD(p, lr=0.1))
case("sgd momentum", lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01))
case("sgd nesterov", lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True))
case("adam", lambda p: Adam(p, lr=0.1))
case("adam amsgrad", lambda p: Adam(p, lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, amsgrad=True))
case("adamw", lambda p: AdamW(p, lr=0.1, weight_decay=0.1, eps=1e-4, maximize=True))

case("rmsprop", lambda p: torch.optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True, weight_decay=0.1))
case("adagrad", lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-4, maximize=True))
case("adadelta", lambda p: torch.optim.Adadelta(p, lr=0.5, rho=0.8, eps=1e-4))
case("adamax", lambda p: torch.optim.Adamax(p, lr=0.1, betas=(0.8, 0.9), weight_decay=0.1))
case("asgd", lambda p: torch.optim.ASGD(p, lr=0.1, lambd=0.1, alpha=0.0))
case("rprop", lambda p: torch.optim.Rprop(p, lr=0.1))


def average(weight):
    def run(p, value):
        p = [p.clone()]
        for factor in (1, 2, -1):
            torch._foreach_lerp_(p, [value * factor], weight)
        return p[0]
    return run


g.case("average", average(0.25), randn(3, 5), randn(3, 5), grad=False)
g.case("average of the other side", average(0.75), randn(3, 5), randn(3, 5), grad=False)


def unscale(p, q):
    p, q = p.clone(), q.clone()
    found = torch.zeros(())
    torch._amp_foreach_non_finite_check_and_unscale_([p, q], found, torch.tensor(0.5))
    return p, q, found


g.case("unscale", unscale, randn(3, 5), randn(33), grad=False)
g.case("unscale infinite", unscale, randn(3, 5), torch.tensor([1.0, float("inf"), 2.0]), grad=False)
g.case("unscale nan", unscale, torch.full((70,), float("nan")), randn(3), grad=False)
g.write()
