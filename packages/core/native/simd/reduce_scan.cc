// Running sums and products. Floats go through registers of two or four: their own running sums
// first, then the carry, so that only one addition for each register waits for the one before it.
#include "reduce_scan.h"

#include "reduce_rows.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
struct Carry {
  using Type = uint64_t;
};
template <>
struct Carry<float> {
  using Type = double;
};
template <>
struct Carry<double> {
  using Type = double;
};

// Registers of doubles, and as many elements of type T.
constexpr int kWide = kVectorBytes < 32 ? 2 : 4;
template <class T>
struct Wide {
  typedef T Type __attribute__((vector_size(kWide * sizeof(T))));
  typedef T Place __attribute__((vector_size(kWide * sizeof(T)), aligned(sizeof(T)), may_alias));
};
using Doubles = Wide<double>::Type;

// With the elements moved to the next (kBackwards: the previous) place; an element of
// `edge` takes the free one.
template <bool kBackwards>
inline Doubles moved(Doubles v, Doubles edge) {
#if defined(__AVX__)
  if constexpr (kBackwards) return __builtin_shufflevector(v, edge, 1, 2, 3, 4);
  return __builtin_shufflevector(v, edge, 4, 0, 1, 2);
#else
  if constexpr (kBackwards) return __builtin_shufflevector(v, edge, 1, 2);
  return __builtin_shufflevector(v, edge, 2, 0);
#endif
}

template <class T, class Join>
struct Scanner {
  using A = typename Carry<T>::Type;

  static void clear(char* carry, int64_t n) { clear_row<Join>(as<A>(carry), n); }

  // As many elements as fill registers. Returns how many those are.
  template <bool kBackwards>
  static int64_t by_registers(const T* x, T* y, int64_t n, A* carry_place) {
    using Place = typename Wide<T>::Place;
    const Doubles identity = Doubles{} + Join::template identity<double>();
    Doubles carry = Doubles{} + *carry_place;
    int64_t done = 0;
    for (; done + kWide <= n; done += kWide) {
      const int64_t i = kBackwards ? n - kWide - done : done;
      Doubles v = __builtin_convertvector(*reinterpret_cast<const Place*>(x + i), Doubles);
      v = Join::join(v, moved<kBackwards>(v, identity));
      if constexpr (kWide == 4)
        v = Join::join(v, moved<kBackwards>(moved<kBackwards>(v, identity), identity));
      const Doubles sums = Join::join(carry, v);
      *reinterpret_cast<Place*>(y + i) = __builtin_convertvector(sums, typename Wide<T>::Type);
      carry = Join::join(carry, Doubles{} + v[kBackwards ? 0 : kWide - 1]);
    }
    *carry_place = carry[0];
    return done;
  }

  static void run(const char* from, char* to, int64_t n, bool backwards, char* carry_place) {
    const T* x = as<T>(from);
    T* y = as<T>(to);
    int64_t done = 0;
    if constexpr (FloatType::has<T>) {
      done = backwards ? by_registers<true>(x, y, n, as<A>(carry_place))
                       : by_registers<false>(x, y, n, as<A>(carry_place));
    }
    A carry = *as<A>(carry_place);
    for (; done < n; ++done) {
      const int64_t i = backwards ? n - 1 - done : done;
      carry = Join::join(carry, static_cast<A>(x[i]));
      y[i] = static_cast<T>(carry);
    }
    *as<A>(carry_place) = carry;
  }

  static void row(const char* from, char* to, int64_t n, char* carry_place) {
    const T* __restrict x = as<T>(from);
    T* __restrict y = as<T>(to);
    A* __restrict carry = as<A>(carry_place);
    for (int64_t j = 0; j < n; ++j) {
      carry[j] = Join::join(carry[j], static_cast<A>(x[j]));
      y[j] = static_cast<T>(carry[j]);
    }
  }

  static constexpr Scan scan() { return {clear, run, row}; }
};

}  // namespace

#define FLAMBEAU_SCANS(Join)                                                                     \
  {                                                                                              \
    Scanner<float, Join>::scan(), Scanner<double, Join>::scan(), Scanner<int64_t, Join>::scan(), \
        Scanner<int32_t, Join>::scan(), Scanner<uint8_t, Join>::scan(), {}                       \
  }

extern const ScanTable scan_table;
constinit const ScanTable scan_table = {FLAMBEAU_SCANS(Plus), FLAMBEAU_SCANS(Times)};

}  // namespace flambeau::FLAMBEAU_ISA
