#include "conv_plan.h"

#include <array>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "parallel.h"
#include "scratch.h"

namespace flambeau {

namespace {

using dnnl::memory;

constexpr size_t kCacheCapacity = 512;

using Key = std::array<int64_t, 27>;

struct HashKey {
  size_t operator()(const Key& key) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t part : key) hash = (hash ^ static_cast<uint64_t>(part)) * 0x9e3779b97f4a7c15;
    return static_cast<size_t>(hash ^ (hash >> 32));
  }
};

// Into how many equal parts the first axis of `packed` divides: it must be the outermost one, and
// parts must consist of whole blocks.
int64_t reorder_parts(const memory::desc& packed) {
  constexpr int64_t kMostParts = 16;
  constexpr size_t kWorthwhileBytes = size_t{1} << 19;
  const dnnl_memory_desc_t& desc = packed.data;
  if (desc.format_kind != dnnl_blocked || packed.get_size() < kWorthwhileBytes) return 1;
  const dnnl_blocking_desc_t& blocking = desc.format_desc.blocking;
  for (int axis = 1; axis < desc.ndims; ++axis)
    if (blocking.strides[axis] > blocking.strides[0]) return 1;
  int64_t block = 1;
  for (int i = 0; i < blocking.inner_nblks; ++i)
    if (blocking.inner_idxs[i] == 0) block *= blocking.inner_blks[i];
  for (int64_t parts = kMostParts; parts > 1; --parts)
    if (desc.dims[0] % (parts * block) == 0) return parts;
  return 1;
}

ConvPlan::Reorder make_reorder(ConvPass pass, const memory::desc& plain, const memory::desc& packed,
                               const dnnl::primitive_attr& attr) {
  ConvPlan::Reorder reorder;
  reorder.parts = reorder_parts(packed);
  memory::dims sizes = plain.dims();
  sizes[0] /= reorder.parts;
  const memory::dims origin(sizes.size(), 0);
  reorder.plain = plain.submemory_desc(sizes, origin);
  reorder.packed = reorder.parts == 1 ? packed : packed.submemory_desc(sizes, origin);
  reorder.plain_step = static_cast<int64_t>(plain.get_size()) / reorder.parts;
  reorder.packed_step = static_cast<int64_t>(packed.get_size()) / reorder.parts;
  const bool back = pass == ConvPass::kWeightGrad;
  const dnnl::engine& engine = onednn_engine();
  const dnnl::reorder::primitive_desc desc(engine, back ? reorder.packed : reorder.plain, engine,
                                           back ? reorder.plain : reorder.packed, attr);
  reorder.primitive = dnnl::reorder(desc);
  reorder.scratchpad = desc.scratchpad_desc();
  return reorder;
}

std::shared_ptr<const ConvPlan> make_plan(ConvPass pass, DType type, const ConvPiece& piece,
                                          bool has_bias) {
  using Tag = memory::format_tag;
  const auto kPixel = type == DType::kBFloat16 ? memory::data_type::bf16 : memory::data_type::f32;
  const auto kWeight = pass == ConvPass::kWeightGrad ? memory::data_type::f32 : kPixel;
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  const ConvGeometry& g = piece.g;
  const dnnl::engine& engine = onednn_engine();
  // The axes of height and width, and of the depth before them.
  const auto axes = [&](memory::dims outer, int64_t depth, int64_t height, int64_t width) {
    if (g.volume) outer.push_back(depth);
    outer.push_back(height);
    outer.push_back(width);
    return outer;
  };
  const Tag pixels = g.volume ? Tag::ndhwc : Tag::nhwc;
  const memory::desc x(axes({g.n, g.c}, g.d, g.h, g.w), kPixel, pixels);
  const memory::desc y(axes({g.n, g.o}, g.od, g.oh, g.ow), kPixel, pixels);
  const memory::dims sizes = axes(
      g.groups == 1 ? memory::dims{g.o, g.c} : memory::dims{g.groups, g.group_o(), g.group_c()},
      g.kd, g.kh, g.kw);
  const memory::desc weights(sizes, kWeight, Tag::any);
  const memory::desc bias = has_bias ? memory::desc({g.o}, kWeight, Tag::x) : memory::desc();
  const memory::dims strides = axes({}, g.stride_d, g.stride_h, g.stride_w);
  const memory::dims dilations = axes({}, g.dilation_d - 1, g.dilation_h - 1, g.dilation_w - 1);
  const memory::dims before = axes({}, g.pad_d, g.pad_h, g.pad_w);
  const memory::dims after =
      axes({}, piece.pad_below, g.volume ? g.pad_h : piece.pad_below, g.pad_w);

  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, kDirect, x, memory::desc(sizes, kPixel, Tag::any),
       has_bias ? memory::desc({g.o}, kPixel, Tag::x) : memory::desc(), y, strides, dilations,
       before, after},
      attr, engine);
  auto plan = std::make_shared<ConvPlan>();
  if (pass == ConvPass::kForward) {
    plan->primitive = dnnl::convolution_forward(forward);
    plan->weights = forward.weights_desc();
    plan->scratchpad = forward.scratchpad_desc();
  } else if (pass == ConvPass::kInputGrad) {
    const dnnl::convolution_backward_data::primitive_desc backward(
        {kDirect, x, weights, y, strides, dilations, before, after}, attr, engine, forward);
    plan->primitive = dnnl::convolution_backward_data(backward);
    plan->weights = backward.weights_desc();
    plan->scratchpad = backward.scratchpad_desc();
  } else {
    const dnnl::convolution_backward_weights::primitive_desc backward(
        {kDirect, x, weights, bias, y, strides, dilations, before, after}, attr, engine, forward);
    plan->primitive = dnnl::convolution_backward_weights(backward);
    plan->weights = backward.diff_weights_desc();
    plan->scratchpad = backward.scratchpad_desc();
  }
  plan->x = x;
  plan->y = y;
  plan->bias = bias;
  const Tag plain = g.volume ? (g.groups == 1 ? Tag::oidhw : Tag::goidhw)
                             : (g.groups == 1 ? Tag::oihw : Tag::goihw);
  plan->plain_weights = memory::desc(sizes, kWeight, plain);
  plan->reordered = plan->weights != plan->plain_weights;
  if (plan->reordered) plan->reorder = make_reorder(pass, plan->plain_weights, plan->weights, attr);
  return plan;
}

// The plans used last.
class PlanCache {
 public:
  std::shared_ptr<const ConvPlan> get(ConvPass pass, DType type, const ConvPiece& piece,
                                      bool has_bias) {
    const ConvGeometry& g = piece.g;
    const Key key = {static_cast<int64_t>(pass),
                     static_cast<int64_t>(type),
                     has_bias,
                     g.n,
                     g.c,
                     g.h,
                     g.w,
                     g.o,
                     g.oh,
                     g.ow,
                     g.kh,
                     g.kw,
                     g.stride_h,
                     g.stride_w,
                     g.pad_h,
                     piece.pad_below,
                     g.pad_w,
                     g.dilation_h,
                     g.dilation_w,
                     g.groups,
                     g.volume,
                     g.d,
                     g.od,
                     g.kd,
                     g.stride_d,
                     g.pad_d,
                     g.dilation_d};
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(key); found != index_.end()) {
      plans_.splice(plans_.begin(), plans_, found->second);
      return plans_.front().second;
    }
    plans_.emplace_front(key, make_plan(pass, type, piece, has_bias));
    index_.emplace(key, plans_.begin());
    if (plans_.size() > kCacheCapacity) {
      index_.erase(plans_.back().first);
      plans_.pop_back();
    }
    return plans_.front().second;
  }

 private:
  using Plans = std::list<std::pair<Key, std::shared_ptr<const ConvPlan>>>;
  std::mutex mutex_;
  Plans plans_;
  std::unordered_map<Key, Plans::iterator, HashKey> index_;
};

memory wrap(const memory::desc& desc, const void* data) {
  return memory(desc, onednn_engine(), const_cast<void*>(data));
}

}  // namespace

std::shared_ptr<const ConvPlan> conv_plan(ConvPass pass, DType type, const ConvPiece& piece,
                                          bool has_bias) {
  static auto* cache = new PlanCache();  // never destroyed: threads may still run at the end
  return cache->get(pass, type, piece, has_bias);
}

void run_conv_plan(ConvPass pass, const ConvPlan& plan, const void* x, const void* weights,
                   const void* bias, const void* y) {
  const Scratch<char> scratchpad(static_cast<int64_t>(plan.scratchpad.get_size()));
  const bool to_weights = pass == ConvPass::kWeightGrad;
  std::unordered_map<int, memory> arguments = {
      {pass == ConvPass::kInputGrad ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, wrap(plan.x, x)},
      {to_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, wrap(plan.weights, weights)},
      {pass == ConvPass::kForward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, wrap(plan.y, y)},
      {DNNL_ARG_SCRATCHPAD, wrap(plan.scratchpad, scratchpad.data())}};
  if (bias)
    arguments.emplace(to_weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, wrap(plan.bias, bias));
  plan.primitive.execute(onednn_stream(), arguments);
}

void reorder_conv_weights(ConvPass pass, const ConvPlan& plan, const void* from, void* to) {
  const char* source = static_cast<const char*>(from);
  char* target = static_cast<char*>(to);
  const ConvPlan::Reorder& reorder = plan.reorder;
  const bool back = pass == ConvPass::kWeightGrad;
  const int64_t from_step = back ? reorder.packed_step : reorder.plain_step;
  const int64_t to_step = back ? reorder.plain_step : reorder.packed_step;
  parallel_for(reorder.parts, 1, [&](int64_t begin, int64_t end) {
    const OpenMpThreads serial(1);
    const Scratch<char> scratchpad(static_cast<int64_t>(reorder.scratchpad.get_size()));
    guard_onednn([&] {
      for (int64_t part = begin; part < end; ++part)
        reorder.primitive.execute(
            onednn_stream(),
            {{DNNL_ARG_FROM,
              wrap(back ? reorder.packed : reorder.plain, source + part * from_step)},
             {DNNL_ARG_TO, wrap(back ? reorder.plain : reorder.packed, target + part * to_step)},
             {DNNL_ARG_SCRATCHPAD, wrap(reorder.scratchpad, scratchpad.data())}});
    });
  });
}

}  // namespace flambeau
