// Rows of launchers of elementwise operations. Only for elementwise_*.cu, which include the
// formulas, and for convert.cu.
#pragma once

#include "elementwise_kernels.h"
#include "elementwise_row.h"

namespace flambeau::cuda {

// --- function objects ---

// A parameter of an operation as a number of type T.
template <class T>
T number_of_type(double value) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
  const bool fits = value > -0x1p63 && value < 0x1p63;
  return static_cast<T>(fits ? static_cast<int64_t>(value) : 0);
}

// How to make a function object for elements of type T: it is the same for all types, or has
// numbers of that type.
template <class F>
struct Plain {
  static constexpr int kNumbers = 0;
  template <class T>
  static F make(const double*) {
    return {};
  }
};
template <template <class> class F>
struct Numbered {
  static constexpr int kNumbers = [] {
    if constexpr (requires { F<float>{0.0f, 0.0f, 0.0f}; }) {
      return 3;
    } else if constexpr (requires { F<float>{0.0f, 0.0f}; }) {
      return 2;
    } else {
      return 1;
    }
  }();
  template <class T>
  static F<T> make(const double* p) {
    if constexpr (kNumbers == 3) {
      return {number_of_type<T>(p[0]), number_of_type<T>(p[1]), number_of_type<T>(p[2])};
    } else if constexpr (kNumbers == 2) {
      return {number_of_type<T>(p[0]), number_of_type<T>(p[1])};
    } else {
      return {number_of_type<T>(p[0])};
    }
  }
};
template <class F>
Plain<F> maker();
template <template <class> class F>
Numbered<F> maker();

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
constexpr ElementwiseRow row_of(const char* name) {
  ElementwiseRow row = {};
  // Special functions take too many registers to have company.
  row.formula = {kCost == Cost::kSpecial ? nullptr : name, Make::kNumbers,
                 std::is_same_v<Among, AnyTypeBoolAsByte>};
  fill_launches<Make, Among, kSignature, kCost, true, float, double, int64_t, int32_t, uint8_t,
                bool, Half, BFloat16, int8_t, int16_t>(row.flat);
  fill_launches<Make, Among, kSignature, kCost, false, float, double, int64_t, int32_t, uint8_t,
                bool, Half, BFloat16, int8_t, int16_t>(row.strided);
  return row;
}

#define FLAMBEAU_CUDA_ROW(Functor, Among, signature, cost) \
  row_of<decltype(maker<Functor>()), Among, signature, Cost::cost>(#Functor)

#define FLAMBEAU_CUDA_ELEMENTWISE(name, Functor, Among, signature, cost, params)               \
  FLAMBEAU_CUDA_KERNEL_ALL_TYPES(name) {                                                       \
    static constexpr ElementwiseRow kRow = FLAMBEAU_CUDA_ROW(Functor, Among, signature, cost); \
    run_elementwise<params>(call, {#name, signature, Cost::cost}, kRow);                       \
  }

}  // namespace flambeau::cuda
