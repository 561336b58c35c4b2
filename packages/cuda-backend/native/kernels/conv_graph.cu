// Convolutions by the engines of cuDNN's graph interface. All tensors are given to it
// channels-last, as they are stored in general; engines for which that is not the best turn them by
// themselves.
#include <algorithm>
#include <climits>
#include <memory>
#include <mutex>
#include <vector>

#include "conv_cudnn.h"
#include "plan_cache.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

namespace graph = dnn::graph;

constexpr size_t kPlans = 2048;
constexpr int64_t kWorkspaceBytes = int64_t{1} << 30;
// How many plans are timed, where that is asked for, and how often each is.
constexpr int kTimedPlans = 8;
constexpr int kRepeats = 3;
// Engines are told that pointers are aligned to this at most.
constexpr int64_t kAlignment = 16;

int64_t alignment_of(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data) | kAlignment;
  return static_cast<int64_t>(address & (~address + 1));
}

// The plan that computes convolutions of certain sizes. The engines that it was chosen from are not
// kept: cuDNN needs 850 KB for those of one convolution, and 30 KB for a plan.
struct Chosen {
  std::mutex mutex;                         // guards the members; plans themselves may be shared
  std::shared_ptr<const graph::Plan> plan;  // null where no engine is left
  int seen = 0;                             // how many plans were made so far
};

class GraphCall {
 public:
  explicit GraphCall(const CudnnConvolution& c) : c_(c) {}

  bool run() {
    for (const Tensor* t : {&c_.x, &c_.w, &c_.y})
      if (t->numel() > INT_MAX) return false;
    operands_ = c_.operands(dnn::kChannelsLast);
    if (!(c_.bias && run_with(true))) {
      if (!run_with(false)) return false;
      if (c_.bias) add_bias(c_.call, operands_.y, c_.g.o, c_.bias->data);
    }
    c_.deliver(operands_);
    return true;
  }

 private:
  bool run_with(bool biased) {
    const std::shared_ptr<Chosen> chosen = chosen_for(biased);
    for (;;) {
      std::shared_ptr<const graph::Plan> plan;
      {
        const std::lock_guard lock(chosen->mutex);
        plan = chosen->plan;
      }
      if (!plan) return false;
      if (run_plan(*plan)) return true;
      const std::lock_guard lock(chosen->mutex);
      if (chosen->plan == plan) {
        const dnn::Lease lease(c_.call.device(), c_.call.stream());
        graph::Engines engines = engines_for(biased, lease.handle());
        for (int i = 0; i < chosen->seen; ++i) engines.next(lease.handle());
        chosen->plan = next_of(engines, lease.handle());
        ++chosen->seen;
      }
    }
  }

  bool run_plan(const graph::Plan& plan) const {
    void* const workspace =
        plan.workspace_bytes ? c_.call.scratch(static_cast<size_t>(plan.workspace_bytes)) : nullptr;
    const dnn::Lease lease(c_.call.device(), c_.call.stream());
    return run_plan(plan, lease.handle(), workspace);
  }

  bool run_plan(const graph::Plan& plan, dnn::Handle handle, void* workspace) const {
    return plan.run(handle, {operands_.x.data, operands_.w.data, operands_.y.data,
                             c_.bias ? c_.bias->data : nullptr, workspace});
  }

  static std::shared_ptr<const graph::Plan> next_of(graph::Engines& engines, dnn::Handle handle) {
    graph::Plan plan = engines.next(handle);
    if (!plan.descriptor.get()) return nullptr;
    return std::make_shared<const graph::Plan>(std::move(plan));
  }

  std::shared_ptr<Chosen> chosen_for(bool biased) const {
    const int64_t alignments =
        alignment_of(operands_.x.data) | alignment_of(operands_.w.data) << 8 |
        alignment_of(operands_.y.data) << 16 | (biased ? alignment_of(c_.bias->data) : 0) << 24;
    const auto key = c_.key(c_.g.n, biased, alignments);
    // Never destroyed: threads may still run at the end.
    static auto* choices = new PlanCache<key.size(), Chosen>(kPlans);
    return choices->get(key, [&] { return choose(biased); });
  }

  graph::Engines engines_for(bool biased, dnn::Handle handle) const {
    return graph::Engines(handle, description(biased), {c_.tf32, deterministic(), kWorkspaceBytes});
  }

  std::shared_ptr<Chosen> choose(bool biased) const {
    auto chosen = std::make_shared<Chosen>();
    std::vector<std::shared_ptr<const graph::Plan>> plans;
    {
      const dnn::Lease lease(c_.call.device(), c_.call.stream());
      graph::Engines engines = engines_for(biased, lease.handle());
      const size_t most = c_.can_measure() ? kTimedPlans : 1;
      while (plans.size() < most) {
        std::shared_ptr<const graph::Plan> plan = next_of(engines, lease.handle());
        if (!plan) break;
        plans.push_back(std::move(plan));
      }
    }
    if (plans.empty()) return chosen;
    chosen->plan = plans[0];
    chosen->seen = static_cast<int>(plans.size());
    if (plans.size() == 1) return chosen;
    if (const auto fastest = fastest_of(plans)) chosen->plan = fastest;
    return chosen;
  }

  // Null where none of them runs. What they write is written again by the one that is chosen.
  std::shared_ptr<const graph::Plan> fastest_of(
      const std::vector<std::shared_ptr<const graph::Plan>>& plans) const {
    int64_t bytes = 0;
    for (const auto& plan : plans) bytes = std::max(bytes, plan->workspace_bytes);
    void* const workspace = bytes ? c_.call.scratch(static_cast<size_t>(bytes)) : nullptr;
    Event start(true), end(true);
    std::shared_ptr<const graph::Plan> fastest;
    float least = 0;
    for (const auto& plan : plans) {
      const dnn::Lease lease(c_.call.device(), c_.call.stream());
      if (!run_plan(*plan, lease.handle(), workspace)) continue;  // the first run loads its kernels
      start.record(c_.call.device(), c_.call.stream());
      for (int i = 0; i < kRepeats; ++i) run_plan(*plan, lease.handle(), workspace);
      end.record(c_.call.device(), c_.call.stream());
      end.synchronize();
      const float milliseconds = start.elapsed(end);
      if (!fastest || milliseconds < least) fastest = plan, least = milliseconds;
    }
    return fastest;
  }

  graph::Convolution description(bool biased) const {
    graph::Convolution c = {};
    c.pass = c_.pass;
    c.type = c_.type();
    c.axes = c_.num_axes();
    for (const auto& [place, tensor] :
         {std::pair{&c.x, &operands_.x}, {&c.w, &operands_.w}, {&c.y, &operands_.y}}) {
      // Axes of one position may have any strides in a tensor, but engines want them to fit.
      channels_last_strides(tensor->shape, place->strides);
      for (int axis = 0; axis < c.axes; ++axis) place->sizes[axis] = tensor->size(axis);
      place->alignment = alignment_of(tensor->data);
    }
    c.has_bias = biased;
    c.bias_alignment = biased ? alignment_of(c_.bias->data) : kAlignment;
    const ConvAxes<int64_t> axes = c_.axes<int64_t>();
    std::copy_n(axes.pads, 3, c.pads);
    std::copy_n(axes.strides, 3, c.strides);
    std::copy_n(axes.dilations, 3, c.dilations);
    return c;
  }

  const CudnnConvolution& c_;
  ConvOperands operands_;
};

}  // namespace

bool convolve_by_graph(const CudnnConvolution& c) { return GraphCall(c).run(); }

}  // namespace flambeau::cuda
