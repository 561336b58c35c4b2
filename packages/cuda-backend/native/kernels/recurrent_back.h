// The gradient of one step of a recurrent layer. For recurrent_grad.cu.
#pragma once

#include "recurrent_layer.h"

namespace flambeau::cuda {

// The gradient of one step.
template <class T>
struct Back {
  using S = Computed<T>;
  int64_t rows, hidden;
  const T* dy;  // [rows, hidden], added to dh; null: none
  int64_t dy_row;
  S* dh;            // [rows, hidden]: of h after; gets what reaches h before by itself
  S* dc;            // LSTM: of c after; gets that of c before
  const T* gates;   // as the forward pass left them
  const T* saved;   // as it left it
  const T* before;  // LSTM: c before; GRU: h before; RNN: h after
  int64_t before_row;
  int64_t inner;   // rows from this one on began here:
  const T* first;  // with these states [batch, hidden]
  T* dgates;  // LSTM [rows, 4 · hidden]; RNN [rows, hidden]; GRU [rows, 4 · hidden]: of the new
              // gate's input part, reset, update, the new gate's hidden part
  T* raw;     // LSTM: gets h after [rows, hidden]; null: no
};

template <class T, Cell cell>
__global__ void __launch_bounds__(kRecurrentThreads) back_kernel(Back<T> s) {
  const int64_t size = s.hidden;
  for (int64_t item = global_thread(); item < s.rows * size; item += global_threads()) {
    const int64_t row = item / size, j = item % size;
    using S = Computed<T>;
    const S before =
        widened(row < s.inner ? s.before[row * s.before_row + j] : s.first[row * size + j]);
    const S dh = s.dh[item] + (s.dy ? widened(s.dy[row * s.dy_row + j]) : S{0});
    if constexpr (cell == Cell::kLstm) {
      const T* gates = s.gates + row * 4 * size + j;
      T* const to = s.dgates + row * 4 * size + j;
      const S i = widened(gates[0]), f = widened(gates[size]), g = widened(gates[2 * size]),
              o = widened(gates[3 * size]);
      const S squashed = tanh_of(widened(s.saved[item]));
      const S d = s.dc[item] + dh * o * (1 - squashed * squashed);
      to[0] = narrowed<T>(d * g * (i * (1 - i)));
      to[size] = narrowed<T>(d * before * (f * (1 - f)));
      to[2 * size] = narrowed<T>(d * i * (1 - g * g));
      to[3 * size] = narrowed<T>(dh * squashed * (o * (1 - o)));
      s.dc[item] = d * f;
      s.dh[item] = 0;
      if (s.raw) s.raw[item] = narrowed<T>(o * squashed);
    } else if constexpr (cell == Cell::kGru) {
      const T* gates = s.gates + row * 3 * size + j;
      T* const to = s.dgates + row * 4 * size + j;
      const S r = widened(gates[0]), z = widened(gates[size]), n = widened(gates[2 * size]);
      const S dn = dh * (1 - z) * (1 - n * n);
      to[0] = narrowed<T>(dn);
      to[size] = narrowed<T>(dn * widened(s.saved[item]) * (r * (1 - r)));
      to[2 * size] = narrowed<T>(dh * (before - n) * (z * (1 - z)));
      to[3 * size] = narrowed<T>(dn * r);
      s.dh[item] = dh * z;
    } else {
      s.dgates[item] = narrowed<T>(cell == Cell::kRelu ? (before <= S{0} ? S{0} : dh)
                                                       : dh * (1 - before * before));
      s.dh[item] = 0;
    }
  }
}

// total = dh + dy [rows, size]; dh = 0.
template <class T>
__global__ void __launch_bounds__(kRecurrentThreads)
    take_kernel(int64_t rows, int64_t size, Computed<T>* dh, const T* dy, int64_t dy_row,
                T* total) {
  using S = Computed<T>;
  for (int64_t item = global_thread(); item < rows * size; item += global_threads()) {
    total[item] =
        narrowed<T>(dh[item] + (dy ? widened(dy[item / size * dy_row + item % size]) : S{0}));
    dh[item] = 0;
  }
}

}  // namespace flambeau::cuda
