#include "hold.h"

#include "compile.h"
#include "source.h"

namespace flambeau::cuda::fusion {

namespace {

// Up to so many places a kernel takes less time than its launch. Beyond, chains stay apart: one
// that needs many registers would slow the others down.
constexpr int64_t kSmall = int64_t{1} << 18;

constexpr size_t kMostArgumentBytes = 4096;

int launch_plans(const std::vector<Plan>& plans, int device, cudaStream_t stream) {
  const KernelText text = write_kernel(plans);
  const std::vector<char> argument = pack_arguments(plans);
  if (argument.size() > kMostArgumentBytes)
    throw Failure("ERR_INTERNAL", "operations that were fused have too many operands");
  launch_compiled(compiled(text.source, device), text.blocks, kFusedThreads, argument.data(),
                  stream);
  int operations = 0;
  for (const Plan& plan : plans) operations += static_cast<int>(plan.steps.size());
  return operations;
}

}  // namespace

Launched launch_group(const Group& group, int device, cudaStream_t stream) {
  Launched launched;
  std::vector<Plan> small;
  const auto finish = [&](std::vector<Plan> plans) {
    if (plans.size() == 1 && plans[0].steps.size() == 1)
      return plans[0].steps[0].step->launch(stream);
    launched.operations += launch_plans(plans, device, stream);
    ++launched.kernels;
  };
  for (const Chain& chain : group.chains()) {
    Plan plan = chain.plan();
    if (plan.steps.empty()) continue;
    if (plan.numel <= kSmall) {
      small.push_back(std::move(plan));
    } else {
      finish({std::move(plan)});
    }
  }
  if (!small.empty()) finish(std::move(small));
  return launched;
}

}  // namespace flambeau::cuda::fusion
