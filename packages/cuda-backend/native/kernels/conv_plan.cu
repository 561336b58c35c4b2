// The choice of an algorithm among those of cuDNN's older functions.
#include <algorithm>

#include "conv_plan.h"
#include "plan_cache.h"

namespace flambeau::cuda {

namespace {

constexpr size_t kPlans = 2048;
constexpr int kCandidates = 8;
// What algorithms may take as workspace: when their times are expected, and when they are measured.
constexpr size_t kWorkspaceBytes = size_t{512} << 20;
constexpr size_t kMeasuringBytes = size_t{256} << 20;
// A guess at how fast copies between layouts are, for the choice of one: bytes in a millisecond.
constexpr double kCopyBytes = 1.5e9;

using dnn::graph::Pass;

void describe_tensor(dnn::TensorDesc desc, dnn::Type type, dnn::Format format, const Shape& shape) {
  int64_t wide[kMaxDims];
  int sizes[kMaxDims], strides[kMaxDims];
  strides_of(format, shape, wide);
  for (int i = 0; i < shape.ndim; ++i) {
    sizes[i] = static_cast<int>(shape.sizes[i]);
    strides[i] = static_cast<int>(wide[i]);
  }
  dnn::check(dnn::functions().tensor_set(desc, type, shape.ndim, sizes, strides),
             "cudnnSetTensorNdDescriptor");
}

void describe(const ConvPlan& plan, const CudnnConvolution& c, dnn::Format format, int64_t images) {
  const dnn::Functions& f = dnn::functions();
  const ConvGeometry& g = c.g;
  // [n, c, d, h, w] without the depth of images.
  const auto shape_of = [&](int64_t n, int64_t channels, int64_t d, int64_t h, int64_t w) {
    return g.volume ? Shape{n, channels, d, h, w} : Shape{n, channels, h, w};
  };
  describe_tensor(plan.x, c.type(), format, shape_of(images, g.c, g.d, g.h, g.w));
  describe_tensor(plan.y, c.type(), format, shape_of(images, g.o, g.od, g.oh, g.ow));
  describe_tensor(plan.bias, c.type(), format, shape_of(1, g.o, 1, 1, 1));
  const Shape w = shape_of(g.o, g.group_c(), g.kd, g.kh, g.kw);
  int sizes[kMaxDims];
  for (int i = 0; i < w.ndim; ++i) sizes[i] = static_cast<int>(w.sizes[i]);
  dnn::check(f.filter_set(plan.w, c.type(), format, w.ndim, sizes), "cudnnSetFilterNdDescriptor");
  const ConvAxes<int> axes = c.axes<int>();
  dnn::check(f.convolution_set(plan.convolution, w.ndim - 2, axes.pads, axes.strides,
                               axes.dilations, dnn::kCrossCorrelation,
                               c.dtype == DType::kFloat64 ? dnn::kFloat64 : dnn::kFloat32),
             "cudnnSetConvolutionNdDescriptor");
  dnn::check(f.convolution_set_groups(plan.convolution, static_cast<int>(g.groups)),
             "cudnnSetConvolutionGroupCount");
  const dnn::Math math = c.dtype == DType::kFloat32 && !c.tf32 ? dnn::kFma
                         : is_16bit_float(c.dtype)             ? dnn::kTensorOps
                                                               : dnn::kDefaultMath;
  dnn::check(f.convolution_set_math(plan.convolution, math), "cudnnSetConvolutionMathType");
  dnn::check(f.activation_set(plan.identity, dnn::kIdentity, dnn::kPropagateNan, 0),
             "cudnnSetActivationDescriptor");
}

dnn::Status expect(const ConvPlan& plan, const CudnnConvolution& c, int* count,
                   dnn::Candidate* found) {
  const dnn::Functions& f = dnn::functions();
  const dnn::Lease lease(c.call.device(), c.call.stream());
  switch (c.pass) {
    case Pass::kForward: break;
    case Pass::kInputGrad:
      return f.input_grad_candidates(lease.handle(), plan.w, plan.y, plan.convolution, plan.x,
                                     kCandidates, count, found);
    case Pass::kWeightGrad:
      return f.weight_grad_candidates(lease.handle(), plan.x, plan.y, plan.convolution, plan.w,
                                      kCandidates, count, found);
  }
  return f.forward_candidates(lease.handle(), plan.x, plan.w, plan.convolution, plan.y, kCandidates,
                              count, found);
}

dnn::Status measure(const ConvPlan& plan, const CudnnConvolution& c, dnn::Format format, int* count,
                    dnn::Candidate* found) {
  const ConvOperands o = c.operands(format);
  void* const workspace = c.call.scratch(kMeasuringBytes);
  const dnn::Functions& f = dnn::functions();
  const dnn::Lease lease(c.call.device(), c.call.stream());
  switch (c.pass) {
    case Pass::kForward: break;
    case Pass::kInputGrad:
      return f.time_input_grad(lease.handle(), plan.w, o.w.data, plan.y, o.y.data, plan.convolution,
                               plan.x, o.x.data, kCandidates, count, found, workspace,
                               kMeasuringBytes);
    case Pass::kWeightGrad:
      return f.time_weight_grad(lease.handle(), plan.x, o.x.data, plan.y, o.y.data,
                                plan.convolution, plan.w, o.w.data, kCandidates, count, found,
                                workspace, kMeasuringBytes);
  }
  return f.time_forward(lease.handle(), plan.x, o.x.data, plan.w, o.w.data, plan.convolution,
                        plan.y, o.y.data, kCandidates, count, found, workspace, kMeasuringBytes);
}

bool is_acceptable(const dnn::Candidate& candidate, const CudnnConvolution& c,
                   size_t workspace_bytes) {
  if (candidate.status != dnn::kSuccess || candidate.workspace_bytes > workspace_bytes)
    return false;
  if (deterministic() && candidate.determinism != dnn::kDeterministic) return false;
  // An algorithm that converts float32 to a 16-bit type is never wanted.
  return c.dtype != DType::kFloat32 || (candidate.math != dnn::kTensorOpsConverting &&
                                        (c.tf32 || candidate.math != dnn::kTensorOps));
}

// What the copies of operands to and from a layout take.
double copy_milliseconds(const CudnnConvolution& c, dnn::Format format) {
  double bytes = 0;
  for (const Tensor* t : {&c.x, &c.w, &c.y})
    if (!is_stored_as(format, *t))
      bytes += 2.0 * static_cast<double>(t->numel()) * static_cast<double>(t->item_bytes());
  return bytes / kCopyBytes;
}

std::shared_ptr<ConvPlan> make_plan(const CudnnConvolution& c, dnn::Format format, int64_t images,
                                    bool measured) {
  auto plan = std::make_shared<ConvPlan>();
  describe(*plan, c, format, images);
  dnn::Candidate found[kCandidates] = {};
  int count = 0;
  const dnn::Status status =
      measured ? measure(*plan, c, format, &count, found) : expect(*plan, c, &count, found);
  if (dnn::is_unsupported(status) || status == dnn::kBadParam) return plan;
  dnn::check(status, "the choice of a convolution's algorithm");
  for (int i = 0; i < std::min(count, kCandidates); ++i)
    if (is_acceptable(found[i], c, measured ? kMeasuringBytes : kWorkspaceBytes))
      plan->candidates.push_back(found[i]);
  if (measured && plan->has_candidate())
    plan->milliseconds = plan->candidates[0].milliseconds + copy_milliseconds(c, format);
  return plan;
}

}  // namespace

ConvPlan::ConvPlan() {
  const dnn::Functions& f = dnn::functions();
  for (dnn::TensorDesc* desc : {&x, &y, &bias})
    dnn::check(f.tensor_create(desc), "cudnnCreateTensorDescriptor");
  dnn::check(f.filter_create(&w), "cudnnCreateFilterDescriptor");
  dnn::check(f.convolution_create(&convolution), "cudnnCreateConvolutionDescriptor");
  dnn::check(f.activation_create(&identity), "cudnnCreateActivationDescriptor");
}

ConvPlan::~ConvPlan() {
  const dnn::Functions& f = dnn::functions();
  for (dnn::TensorDesc desc : {x, y, bias}) f.tensor_destroy(desc);
  f.filter_destroy(w);
  f.convolution_destroy(convolution);
  f.activation_destroy(identity);
}

std::shared_ptr<ConvPlan> conv_plan(const CudnnConvolution& c, dnn::Format format, int64_t images,
                                    bool measured) {
  const auto key = c.key(images, format);
  // Never destroyed: threads may still run at the end.
  static auto* plans = new PlanCache<key.size(), ConvPlan>(kPlans);
  return plans->get(key, [&] { return make_plan(c, format, images, measured); });
}

}  // namespace flambeau::cuda
