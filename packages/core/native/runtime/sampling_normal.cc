#include <cmath>
#include <numbers>
#include <optional>

#include "parallel.h"
#include "sampling.h"
#include "sampling_detail.h"

namespace flambeau {

using namespace sampling;

namespace {

// The float version computes log, sin and cos with the Cephes single-precision polynomials
// (S. Moshier, https://www.netlib.org/cephes/), in the operation order of PyTorch's AVX2 kernel.

// ln(x) for x in [2^-24, 1].
template <bool has_fma>
FLAMBEAU_INLINE float log_unit(float x) {
  const int32_t bits = std::bit_cast<int32_t>(x);
  const float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  const bool low = m < 0.707106781186547524f;
  const float e = static_cast<float>((bits >> 23) - 126 - (low ? 1 : 0));
  const float f = (m - 1.0f) + (low ? m : 0.0f);
  const float z = f * f;
  float y = fused<has_fma>(7.0376836292e-2f, f, -1.1514610310e-1f);
  y = fused<has_fma>(y, f, 1.1676998740e-1f);
  y = fused<has_fma>(y, f, -1.2420140846e-1f);
  y = fused<has_fma>(y, f, 1.4249322787e-1f);
  y = fused<has_fma>(y, f, -1.6668057665e-1f);
  y = fused<has_fma>(y, f, 2.0000714765e-1f);
  y = fused<has_fma>(y, f, -2.4999993993e-1f);
  y = fused<has_fma>(y, f, 3.3333331174e-1f);
  y = fused<has_fma>(y * f, z, e * -2.12194440e-4f);
  y = fused<has_fma>(-0.5f, z, y);
  return fused<has_fma>(e, 0.693359375f, f + y);
}

// sin and cos of x in [0, 2 pi], reduced to [-pi/4, pi/4] around the nearest multiple of pi/2.
template <bool has_fma>
FLAMBEAU_INLINE void sin_cos(float x, float& sine, float& cosine) {
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float k = static_cast<float>(octant);
  float r = fused<has_fma>(k, -0.78515625f, x);
  r = fused<has_fma>(k, -2.4187564849853515625e-4f, r);
  r = fused<has_fma>(k, -3.77489497744594108e-8f, r);
  const float z = r * r;
  float c = fused<has_fma>(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  c = fused<has_fma>(c, z, 4.166664568298827e-2f);
  c = fused<has_fma>(z, z * c, -(z * 0.5f)) + 1.0f;
  float s = fused<has_fma>(-1.9515295891e-4f, z, 8.3321608736e-3f);
  s = fused<has_fma>(s, z, -1.6666654611e-1f);
  s = fused<has_fma>(z * s, r, r);
  const bool swap = (octant & 2) != 0;
  const int32_t sine_sign = (octant & 4) << 29;
  const int32_t cosine_sign = (~(octant - 2) & 4) << 29;
  sine = std::bit_cast<float>(std::bit_cast<int32_t>(swap ? c : s) ^ sine_sign);
  cosine = std::bit_cast<float>(std::bit_cast<int32_t>(swap ? s : c) ^ cosine_sign);
}

struct NormalFloat {
  // n is a multiple of 16. Pairs are gathered from the groups of 16 into two runs, so that the
  // arithmetic is one loop of any vector width.
  template <bool has_fma>
  static FLAMBEAU_INLINE void run(const uint32_t* __restrict words, float* __restrict out,
                                  int64_t n, float mean, float std) {
    alignas(64) float radius[kChunkWords / 2];
    alignas(64) float angle[kChunkWords / 2];
    const int64_t pairs = n / 2;
    for (int64_t i = 0; i < pairs; i += 8) {
      for (int64_t j = 0; j < 8; ++j) {
        radius[i + j] = 1.0f - unit_float(words[2 * i + j]);
        angle[i + j] = static_cast<float>(2 * std::numbers::pi) * unit_float(words[2 * i + j + 8]);
      }
    }
    for (int64_t i = 0; i < pairs; ++i) {
      const float r = std::sqrt(-2.0f * log_unit<has_fma>(radius[i]));
      float sine, cosine;
      sin_cos<has_fma>(angle[i], sine, cosine);
      radius[i] = fused<has_fma>(r * cosine, std, mean);
      angle[i] = fused<has_fma>(r * sine, std, mean);
    }
    for (int64_t i = 0; i < pairs; i += 8) {
      for (int64_t j = 0; j < 8; ++j) {
        out[2 * i + j] = radius[i + j];
        out[2 * i + j + 8] = angle[i + j];
      }
    }
  }
};

// The double version calls libm, as PyTorch's does, in place on 16 uniform values.
void normal_group(double* values, double mean, double std) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2 * std::log(1 - values[j]));
    const double angle = 2 * std::numbers::pi * values[j + 8];
    values[j] = std::fma(radius * std::cos(angle), std, mean);
    values[j + 8] = std::fma(radius * std::sin(angle), std, mean);
  }
}

double next_unit_double(Generator& generator) {
  return static_cast<double>(generator.random64() & kMantissa53) * 0x1p-53;
}

double next_normal(Generator& generator) {
  if (const std::optional<double> spare = generator.take_spare_normal()) return *spare;
  const double turn = next_unit_double(generator);
  const double u = next_unit_double(generator);
  const double radius = std::sqrt(-2.0 * std::log1p(-u));
  const double angle = 2 * std::numbers::pi * turn;
  generator.set_spare_normal(radius * std::sin(angle));
  return radius * std::cos(angle);
}

template <typename T>
void normal_serial(Generator& generator, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<T>(std::fma(next_normal(generator), std, mean));
  }
}

}  // namespace

void fill_normal_serial(Generator& generator, float* out, int64_t n, double mean, double std) {
  normal_serial(generator, out, n, mean, std);
}
void fill_normal_serial(Generator& generator, double* out, int64_t n, double mean, double std) {
  normal_serial(generator, out, n, mean, std);
}

void fill_normal(Generator& generator, float* out, int64_t n, double mean, double std,
                 bool in_groups) {
  if (n < 16) return normal_serial(generator, out, n, mean, std);
  const auto mean_float = static_cast<float>(mean);
  const auto std_float = static_cast<float>(std);
  fill<NormalFloat>(generator, 1, out, n / 16 * 16, mean_float, std_float);
  if (n % 16 == 0) return;
  if (!in_groups) generator.skip(n % 16);
  fill<NormalFloat>(generator, 1, out + n - 16, 16, mean_float, std_float);
}

void fill_normal(Generator& generator, double* out, int64_t n, double mean, double std) {
  if (n < 16) return normal_serial(generator, out, n, mean, std);
  fill<Uniform>(generator, 2, out, n, 0.0, 1.0);
  parallel_for(n / 16, 128, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) normal_group(out + 16 * i, mean, std);
  });
  if (n % 16 == 0) return;
  fill<Uniform>(generator, 2, out + n - 16, 16, 0.0, 1.0);
  normal_group(out + n - 16, mean, std);
}

}  // namespace flambeau
