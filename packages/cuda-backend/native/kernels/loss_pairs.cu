// Losses of pairs of numbers: the squared error, and the cross-entropy of the sigmoid; each with
// its gradient.
#include "hyperbolic.h"
#include "loss_rows.h"

namespace flambeau::cuda {

namespace {

__device__ __forceinline__ float softplus(float x) { return formulas::softplus_f(x); }
__device__ __forceinline__ double softplus(double x) { return formulas::softplus_d(x); }
__device__ __forceinline__ float sigmoid(float x) { return formulas::sigmoid_f(x); }
__device__ __forceinline__ double sigmoid(double x) { return formulas::sigmoid_d(x); }

// (a - b)², of which the slope is half.
struct Squared {
  template <class C>
  static __device__ __forceinline__ C loss(C a, C b) {
    const C d = a - b;
    return d * d;
  }
  template <class C>
  static __device__ __forceinline__ C slope(C a, C b) {
    return a - b;
  }
};
// (1 - b) · a + log(1 + exp(-a))
struct Logits {
  template <class C>
  static __device__ __forceinline__ C loss(C a, C b) {
    return (C(1) - b) * a + softplus(-a);
  }
  template <class C>
  static __device__ __forceinline__ C slope(C a, C b) {
    return sigmoid(a) - b;
  }
};

// body(place, a, b) for this thread's accesses, and for what is left of n one by one.
template <int V, class T, class Body>
__device__ __forceinline__ void for_pairs(int64_t n, const T* a, const T* b, const Body& body) {
  using C = Computed<T>;
  const int64_t accesses = n / V;
  for (int64_t i = global_thread(); i < accesses; i += global_threads()) {
    C x[V], y[V];
    load_values<V>(a + i * V, x);
    load_values<V>(b + i * V, y);
    body(std::integral_constant<int, V>{}, i * V, x, y);
  }
  for (int64_t i = accesses * V + global_thread(); i < n; i += global_threads()) {
    const C x[1] = {widened(a[i])};
    const C y[1] = {widened(b[i])};
    body(std::integral_constant<int, 1>{}, i, x, y);
  }
}

template <class Loss, class T, int V>
__global__ void __launch_bounds__(kLossThreads) pair_each(int64_t n, const T* a, const T* b, T* y) {
  using C = Computed<T>;
  for_pairs<V>(n, a, b, [&](auto count, int64_t i, const auto& p, const auto& q) {
    C result[count()];
#pragma unroll
    for (int j = 0; j < count(); ++j) result[j] = Loss::loss(p[j], q[j]);
    store_values<count()>(y + i, result);
  });
}

template <class T>
__device__ __forceinline__ void finish_pairs(double sum, double count, T* y) {
  *y = narrowed<T>(static_cast<Computed<T>>(sum / count));
}

// The sum of a block in parts[block]; where there is one block, the loss.
template <class Loss, class T, int V>
__global__ void __launch_bounds__(kLossThreads)
    pair_sum(int64_t n, const T* a, const T* b, double divisor, double* parts, T* y) {
  using C = Computed<T>;
  double sum = 0;
  for_pairs<V>(n, a, b, [&](auto count, int64_t, const auto& p, const auto& q) {
    C part = 0;
#pragma unroll
    for (int j = 0; j < count(); ++j) part += Loss::loss(p[j], q[j]);
    sum += static_cast<double>(part);
  });
  sum = block_reduce<Sum>(sum);
  if (threadIdx.x > 0) return;
  if (gridDim.x > 1) {
    parts[blockIdx.x] = sum;
  } else {
    finish_pairs(sum, divisor, y);
  }
}

template <class T>
__global__ void __launch_bounds__(kLossThreads)
    pair_join(const double* parts, int blocks, double divisor, T* y) {
  double sum = 0;
  for (int i = threadIdx.x; i < blocks; i += kLossThreads) sum += parts[i];
  sum = block_reduce<Sum>(sum);
  if (threadIdx.x == 0) finish_pairs(sum, divisor, y);
}

template <class Loss, class T, int V>
__global__ void __launch_bounds__(kLossThreads)
    pair_grad(int64_t n, const T* grad, bool each, Computed<T> scale, const T* a, const T* b,
              T* y) {
  using C = Computed<T>;
  const C whole = each ? C(0) : widened(grad[0]) * scale;
  for_pairs<V>(n, a, b, [&](auto count, int64_t i, const auto& p, const auto& q) {
    C result[count()];
    if (each) load_values<count()>(grad + i, result);
#pragma unroll
    for (int j = 0; j < count(); ++j)
      result[j] = (each ? result[j] * scale : whole) * Loss::slope(p[j], q[j]);
    store_values<count()>(y + i, result);
  });
}

// Operands of one shape and type that lie alike without gaps.
struct Pair {
  Tensor a, b;

  Pair(Call& call, int at) : a(call.in(at)), b(call.in(at + 1)) {
    require_internal(a.shape == b.shape && a.dtype == b.dtype, "the operands of a loss differ");
    if (a.is_dense() && alike(a, b)) return;
    a = call.contiguous(a);
    b = call.contiguous(b);
  }
  static bool alike(const Tensor& x, const Tensor& y) {
    for (int axis = 0; axis < x.ndim(); ++axis)
      if (x.size(axis) > 1 && x.stride(axis) != y.stride(axis)) return false;
    return true;
  }
  // `t` as the operands lie: itself, or a copy.
  Tensor laid_out(Call& call, const Tensor& t) const {
    if (alike(a, t)) return t;
    Tensor copy = call.temporary(t.shape, t.dtype);
    std::copy(a.strides, a.strides + a.ndim(), copy.strides);
    copy_into(call, copy, t);
    return copy;
  }
};

// body(V as a constant)
template <class T, class Body, class... Data>
void with_access(const Body& body, const Data*... places) {
  if ((is_aligned(places, 16) && ...)) return body(std::integral_constant<int, kPack<T>>{});
  body(std::integral_constant<int, 1>{});
}

// Parameter 0 is the reduction; inputs a and b of one shape.
template <class Loss>
void pair_loss(Call& call) {
  const Reduction reduction = reduction_of(call, 0);
  const bool each = reduction == Reduction::kNone;
  const Pair pair(call, 0);
  require_internal(call.spec(0).dtype == pair.a.dtype &&
                       call.spec(0).shape == (each ? pair.a.shape : Shape{}) && !call.in_place(0),
                   "the output of a loss has the wrong shape");
  with_float_type(pair.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const a = pair.a.as<T>();
    const T* const b = pair.b.as<T>();
    const int64_t n = pair.a.numel();
    T* const y = (each ? call.out_strided(0, pair.a.strides) : call.out(0)).template as<T>();
    const unsigned blocks = static_cast<unsigned>(
        std::clamp<int64_t>(ceil_divide(n, 4 * kPack<T> * kLossThreads), 1, kMaxLossBlocks));
    with_access<T>(
        [&](auto vector) {
          constexpr int V = decltype(vector)::value;
          if (each) {
            if (n > 0)
              launch(pair_each<Loss, T, V>, grid_for(n, V, call.properties(), kLossThreads),
                     kLossThreads, 0, call.stream(), n, a, b, y);
            return;
          }
          const double divisor = reduction == Reduction::kMean ? static_cast<double>(n) : 1.0;
          double* const parts = blocks > 1 ? call.scratch_of<double>(blocks) : nullptr;
          launch(pair_sum<Loss, T, V>, blocks, kLossThreads, 0, call.stream(), n, a, b, divisor,
                 parts, y);
          if (parts)
            launch(pair_join<T>, 1, kLossThreads, 0, call.stream(),
                   static_cast<const double*>(parts), static_cast<int>(blocks), divisor, y);
        },
        a, b, each ? y : nullptr);
  });
}

// The gradient of a; `factor` times the loss's slope.
template <class Loss>
void pair_loss_grad(Call& call, double factor) {
  const Reduction reduction = reduction_of(call, 0);
  const bool each = reduction == Reduction::kNone;
  const Pair pair(call, 1);
  const int64_t n = pair.a.numel();
  require_internal(call.in(0).dtype == pair.a.dtype && call.in(0).numel() == (each ? n : 1),
                   "the gradient of a loss has the wrong shape");
  require_internal(
      call.spec(0).dtype == pair.a.dtype && call.spec(0).shape == pair.a.shape && !call.in_place(0),
      "the gradient of a loss is like its operand");
  const Tensor grad = each ? pair.laid_out(call, call.in(0)) : call.in(0);
  with_float_type(pair.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const T* const a = pair.a.as<T>();
    const T* const b = pair.b.as<T>();
    const T* const g = grad.as<T>();
    T* const y = call.out_strided(0, pair.a.strides).template as<T>();
    if (n == 0) return;
    const C scale =
        static_cast<C>(factor) / static_cast<C>(reduction == Reduction::kMean ? n : int64_t{1});
    with_access<T>(
        [&](auto vector) {
          constexpr int V = decltype(vector)::value;
          launch(pair_grad<Loss, T, V>, grid_for(n, V, call.properties(), kLossThreads),
                 kLossThreads, 0, call.stream(), n, g, each, scale, a, b, y);
        },
        a, b, y, each ? g : nullptr);
  });
}

}  // namespace

// (a, b) of one shape -> the mean (params[0] = 1) or sum (2) of (a - b)², or (0) all of them.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(mse_loss) { pair_loss<Squared>(call); }

// (grad [] or like a, a, b) -> the gradient of a; that of b is its negative. params [reduction].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(mse_loss_grad) { pair_loss_grad<Squared>(call, 2); }

// (a, b) of one shape -> the mean (params[0] = 1) or sum (2) of (1 - b) · a + log(1 + exp(-a)), or
// (0) all of them.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(logits_loss) { pair_loss<Logits>(call); }

// (grad [] or like a, a, b) -> the gradient of a. params [reduction].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(logits_loss_grad) { pair_loss_grad<Logits>(call, 1); }

}  // namespace flambeau::cuda
