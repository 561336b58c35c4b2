// Tensors of samples of the rarer distributions, drawn one after another: see drawing.h.
#include "distributions.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "drawing.h"
#include "sampling.h"

namespace flambeau {

// Cauchy; parameters: generator, median, sigma.
FLAMBEAU_KERNEL(cauchy) {
  Tensor& out = tensor_to_fill(call);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool) {
      fill_cauchy(generator_of(call), reinterpret_cast<T*>(data), n, call.param(1), call.param(2));
    });
  });
}

// Exponentials of normal samples; parameters: generator, mean and std of the logarithm.
FLAMBEAU_KERNEL(logNormal) {
  Tensor& out = tensor_to_fill(call);
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    draw(call, out, [&](char* data, int64_t n, bool) {
      fill_log_normal(generator_of(call), reinterpret_cast<T*>(data), n, call.param(1),
                      call.param(2));
    });
  });
}

// Trials up to the first success, not of bool; parameters: generator, p.
FLAMBEAU_KERNEL(geometric) {
  Tensor& out = tensor_to_fill(call);
  with_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>) {
      throw Failure("ERR_INTERNAL", "bools do not count");
    } else {
      draw(call, out, [&](char* data, int64_t n, bool) {
        fill_geometric(generator_of(call), reinterpret_cast<T*>(data), n, call.param(1));
      });
    }
  });
}

// rates floating [*] -> Poisson samples in a new row-major tensor; parameters: generator.
FLAMBEAU_KERNEL(poisson) {
  const Tensor rates = call.contiguous(call.in(0));
  Tensor& out = call.out(0);
  if (!(out.shape == rates.shape) || out.dtype != rates.dtype)
    throw Failure("ERR_INTERNAL", "poisson's output does not fit");
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* rate = rates.as<T>();
    const int64_t n = rates.numel();
    for (int64_t i = 0; i < n; ++i)
      if (!(rate[i] >= 0))
        throw Failure("ERR_VALUE", "rates are at least 0, but that of element " +
                                       std::to_string(i) + " is " + std::to_string(rate[i]));
    for (int64_t i = 0; i < n; ++i)
      out.as<T>()[i] =
          static_cast<T>(draw_poisson(generator_of(call), static_cast<double>(rate[i])));
  });
}

// count, p, floating, of one shape -> binomial samples in a new row-major tensor; parameters:
// generator.
FLAMBEAU_KERNEL(binomial) {
  const Tensor counts = call.contiguous(call.in(0));
  const Tensor probabilities = call.contiguous(call.in(1));
  Tensor& out = call.out(0);
  if (!(out.shape == counts.shape) || !(out.shape == probabilities.shape) ||
      out.dtype != counts.dtype || out.dtype != probabilities.dtype)
    throw Failure("ERR_INTERNAL", "binomial's operands do not fit");
  with_floating(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < out.numel(); ++i)
      out.as<T>()[i] =
          draw_binomial<T>(generator_of(call), counts.as<T>()[i], probabilities.as<T>()[i]);
  });
}

namespace {

// Sums up to each category, over their total. The sums have the precision of the weights, as
// PyTorch's.
template <class T>
void cumulate(const T* weights, int64_t n, T* sums) {
  T total = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!(weights[i] >= 0) || std::isinf(weights[i]))
      throw Failure("ERR_VALUE", "weights are finite numbers of at least 0, but that of category " +
                                     std::to_string(i) + " is " + std::to_string(weights[i]));
    total += weights[i];
    sums[i] = total;
  }
  if (!(total > 0)) throw Failure("ERR_VALUE", "the weights of a distribution must not all be 0");
  for (int64_t i = 0; i < n; ++i) sums[i] /= total;
  sums[n - 1] = 1;
}

}  // namespace

// weights floating [rows, categories ≥ 1] -> int64 [rows, samples]: categories, each drawn with the
// probability of its weight over the row's sum, independently. Parameters: generator.
FLAMBEAU_KERNEL(multinomial) {
  const Tensor weights = call.contiguous(call.in(0));
  Tensor& out = call.out(0);
  if (weights.ndim() != 2 || weights.size(1) < 1 || out.ndim() != 2 ||
      out.size(0) != weights.size(0) || out.dtype != DType::kInt64)
    throw Failure("ERR_INTERNAL", "multinomial's output does not fit");
  const int64_t categories = weights.size(1);
  const int64_t samples = out.size(1);
  with_floating(weights.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Tensor sums = call.temporary(weights.shape, weights.dtype);
    for (int64_t row = 0; row < weights.size(0); ++row)
      cumulate(weights.as<T>() + row * categories, categories, sums.as<T>() + row * categories);
    for (int64_t row = 0; row < weights.size(0); ++row) {
      const T* first = sums.as<T>() + row * categories;
      for (int64_t i = 0; i < samples; ++i) {
        double u;
        fill_uniform(generator_of(call), &u, 1, 0, 1);
        const T* found = std::lower_bound(first, first + categories, u, [](T sum, double wanted) {
          return static_cast<double>(sum) < wanted;
        });
        out.as<int64_t>()[row * samples + i] =
            std::min(static_cast<int64_t>(found - first), categories - 1);
      }
    }
  });
}

}  // namespace flambeau
