// From a function object to the loops over it. Only for simd/elementwise_*.cc: everything here is
// compiled once per instruction-set level, in the namespace of that level.
#pragma once

#include <type_traits>

#include "elementwise.h"

namespace flambeau::FLAMBEAU_ISA {

// How to make a function object for elements of type T: it is the same for all types, or has
// numbers of that type (`template <class T> struct Softplus { T beta; T threshold; … }`).
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
    if constexpr (FloatType::has<T>) return static_cast<T>(value);
    const bool fits = value > -0x1p63 && value < 0x1p63;
    return static_cast<T>(fits ? static_cast<int64_t>(value) : 0);
  }
  template <class T>
  static F<T> make(const double* params) {
    if constexpr (requires { F<T>{T(), T(), T()}; }) {
      return {number<T>(params[0]), number<T>(params[1]), number<T>(params[2])};
    } else if constexpr (requires { F<T>{T(), T()}; }) {
      return {number<T>(params[0]), number<T>(params[1])};
    } else {
      return {number<T>(params[0])};
    }
  }
};
template <class F>
Plain<F> maker();
template <template <class> class F>
Numbered<F> maker();

// A second form of f for elements of type T where it is simpler: `at(x)` if it `fits(f, x)`. Blocks
// of elements that all fit take it.
template <class F, class... T>
struct Easy {
  static constexpr bool kExists = false;
};

// out[i] = f(in[i]…); the output may be one of the inputs. Not inlined: the vectorised body of an
// operation is long, and every path but the one for single numbers leads here.
template <class F, class Out, class... In>
[[gnu::noinline]] void contiguous_loop(const F& function, int64_t n, Out* out,
                                       const StoredAs<In>*... in) {
  const F f = function;  // its numbers do not change with `out`
  using Form = Easy<std::remove_const_t<F>, In...>;
  if constexpr (Form::kExists) {
    constexpr int64_t kRun = 256;
    for (int64_t begin = 0; begin < n; begin += kRun) {
      const int64_t end = n - begin < kRun ? n : begin + kRun;
      int fits = 1;
      for (int64_t i = begin; i < end; ++i) fits &= Form::fits(f, in[i]...) ? 1 : 0;
      if (fits) {
#pragma GCC ivdep
        for (int64_t i = begin; i < end; ++i) out[i] = Form::at(in[i]...);
      } else {
        for (int64_t i = begin; i < end; ++i) out[i] = f(in[i]...);
      }
    }
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = f(static_cast<In>(in[i])...);
}

template <class T>
T* as(char* data) {
  return reinterpret_cast<T*>(data);
}

// Elements that pass through a buffer at a time.
inline constexpr int64_t kBlock = 256;

template <class T>
void gather(T* to, const char* from, int64_t stride, int64_t n) {
  if (stride == 0) {
    const T value = *reinterpret_cast<const T*>(from);
    for (int64_t i = 0; i < n; ++i) to[i] = value;
    return;
  }
  for (int64_t i = 0; i < n; ++i) to[i] = *reinterpret_cast<const T*>(from + i * stride);
}

template <class T>
void scatter(char* to, int64_t stride, const T* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * stride) = from[i];
}

// An operand of any stride as contiguous blocks.
template <class Element>
class Blocks {
 public:
  using T = StoredAs<Element>;

  Blocks(const char* data, int64_t stride, int64_t n) : data_(data), stride_(stride) {
    if (stride == 0) gather(buffer_, data, 0, n < kBlock ? n : kBlock);
  }
  const T* at(int64_t begin, int64_t n) {
    const char* from = data_ + begin * stride_;
    if (stride_ == sizeof(T)) return reinterpret_cast<const T*>(from);
    if (stride_ != 0) gather(buffer_, from, stride_, n);
    return buffer_;
  }

 private:
  const char* data_;
  int64_t stride_;
  alignas(64) T buffer_[kBlock];
};

template <class F, class Out, class... In>
inline void blocked_loop(const F& f, int64_t n, char* out, int64_t out_stride, Blocks<In>&&... in) {
  alignas(64) Out buffer[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = n - begin < kBlock ? n - begin : kBlock;
    char* to = out + begin * out_stride;
    if (out_stride == sizeof(Out)) {
      contiguous_loop<F, Out, In...>(f, size, reinterpret_cast<Out*>(to), in.at(begin, size)...);
    } else {
      contiguous_loop<F, Out, In...>(f, size, buffer, in.at(begin, size)...);
      scatter(to, out_stride, buffer, size);
    }
  }
}

template <class Make, class T, class Out>
void unary_loop(char* const* p, const int64_t* s, int64_t n, const double* params) {
  const auto f = Make::template make<T>(params);
  using F = decltype(f);
  if (s[0] == sizeof(Out) && s[1] == sizeof(T))
    return contiguous_loop<F, Out, T>(f, n, as<Out>(p[0]), as<StoredAs<T>>(p[1]));
  blocked_loop<F, Out, T>(f, n, p[0], s[0], Blocks<T>(p[1], s[1], n));
}

// With loops of their own where one operand is a single number: that is common, and cheap loops
// would feel the detour over a buffer. (Not for bool: a bool that stays the same keeps g++ from
// vectorising.)
template <class Make, class T, class Out, bool kSingles>
void binary_loop(char* const* p, const int64_t* s, int64_t n, const double* params) {
  const auto f = Make::template make<T>(params);
  using F = decltype(f);
  using S = StoredAs<T>;
  if (s[0] == sizeof(Out)) {
    if (s[1] == sizeof(T) && s[2] == sizeof(T))
      return contiguous_loop<F, Out, T, T>(f, n, as<Out>(p[0]), as<S>(p[1]), as<S>(p[2]));
    if constexpr (kSingles) {
      if (s[1] == sizeof(T) && s[2] == 0) {
        const auto g = [f, single = static_cast<T>(*as<S>(p[2]))](T x) { return f(x, single); };
        return contiguous_loop<decltype(g), Out, T>(g, n, as<Out>(p[0]), as<S>(p[1]));
      }
    }
    if constexpr (kSingles && !__is_same(Out, bool)) {
      if (s[1] == 0 && s[2] == sizeof(T)) {
        const auto g = [f, single = static_cast<T>(*as<S>(p[1]))](T x) { return f(single, x); };
        return contiguous_loop<decltype(g), Out, T>(g, n, as<Out>(p[0]), as<S>(p[2]));
      }
    }
  }
  blocked_loop<F, Out, T, T>(f, n, p[0], s[0], Blocks<T>(p[1], s[1], n), Blocks<T>(p[2], s[2], n));
}

template <class Make, class T, class First>
void ternary_loop(char* const* p, const int64_t* s, int64_t n, const double* params) {
  const auto f = Make::template make<T>(params);
  using F = decltype(f);
  using S = StoredAs<T>;
  if (s[0] == sizeof(T) && s[1] == sizeof(First) && s[2] == sizeof(T) && s[3] == sizeof(T))
    return contiguous_loop<F, T, First, T, T>(f, n, as<T>(p[0]), as<StoredAs<First>>(p[1]),
                                              as<S>(p[2]), as<S>(p[3]));
  blocked_loop<F, T, First, T, T>(f, n, p[0], s[0], Blocks<First>(p[1], s[1], n),
                                  Blocks<T>(p[2], s[2], n), Blocks<T>(p[3], s[3], n));
}

template <bool kFirst, class A, class B>
struct Choose {
  using type = A;
};
template <class A, class B>
struct Choose<false, A, B> {
  using type = B;
};

template <class Make, class T, class Among, Signature kSignature, Cost kCost>
constexpr Loop loop_of() {
  if constexpr (!Among::template has<T>) {
    return nullptr;
  } else if constexpr (__is_same(Among, AnyTypeBoolAsByte) && __is_same(T, bool)) {
    return loop_of<Make, uint8_t, Among, kSignature, kCost>();
  } else if constexpr (kSignature.inputs == 1) {
    return unary_loop<Make, T, typename Choose<kSignature.to_bool, bool, T>::type>;
  } else if constexpr (kSignature.inputs == 2) {
    return binary_loop < Make, T, typename Choose<kSignature.to_bool, bool, T>::type,
           kCost == Cost::kCheap && !__is_same(T, bool) > ;
  } else {
    return ternary_loop<Make, T, typename Choose<kSignature.bool_first, bool, T>::type>;
  }
}

template <class Make, class Among, Signature kSignature, Cost kCost>
constexpr LoopRow row_of() {
  return {{loop_of<Make, float, Among, kSignature, kCost>(),
           loop_of<Make, double, Among, kSignature, kCost>(),
           loop_of<Make, int64_t, Among, kSignature, kCost>(),
           loop_of<Make, int32_t, Among, kSignature, kCost>(),
           loop_of<Make, uint8_t, Among, kSignature, kCost>(),
           loop_of<Make, bool, Among, kSignature, kCost>()}};
}

#define FLAMBEAU_ROW(name, Functor, Among, signature, cost, params) \
  row_of<decltype(maker<Functor>()), Among, signature, Cost::cost>(),

}  // namespace flambeau::FLAMBEAU_ISA
