// Convolution loops over channels-last outputs: the forward pass over few input channels, and the
// gradient with respect to the weights.
#pragma once

#include <cstdint>

namespace flambeau {

// One row of outputs. Tap t of output column j reads x[taps[t] + j].
//
//   y[j, o] = bias[o] + the sum over t of x[taps[t] + j] · weights[o / lanes, t, o % lanes]
//
// weights [blocks, num_taps, lanes] and bias [blocks · lanes] are padded to whole vectors of output
// channels; y [columns, channels] is dense.
struct ConvRow {
  const float* x;
  const int64_t* taps;
  int64_t num_taps;
  const float* weights;
  const float* bias;
  float* y;
  int64_t columns;
  int64_t channels;
};

// A band of rows of the output's gradient, `columns` pixels of `channels` contiguous numbers each.
// Tap t of pixel (i, j) reads x[taps[t] + i · x_row + j · x_step].
//
//   dw[t, o] += the sum over i, j of x[taps[t] + i · x_row + j · x_step] · dy[i · dy_row + j ·
//   channels + o]
//
// dw [num_taps, blocks · lanes] is padded to whole vectors; what the padding holds is unspecified
// but finite if dw and dy are.
struct ConvWeightBand {
  const float* x;
  int64_t x_row;
  int64_t x_step;
  const int64_t* taps;
  int64_t num_taps;
  const float* dy;
  int64_t dy_row;
  int64_t rows;
  int64_t columns;
  int64_t channels;
  float* dw;
};

struct ConvTable {
  int64_t lanes;  // floats in a vector

  void (*row)(const ConvRow& row);
  void (*weight_band)(const ConvWeightBand& band);

  // sums[o] += the sum of dy[p · channels + o] over p < pixels; sums is padded to whole vectors.
  void (*pixel_sums)(const float* dy, int64_t pixels, int64_t channels, float* sums);
};

}  // namespace flambeau
