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
import models

WORKLOADS = {}

MILLION = 1 << 20
MILLIONS_16 = 1 << 24


class Work:
    """One workload, ready to run. `check` computes what is compared with flambeau's result."""

    def __init__(self, step, check=None, losses=None):
        self.step, self.check, self.losses = step, check, losses


class Settings:
    """How PyTorch is set up; the default is what a plain script gets."""

    def __init__(self):
        self.compile = self.fused = self.channels_last = False
        # Probability 0 everywhere, to compare losses where random numbers are drawn otherwise.
        self.dropout = True
        self.device = "cpu"
        # bfloat16: forward passes of training under autocast.
        self.precision = "float32"


settings = Settings()


def dropout(p):
    return p if settings.dropout else 0.0


def adam(params, **options):
    return torch.optim.Adam(params, **options, **({"fused": True} if settings.fused else {}))


def adamw(params, **options):
    return torch.optim.AdamW(params, **options, **({"fused": True} if settings.fused else {}))


def sgd(params, **options):
    return torch.optim.SGD(params, **options, **({"fused": True} if settings.fused else {}))


def laid_out(tensor):
    """An image batch in the memory format of the settings."""
    if settings.channels_last and tensor.dim() == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor


def train(name, images=False):
    """Registers a function that makes (model, optimizer maker, batches, loss function)."""

    def register(make):
        def build():
            model, optimizer_of, batches, loss_of = make()
            # Drawn by the processor, so that both sides start from the same numbers.
            model.to(settings.device)
            batches = [tuple(part.to(settings.device) for part in batch) for batch in batches]
            if images and settings.channels_last:
                model.to(memory_format=torch.channels_last)
                batches = [tuple(laid_out(part) for part in batch) for batch in batches]
            optimizer = optimizer_of(model.parameters())
            forward = torch.compile(loss_of) if settings.compile else loss_of
            losses = []

            def step():
                batch = batches[len(losses) % len(batches)]
                optimizer.zero_grad()
                with torch.autocast(
                    settings.device, torch.bfloat16, enabled=settings.precision == "bfloat16"
                ):
                    loss = forward(model, *batch)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())

            return Work(step, losses=losses)

        WORKLOADS[name] = build

    return register


def infer(name, images=False):
    """Registers a function that makes (model, function of the model)."""

    def register(make):
        def build():
            torch.set_grad_enabled(False)
            model, run = make()
            model.eval()
            if images and settings.channels_last:
                model.to(memory_format=torch.channels_last)
            forward = torch.compile(run) if settings.compile else run
            return Work(lambda: forward(model), lambda: run(model))

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
    return model, lambda params: adam(params, lr=1e-3), batches, cross_entropy


@train("mlp_mnist_mse")
def _():
    model = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    batches = [(rand(512, 784), F.one_hot(labels(512, 10), 10).float()) for _ in range(16)]
    optimizer = lambda params: sgd(params, lr=0.01, momentum=0.9)
    return model, optimizer, batches, lambda model, x, y: F.mse_loss(model(x), y)


def images(name, count, batch, shape, draw, make, optimizer):
    """Classification of random images; the data are drawn before the weights."""

    @train(name, images=True)
    def _():
        batches = [(draw(batch, *shape), labels(batch, 10)) for _ in range(count)]
        return make(), optimizer, batches, cross_entropy


def momentum(params):
    return sgd(params, lr=0.1, momentum=0.9, weight_decay=5e-4)


GREY, LARGE, COLOUR = (1, 28, 28), (1, 224, 224), (3, 32, 32)
images("simple_cnn", 32, 64, GREY, rand, models.small_cnn, lambda params: adam(params, lr=1e-3))
images("lenet5_sigmoid", 16, 256, GREY, rand, models.lenet5, lambda params: sgd(params, lr=0.9))
images(
    "alexnet_224",
    4,
    8,
    LARGE,
    rand,
    lambda: models.alexnet(dropout(0.5)),
    lambda params: sgd(params, lr=0.01),
)
images(
    "vgg11_224",
    4,
    2,
    LARGE,
    rand,
    lambda: models.vgg11(dropout(0.5)),
    lambda params: sgd(params, lr=0.05),
)
images("resnet18_cifar", 8, 32, COLOUR, randn, lambda: models.resnet18(10, "large"), momentum)
images("resnet18_cifar_stem3", 4, 32, COLOUR, randn, lambda: models.resnet18(10, "small"), momentum)


@train("unet_carvana", images=True)
def _():
    batches = [(rand(4, 3, 160, 240), (rand(4, 1, 160, 240) > 0.5).float()) for _ in range(2)]
    loss = lambda model, x, y: F.binary_cross_entropy_with_logits(model(x), y)
    return models.UNet(), lambda params: adam(params, lr=1e-4), batches, loss


@train("vit_tiny")
def _():
    batches = [(randn(64, 3, 32, 32), labels(64, 10)) for _ in range(8)]
    optimizer = lambda params: adamw(params, lr=1e-3)
    return models.VisionTransformer(), optimizer, batches, cross_entropy


def tokens():
    return torch.randint(0, 8000, (16, 64))


@train("transformer_seq2seq")
def _():
    batches = [(tokens(), tokens(), tokens()) for _ in range(8)]

    def loss(model, source, target, wanted):
        logits = model(source, target).flatten(0, 1)
        return F.cross_entropy(logits, wanted.flatten(), label_smoothing=0.1)

    optimizer = lambda params: adam(params, lr=1e-4, betas=(0.9, 0.98))
    return models.Seq2Seq(dropout(0.1)), optimizer, batches, loss


@train("lstm_lm")
def _():
    batches = [(tokens(), tokens()) for _ in range(8)]
    loss = lambda model, x, y: F.cross_entropy(model(x)[0].flatten(0, 1), y.flatten())
    return models.LstmModel(), lambda params: adam(params, lr=1e-3), batches, loss


@train("ddpm_unet", images=True)
def _():
    batches = [(randn(32, 1, 32, 32), labels(32, 1000), randn(32, 1, 32, 32)) for _ in range(4)]
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)

    def loss(model, x, t, noise):
        share = kept.to(x.device)[t][:, None, None, None]
        return F.mse_loss(model(share.sqrt() * x + (1 - share).sqrt() * noise, t), noise)

    return models.DiffusionUNet(), lambda params: adamw(params, lr=2e-4), batches, loss


def graph(name, sparse):
    @train(name)
    def _():
        optimizer = lambda params: adam(params, lr=0.01, weight_decay=5e-4)
        return models.Gcn(sparse, dropout(0.5)), optimizer, [()], lambda model: model()


graph("gcn_cora_like", False)
graph("gcn_cora_like_csr", True)

# ---- inference


@infer("infer_resnet18_224", images=True)
def _():
    x = laid_out(rand(1, 3, 224, 224))
    return models.resnet18(1000, "large"), lambda model: model(x)


@infer("infer_unet", images=True)
def _():
    x = laid_out(rand(1, 3, 160, 240))
    return models.UNet(), lambda model: model(x)


class LstmSteps(Work):
    """One token through the language model after another, each the likeliest after the last."""

    def __init__(self):
        torch.set_grad_enabled(False)
        self.start = torch.randint(0, 8000, (1, 1))
        model = models.LstmModel().eval()

        def run(model, x, state):
            y, state = model(x, state)
            return y[:, -1].argmax(-1, keepdim=True), state

        self.model, self.run = model, torch.compile(run) if settings.compile else run
        self.reset()
        super().__init__(self.next, self.forty)

    def reset(self):
        self.x, self.state = self.start, (torch.zeros(2, 1, 512), torch.zeros(2, 1, 512))

    def next(self):
        self.x, self.state = self.run(self.model, self.x, self.state)
        return self.x.item()

    def forty(self):
        self.reset()
        return torch.tensor([self.next() for _ in range(40)]), *self.state


WORKLOADS["infer_lstm_step"] = LstmSteps


def gpt_decode():
    torch.set_grad_enabled(False)
    model = models.Gpt().eval()
    caches = [(torch.zeros(1, 6, 256, 64), torch.zeros(1, 6, 256, 64)) for _ in range(6)]
    forward = torch.compile(model, dynamic=True) if settings.compile else model

    def step():
        x = torch.zeros(1, 1, dtype=torch.long)
        out = [x]
        for i in range(255):
            x = forward(x, caches, i)[:, -1].argmax(-1, keepdim=True)
            out.append(x)
            x.item()
        return torch.cat(out, 1)

    return Work(step, step)


WORKLOADS["infer_gpt_decode_256"] = gpt_decode

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


@plain("op_add_16m_out")
def _():
    a, b, out = rand(MILLIONS_16), rand(MILLIONS_16), torch.empty(MILLIONS_16)
    return lambda: torch.add(a, b, out=out)


@plain("op_exp_16m_out")
def _():
    x = rand(MILLIONS_16)
    out = torch.empty_like(x)
    return lambda: torch.exp(x, out=out)


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
        x = laid_out(randn(*shape)).requires_grad_(grad)
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
    x = laid_out(randn(4, 128, 80, 120)).requires_grad_(grad)
    weight, bias = leaf(128, 64, 2, 2, grad=grad), leaf(64, grad=grad)
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


# ---- attention


def attention_parts(grad):
    q, k, v = (leaf(16, 8, 64, 32, grad=grad) for _ in range(3))
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True), [q, k, v]


plain("op_sdpa_16x8x64x32")(lambda: attention_parts(False)[0])
backward_alone("op_sdpa_16x8x64x32_bwd", lambda: attention_parts(True))

# ---- convolution and pooling


def convolution(name, shape, channels_out, kernel, stride, padding, first=False, depthwise=False):
    """Forward, and the backward pass alone; a first layer wants no gradient of its input."""

    def parts(grad):
        x = laid_out(randn(*shape)).requires_grad_(grad and not first)
        weight = laid_out(randn(channels_out, 1 if depthwise else shape[1], kernel, kernel))
        weight.requires_grad_(grad)
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
        x = laid_out(randn(16, 64, 112, 112)).requires_grad_(grad)
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
    parts = [laid_out(randn(32, 64, 56, 56)) for _ in range(2)]
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


optimizer_step("op_adam_step_10m", lambda p: adam(p, lr=1e-3), 10, 1024, 1024)
optimizer_step(
    "op_adam_step_10m_fused", lambda p: torch.optim.Adam(p, lr=1e-3, fused=True), 10, 1024, 1024
)
optimizer_step("op_sgdm_step_10m", lambda p: sgd(p, lr=1e-3, momentum=0.9), 10, 1024, 1024)
optimizer_step("op_adam_step_100x64", lambda p: adam(p, lr=1e-3), 100, 64)


# ---- answering a request


def digest(tensor):
    """The sum of magnitudes, weighted by position in row-major order."""
    values = tensor.detach().reshape(-1).double().abs()
    return float((values * (torch.arange(values.numel()) % 1009 + 1)).sum())


def answer(request):
    if request["threads"]:
        torch.set_num_threads(request["threads"])
    variant = request.get("variant", "eager")
    settings.compile = variant == "compile"
    settings.fused = settings.channels_last = variant == "tuned"
    settings.dropout = request.get("dropout", True)
    settings.device = request.get("device", "cpu")
    settings.precision = request.get("precision", "float32")
    torch.manual_seed(request["seed"])
    micro = request["name"].startswith("op_")
    if settings.device != "cpu":
        measure.synchronize = torch.cuda.synchronize
        if micro:
            torch.set_default_device(settings.device)
    work = WORKLOADS[request["name"]]()
    for _ in range(request["firstSteps"]):
        work.step()
    inner = measure.calls_per_sample(work.step) if micro else 1
    measure.warm_up(work.step, inner)
    samples = measure.take_samples(work.step, inner, request)
    result = {
        "samples": samples,
        "peakRssMb": measure.peak_rss_mb(),
        "peakDeviceMb": (
            0 if settings.device == "cpu" else torch.cuda.max_memory_allocated() / 2**20
        ),
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
