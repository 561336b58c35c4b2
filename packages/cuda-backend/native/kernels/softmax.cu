// Softmax and log-softmax along one axis, and their gradients. Dense tensors of any order of axes
// keep it; others become row-major.
#include "call.h"
#include "dense_lines.h"
#include "geometry.h"
#include "softmax_kernels.h"

namespace flambeau::cuda {

namespace {

constexpr int kColumnThreads = 256;
// Shared memory that a line may take.
constexpr size_t kStagedBytes = size_t{96} << 10;

// A power of two from n on, at most `most`.
int power_above(int64_t n, int most) {
  int power = 1;
  while (power < n && power < most) power *= 2;
  return power;
}

// One of the functions: `second` is null where there is one operand.
struct Work {
  Call& call;
  const DenseLines& lines;
  const void* first;
  const void* second;
  void* out;
  bool log;
};

template <class T, int kPacks, int V>
void launch_short(const Work& work, int lanes) {
  const int64_t per_block = kSoftmaxThreads / lanes;
  const auto blocks = static_cast<unsigned>(ceil_divide(work.lines.count(), per_block));
  const int n = static_cast<int>(work.lines.n);
  if (work.second) {
    launch(softmax_grad_short<T, kPacks, V>, blocks, kSoftmaxThreads, 0, work.call.stream(),
           static_cast<const T*>(work.first), static_cast<const T*>(work.second),
           static_cast<T*>(work.out), work.lines.count(), n, lanes, work.log);
  } else {
    launch(softmax_short<T, kPacks, V>, blocks, kSoftmaxThreads, 0, work.call.stream(),
           static_cast<const T*>(work.first), static_cast<T*>(work.out), work.lines.count(), n,
           lanes, work.log);
  }
}

template <class T, int V>
void launch_long(const Work& work) {
  const int64_t n = work.lines.n;
  const int threads = n <= 8192 ? 256 : n <= 32768 ? 512 : 1024;
  const auto blocks = static_cast<unsigned>(work.lines.count());
  if (work.second) {
    launch(softmax_grad_long<T, V>, blocks, threads, 0, work.call.stream(),
           static_cast<const T*>(work.first), static_cast<const T*>(work.second),
           static_cast<T*>(work.out), n, work.log);
    return;
  }
  const size_t bytes = static_cast<size_t>(n) * sizeof(T);
  const size_t most = std::min(kStagedBytes, work.call.properties().shared_per_block_most);
  // 1 KB is left for what the block exchanges.
  const bool staged = bytes + 1024 <= most;
  if (staged && bytes > size_t{40} << 10) allow_shared(softmax_long<T, V>, bytes);
  launch(softmax_long<T, V>, blocks, threads, staged ? bytes : 0, work.call.stream(),
         static_cast<const T*>(work.first), static_cast<T*>(work.out), n, staged, work.log);
}

template <class T>
void launch_columns(const Work& work) {
  using A = Computed<T>;
  const int64_t count = work.lines.count(), n = work.lines.n;
  // Lines that are many are not cut, and those of a warp lie side by side.
  const int parts = count >= 65536 ? 1 : power_above(n / 16, kColumnThreads / kWarp);
  const dim3 block(static_cast<unsigned>(kColumnThreads / parts), static_cast<unsigned>(parts));
  const auto blocks = static_cast<unsigned>(ceil_divide(count, block.x));
  const size_t bytes = sizeof(A) * kColumnThreads;
  if (work.second) {
    launch(softmax_grad_columns<T>, blocks, block, bytes, work.call.stream(),
           static_cast<const T*>(work.first), static_cast<const T*>(work.second),
           static_cast<T*>(work.out), count, n, work.lines.inner, work.log);
  } else {
    launch(softmax_columns<T>, blocks, block, bytes, work.call.stream(),
           static_cast<const T*>(work.first), static_cast<T*>(work.out), count, n, work.lines.inner,
           work.log);
  }
}

template <class T>
void launch_lines(const Work& work) {
  constexpr int V = kPack<T>;
  const int64_t n = work.lines.n;
  if (work.lines.inner > 1) return launch_columns<T>(work);
  const bool packed = n % V == 0 && is_aligned(work.first, 16) && is_aligned(work.out, 16) &&
                      (!work.second || is_aligned(work.second, 16));
  if (packed) {
    const int64_t packs = n / V;
    const int lanes = power_above(packs, kWarp);
    if (packs <= kWarp) return launch_short<T, 1, V>(work, lanes);
    if (packs <= 2 * kWarp) return launch_short<T, 2, V>(work, lanes);
    if (packs <= 4 * kWarp) return launch_short<T, 4, V>(work, lanes);
    if (packs <= 8 * kWarp) return launch_short<T, 8, V>(work, lanes);
    return launch_long<T, V>(work);
  }
  const int lanes = power_above(n, kWarp);
  if (n <= kWarp) return launch_short<T, 1, 1>(work, lanes);
  if (n <= 4 * kWarp) return launch_short<T, 4, 1>(work, lanes);
  if (n <= 16 * kWarp) return launch_short<T, 16, 1>(work, lanes);
  launch_long<T, 1>(work);
}

// Runs a function of one or two inputs, which are brought into the layout of the output.
void run_softmax(Call& call, int inputs, bool log) {
  const SoftmaxOperands<Tensor> operands(call, inputs);
  const Tensor& y = operands.y;
  if (y.numel() > 0) {
    const void* const second = inputs == 2 ? operands.inputs[1].data : nullptr;
    const Work work = {call, operands.lines, operands.inputs[0].data, second, y.data, log};
    switch (y.dtype) {
      case DType::kFloat32: launch_lines<float>(work); break;
      case DType::kFloat64: launch_lines<double>(work); break;
      case DType::kFloat16: launch_lines<Half>(work); break;
      case DType::kBFloat16: launch_lines<BFloat16>(work); break;
      default: require_internal(false, "softmax is for floating types");
    }
  }
  operands.finish(call);
}

}  // namespace

// x [any] -> exp(x) / Σ exp(x) along the axis; params [axis]. Rows of -inf give NaN.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(softmax, is_floating(call.in(0).dtype)) {
  run_softmax(call, 1, false);
}

// x [any] -> x - log Σ exp(x) along the axis; params [axis].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(log_softmax, is_floating(call.in(0).dtype)) {
  run_softmax(call, 1, true);
}

// (dy, y) -> y · (dy - Σ dy · y); params [axis].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(softmax_grad, is_floating(call.in(0).dtype)) {
  run_softmax(call, 2, false);
}

// (dy, y) -> dy - exp(y) · Σ dy; params [axis].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES_IF(log_softmax_grad, is_floating(call.in(0).dtype)) {
  run_softmax(call, 2, true);
}

}  // namespace flambeau::cuda
