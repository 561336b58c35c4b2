// Convolution by oneDNN, channels-last in and out, weights reordered to what the primitive likes.
//
// The batch is split over our own threads, each running a primitive made for one thread. Only where
// a batch does not divide well (a single image) oneDNN splits the work with OpenMP.
#include <algorithm>
#include <array>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "context.h"
#include "conv.h"
#include "onednn.h"
#include "parallel.h"

namespace flambeau {

namespace {

using dnnl::memory;

enum class Pass : int64_t { kForward, kInputGrad, kWeightGrad };

constexpr size_t kCacheCapacity = 512;
// Products per piece of a batch, so that waking a thread is worth it.
constexpr double kProducts = 1 << 20;
constexpr int64_t kPiecesPerThread = 4;
// Pixels that a shard of the weight gradient sums at least: shards are added up in the end.
constexpr int64_t kShardPixels = 1024;
constexpr int64_t kMaxShards = 16;
// Floats whose byte offsets fit 32 bits.
constexpr int64_t kMaxFloats = (int64_t{1} << 29) - 1;

// A primitive for `geometry.n` images and a number of threads.
struct Plan {
  dnnl::primitive primitive;
  memory::desc x, y, weights, bias, scratchpad;
  memory::desc plain_weights;  // as [groups,] o, c, kh, kw
  bool reordered;              // weights differs from plain_weights
  dnnl::reorder reorder;       // to weights, or for Pass::kWeightGrad from them
  memory::desc reorder_scratchpad;
};

using Key = std::array<int64_t, 19>;

struct HashKey {
  size_t operator()(const Key& key) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t part : key) hash = (hash ^ static_cast<uint64_t>(part)) * 0x9e3779b97f4a7c15;
    return static_cast<size_t>(hash ^ (hash >> 32));
  }
};

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// The calling thread's OpenMP setting must be the number of threads the plan is for.
std::shared_ptr<const Plan> make_plan(Pass pass, const ConvGeometry& g, bool has_bias) {
  using Tag = memory::format_tag;
  constexpr auto kFloat = memory::data_type::f32;
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  const dnnl::engine& engine = onednn_engine();
  const memory::desc x({g.n, g.c, g.h, g.w}, kFloat, Tag::nhwc);
  const memory::desc y({g.n, g.o, g.oh, g.ow}, kFloat, Tag::nhwc);
  const memory::dims sizes = g.groups == 1
                                 ? memory::dims{g.o, g.c, g.kh, g.kw}
                                 : memory::dims{g.groups, g.group_o(), g.group_c(), g.kh, g.kw};
  const memory::desc weights(sizes, kFloat, Tag::any);
  const memory::desc bias = has_bias ? memory::desc({g.o}, kFloat, Tag::x) : memory::desc();
  const memory::dims strides = {g.stride_h, g.stride_w};
  const memory::dims dilations = {g.dilation_h - 1, g.dilation_w - 1};
  const memory::dims padding = {g.pad_h, g.pad_w};

  const dnnl::primitive_attr attr = attributes();
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, kDirect, x, weights, bias, y, strides, dilations, padding,
       padding},
      attr, engine);
  auto plan = std::make_shared<Plan>();
  if (pass == Pass::kForward) {
    plan->primitive = dnnl::convolution_forward(forward);
    plan->weights = forward.weights_desc();
    plan->scratchpad = forward.scratchpad_desc();
  } else if (pass == Pass::kInputGrad) {
    const dnnl::convolution_backward_data::primitive_desc backward(
        {kDirect, x, weights, y, strides, dilations, padding, padding}, attr, engine, forward);
    plan->primitive = dnnl::convolution_backward_data(backward);
    plan->weights = backward.weights_desc();
    plan->scratchpad = backward.scratchpad_desc();
  } else {
    const dnnl::convolution_backward_weights::primitive_desc backward(
        {kDirect, x, weights, bias, y, strides, dilations, padding, padding}, attr, engine,
        forward);
    plan->primitive = dnnl::convolution_backward_weights(backward);
    plan->weights = backward.diff_weights_desc();
    plan->scratchpad = backward.scratchpad_desc();
  }
  plan->x = x;
  plan->y = y;
  plan->bias = bias;
  plan->plain_weights = memory::desc(sizes, kFloat, g.groups == 1 ? Tag::oihw : Tag::goihw);
  plan->reordered = plan->weights != plan->plain_weights;
  if (plan->reordered) {
    const bool from = pass == Pass::kWeightGrad;
    const dnnl::reorder::primitive_desc reorder(engine, from ? plan->weights : plan->plain_weights,
                                                engine, from ? plan->plain_weights : plan->weights,
                                                attr);
    plan->reorder = dnnl::reorder(reorder);
    plan->reorder_scratchpad = reorder.scratchpad_desc();
  }
  return plan;
}

// The plans used last, shared by all threads.
class PlanCache {
 public:
  std::shared_ptr<const Plan> get(Pass pass, const ConvGeometry& g, bool has_bias, int threads) {
    const Key key = {static_cast<int64_t>(pass),
                     threads,
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
                     g.pad_w,
                     g.dilation_h,
                     g.dilation_w,
                     g.groups};
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(key); found != index_.end()) {
      plans_.splice(plans_.begin(), plans_, found->second);
      return plans_.front().second;
    }
    plans_.emplace_front(key, make_plan(pass, g, has_bias));
    index_.emplace(key, plans_.begin());
    if (plans_.size() > kCacheCapacity) {
      index_.erase(plans_.back().first);
      plans_.pop_back();
    }
    return plans_.front().second;
  }

 private:
  using Plans = std::list<std::pair<Key, std::shared_ptr<const Plan>>>;
  std::mutex mutex_;
  Plans plans_;
  std::unordered_map<Key, Plans::iterator, HashKey> index_;
};

// The plan for `batch` images.
std::shared_ptr<const Plan> plan_for(Pass pass, const ConvGeometry& g, int64_t batch, bool has_bias,
                                     int threads) {
  static auto* cache = new PlanCache();  // never destroyed: threads may still run at the end
  const OpenMpThreads openmp(threads);
  ConvGeometry piece = g;
  piece.n = batch;
  return cache->get(pass, piece, has_bias, threads);
}

Tensor memory_for(const memory::desc& desc) {
  return empty_tensor({static_cast<int64_t>(desc.get_size())}, DType::kUInt8);
}

memory wrap(const memory::desc& desc, const void* data) {
  return memory(desc, onednn_engine(), const_cast<void*>(data));
}

// Runs a plan on this thread (and, for a plan for several, on as many threads of OpenMP).
void execute(Pass pass, const Plan& plan, const void* x, const void* weights, const void* bias,
             const void* y) {
  const Tensor scratchpad = memory_for(plan.scratchpad);
  const bool forward = pass == Pass::kForward, to_weights = pass == Pass::kWeightGrad;
  std::unordered_map<int, memory> arguments = {
      {pass == Pass::kInputGrad ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, wrap(plan.x, x)},
      {to_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, wrap(plan.weights, weights)},
      {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, wrap(plan.y, y)},
      {DNNL_ARG_SCRATCHPAD, wrap(plan.scratchpad, scratchpad.data)}};
  if (bias)
    arguments.emplace(to_weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, wrap(plan.bias, bias));
  plan.primitive.execute(onednn_stream(), arguments);
}

void reorder(const Plan& plan, const memory::desc& from_desc, const void* from,
             const memory::desc& to_desc, void* to) {
  const Tensor scratchpad = memory_for(plan.reorder_scratchpad);
  plan.reorder.execute(onednn_stream(),
                       {{DNNL_ARG_FROM, wrap(from_desc, from)},
                        {DNNL_ARG_TO, wrap(to_desc, to)},
                        {DNNL_ARG_SCRATCHPAD, wrap(plan.reorder_scratchpad, scratchpad.data)}});
}

// How a batch is divided: pieces of `size` images (the last one may have fewer), each for one
// thread of ours, or a single piece for `openmp` threads of OpenMP.
struct Split {
  int64_t size;
  int64_t pieces;
  int openmp = 1;
};

// The largest piece whose byte offsets fit oneDNN's 32 bits.
int64_t max_piece(const ConvGeometry& g) {
  return std::max<int64_t>(1, kMaxFloats / std::max(g.c * g.h * g.w, g.o * g.oh * g.ow));
}

bool batch_divides_badly(int64_t n, int threads) {
  const int64_t rounds = (n + threads - 1) / threads;
  return n * 10 < rounds * threads * 7;
}

Split split_batch(const ConvGeometry& g) {
  const int threads = in_parallel() ? 1 : num_threads();
  const double worthwhile = static_cast<double>(g.n) * g.image_products() / kProducts;
  if (threads > 1 && worthwhile >= 2 && batch_divides_badly(g.n, threads) && g.n <= max_piece(g))
    return {g.n, 1, threads};
  const int64_t pieces = static_cast<int64_t>(std::clamp(
      std::min(worthwhile, static_cast<double>(threads == 1 ? 1 : threads * kPiecesPerThread)), 1.0,
      static_cast<double>(g.n)));
  const int64_t size = std::min((g.n + pieces - 1) / pieces, max_piece(g));
  return {size, (g.n + size - 1) / size};
}

// The forward pass and the gradient of the input: `weights` in, one of x and y in, the other out.
void run_batch(Pass pass, const ConvGeometry& g, const float* x, const float* weights,
               const float* bias, const float* y) {
  const Split split = split_batch(g);
  struct Sized {
    std::shared_ptr<const Plan> plan;
    Tensor packed;
    const void* weights;
  };
  const OpenMpThreads openmp(split.openmp);
  const auto prepare = [&](int64_t batch) {
    Sized sized = {plan_for(pass, g, batch, bias != nullptr, split.openmp), {}, weights};
    if (sized.plan->reordered) {
      sized.packed = memory_for(sized.plan->weights);
      reorder(*sized.plan, sized.plan->plain_weights, weights, sized.plan->weights,
              sized.packed.data);
      sized.weights = sized.packed.data;
    }
    return sized;
  };
  const Sized full = prepare(split.size);
  const int64_t rest = g.n - (split.pieces - 1) * split.size;
  const Sized last = rest == split.size ? full : prepare(rest);
  const int64_t x_step = split.size * g.c * g.h * g.w, y_step = split.size * g.o * g.oh * g.ow;
  const auto run = [&](int64_t piece) {
    const Sized& sized = piece == split.pieces - 1 ? last : full;
    execute(pass, *sized.plan, x + piece * x_step, sized.weights, bias, y + piece * y_step);
  };
  if (split.pieces == 1) return run(0);
  parallel_for(split.pieces, 1, [&](int64_t begin, int64_t end) {
    const OpenMpThreads serial(1);
    guard_onednn([&] {
      for (int64_t piece = begin; piece < end; ++piece) run(piece);
    });
  });
}

// How the images are divided among partial sums of the weight gradient: by the sizes, and by the
// number of threads only where that is larger.
int64_t count_shards(const ConvGeometry& g, int threads) {
  const double worthwhile = static_cast<double>(g.n) * g.image_products() / kProducts;
  const int64_t most = std::min(g.n, static_cast<int64_t>(std::clamp(worthwhile, 1.0, 1e6)));
  const int64_t by_size = std::min(kMaxShards, g.n * g.oh * g.ow / kShardPixels);
  const int64_t by_memory = (g.n + max_piece(g) - 1) / max_piece(g);
  return std::max(by_memory, std::min(most, std::max<int64_t>({by_size, threads, 1})));
}

void run_weight_grad(const ConvGeometry& g, const float* x, const float* y, float* dw, float* db) {
  constexpr Pass kPass = Pass::kWeightGrad;
  const int threads = in_parallel() ? 1 : num_threads();
  const bool split_inside = threads > 1 && batch_divides_badly(g.n, threads) &&
                            g.n <= max_piece(g) && g.image_products() >= kProducts;
  const int openmp_threads = split_inside ? threads : 1;
  const int64_t shards = split_inside ? 1 : count_shards(g, threads);
  const OpenMpThreads openmp(openmp_threads);
  const auto plan_of = [&](int64_t batch) {
    return plan_for(kPass, g, batch, db != nullptr, openmp_threads);
  };
  // Shards have n / shards images, the first few of them one more.
  const int64_t size = g.n / shards, longer = g.n % shards;
  const auto plan = plan_of(size);
  const auto longer_plan = longer > 0 ? plan_of(size + 1) : nullptr;
  if (longer_plan && longer_plan->weights != plan->weights)
    throw Failure("ERR_INTERNAL",
                  "oneDNN lays out weight gradients of two batch sizes differently");

  const int64_t floats = static_cast<int64_t>(plan->weights.get_size() / sizeof(float));
  const bool direct = shards == 1 && !plan->reordered;
  const Tensor sums = direct ? Tensor() : empty_tensor({shards, floats}, DType::kFloat32);
  const Tensor biases = empty_tensor({shards, g.o}, DType::kFloat32);
  float* weights = direct ? dw : sums.as<float>();
  const auto run = [&](int64_t shard) {
    const int64_t first = shard * size + std::min(shard, longer);
    execute(kPass, shard < longer ? *longer_plan : *plan, x + first * g.c * g.h * g.w,
            weights + shard * floats, db ? biases.as<float>() + shard * g.o : nullptr,
            y + first * g.o * g.oh * g.ow);
  };
  if (shards == 1) {
    run(0);
  } else {
    parallel_for(shards, 1, [&](int64_t begin, int64_t end) {
      const OpenMpThreads serial(1);
      guard_onednn([&] {
        for (int64_t shard = begin; shard < end; ++shard) run(shard);
      });
    });
    parallel_for(floats, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t shard = 1; shard < shards; ++shard)
        for (int64_t i = begin; i < end; ++i) weights[i] += weights[shard * floats + i];
    });
  }
  if (plan->reordered) reorder(*plan, plan->weights, weights, plan->plain_weights, dw);
  if (!direct && !plan->reordered) std::copy(weights, weights + floats, dw);
  if (!db) return;
  std::copy(biases.as<float>(), biases.as<float>() + g.o, db);
  for (int64_t shard = 1; shard < shards; ++shard)
    for (int64_t o = 0; o < g.o; ++o) db[o] += biases.as<float>()[shard * g.o + o];
}

}  // namespace

bool onednn_conv_fits(const ConvGeometry& g) {
  constexpr int64_t kMaxStep = 64;
  if (g.n == 0 || g.c == 0 || g.o == 0 || g.kh * g.kw == 0) return false;
  return g.pad_h <= (g.kh - 1) * g.dilation_h && g.pad_w <= (g.kw - 1) * g.dilation_w &&
         g.stride_h <= kMaxStep && g.stride_w <= kMaxStep && g.dilation_h <= kMaxStep &&
         g.dilation_w <= kMaxStep && g.kh <= kMaxStep && g.kw <= kMaxStep &&
         g.c * g.h * g.w <= kMaxFloats && g.o * g.oh * g.ow <= kMaxFloats &&
         g.o * g.group_c() * g.kh * g.kw <= kMaxFloats;
}

void onednn_conv_forward(const ConvGeometry& g, const float* x, const float* w, const float* bias,
                         float* y) {
  guard_onednn([&] { run_batch(Pass::kForward, g, x, w, bias, y); });
}

void onednn_conv_input_grad(const ConvGeometry& g, const float* dy, const float* w, float* dx) {
  guard_onednn([&] { run_batch(Pass::kInputGrad, g, dx, w, nullptr, dy); });
}

void onednn_conv_weight_grad(const ConvGeometry& g, const float* x, const float* dy, float* dw,
                             float* db) {
  guard_onednn([&] { run_weight_grad(g, x, dy, dw, db); });
}

}  // namespace flambeau
