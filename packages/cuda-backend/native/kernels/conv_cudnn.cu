// Convolutions by cuDNN: by its graph interface (conv_graph.cu), or where that has no engine, by
// its older functions. Tensors are given to those as they are stored, channels-last; where they
// have no algorithm for that (or a slower one, if they are to be measured), as row-major copies.
#include <algorithm>
#include <atomic>
#include <climits>
#include <memory>
#include <vector>

#include "channels_last.h"
#include "conv.h"
#include "conv_graph.h"
#include "cudnn.h"
#include "plan_cache.h"
#include "settings.h"

namespace flambeau::cuda {

namespace {

constexpr size_t kPlans = 2048;
constexpr int kCandidates = 8;
// What algorithms may take as workspace: when their times are expected, and when they are measured.
constexpr size_t kWorkspaceBytes = size_t{512} << 20;
constexpr size_t kTimingBytes = size_t{256} << 20;
// A guess at how fast copies between layouts are, for the choice of one: bytes in a millisecond.
constexpr double kCopyBytes = 1.5e9;

using dnn::graph::Pass;

dnn::Type type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return dnn::kFloat64;
    case DType::kFloat16: return dnn::kFloat16;
    case DType::kBFloat16: return dnn::kBFloat16;
    default: return dnn::kFloat32;
  }
}

// Descriptors and algorithms of convolutions of certain sizes, in one layout.
struct DnnPlan {
  dnn::TensorDesc x = nullptr, y = nullptr, bias = nullptr;
  dnn::FilterDesc w = nullptr;
  dnn::ConvolutionDesc convolution = nullptr;
  dnn::ActivationDesc identity = nullptr;
  std::vector<dnn::Candidate> candidates;  // the best first
  std::atomic<size_t> next = 0;            // those before turned out not to be supported
  std::atomic<bool> adds_bias = true;      // with kPrecomputedGemm
  double milliseconds = 0;                 // of the best, if measured, with copies

  DnnPlan() {
    const dnn::Functions& f = dnn::functions();
    for (dnn::TensorDesc* desc : {&x, &y, &bias})
      dnn::check(f.tensor_create(desc), "cudnnCreateTensorDescriptor");
    dnn::check(f.filter_create(&w), "cudnnCreateFilterDescriptor");
    dnn::check(f.convolution_create(&convolution), "cudnnCreateConvolutionDescriptor");
    dnn::check(f.activation_create(&identity), "cudnnCreateActivationDescriptor");
  }
  DnnPlan(const DnnPlan&) = delete;
  DnnPlan& operator=(const DnnPlan&) = delete;
  ~DnnPlan() {
    const dnn::Functions& f = dnn::functions();
    for (dnn::TensorDesc desc : {x, y, bias}) f.tensor_destroy(desc);
    f.filter_destroy(w);
    f.convolution_destroy(convolution);
    f.activation_destroy(identity);
  }
  bool has_candidate() const { return next < candidates.size(); }
};

using DnnPlans = PlanCache<30, DnnPlan>;

// One convolution: x, w and y are inputs or the output, as the pass has them.
class DnnCall {
 public:
  DnnCall(Call& call, Pass pass, const ConvGeometry& g, const Tensor& x, const Tensor& w,
          const Tensor& y, const Tensor* bias)
      : call_(call), pass_(pass), g_(g), dtype_(x.dtype), x_(x), w_(w), y_(y), bias_(bias) {
    const LibrarySettings& settings = library_settings();
    tf32_ = dtype_ == DType::kFloat32 && settings.cudnn_tf32;
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(call.stream(), &capture), "cudaStreamIsCapturing");
    benchmark_ = settings.cudnn_benchmark;
    times_ = benchmark_ && capture == cudaStreamCaptureStatusNone;
    const int64_t largest = std::max(g.c * g.x_pixels(), g.o * g.y_pixels());
    part_ = std::clamp<int64_t>(INT_MAX / largest, 1, g.n);
  }

  bool run() {
    // float64 has no algorithms for channels-last tensors.
    dnn::Format formats[] = {dnn::kChannelsLast, dnn::kRowMajor};
    if (dtype_ == DType::kFloat64) std::swap(formats[0], formats[1]);
    if (benchmark_) {
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
  struct Operands {
    Tensor x, w, y;
  };

  // Inputs in a layout, copied where they lie otherwise, and room for the output.
  Operands prepare(dnn::Format format) const {
    const auto input = [&](const Tensor& t) {
      return format == dnn::kChannelsLast ? channels_last(call_, t) : call_.contiguous(t);
    };
    const auto output = [&](const Tensor& t) {
      if (format == dnn::kChannelsLast ? is_channels_last(t) : t.is_contiguous()) return t;
      Tensor apart = call_.temporary(t.shape, t.dtype);
      if (format == dnn::kChannelsLast) channels_last_strides(t.shape, apart.strides);
      return apart;
    };
    return {pass_ == Pass::kInputGrad ? output(x_) : input(x_),
            pass_ == Pass::kWeightGrad ? output(w_) : input(w_),
            pass_ == Pass::kForward ? output(y_) : input(y_)};
  }

  const Tensor& output() const {
    return pass_ == Pass::kForward ? y_ : pass_ == Pass::kInputGrad ? x_ : w_;
  }

  // False where the library has no algorithm for this layout.
  bool run_as(dnn::Format format) {
    if (!plan_for(format, part_)->has_candidate()) return false;
    const Operands operands = prepare(format);
    biased_ = false;
    for (int64_t first = 0; first < g_.n; first += part_) {
      const int64_t count = std::min(part_, g_.n - first);
      if (!run_part(format, operands, first, count)) return false;
    }
    const Tensor& result = pass_ == Pass::kForward     ? operands.y
                           : pass_ == Pass::kInputGrad ? operands.x
                                                       : operands.w;
    if (result.data != output().data) copy_into(call_, output(), result);
    if (bias_ && !biased_) add_bias(call_, y_, g_.o, bias_->data);
    return true;
  }

  bool run_part(dnn::Format format, const Operands& operands, int64_t first, int64_t count) {
    const std::shared_ptr<DnnPlan> plan = plan_for(format, count);
    const auto item = static_cast<int64_t>(operands.x.item_bytes());
    void* const x = operands.x.data + first * g_.c * g_.x_pixels() * item;
    void* const y = operands.y.data + first * g_.o * g_.y_pixels() * item;
    for (size_t at = plan->next; at < plan->candidates.size(); at = plan->next) {
      const dnn::Candidate& candidate = plan->candidates[at];
      const size_t bytes = candidate.workspace_bytes;
      void* workspace = bytes ? call_.scratch(bytes) : nullptr;
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

  dnn::Status run_candidate(DnnPlan& plan, const dnn::Candidate& candidate, dnn::Format format,
                            int64_t images, void* x, void* w, void* y, void* workspace,
                            bool further) {
    const float one = 1, zero = 0;
    const double wide_one = 1, wide_zero = 0;
    const bool wide = dtype_ == DType::kFloat64;
    const void* alpha = wide ? static_cast<const void*>(&wide_one) : &one;
    const void* none = wide ? static_cast<const void*>(&wide_zero) : &zero;
    const dnn::Functions& f = dnn::functions();
    const size_t bytes = candidate.workspace_bytes;
    const dnn::Lease lease(call_.device(), call_.stream());
    const dnn::Handle handle = lease.handle();
    dnn::check(f.convolution_set_math(plan.convolution, math_of(candidate)),
               "cudnnSetConvolutionMathType");
    switch (pass_) {
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
    if (bias_ && candidate.algorithm == dnn::kPrecomputedGemm && plan.adds_bias &&
        (!further || biased_)) {
      const dnn::Status status = f.forward_bias(
          handle, alpha, plan.x, x, plan.w, w, plan.convolution, candidate.algorithm, workspace,
          bytes, none, plan.y, y, plan.bias, bias_->data, plan.identity, plan.y, y);
      if (!dnn::is_unsupported(status)) {
        biased_ = true;
        return status;
      }
      plan.adds_bias = false;
    }
    const void* summed = none;
    if (bias_ && is_16bit_float(dtype_)) {
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
    Tensor to = y_, from = *bias_;
    to.data = static_cast<char*>(y);
    to.shape.sizes[0] = images;
    if (format == dnn::kChannelsLast) {
      channels_last_strides(to.shape, to.strides);
    } else {
      contiguous_strides(to.shape, to.strides);
    }
    from.shape = to.shape;
    for (int axis = 0; axis < to.ndim(); ++axis) {
      from.strides[axis] = axis == 1 ? 1 : 0;
      if (axis != 1) from.shape.sizes[axis] = 1;
    }
    copy_into(call_, to, from);
  }

  // Plain float32 stays what it is unless TF32 is asked for, whatever a candidate says.
  dnn::Math math_of(const dnn::Candidate& candidate) const {
    return dtype_ == DType::kFloat32 && !tf32_ ? dnn::kFma : candidate.math;
  }

  bool is_acceptable(const dnn::Candidate& candidate, size_t workspace_bytes) const {
    if (candidate.status != dnn::kSuccess || candidate.workspace_bytes > workspace_bytes)
      return false;
    if (deterministic() && candidate.determinism != dnn::kDeterministic) return false;
    // An algorithm that converts float32 to a 16-bit type is never wanted.
    return dtype_ != DType::kFloat32 || (candidate.math != dnn::kTensorOpsConverting &&
                                         (tf32_ || candidate.math != dnn::kTensorOps));
  }

  std::shared_ptr<DnnPlan> plan_for(dnn::Format format, int64_t images) const {
    static auto* plans = new DnnPlans(kPlans);  // never destroyed: threads may still run at the end
    const DnnPlans::Key key = {call_.device(),
                               static_cast<int64_t>(pass_),
                               static_cast<int64_t>(dtype_),
                               format,
                               tf32_,
                               benchmark_,
                               deterministic(),
                               images,
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
    return plans->get(key, [&] { return make_plan(format, images); });
  }

  std::shared_ptr<DnnPlan> make_plan(dnn::Format format, int64_t images) const {
    auto plan = std::make_shared<DnnPlan>();
    describe(*plan, format, images);
    dnn::Candidate found[kCandidates] = {};
    int count = 0;
    // Parts of a batch are so large that their times say what those of others are.
    const bool times = times_ && images == part_;
    const dnn::Status status =
        times ? time(*plan, format, &count, found) : expect(*plan, &count, found);
    if (dnn::is_unsupported(status) || status == dnn::kBadParam) return plan;
    dnn::check(status, "the choice of a convolution's algorithm");
    for (int i = 0; i < std::min(count, kCandidates); ++i)
      if (is_acceptable(found[i], times ? kTimingBytes : kWorkspaceBytes))
        plan->candidates.push_back(found[i]);
    if (times && plan->has_candidate())
      plan->milliseconds = plan->candidates[0].milliseconds + copy_milliseconds(format);
    return plan;
  }

  void describe(DnnPlan& plan, dnn::Format format, int64_t images) const {
    const dnn::Functions& f = dnn::functions();
    const int dims = g_.volume ? 5 : 4, skip = 5 - dims;
    // [n, c, d, h, w] without the depth of images.
    const auto axes = [&](int64_t n, int64_t c, int64_t d, int64_t h, int64_t w) {
      Shape shape;
      shape.sizes[shape.ndim++] = n;
      shape.sizes[shape.ndim++] = c;
      if (g_.volume) shape.sizes[shape.ndim++] = d;
      shape.sizes[shape.ndim++] = h;
      shape.sizes[shape.ndim++] = w;
      return shape;
    };
    const auto describe_tensor = [&](dnn::TensorDesc desc, const Shape& shape) {
      int64_t wide[kMaxDims];
      int sizes[kMaxDims], strides[kMaxDims];
      if (format == dnn::kChannelsLast) {
        channels_last_strides(shape, wide);
      } else {
        contiguous_strides(shape, wide);
      }
      for (int i = 0; i < dims; ++i) {
        sizes[i] = static_cast<int>(shape.sizes[i]);
        strides[i] = static_cast<int>(wide[i]);
      }
      dnn::check(f.tensor_set(desc, type_of(dtype_), dims, sizes, strides),
                 "cudnnSetTensorNdDescriptor");
    };
    describe_tensor(plan.x, axes(images, g_.c, g_.d, g_.h, g_.w));
    describe_tensor(plan.y, axes(images, g_.o, g_.od, g_.oh, g_.ow));
    describe_tensor(plan.bias, axes(1, g_.o, 1, 1, 1));
    const Shape w = axes(g_.o, g_.group_c(), g_.kd, g_.kh, g_.kw);
    int sizes[kMaxDims];
    for (int i = 0; i < dims; ++i) sizes[i] = static_cast<int>(w.sizes[i]);
    dnn::check(f.filter_set(plan.w, type_of(dtype_), format, dims, sizes),
               "cudnnSetFilterNdDescriptor");
    const int pads[] = {static_cast<int>(g_.pad_d), static_cast<int>(g_.pad_h),
                        static_cast<int>(g_.pad_w)};
    const int strides[] = {static_cast<int>(g_.stride_d), static_cast<int>(g_.stride_h),
                           static_cast<int>(g_.stride_w)};
    const int dilations[] = {static_cast<int>(g_.dilation_d), static_cast<int>(g_.dilation_h),
                             static_cast<int>(g_.dilation_w)};
    dnn::check(f.convolution_set(plan.convolution, dims - 2, pads + skip, strides + skip,
                                 dilations + skip, dnn::kCrossCorrelation,
                                 dtype_ == DType::kFloat64 ? dnn::kFloat64 : dnn::kFloat32),
               "cudnnSetConvolutionNdDescriptor");
    dnn::check(f.convolution_set_groups(plan.convolution, static_cast<int>(g_.groups)),
               "cudnnSetConvolutionGroupCount");
    const dnn::Math math = dtype_ == DType::kFloat32 && !tf32_ ? dnn::kFma
                           : is_16bit_float(dtype_)            ? dnn::kTensorOps
                                                               : dnn::kDefaultMath;
    dnn::check(f.convolution_set_math(plan.convolution, math), "cudnnSetConvolutionMathType");
    dnn::check(f.activation_set(plan.identity, dnn::kIdentity, dnn::kPropagateNan, 0),
               "cudnnSetActivationDescriptor");
  }

  dnn::Status expect(DnnPlan& plan, int* count, dnn::Candidate* found) const {
    const dnn::Functions& f = dnn::functions();
    const dnn::Lease lease(call_.device(), call_.stream());
    switch (pass_) {
      case Pass::kForward: break;
      case Pass::kInputGrad:
        return f.input_grad_candidates(lease.handle(), plan.w, plan.y, plan.convolution, plan.x,
                                       kCandidates, count, found);
      case Pass::kWeightGrad:
        return f.weight_grad_candidates(lease.handle(), plan.x, plan.y, plan.convolution, plan.w,
                                        kCandidates, count, found);
    }
    return f.forward_candidates(lease.handle(), plan.x, plan.w, plan.convolution, plan.y,
                                kCandidates, count, found);
  }

  dnn::Status time(DnnPlan& plan, dnn::Format format, int* count, dnn::Candidate* found) const {
    const Operands o = prepare(format);
    void* const workspace = call_.scratch(kTimingBytes);
    const dnn::Functions& f = dnn::functions();
    const dnn::Lease lease(call_.device(), call_.stream());
    switch (pass_) {
      case Pass::kForward: break;
      case Pass::kInputGrad:
        return f.time_input_grad(lease.handle(), plan.w, o.w.data, plan.y, o.y.data,
                                 plan.convolution, plan.x, o.x.data, kCandidates, count, found,
                                 workspace, kTimingBytes);
      case Pass::kWeightGrad:
        return f.time_weight_grad(lease.handle(), plan.x, o.x.data, plan.y, o.y.data,
                                  plan.convolution, plan.w, o.w.data, kCandidates, count, found,
                                  workspace, kTimingBytes);
    }
    return f.time_forward(lease.handle(), plan.x, o.x.data, plan.w, o.w.data, plan.convolution,
                          plan.y, o.y.data, kCandidates, count, found, workspace, kTimingBytes);
  }

  // What the copies of operands to and from a layout take.
  double copy_milliseconds(dnn::Format format) const {
    double bytes = 0;
    for (const Tensor* t : {&x_, &w_, &y_})
      if (!(format == dnn::kChannelsLast ? is_channels_last(*t) : t->is_contiguous()))
        bytes += 2.0 * static_cast<double>(t->numel()) * static_cast<double>(t->item_bytes());
    return bytes / kCopyBytes;
  }

  Call& call_;
  const Pass pass_;
  const ConvGeometry& g_;
  const DType dtype_;
  const Tensor &x_, &w_, &y_;
  const Tensor* const bias_;
  bool tf32_ = false;
  bool benchmark_ = false;  // are algorithms to be measured?
  bool times_ = false;      // and can they be, now?
  bool biased_ = false;     // has the library added the bias?
  int64_t part_ = 1;        // images of one call of the library
};

}  // namespace

bool cudnn_fits(const ConvGeometry& g, DType dtype) {
  if (!is_floating(dtype)) return false;
  const int64_t numbers[] = {g.n,          g.c,          g.d,          g.h,        g.w,
                             g.o,          g.od,         g.oh,         g.ow,       g.kd,
                             g.kh,         g.kw,         g.stride_d,   g.stride_h, g.stride_w,
                             g.dilation_d, g.dilation_h, g.dilation_w, g.groups};
  for (int64_t number : numbers)
    if (number < 1 || number > INT_MAX) return false;
  for (int64_t pad : {g.pad_d, g.pad_h, g.pad_w})
    if (pad > INT_MAX) return false;
  const auto small = [](std::initializer_list<int64_t> sizes) {
    double product = 1;
    for (int64_t size : sizes) product *= static_cast<double>(size);
    return product <= INT_MAX;
  };
  return small({g.c, g.d, g.h, g.w}) && small({g.o, g.od, g.oh, g.ow}) &&
         small({g.o, g.group_c(), g.kd, g.kh, g.kw});
}

namespace {

// By an engine of the graph interface, or else by the older functions.
bool convolve(Call& call, Pass pass, const ConvGeometry& g, const Tensor& x, const Tensor& w,
              const Tensor& y, const Tensor* bias) {
  if (library_settings().cudnn_graphs && graph_convolution(call, pass, g, x, w, y, bias)) {
    ++convolution_counts().graphs;
    return true;
  }
  if (!DnnCall(call, pass, g, x, w, y, bias).run()) return false;
  ++convolution_counts().functions;
  return true;
}

}  // namespace

bool cudnn_forward(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                   const Tensor* bias, const Tensor& y) {
  return convolve(call, Pass::kForward, g, x, w, y, bias);
}

bool cudnn_input_grad(Call& call, const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                      const Tensor& dx) {
  return convolve(call, Pass::kInputGrad, g, dx, w, dy, nullptr);
}

bool cudnn_weight_grad(Call& call, const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                       const Tensor& dw) {
  return convolve(call, Pass::kWeightGrad, g, x, dw, dy, nullptr);
}

}  // namespace flambeau::cuda
