// Distributions that are drawn one value after another, with the numbers of PyTorch's CPU samplers.
//
// All uniform numbers are doubles in [0, 1) with 53 bits, of two words each; logarithms and
// tangents are the C library's, as PyTorch's are. T is float or double.
#pragma once

#include <cstdint>

#include "generator.h"

namespace flambeau {

// out[i] = median + sigma · tan(π (u - 1/2)); sigma > 0.
template <typename T>
void fill_cauchy(Generator& generator, T* out, int64_t n, double median, double sigma);

// out[i] = exp of a normal sample (one at a time, as fill_normal_serial); std > 0.
template <typename T>
void fill_log_normal(Generator& generator, T* out, int64_t n, double mean, double std);

// out[i] = trials up to the first success, of probability p in (0, 1). T may be an integer too.
template <typename T>
void fill_geometric(Generator& generator, T* out, int64_t n, double p);

// One Poisson sample of a rate ≥ 0: products of uniform numbers below 10, transformed rejection
// (PTRS) from there on.
double draw_poisson(Generator& generator, double rate);

// Successes among `count` trials of probability p: sums of geometric gaps where fewer than 10 are
// expected, transformed rejection (BTRS) from there on. NaN if an argument is.
template <typename T>
T draw_binomial(Generator& generator, T count, T p);

}  // namespace flambeau
