"""Writes functional.json: functions of nn.functional that PyTorch's operator database lacks."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(0)
cases = []


def stored(tensor):
    return {'shape': list(tensor.shape), 'data': tensor.detach().reshape(-1).tolist()}


def add(name, function, inputs, *args, **kwargs):
    """One call with tensors first; the gradients are those of the sum of squares."""
    leaves = [torch.randn(shape, dtype=torch.float64).requires_grad_() for shape in inputs]
    torch.manual_seed(1)
    out = function(*leaves, *args, **kwargs)
    grads = torch.autograd.grad(out.square().sum(), leaves)
    cases.append({
        'name': name,
        'inputs': [stored(leaf) for leaf in leaves],
        'args': [*args, *([kwargs] if kwargs else [])],
        'output': stored(out),
        'grads': [stored(grad) for grad in grads],
    })


add('affineGrid', lambda t, s, a: F.affine_grid(t, s, a), [(2, 2, 3)], [2, 1, 3, 4], False)
add('affineGrid', lambda t, s, a: F.affine_grid(t, s, a), [(1, 2, 3)], [1, 1, 1, 5], True)
add('affineGrid', lambda t, s, a: F.affine_grid(t, s, a), [(1, 3, 4)], [1, 2, 2, 3, 4], False)
add('fold', F.fold, [(2, 8, 12)], [4, 5], 2)
add('fold', F.fold, [(6, 4)], [5, 6], [2, 3], 1, [1, 0], [3, 2])
add('lpPool1d', F.lp_pool1d, [(2, 3, 7)], 2, 3)
add('lpPool2d', F.lp_pool2d, [(1, 2, 5, 6)], 4, [2, 3], 1, True)
add('lpPool3d', F.lp_pool3d, [(1, 2, 4, 4, 4)], 2, 2)
add('rrelu', lambda x, a, b, t: F.rrelu(x, a, b, t), [(4, 5)], 0.1, 0.4, True)
add('gumbelSoftmax', lambda x, t, h: F.gumbel_softmax(x, t, h), [(4, 5)], 0.5, False)
add('gumbelSoftmax', lambda x, t, h: F.gumbel_softmax(x, t, h), [(4, 5)], 2, True)
for mode in ('bilinear', 'bicubic'):
    for align in (False, True):
        for size in ([3, 4], [9, 5]):
            add('interpolate', lambda x, s, f, m, a, r, t: F.interpolate(x, s, f, m, a, r, t),
                [(1, 2, 7, 8)], size, None, mode, align, None, True)

path = Path(__file__).with_suffix('.json')
path.write_text(json.dumps({'cases': cases}, separators=(',', ':')) + '\n')
