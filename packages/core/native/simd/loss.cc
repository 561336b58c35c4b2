#include "loss.h"

#pragma push_macro("FLAMBEAU_ISA")
#undef FLAMBEAU_ISA
#include "hyperbolic.h"
#pragma pop_macro("FLAMBEAU_ISA")

namespace flambeau::FLAMBEAU_ISA {
namespace {

inline float softplus(float x) { return formulas::softplus_f(x); }
inline double softplus(double x) { return formulas::softplus_d(x); }
inline float sigmoid(float x) { return formulas::sigmoid_f(x); }
inline double sigmoid(double x) { return formulas::sigmoid_d(x); }

struct Squared {
  template <class T>
  static T loss(T a, T b) {
    const T d = a - b;
    return d * d;
  }
  template <class T>
  static T slope(T a, T b) {
    return a - b;
  }
};

struct Logits {
  template <class T>
  static T loss(T a, T b) {
    return (T{1} - b) * a + softplus(-a);
  }
  template <class T>
  static T slope(T a, T b) {
    return sigmoid(a) - b;
  }
};

template <class Loss, class T>
void each(int64_t n, const T* a, const T* b, T* y) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = Loss::loss(a[i], b[i]);
}

template <class Loss, class T>
double sum(int64_t n, const T* a, const T* b) {
  constexpr int kLanes = 64;
  constexpr int64_t kRun = 64 * kLanes;  // elements summed in T, lane by lane
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = n - begin < kRun ? n : begin + kRun;
    T lanes[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      for (int j = 0; j < kLanes; ++j) lanes[j] += Loss::loss(a[i + j], b[i + j]);
    // The rest through a full register's worth of elements.
    T rest[2][kLanes] = {};
    for (int64_t k = i; k < end; ++k) {
      rest[0][k - i] = a[k];
      rest[1][k - i] = b[k];
    }
    for (int j = 0; j < kLanes; ++j) {
      const T loss = Loss::loss(rest[0][j], rest[1][j]);
      lanes[j] += j < end - i ? loss : T{0};
    }
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) lanes[j] += lanes[j + half];
    total += static_cast<double>(lanes[0]);
  }
  return total;
}

template <class Loss, class T>
void grad(int64_t n, const T* upstream, int64_t step, T scale, const T* a, const T* b, T* y) {
  if (step == 0) {
    const T factor = *upstream * scale;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = factor * Loss::slope(a[i], b[i]);
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = upstream[i] * scale * Loss::slope(a[i], b[i]);
}

template <class Loss, class T>
constexpr PairLoss<T> pair_loss() {
  return {sum<Loss, T>, each<Loss, T>, grad<Loss, T>};
}
template <class T>
constexpr LossFunctions<T> functions() {
  return {pair_loss<Squared, T>(), pair_loss<Logits, T>()};
}

}  // namespace

extern const LossTable loss_table;
const LossTable loss_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
