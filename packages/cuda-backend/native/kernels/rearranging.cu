// Elements in another order: reversed axes, and positions that come several times.
#include "copy.h"
#include "fault.h"
#include "geometry.h"
#include "primitives.h"
#include "sums.h"
#include "tensor_parts.h"

namespace flambeau::cuda {

// x, axes… -> x with these axes reversed, in the memory order of x.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(flip) {
  const Tensor& x = call.in(0);
  const Tensor& out = call.out_like(0, x);
  if (!(x.shape == out.shape) || x.dtype != out.dtype)
    throw Failure("ERR_INTERNAL", "flip keeps shape and type");
  if (x.numel() == 0) return;
  // Seen from its other end, with negative strides, which only copies by axes take.
  Tensor apart = call.in_place(0) ? call.temporary(x.shape, x.dtype) : x;
  if (call.in_place(0)) {
    require_writable(out);
    copy_into(call, apart, x);
  }
  const Tensor from = flipped(call, apart);
  copy_axes(call.stream(), Axes(out.shape, std::array<const Strided*, 2>{&out, &from}), out.dtype,
            from.dtype);
}

namespace {

constexpr int kThreads = 256;

// Reports repeats that are negative, or whose running sums `ends` do not end with `total`.
__global__ void __launch_bounds__(kThreads)
    check_repeats(const int64_t* ends, int64_t n, int64_t total, const Fault* fault) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) {
    const int64_t repeats = ends[i] - (i > 0 ? ends[i - 1] : 0);
    if (repeats < 0) report(fault, kFaultNegativeRepeats, repeats, total, i);
    if (i == n - 1 && ends[i] > total) report(fault, kFaultMoreRepeats, ends[i], total);
    if (i == n - 1 && ends[i] < total) report(fault, kFaultFewerRepeats, ends[i], total);
  }
}

// out[i] = how many sums are at most i.
__global__ void __launch_bounds__(kThreads)
    find_repeated(const int64_t* ends, int64_t n, int64_t* out, int64_t total) {
  for (int64_t i = global_thread(); i < total; i += global_threads()) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (ends[middle] > i) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    out[i] = low;
  }
}

}  // namespace

// repeats [n], int64 or int32 -> int64 [Σ repeats]: position i as often as repeats[i] says.
FLAMBEAU_CUDA_KERNEL(repeatIndex) {
  const Tensor& repeats = call.in(0);
  const Tensor& out = call.out(0);
  if (repeats.ndim() != 1 || out.ndim() != 1 || out.dtype != DType::kInt64)
    throw Failure("ERR_INTERNAL", "repeats have one axis");
  if (repeats.dtype != DType::kInt64 && repeats.dtype != DType::kInt32)
    throw Failure("ERR_INTERNAL", "repeats are int64 or int32");
  const int64_t n = repeats.size(0), total = out.size(0);
  if (n == 0) {
    if (total != 0)
      throw Failure("ERR_VALUE", "the repeats add up to less than the size of the output");
    return;
  }
  const Tensor ends = call.temporary(repeats.shape, DType::kInt64);
  copy_into(call, ends, repeats);
  running_sums(call, ends.as<int64_t>(), n);
  launch(check_repeats, grid_for(n, 1, call.properties(), kThreads), kThreads, 0, call.stream(),
         ends.as<int64_t>(), n, total, call.fault());
  launch(find_repeated, grid_for(total, 1, call.properties(), kThreads), kThreads, 0, call.stream(),
         ends.as<int64_t>(), n, out.as<int64_t>(), total);
}

}  // namespace flambeau::cuda
