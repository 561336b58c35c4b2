// Steps of SGD and Adam: all parameters of a group in one launch.
#include <cmath>

#include "optim_items.h"

namespace flambeau::cuda {

namespace {

SgdNumbers sgd_numbers(const double* params) {
  SgdNumbers numbers = {};
  numbers.lr = params[1];
  numbers.momentum = params[2];
  numbers.dampening = params[3];
  numbers.weight_decay = params[4];
  numbers.nesterov = params[5] != 0;
  numbers.maximize = params[6] != 0;
  numbers.first = params[7] != 0;
  return numbers;
}

AdamNumbers adam_numbers(const double* params) {
  AdamNumbers numbers = {};
  numbers.lr = params[1];
  numbers.beta1 = params[2];
  numbers.beta2 = params[3];
  numbers.eps = params[4];
  numbers.weight_decay = params[5];
  numbers.decoupled = params[6] != 0;
  numbers.maximize = params[8] != 0;
  numbers.correction1 = 1 - std::pow(numbers.beta1, params[9]);
  numbers.correction2 = 1 - std::pow(numbers.beta2, params[9]);
  return numbers;
}

}  // namespace

// Inputs: n parameters, n gradients and, with momentum, n buffers; outputs: the parameters and the
// buffers, in place. params [n, lr, momentum, dampening, weight decay, nesterov, maximize, first]:
// `first` starts the buffers as the gradients, whatever they hold. Tensors of one item may differ
// in memory order.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(sgd_step) {
  require_internal(call.num_params() == 8, "a step of SGD has the wrong numbers");
  const bool moves = call.param(2) != 0;
  const Items items(call, call.integer(0), moves ? 3 : 2);
  with_float_type(items.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto rule = [](const double* params) {
      return SgdRule<Computed<T>>(sgd_numbers(params));
    };
    if (moves) return items.run<T, 3>(rule);
    items.run<T, 2>(rule);
  });
}

// Inputs: n parameters, n gradients, n first moments, n second moments and, with AMSGrad, n largest
// second moments; outputs: the same without the gradients, in place. params [n, lr, beta1, beta2,
// eps, weight decay, decoupled, amsgrad, maximize, step], the first step being 1.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(adam_step) {
  require_internal(call.num_params() == 10, "a step of Adam has the wrong numbers");
  const bool largest = call.flag(7);
  const Items items(call, call.integer(0), largest ? 5 : 4);
  with_float_type(items.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto rule = [](const double* params) {
      return AdamRule<Computed<T>>(adam_numbers(params));
    };
    if (largest) return items.run<T, 5>(rule);
    items.run<T, 4>(rule);
  });
}

}  // namespace flambeau::cuda
