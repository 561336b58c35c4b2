// Steps of the other optimizers: all parameters of a group in one launch.
#include "optim_items.h"

namespace flambeau::cuda {

namespace {

template <class T, StepRule kRule>
void step(const Items& items, int roles, int count) {
  const auto rule = [count](const double* params) {
    return StepOf<Computed<T>, kRule>(params + 2, count);
  };
  constexpr int kState[kNumStepRules] = {1, 1, 2, 2, 2, 2, 1, 2, 0};
  constexpr int kRoles = 2 + kState[static_cast<int>(kRule)];
  if (roles == kRoles) return items.run<T, kRoles>(rule);
  if constexpr (kRule == StepRule::kRmsprop) {
    if (roles == kRoles + 1) return items.run<T, kRoles + 1>(rule);
    items.run<T, kRoles + 2>(rule);
  }
}

}  // namespace

// Inputs: n parameters, n gradients, and n tensors of each kind of state; outputs: the same without
// the gradients, in place. params [n, rule (StepRule), its numbers (core's simd/optim.h)…].
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(optim_step) {
  constexpr int kStateTensors[kNumStepRules] = {1, 1, 2, 2, 2, 2, 1, 2, 0};
  constexpr int kNumbers[kNumStepRules] = {7, 4, 5, 6, 9, 8, 5, 6, 3};
  const int64_t rule = call.integer(1);
  require_internal(rule >= 0 && rule < kNumStepRules, "there is no such optimizer");
  const int count = kNumbers[rule];
  require_internal(call.num_params() == 2 + count, "an optimizer step has the wrong numbers");
  double numbers[9];
  for (int i = 0; i < count; ++i) numbers[i] = call.param(2 + i);
  int roles = 2 + kStateTensors[rule];
  if (rule == static_cast<int>(StepRule::kRmsprop)) roles += (numbers[5] > 0) + (numbers[6] != 0);
  const Items items(call, call.integer(0), roles);
  with_float_type(items.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto of) { step<T, of()>(items, roles, count); };
    switch (static_cast<StepRule>(rule)) {
#define FLAMBEAU_RULE(name) \
  case StepRule::name:      \
    return run(std::integral_constant<StepRule, StepRule::name>{})
      FLAMBEAU_RULE(kRmsprop);
      FLAMBEAU_RULE(kAdagrad);
      FLAMBEAU_RULE(kAdadelta);
      FLAMBEAU_RULE(kAdamax);
      FLAMBEAU_RULE(kNadam);
      FLAMBEAU_RULE(kRadam);
      FLAMBEAU_RULE(kAsgd);
      FLAMBEAU_RULE(kRprop);
      FLAMBEAU_RULE(kAverage);
#undef FLAMBEAU_RULE
    }
  });
}

}  // namespace flambeau::cuda
