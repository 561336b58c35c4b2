// Steps of recurrent networks: the product with the hidden state, and everything that is done to a
// gate while it is at hand.
#pragma once

#include <cstdint>

namespace flambeau {

// One step of `rows` sequences. Rows of matrices are dense where no row distance is given.
template <class T>
struct RecurrentStep {
  int64_t rows = 0;
  int64_t hidden = 0;
  int64_t depth = 0;          // of the states
  const T* state = nullptr;   // h before [rows, depth]
  const T* packed = nullptr;  // pack_gates of the hidden weights; null: the product is in `past`
  const T* past = nullptr;    // [rows, gates · hidden]; null: it is in `gates` already
  const T* bias = nullptr;    // [gates · hidden] beside that product; null: none
  T* gates = nullptr;         // [rows, gates · hidden]: the input's part; gets the gates
  T* cell = nullptr;          // LSTM: c [rows, hidden] before; gets c after
  T* saved = nullptr;         // [rows, hidden], LSTM: gets c too; GRU: the product of the new gate
  T* next = nullptr;          // [rows, hidden]: gets h after; not `state`
  T* y = nullptr;             // gets it too; null: no
  int64_t y_row = 0;
};

// The gradient of one step.
template <class T>
struct RecurrentBack {
  int64_t rows = 0;
  int64_t hidden = 0;
  const T* dy = nullptr;  // [rows, hidden], added to dh; null: none
  int64_t dy_row = 0;
  T* dh = nullptr;            // [rows, hidden]: of h after; gets what reaches h before by itself
  T* dc = nullptr;            // LSTM: of c after; gets that of c before
  const T* gates = nullptr;   // as RecurrentStep left them
  const T* saved = nullptr;   // as RecurrentStep left it
  const T* before = nullptr;  // LSTM: c before; GRU: h before; RNN: h after
  int64_t before_row = 0;
  T* dgates = nullptr;  // LSTM [rows, 4 · hidden]; RNN [rows, hidden]; GRU [rows, 4 · hidden]: of
                        // the new gate's input part, reset, update, the new gate's hidden part
  T* raw = nullptr;     // LSTM: gets h after [rows, hidden]; null: no
};

template <class T>
struct RecurrentFunctions {
  int64_t units;    // hidden units of a panel of gates
  int64_t columns;  // of a panel of plain columns

  // Panels [begin, end) of w [gates · hidden, depth] with rows w_row apart: `units` units of all
  // gates side by side, for each p < depth. Zeros fill the last panel.
  void (*pack_gates)(int64_t gates, int64_t hidden, int64_t depth, const T* w, int64_t w_row,
                     int64_t begin, int64_t end, T* to);
  // Panels [begin, end) of `columns` columns of b [depth, n], element (p, j) at p · row + j ·
  // column.
  void (*pack_columns)(int64_t n, int64_t depth, const T* b, int64_t row, int64_t column,
                       int64_t begin, int64_t end, T* to);
  // c [rows, n] = a [rows, depth] · b, or + c, for the columns of packed panels [begin, end).
  void (*product)(int64_t rows, int64_t n, int64_t depth, const T* a, int64_t a_row,
                  const T* packed, bool accumulate, T* c, int64_t c_row, int64_t begin,
                  int64_t end);
  // y[i] += Σ w[i] · x for i < n, rows of w w_row apart.
  void (*dots)(int64_t n, int64_t depth, const T* w, int64_t w_row, const T* x, T* y);
  // to[j] = Σ x[., j] over the rows, for j in [begin, end).
  void (*column_sums)(int64_t rows, const T* x, int64_t row, int64_t begin, int64_t end, T* to);

  // Units [begin, end) · `units` of a step.
  void (*lstm)(const RecurrentStep<T>& step, int64_t begin, int64_t end);
  void (*gru)(const RecurrentStep<T>& step, int64_t begin, int64_t end);
  void (*tanh)(const RecurrentStep<T>& step, int64_t begin, int64_t end);
  void (*relu)(const RecurrentStep<T>& step, int64_t begin, int64_t end);
  // Units [begin, end) of its gradient.
  void (*lstm_back)(const RecurrentBack<T>& step, int64_t begin, int64_t end);
  void (*gru_back)(const RecurrentBack<T>& step, int64_t begin, int64_t end);
  void (*tanh_back)(const RecurrentBack<T>& step, int64_t begin, int64_t end);
  void (*relu_back)(const RecurrentBack<T>& step, int64_t begin, int64_t end);
};

struct RecurrentTable {
  RecurrentFunctions<float> f32;
  RecurrentFunctions<double> f64;
};

}  // namespace flambeau
