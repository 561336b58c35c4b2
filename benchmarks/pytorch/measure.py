"""How the PyTorch half of the benchmarks takes its samples; src/measure.ts does the same."""

import os
import resource
import time

MIN_SAMPLE_SECONDS = 0.002
WARM_UP_SECONDS = 0.25
MAX_INNER = 1 << 20


def peak_rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_delay_seconds():
    """How long threads of this process have stood ready while others held the cores (Linux)."""
    total = 0
    try:
        for thread in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[1])
            except OSError:
                continue  # the thread has ended
    except OSError:
        return 0.0  # not Linux: every sample counts as clean
    return total / 1e9


def synchronize():
    """Waits for what was begun; replaced where that is another device's work."""


def timed(step, times):
    start = time.perf_counter()
    for _ in range(times):
        step()
    synchronize()
    return time.perf_counter() - start


def calls_per_sample(step):
    """As many calls as take about two milliseconds."""
    inner = 1
    while True:
        seconds = timed(step, inner)
        if seconds >= MIN_SAMPLE_SECONDS:
            # Once more, in case that the first time was long because another program had the core.
            seconds = min(seconds, timed(step, inner))
        if seconds >= MIN_SAMPLE_SECONDS or inner >= MAX_INNER:
            return inner
        wanted = int(inner * 1.25 * MIN_SAMPLE_SECONDS / max(seconds, 1e-7))
        inner = min(max(inner * 2, wanted), MAX_INNER)


def warm_up(step, inner):
    start, rounds = time.perf_counter(), 0
    while rounds < 2 or (time.perf_counter() - start < WARM_UP_SECONDS and rounds < 50):
        timed(step, inner)
        rounds += 1


def take_samples(step, inner, request):
    """Pairs of milliseconds per call and the share of the time that threads stood waiting."""
    samples, clean = [], 0
    start, delay = time.perf_counter(), run_delay_seconds()
    while clean < request["samples"]:
        seconds = timed(step, inner)
        now = run_delay_seconds()
        waited, delay = (now - delay) / seconds, now
        samples.append([seconds / inner * 1e3, waited])
        clean += waited < request["maxWait"]
        spent = time.perf_counter() - start
        if clean >= 3 and spent > request["seconds"]:
            break
        if len(samples) >= 3 and spent > 2 * request["seconds"]:
            break
    return samples
