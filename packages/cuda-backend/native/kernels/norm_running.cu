// Running statistics of normalised channels.
#include "norm_layout.h"
#include "norm_moments.h"

namespace flambeau::cuda {

namespace {

template <class C>
__global__ void __launch_bounds__(kNormThreads)
    norm_running(Numbers<C> statistics, int64_t c, Running<C> running) {
  const int64_t i = global_thread();
  if (i >= 2 * c) return;
  if (i < c) return running.move_mean(i, statistics[i]);
  running.move_variance(i - c, statistics[i + c]);
}

}  // namespace

// Moves running means and variances [c], in place, towards those of normChannels without groups.
// Inputs: both, then the statistics [3, c]. Parameters: the share of the new ones, and by what the
// variance is multiplied to be unbiased.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normRunning) {
  const int64_t c = call.in(0).numel();
  require_internal(call.num_outputs() == 2, "there are two running statistics");
  with_float_type(wide_type(call.in(2).dtype), [&](auto zero) {
    using C = Computed<decltype(zero)>;
    const Numbers<C> statistics = numbers_of<C>(call, 2, 3 * c);
    launch(norm_running<C>, static_cast<unsigned>(ceil_divide(2 * c, kNormThreads)), kNormThreads,
           0, call.stream(), statistics, c, running_of<C>(call, 0, 0, c));
  });
}

}  // namespace flambeau::cuda
