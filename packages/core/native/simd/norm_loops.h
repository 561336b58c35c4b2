// Loops of normalisation: over contiguous rows, and over pixels whose channels lie side by side.
#pragma once

#include <cstdint>

namespace flambeau {

// Moments of n values: their mean, and the sum of the squared distances from it.
struct Moments {
  double mean = 0;
  double m2 = 0;
};

// Pointers do not overlap, but y may be x and dx may be dy. `w` and `b` may be null.
template <class T>
struct NormFunctions {
  // --- a contiguous row of n elements ---

  Moments (*row_moments)(int64_t n, const T* x);
  // The sum of the squares.
  double (*row_squares)(int64_t n, const T* x);
  // y[i] = (x[i] - mean) · scale · w[i] + b[i]
  void (*row_affine)(int64_t n, const T* x, T mean, T scale, const T* w, const T* b, T* y);
  // y[i] = (x[i] - mean) · scale + shift
  void (*row_scale)(int64_t n, const T* x, T mean, T scale, T shift, T* y);
  // sums[0] = Σ dy[i] · w[i], sums[1] = Σ dy[i] · w[i] · (x[i] - mean)
  void (*row_sums)(int64_t n, const T* dy, const T* w, const T* x, T mean, double* sums);
  // dx[i] = dy[i] · w[i] · scale + (x[i] - mean) · slope + shift, unless dx is null;
  // dw[i] += dy[i] · (x[i] - mean) · scale and db[i] += dy[i], unless they are null.
  void (*row_grad)(int64_t n, const T* dy, const T* w, const T* x, T mean, T scale, T slope,
                   T shift, T* dx, T* dw, T* db);

  // --- `pixels` times `channels` elements; numbers per channel ---

  // Adds the pixels to moments of `before` earlier ones; `scratch` has 2 · channels elements.
  void (*pixel_moments)(int64_t pixels, int64_t channels, const T* x, int64_t before, double* mean,
                        double* m2, T* scratch);
  // y = (x - mean) · scale + b
  void (*pixel_affine)(int64_t pixels, int64_t channels, const T* x, const T* mean, const T* scale,
                       const T* b, T* y);
  // first[c] += Σ dy, second[c] += Σ dy · (x - mean); `scratch` has 2 · channels elements.
  void (*pixel_sums)(int64_t pixels, int64_t channels, const T* dy, const T* x, const T* mean,
                     double* first, double* second, T* scratch);
  // dx = dy · scale + (x - mean) · slope + shift
  void (*pixel_grad)(int64_t pixels, int64_t channels, const T* dy, const T* x, const T* mean,
                     const T* scale, const T* slope, const T* shift, T* dx);
};

struct NormTable {
  NormFunctions<float> f32;
  NormFunctions<double> f64;
};

}  // namespace flambeau
