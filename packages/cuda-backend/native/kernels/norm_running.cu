// Running statistics of normalised channels.
#include "norm_layout.h"

namespace flambeau::cuda {

namespace {

template <class C>
__global__ void __launch_bounds__(kNormThreads)
    norm_running(Numbers<C> statistics, int64_t c, double share, double correction,
                 NumberSink<C> mean, int64_t mean_stride, NumberSink<C> variance,
                 int64_t variance_stride) {
  const int64_t i = global_thread();
  if (i >= 2 * c) return;
  const bool first = i < c;
  const int64_t k = first ? i : i - c;
  const NumberSink<C>& to = first ? mean : variance;
  const int64_t at = k * (first ? mean_stride : variance_stride);
  const double now = static_cast<double>(statistics[first ? k : 2 * c + k]);
  const double before = static_cast<double>(read_computed<C>(to.data, at, to.stored));
  to.put(at, static_cast<C>((1 - share) * before + share * (first ? 1 : correction) * now));
}

}  // namespace

// Moves running means and variances [c], in place, towards those of normChannels without groups.
// Inputs: both, then the statistics [3, c]. Parameters: the share of the new ones, and by what the
// variance is multiplied to be unbiased.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normRunning) {
  const int64_t c = call.in(0).numel();
  const DType wide = wide_type(call.in(2).dtype);
  require_internal(call.num_outputs() == 2, "there are two running statistics");
  with_float_type(wide, [&](auto zero) {
    using C = Computed<decltype(zero)>;
    const Numbers<C> statistics = numbers_of<C>(call, 2, 3 * c);
    for (int i = 0; i < 2; ++i) {
      const Tensor& running = call.out(i);
      require_internal(call.in_place(i) && running.ndim() == 1 && running.numel() == c &&
                           wide_type(running.dtype) == dtype_of<C>,
                       "running statistics are one number for each channel, changed in place");
    }
    const Tensor& mean = call.out(0);
    const Tensor& variance = call.out(1);
    launch(norm_running<C>, static_cast<unsigned>(ceil_divide(2 * c, kNormThreads)), kNormThreads,
           0, call.stream(), statistics, c, call.param(0), call.param(1),
           NumberSink<C>{mean.data, mean.dtype}, mean.stride(0),
           NumberSink<C>{variance.data, variance.dtype}, variance.stride(0));
  });
}

}  // namespace flambeau::cuda
