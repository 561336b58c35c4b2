// Sums are taken in blocks that stay in the first-level cache: the mean of a block first, then the
// distances from it; blocks are joined in double. So nothing is lost where the mean is large.
#include "norm_loops.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// As many elements as one register of the widest instruction set, on all of them, so that sums have
// the same order everywhere.
template <class T>
constexpr int kWidth = 64 / static_cast<int>(sizeof(T));
template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(64)));
  typedef T Unaligned __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
};

// Elements of a row whose sums are kept in T.
constexpr int64_t kRun = 1024;
// Elements of a block of pixels, and its least number of pixels.
constexpr int64_t kBlock = 4096;
constexpr int64_t kBlockPixels = 16;

constexpr int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }

// The elements from here on. (A vector as result would be passed differently on each level.)
template <class T>
inline const typename Vector<T>::Unaligned& load(const T* from) {
  return *reinterpret_cast<const typename Vector<T>::Unaligned*>(from);
}

// kSums sums over i < n, at most kRun: many(i, parts) adds kWidth terms from i on to each of kSums
// registers, one(i, sums) a single term.
template <class T, int kSums, class Many, class One>
inline __attribute__((always_inline)) void run_sums(int64_t n, double* sums, const Many& many,
                                                    const One& one) {
  using V = typename Vector<T>::Type;
  V parts[2][kSums] = {};
  int64_t i = 0;
  for (; i + 2 * kWidth<T> <= n; i += 2 * kWidth<T>) {
    many(i, parts[0]);
    many(i + kWidth<T>, parts[1]);
  }
  for (; i + kWidth<T> <= n; i += kWidth<T>) many(i, parts[0]);
  T rest[kSums] = {};
  for (; i < n; ++i) one(i, rest);
  for (int k = 0; k < kSums; ++k) {
    const V both = parts[0][k] + parts[1][k];
    T total = rest[k];
    for (int j = 0; j < kWidth<T>; ++j) total += both[j];
    sums[k] += static_cast<double>(total);
  }
}

template <class T>
Moments run_moments(int64_t n, const T* x) {
  using V = typename Vector<T>::Type;
  double sum = 0;
  run_sums<T, 1>(
      n, &sum, [x](int64_t i, V* to) { to[0] += load(x + i); },
      [x](int64_t i, T* to) { to[0] += x[i]; });
  const T mean = static_cast<T>(sum / static_cast<double>(n));
  double sums[2] = {};  // of the distances, and of their squares
  run_sums<T, 2>(
      n, sums,
      [x, mean](int64_t i, V* to) {
        const V distance = load(x + i) - mean;
        to[0] += distance;
        to[1] += distance * distance;
      },
      [x, mean](int64_t i, T* to) {
        const T distance = x[i] - mean;
        to[0] += distance;
        to[1] += distance * distance;
      });
  // The rounding of the mean is made good.
  const double off = sums[0] / static_cast<double>(n);
  return {static_cast<double>(mean) + off, sums[1] - sums[0] * off};
}

// The moments of n values and m others.
inline Moments join(const Moments& a, int64_t n, const Moments& b, int64_t m) {
  const double share = static_cast<double>(m) / static_cast<double>(n + m);
  const double distance = b.mean - a.mean;
  return {a.mean + distance * share,
          a.m2 + b.m2 + distance * distance * share * static_cast<double>(n)};
}

template <class T>
Moments row_moments(int64_t n, const T* x) {
  Moments all = run_moments(min_of(n, kRun), x);
  for (int64_t i = kRun; i < n; i += kRun) {
    const int64_t size = min_of(n - i, kRun);
    all = join(all, i, run_moments(size, x + i), size);
  }
  return all;
}

template <class T>
double row_squares(int64_t n, const T* x) {
  using V = typename Vector<T>::Type;
  double sum = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const T* from = x + begin;
    run_sums<T, 1>(
        min_of(n - begin, kRun), &sum,
        [from](int64_t i, V* to) { to[0] += load(from + i) * load(from + i); },
        [from](int64_t i, T* to) { to[0] += from[i] * from[i]; });
  }
  return sum;
}

template <class T>
void row_affine(int64_t n, const T* x, T mean, T scale, const T* w, const T* b, T* y) {
  if (w && b) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * w[i] + b[i];
  } else if (w) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * w[i];
  } else if (b) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale + b[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale;
  }
}

template <class T>
void row_scale(int64_t n, const T* x, T mean, T scale, T shift, T* y) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale + shift;
}

template <class T>
void row_sums(int64_t n, const T* dy, const T* w, const T* x, T mean, double* sums) {
  using V = typename Vector<T>::Type;
  sums[0] = sums[1] = 0;
  for (int64_t begin = 0; begin < n; begin += kRun) {
    const int64_t size = min_of(n - begin, kRun);
    const T* g = dy + begin;
    const T* v = x + begin;
    if (w) {
      const T* f = w + begin;
      run_sums<T, 2>(
          size, sums,
          [=](int64_t i, V* to) {
            const V grad = load(g + i) * load(f + i);
            to[0] += grad;
            to[1] += grad * (load(v + i) - mean);
          },
          [=](int64_t i, T* to) {
            const T grad = g[i] * f[i];
            to[0] += grad;
            to[1] += grad * (v[i] - mean);
          });
    } else {
      run_sums<T, 2>(
          size, sums,
          [=](int64_t i, V* to) {
            const V grad = load(g + i);
            to[0] += grad;
            to[1] += grad * (load(v + i) - mean);
          },
          [=](int64_t i, T* to) {
            to[0] += g[i];
            to[1] += g[i] * (v[i] - mean);
          });
    }
  }
}

template <class T>
void row_grad(int64_t n, const T* dy, const T* w, const T* x, T mean, T scale, T slope, T shift,
              T* dx, T* dw, T* db) {
  if (dw) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) dw[i] += dy[i] * (x[i] - mean) * scale;
  }
  if (db) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) db[i] += dy[i];
  }
  if (!dx) return;
  if (w) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) dx[i] = dy[i] * w[i] * scale + ((x[i] - mean) * slope + shift);
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) dx[i] = dy[i] * scale + ((x[i] - mean) * slope + shift);
  }
}

// --- pixels ---

// Calls block(first pixel, pixels) for blocks of them.
template <class Block>
inline __attribute__((always_inline)) void for_blocks(int64_t pixels, int64_t channels,
                                                      const Block& block) {
  const int64_t size = max_of(kBlockPixels, kBlock / max_of(channels, 1));
  for (int64_t i = 0; i < pixels; i += size) block(i, min_of(size, pixels - i));
}

// to[c] = Σ term(c, place of the pixel's element c) over some pixels, four at a time.
template <class T, class Term>
inline __attribute__((always_inline)) void sum_pixels(int64_t pixels, int64_t channels,
                                                      T* __restrict to, const Term& term) {
  for (int64_t c = 0; c < channels; ++c) to[c] = 0;
  int64_t p = 0;
  for (; p + 4 <= pixels; p += 4) {
    const int64_t at = p * channels;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c)
      to[c] += (term(c, at + c) + term(c, at + channels + c)) +
               (term(c, at + 2 * channels + c) + term(c, at + 3 * channels + c));
  }
  for (; p < pixels; ++p) {
    const int64_t at = p * channels;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) to[c] += term(c, at + c);
  }
}

template <class T>
void pixel_moments(int64_t pixels, int64_t channels, const T* x, int64_t before, double* mean,
                   double* m2, T* scratch) {
  T* __restrict centre = scratch;
  T* __restrict sum = scratch + channels;
  for_blocks(pixels, channels, [&](int64_t first, int64_t size) {
    const T* __restrict from = x + first * channels;
    sum_pixels(size, channels, centre, [from](int64_t, int64_t at) { return from[at]; });
    const T share = static_cast<T>(1.0 / static_cast<double>(size));
    for (int64_t c = 0; c < channels; ++c) centre[c] *= share;
    sum_pixels(size, channels, sum, [from, centre](int64_t c, int64_t at) {
      const T distance = from[at] - centre[c];
      return distance * distance;
    });
    for (int64_t c = 0; c < channels; ++c) {
      const Moments block = {static_cast<double>(centre[c]), static_cast<double>(sum[c])};
      const Moments all = before == 0 ? block : join({mean[c], m2[c]}, before, block, size);
      mean[c] = all.mean;
      m2[c] = all.m2;
    }
    before += size;
  });
}

template <class T>
void pixel_affine(int64_t pixels, int64_t channels, const T* x, const T* mean, const T* scale,
                  const T* b, T* y) {
  for (int64_t p = 0; p < pixels; ++p, x += channels, y += channels) {
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c) y[c] = (x[c] - mean[c]) * scale[c] + b[c];
  }
}

template <class T>
void pixel_sums(int64_t pixels, int64_t channels, const T* dy, const T* x, const T* mean,
                double* first, double* second, T* scratch) {
  for_blocks(pixels, channels, [&](int64_t begin, int64_t size) {
    const T* __restrict g = dy + begin * channels;
    const T* __restrict v = x + begin * channels;
    sum_pixels(size, channels, scratch, [g](int64_t, int64_t at) { return g[at]; });
    sum_pixels(size, channels, scratch + channels,
               [g, v, mean](int64_t c, int64_t at) { return g[at] * (v[at] - mean[c]); });
    for (int64_t c = 0; c < channels; ++c) {
      first[c] += static_cast<double>(scratch[c]);
      second[c] += static_cast<double>(scratch[channels + c]);
    }
  });
}

template <class T>
void pixel_grad(int64_t pixels, int64_t channels, const T* dy, const T* x, const T* mean,
                const T* scale, const T* slope, const T* shift, T* dx) {
  for (int64_t p = 0; p < pixels; ++p, dy += channels, x += channels, dx += channels) {
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; ++c)
      dx[c] = dy[c] * scale[c] + ((x[c] - mean[c]) * slope[c] + shift[c]);
  }
}

template <class T>
constexpr NormFunctions<T> functions() {
  return {row_moments<T>, row_squares<T>,   row_affine<T>,   row_scale<T>,  row_sums<T>,
          row_grad<T>,    pixel_moments<T>, pixel_affine<T>, pixel_sums<T>, pixel_grad<T>};
}

}  // namespace

extern const NormTable norm_table;
const NormTable norm_table = {functions<float>(), functions<double>()};

}  // namespace flambeau::FLAMBEAU_ISA
