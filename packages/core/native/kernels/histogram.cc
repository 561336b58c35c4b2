// Counting elements by value: how often each whole number occurs, or how many fall into each bin.
#include <cmath>
#include <vector>

#include "parallel.h"
#include "rows.h"
#include "searching.h"

namespace flambeau {

namespace {

// counts[x[i]] += weight(i) in order.
template <class T, class Count, class Weight>
void count_numbers(const Tensor& x, Tensor& counts, const Weight& weight) {
  const T* numbers = x.as<T>();
  Count* to = counts.as<Count>();
  const int64_t bins = counts.numel();
  std::fill_n(to, bins, Count{0});
  for (int64_t i = 0; i < x.numel(); ++i) {
    const int64_t number = static_cast<int64_t>(numbers[i]);
    if (number < 0 || number >= bins)
      throw Failure("ERR_VALUE", "the number " + std::to_string(number) + " has no bin");
    to[number] += weight(i);
  }
}

// Finds the bins of elements of type T. Bins have their left edge in them, the last one also its
// right one.
template <class T>
class Bins {
 public:
  // Edges that lie at equal distances allow to compute the bin, which is then corrected by a look
  // at the edges around it if `checks`.
  enum class Kind { kUniform, kUniformChecked, kAny };

  Bins(const T* edges, int64_t count, Kind kind)
      : edges_(edges), last_(count - 1), kind_(kind), low_(edges[0]), high_(edges[count - 1]) {}

  // -1 for elements outside of all bins and for NaN.
  int64_t of(T x) const {
    if (!(x >= low_ && x <= high_)) return -1;
    if (kind_ == Kind::kAny) return inside(first_above(0, last_ + 1, x) - 1);
    const T place = (x - low_) * static_cast<T>(last_) / (high_ - low_);
    // Infinite ranges have none.
    const int64_t bin =
        place >= 0 && place <= static_cast<T>(last_) ? static_cast<int64_t>(place) : 0;
    if (kind_ == Kind::kUniform) return inside(bin);
    const int64_t begin = std::max<int64_t>(0, bin - 1);
    return inside(first_above(begin, std::min(bin + 2, last_ + 1), x) - 1);
  }

 private:
  int64_t first_above(int64_t begin, int64_t end, T x) const {
    return std::upper_bound(edges_ + begin, edges_ + end, x) - edges_;
  }
  int64_t inside(int64_t bin) const { return std::clamp<int64_t>(bin, 0, last_ - 1); }

  const T* edges_;
  int64_t last_;
  Kind kind_;
  T low_;
  T high_;
};

}  // namespace

// x [n] of whole numbers from 0 on, (weights [n], floats) -> [bins]: how often each number occurs,
// int64; or the sum of its weights, of their type. Numbers without a bin are an error.
FLAMBEAU_KERNEL(bincount) {
  const Tensor x = call.contiguous(call.in(0));
  const DType dtype = call.spec(0).dtype;
  if (is_floating(x.dtype) || call.in_place(0))
    throw Failure("ERR_INTERNAL", "only whole numbers are counted");
  Tensor weights;
  if (call.has(1)) weights = call.contiguous(call.in(1));
  if (weights.data ? !is_floating(dtype) || weights.dtype != dtype || weights.numel() != x.numel()
                   : dtype != DType::kInt64)
    throw Failure("ERR_INTERNAL", "the weights do not fit");
  Tensor& counts = call.out(0);
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (dtype == DType::kInt64) {
      count_numbers<T, int64_t>(x, counts, [](int64_t) { return 1; });
    } else if (dtype == DType::kFloat64) {
      count_numbers<T, double>(x, counts, [&](int64_t i) { return weights.as<double>()[i]; });
    } else {
      count_numbers<T, float>(x, counts, [&](int64_t i) { return weights.as<float>()[i]; });
    }
  });
}

// x [n], edges [bins + 1] in ascending order, (weight [n]), all of one floating type -> [bins]: how
// many elements, or which weight, each bin has. Parameter: 0 where the edges lie at equal
// distances, 1 where they do and decide at the border of bins, 2 for any edges.
FLAMBEAU_KERNEL(histogram) {
  const HistogramOperands<Tensor> operands(call);
  const Tensor& x = operands.x;
  const Tensor& weight = operands.weights;
  const int64_t bins = operands.bins;
  Tensor& out = call.out(0);
  with_element(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      const Bins<T> find(operands.edges.as<T>(), bins + 1,
                         static_cast<typename Bins<T>::Kind>(operands.kind));
      // Every chunk counts for itself; chunks are few where there are many bins.
      const int64_t grain = std::max<int64_t>(int64_t{1} << 16, 16 * bins);
      using Sums = std::vector<double>;
      const auto count = [&](int64_t begin, int64_t end) {
        Sums sums(static_cast<size_t>(bins), 0.0);
        for (int64_t i = begin; i < end; ++i) {
          const int64_t bin = find.of(x.as<T>()[i]);
          if (bin < 0) continue;
          sums[static_cast<size_t>(bin)] +=
              weight.data ? static_cast<double>(weight.as<T>()[i]) : 1.0;
        }
        return sums;
      };
      const auto add = [](Sums a, const Sums& b) {
        for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
        return a;
      };
      const Sums sums =
          parallel_reduce(x.numel(), grain, Sums(static_cast<size_t>(bins), 0.0), count, add);
      for (int64_t i = 0; i < bins; ++i)
        out.as<T>()[i] = static_cast<T>(sums[static_cast<size_t>(i)]);
    }
  });
}

}  // namespace flambeau
