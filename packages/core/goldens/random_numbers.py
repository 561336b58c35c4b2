"""Writes random.json: samples of PyTorch's CPU generator, for the tests of the random ops.

    python random_numbers.py        (needs torch 2.13.0, CPU, on a machine with AVX2)

(Not called random.py: from this folder that would replace the standard module torch imports.)

Each case seeds the generator, skips `skip` words (drawn as float32 rand), runs one op on a fresh
contiguous tensor of n elements and records its values. Large results are thinned: `every` is the
stride of the recorded elements. `next` is torch.rand(1) drawn after the op, so that a test also
sees how many words the op used. int64 values and integer bounds are strings: they may exceed 2^53.
"""

import base64
import hashlib
import json
import pathlib

import numpy
import torch

SEEDS = [0, 42, 1234567890123]
SIZES = [1, 15, 16, 17, 100, 1000]
DTYPES = {
    'float32': torch.float32,
    'float64': torch.float64,
    'int64': torch.int64,
    'int32': torch.int32,
    'uint8': torch.uint8,
    'bool': torch.bool,
    'float16': torch.float16,
    'bfloat16': torch.bfloat16,
    'int8': torch.int8,
    'int16': torch.int16,
}


def number(value):
    """The shortest JSON number that reads back as `value`, a numpy scalar."""
    if isinstance(value, numpy.float32):
        shortest = float(str(value))
        assert numpy.float32(shortest) == value
        return shortest
    if isinstance(value, numpy.int64):
        return str(value)
    return value.item()


def case(op, dtype, n, run, seed=0, skip=0, **args):
    torch.manual_seed(seed)
    torch.rand(skip)
    result = run(torch.empty(n, dtype=DTYPES[dtype]))
    halves = result.dtype in (torch.float16, torch.bfloat16)
    result = (result.double() if halves else result).numpy()
    after = torch.rand(1).numpy()[0]
    every = 29 if n > 100 else 1
    return {
        'op': op,
        'dtype': dtype,
        **({'args': args} if args else {}),
        'seed': seed,
        'skip': skip,
        'n': n,
        'every': every,
        'values': [number(value) for value in result[::every]],
        'next': number(after),
    }


def sampler_cases():
    for seed in SEEDS:
        for n in SIZES:
            # An odd skip puts the two words of a double on both sides of a block's end.
            for skip in [0, 623] if seed == 42 else [0]:
                at = {'seed': seed, 'skip': skip}
                for dtype in ['float32', 'float64']:
                    yield case('rand', dtype, n, lambda t: t.uniform_(), **at)
                    yield case('randn', dtype, n, lambda t: t.normal_(), **at)
                    yield case('exponential_', dtype, n, lambda t: t.exponential_(1.5), **at, rate=1.5)
                yield case('randint', 'int64', n, lambda t: t.random_(-3, 10), **at, low='-3', high='10')
                yield case('randperm', 'int64', n, lambda t: torch.randperm(len(t)), **at)
                yield case('bernoulli_', 'float32', n, lambda t: t.bernoulli_(0.3), **at, p=0.3)


def detail_cases():
    """Ranges, dtypes and arguments that take another path; a few sizes are enough."""
    for n in [5, 33]:
        for dtype in ['float32', 'float64']:
            yield case('uniform_', dtype, n, lambda t: t.uniform_(-2.5, 3.7), low=-2.5, high=3.7)
            yield case('normal_', dtype, n, lambda t: t.normal_(0.3, 1.7), mean=0.3, std=1.7)
            yield case(
                'dropout',
                dtype,
                n,
                lambda t: torch.nn.functional.dropout(torch.ones_like(t), 0.1, True),
                p=0.1,
            )
        ranges = {
            'float32': [(0, 7), (-(2**27), 2**27 + 1), (2**24 + 1, 2**24 + 5)],
            'float64': [(0, 7), (2**40 + 1, 2**41 + 3)],
            'int64': [(0, 1), (0, 2**28 - 1), (0, 2**28), (-(2**62), 2**62 + 12345)],
            'int32': [(-5, 5), (-(2**20), 2**21 + 7)],
            'uint8': [(0, 256)],
            'bool': [(0, 2)],
        }
        for dtype, bounds in ranges.items():
            for low, high in bounds:
                text = {'low': str(low), 'high': str(high)}
                yield case('randint', dtype, n, lambda t: t.random_(low, high), **text)
            yield case('random_', dtype, n, lambda t: t.random_())
            yield case('bernoulli_', dtype, n, lambda t: t.bernoulli_(0.5), p=0.5)
            if dtype not in ['bool']:
                yield case('randperm', dtype, n, lambda t: torch.randperm(len(t), dtype=t.dtype))
        p = torch.linspace(0, 1, n)
        yield case('bernoulli', 'float32', n, lambda t: torch.bernoulli(p), p=p.tolist())
        p64 = p.double()
        yield case('bernoulli', 'float64', n, lambda t: torch.bernoulli(p64), p=p64.tolist())


def narrow_cases():
    """16-bit floats, whose last values are drawn in another order, and 8- and 16-bit integers."""
    for n in [5, 16, 33, 100]:
        for dtype in ['float16', 'bfloat16']:
            yield case('rand', dtype, n, lambda t: t.uniform_())
            yield case('uniform_', dtype, n, lambda t: t.uniform_(-2.5, 3.7), low=-2.5, high=3.7)
            yield case('randn', dtype, n, lambda t: t.normal_())
            yield case('normal_', dtype, n, lambda t: t.normal_(0.3, 1.7), mean=0.3, std=1.7)
            yield case('exponential_', dtype, n, lambda t: t.exponential_(1.5), rate=1.5)
    for n in [5, 33]:
        for dtype in ['float16', 'bfloat16']:
            yield case(
                'dropout',
                dtype,
                n,
                lambda t: torch.nn.functional.dropout(torch.ones_like(t), 0.1, True),
                p=0.1,
            )
            p = torch.linspace(0, 1, n, dtype=DTYPES[dtype])
            yield case('bernoulli', dtype, n, lambda t: torch.bernoulli(p), p=p.double().tolist())
        ranges = {
            'float16': [(0, 7), (-2048, 2049), (0, 5000)],
            'bfloat16': [(0, 7), (-300, 1001)],
            'int8': [(-128, 128), (3, 100)],
            'int16': [(-(2**15), 2**15)],
        }
        for dtype, bounds in ranges.items():
            for low, high in bounds:
                text = {'low': str(low), 'high': str(high)}
                yield case('randint', dtype, n, lambda t: t.random_(low, high), **text)
            yield case('random_', dtype, n, lambda t: t.random_())
            yield case('bernoulli_', dtype, n, lambda t: t.bernoulli_(0.5), p=0.5)
            yield case('randperm', dtype, n, lambda t: torch.randperm(len(t), dtype=t.dtype))


def distribution_cases():
    """Distributions drawn one value after another, and those that tensors describe."""
    for n in [3, 40]:
        for dtype in ['float32', 'float64', 'float16', 'bfloat16']:
            yield case('cauchy_', dtype, n, lambda t: t.cauchy_(0.5, 1.5), median=0.5, sigma=1.5)
            yield case('log_normal_', dtype, n, lambda t: t.log_normal_(0.1, 0.5), mean=0.1, std=0.5)
            yield case('geometric_', dtype, n, lambda t: t.geometric_(0.2), p=0.2)
            rates = torch.linspace(0, 39, n, dtype=DTYPES[dtype])
            rates_list = {'rates': rates.double().tolist()}
            yield case('poisson', dtype, n, lambda t: torch.poisson(rates), **rates_list)
            for samples, replacement in [(1, True), (3, False), (20, True)]:
                weights = torch.linspace(0.01, 2, n, dtype=DTYPES[dtype])
                args = {
                    'weights': weights.double().tolist(),
                    'samples': samples,
                    'replacement': int(replacement),
                }
                yield case(
                    'multinomial',
                    dtype,
                    n,
                    lambda t: torch.multinomial(weights, samples, replacement),
                    **args,
                )
        for dtype in ['float32', 'float64']:
            counts = torch.linspace(0, 90, n, dtype=DTYPES[dtype]).floor()
            probs = torch.linspace(1, 0, n, dtype=DTYPES[dtype])
            args = {'counts': counts.tolist(), 'probs': probs.tolist()}
            yield case('binomial', dtype, n, lambda t: torch.binomial(counts, probs), **args)
        for dtype in ['int64', 'int32', 'int16', 'int8', 'uint8']:
            yield case('geometric_', dtype, n, lambda t: t.geometric_(0.2), p=0.2)
        for dtype in ['float32', 'float64']:
            yield case(
                'alpha_dropout', dtype, n, lambda t: torch.alpha_dropout(torch.ones_like(t), 0.3, True), p=0.3
            )
        yield case('bernoulli/p', 'int64', n, lambda t: torch.bernoulli(t, 0.3), p=0.3)


def state_digest():
    return hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest()


def states():
    """SHA-256 of torch.get_rng_state() after some draws, and one state in full to load."""
    result = []
    for seed in SEEDS:
        for draws, op in [(0, 'rand'), (1, 'rand'), (623, 'rand'), (624, 'rand'), (625, 'rand'), (3, 'randn')]:
            torch.manual_seed(seed)
            getattr(torch, op)(draws)
            result.append({'seed': seed, 'op': op, 'draws': draws, 'sha256': state_digest()})
    torch.manual_seed(7)
    torch.randn(3)  # leaves a spare normal in the state
    saved = base64.b64encode(torch.get_rng_state().numpy().tobytes()).decode()
    following = [number(value) for value in torch.randn(4).numpy()]
    return {'digests': result, 'saved': {'base64': saved, 'randn': following}}


def main():
    assert torch.__version__.startswith('2.13.0'), torch.__version__
    # Without AVX2, PyTorch's float32 randn takes another code path, with other last bits.
    assert torch.backends.cpu.get_cpu_capability() in ('AVX2', 'AVX512')
    torch.set_num_threads(1)
    cases = [*sampler_cases(), *detail_cases(), *narrow_cases(), *distribution_cases()]
    lines = ',\n'.join(json.dumps(entry, separators=(',', ':')) for entry in cases)
    text = '{"torch":"2.13.0",\n"states":%s,\n"cases":[\n%s\n]}\n' % (
        json.dumps(states(), separators=(',', ':')),
        lines,
    )
    path = pathlib.Path(__file__).with_name('random.json')
    path.write_text(text)
    print(f'{path.name}: {len(cases)} cases, {len(text)} bytes')


if __name__ == '__main__':
    main()
