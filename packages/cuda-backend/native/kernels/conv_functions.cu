// Convolutions by cuDNN's older functions. Tensors are given to them as they are stored,
// channels-last; where they have no algorithm for that (or a slower one, if they are to be
// measured), as row-major copies.
#include <algorithm>
#include <climits>

#include "conv_plan.h"

namespace flambeau::cuda {

namespace {

using dnn::graph::Pass;

class FunctionCall {
 public:
  explicit FunctionCall(const CudnnConvolution& c) : c_(c), measures_(c.can_measure()) {
    const ConvGeometry& g = c.g;
    const int64_t largest = std::max(g.c * g.x_pixels(), g.o * g.y_pixels());
    part_ = std::clamp<int64_t>(INT_MAX / largest, 1, g.n);
  }

  bool run() {
    // float64 has no algorithms for channels-last tensors.
    dnn::Format formats[] = {dnn::kChannelsLast, dnn::kRowMajor};
    if (c_.dtype == DType::kFloat64) std::swap(formats[0], formats[1]);
    if (c_.benchmark) {
      const auto first = plan_for(formats[0], part_), second = plan_for(formats[1], part_);
      if (second->has_candidate() &&
          (!first->has_candidate() ||
           (second->milliseconds > 0 && second->milliseconds < first->milliseconds)))
        std::swap(formats[0], formats[1]);
    }
    for (dnn::Format format : formats)
      if (run_as(format)) return true;
    return false;
  }

 private:
  std::shared_ptr<ConvPlan> plan_for(dnn::Format format, int64_t images) const {
    // Parts of a batch are so large that their times say what those of others are.
    return conv_plan(c_, format, images, measures_ && images == part_);
  }

  // False where the library has no algorithm for this layout.
  bool run_as(dnn::Format format) {
    if (!plan_for(format, part_)->has_candidate()) return false;
    const ConvOperands operands = c_.operands(format);
    biased_ = false;
    for (int64_t first = 0; first < c_.g.n; first += part_) {
      const int64_t count = std::min(part_, c_.g.n - first);
      if (!run_part(format, operands, first, count)) return false;
    }
    c_.deliver(operands);
    if (c_.bias && !biased_) add_bias(c_.call, c_.y, c_.g.o, c_.bias->data);
    return true;
  }

  bool run_part(dnn::Format format, const ConvOperands& operands, int64_t first, int64_t count) {
    const std::shared_ptr<ConvPlan> plan = plan_for(format, count);
    const auto item = static_cast<int64_t>(operands.x.item_bytes());
    void* const x = operands.x.data + first * c_.g.c * c_.g.x_pixels() * item;
    void* const y = operands.y.data + first * c_.g.o * c_.g.y_pixels() * item;
    for (size_t at = plan->next; at < plan->candidates.size(); at = plan->next) {
      const dnn::Candidate& candidate = plan->candidates[at];
      const size_t bytes = candidate.workspace_bytes;
      void* workspace = bytes ? c_.call.scratch(bytes) : nullptr;
      const dnn::Status status = run_candidate(*plan, candidate, format, count, x, operands.w.data,
                                               y, workspace, first > 0);
      if (!dnn::is_unsupported(status)) {
        dnn::check(status, "a convolution of cuDNN");
        return true;
      }
      plan->next.compare_exchange_strong(at, at + 1);
    }
    return false;
  }

  dnn::Status run_candidate(ConvPlan& plan, const dnn::Candidate& candidate, dnn::Format format,
                            int64_t images, void* x, void* w, void* y, void* workspace,
                            bool further) {
    const float one = 1, zero = 0;
    const double wide_one = 1, wide_zero = 0;
    const bool wide = c_.dtype == DType::kFloat64;
    const void* alpha = wide ? static_cast<const void*>(&wide_one) : &one;
    const void* none = wide ? static_cast<const void*>(&wide_zero) : &zero;
    const dnn::Functions& f = dnn::functions();
    const size_t bytes = candidate.workspace_bytes;
    const dnn::Lease lease(c_.call.device(), c_.call.stream());
    const dnn::Handle handle = lease.handle();
    dnn::check(f.convolution_set_math(plan.convolution, math_of(candidate)),
               "cudnnSetConvolutionMathType");
    switch (c_.pass) {
      case Pass::kForward: break;
      case Pass::kInputGrad:
        return f.input_grad(handle, alpha, plan.w, w, plan.y, y, plan.convolution,
                            candidate.algorithm, workspace, bytes, none, plan.x, x);
      case Pass::kWeightGrad:
        // The parts of a batch add up.
        return f.weight_grad(handle, alpha, plan.x, x, plan.y, y, plan.convolution,
                             candidate.algorithm, workspace, bytes, further ? alpha : none, plan.w,
                             w);
    }
    if (c_.bias && candidate.algorithm == dnn::kPrecomputedGemm && plan.adds_bias &&
        (!further || biased_)) {
      const dnn::Status status = f.forward_bias(
          handle, alpha, plan.x, x, plan.w, w, plan.convolution, candidate.algorithm, workspace,
          bytes, none, plan.y, y, plan.bias, c_.bias->data, plan.identity, plan.y, y);
      if (!dnn::is_unsupported(status)) {
        biased_ = true;
        return status;
      }
      plan.adds_bias = false;
    }
    const void* summed = none;
    if (c_.bias && is_16bit_float(c_.dtype)) {
      // A sum of what was rounded would be rounded twice: the library adds to the bias instead.
      spread_bias(format, y, images);
      summed = alpha;
      biased_ = true;
    } else if (biased_) {
      return dnn::kNotSupported;  // parts with their bias and parts without
    }
    return f.forward(handle, alpha, plan.x, x, plan.w, w, plan.convolution, candidate.algorithm,
                     workspace, bytes, summed, plan.y, y);
  }

  // y of some images = the bias.
  void spread_bias(dnn::Format format, void* y, int64_t images) const {
    Tensor to = c_.y, from = *c_.bias;
    to.data = static_cast<char*>(y);
    to.shape.sizes[0] = images;
    strides_of(format, to.shape, to.strides);
    from.shape = to.shape;
    for (int axis = 0; axis < to.ndim(); ++axis) {
      from.strides[axis] = axis == 1 ? 1 : 0;
      if (axis != 1) from.shape.sizes[axis] = 1;
    }
    copy_into(c_.call, to, from);
  }

  // Plain float32 stays what it is unless TF32 is asked for, whatever a candidate says.
  dnn::Math math_of(const dnn::Candidate& candidate) const {
    return c_.dtype == DType::kFloat32 && !c_.tf32 ? dnn::kFma : candidate.math;
  }

  const CudnnConvolution& c_;
  const bool measures_;
  bool biased_ = false;  // has the library added the bias?
  int64_t part_ = 1;     // images of one call of the library
};

}  // namespace

bool convolve_by_functions(const CudnnConvolution& c) { return FunctionCall(c).run(); }

}  // namespace flambeau::cuda
