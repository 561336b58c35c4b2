"""The PyTorch half of src/cuda/speed.ts: how fast a GPU moves and multiplies."""

import time

import torch


def milliseconds(run):
    for _ in range(3):
        run()
    best = float("inf")
    for _ in range(5):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(10):
            run()
        end.record()
        torch.cuda.synchronize()
        best = min(best, start.elapsed_time(end) / 10)
    return best


def bandwidth(elements, run):
    return 4 * elements / milliseconds(run) / 1e6


def teraflops(n, dtype):
    a, b = (torch.randn(n, n, device="cuda").to(dtype) for _ in range(2))
    return 2 * n**3 / milliseconds(lambda: a @ b) / 1e9


def host_microseconds(run):
    best = float("inf")
    for _ in range(20):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(500):
            run()
        best = min(best, (time.perf_counter() - start) * 2e3)
        torch.cuda.synchronize()
    return best


@torch.no_grad()
def main():
    n = 64 << 20
    x, y = torch.randn(n, device="cuda"), torch.empty(n, device="cuda")
    square, small = x.view(8192, 8192), torch.ones(4, device="cuda")
    rows = {
        "copy GB/s": bandwidth(2 * n, lambda: y.copy_(x)),
        "add GB/s": bandwidth(3 * n, lambda: x + y),
        "relu GB/s": bandwidth(2 * n, lambda: x.relu()),
        "exp GB/s": bandwidth(2 * n, lambda: x.exp()),
        "sigmoid GB/s": bandwidth(2 * n, lambda: x.sigmoid()),
        "sum GB/s": bandwidth(n, lambda: x.sum()),
        "sum of rows GB/s": bandwidth(n, lambda: square.sum(1)),
        "sum of columns GB/s": bandwidth(n, lambda: square.sum(0)),
        "softmax GB/s": bandwidth(2 * n, lambda: square.softmax(1)),
        "transpose GB/s": bandwidth(2 * n, lambda: square.T.contiguous()),
        "matmul 4096 float32 TFLOP/s": teraflops(4096, torch.float32),
        "matmul 8192 bfloat16 TFLOP/s": teraflops(8192, torch.bfloat16),
        "host us per add": host_microseconds(lambda: small + small),
    }
    print("PyTorch", torch.__version__, torch.cuda.get_device_name())
    for name, value in rows.items():
        print(f"{name}: {value:.1f}")


main()
