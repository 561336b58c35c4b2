// Tensors made of a rule instead of other tensors. Each kernel makes a row-major output or writes
// into a target of any layout.
#include <cstring>

#include "call.h"
#include "elements.h"
#include "geometry.h"
#include "hold.h"
#include "primitives.h"

namespace flambeau::cuda {

namespace {

constexpr int kThreads = 256;

// `value` as an element of `dtype`, converted as a cast does; the bits of the rest are zero.
uint64_t element_bits(double value, DType dtype) {
  uint64_t bits = 0;
  with_every_type(dtype, [&](auto zero) {
    const auto element = converted<decltype(zero)>(value);
    std::memcpy(&bits, &element, sizeof element);
  });
  return bits;
}

// The same 16 bytes everywhere, and the elements that are left.
template <class T>
__global__ void __launch_bounds__(kThreads) fill_flat(T* to, uint32_t n, T value) {
  constexpr int V = kPack<T>;
  const uint32_t i = (blockIdx.x * kThreads + threadIdx.x) * V;
  if (i + V <= n) {
    Pack<T, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack[j] = value;
    store_pack(to + i, pack);
  } else {
    for (uint32_t j = i; j < n; ++j) to[j] = value;
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) fill_items(Geometry<1> geometry, T* to, T value) {
  const uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= geometry.numel) return;
  int64_t at[1];
  geometry.locate(i, at);
  to[at[0]] = value;
}

bool equal_bytes(uint64_t bits, size_t item) {
  for (size_t i = 1; i < item; ++i)
    if ((bits >> (8 * i) & 0xff) != (bits & 0xff)) return false;
  return true;
}

void fill_part(const Axes& axes, uint64_t bits, cudaStream_t stream) {
  const size_t item = static_cast<size_t>(axes.items[0]);
  char* const data = const_cast<char*>(axes.data[0]);
  if (axes.contiguous(0) && equal_bytes(bits, item)) {
    check(cudaMemsetAsync(data, static_cast<int>(bits & 0xff),
                          static_cast<size_t>(axes.numel) * item, stream),
          "cudaMemsetAsync");
    return;
  }
  with_item(item, [&](auto zero) {
    using T = decltype(zero);
    const T value = static_cast<T>(bits);
    if (axes.contiguous(0) && is_aligned(data, 16)) {
      launch(fill_flat<T>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads * kPack<T>)),
             kThreads, 0, stream, reinterpret_cast<T*>(data), static_cast<uint32_t>(axes.numel),
             value);
    } else {
      launch(fill_items<T>, static_cast<unsigned>(ceil_divide(axes.numel, kThreads)), kThreads, 0,
             stream, Geometry<1>(axes), reinterpret_cast<T*>(data), value);
    }
  });
}

}  // namespace

void fill_strided(int, cudaStream_t stream, const Tensor& to, double value) {
  if (to.numel() == 0) return;
  // Elements that share memory get the same value: an expanded tensor may be filled.
  Tensor out = to;
  for (int axis = 0; axis < out.ndim(); ++axis)
    if (out.stride(axis) == 0) out.shape.sizes[axis] = 1;
  const uint64_t bits = element_bits(value, out.dtype);
  const Axes all(out.shape, std::array<const Strided*, 1>{&out});
  all.for_parts([&](const Axes& axes) { fill_part(axes, bits, stream); });
}

bool hold_fill(Graph& graph, const Tensor& to, double value) {
  if (to.numel() == 0) return true;
  if (!fusion::can_hold(to)) return false;
  fusion::Step step;
  step.inputs[0] = with_every_type(to.dtype, [&](auto zero) {
    const auto element = converted<decltype(zero)>(value);
    return fusion::Operand::number(to.dtype, fusion::bits_of_number(widened(element)));
  });
  step.type = to.dtype;
  step.count = 1;
  step.out_type = to.dtype;
  step.out = to.data;
  step.numel = to.numel();
  step.launch = [to, value](cudaStream_t stream) { fill_strided(0, stream, to, value); };
  graph.hold(std::move(step));
  return true;
}

namespace {

// out[i] = rule(i, T{}) over the elements in row-major order.
template <class T, class Rule>
__global__ void __launch_bounds__(kThreads) generate_elements(T* out, int64_t n, Rule rule) {
  for (int64_t i = global_thread(); i < n; i += global_threads()) out[i] = rule(i, T{});
}

template <class Rule>
void generate(Call& call, const Rule& rule) {
  const Tensor& out = call.out(0);
  const int64_t n = out.numel();
  if (n == 0) return;
  const bool dense = out.is_contiguous();
  const Tensor made = dense ? out : call.temporary(out.shape, out.dtype);
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch(generate_elements<T, Rule>, grid_for(n, 1, call.properties(), kThreads), kThreads, 0,
           call.stream(), made.as<T>(), n, rule);
  });
  if (!dense) copy_into(call, out, made);
}

// Whole numbers from -2^63 on up to 2^63; what lies outside becomes the smallest.
__host__ __device__ inline int64_t whole(double value) { return whole_part<int64_t>(value); }

__device__ inline int64_t times(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
__device__ inline int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// Products and sums are rounded one by one, as on the processor.
__device__ inline double along(double start, double count, double step) {
  return __dadd_rn(start, __dmul_rn(count, step));
}

// out[i] = start + i · step, rounded as core's kernel says.
struct Arange {
  double start, step;
  int64_t n;

  template <class T>
  __device__ T operator()(int64_t i, T) const {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr int64_t kLanes = 32 / sizeof(T);
      if (i >= n - n % (2 * kLanes))
        return static_cast<T>(along(start, static_cast<double>(i), step));
      const int64_t first = i - i % kLanes;
      const T base = static_cast<T>(along(start, static_cast<double>(first), step));
      return static_cast<T>(along(static_cast<double>(base), static_cast<double>(i - first), step));
    } else {
      return static_cast<T>(plus(whole(start), times(i, whole(step))));
    }
  }
};

// n numbers from start to end, counted from the nearer end.
struct Linspace {
  double start, end;
  int64_t n;

  template <class T>
  __device__ T operator()(int64_t i, T) const {
    using Step = std::conditional_t<std::is_floating_point_v<T>, T, double>;
    if (n == 1) return static_cast<T>(std::is_floating_point_v<T> ? start : whole(start));
    const double first = static_cast<Step>(start);
    const double last = static_cast<Step>(end);
    const double step = static_cast<Step>((static_cast<Step>(end) - static_cast<Step>(start)) /
                                          static_cast<Step>(n - 1));
    const double y = i < n / 2 ? along(first, static_cast<double>(i), step)
                               : along(last, -static_cast<double>(n - 1 - i), step);
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(y);
    } else {
      return static_cast<T>(whole(y));
    }
  }
};

}  // namespace

// out[i] = start + i · step; parameters: start, step. Integers take the whole parts of both, and
// wrap.
FLAMBEAU_CUDA_KERNEL(arange) {
  generate(call, Arange{call.param(0), call.param(1), call.spec(0).shape.numel()});
}

// n numbers from start to end, both included and exact; parameters: start, end. A single one is
// start.
FLAMBEAU_CUDA_KERNEL(linspace) {
  generate(call, Linspace{call.param(0), call.param(1), call.spec(0).shape.numel()});
}

}  // namespace flambeau::cuda
