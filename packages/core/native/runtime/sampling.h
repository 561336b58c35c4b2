// Bulk random sampling with the numbers of PyTorch's CPU samplers: same seed, same values.
//
// Every function fills out[0..n) in order from the generator's stream; out is contiguous and n = 0
// draws nothing. Results do not depend on the machine's instruction set, except that the functions
// marked (libm) evaluate the C library's double log/sin/cos, as PyTorch does.
// PyTorch 2.13 has no MKL stream behind bernoulli_ or exponential_ (switched off since
// pytorch/pytorch#132395), so everything below comes from the one mt19937 stream.
#pragma once

#include <cstdint>

#include "generator.h"

namespace flambeau {

// uniform_(from, to): [from, to). One word (24 bits of it) per float, two words (53 bits) per
// double. from and to are cast to the element type first.
void fill_uniform(Generator& generator, float* out, int64_t n, double from, double to);
void fill_uniform(Generator& generator, double* out, int64_t n, double from, double to);

// normal_(mean, std) on a contiguous tensor. n >= 16: Box-Muller on groups of 16, (j, j + 8)
// forming a pair; when 16 does not divide n, the last 16 values are drawn again from fresh words.
// n < 16: fill_normal_serial. The double version is (libm). What PyTorch rounds to a 16-bit float
// is drawn without words for the first version of the last n % 16 values: `in_groups`.
void fill_normal(Generator& generator, float* out, int64_t n, double mean, double std,
                 bool in_groups = false);
void fill_normal(Generator& generator, double* out, int64_t n, double mean, double std);

// normal_(mean, std) one value at a time in double, the second of each pair kept in the generator
// for the next call: what PyTorch does for n < 16 and for tensors that are not contiguous. (libm)
void fill_normal_serial(Generator& generator, float* out, int64_t n, double mean, double std);
void fill_normal_serial(Generator& generator, double* out, int64_t n, double mean, double std);

// exponential_(rate): two words per value; rate > 0. The double version is (libm).
void fill_exponential(Generator& generator, float* out, int64_t n, double rate);
void fill_exponential(Generator& generator, double* out, int64_t n, double rate);

// The functions below exist for T = float, double, int64_t, int32_t, uint8_t and bool. Where they
// have a second type, the values are those of a tensor of type Stored, which must be Half or
// BFloat16 for T = float, int8_t or int16_t for T = int32_t, or T itself.

// randint(low, high) = random_(low, high): integers in [low, high), one word per value, two where
// the range is 2^28 or more. For floating T, bounds that T cannot represent are first moved inward,
// as far as PyTorch does. Throws std::invalid_argument unless low < high then, and if an integer T
// cannot hold low or high - 1.
template <typename T, typename Stored = T>
void fill_randint(Generator& generator, T* out, int64_t n, int64_t low, int64_t high);

// random_(low, None): integers from low to the largest T (floating T: to 2^digits), inclusive; low
// = INT64_MIN means all of int64, for int64_t and floating T but Half. Throws std::invalid_argument
// for any other low that T does not reach.
template <typename T, typename Stored = T>
void fill_random_from(Generator& generator, T* out, int64_t n, int64_t low);

// random_(): integers from 0 to the largest T (floating T: to 2^digits), inclusive. Two words per
// value for double and int64_t, one for the rest.
template <typename T, typename Stored = T>
void fill_random(Generator& generator, T* out, int64_t n);

// bernoulli_(p): `success` with probability p in [0, 1], else 0; two words per value.
// Dropout's scaled mask in PyTorch is p = 1 - rate with success = T(1) / T(1 - rate).
template <typename T>
void fill_bernoulli(Generator& generator, T* out, int64_t n, double p, T success = T(1));

// bernoulli_(tensor of p): out[i] is 1 with probability p[i]. p must not alias out. One word per
// value for float p, two for double p.
template <typename T>
void fill_bernoulli_each(Generator& generator, T* out, const float* p, int64_t n);
template <typename T>
void fill_bernoulli_each(Generator& generator, T* out, const double* p, int64_t n);

// randperm(n): a permutation of 0 .. n - 1. T = bool is not available; n must fit in T.
template <typename T, typename Stored = T>
void randperm(Generator& generator, T* out, int64_t n);

}  // namespace flambeau
