// Reductions whose accumulator is a single number.
#include "reduce_rows.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "pow.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

// |x| of a number or a vector of them; 0 - x makes +0 of both zeros.
template <class V>
inline V absolute(V x) {
  return x <= 0 ? 0 - x : x;
}

// What an element x of type T counts for in an accumulator of type A.
struct Itself {
  template <class V>
  static inline __attribute__((always_inline)) V wide(V x) {
    return x;
  }
  template <class T, class A>
  static A of(StoredAs<T> x, T) {
    if constexpr (__is_same(T, bool)) return A(x != 0);
    return static_cast<A>(x);
  }
};
struct IsNonzero {
  template <class T, class A>
  static A of(StoredAs<T> x, T) {
    return A(x != 0);
  }
};
struct UnlessNan {
  template <class V>
  static inline __attribute__((always_inline)) V wide(V x) {
    return x == x ? x : V{};
  }
  template <class T, class A>
  static A of(T x, T) {
    return static_cast<A>(x == x ? x : 0);
  }
};
struct Square {
  template <class V>
  static inline __attribute__((always_inline)) V wide(V x) {
    return x * x;
  }
  template <class T, class A>
  static A of(T x, T) {
    return static_cast<A>(x) * static_cast<A>(x);
  }
};
struct Absolute {
  template <class V>
  static inline __attribute__((always_inline)) V wide(V x) {
    return absolute(x);
  }
  template <class T, class A>
  static A of(T x, T) {
    return static_cast<A>(absolute(x));
  }
};
struct Power {
  // As pow_f(|x|, power), but without the special cases of negative bases.
  static double positive(float x, float power) {
    const double a = static_cast<double>(formulas::magnitude(x));
    const double inside = formulas::log2_of_float(a);
    const double top = a < formulas::kInfinity ? inside : a;  // infinity and NaN
    const double log = a == 0 ? -formulas::kInfinity : top;
    const double t = formulas::hold(static_cast<double>(power) * log, -200.0, 200.0);
    return static_cast<double>(static_cast<float>(formulas::exp2_for_float(t)));
  }
  static double positive(double x, double power) { return formulas::pow_d(absolute(x), power); }

  template <class T, class A>
  static A of(T x, T power) {
    return positive(x, power);
  }
};

// The loops over elements of type T whose terms add up (or multiply) in accumulators of type A.
template <class T, class A, class JoinType, class Term>
struct Terms {
  using Join = JoinType;
  using Element = StoredAs<T>;
  using Accumulator = A;
  // The sum of terms, where that has a loop of its own.
  using Sum = FloatSum<T, Term>;
  static constexpr bool kHasSum =
      __is_same(A, double) && __is_same(Join, Plus) && !__is_same(Term, Power);
  // Long terms are not written out four times.
  static constexpr int kUnroll = __is_same(Term, Power) ? 1 : 4;

  static A term(Element x, double power) {
    return Term::template of<T, A>(x, static_cast<T>(power));
  }
  static void take(A* acc, const Element* x, int64_t stride, int64_t rows, int64_t n,
                   double power) {
    take_rows<Join, kUnroll>(acc, x, stride, rows, n,
                             [number = static_cast<T>(power)](Element v, int64_t) {
                               return Term::template of<T, A>(v, number);
                             });
  }
};

struct Same {
  template <class V>
  V operator()(V x) const {
    return x;
  }
};
struct Magnitude {
  template <class V>
  V operator()(V x) const {
    return absolute(x);
  }
};

// The loops that look for the largest or smallest map(x).
template <class T, class JoinType, class Map = Same>
struct Extremes {
  using Join = JoinType;
  using Element = T;
  using Accumulator = T;
  static constexpr bool kHasSum = false;

  static T term(T x, double) { return Map{}(x); }
  static void take(T* acc, const T* x, int64_t stride, int64_t rows, int64_t n, double) {
    take_extreme_rows<Join>(acc, x, stride, rows, n, Map{});
  }
};

template <class Loops>
struct Single {
  using Join = typename Loops::Join;
  using A = typename Loops::Accumulator;
  using T = typename Loops::Element;

  static void clear(char* acc, int64_t, int64_t n) { clear_row<Join>(as<A>(acc), n); }
  // Not inlined: the vectorised body is long.
  [[gnu::noinline]] static void take(A* acc, const T* x, int64_t stride, int64_t rows, int64_t n,
                                     double power) {
    Loops::take(acc, x, stride, rows, n, power);
  }
  static void rows(char* acc, int64_t, const char* x, int64_t stride, int64_t rows, int64_t n,
                   int64_t, double power) {
    take(as<A>(acc), as<T>(x), stride, rows, n, power);
  }
  static void run(char* acc, int64_t, const char* data, int64_t n, int64_t, double power) {
    A sum = *as<A>(acc);
    const T* x = as<T>(data);
    if constexpr (Loops::kHasSum) {
      if (n >= kFewLanes) {
        using Sum = typename Loops::Sum;
        *as<A>(acc) = sum + (n < 4 * kLanes ? Sum::template sum<kFewLanes>(x, n)
                                            : Sum::template sum<kLanes>(x, n));
        return;
      }
    }
    if (n < kFewLanes) {
      for (int64_t i = 0; i < n; ++i) sum = Join::join(sum, Loops::term(x[i], power));
    } else {
      const auto take_lanes = [power](A* lanes, const T* from, int64_t stride, int64_t rows,
                                      int64_t width) {
        take(lanes, from, stride, rows, width, power);
      };
      sum = Join::join(sum, take_run<Join, A>(x, n, take_lanes));
    }
    *as<A>(acc) = sum;
  }
  static void runs(char* acc, int64_t plane, const char* x, int64_t pitch, int64_t n, int64_t count,
                   int64_t before, double power) {
    for (int64_t j = 0; j < n; ++j)
      run(acc + j * static_cast<int64_t>(sizeof(A)), plane, x + j * pitch, count, before, power);
  }
  static void combine(char* acc, int64_t, const char* other, int64_t, int64_t n, int64_t, int64_t) {
    A* __restrict to = as<A>(acc);
    const A* __restrict from = as<A>(other);
    for (int64_t j = 0; j < n; ++j) to[j] = Join::join(to[j], from[j]);
  }
  static constexpr Reducer reducer() {
    return {1, sizeof(A), false, clear, rows, run, runs, combine};
  }
};

// In uint64_t whole numbers wrap.
template <class Join>
constexpr ReducerRow wide_row() {
  return {{Single<Terms<float, double, Join, Itself>>::reducer(),
           Single<Terms<double, double, Join, Itself>>::reducer(),
           Single<Terms<int64_t, uint64_t, Join, Itself>>::reducer(),
           Single<Terms<int32_t, uint64_t, Join, Itself>>::reducer(),
           Single<Terms<uint8_t, uint64_t, Join, Itself>>::reducer(),
           Single<Terms<bool, uint64_t, Join, Itself>>::reducer()}};
}
constexpr ReducerRow nonzero_row() {
  return {{Single<Terms<float, uint64_t, Plus, IsNonzero>>::reducer(),
           Single<Terms<double, uint64_t, Plus, IsNonzero>>::reducer(),
           Single<Terms<int64_t, uint64_t, Plus, IsNonzero>>::reducer(),
           Single<Terms<int32_t, uint64_t, Plus, IsNonzero>>::reducer(),
           Single<Terms<uint8_t, uint64_t, Plus, IsNonzero>>::reducer(),
           Single<Terms<uint8_t, uint64_t, Plus, IsNonzero>>::reducer()}};
}
template <class Join>
constexpr ReducerRow extreme_row() {
  return {{Single<Extremes<float, Join>>::reducer(), Single<Extremes<double, Join>>::reducer(),
           Single<Extremes<int64_t, Join>>::reducer(), Single<Extremes<int32_t, Join>>::reducer(),
           Single<Extremes<uint8_t, Join>>::reducer(), Single<Extremes<uint8_t, Join>>::reducer()}};
}
template <class Term>
constexpr ReducerRow float_sum_row() {
  return {{Single<Terms<float, double, Plus, Term>>::reducer(),
           Single<Terms<double, double, Plus, Term>>::reducer()}};
}
template <class Join>
constexpr ReducerRow magnitude_row() {
  return {{Single<Extremes<float, Join, Magnitude>>::reducer(),
           Single<Extremes<double, Join, Magnitude>>::reducer()}};
}

}  // namespace

extern const ReduceTable reduce_table;
constinit const ReduceTable reduce_table = {
    wide_row<Plus>(),        wide_row<Times>(),         nonzero_row(),
    extreme_row<Larger>(),   extreme_row<Smaller>(),    float_sum_row<UnlessNan>(),
    float_sum_row<Square>(), float_sum_row<Absolute>(), float_sum_row<Power>(),
    magnitude_row<Larger>(), magnitude_row<Smaller>(),
};

}  // namespace flambeau::FLAMBEAU_ISA
