// Normalisation of channels (batch, group and instance norm): statistics over pixels and images, or
// over the pixels of a group of channels; a weight and a bias for each channel.
//
// x [n, c, …] is worked on as it lies in memory: as planes, each a row of `pixels` numbers, or
// channels-last as pixels of c numbers. First come the sums of each channel of each image, then
// from them the numbers that a second pass needs, per channel of each image again.
#include <algorithm>
#include <cmath>
#include <vector>

#include "channels_last.h"
#include "norm.h"
#include "parallel.h"
#include "scratch.h"

namespace flambeau {

namespace {

// Elements per chunk of a parallel loop.
constexpr int64_t kElements = 32768;
// Pieces that an image is cut into at most, to be summed in parallel.
constexpr int64_t kMaxPieces = 64;

// How the elements lie.
struct Layout {
  int64_t n, c, pixels;
  bool last;  // channels-last

  int64_t channels() const { return n * c; }  // of all images
};

// Which channels share statistics: those of all images (no groups), or of a group of an image.
struct Sets {
  int64_t groups, n, c, pixels;

  int64_t count() const { return groups == 0 ? c : n * groups; }
  // Elements of a set.
  int64_t elements() const { return pixels * (groups == 0 ? n : c / groups); }
  // The set of channel `at`, the channels of all images being counted in one.
  int64_t of(int64_t at) const {
    return groups == 0 ? at % c : at / c * groups + at % c / (c / groups);
  }
};

Layout layout_of(const Tensor& x, int64_t groups) {
  require_internal(x.ndim() >= 2, "channels are the second axis");
  Layout l = {x.size(0), x.size(1), 1, false};
  for (int axis = 2; axis < x.ndim(); ++axis) l.pixels *= x.size(axis);
  require_internal(groups >= 0 && (groups == 0 || l.c % groups == 0),
                   "the groups do not divide the channels");
  l.last = l.pixels == 1 || (!x.is_contiguous() && is_channels_last(x));
  if (l.last && groups == 0) {
    // All images are one.
    l.pixels *= l.n;
    l.n = 1;
  }
  return l;
}

// `t` as the layout has it: itself, or a copy that dies with the call.
Tensor laid_out(Call& call, const Layout& l, const Tensor& t) {
  return l.last ? channels_last(call, t) : call.contiguous(t);
}

// Output 0, which is like x.
template <class T>
T* output_like(Call& call, const Layout& l, const Tensor& x) {
  require_internal(output_shape(call, 0) == x.shape && call.spec(0).dtype == x.dtype,
                   "normalisation keeps shape and type");
  return (l.last ? channels_last_output(call, 0, x.dtype) : call.out(0)).template as<T>();
}

int64_t grain(int64_t elements) {
  return std::max<int64_t>(1, kElements / std::max<int64_t>(elements, 1));
}

// Calls body(channel, offset of its first pixel) for the planes of all images, in parallel.
template <class Body>
void for_planes(const Layout& l, const Body& body) {
  parallel_for(l.channels(), grain(l.pixels), [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) body(at, at * l.pixels);
  });
}

// Channels-last images in pieces, by their sizes alone.
class Pieces {
 public:
  explicit Pieces(const Layout& l)
      : l_(l), each_(std::clamp<int64_t>(l.pixels * l.c / kElements, 1, kMaxPieces)) {}

  int64_t count() const { return l_.n * each_; }
  // Pieces of an image.
  int64_t each() const { return each_; }
  // Calls body(piece, its image's first channel, offset of its first pixel, pixels), in parallel.
  template <class Body>
  void for_all(const Body& body) const {
    parallel_for(count(), grain(l_.pixels * l_.c / each_), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / each_, first = start(i % each_);
        body(i, image * l_.c, (image * l_.pixels + first) * l_.c, size(i));
      }
    });
  }
  int64_t size(int64_t i) const { return start(i % each_ + 1) - start(i % each_); }

 private:
  int64_t start(int64_t piece) const { return l_.pixels * piece / each_; }

  const Layout& l_;
  int64_t each_;
};

// Calls body(channel, offset of its first pixel, pixels) for all elements, in parallel: for planes,
// or for runs of channels-last pixels, the channel then being the first one of their image.
template <class Body>
void for_parts(const Layout& l, const Body& body) {
  if (l.last) {
    Pieces(l).for_all([&](int64_t, int64_t channel, int64_t offset, int64_t pixels) {
      body(channel, offset, pixels);
    });
  } else {
    for_planes(l, [&](int64_t at, int64_t offset) { body(at, offset, l.pixels); });
  }
}

// The moments of n values and m others.
Moments join(const Moments& a, int64_t n, const Moments& b, int64_t m) {
  if (n == 0) return b;
  const double share = static_cast<double>(m) / static_cast<double>(n + m);
  const double distance = b.mean - a.mean;
  return {a.mean + distance * share,
          a.m2 + b.m2 + distance * distance * share * static_cast<double>(n)};
}

// The moments of each channel of each image.
template <class T>
std::vector<Moments> channel_moments(const Layout& l, const T* x) {
  const NormFunctions<T>& table = norm_functions<T>();
  std::vector<Moments> result(static_cast<size_t>(l.channels()));
  if (!l.last) {
    for_planes(l, [&](int64_t at, int64_t offset) {
      result[at] = table.row_moments(l.pixels, x + offset);
    });
    return result;
  }
  const Pieces pieces(l);
  const Scratch<double> parts(pieces.count() * 2 * l.c);
  pieces.for_all([&](int64_t piece, int64_t, int64_t offset, int64_t pixels) {
    const Scratch<T> scratch(2 * l.c);
    double* mean = parts.data() + piece * 2 * l.c;
    std::fill(mean, mean + 2 * l.c, 0.0);
    table.pixel_moments(pixels, l.c, x + offset, 0, mean, mean + l.c, scratch.data());
  });
  for (int64_t i = 0, pixels = 0; i < pieces.count(); ++i) {
    if (i % pieces.each() == 0) pixels = 0;
    const double* mean = parts.data() + i * 2 * l.c;
    Moments* total = result.data() + i / pieces.each() * l.c;
    for (int64_t c = 0; c < l.c; ++c)
      total[c] = join(total[c], pixels, {mean[c], mean[l.c + c]}, pieces.size(i));
    pixels += pieces.size(i);
  }
  return result;
}

// The moments of each set, from those of its channels.
std::vector<Moments> set_moments(const Layout& l, const Sets& sets,
                                 const std::vector<Moments>& channels) {
  std::vector<Moments> result(static_cast<size_t>(sets.count()));
  std::vector<int64_t> joined(result.size());
  for (int64_t at = 0; at < l.channels(); ++at) {
    const int64_t set = sets.of(at);
    result[set] = join(result[set], joined[set], channels[at], l.pixels);
    joined[set] += l.pixels;
  }
  return result;
}

// For each channel of each image: the sum of dy, and that of dy · (x - mean).
struct GradSums {
  std::vector<double> first, second;
};

template <class T>
GradSums channel_sums(const Layout& l, const T* dy, const T* x, const T* mean) {
  const NormFunctions<T>& table = norm_functions<T>();
  const size_t channels = static_cast<size_t>(l.channels());
  GradSums result = {std::vector<double>(channels), std::vector<double>(channels)};
  if (!l.last) {
    for_planes(l, [&](int64_t at, int64_t offset) {
      double sums[2];
      table.row_sums(l.pixels, dy + offset, nullptr, x + offset, mean[at], sums);
      result.first[at] = sums[0];
      result.second[at] = sums[1];
    });
    return result;
  }
  const Pieces pieces(l);
  const Scratch<double> parts(pieces.count() * 2 * l.c);
  pieces.for_all([&](int64_t piece, int64_t channel, int64_t offset, int64_t pixels) {
    const Scratch<T> scratch(2 * l.c);
    double* sums = parts.data() + piece * 2 * l.c;
    std::fill(sums, sums + 2 * l.c, 0.0);
    table.pixel_sums(pixels, l.c, dy + offset, x + offset, mean + channel, sums, sums + l.c,
                     scratch.data());
  });
  for (int64_t i = 0; i < pieces.count(); ++i) {
    const double* sums = parts.data() + i * 2 * l.c;
    const int64_t channel = i / pieces.each() * l.c;
    for (int64_t c = 0; c < l.c; ++c) {
      result.first[channel + c] += sums[c];
      result.second[channel + c] += sums[l.c + c];
    }
  }
  return result;
}

// Moves the means (factor 1) or the variances in output `i`, [c], in place towards now(channel).
template <class T, class Now>
void move_running(Call& call, int i, int64_t c, double share, double factor, const Now& now) {
  require_internal(call.in_place(i), "running statistics are changed in place");
  const Tensor& running = call.out(i);
  require_internal(running.ndim() == 1 && running.numel() == c && running.dtype == dtype_of<T>,
                   "running statistics are one number for each channel");
  for (int64_t k = 0; k < c; ++k) {
    T& value = running.as<T>()[k * running.stride(0)];
    value = static_cast<T>((1 - share) * static_cast<double>(value) +
                           share * factor * static_cast<double>(now(k)));
  }
}

// Counts a call in output `i`, one whole number.
void count_call(Call& call, int i) {
  require_internal(call.in_place(i) && call.spec(i).dtype == DType::kInt64,
                   "calls are counted in place");
  const Tensor& batches = call.out(i);
  require_internal(batches.numel() == 1, "calls are counted by one number");
  ++*batches.as<int64_t>();
}

}  // namespace

// y = (x - mean) / sqrt(variance + eps) · w + b for x [n, c, …]: statistics of each channel over
// all images, or with groups of channels over each group of each image; w and b [c] or left out.
// Parameters: the number of groups (0: none), eps. Outputs: y, as x lies in memory; if wanted
// [3, sets]: the means, 1 / sqrt(variance + eps), and the variances (biased). Further outputs,
// without groups: the running means and variances [c] and a counter of the calls, all moved in
// place; two more parameters are those of normRunning.
FLAMBEAU_KERNEL(normChannels) {
  const Tensor& input = call.in(0);
  const int64_t groups = call.integer(0);
  const double eps = call.param(1);
  const Layout l = layout_of(input, groups);
  const Sets sets = {groups, l.n, l.c, l.pixels};
  with_floating(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    Tensor weight, bias;
    const T* w = numbers_of<T>(call, 1, l.c, weight);
    const T* b = numbers_of<T>(call, 2, l.c, bias);
    T* y = output_like<T>(call, l, input);
    T* statistics = wanted_output<T>(call, 1, 3 * sets.count());
    const Tensor held = laid_out(call, l, input);
    const T* x = held.as<T>();

    std::vector<Moments> moments(static_cast<size_t>(sets.count()));
    const NormFunctions<T>& table = norm_functions<T>();
    const auto rstd_of = [&](int64_t set) {
      const double variance = moments[set].m2 / static_cast<double>(sets.elements());
      return static_cast<T>(1 / std::sqrt(variance + eps));
    };
    const auto scale_of = [&](int64_t at) {
      return rstd_of(sets.of(at)) * (w ? w[at % l.c] : T{1});
    };
    const auto shift_of = [&](int64_t at) { return b ? b[at % l.c] : T{0}; };
    const auto scale_plane = [&](int64_t at) {
      table.row_scale(l.pixels, x + at * l.pixels, static_cast<T>(moments[sets.of(at)].mean),
                      scale_of(at), shift_of(at), y + at * l.pixels);
    };

    if (groups > 0 && !l.last && sets.count() >= 2 * num_threads()) {
      // A group lies in one piece: it is still in the cache when its moments are known.
      const int64_t channels = l.c / groups;
      parallel_for(sets.count(), grain(sets.elements()), [&](int64_t begin, int64_t end) {
        for (int64_t set = begin; set < end; ++set) {
          const int64_t first = set * channels;
          for (int64_t i = 0; i < channels && l.pixels > 0; ++i)
            moments[set] = join(moments[set], i * l.pixels,
                                table.row_moments(l.pixels, x + (first + i) * l.pixels), l.pixels);
          for (int64_t i = 0; i < channels; ++i) scale_plane(first + i);
        }
      });
    } else {
      if (call.has(3)) {
        Tensor held_mean, held_variance;
        const T* given = numbers_of<T>(call, 3, l.c, held_mean);
        const T* variance = numbers_of<T>(call, 4, l.c, held_variance);
        require_internal(groups == 0 && variance != nullptr,
                         "statistics are given for each channel");
        for (int64_t c = 0; c < l.c; ++c)
          moments[c] = {static_cast<double>(given[c]),
                        static_cast<double>(variance[c]) * static_cast<double>(sets.elements())};
      } else if (l.pixels > 0) {
        moments = set_moments(l, sets, channel_moments(l, x));
      }
      if (l.last) {
        const Scratch<T> numbers(3 * l.channels() + 1);
        T* mean = numbers.data();
        T* scale = mean + l.channels();
        T* shift = scale + l.channels();
        for (int64_t at = 0; at < l.channels(); ++at) {
          mean[at] = static_cast<T>(moments[sets.of(at)].mean);
          scale[at] = scale_of(at);
          shift[at] = shift_of(at);
        }
        Pieces(l).for_all([&](int64_t, int64_t at, int64_t offset, int64_t pixels) {
          table.pixel_affine(pixels, l.c, x + offset, mean + at, scale + at, shift + at,
                             y + offset);
        });
      } else {
        for_planes(l, [&](int64_t at, int64_t) { scale_plane(at); });
      }
    }
    const auto mean_of = [&](int64_t set) { return static_cast<T>(moments[set].mean); };
    const auto variance_of = [&](int64_t set) {
      return static_cast<T>(moments[set].m2 / static_cast<double>(sets.elements()));
    };
    for (int64_t set = 0; statistics && set < sets.count(); ++set) {
      statistics[set] = mean_of(set);
      statistics[sets.count() + set] = rstd_of(set);
      statistics[2 * sets.count() + set] = variance_of(set);
    }
    if (call.num_outputs() < 4) return;
    require_internal(groups == 0 && !call.has(3), "running statistics are those of channels");
    move_running<T>(call, 2, l.c, call.param(2), 1, mean_of);
    move_running<T>(call, 3, l.c, call.param(2), call.param(3), variance_of);
    if (call.num_outputs() > 4) count_call(call, 4);
  });
}

// The gradients dx, dw [c] and db [c] of normChannels; dw and db empty where they are not wanted.
// Inputs: dy, x, w or nothing, the statistics. Parameters: the number of groups, and whether the
// statistics were given, and do not follow from x.
FLAMBEAU_KERNEL(normChannelsGrad) {
  const Tensor& input = call.in(1);
  const int64_t groups = call.integer(0);
  const bool constant = call.flag(1);
  const Layout l = layout_of(input, groups);
  const Sets sets = {groups, l.n, l.c, l.pixels};
  with_floating(input.dtype, [&](auto zero) {
    using T = decltype(zero);
    require_internal(call.in(0).shape == input.shape && call.in(0).dtype == input.dtype,
                     "the gradient must look like the input");
    Tensor weight, kept;
    const T* w = numbers_of<T>(call, 2, l.c, weight);
    const T* statistics = numbers_of<T>(call, 3, 3 * sets.count(), kept);
    require_internal(statistics != nullptr, "the statistics are needed");
    T* dx = output_like<T>(call, l, input);
    T* dw = wanted_output<T>(call, 1, l.c);
    T* db = wanted_output<T>(call, 2, l.c);
    if (l.pixels == 0) {
      if (dw) std::fill(dw, dw + l.c, T{});
      if (db) std::fill(db, db + l.c, T{});
      return;
    }
    const Tensor x_held = laid_out(call, l, input), dy_held = laid_out(call, l, call.in(0));
    const T* x = x_held.as<T>();
    const T* dy = dy_held.as<T>();

    const Scratch<T> numbers(4 * l.channels() + 1);
    T* mean = numbers.data();
    T* scale = mean + l.channels();
    T* slope = scale + l.channels();
    T* shift = slope + l.channels();
    for (int64_t at = 0; at < l.channels(); ++at) mean[at] = statistics[sets.of(at)];
    GradSums sums;
    if (dw || db || !constant) {
      sums = channel_sums(l, dy, x, mean);
    } else {
      sums.first.resize(static_cast<size_t>(l.channels()));
      sums.second.resize(sums.first.size());
    }

    // Of each set: the sums of g and of g · (x - mean), g being dy · w.
    std::vector<double> first(static_cast<size_t>(sets.count())), second(first.size());
    std::vector<double> weights(static_cast<size_t>(l.c)), biases(weights.size());
    const T* rstd = statistics + sets.count();
    for (int64_t at = 0; at < l.channels(); ++at) {
      const int64_t set = sets.of(at), c = at % l.c;
      const double factor = w ? static_cast<double>(w[c]) : 1;
      first[set] += factor * sums.first[at];
      second[set] += factor * sums.second[at];
      weights[c] += sums.second[at] * static_cast<double>(rstd[set]);
      biases[c] += sums.first[at];
    }
    if (dw) std::copy(weights.begin(), weights.end(), dw);
    if (db) std::copy(biases.begin(), biases.end(), db);
    for (int64_t at = 0; at < l.channels(); ++at) {
      const int64_t set = sets.of(at), c = at % l.c;
      const double r = static_cast<double>(rstd[set]);
      const double share = -r / static_cast<double>(sets.elements());
      scale[at] = rstd[set] * (w ? w[c] : T{1});
      slope[at] = static_cast<T>(share * r * r * second[set]);
      shift[at] = static_cast<T>(share * first[set]);
    }
    const NormFunctions<T>& table = norm_functions<T>();
    if (constant) {
      // dx = rstd · g
      std::fill(shift, shift + l.channels(), T{});
      for_parts(l, [&](int64_t at, int64_t offset, int64_t pixels) {
        if (l.last) {
          table.pixel_affine(pixels, l.c, dy + offset, shift, scale + at, shift, dx + offset);
        } else {
          table.row_scale(pixels, dy + offset, T{}, scale[at], T{}, dx + offset);
        }
      });
      return;
    }
    // dx = rstd · (g - mean of g - (x - mean) · rstd² · mean of g · (x - mean))
    for_parts(l, [&](int64_t at, int64_t offset, int64_t pixels) {
      if (l.last) {
        table.pixel_grad(pixels, l.c, dy + offset, x + offset, mean + at, scale + at, slope + at,
                         shift + at, dx + offset);
      } else {
        table.row_grad(pixels, dy + offset, nullptr, x + offset, mean[at], scale[at], slope[at],
                       shift[at], dx + offset, nullptr, nullptr);
      }
    });
  });
}

// Moves running means and variances [c], in place, towards those of normChannels without groups.
// Inputs: both, then the statistics [3, c]. Parameters: the share of the new ones, and by what the
// variance is multiplied to be unbiased.
FLAMBEAU_KERNEL(normRunning) {
  const Tensor statistics = call.contiguous(call.in(2));
  const int64_t c = call.in(0).numel();
  with_floating(statistics.dtype, [&](auto zero) {
    using T = decltype(zero);
    require_internal(statistics.numel() == 3 * c && call.num_outputs() == 2,
                     "there are three statistics for each channel");
    const T* const means = statistics.as<T>();
    const T* const variances = means + 2 * c;
    move_running<T>(call, 0, c, call.param(0), 1, [&](int64_t k) { return means[k]; });
    move_running<T>(call, 1, c, call.param(0), call.param(1),
                    [&](int64_t k) { return variances[k]; });
  });
}

}  // namespace flambeau
