"""Writes queries.json: what PyTorch answers about tensors and dtypes, as tensors of numbers. Dtypes
are written as their place in DTYPES, text as its characters' codes."""
import torch

from golden import NAMES, Goldens, randn

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool", "float16", "bfloat16", "int8", "int16"]
BY_NAME = {name: dtype for dtype, name in NAMES.items()}
ALL = [BY_NAME[name] for name in DTYPES]
g = Goldens(__file__)


def code(dtype):
    return DTYPES.index(NAMES[dtype])


def numbers(values):
    return torch.tensor([int(v) for v in values])


def of_each_dtype(name, fn):
    g.case(name, lambda: numbers(fn(torch.ones(2, 3, dtype=d)) for d in ALL))


def of_layouts(name, fn):
    """fn gives a list of numbers; the tensors are those of queries.samples.ts."""
    x = torch.zeros(2, 3, 4)
    layouts = [x, x.transpose(0, 2), x[1, :, ::2], torch.zeros([]), torch.zeros(2, 0)]
    g.case(name, lambda: numbers(v for t in layouts for v in fn(t)))


def text(value):
    return numbers(ord(c) for c in value)


of_each_dtype("elementSize", lambda x: x.element_size())
of_each_dtype("itemsize", lambda x: x.itemsize)
of_each_dtype("nbytes", lambda x: x.nbytes)
of_each_dtype("isFloatingPoint", lambda x: x.is_floating_point())
of_each_dtype("isSigned", lambda x: x.is_signed())
of_each_dtype("dtype", lambda x: code(x.dtype))
g.case("isNonzero", lambda: numbers(torch.is_nonzero(torch.tensor([[v]])) for v in (0, 1, -2.5, True, False)))
g.case("isTensor", lambda: numbers(torch.is_tensor(v) for v in (torch.ones(1), 1, [torch.ones(1)], None)))
g.case("isSameSize", lambda: numbers(
    torch.is_same_size(torch.ones(a), torch.ones(b))
    for a, b in (((2, 3), (2, 3)), ((2, 3), (3, 2)), ((1, 2), (2,)), ((), ()))))

of_layouts("size", lambda x: [*x.size(), *[x.size(d) for d in range(-x.dim(), 0)]])
of_layouts("shape", lambda x: x.shape)
of_layouts("stride", lambda x: [*x.stride(), *[x.stride(d) for d in range(-x.dim(), 0)]])
of_layouts("isContiguous", lambda x: [x.is_contiguous()])
of_layouts("dim", lambda x: [x.dim()])
of_layouts("ndim", lambda x: [x.ndim])
of_layouts("ndimension", lambda x: [x.ndimension()])
of_layouts("numel", lambda x: [x.numel()])
of_layouts("nelement", lambda x: [x.nelement()])
of_layouts("getDevice", lambda x: [x.get_device()])
of_layouts("isCpu", lambda x: [x.is_cpu])
g.case("device", lambda: text(str(torch.ones(1).device)))
g.case("getDefaultDevice", lambda: text(str(torch.get_default_device())))
g.case("tolist", lambda: text(str(torch.arange(6).reshape(2, 3).tolist()).replace(" ", "")))

pairs = [(a, b) for a in ALL for b in ALL]
g.case("canCast", lambda: numbers(torch.can_cast(a, b) for a, b in pairs))
g.case("promoteTypes", lambda: numbers(code(torch.promote_types(a, b)) for a, b in pairs))
g.case("resultType", lambda: numbers(
    code(torch.result_type(torch.ones(1, dtype=a), b))
    for a in ALL for b in (True, 2, 2.5, *(torch.tensor(1).to(d) for d in ALL))))


def default_dtypes(set_default):
    def run():
        codes = []
        for dtype in (torch.float16, torch.bfloat16, torch.float64, torch.float32):
            set_default(dtype)
            codes += [code(torch.get_default_dtype()), code(torch.tensor(0.5).dtype),
                      code((torch.tensor([1, 2]) / 2).dtype), code(torch.zeros(1).dtype)]
        return numbers(codes)
    return run


TYPES = {torch.float16: torch.HalfTensor, torch.bfloat16: torch.BFloat16Tensor,
         torch.float64: torch.DoubleTensor, torch.float32: torch.FloatTensor}
g.case("defaultDtype", default_dtypes(torch.set_default_dtype))
g.case("defaultTensorType", default_dtypes(lambda d: torch.set_default_tensor_type(TYPES[d])))


def printed():
    x = torch.tensor([1.23456789, 1000.5, -0.001])
    texts = []
    for options in ({"precision": 2}, {"threshold": 2, "edgeitems": 1}, {"linewidth": 20},
                    {"sci_mode": True}, {"profile": "short"}, {"profile": "full"}):
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        texts.append(str(x))
    torch.set_printoptions(profile="default")
    return text("\n".join(texts))


g.case("setPrintoptions", printed)

x = randn(2, 3)
g.case("to", lambda x: x.to(torch.float64), x)
g.case("to/other", lambda x: x.to(torch.ones(1, dtype=torch.float64)), x)
g.case("to/integer", lambda x: x.to("cpu", torch.int8), x, grad=False)
g.case("typeAs", lambda x: x.type_as(torch.ones(1, dtype=torch.float64)), x)
g.case("cpu", lambda x: x.cpu(), x)
for name in ("half", "bfloat16", "float", "double", "long", "int", "short", "char", "byte", "bool"):
    halves = torch.randint(-40, 40, (3, 4)) + torch.tensor(0.5)
    g.case(name, lambda x, name=name: getattr(x, name)(), halves, grad=False)
g.write()
