#include "sampling.h"

#include <cmath>

#include "parallel.h"
#include "sampling_detail.h"

namespace flambeau {

using namespace sampling;

namespace {

struct ExponentialFloat {
  // -ln(1 - u) / rate in double, rounded to float at the end; 1 - u is exact. The logarithm is
  // ln(2^k m) = k ln 2 + 2 atanh(s), s = (m - 1) / (m + 1), m in [sqrt(1/2), sqrt(2)), with
  // the minimax coefficients of fdlibm's e_log.c: below 1 ulp.
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, float* __restrict out,
                                  int64_t n, double scale) {
    for (int64_t i = 0; i < n; ++i) {
      const double x = 1.0 - unit_double(word_pair(words, i));
      // Adding this moves the exponent's carry to sqrt(2): the top bits are then k + 1023.
      const uint64_t bits =
          std::bit_cast<uint64_t>(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
      const double k =
          std::bit_cast<double>((bits >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
      const double f =
          std::bit_cast<double>((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
      const double s = f / (2.0 + f);
      const double z = s * s;
      double r = fused<has_fma>(z, 1.479819860511658591e-1, 1.531383769920937332e-1);
      r = fused<has_fma>(z, r, 1.818357216161805012e-1);
      r = fused<has_fma>(z, r, 2.222219843214978396e-1);
      r = fused<has_fma>(z, r, 2.857142874366239149e-1);
      r = fused<has_fma>(z, r, 3.999999999940941908e-1);
      r = fused<has_fma>(z, r, 6.666666666666735130e-1);
      const double half_square = 0.5 * f * f;
      const double tail =
          fused<has_fma>(s, fused<has_fma>(z, r, half_square), k * 1.90821492927058770002e-10);
      const double rest = fused<has_fma>(0.5 * f, f, -tail) - f;
      const double minus_log = fused<has_fma>(-k, 6.93147180369123816490e-01, rest);
      out[i] = static_cast<float>(scale * minus_log);
    }
  }
};

struct Bernoulli {
  // u < p for u = bits / 2^53 is bits < ceil(p 2^53), a comparison of integers.
  template <bool has_fma, typename T>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, T* __restrict out, int64_t n,
                                  int64_t threshold, T success) {
    for (int64_t i = 0; i < n; ++i) {
      const auto bits = static_cast<int64_t>(word_pair(words, i) & kMantissa53);
      out[i] = bits < threshold ? success : T(0);
    }
  }
};

}  // namespace

void fill_uniform(Generator& generator, float* out, int64_t n, double from, double to) {
  fill<Uniform>(generator, 1, out, n, static_cast<float>(from), static_cast<float>(to));
}
void fill_uniform(Generator& generator, double* out, int64_t n, double from, double to) {
  fill<Uniform>(generator, 2, out, n, from, to);
}

void fill_exponential(Generator& generator, float* out, int64_t n, double rate) {
  fill<ExponentialFloat>(generator, 2, out, n, 1.0 / rate);
}
void fill_exponential(Generator& generator, double* out, int64_t n, double rate) {
  fill<Uniform>(generator, 2, out, n, 0.0, 1.0);
  const double scale = -1.0 / rate;
  parallel_for(n, 4096, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = scale * std::log1p(-out[i]);
  });
}

template <typename T>
void fill_bernoulli(Generator& generator, T* out, int64_t n, double p, T success) {
  const double clamped = p > 0.0 ? std::min(p, 1.0) : 0.0;
  fill<Bernoulli>(generator, 2, out, n, static_cast<int64_t>(std::ceil(clamped * 0x1p53)), success);
}

template <typename T>
void fill_bernoulli_each(Generator& generator, T* out, const float* p, int64_t n) {
  Chunk chunk;
  for (int64_t i = 0; i < n; i += kChunkWords) {
    const int64_t count = std::min(kChunkWords, n - i);
    generator.random_words(chunk.words, count);
    for (int64_t j = 0; j < count; ++j) {
      out[i + j] = static_cast<T>(unit_float(chunk.words[j]) < p[i + j]);
    }
  }
}
template <typename T>
void fill_bernoulli_each(Generator& generator, T* out, const double* p, int64_t n) {
  Chunk chunk;
  for (int64_t i = 0; i < n; i += kChunkWords / 2) {
    const int64_t count = std::min(kChunkWords / 2, n - i);
    generator.random_words(chunk.words, 2 * count);
    for (int64_t j = 0; j < count; ++j) {
      out[i + j] = static_cast<T>(unit_double(word_pair(chunk.words, j)) < p[i + j]);
    }
  }
}

#define FLAMBEAU_INSTANTIATE(T)                                                \
  template void fill_bernoulli<T>(Generator&, T*, int64_t, double, T);         \
  template void fill_bernoulli_each<T>(Generator&, T*, const float*, int64_t); \
  template void fill_bernoulli_each<T>(Generator&, T*, const double*, int64_t);
FLAMBEAU_INSTANTIATE(float)
FLAMBEAU_INSTANTIATE(double)
FLAMBEAU_INSTANTIATE(int64_t)
FLAMBEAU_INSTANTIATE(int32_t)
FLAMBEAU_INSTANTIATE(uint8_t)
FLAMBEAU_INSTANTIATE(bool)
#undef FLAMBEAU_INSTANTIATE

}  // namespace flambeau
