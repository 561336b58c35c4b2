// The loops of elementwise operations on the device, and the rows made of them. Only for
// elementwise_*.cu, which include the formulas first.
#pragma once

#include "elements.h"
#include "elementwise_row.h"
#include "fault.h"
#include "primitives.h"

namespace flambeau::cuda {

// --- function objects ---

// How to make a function object for elements of type T: it is the same for all types, or has numbers
// of that type.
template <class F>
struct Plain {
  template <class T>
  static F make(const double*) {
    return {};
  }
};
template <template <class> class F>
struct Numbered {
  template <class T>
  static T number(double value) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
    const bool fits = value > -0x1p63 && value < 0x1p63;
    return static_cast<T>(fits ? static_cast<int64_t>(value) : 0);
  }
  template <class T>
  static F<T> make(const double* p) {
    if constexpr (requires { F<T>{T(), T(), T()}; }) {
      return {number<T>(p[0]), number<T>(p[1]), number<T>(p[2])};
    } else if constexpr (requires { F<T>{T(), T()}; }) {
      return {number<T>(p[0]), number<T>(p[1])};
    } else {
      return {number<T>(p[0])};
    }
  }
};
template <class F>
Plain<F> maker();
template <template <class> class F>
Numbered<F> maker();

// f(a, b) of whole numbers, where b must not be zero.
template <class F>
struct Divided {
  F f;
  const Fault* fault;

  template <class T>
  __device__ T operator()(T a, T b) const {
    if (b == T(0)) report(fault, kFaultDivision, 0, 0);
    return f(a, b);
  }
};

// In place of the type of an operand that there is not.
struct None {};

template <class F, class A, class B, class C>
__device__ __forceinline__ auto apply(const F& f, const A& a, const B& b, const C& c) {
  if constexpr (std::is_same_v<B, None>) {
    return f(a);
  } else if constexpr (std::is_same_v<C, None>) {
    return f(a, b);
  } else {
    return f(a, b, c);
  }
}

// --- contiguous operands ---

inline constexpr int kElementwiseThreads = 256;

template <class T>
constexpr int size_of() {
  if constexpr (std::is_same_v<T, None>) return 1;
  return sizeof(T);
}
// Elements of one access: of 16 bytes for the widest of the types.
template <class... T>
constexpr int vector_of() {
  const int widest = std::max({size_of<T>()...});
  return std::min(8, 16 / widest);
}

// Elements one after the other, or one number for all: `value`, or where `data` is given, what is
// there.
template <class T>
struct FlatOperand {
  const Stored<T>* data;
  Computed<T> value;
  bool many;
};
template <>
struct FlatOperand<None> {};

// The `V` elements of an operand from i on. Those from n on are 1, which may divide.
template <int V, class T>
__device__ __forceinline__ void fetch(Computed<T> (&x)[V], const FlatOperand<T>& from, uint32_t i,
                                      uint32_t n) {
  if constexpr (!std::is_same_v<T, None>) {
    if (!from.many) {
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = from.value;
    } else if (i + V <= n) {
      const auto pack = load_pack<V>(from.data + i);
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = static_cast<Computed<T>>(widened(pack[j]));
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        x[j] = i + j < n ? static_cast<Computed<T>>(widened(from.data[i + j])) : Computed<T>(1);
    }
  }
}
template <class T>
__device__ __forceinline__ FlatOperand<T> prepared(FlatOperand<T> operand) {
  if constexpr (!std::is_same_v<T, None>) {
    if (!operand.many && operand.data)
      operand.value = static_cast<Computed<T>>(widened(operand.data[0]));
  }
  return operand;
}

// A thread computes kVectors times V neighbours; all of them are read before any is computed.
template <class F, class Out, int kVectors, class A, class B, class C>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_flat(F f, uint32_t n, Out* out, FlatOperand<A> a_given, FlatOperand<B> b_given,
                     FlatOperand<C> c_given) {
  constexpr int V = vector_of<Out, A, B, C>();
  constexpr uint32_t kStep = kElementwiseThreads * V;
  const uint32_t first = blockIdx.x * (kStep * kVectors) + threadIdx.x * V;
  if (first >= n) return;
  const FlatOperand<A> a = prepared(a_given);
  const FlatOperand<B> b = prepared(b_given);
  const FlatOperand<C> c = prepared(c_given);
  Computed<A> x[kVectors][V];
  Computed<B> y[kVectors][V];
  Computed<C> z[kVectors][V];
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    const uint32_t i = first + k * kStep;
    if (k > 0 && i >= n) break;
    fetch<V>(x[k], a, i, n);
    fetch<V>(y[k], b, i, n);
    fetch<V>(z[k], c, i, n);
  }
#pragma unroll
  for (int k = 0; k < kVectors; ++k) {
    const uint32_t i = first + k * kStep;
    if (k > 0 && i >= n) break;
    Pack<Out, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack[j] = narrowed<Out>(apply(f, x[k][j], y[k][j], z[k][j]));
    if (i + V <= n) {
      store_pack(out + i, pack);
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        if (i + j < n) out[i + j] = pack[j];
    }
  }
}

// --- any layout ---

inline constexpr int kStridedThreads = 128;

template <class C>
struct StridedOperand {
  const char* data;  // null: `value`
  C value;
  DType stored;
  bool vector;  // neighbours are one access
  bool same;    // neighbours are the same
};
template <>
struct StridedOperand<None> {};

template <int V, class C>
__device__ __forceinline__ void read_group(C (&x)[V], const char* data, int64_t at, DType stored) {
  const auto take = [&](auto zero) {
    using T = decltype(zero);
    const auto pack = load_pack<V>(reinterpret_cast<const Stored<T>*>(data) + at);
#pragma unroll
    for (int j = 0; j < V; ++j) x[j] = static_cast<C>(widened(pack[j]));
  };
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) return take(Half{});
    if (stored == DType::kBFloat16) return take(BFloat16{});
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) return take(int8_t{});
    if (stored == DType::kInt16) return take(int16_t{});
  }
  if constexpr (sizeof(C) * V <= 16) take(C{});
}
template <int V, class C>
__device__ __forceinline__ void write_group(const C (&y)[V], char* data, int64_t at, DType stored) {
  const auto put = [&](auto zero) {
    using T = decltype(zero);
    Pack<T, V> pack;
#pragma unroll
    for (int j = 0; j < V; ++j) pack[j] = narrowed<T>(y[j]);
    store_pack(reinterpret_cast<T*>(data) + at, pack);
  };
  if constexpr (std::is_same_v<C, float>) {
    if (stored == DType::kFloat16) return put(Half{});
    if (stored == DType::kBFloat16) return put(BFloat16{});
  } else if constexpr (std::is_same_v<C, int32_t>) {
    if (stored == DType::kInt8) return put(int8_t{});
    if (stored == DType::kInt16) return put(int16_t{});
  }
  if constexpr (sizeof(C) * V <= 16) put(C{});
}

template <int k, int V, int N, class C>
__device__ __forceinline__ void read_elements(C (&x)[V], const StridedOperand<C>& from,
                                              const int64_t (&at)[V][N], int count) {
  if constexpr (!std::is_same_v<C, None>) {
    if (!from.data) {
#pragma unroll
      for (int j = 0; j < V; ++j) x[j] = from.value;
    } else if (from.vector) {
      read_group<V>(x, from.data, at[0][k], from.stored);
    } else if (from.same) {
      x[0] = read_computed<C>(from.data, at[0][k], from.stored);
#pragma unroll
      for (int j = 1; j < V; ++j) x[j] = x[0];
    } else {
#pragma unroll
      for (int j = 0; j < V; ++j)
        x[j] = j < count ? read_computed<C>(from.data, at[j][k], from.stored) : C(1);
    }
  }
}

// A thread computes V elements: neighbours along the innermost axis if `grouped`, or else one of
// each row of threads.
template <class F, class R, int V, class A, class B, class C, int N>
__global__ void __launch_bounds__(kStridedThreads)
    elementwise_strided(F f, Geometry<N> geometry, bool grouped, char* out, DType out_type,
                        bool out_vector, StridedOperand<A> a, StridedOperand<B> b,
                        StridedOperand<C> c) {
  const uint32_t n = geometry.numel;
  int64_t at[V][N];
  int count = V;
  if (grouped) {
    const uint32_t first = (blockIdx.x * kStridedThreads + threadIdx.x) * V;
    if (first >= n) return;
    geometry.locate(first, at[0]);
#pragma unroll
    for (int j = 1; j < V; ++j)
#pragma unroll
      for (int k = 0; k < N; ++k) at[j][k] = at[0][k] + j * geometry.strides[0][k];
  } else {
    const uint32_t first = blockIdx.x * (kStridedThreads * V) + threadIdx.x;
    if (first >= n) return;
    count = 0;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const uint32_t i = first + j * kStridedThreads;
      if (i >= n) continue;
      geometry.locate(i, at[j]);
      count = j + 1;
    }
  }
  A x[V];
  B y[V];
  C z[V];
  read_elements<1>(x, a, at, count);
  if constexpr (N > 2) read_elements<2>(y, b, at, count);
  if constexpr (N > 3) read_elements<3>(z, c, at, count);
  R result[V];
#pragma unroll
  for (int j = 0; j < V; ++j) result[j] = apply(f, x[j], y[j], z[j]);
  if (out_vector) return write_group<V>(result, out, at[0][0], out_type);
#pragma unroll
  for (int j = 0; j < V; ++j)
    if (j < count) write_computed<R>(out, at[j][0], out_type, result[j]);
}

// --- launching ---

template <class T>
FlatOperand<T> flat_operand(const ElementwiseWork& work, int k) {
  if constexpr (std::is_same_v<T, None>) {
    return {};
  } else {
    const ElementwiseInput& input = work.inputs[k - 1];
    if (input.is_number) {
      if constexpr (is_real<T>) return {nullptr, static_cast<Computed<T>>(input.real), false};
      return {nullptr, static_cast<Computed<T>>(input.whole), false};
    }
    return {reinterpret_cast<const Stored<T>*>(work.axes.data[k]), Computed<T>{},
            work.axes.contiguous(k)};
  }
}
template <class C>
StridedOperand<C> strided_operand(const ElementwiseWork& work, int k, int vector) {
  if constexpr (std::is_same_v<C, None>) {
    return {};
  } else {
    const ElementwiseInput& input = work.inputs[k - 1];
    if (input.is_number) {
      if constexpr (std::is_floating_point_v<C>)
        return {nullptr, static_cast<C>(input.real), input.dtype, false, false};
      return {nullptr, static_cast<C>(input.whole), input.dtype, false, false};
    }
    return {work.axes.data[k], C{}, input.dtype,
            vector > 1 && work.axes.items[k] * vector <= 16 && work.axes.aligned(k, vector),
            vector > 1 && work.axes.strides[k][0] == 0};
  }
}

// The loops of one operation on elements of type T. `First` and `Out` are the types of the first
// operand and of the output.
template <class Make, class T, class First, class Out, int kInputs, Cost kCost>
struct ElementwiseLoops {
  using B = std::conditional_t<(kInputs > 1), T, None>;
  using C = std::conditional_t<(kInputs > 2), T, None>;
  using Wide = Computed<T>;

  static auto make(const ElementwiseWork& work) {
    const auto f = Make::template make<Wide>(work.params);
    if constexpr (kCost == Cost::kDivision && std::is_integral_v<Wide>) {
      return Divided<std::remove_const_t<decltype(f)>>{f, work.fault};
    } else {
      return f;
    }
  }

  static void strided(const ElementwiseWork& work) {
    constexpr int V = kCost == Cost::kSpecial ? 1 : 4;
    constexpr int N = kInputs + 1;
    const Axes& axes = work.axes;
    const bool grouped = V > 1 && axes.sizes[0] % V == 0;
    const int vector = grouped ? V : 1;
    const bool out_vector = grouped && axes.items[0] * V <= 16 && axes.aligned(0, V);
    const auto f = make(work);
    using F = std::remove_const_t<decltype(f)>;
    launch(elementwise_strided<F, Computed<Out>, V, Computed<First>, Computed<B>, Computed<C>, N>,
           static_cast<unsigned>(ceil_divide(axes.numel, kStridedThreads * V)), kStridedThreads, 0,
           work.stream, f, Geometry<N>(axes), grouped, const_cast<char*>(axes.data[0]),
           work.out_type, out_vector, strided_operand<Computed<First>>(work, 1, vector),
           strided_operand<Computed<B>>(work, 2, vector),
           strided_operand<Computed<C>>(work, 3, vector));
  }

  static void flat(const ElementwiseWork& work) {
    constexpr int V = vector_of<Out, First, B, C>();
    constexpr int kVectors = kCost == Cost::kCheap ? 2 : 1;
    const Axes& axes = work.axes;
    for (int k = 0; k <= kInputs; ++k) {
      if (k > 0 && (work.inputs[k - 1].is_number || !axes.contiguous(k))) continue;
      if (!is_aligned(axes.data[k], static_cast<size_t>(V * axes.items[k]))) return strided(work);
    }
    const auto f = make(work);
    using F = std::remove_const_t<decltype(f)>;
    launch(elementwise_flat<F, Out, kVectors, First, B, C>,
           static_cast<unsigned>(ceil_divide(axes.numel, kElementwiseThreads * V * kVectors)),
           kElementwiseThreads, 0, work.stream, f, static_cast<uint32_t>(axes.numel),
           reinterpret_cast<Out*>(const_cast<char*>(axes.data[0])), flat_operand<First>(work, 1),
           flat_operand<B>(work, 2), flat_operand<C>(work, 3));
  }
};

template <class Make, class T, class Among, Signature kSignature, Cost kCost, bool kFlat>
constexpr ElementwiseLaunch elementwise_launch() {
  using Wide = Computed<T>;
  if constexpr (!Among::template has<Wide>) {
    return nullptr;
  } else if constexpr (std::is_same_v<Among, AnyTypeBoolAsByte> && std::is_same_v<T, bool>) {
    return elementwise_launch<Make, uint8_t, Among, kSignature, kCost, kFlat>();
  } else {
    // Loops over any layout are shared by the types that are computed with alike.
    using Element = std::conditional_t<kFlat, T, Wide>;
    using Out = std::conditional_t<kSignature.to_bool, bool, Element>;
    using First = std::conditional_t<kSignature.bool_first, bool, Element>;
    using Loops = ElementwiseLoops<Make, Element, First, Out, kSignature.inputs, kCost>;
    if constexpr (!kFlat) {
      return Loops::strided;
    } else if constexpr (sizeof(T) < 4 && std::is_same_v<Wide, int32_t>) {
      return nullptr;
    } else if constexpr (kCost == Cost::kSpecial) {
      return nullptr;
    } else {
      return Loops::flat;
    }
  }
}

template <class Make, class Among, Signature kSignature, Cost kCost, bool kFlat, class... T>
constexpr void fill_launches(ElementwiseLaunch (&to)[kNumDTypes]) {
  ((to[static_cast<int>(dtype_of<T>)] =
        elementwise_launch<Make, T, Among, kSignature, kCost, kFlat>()),
   ...);
}
template <class Make, class Among, Signature kSignature, Cost kCost>
constexpr ElementwiseRow row_of() {
  ElementwiseRow row = {};
  fill_launches<Make, Among, kSignature, kCost, true, float, double, int64_t, int32_t, uint8_t,
                bool, Half, BFloat16, int8_t, int16_t>(row.flat);
  fill_launches<Make, Among, kSignature, kCost, false, float, double, int64_t, int32_t, uint8_t,
                bool, Half, BFloat16, int8_t, int16_t>(row.strided);
  return row;
}

#define FLAMBEAU_CUDA_ROW(Functor, Among, signature, cost) \
  row_of<decltype(maker<Functor>()), Among, signature, Cost::cost>()

#define FLAMBEAU_CUDA_ELEMENTWISE(name, Functor, Among, signature, cost, params)             \
  FLAMBEAU_CUDA_KERNEL_ALL_TYPES(name) {                                                     \
    static constexpr ElementwiseRow kRow = FLAMBEAU_CUDA_ROW(Functor, Among, signature, cost); \
    run_elementwise<params>(call, {#name, signature, Cost::cost}, kRow);                     \
  }

}  // namespace flambeau::cuda
