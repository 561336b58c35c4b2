// Long contiguous rows are worked through one by one, everything else by columns: up to kMaxLanes
// rows side by side, short contiguous rows being turned into columns first.
#include "softmax.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "exp.h"
#include "log.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Contiguous rows shorter than this are turned into columns.
constexpr int64_t kShortRow = 64;

inline float exponential(float x) { return formulas::exp_f(x); }
inline double exponential(double x) { return formulas::exp_d(x); }
inline float logarithm(float x) { return formulas::log_f(x); }
inline double logarithm(double x) { return formulas::log_d(x); }

template <class T>
constexpr T kLowest = -__builtin_inf();

// Registers' worth of elements, the same number on every instruction set, so that sums have the
// same order everywhere.
template <class T>
constexpr int kWidth = 64 / static_cast<int>(sizeof(T));
template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(64)));
  typedef T Unaligned __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
};

// --- one contiguous row ---

template <class T>
T row_max(int64_t n, const T* x) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  T best = kLowest<T>;
  int64_t i = 0;
  if (n >= 2 * kWidth<T>) {
    V high[2] = {V{} + kLowest<T>, V{} + kLowest<T>};
    for (; i + 2 * kWidth<T> <= n; i += 2 * kWidth<T>)
      for (int k = 0; k < 2; ++k) {
        const V v = *reinterpret_cast<const U*>(x + i + k * kWidth<T>);
        high[k] = v > high[k] ? v : high[k];
      }
    for (int k = 0; k < 2; ++k)
      for (int j = 0; j < kWidth<T>; ++j) best = high[k][j] > best ? high[k][j] : best;
  }
  for (; i < n; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

// The sum of n terms: many(i, sum) adds the kWidth terms from i on to a register, one(i) is a term.
template <class T, class Many, class One>
inline double row_sum(int64_t n, Many&& many, One&& one) {
  using V = typename Vector<T>::Type;
  constexpr int64_t kRun = 1024;  // elements summed in T
  double total = 0;
  int64_t i = 0;
  while (i + kWidth<T> <= n) {
    V sum[2] = {};
    const int64_t end = i + kRun < n ? i + kRun : n;
    for (; i + 2 * kWidth<T> <= end; i += 2 * kWidth<T>) {
      many(i, sum[0]);
      many(i + kWidth<T>, sum[1]);
    }
    for (; i + kWidth<T> <= end; i += kWidth<T>) many(i, sum[0]);
    sum[0] += sum[1];
    T lanes = 0;
    for (int j = 0; j < kWidth<T>; ++j) lanes += sum[0][j];
    total += static_cast<double>(lanes);
  }
  for (; i < n; ++i) total += static_cast<double>(one(i));
  return total;
}

template <class T>
double row_sum(int64_t n, const T* x) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  return row_sum<T>(
      n, [x](int64_t i, V& sum) { sum += *reinterpret_cast<const U*>(x + i); },
      [x](int64_t i) { return x[i]; });
}

template <class T>
double row_dot(int64_t n, const T* x, const T* w) {
  using V = typename Vector<T>::Type;
  using U = typename Vector<T>::Unaligned;
  return row_sum<T>(
      n,
      [x, w](int64_t i, V& sum) {
        sum += *reinterpret_cast<const U*>(x + i) * *reinterpret_cast<const U*>(w + i);
      },
      [x, w](int64_t i) { return x[i] * w[i]; });
}

// y[i] = f(x[i], w[i]) in full registers: the end of the row goes through a padded buffer.
template <class T, class F>
inline void row_map(int64_t n, const T* x, const T* w, T* y, F&& f) {
  const int64_t full = n / kWidth<T> * kWidth<T>;
#pragma GCC ivdep
  for (int64_t i = 0; i < full; ++i) y[i] = f(x[i], w[i]);
  if (full == n) return;
  T a[kWidth<T>] = {};
  T b[kWidth<T>] = {};
  for (int64_t i = full; i < n; ++i) {
    a[i - full] = x[i];
    b[i - full] = w[i];
  }
  for (int i = 0; i < kWidth<T>; ++i) a[i] = f(a[i], b[i]);
  for (int64_t i = full; i < n; ++i) y[i] = a[i - full];
}

// The sum of exp(x - high) without keeping the terms.
template <class T>
double row_exp_sum(int64_t n, const T* x, T high) {
  constexpr int64_t kBlock = 1024;
  T block[kBlock];
  double total = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t size = n - i < kBlock ? n - i : kBlock;
    row_map(size, x + i, x + i, block, [high](T v, T) { return exponential(v - high); });
    total += row_sum(size, block);
  }
  return total;
}

template <class T>
void row_softmax(int64_t n, const T* x, T* y) {
  const T high = row_max(n, x);
  row_map(n, x, x, y, [high](T v, T) { return exponential(v - high); });
  const T factor = static_cast<T>(1 / row_sum(n, y));
  row_map(n, y, y, y, [factor](T v, T) { return v * factor; });
}

template <class T>
void row_log_softmax(int64_t n, const T* x, T* y) {
  const T high = row_max(n, x);
  const T log_sum = logarithm(static_cast<T>(row_exp_sum(n, x, high)));
  row_map(n, x, x, y, [high, log_sum](T v, T) { return (v - high) - log_sum; });
}

template <class T>
void row_softmax_grad(int64_t n, const T* dy, const T* y, T* dx) {
  const T dot = static_cast<T>(row_dot(n, dy, y));
  row_map(n, dy, y, dx, [dot](T g, T v) { return v * (g - dot); });
}

template <class T>
void row_log_softmax_grad(int64_t n, const T* dy, const T* y, T* dx) {
  const T sum = static_cast<T>(row_sum(n, dy));
  row_map(n, dy, y, dx, [sum](T g, T v) { return g - exponential(v) * sum; });
}

// --- columns: rows side by side, `lanes` of them ---

// For each i: f(x + i · step, w + i · step, y + i · step)[j] for all lanes.
template <class T, class F>
inline void each(const LaneLayout& l, const T* x, const T* w, T* y, F&& f) {
  for (int64_t i = 0; i < l.n; ++i) {
    const T* a = x + i * l.step;
    const T* b = w + i * l.step;
    T* c = y + i * l.step;
#pragma GCC ivdep
    for (int64_t j = 0; j < l.lanes; ++j) c[j] = f(a[j], b[j], j);
  }
}

template <class T>
void column_max(const LaneLayout& l, const T* x, T* high) {
  for (int64_t j = 0; j < l.lanes; ++j) high[j] = kLowest<T>;
  for (int64_t i = 0; i < l.n; ++i) {
    const T* a = x + i * l.step;
#pragma GCC ivdep
    for (int64_t j = 0; j < l.lanes; ++j) high[j] = a[j] > high[j] ? a[j] : high[j];
  }
}

// sum[j] = the sum of f(x, w, j)
template <class T, class F>
inline void column_sum(const LaneLayout& l, const T* x, const T* w, T* sum, F&& f) {
  for (int64_t j = 0; j < l.lanes; ++j) sum[j] = 0;
  for (int64_t i = 0; i < l.n; ++i) {
    const T* a = x + i * l.step;
    const T* b = w + i * l.step;
#pragma GCC ivdep
    for (int64_t j = 0; j < l.lanes; ++j) sum[j] += f(a[j], b[j], j);
  }
}

template <class T>
void column_statistics(const LaneLayout& l, const T* x, T* high, T* log_sum) {
  column_max(l, x, high);
  column_sum(l, x, x, log_sum, [high](T v, T, int64_t j) { return exponential(v - high[j]); });
#pragma GCC ivdep
  for (int64_t j = 0; j < l.lanes; ++j) log_sum[j] = logarithm(log_sum[j]);
}

template <class T>
void column_softmax(const LaneLayout& l, const T* x, T* y) {
  T high[kMaxLanes];
  T sum[kMaxLanes];
  column_max(l, x, high);
  each(l, x, x, y, [&high](T v, T, int64_t j) { return exponential(v - high[j]); });
  column_sum(l, y, y, sum, [](T v, T, int64_t) { return v; });
  for (int64_t j = 0; j < l.lanes; ++j) sum[j] = 1 / sum[j];
  each(l, y, y, y, [&sum](T v, T, int64_t j) { return v * sum[j]; });
}

template <class T>
void column_log_softmax(const LaneLayout& l, const T* x, T* y) {
  T high[kMaxLanes];
  T log_sum[kMaxLanes];
  column_statistics(l, x, high, log_sum);
  each(l, x, x, y, [&](T v, T, int64_t j) { return (v - high[j]) - log_sum[j]; });
}

template <class T>
void column_softmax_grad(const LaneLayout& l, const T* dy, const T* y, T* dx) {
  T dot[kMaxLanes];
  column_sum(l, dy, y, dot, [](T g, T v, int64_t) { return g * v; });
  each(l, dy, y, dx, [&dot](T g, T v, int64_t j) { return v * (g - dot[j]); });
}

template <class T>
void column_log_softmax_grad(const LaneLayout& l, const T* dy, const T* y, T* dx) {
  T sum[kMaxLanes];
  column_sum(l, dy, dy, sum, [](T g, T, int64_t) { return g; });
  each(l, dy, y, dx, [&sum](T g, T v, int64_t j) { return g - exponential(v) * sum[j]; });
}

template <class T>
void column_scaled(const LaneLayout& l, const T* x, const T* high, const T* log_sum, const T* scale,
                   T* y) {
  each(l, x, x, y,
       [=](T v, T, int64_t j) { return scale[j] * exponential((v - high[j]) - log_sum[j]); });
}

// --- rows or columns ---

// Turns short rows into columns: to[i · kMaxLanes + j]. Lanes are filled up with zeros to `lanes`.
template <class T>
[[gnu::noinline]] void turn(const LaneLayout& l, int64_t lanes, const T* from, T* to) {
  for (int64_t j = 0; j < l.lanes; ++j)
    for (int64_t i = 0; i < l.n; ++i) to[i * kMaxLanes + j] = from[i * l.step + j * l.lane_step];
  for (int64_t i = 0; i < l.n; ++i)
    for (int64_t j = l.lanes; j < lanes; ++j) to[i * kMaxLanes + j] = 0;
}

template <class T>
struct Turned {
  LaneLayout layout;
  alignas(64) T at[kShortRow * kMaxLanes];

  Turned(const LaneLayout& l, const T* from)
      : layout{l.n, (l.lanes + kWidth<T> - 1) / kWidth<T> * kWidth<T>, kMaxLanes, 1} {
    turn(l, layout.lanes, from, at);
  }
  void copy_to(const LaneLayout& l, T* to) const {
    for (int64_t j = 0; j < l.lanes; ++j)
      for (int64_t i = 0; i < l.n; ++i) to[i * l.step + j * l.lane_step] = at[i * kMaxLanes + j];
  }
};

inline bool is_long_row(const LaneLayout& l) { return l.step == 1 && l.n >= kShortRow; }

// The layout of one lane.
inline LaneLayout single(const LaneLayout& l) { return {l.n, 1, l.step, 1}; }

template <class T, class Row, class Column>
inline void unary(const LaneLayout& l, const T* x, T* y, Row&& row, Column&& column) {
  if (is_long_row(l)) {
    for (int64_t j = 0; j < l.lanes; ++j) row(l.n, x + j * l.lane_step, y + j * l.lane_step);
  } else if (l.lane_step == 1) {
    column(l, x, y);
  } else if (l.n <= kShortRow) {
    Turned<T> turned(l, x);
    column(turned.layout, turned.at, turned.at);
    turned.copy_to(l, y);
  } else {
    for (int64_t j = 0; j < l.lanes; ++j)
      column(single(l), x + j * l.lane_step, y + j * l.lane_step);
  }
}

template <class T, class Row, class Column>
inline void binary(const LaneLayout& l, const T* x, const T* w, T* y, Row&& row, Column&& column) {
  if (is_long_row(l)) {
    for (int64_t j = 0; j < l.lanes; ++j)
      row(l.n, x + j * l.lane_step, w + j * l.lane_step, y + j * l.lane_step);
  } else if (l.lane_step == 1) {
    column(l, x, w, y);
  } else if (l.n <= kShortRow) {
    Turned<T> a(l, x);
    const Turned<T> b(l, w);
    column(a.layout, a.at, b.at, a.at);
    a.copy_to(l, y);
  } else {
    for (int64_t j = 0; j < l.lanes; ++j)
      column(single(l), x + j * l.lane_step, w + j * l.lane_step, y + j * l.lane_step);
  }
}

template <class T>
void softmax(const LaneLayout& l, const T* x, T* y) {
  unary(l, x, y, row_softmax<T>, column_softmax<T>);
}
template <class T>
void log_softmax(const LaneLayout& l, const T* x, T* y) {
  unary(l, x, y, row_log_softmax<T>, column_log_softmax<T>);
}
template <class T>
void softmax_grad(const LaneLayout& l, const T* dy, const T* y, T* dx) {
  binary(l, dy, y, dx, row_softmax_grad<T>, column_softmax_grad<T>);
}
template <class T>
void log_softmax_grad(const LaneLayout& l, const T* dy, const T* y, T* dx) {
  binary(l, dy, y, dx, row_log_softmax_grad<T>, column_log_softmax_grad<T>);
}

template <class T>
void statistics(const LaneLayout& l, const T* x, T* high, T* log_sum) {
  if (is_long_row(l)) {
    for (int64_t j = 0; j < l.lanes; ++j) {
      const T* row = x + j * l.lane_step;
      high[j] = row_max(l.n, row);
      log_sum[j] = logarithm(static_cast<T>(row_exp_sum(l.n, row, high[j])));
    }
  } else if (l.lane_step == 1) {
    column_statistics(l, x, high, log_sum);
  } else if (l.n <= kShortRow) {
    const Turned<T> turned(l, x);
    T tops[kMaxLanes];
    T logs[kMaxLanes];
    column_statistics(turned.layout, turned.at, tops, logs);
    for (int64_t j = 0; j < l.lanes; ++j) {
      high[j] = tops[j];
      log_sum[j] = logs[j];
    }
  } else {
    for (int64_t j = 0; j < l.lanes; ++j)
      column_statistics(single(l), x + j * l.lane_step, high + j, log_sum + j);
  }
}

template <class T>
void scaled(const LaneLayout& l, const T* x, const T* high, const T* log_sum, const T* scale,
            T* y) {
  if (is_long_row(l)) {
    for (int64_t j = 0; j < l.lanes; ++j) {
      const T* row = x + j * l.lane_step;
      row_map(l.n, row, row, y + j * l.lane_step,
              [=](T v, T) { return scale[j] * exponential((v - high[j]) - log_sum[j]); });
    }
  } else if (l.lane_step == 1) {
    column_scaled(l, x, high, log_sum, scale, y);
  } else if (l.n <= kShortRow) {
    Turned<T> turned(l, x);
    T numbers[3][kMaxLanes] = {};
    for (int64_t j = 0; j < l.lanes; ++j) {
      numbers[0][j] = high[j];
      numbers[1][j] = log_sum[j];
      numbers[2][j] = scale[j];
    }
    column_scaled(turned.layout, turned.at, numbers[0], numbers[1], numbers[2], turned.at);
    turned.copy_to(l, y);
  } else {
    for (int64_t j = 0; j < l.lanes; ++j)
      column_scaled(single(l), x + j * l.lane_step, high + j, log_sum + j, scale + j,
                    y + j * l.lane_step);
  }
}

template <class T>
constexpr SoftmaxFunctions<T> functions() {
  return {softmax<T>,          log_softmax<T>, softmax_grad<T>,
          log_softmax_grad<T>, statistics<T>,  scaled<T>};
}

}  // namespace

extern const SoftmaxTable softmax_table;
const SoftmaxTable softmax_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
