// Convolutions by the engines of cuDNN's graph interface. All tensors are given to it
// channels-last, as they are stored in general; engines for which that is not the best turn them by
// themselves.
#include <algorithm>
#include <climits>
#include <memory>
#include <mutex>
#include <vector>

#include "channels_last.h"
#include "conv_graph.h"
#include "plan_cache.h"
#include "settings.h"

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

dnn::Type type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return dnn::kFloat64;
    case DType::kFloat16: return dnn::kFloat16;
    case DType::kBFloat16: return dnn::kBFloat16;
    default: return dnn::kFloat32;
  }
}

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

using Choices = PlanCache<31, Chosen>;

class GraphCall {
 public:
  GraphCall(Call& call, graph::Pass pass, const ConvGeometry& g, const Tensor& x, const Tensor& w,
            const Tensor& y, const Tensor* bias)
      : call_(call), pass_(pass), g_(g), x_(x), w_(w), y_(y), bias_(bias) {
    const LibrarySettings& settings = library_settings();
    tf32_ = x.dtype == DType::kFloat32 && settings.cudnn_tf32;
    benchmark_ = settings.cudnn_benchmark;
  }

  bool run() {
    for (const Tensor* t : {&x_, &w_, &y_})
      if (t->numel() > INT_MAX) return false;
    operands_ = {input_or_room(x_, pass_ == graph::Pass::kInputGrad),
                 input_or_room(w_, pass_ == graph::Pass::kWeightGrad),
                 input_or_room(y_, pass_ == graph::Pass::kForward)};
    if (!(bias_ && run_with(true))) {
      if (!run_with(false)) return false;
      if (bias_) add_bias(call_, operands_.y, g_.o, bias_->data);
    }
    const Tensor& result = pass_ == graph::Pass::kForward     ? operands_.y
                           : pass_ == graph::Pass::kInputGrad ? operands_.x
                                                              : operands_.w;
    const Tensor& output = pass_ == graph::Pass::kForward     ? y_
                           : pass_ == graph::Pass::kInputGrad ? x_
                                                              : w_;
    if (result.data != output.data) copy_into(call_, output, result);
    return true;
  }

 private:
  struct Operands {
    Tensor x, w, y;
  };

  // An input stored channels-last, or room for an output that will be.
  Tensor input_or_room(const Tensor& t, bool is_output) const {
    if (!is_output || is_channels_last(t)) return channels_last(call_, t);
    Tensor room = call_.temporary(t.shape, t.dtype);
    channels_last_strides(t.shape, room.strides);
    return room;
  }

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
        const dnn::Lease lease(call_.device(), call_.stream());
        graph::Engines engines = engines_for(biased, lease.handle());
        for (int i = 0; i < chosen->seen; ++i) engines.next(lease.handle());
        chosen->plan = next_of(engines, lease.handle());
        ++chosen->seen;
      }
    }
  }

  bool run_plan(const graph::Plan& plan) const {
    void* const workspace =
        plan.workspace_bytes ? call_.scratch(static_cast<size_t>(plan.workspace_bytes)) : nullptr;
    const dnn::Lease lease(call_.device(), call_.stream());
    return run_plan(plan, lease.handle(), workspace);
  }

  bool run_plan(const graph::Plan& plan, dnn::Handle handle, void* workspace) const {
    return plan.run(handle, {operands_.x.data, operands_.w.data, operands_.y.data,
                             bias_ ? bias_->data : nullptr, workspace});
  }

  static std::shared_ptr<const graph::Plan> next_of(graph::Engines& engines, dnn::Handle handle) {
    graph::Plan plan = engines.next(handle);
    if (!plan.descriptor.get()) return nullptr;
    return std::make_shared<const graph::Plan>(std::move(plan));
  }

  std::shared_ptr<Chosen> chosen_for(bool biased) const {
    static auto* choices =
        new Choices(kPlans);  // never destroyed: threads may still run at the end
    const auto alignments = [&](const Tensor& t) { return alignment_of(t.data); };
    const Choices::Key key = {call_.device(),
                              static_cast<int64_t>(pass_),
                              static_cast<int64_t>(x_.dtype),
                              tf32_,
                              benchmark_,
                              deterministic(),
                              biased,
                              alignments(operands_.x) | alignments(operands_.w) << 8 |
                                  alignments(operands_.y) << 16 |
                                  (biased ? alignment_of(bias_->data) : 0) << 24,
                              g_.n,
                              g_.c,
                              g_.o,
                              g_.volume,
                              g_.d,
                              g_.h,
                              g_.w,
                              g_.od,
                              g_.oh,
                              g_.ow,
                              g_.kd,
                              g_.kh,
                              g_.kw,
                              g_.stride_d,
                              g_.stride_h,
                              g_.stride_w,
                              g_.pad_d,
                              g_.pad_h,
                              g_.pad_w,
                              g_.dilation_d,
                              g_.dilation_h,
                              g_.dilation_w,
                              g_.groups};
    return choices->get(key, [&] { return choose(biased); });
  }

  graph::Engines engines_for(bool biased, dnn::Handle handle) const {
    return graph::Engines(handle, description(biased), {tf32_, deterministic(), kWorkspaceBytes});
  }

  std::shared_ptr<Chosen> choose(bool biased) const {
    auto chosen = std::make_shared<Chosen>();
    std::vector<std::shared_ptr<const graph::Plan>> plans;
    {
      const dnn::Lease lease(call_.device(), call_.stream());
      graph::Engines engines = engines_for(biased, lease.handle());
      const size_t most = can_time() ? kTimedPlans : 1;
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

  // Plans can be timed where the program asks for it, and the work is not being recorded.
  bool can_time() const {
    if (!benchmark_) return false;
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(call_.stream(), &capture), "cudaStreamIsCapturing");
    return capture == cudaStreamCaptureStatusNone;
  }

  // Null where none of them runs. What they write is written again by the one that is chosen.
  std::shared_ptr<const graph::Plan> fastest_of(
      const std::vector<std::shared_ptr<const graph::Plan>>& plans) const {
    int64_t bytes = 0;
    for (const auto& plan : plans) bytes = std::max(bytes, plan->workspace_bytes);
    void* const workspace = bytes ? call_.scratch(static_cast<size_t>(bytes)) : nullptr;
    cudaEvent_t start = nullptr, end = nullptr;
    check(cudaEventCreate(&start), "cudaEventCreate");
    check(cudaEventCreate(&end), "cudaEventCreate");
    const std::unique_ptr<cudaEvent_t, void (*)(cudaEvent_t*)> starts(&start, destroy),
        ends(&end, destroy);
    std::shared_ptr<const graph::Plan> fastest;
    float least = 0;
    for (const auto& plan : plans) {
      const dnn::Lease lease(call_.device(), call_.stream());
      if (!run_plan(*plan, lease.handle(), workspace)) continue;  // the first run loads its kernels
      check(cudaEventRecord(start, call_.stream()), "cudaEventRecord");
      for (int i = 0; i < kRepeats; ++i) run_plan(*plan, lease.handle(), workspace);
      check(cudaEventRecord(end, call_.stream()), "cudaEventRecord");
      check(cudaEventSynchronize(end), "cudaEventSynchronize");
      float milliseconds = 0;
      check(cudaEventElapsedTime(&milliseconds, start, end), "cudaEventElapsedTime");
      if (!fastest || milliseconds < least) fastest = plan, least = milliseconds;
    }
    return fastest;
  }

  static void destroy(cudaEvent_t* event) { cudaEventDestroy(*event); }

  graph::Convolution description(bool biased) const {
    graph::Convolution c = {};
    c.pass = pass_;
    c.type = type_of(x_.dtype);
    c.axes = g_.volume ? 5 : 4;
    for (const auto& [place, tensor] :
         {std::pair{&c.x, &operands_.x}, {&c.w, &operands_.w}, {&c.y, &operands_.y}}) {
      // Axes of one position may have any strides in a tensor, but engines want them to fit.
      channels_last_strides(tensor->shape, place->strides);
      for (int axis = 0; axis < c.axes; ++axis) place->sizes[axis] = tensor->size(axis);
      place->alignment = alignment_of(tensor->data);
    }
    c.has_bias = biased;
    c.bias_alignment = biased ? alignment_of(bias_->data) : kAlignment;
    const int64_t pads[] = {g_.pad_d, g_.pad_h, g_.pad_w};
    const int64_t strides[] = {g_.stride_d, g_.stride_h, g_.stride_w};
    const int64_t dilations[] = {g_.dilation_d, g_.dilation_h, g_.dilation_w};
    const int skip = 5 - c.axes;
    for (int i = skip; i < 3; ++i) {
      c.pads[i - skip] = pads[i];
      c.strides[i - skip] = strides[i];
      c.dilations[i - skip] = dilations[i];
    }
    return c;
  }

  Call& call_;
  const graph::Pass pass_;
  const ConvGeometry& g_;
  const Tensor &x_, &w_, &y_;
  const Tensor* const bias_;
  Operands operands_;
  bool tf32_, benchmark_;
};

}  // namespace

bool graph_convolution(Call& call, dnn::graph::Pass pass, const ConvGeometry& g, const Tensor& x,
                       const Tensor& w, const Tensor& y, const Tensor* bias) {
  return GraphCall(call, pass, g, x, w, y, bias).run();
}

}  // namespace flambeau::cuda
