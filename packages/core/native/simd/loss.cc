#include "loss.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
double squared_sum(int64_t n, const T* a, const T* b) {
  constexpr int kLanes = 64;
  constexpr int64_t kRun = 64 * kLanes;  // elements summed in T, lane by lane
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t end = n - begin < kRun ? n : begin + kRun;
    T sum[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      for (int j = 0; j < kLanes; ++j) {
        const T d = a[i + j] - b[i + j];
        sum[j] += d * d;
      }
    for (; i < end; ++i) {
      const T d = a[i] - b[i];
      sum[0] += d * d;
    }
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) sum[j] += sum[j + half];
    total += static_cast<double>(sum[0]);
  }
  return total;
}

template <class T>
void squared(int64_t n, const T* a, const T* b, T* y) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T d = a[i] - b[i];
    y[i] = d * d;
  }
}

template <class T>
void difference(int64_t n, const T* grad, int64_t grad_step, T scale, const T* a, const T* b,
                T* y) {
  if (grad_step == 0) {
    const T factor = *grad * scale;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = factor * (a[i] - b[i]);
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = grad[i] * scale * (a[i] - b[i]);
}

template <class T>
constexpr LossFunctions<T> functions() {
  return {squared_sum<T>, squared<T>, difference<T>};
}

}  // namespace

extern const LossTable loss_table;
const LossTable loss_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
