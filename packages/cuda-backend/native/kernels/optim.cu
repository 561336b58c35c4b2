// Steps of SGD and Adam: all parameters of a group in one launch.
#include <cmath>

#include "optim_items.h"

namespace flambeau::cuda {

// Inputs: n parameters, n gradients and, with momentum, n buffers; outputs: the parameters and the
// buffers, in place. params [n, lr, momentum, dampening, weight decay, nesterov, maximize, first]:
// `first` starts the buffers as the gradients, whatever they hold. Tensors of one item may differ
// in memory order.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(sgd_step) {
  SgdNumbers numbers = {};
  numbers.lr = call.param(1);
  numbers.momentum = call.param(2);
  numbers.dampening = call.param(3);
  numbers.weight_decay = call.param(4);
  numbers.nesterov = call.flag(5);
  numbers.maximize = call.flag(6);
  numbers.first = call.flag(7);
  const bool moves = numbers.momentum != 0;
  const Items items(call, call.integer(0), moves ? 3 : 2);
  with_float_type(items.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const SgdRule<Computed<T>> rule(numbers);
    if (moves) return items.run<T, 3>(rule);
    items.run<T, 2>(rule);
  });
}

// Inputs: n parameters, n gradients, n first moments, n second moments and, with AMSGrad, n largest
// second moments; outputs: the same without the gradients, in place. params [n, lr, beta1, beta2,
// eps, weight decay, decoupled, amsgrad, maximize, step], the first step being 1.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(adam_step) {
  AdamNumbers numbers = {};
  numbers.lr = call.param(1);
  numbers.beta1 = call.param(2);
  numbers.beta2 = call.param(3);
  numbers.eps = call.param(4);
  numbers.weight_decay = call.param(5);
  numbers.decoupled = call.flag(6);
  numbers.maximize = call.flag(8);
  const double step = call.param(9);
  numbers.correction1 = 1 - std::pow(numbers.beta1, step);
  numbers.correction2 = 1 - std::pow(numbers.beta2, step);
  const bool largest = call.flag(7);
  const Items items(call, call.integer(0), largest ? 5 : 4);
  with_float_type(items.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const AdamRule<Computed<T>> rule(numbers);
    if (largest) return items.run<T, 5>(rule);
    items.run<T, 4>(rule);
  });
}

}  // namespace flambeau::cuda
