"""The PyTorch half of the benchmarks: each workload as a plain script would write it.

The runner starts one process for each series of samples, with the request as JSON:

    python workloads.py '{"name": "mlp_mnist", "threads": 2, "samples": 50, ...}'

and reads the line that begins with RESULT. Needs torch and numpy only. src/workloads/ holds the same
definitions for flambeau; random numbers are drawn in the same order there, so that both start
from the same weights and data.
"""

import json
import sys

import torch
import torch.nn.functional as F
from torch import nn, rand, randn

import measure

WORKLOADS = {}

MILLION = 1 << 20
MILLIONS_16 = 1 << 24


class Work:
    """One workload, ready to run. `check` computes what is compared with flambeau's result."""

    def __init__(self, step, check=None, losses=None):
        self.step, self.check, self.losses = step, check, losses


def train(name):
    """Registers a function that makes (model, optimizer, batches, loss function)."""

    def register(make):
        def build():
            model, optimizer, batches, loss_of = make()
            losses = []

            def step():
                batch = batches[len(losses) % len(batches)]
                optimizer.zero_grad()
                loss = loss_of(model, *batch)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())

            return Work(step, losses=losses)

        WORKLOADS[name] = build

    return register


def plain(name, check=True):
    """Registers a maker of a function that runs without recording."""

    def register(make):
        def build():
            torch.set_grad_enabled(False)
            step = make()
            return Work(step, step if check else None)

        WORKLOADS[name] = build

    return register


def recorded(name):
    """Registers a maker of a function that runs while operations are recorded."""

    def register(make):
        def build():
            step = make()
            return Work(step, step)

        WORKLOADS[name] = build

    return register


def forward_backward(name, make):
    """make() -> (function, inputs that want a gradient)."""

    def build():
        function, inputs = make()
        weights = torch.randn_like(function())

        def step():
            return torch.autograd.grad(function(), inputs, weights)

        return Work(step, step)

    WORKLOADS[name] = build


def backward_alone(name, make):
    """The backward pass only; the graph is kept."""

    def build():
        function, inputs = make()
        output = function()
        weights = torch.randn_like(output)

        def step():
            return torch.autograd.grad(output, inputs, weights, retain_graph=True)

        return Work(step, step)

    WORKLOADS[name] = build


def labels(count, classes):
    return torch.randint(0, classes, (count,))


def leaf(*shape, grad=True):
    return randn(*shape).requires_grad_(grad)


# ---- training steps


def cross_entropy(model, x, y):
    return F.cross_entropy(model(x), y)


@train("mlp_mnist")
def _():
    model = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    batches = [(rand(100, 784), labels(100, 10)) for _ in range(32)]
    return model, torch.optim.Adam(model.parameters(), lr=1e-3), batches, cross_entropy


@train("mlp_mnist_mse")
def _():
    model = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    batches = [(rand(512, 784), F.one_hot(labels(512, 10), 10).float()) for _ in range(16)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return model, optimizer, batches, lambda model, x, y: F.mse_loss(model(x), y)


@train("simple_cnn")
def _():
    batches = [(rand(64, 1, 28, 28), labels(64, 10)) for _ in range(32)]
    features = []
    for channels_in, channels_out in ((1, 16), (16, 32), (32, 64)):
        features += [nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Linear(576, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)]
    model = nn.Sequential(*features, nn.Flatten(), *head)
    return model, torch.optim.Adam(model.parameters(), lr=1e-3), batches, cross_entropy


# ---- the cost of a call


@plain("op_add4")
def _():
    a, b = randn(4), randn(4)
    return lambda: a + b


@recorded("op_add4_grad")
def _():
    a, b = leaf(4), leaf(4)
    return lambda: a + b


@recorded("op_add4_fwdbwd")
def _():
    a, b = leaf(4), leaf(4)
    return lambda: torch.autograd.grad((a + b).sum(), (a, b))


def thousand_steps(x, a, b):
    y = x
    for _ in range(500):
        y = y * a
        y = y + b
    return y


@plain("op_chain1000")
def _():
    x, a, b = randn(100, 100), rand(100, 100), randn(100, 100) * 1e-3
    return lambda: thousand_steps(x, a, b)


@recorded("op_chain1000_fwdbwd")
def _():
    x, a, b = leaf(100, 100), rand(100, 100), randn(100, 100) * 1e-3
    return lambda: torch.autograd.grad(thousand_steps(x, a, b).sum(), x)


# ---- elementwise


@plain("op_add_16m")
def _():
    a, b = rand(MILLIONS_16), rand(MILLIONS_16)
    return lambda: a + b


@plain("op_add_16m_inplace", check=False)
def _():
    a, b = rand(MILLIONS_16), rand(MILLIONS_16)
    return lambda: a.add_(b)


@plain("op_add_1m")
def _():
    a, b = rand(MILLION), rand(MILLION)
    return lambda: a + b


@plain("op_add_bcast_4096")
def _():
    a, b = rand(4096, 4096), rand(4096)
    return lambda: a + b


def unary(name, function, *shape):
    @plain(name)
    def _():
        x = rand(*shape)
        return lambda: function(x)


unary("op_exp_16m", torch.exp, MILLIONS_16)
unary("op_relu_16m", F.relu, MILLIONS_16)
unary("op_gelu_1m", F.gelu, MILLION)
unary("op_tanh_1m", torch.tanh, MILLION)

# ---- reductions

unary("op_sum_16m", torch.sum, MILLIONS_16)
unary("op_sum_dim0_4096", lambda x: x.sum(0), 4096, 4096)
unary("op_sum_dim1_4096", lambda x: x.sum(1), 4096, 4096)
unary("op_max_dim1_4096", lambda x: x.max(1), 4096, 4096)


@plain("op_argmax_128x10000")
def _():
    x = randn(128, 10000)
    return lambda: x.argmax(1)


unary("op_cumsum_4096", lambda x: x.cumsum(1), 4096, 4096)

# ---- normalisation


def layer(name, backward, shape, features, make):
    def parts(grad):
        x = leaf(*shape, grad=grad)
        weight, bias = leaf(features, grad=grad), leaf(features, grad=grad)
        run = make()
        return lambda: run(x, weight, bias), [x, weight, bias]

    plain(name)(lambda: parts(False)[0])
    backward_alone(backward, lambda: parts(True))


def batch_norm():
    mean, variance = torch.zeros(64), torch.ones(64)
    return lambda x, weight, bias: F.batch_norm(x, mean, variance, weight, bias, True, 0.1, 1e-5)


layer(
    "op_layernorm_64x197x192",
    "op_layernorm_64x197x192_bwd",
    (64, 197, 192),
    192,
    lambda: lambda x, weight, bias: F.layer_norm(x, (192,), weight, bias),
)
layer(
    "op_batchnorm_train_32x64x56x56",
    "op_batchnorm_train_32x64x56x56_bwd",
    (32, 64, 56, 56),
    64,
    batch_norm,
)
layer(
    "op_groupnorm_32x64x32x32",
    "op_groupnorm_32x64x32x32_bwd",
    (32, 64, 32, 32),
    64,
    lambda: lambda x, weight, bias: F.group_norm(x, 8, weight, bias),
)

# ---- order


@plain("op_sort_1m")
def _():
    x = randn(MILLION)
    return lambda: x.sort()


@plain("op_sort_rows_128x10000")
def _():
    x = randn(128, 10000)
    return lambda: x.sort(1)


@plain("op_topk_128x10000")
def _():
    x = randn(128, 10000)
    return lambda: x.topk(10, 1)


# ---- embedding


def embedding_parts(grad):
    weight = leaf(8000, 256, grad=grad)
    indices = torch.randint(0, 8000, (16, 64))
    return lambda: F.embedding(indices, weight), [weight]


plain("op_embedding_8000x256")(lambda: embedding_parts(False)[0])
backward_alone("op_embedding_8000x256_bwd", lambda: embedding_parts(True))

# ---- transposed convolution


def transposed_parts(grad):
    x, weight, bias = leaf(4, 128, 80, 120, grad=grad), leaf(128, 64, 2, 2, grad=grad), leaf(64, grad=grad)
    return lambda: F.conv_transpose2d(x, weight, bias, 2), [x, weight, bias]


plain("op_convT_128_64_80x120")(lambda: transposed_parts(False)[0])
backward_alone("op_convT_128_64_80x120_bwd", lambda: transposed_parts(True))

# ---- softmax and losses


@plain("op_softmax_128x10000")
def _():
    x = randn(128, 10000)
    return lambda: F.softmax(x, 1)


def softmax_parts():
    x = leaf(128, 10000)
    return lambda: F.softmax(x, 1), [x]


forward_backward("op_softmax_128x10000_fwdbwd", softmax_parts)


def cross_entropy_parts(rows, classes, grad):
    x, y = leaf(rows, classes, grad=grad), labels(rows, classes)
    return lambda: F.cross_entropy(x, y), [x]


for name, rows, classes in (
    ("op_cross_entropy_100x10", 100, 10),
    ("op_cross_entropy_1024x8000", 1024, 8000),
):
    plain(name)(lambda r=rows, c=classes: cross_entropy_parts(r, c, False)[0])
for name, rows, classes in (
    ("op_cross_entropy_100x10_fwdbwd", 100, 10),
    ("op_cross_entropy_1024x8000_fwdbwd", 1024, 8000),
):
    forward_backward(name, lambda r=rows, c=classes: cross_entropy_parts(r, c, True))

# ---- matrix products


def matmul(name, n):
    @plain(name)
    def _():
        a, b = randn(n, n), randn(n, n)
        return lambda: torch.mm(a, b)


matmul("op_matmul_64", 64)
matmul("op_matmul_128", 128)
matmul("op_matmul_256", 256)
matmul("op_matmul_512", 512)
matmul("op_matmul_1024", 1024)
matmul("op_matmul_2048", 2048)


@plain("op_matmul_nt_1024")
def _():
    a, b = randn(1024, 1024), randn(1024, 1024).t()
    return lambda: torch.mm(a, b)


def linear(name, rows, features_in, features_out):
    @plain(name)
    def _():
        x, weight = randn(rows, features_in), randn(features_out, features_in)
        bias = randn(features_out)
        return lambda: F.linear(x, weight, bias)


linear("op_linear_100x784x512", 100, 784, 512)
linear("op_linear_1x384x1536", 1, 384, 1536)


@plain("op_matvec_4096")
def _():
    a, x = randn(4096, 4096), randn(4096)
    return lambda: a @ x


@plain("op_bmm_192x65x64")
def _():
    a, b = randn(192, 65, 64), randn(192, 65, 64)
    return lambda: a @ b.transpose(1, 2)


# ---- convolution and pooling


def convolution(name, shape, channels_out, kernel, stride, padding, first=False, depthwise=False):
    """Forward, and the backward pass alone; a first layer wants no gradient of its input."""

    def parts(grad):
        x = leaf(*shape, grad=grad and not first)
        weight = leaf(channels_out, 1 if depthwise else shape[1], kernel, kernel, grad=grad)
        bias = leaf(channels_out, grad=grad)
        groups = shape[1] if depthwise else 1
        inputs = [weight, bias] if first else [x, weight, bias]
        return lambda: F.conv2d(x, weight, bias, stride, padding, groups=groups), inputs

    plain(name)(lambda: parts(False)[0])
    backward_alone(name + "_bwd", lambda: parts(True))


convolution("op_conv_c3_64_160x240", (4, 3, 160, 240), 64, 3, 1, 1, first=True)
convolution("op_conv_c64_64_160x240", (4, 64, 160, 240), 64, 3, 1, 1)
convolution("op_conv_c128_128_28x28", (16, 128, 28, 28), 128, 3, 1, 1)
convolution("op_conv_c256_512_s2_14x14", (16, 256, 14, 14), 512, 3, 2, 1)
convolution("op_conv_c256_1024_1x1_14x14", (16, 256, 14, 14), 1024, 1, 1, 0)
convolution("op_conv_c1_16_28x28", (64, 1, 28, 28), 16, 3, 1, 1, first=True)
convolution("op_conv_dw128_56x56", (8, 128, 56, 56), 128, 3, 1, 1, depthwise=True)


def pooled(function):
    def parts(grad=True):
        x = leaf(16, 64, 112, 112, grad=grad)
        return lambda: function(x), [x]

    return parts


def max_pool_2(x):
    return F.max_pool2d(x, 2, 2)


def max_pool_3(x):
    return F.max_pool2d(x, 3, 2, 1)


def avg_pool_2(x):
    return F.avg_pool2d(x, 2)


plain("op_maxpool_k2")(lambda: pooled(max_pool_2)(False)[0])
plain("op_maxpool_k3s2p1")(lambda: pooled(max_pool_3)(False)[0])
backward_alone("op_maxpool_k2_bwd", pooled(max_pool_2))
plain("op_avgpool_k2")(lambda: pooled(avg_pool_2)(False)[0])
backward_alone("op_avgpool_k2_bwd", pooled(avg_pool_2))

# ---- moving data


@plain("op_index_rows")
def _():
    x, rows = randn(100000, 64), torch.randint(0, 100000, (50000,))
    return lambda: x[rows]


@plain("op_gather_4096x1000")
def _():
    x, columns = randn(4096, 1000), torch.randint(0, 1000, (4096, 1000))
    return lambda: x.gather(1, columns)


@plain("op_index_add_10556x16")
def _():
    x, rows, source = torch.zeros(2708, 16), labels(10556, 2708), randn(10556, 16)
    return lambda: x.index_add(0, rows, source)


@plain("op_mask_select_4m")
def _():
    x = randn(1 << 22)
    return lambda: x[x > 0]


@plain("op_where_16m")
def _():
    mask, a, b = rand(MILLIONS_16) > 0.5, rand(MILLIONS_16), rand(MILLIONS_16)
    return lambda: torch.where(mask, a, b)


@plain("op_cat_dim1")
def _():
    parts = [randn(32, 64, 56, 56) for _ in range(2)]
    return lambda: torch.cat(parts, 1)


@plain("op_slice_copy")
def _():
    x = randn(64, 512, 512)
    return lambda: x[:, 1:-1, 1:-1].contiguous()


@plain("op_transpose_copy_4096")
def _():
    x = randn(4096, 4096)
    return lambda: x.t().contiguous()


@plain("op_permute_nhwc")
def _():
    x = randn(32, 64, 56, 56)
    return lambda: x.permute(0, 2, 3, 1).contiguous()


@plain("op_permute_heads")
def _():
    x = randn(64, 197, 3, 64)
    return lambda: x.permute(0, 2, 1, 3).contiguous()


# ---- random numbers


@plain("op_randn_1m")
def _():
    x = torch.empty(MILLION)
    return lambda: x.normal_()


@plain("op_randn_16m")
def _():
    return lambda: randn(MILLIONS_16)


@plain("op_rand_16m")
def _():
    x = torch.empty(MILLIONS_16)
    return lambda: x.uniform_()


@plain("op_randperm_60000")
def _():
    return lambda: torch.randperm(60000)


@plain("op_dropout_64x197x192")
def _():
    x = randn(64, 197, 192)
    return lambda: F.dropout(x, 0.1, True)


def dropout_parts():
    x = leaf(64, 197, 192)
    return lambda: F.dropout(x, 0.1, True), [x]


forward_backward("op_dropout_64x197x192_fwdbwd", dropout_parts)

# ---- optimizer steps


def optimizer_step(name, make, count, *shape):
    @plain(name, check=False)
    def _():
        params = [nn.Parameter(randn(*shape)) for _ in range(count)]
        for param in params:
            param.grad = randn(*shape)
        optimizer = make(params)
        return lambda: optimizer.step()


optimizer_step("op_adam_step_10m", lambda p: torch.optim.Adam(p, lr=1e-3), 10, 1024, 1024)
optimizer_step(
    "op_adam_step_10m_fused", lambda p: torch.optim.Adam(p, lr=1e-3, fused=True), 10, 1024, 1024
)
optimizer_step(
    "op_sgdm_step_10m", lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9), 10, 1024, 1024
)
optimizer_step("op_adam_step_100x64", lambda p: torch.optim.Adam(p, lr=1e-3), 100, 64)


# ---- answering a request


def digest(tensor):
    """The sum of magnitudes, weighted by position in row-major order."""
    values = tensor.detach().reshape(-1).double().abs()
    return float((values * (torch.arange(values.numel()) % 1009 + 1)).sum())


def answer(request):
    if request["threads"]:
        torch.set_num_threads(request["threads"])
    torch.manual_seed(request["seed"])
    micro = request["name"].startswith("op_")
    work = WORKLOADS[request["name"]]()
    for _ in range(request["firstSteps"]):
        work.step()
    inner = measure.calls_per_sample(work.step) if micro else 1
    measure.warm_up(work.step, inner)
    samples = measure.take_samples(work.step, inner, request)
    result = {
        "samples": samples,
        "peakRssMb": measure.peak_rss_mb(),
        "threads": torch.get_num_threads(),
        "version": torch.__version__,
        "losses": (work.losses or [])[: request["firstSteps"]],
        "digests": [],
    }
    if request["digest"] and work.check is not None:
        torch.manual_seed(request["seed"])
        value = work.check()
        outputs = [value] if torch.is_tensor(value) else list(value)
        result["digests"] = [digest(output) for output in outputs]
    return result


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(torch.__version__)
    else:
        print("RESULT " + json.dumps(answer(json.loads(sys.argv[1]))))
