#include "hold.h"

#include "compile.h"
#include "source.h"

namespace flambeau::cuda::fusion {

int launch_chain(const Chain& chain, int device, cudaStream_t stream) {
  const Plan plan = chain.plan();
  const int count = static_cast<int>(plan.steps.size());
  if (count == 0) return 0;
  if (count == 1) {
    plan.steps[0].step->launch(stream);
    return 1;
  }
  const KernelText text = write_kernel(plan);
  const std::vector<char> argument = pack_arguments(plan);
  const int64_t places = int64_t{kFusedThreads} * text.vector;
  launch_compiled(compiled(text.source, device),
                  static_cast<unsigned>(ceil_divide(plan.numel, places)), kFusedThreads,
                  argument.data(), stream);
  return count;
}

}  // namespace flambeau::cuda::fusion
