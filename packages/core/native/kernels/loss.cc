// Losses in one pass: cross-entropy and negative log-likelihood of class indices, mean squared
// error; each with its gradient.
#include "loss.h"

#include <cmath>
#include <string>

#include "iterate.h"
#include "lanes.h"

namespace flambeau {

FLAMBEAU_SIMD_TABLE(LossTable, loss_table)

namespace {

enum class Reduction : uint8_t { kNone, kMean, kSum };

Reduction reduction_of(const Call& call, int param) {
  const int64_t code = call.integer(param);
  require_internal(code >= 0 && code <= 2, "there is no such reduction");
  return static_cast<Reduction>(code);
}

template <class Body>
void with_float(DType dtype, Body&& body) {
  if (dtype == DType::kFloat64) return body(double{});
  require_internal(dtype == DType::kFloat32, "a loss is for floating types");
  body(float{});
}

// Inputs [C], [N, C] or [N, C, d1, …] and what belongs to each of their rows of C classes. Rows are
// numbered in the order of the targets: [], [N], [N, d1, …].
struct Classes {
  Tensor x;
  Tensor target;
  Tensor weight;  // empty where there is none
  AxisRows rows;
  int64_t ignored;

  Classes(Call& call, const Tensor& scores, int target_at, int weight_at, int64_t ignored_index)
      : x(scores), target(call.contiguous(call.in(target_at))), ignored(ignored_index) {
    require_internal(x.ndim() >= 1 && target.dtype == DType::kInt64, "class indices are int64");
    const int axis = x.ndim() == 1 ? 0 : 1;
    Shape expected;
    for (int i = 0; i < x.ndim(); ++i)
      if (i != axis) expected.sizes[expected.ndim++] = x.size(i);
    require_internal(target.shape == expected, "the targets do not fit the scores");
    if (!x.is_contiguous() && !x.is_channels_last()) x = call.contiguous(x);
    rows = AxisRows(x, axis);
    if (call.has(weight_at)) {
      weight = call.contiguous(call.in(weight_at));
      require_internal(weight.dtype == x.dtype && weight.ndim() == 1 && weight.size(0) == rows.n,
                       "there must be one weight per class");
    }
  }

  // The class of row `row`, -1 where it is to be ignored.
  int64_t at(int64_t row) const {
    const int64_t label = target.as<int64_t>()[row];
    if (label == ignored) return -1;
    if (label < 0 || label >= rows.n)
      throw Failure("ERR_INDEX", "target " + std::to_string(label) + " at position " +
                                     std::to_string(row) + " is outside [0, " +
                                     std::to_string(rows.n) + ")");
    return label;
  }
  template <class T>
  T weight_of(int64_t label) const {
    if (label < 0) return 0;
    return weight.data ? weight.as<T>()[label] : T{1};
  }
  template <class T>
  double weight_sum() const {
    if (!weight.data) return static_cast<double>(rows.n);
    double sum = 0;
    for (int64_t c = 0; c < rows.n; ++c) sum += static_cast<double>(weight.as<T>()[c]);
    return sum;
  }
  // The weights of all targets together: what a mean is divided by.
  template <class T>
  double total() const {
    return parallel_reduce(
        rows.count(), kGrain, 0.0,
        [&](int64_t begin, int64_t end) {
          double sum = 0;
          for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(weight_of<T>(at(i)));
          return sum;
        },
        [](double a, double b) { return a + b; });
  }
};

// Element c of row j of a group.
inline int64_t place(const LaneLayout& layout, int64_t j, int64_t c) {
  return j * layout.lane_step + c * layout.step;
}

// What a gradient [] or one per row gives to row `row`.
template <class T>
class RowGradient {
 public:
  RowGradient(Call& call, const Tensor& grad, const Classes& classes, Reduction reduction)
      : each_(reduction == Reduction::kNone), grad_(call.contiguous(grad)) {
    require_internal(
        grad_.dtype == classes.x.dtype && grad_.numel() == (each_ ? classes.rows.count() : 1),
        "the gradient of a loss has the wrong shape");
  }
  T operator()(int64_t row) const { return grad_.as<T>()[each_ ? row : 0]; }

 private:
  bool each_;
  Tensor grad_;
};

void check_loss_shape(const OutputSpec& spec, const Classes& classes, Reduction reduction) {
  require_internal(spec.dtype == classes.x.dtype && !spec.target,
                   "a loss has the type of its scores");
  require_internal(spec.shape == (reduction == Reduction::kNone ? classes.target.shape : Shape{}),
                   "the output of a loss has the wrong shape");
}

// A sum of losses becomes the loss.
template <class T>
T reduced(double sum, double total, Reduction reduction) {
  return static_cast<T>(reduction == Reduction::kMean ? sum / total : sum);
}

// A row-major or channels-last gradient like the scores.
Tensor& gradient_like(Call& call, const Classes& classes) {
  require_internal(call.spec(0).shape == classes.x.shape && call.spec(0).dtype == classes.x.dtype,
                   "the gradient of scores is like them");
  require_internal(!call.in_place(0), "the gradient of a loss is a new tensor");
  return call.out_strided(0, classes.x.strides);
}

struct CrossEntropyParams {
  Reduction reduction;
  int64_t ignored;
  double smoothing;

  explicit CrossEntropyParams(const Call& call)
      : reduction(reduction_of(call, 0)), ignored(call.integer(1)), smoothing(call.param(2)) {}
};

template <class T>
void cross_entropy_forward(Call& call, const Classes& classes, const CrossEntropyParams& params) {
  const int64_t count = classes.rows.count();
  const int64_t n = classes.rows.n;
  const T* const x = classes.x.as<T>();
  Tensor& loss = call.out(0);
  T* const high = call.out(1).as<T>();
  T* const log_sum = high + count;
  T* const scale = log_sum + count;
  T* const each = params.reduction == Reduction::kNone ? loss.as<T>() : nullptr;
  const double hard = 1 - params.smoothing;
  const double soft = params.smoothing / static_cast<double>(n);
  const double all_weights = soft > 0 ? classes.weight_sum<T>() : 0;
  const T* const weight = classes.weight.as<T>();

  struct Sums {
    double loss, weight;
  };
  const auto part = [&](int64_t begin, int64_t end) {
    Sums sums = {0, 0};
    classes.rows.for_each(begin, end, [&](const LaneLayout& layout, int64_t offset, int64_t first) {
      softmax_functions<T>().statistics(layout, x + offset, high + first, log_sum + first);
      for (int64_t j = 0; j < layout.lanes; ++j) {
        const int64_t row = first + j;
        const int64_t label = classes.at(row);
        double row_loss = 0;
        scale[row] = 0;
        if (label >= 0) {
          const T* scores = x + offset + place(layout, j, 0);
          const auto loss_of = [&](int64_t c) {
            return static_cast<double>(log_sum[row]) -
                   static_cast<double>(scores[c * layout.step] - high[row]);
          };
          const auto own = static_cast<double>(classes.weight_of<T>(label));
          row_loss = hard * own * loss_of(label);
          if (soft > 0) {
            double smooth = 0;
            for (int64_t c = 0; c < n; ++c)
              smooth += (weight ? static_cast<double>(weight[c]) : 1.0) * loss_of(c);
            row_loss += soft * smooth;
          }
          sums.weight += own;
          scale[row] = static_cast<T>(hard * own + soft * all_weights);
        }
        sums.loss += row_loss;
        if (each) each[row] = static_cast<T>(row_loss);
      }
    });
    return sums;
  };
  const Sums sums = parallel_reduce(count, classes.rows.grain(), Sums{0, 0}, part,
                                    [](const Sums& a, const Sums& b) {
                                      return Sums{a.loss + b.loss, a.weight + b.weight};
                                    });
  if (each) return;
  *loss.as<T>() = reduced<T>(sums.loss, sums.weight, params.reduction);
  if (params.reduction != Reduction::kMean) return;
  const T factor = static_cast<T>(1 / sums.weight);
  for (int64_t row = 0; row < count; ++row)
    if (scale[row] != 0) scale[row] *= factor;
}

template <class T>
void cross_entropy_backward(Call& call, const Classes& classes, const CrossEntropyParams& params,
                            const Tensor& stats) {
  const int64_t count = classes.rows.count();
  const int64_t n = classes.rows.n;
  const RowGradient<T> grad(call, call.in(0), classes, params.reduction);
  const T* const x = classes.x.as<T>();
  const T* const high = stats.as<T>();
  const T* const log_sum = high + count;
  const T* const scale = log_sum + count;
  T* const dx = gradient_like(call, classes).as<T>();
  const T* const weight = classes.weight.as<T>();
  const bool smooths = params.smoothing > 0;
  const double hard = 1 - params.smoothing;
  const double soft = params.smoothing / static_cast<double>(n);
  const double all_weights = smooths ? classes.weight_sum<T>() : 0;

  // d loss / d x[c] = grad · scale · (p[c] - share of class c), the shares adding up to 1.
  classes.rows.for_all([&](const LaneLayout& layout, int64_t offset, int64_t first) {
    T factor[kMaxLanes];
    for (int64_t j = 0; j < layout.lanes; ++j) factor[j] = grad(first + j) * scale[first + j];
    softmax_functions<T>().scaled(layout, x + offset, high + first, log_sum + first, factor,
                                  dx + offset);
    for (int64_t j = 0; j < layout.lanes; ++j) {
      T* const row = dx + offset + place(layout, j, 0);
      const int64_t label = classes.at(first + j);
      if (label < 0) {  // the scores may hold anything
        for (int64_t c = 0; c < n; ++c) row[c * layout.step] = 0;
        continue;
      }
      if (!smooths) {
        row[label * layout.step] -= factor[j];
        continue;
      }
      const double own = hard * static_cast<double>(classes.weight_of<T>(label));
      const double unit = static_cast<double>(factor[j]) / (own + soft * all_weights);
      row[label * layout.step] -= static_cast<T>(unit * own);
      for (int64_t c = 0; c < n; ++c)
        row[c * layout.step] -=
            static_cast<T>(unit * soft * (weight ? static_cast<double>(weight[c]) : 1.0));
    }
  });
}

// Two operands of one shape and type, row-major.
struct Pair {
  Tensor a;
  Tensor b;
  Pair(Call& call, int at) : a(call.contiguous(call.in(at))), b(call.contiguous(call.in(at + 1))) {
    require_internal(a.shape == b.shape && a.dtype == b.dtype, "the operands of a loss differ");
  }
};

template <class T>
const LossFunctions<T>& loss_functions() {
  if constexpr (std::is_same_v<T, double>) {
    return active::loss_table().f64;
  } else {
    return active::loss_table().f32;
  }
}

}  // namespace

// x [C], [N, C] or [N, C, d1, …], target int64 [], [N], [N, d1, …], weight [C]? -> the loss, [] or
// (params[0] = 0) one per target; and [3, targets…] for the gradient: the largest score, the log of
// the sum of the others relative to it, and the factor of the softmax in the gradient.
// params [reduction: 0 none, 1 mean, 2 sum; ignored index; label smoothing]. The mean divides by
// the weights of the targets that count; if there are none it is NaN.
FLAMBEAU_KERNEL(cross_entropy) {
  const CrossEntropyParams params(call);
  const Classes classes(call, call.in(0), 1, 2, params.ignored);
  check_loss_shape(call.spec(0), classes, params.reduction);
  require_internal(call.spec(1).dtype == classes.x.dtype && !call.in_place(1) &&
                       call.spec(1).shape.numel() == 3 * classes.rows.count(),
                   "the statistics of a loss have the wrong shape");
  with_float(classes.x.dtype,
             [&](auto zero) { cross_entropy_forward<decltype(zero)>(call, classes, params); });
}

// (grad [] or like target, x, target, weight?, the second output of cross_entropy) -> the gradient
// of x. The params of cross_entropy.
FLAMBEAU_KERNEL(cross_entropy_grad) {
  const CrossEntropyParams params(call);
  const Classes classes(call, call.in(1), 2, 3, params.ignored);
  const Tensor stats = call.contiguous(call.in(4));
  require_internal(stats.dtype == classes.x.dtype && stats.numel() == 3 * classes.rows.count(),
                   "the statistics of a loss have the wrong shape");
  with_float(classes.x.dtype, [&](auto zero) {
    cross_entropy_backward<decltype(zero)>(call, classes, params, stats);
  });
}

// As cross_entropy without smoothing, for x that are log-probabilities already.
FLAMBEAU_KERNEL(nll_loss) {
  const Reduction reduction = reduction_of(call, 0);
  const Classes classes(call, call.in(0), 1, 2, call.integer(1));
  check_loss_shape(call.spec(0), classes, reduction);
  with_float(classes.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const x = classes.x.as<T>();
    T* const y = call.out(0).as<T>();
    const bool each = reduction == Reduction::kNone;
    struct Sums {
      double loss, weight;
    };
    const auto part = [&](int64_t begin, int64_t end) {
      Sums sums = {0, 0};
      classes.rows.for_each(
          begin, end, [&](const LaneLayout& layout, int64_t offset, int64_t first) {
            for (int64_t j = 0; j < layout.lanes; ++j) {
              const int64_t label = classes.at(first + j);
              const T own = classes.weight_of<T>(label);
              const T loss = label < 0 ? T{0} : -own * x[offset + place(layout, j, label)];
              if (each) y[first + j] = loss;
              sums.loss += static_cast<double>(loss);
              sums.weight += static_cast<double>(own);
            }
          });
      return sums;
    };
    const Sums sums = parallel_reduce(classes.rows.count(), kGrain, Sums{0, 0}, part,
                                      [](const Sums& a, const Sums& b) {
                                        return Sums{a.loss + b.loss, a.weight + b.weight};
                                      });
    if (!each) *y = reduced<T>(sums.loss, sums.weight, reduction);
  });
}

// (grad [] or like target, target, weight?) -> the gradient of x, row-major; the params of
// nll_loss.
FLAMBEAU_KERNEL(nll_loss_grad) {
  const Reduction reduction = reduction_of(call, 0);
  Tensor like;  // of x, only the layout matters
  like.dtype = call.spec(0).dtype;
  like.shape = call.spec(0).shape;
  contiguous_strides(like.shape, like.strides);
  const Classes classes(call, like, 1, 2, call.integer(1));
  with_float(classes.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const RowGradient<T> grad(call, call.in(0), classes, reduction);
    const T total = reduction == Reduction::kMean ? static_cast<T>(classes.total<T>()) : T{1};
    T* const dx = gradient_like(call, classes).template as<T>();
    classes.rows.for_all([&](const LaneLayout& layout, int64_t offset, int64_t first) {
      for (int64_t c = 0; c < layout.n; ++c)
        for (int64_t j = 0; j < layout.lanes; ++j) dx[offset + place(layout, j, c)] = 0;
      for (int64_t j = 0; j < layout.lanes; ++j) {
        const int64_t label = classes.at(first + j);
        if (label >= 0)
          dx[offset + place(layout, j, label)] =
              -grad(first + j) * classes.weight_of<T>(label) / total;
      }
    });
  });
}

namespace {

// Parameter 0 is the reduction; inputs a and b of one shape.
template <class Member>
void pair_loss(Call& call, const Member& member) {
  const Reduction reduction = reduction_of(call, 0);
  const Pair pair(call, 0);
  const OutputSpec& spec = call.spec(0);
  const bool each = reduction == Reduction::kNone;
  require_internal(
      spec.dtype == pair.a.dtype && spec.shape == (each ? pair.a.shape : Shape{}) && !spec.target,
      "the output of a loss has the wrong shape");
  with_float(pair.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const PairLoss<T>& loss = member(loss_functions<T>());
    const T* const a = pair.a.as<T>();
    const T* const b = pair.b.as<T>();
    T* const y = call.out(0).as<T>();
    const int64_t n = pair.a.numel();
    if (each) {
      return parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
        loss.each(end - begin, a + begin, b + begin, y + begin);
      });
    }
    const double sum = parallel_reduce(
        n, kGrain, 0.0,
        [&](int64_t begin, int64_t end) { return loss.sum(end - begin, a + begin, b + begin); },
        [](double x, double w) { return x + w; });
    *y = reduced<T>(sum, static_cast<double>(n), reduction);
  });
}

// The gradient of a; `factor` times what PairLoss::grad gives.
template <class Member>
void pair_loss_grad(Call& call, double factor, const Member& member) {
  const Reduction reduction = reduction_of(call, 0);
  const Pair pair(call, 1);
  const Tensor grad = call.contiguous(call.in(0));
  const bool each = reduction == Reduction::kNone;
  const int64_t n = pair.a.numel();
  require_internal(grad.dtype == pair.a.dtype && grad.numel() == (each ? n : 1),
                   "the gradient of a loss has the wrong shape");
  require_internal(
      call.spec(0).dtype == pair.a.dtype && call.spec(0).shape == pair.a.shape && !call.in_place(0),
      "the gradient of a loss is like its operand");
  with_float(pair.a.dtype, [&](auto zero) {
    using T = decltype(zero);
    const PairLoss<T>& loss = member(loss_functions<T>());
    const T scale =
        static_cast<T>(factor) / static_cast<T>(reduction == Reduction::kMean ? n : int64_t{1});
    T* const y = call.out(0).as<T>();
    parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
      loss.grad(end - begin, grad.as<T>() + (each ? begin : 0), each ? 1 : 0, scale,
                pair.a.as<T>() + begin, pair.b.as<T>() + begin, y + begin);
    });
  });
}

}  // namespace

// (a, b) of one shape -> the mean (params[0] = 1) or sum (2) of (a - b)², or (0) all of them.
FLAMBEAU_KERNEL(mse_loss) {
  pair_loss(
      call, [](const auto& table) -> const auto& { return table.squared; });
}

// (grad [] or like a, a, b) -> the gradient of a; that of b is its negative. params [reduction].
FLAMBEAU_KERNEL(mse_loss_grad) {
  pair_loss_grad(
      call, 2, [](const auto& table) -> const auto& { return table.squared; });
}

// (a, b) of one shape -> the mean (params[0] = 1) or sum (2) of (1 - b) · a + log(1 + exp(-a)), or
// (0) all of them.
FLAMBEAU_KERNEL(logits_loss) {
  pair_loss(
      call, [](const auto& table) -> const auto& { return table.logits; });
}

// (grad [] or like a, a, b) -> the gradient of a. params [reduction].
FLAMBEAU_KERNEL(logits_loss_grad) {
  pair_loss_grad(
      call, 1, [](const auto& table) -> const auto& { return table.logits; });
}

}  // namespace flambeau
