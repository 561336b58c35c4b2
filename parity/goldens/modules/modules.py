"""Dumps PyTorch's module database as cases: modules.py OUTFOLDER. Needs a stub `expecttest` on the path."""
import inspect, json, math, os, sys, warnings
warnings.filterwarnings('ignore')
import torch
from torch.testing._internal.common_modules import module_db
torch.set_num_threads(1)
OUT = sys.argv[1]
MOST_CASES, MOST_NUMBERS = 5, 1800
NAMES = {torch.float32: 'float32', torch.float64: 'float64', torch.int64: 'int64', torch.bool: 'bool', torch.int32: 'int32', torch.uint8: 'uint8'}
class Skip(Exception): pass
def number(v):
    if isinstance(v, bool): return int(v)
    if isinstance(v, int): return v
    if not math.isfinite(v): return 'nan' if math.isnan(v) else 'inf' if v > 0 else '-inf'
    return float(f'{v:.7g}')
def tensor(t, grad=False):
    if t.dtype not in NAMES: raise Skip('dtype')
    r = {'t': NAMES[t.dtype], 's': list(t.shape), 'd': [number(v) for v in t.detach().reshape(-1).tolist()]}
    if grad: r['g'] = 1
    return r
def store(x):
    if torch.is_tensor(x): return tensor(x, x.requires_grad)
    if x is None or isinstance(x, (bool, str, int)): return x
    if isinstance(x, float): return x if math.isfinite(x) else {'f': number(x)}
    if isinstance(x, torch.dtype): return {'dtype': NAMES[x]}
    if isinstance(x, (list, tuple)): return [store(y) for y in x]
    if isinstance(x, dict): return {'kw': {k: store(v) for k, v in x.items()}}
    raise Skip(type(x).__name__)
def kw(d): return {k: store(v) for k, v in d.items() if not (k == 'device')}
def flat(x):
    if torch.is_tensor(x): return [x]
    if isinstance(x, (list, tuple)): return [z for y in x for z in flat(y)]
    if isinstance(x, dict): return [z for y in x.values() for z in flat(y)]
    return []
def size(x):
    if isinstance(x, dict): return len(x['d']) if 'd' in x and 't' in x else sum(size(v) for v in x.values())
    return sum(map(size, x)) if isinstance(x, list) else 0
def clone(x):
    if torch.is_tensor(x): return x.clone()
    if isinstance(x, (list, tuple)): return type(x)(clone(y) for y in x)
    return x
def case(cls, mi, training):
    args, kwargs = mi.constructor_input.args, mi.constructor_input.kwargs
    fargs, fkwargs = mi.forward_input.args, mi.forward_input.kwargs
    lazy = cls.__name__.startswith('Lazy')
    entry = {'args': store(list(args)), 'kwargs': kw(kwargs), 'train': training}
    torch.manual_seed(0)
    m = cls(*args, **kwargs)
    m.train(training)
    if not lazy:
        entry['init'] = {k: tensor(v) for k, v in m.state_dict().items()}
    entry['call'] = [store(list(fargs)), kw(fkwargs)]
    leaves = [t for t in flat(list(fargs)) + flat(fkwargs) if t.requires_grad]
    torch.manual_seed(0)
    given = clone(list(fargs)) if kwargs.get('inplace') else fargs
    out = m(*given, **fkwargs)
    outs = flat(out)
    entry['out'] = [tensor(o) for o in outs]
    entry['after'] = {k: tensor(v) for k, v in m.state_dict().items()}
    total = sum((o * torch.cos(0.7 * torch.arange(o.numel(), dtype=torch.float64) + 0.3).reshape(o.shape).to(o.dtype)).sum() for o in outs if o.is_floating_point() and o.requires_grad)
    names = [n for n, p in m.named_parameters() if p.requires_grad]
    if torch.is_tensor(total):
        grads = torch.autograd.grad(total, leaves + [p for p in m.parameters() if p.requires_grad], allow_unused=True)
        entry['grads'] = [None if g is None else tensor(g) for g in grads[:len(leaves)]]
        entry['parameterGrads'] = {n: tensor(g) for n, g in zip(names, grads[len(leaves):]) if g is not None}
    return entry
class Given:
    def __init__(self, *args, **kwargs): self.args, self.kwargs = args, kwargs
class Pair:
    def __init__(self, made, call): self.constructor_input, self.forward_input = made, call
def x(*shape): return torch.randn(*shape, requires_grad=True)
# Classes that the database lacks, or knows little of: how they are made, and what they are called with.
def extra():
    nn = torch.nn
    image, volume, line = (2, 3, 6, 5), (1, 2, 4, 4, 4), (2, 3, 7)
    places = torch.tensor([[[[0, 7], [8, 15]]]])
    yield nn.RReLU, Given(0.1, 0.3), Given(x(4, 5))
    yield nn.Hardsigmoid, Given(), Given(x(4, 5))
    yield nn.Identity, Given(54, unused=True), Given(x(3))
    yield nn.LazyLinear, Given(3), Given(x(2, 4))
    for dims, shape in ((1, line), (2, image), (3, volume)):
        yield getattr(nn, f'LazyBatchNorm{dims}d'), Given(momentum=None), Given(x(*shape))
        yield getattr(nn, f'LazyInstanceNorm{dims}d'), Given(), Given(x(*shape))
    yield nn.BatchNorm2d, Given(3, affine=False), Given(x(*image))
    yield nn.BatchNorm2d, Given(3, bias=False), Given(x(*image))
    yield nn.BatchNorm2d, Given(3, track_running_stats=False), Given(x(*image))
    yield nn.InstanceNorm2d, Given(3, affine=True, track_running_stats=True), Given(x(*image))
    yield nn.CrossMapLRN2d, Given(3, alpha=0.5, k=2), Given(torch.randn(2, 5, 2, 2))
    yield nn.Unfold, Given((2, 3), dilation=2, padding=1, stride=2), Given(x(*image))
    yield nn.Fold, Given((4, 5), kernel_size=(2, 2), padding=1), Given(x(2, 8, 30))
    yield nn.PixelShuffle, Given(2), Given(x(2, 4, 3, 2))
    yield nn.PixelUnshuffle, Given(2), Given(x(2, 2, 4, 2))
    yield nn.Flatten, Given(0, 1), Given(x(2, 3, 2))
    yield nn.Unflatten, Given(1, (2, -1)), Given(x(2, 6))
    yield nn.Upsample, Given(scale_factor=1.5, mode='bilinear'), Given(x(1, 2, 3, 4))
    yield nn.Upsample, Given(size=(5, 3), mode='bicubic', align_corners=True), Given(x(1, 2, 3, 4))
    yield nn.Upsample, Given(scale_factor=2), Given(x(1, 2, 4))
    yield nn.UpsamplingNearest2d, Given(scale_factor=2), Given(x(1, 2, 3, 2))
    yield nn.UpsamplingBilinear2d, Given((5, 7)), Given(x(1, 2, 3, 4))
    yield nn.CosineSimilarity, Given(dim=1), Given(x(3, 4), x(3, 4))
    yield nn.PairwiseDistance, Given(p=3, keepdim=True), Given(x(3, 4), x(3, 4))
    for drop, shape in (('Dropout', (4, 5)), ('Dropout1d', line), ('Dropout2d', image), ('Dropout3d', volume), ('AlphaDropout', (4, 5)), ('FeatureAlphaDropout', image)):
        yield getattr(nn, drop), Given(0.3), Given(x(*shape))
    yield nn.MaxPool2d, Given(2, return_indices=True), Given(x(*image))
    yield nn.MaxUnpool1d, Given(2), Given(x(1, 1, 2), torch.tensor([[[0, 3]]]))
    yield nn.MaxUnpool2d, Given(2, stride=2), Given(x(1, 1, 2, 2), places, output_size=(4, 5))
    yield nn.MaxUnpool3d, Given(2), Given(x(1, 1, 1, 2, 2), torch.tensor([[[[[0, 7], [8, 31]]]]]))
    yield nn.ConvTranspose2d, Given(2, 3, 3, stride=2, padding=1), Given(x(1, 2, 3, 3), output_size=(6, 5))
    yield nn.ConvTranspose1d, Given(4, 2, 3, 2, 1, 1, 2, True, 2), Given(x(1, 4, 5))
    for mode in ('reflect', 'replicate', 'circular'):
        yield nn.Conv2d, Given(2, 4, (3, 2), padding=(2, 1), groups=2, padding_mode=mode), Given(x(1, 2, 5, 4))
    yield nn.Conv1d, Given(2, 3, 4, padding='same', padding_mode='circular'), Given(x(1, 2, 6))
    yield nn.Conv2d, Given(2, 3, (3, 2), padding='same', dilation=2), Given(x(1, 2, 5, 4))
os.makedirs(OUT, exist_ok=True)
others = {}
torch.manual_seed(2)
for cls, made, call in extra(): others.setdefault(cls, []).append(Pair(made, call))
total = 0
infos = {info.module_cls: info for info in module_db}
for cls in [*infos, *(c for c in others if c not in infos)]:
    info = infos.get(cls)
    cases, skipped, spare = [], 0, []
    for mi in others.get(cls, []):
        cases += [case(cls, mi, True), case(cls, mi, False)]
    if len(cases) == 2 and {**cases[0], 'train': 0} == {**cases[1], 'train': 0}: cases.pop()
    for training in (() if info is None else (True, False) if info.train_and_eval_differ else (True,)):
        torch.manual_seed(1)
        inputs = list(info.module_inputs_func(info, device='cpu', dtype=torch.float64 if cls.__name__.startswith('Fractional') else torch.float32, requires_grad=True, training=training))
        room = MOST_CASES + 2 * len(others.get(cls, [])) - len(cases) if not training or not info.train_and_eval_differ else MOST_CASES // 2
        step = max(1, len(inputs) // max(room, 1))
        for mi in (inputs[::step] + inputs):
            if room == 0: break
            try: c = case(cls, mi, training)
            except Skip: skipped += 1; continue
            except Exception as e: print(cls.__name__, type(e).__name__, str(e)[:100]); skipped += 1; continue
            if c in cases: continue
            if size(c) > MOST_NUMBERS: skipped += 1; spare.append(c); continue
            cases.append(c); room -= 1
    if not cases and spare: cases = [min(spare, key=size)]; print('large', cls.__name__, size(cases[0]))
    if not cases: print('no cases', cls.__name__, skipped); continue
    text = json.dumps({'_about': 'PyTorch ' + torch.__version__.split('+')[0] + ', common_modules.py', 'cases': cases}, separators=(',', ':'))
    total += len(text)
    open(os.path.join(OUT, cls.__name__ + '.json'), 'w').write(text + '\n')
print(total, 'bytes')
