// Convolution by oneDNN, channels-last in and out, weights reordered to what its primitives like.
//
// Our own threads share the work, each running primitives made for one thread: OpenMP's team would
// have to be woken for each call, or would spin and starve others. The pieces are runs of images,
// or where there are few images bands of rows: along the outermost axis of an image, which is the
// depth of a volume.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "context.h"
#include "conv.h"
#include "conv_plan.h"
#include "half.h"
#include "parallel.h"
#include "rounding.h"
#include "scratch.h"

namespace flambeau {

namespace {

// Products per piece, so that waking a thread is worth it.
constexpr double kProducts = 1 << 20;
// So that a thread which is late, or shares its core, does not hold up the others.
constexpr int64_t kPiecesPerThread = 4;
// Pixels per piece, unless threads would be idle: each piece reads all weights.
constexpr int64_t kPiecePixels = 64;
// Pixels that a piece of the weight gradient sums at least: the sums are added up in the end.
constexpr int64_t kSummedPixels = 1024;
constexpr int64_t kMaxSums = 16;
// Floats whose byte offsets fit oneDNN's 32 bits.
constexpr int64_t kMaxFloats = (int64_t{1} << 29) - 1;

int64_t x_floats(const ConvGeometry& g) { return g.c * g.x_pixels(); }  // of an image
int64_t y_floats(const ConvGeometry& g) { return g.o * g.y_pixels(); }

// The axis that bands divide; its positions are called rows below.
struct RowAxis {
  int64_t input, output, kernel, stride, pad, dilation;
  int64_t reach() const { return (kernel - 1) * dilation + 1; }
};
RowAxis row_axis(const ConvGeometry& g) {
  if (g.volume) return {g.d, g.od, g.kd, g.stride_d, g.pad_d, g.dilation_d};
  return {g.h, g.oh, g.kh, g.stride_h, g.pad_h, g.dilation_h};
}
void set_rows(ConvGeometry& g, int64_t input, int64_t output, int64_t pad) {
  (g.volume ? g.d : g.h) = input;
  (g.volume ? g.od : g.oh) = output;
  (g.volume ? g.pad_d : g.pad_h) = pad;
}

// Images [first, first + count).
ConvPiece images(const ConvGeometry& g, int64_t first, int64_t count) {
  ConvPiece piece = {g, row_axis(g).pad, first * x_floats(g), first * y_floats(g)};
  piece.g.n = count;
  return piece;
}

// Rows [begin, end) of the output of image n, and the rows of the input that they read.
ConvPiece output_rows(const ConvGeometry& g, int64_t n, int64_t begin, int64_t end) {
  const RowAxis axis = row_axis(g);
  const int64_t first = begin * axis.stride - axis.pad;
  const int64_t last = (end - 1) * axis.stride - axis.pad + axis.reach();
  const int64_t top = std::max<int64_t>(first, 0), bottom = std::min(last, axis.input);
  ConvPiece piece = images(g, n, 1);
  piece.pad_below = last - bottom;
  set_rows(piece.g, bottom - top, end - begin, top - first);
  piece.x_offset += top * (x_floats(g) / axis.input);
  piece.y_offset += begin * (y_floats(g) / axis.output);
  return piece;
}

// Rows [begin, end) of the input of image n, and the rows of the output that read from them: maybe
// none. Without gaps between windows any rows will do; else begin + pad must be a multiple of the
// stride.
ConvPiece input_rows(const ConvGeometry& g, int64_t n, int64_t begin, int64_t end) {
  const RowAxis axis = row_axis(g);
  const int64_t lowest = begin + axis.pad - axis.reach() + 1;
  const int64_t first = lowest <= 0 ? 0 : ceil_div(lowest, axis.stride);
  const int64_t last = std::min(axis.output, (end - 1 + axis.pad) / axis.stride + 1);
  const int64_t rows = end - begin, outputs = std::max<int64_t>(last - first, 0);
  const int64_t above = begin + axis.pad - first * axis.stride;
  ConvPiece piece = images(g, n, 1);
  // Negative where rows at the end belong to no window: oneDNN rounds them away.
  piece.pad_below = std::max<int64_t>(0, (outputs - 1) * axis.stride + axis.reach() - above - rows);
  set_rows(piece.g, rows, outputs, above);
  piece.x_offset += begin * (x_floats(g) / axis.input);
  piece.y_offset += first * (y_floats(g) / axis.output);
  return piece;
}

// All of a convolution in about `wanted` pieces.
std::vector<ConvPiece> split(ConvPass pass, const ConvGeometry& g, int64_t wanted) {
  std::vector<ConvPiece> pieces;
  const int64_t most = std::max<int64_t>(1, kMaxFloats / std::max(x_floats(g), y_floats(g)));
  const RowAxis axis = row_axis(g);
  const int64_t rows = pass == ConvPass::kInputGrad ? axis.input : axis.output;
  // Whole images, unless a few of them would leave threads idle.
  if (g.n >= wanted || rows == 1) {
    const int64_t count = std::max(std::min(wanted, g.n), ceil_div(g.n, most));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begin = i * g.n / count;
      pieces.push_back(images(g, begin, (i + 1) * g.n / count - begin));
    }
    return pieces;
  }
  const int64_t bands = std::min(ceil_div(wanted, g.n), rows);
  const int64_t step = pass == ConvPass::kInputGrad
                           ? ceil_div(ceil_div(rows, bands), axis.stride) * axis.stride
                           : ceil_div(rows, bands);
  const int64_t shift = pass == ConvPass::kInputGrad ? axis.pad % axis.stride : 0;
  for (int64_t n = 0; n < g.n; ++n)
    for (int64_t begin = 0; begin < rows;) {
      const int64_t end = std::min(rows, (begin + shift) / step * step + step - shift);
      pieces.push_back(pass == ConvPass::kInputGrad ? input_rows(g, n, begin, end)
                                                    : output_rows(g, n, begin, end));
      begin = end;
    }
  return pieces;
}

int threads_here() { return in_parallel() ? 1 : num_threads(); }

int64_t wanted_pieces(const ConvGeometry& g, int64_t most) {
  const double worthwhile = static_cast<double>(g.n) * g.image_products() / kProducts;
  return static_cast<int64_t>(std::clamp(worthwhile, 1.0, static_cast<double>(most)));
}

// Calls body(i) for all i < count, in parallel, with OpenMP kept to one thread.
template <class Body>
void for_pieces(size_t count, const Body& body) {
  parallel_for(static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
    const OpenMpThreads serial(1);
    guard_onednn([&] {
      for (int64_t i = begin; i < end; ++i) body(static_cast<size_t>(i));
    });
  });
}

std::vector<std::shared_ptr<const ConvPlan>> plans_for(ConvPass pass, DType type,
                                                       const std::vector<ConvPiece>& pieces,
                                                       bool has_bias) {
  std::vector<std::shared_ptr<const ConvPlan>> plans;
  plans.reserve(pieces.size());
  for (const ConvPiece& piece : pieces)
    plans.push_back(row_axis(piece.g).output == 0 ? nullptr
                                                  : conv_plan(pass, type, piece, has_bias));
  return plans;
}

template <class T>
constexpr DType kTypeOf = std::is_same_v<T, float> ? DType::kFloat32 : DType::kBFloat16;

// Weights in the layouts that plans want; each is made once.
class PackedWeights {
 public:
  PackedWeights(ConvPass pass, const void* plain) : pass_(pass), plain_(plain) {}

  const void* get(const ConvPlan& plan) {
    if (!plan.reordered) return plain_;
    for (const Layout& layout : layouts_)
      if (layout.desc == plan.weights) return layout.data->data();
    auto data = std::make_unique<Scratch<char>>(plan.weight_bytes());
    reorder_conv_weights(pass_, plan, plain_, data->data());
    layouts_.push_back({plan.weights, std::move(data)});
    return layouts_.back().data->data();
  }

 private:
  struct Layout {
    dnnl::memory::desc desc;
    std::unique_ptr<Scratch<char>> data;
  };
  ConvPass pass_;
  const void* plain_;
  std::vector<Layout> layouts_;
};

// The forward pass and the gradient of the input: weights in, one of x and y in, the other out.
template <class T>
void run_forward_or_input_grad(ConvPass pass, const ConvGeometry& g, const T* x, const T* weights,
                               const T* bias, const T* y) {
  const int64_t threads = threads_here();
  const int64_t most = std::min(threads * kPiecesPerThread, g.n * g.y_pixels() / kPiecePixels);
  const std::vector<ConvPiece> pieces =
      split(pass, g, threads == 1 ? 1 : wanted_pieces(g, std::max(threads, most)));
  const OpenMpThreads serial(1);
  const auto plans = plans_for(pass, kTypeOf<T>, pieces, bias != nullptr);
  PackedWeights packed(pass, weights);
  std::vector<const void*> piece_weights;
  piece_weights.reserve(plans.size());
  for (const auto& plan : plans) piece_weights.push_back(plan ? packed.get(*plan) : nullptr);
  for_pieces(pieces.size(), [&](size_t i) {
    const ConvPiece& piece = pieces[i];
    if (plans[i]) {
      run_conv_plan(pass, *plans[i], x + piece.x_offset, piece_weights[i], bias,
                    y + piece.y_offset);
    } else {
      // Rows of the input that no window reads.
      T* to = const_cast<T*>(x) + piece.x_offset;
      std::fill(to, to + x_floats(piece.g), T{});
    }
  });
}

// In how many sums the weight gradient is computed: by the sizes, and by the number of threads only
// where that is larger.
int64_t count_sums(const ConvGeometry& g) {
  const int64_t by_size = std::min(kMaxSums, g.n * g.y_pixels() / kSummedPixels);
  return wanted_pieces(g, std::max<int64_t>({by_size, threads_here(), 1}));
}

template <class T>
void run_weight_grad(const ConvGeometry& g, const T* x, const T* y, float* dw, float* db) {
  constexpr ConvPass kPass = ConvPass::kWeightGrad;
  const OpenMpThreads serial(1);
  // Sums of one layout can be added up as they are. oneDNN may choose others for other sizes.
  const auto one_layout = [](const auto& plans) {
    return std::all_of(plans.begin(), plans.end(),
                       [&](const auto& plan) { return plan->weights == plans.front()->weights; });
  };
  std::vector<ConvPiece> pieces = split(kPass, g, count_sums(g));
  auto plans = plans_for(kPass, kTypeOf<T>, pieces, db != nullptr);
  if (!one_layout(plans)) {
    pieces = split(kPass, g, 1);
    plans = plans_for(kPass, kTypeOf<T>, pieces, db != nullptr);
    if (!one_layout(plans)) throw Failure("ERR_INTERNAL", "oneDNN gives sums of several layouts");
  }
  const ConvPlan& plan = *plans.front();
  const int64_t count = static_cast<int64_t>(pieces.size());
  const int64_t floats = plan.weight_bytes() / static_cast<int64_t>(sizeof(float));
  const Scratch<float> sums(count * floats), biases(count * g.o);
  for_pieces(pieces.size(), [&](size_t i) {
    const int64_t at = static_cast<int64_t>(i);
    run_conv_plan(kPass, *plans[i], x + pieces[i].x_offset, sums.data() + at * floats,
                  db ? biases.data() + at * g.o : nullptr, y + pieces[i].y_offset);
  });
  // Into the first sum, in a fixed order.
  float* total = plan.reordered ? sums.data() : dw;
  parallel_for(floats, 1 << 14, [&](int64_t begin, int64_t end) {
    if (total != sums.data()) std::copy(sums.data() + begin, sums.data() + end, total + begin);
    for (int64_t piece = 1; piece < count; ++piece) {
      const float* part = sums.data() + piece * floats;
      for (int64_t i = begin; i < end; ++i) total[i] += part[i];
    }
  });
  if (plan.reordered) reorder_conv_weights(kPass, plan, total, dw);
  if (!db) return;
  std::copy(biases.data(), biases.data() + g.o, db);
  for (int64_t piece = 1; piece < count; ++piece)
    for (int64_t o = 0; o < g.o; ++o) db[o] += biases.data()[piece * g.o + o];
}

}  // namespace

bool onednn_conv_fits(const ConvGeometry& g) {
  constexpr int64_t kMaxStep = 64;
  if (g.n == 0 || g.c == 0 || g.o == 0) return false;
  const auto axis_fits = [](int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
    return pad <= (kernel - 1) * dilation && stride <= kMaxStep && dilation <= kMaxStep &&
           kernel <= kMaxStep;
  };
  return axis_fits(g.kd, g.stride_d, g.pad_d, g.dilation_d) &&
         axis_fits(g.kh, g.stride_h, g.pad_h, g.dilation_h) &&
         axis_fits(g.kw, g.stride_w, g.pad_w, g.dilation_w) && x_floats(g) <= kMaxFloats &&
         y_floats(g) <= kMaxFloats && g.o * g.group_c() * g.taps() <= kMaxFloats;
}

template <class T>
void onednn_conv_forward(const ConvGeometry& g, const T* x, const T* w, const T* bias, T* y) {
  guard_onednn([&] { run_forward_or_input_grad<T>(ConvPass::kForward, g, x, w, bias, y); });
}

template <class T>
void onednn_conv_input_grad(const ConvGeometry& g, const T* dy, const T* w, T* dx) {
  guard_onednn([&] { run_forward_or_input_grad<T>(ConvPass::kInputGrad, g, dx, w, nullptr, dy); });
}

template <class T>
void onednn_conv_weight_grad(const ConvGeometry& g, const T* x, const T* dy, float* dw, float* db) {
  guard_onednn([&] { run_weight_grad(g, x, dy, dw, db); });
}

#define FLAMBEAU_CONV(T)                                                                    \
  template void onednn_conv_forward(const ConvGeometry&, const T*, const T*, const T*, T*); \
  template void onednn_conv_input_grad(const ConvGeometry&, const T*, const T*, T*);        \
  template void onednn_conv_weight_grad(const ConvGeometry&, const T*, const T*, float*, float*);
FLAMBEAU_CONV(float)
FLAMBEAU_CONV(BFloat16)
#undef FLAMBEAU_CONV

}  // namespace flambeau
