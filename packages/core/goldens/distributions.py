"""Goldens of random.ts, generator.ts and ops/{sampling,distributions,dropout}.ts: small samples of
each function for one seed. random_numbers.py looks closer at the numbers themselves."""
import torch
import torch.nn.functional as F

from golden import Goldens, rand, randn

g = Goldens(__file__)


def seeded(name, fn, *inputs, grad=False):
    """fn(*inputs) after torch.manual_seed(3)."""
    def run(*args):
        torch.manual_seed(3)
        return fn(*args)
    g.case(name, run, *inputs, grad=grad)


x = randn(2, 9)
p = rand(2, 9)
seeded("rand", lambda: torch.rand(2, 3))
seeded("randn", lambda: torch.randn(2, 9))
seeded("randLike", lambda t: torch.rand_like(t), x)
seeded("randnLike", lambda t: torch.randn_like(t), x)
seeded("randint", lambda: torch.randint(-3, 9, (2, 3)))
seeded("randintLike", lambda t: torch.randint_like(t, 2, 9), x)
seeded("randperm", lambda: torch.randperm(10, dtype=torch.int32))
seeded("bernoulli", torch.bernoulli, p, grad=True)
seeded("bernoulli/p", lambda t: torch.bernoulli(t, 0.7), x)
seeded("normal", torch.normal, x, p, grad=True)
seeded("normal/size", lambda: torch.normal(1.0, 2.0, (2, 9)))
seeded("uniform_", lambda t: t.clone().uniform_(-1, 2), x)
seeded("normal_", lambda t: t.clone().normal_(1, 2), x)
seeded("exponential_", lambda t: t.clone().exponential_(2), x)
seeded("cauchy_", lambda t: t.clone().cauchy_(1, 2), x)
seeded("logNormal_", lambda t: t.clone().log_normal_(0, 1), x)
seeded("geometric_", lambda t: t.clone().geometric_(0.3), x)
seeded("bernoulli_", lambda t: t.clone().bernoulli_(0.3), x)
seeded("random_", lambda t: t.clone().random_(2, 9), x)
seeded("poisson", torch.poisson, rand(2, 9, high=30.0), grad=True)
seeded("binomial", torch.binomial, torch.tensor([[5.0], [60]]).expand(2, 9).clone(), rand(2, 9))
seeded("multinomial", lambda t: torch.multinomial(t, 4), p)
seeded("multinomial/replacement", lambda t: torch.multinomial(t, 12, replacement=True), p)
seeded("dropout", lambda t: torch.dropout(t, 0.4, True), x, grad=True)
seeded("dropout_", lambda t: torch.dropout_(t.clone(), 0.4, True), x, grad=True)
seeded("alphaDropout", lambda t: torch.alpha_dropout(t, 0.4, True), x, grad=True)
seeded("alphaDropout_", lambda t: torch.alpha_dropout_(t.clone(), 0.4, True), x, grad=True)
images = randn(2, 3, 2, 2)
seeded("featureDropout", lambda t: torch.feature_dropout(t, 0.4, True), images, grad=True)
seeded("featureAlphaDropout", lambda t: torch.feature_alpha_dropout(t, 0.4, True), images, grad=True)
seeded("featureAlphaDropout_", lambda t: torch.feature_alpha_dropout_(t.clone(), 0.4, True), images,
       grad=True)
seeded("initialSeed", lambda: torch.tensor(torch.initial_seed()))


def restored():
    torch.rand(3)
    state = torch.get_rng_state()
    first = torch.rand(4)
    torch.set_rng_state(state)
    return torch.rand(4), first


seeded("setRngState", restored)
seeded("seed", lambda: torch.tensor(torch.seed() == torch.initial_seed()))
seeded("getRngState", lambda: torch.get_rng_state().long().sum())
g.write()
