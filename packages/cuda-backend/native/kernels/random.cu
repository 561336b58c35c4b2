// Random tensors of floating numbers, and of zeros and ones. philox.h says which numbers they are.
#include "random_fill.h"

namespace flambeau::cuda {

namespace {

// Uniform in (0, 1): the middle of one of 2^23 or 2^52 intervals.
__device__ __forceinline__ float open_unit(uint32_t word) {
  return (static_cast<float>(word >> 9) + 0.5f) * 0x1p-23f;
}
__device__ __forceinline__ double open_unit(uint64_t bits) {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

__device__ __forceinline__ float unit(uint32_t word) { return unit_float(word); }
__device__ __forceinline__ double unit(uint64_t bits) { return unit_double(bits); }

__device__ __forceinline__ float natural_log(float x) { return ::logf(x); }
__device__ __forceinline__ double natural_log(double x) { return ::log(x); }

// What T needs of words: 2 for float64.
template <class T>
inline constexpr int kWordsOf = std::is_same_v<T, double> ? 2 : 1;

template <class T>
struct UniformSample {
  Computed<T> from, width;
  T to, first;

  template <class Word>
  __device__ __forceinline__ T operator()(Word word, int64_t) const {
    const T value = narrowed<T>(unit(word) * width + from);
    return widened(value) == widened(to) ? first : value;
  }
};

template <class T>
struct ExponentialSample {
  Computed<T> scale;  // 1 / rate

  template <class Word>
  __device__ __forceinline__ T operator()(Word word, int64_t) const {
    return narrowed<T>(-natural_log(open_unit(word)) * scale);
  }
};

template <class T>
struct CauchySample {
  double median, sigma;

  __device__ __forceinline__ T operator()(uint64_t bits, int64_t) const {
    constexpr double kPi = 3.14159265358979323846;
    return narrowed<T>(
        static_cast<Computed<T>>(median + sigma * ::tan(kPi * (unit_double(bits) - 0.5))));
  }
};

// Trials up to the first success.
template <class T>
struct GeometricSample {
  double scale;  // log(1 - p)

  __device__ __forceinline__ T operator()(uint64_t bits, int64_t) const {
    const double value = ::ceil(::log(open_unit(bits)) / scale);
    if constexpr (is_real<T>) {
      return narrowed<T>(static_cast<Computed<T>>(value));
    } else {
      return static_cast<T>(converted<int64_t>(value));
    }
  }
};

// 1 with a probability in units of 2^-32.
template <class T>
struct BernoulliSample {
  uint64_t threshold;
  T one;

  __device__ __forceinline__ T operator()(uint32_t word, int64_t) const {
    return word < threshold ? one : T{};
  }
};

template <class T>
struct BernoulliEachSample {
  const void* p;
  DType stored;
  T one;
  const Fault* fault;

  __device__ __forceinline__ T operator()(uint64_t bits, int64_t i) const {
    const double chance = stored == DType::kFloat64
                              ? static_cast<const double*>(p)[i]
                              : static_cast<double>(read_computed<float>(p, i, stored));
    if (!(chance >= 0 && chance <= 1)) report_number(fault, kFaultProbability, chance, i);
    return unit_double(bits) < chance ? one : T{};
  }
};

// Normal numbers come in pairs (Box and Muller 1958): of elements 2 k and 2 k + 1.
__device__ __forceinline__ void normal_pair(uint32_t a, uint32_t b, float* out) {
  float sine, cosine;
  sincospif(2 * unit_float(b), &sine, &cosine);
  const float radius = ::sqrtf(-2 * ::logf(open_unit(a)));
  out[0] = radius * cosine;
  out[1] = radius * sine;
}
__device__ __forceinline__ void normal_pair(uint64_t a, uint64_t b, double* out) {
  const double angle = 2 * 3.14159265358979323846 * unit_double(b);
  const double radius = ::sqrt(-2 * ::log(open_unit(a)));
  out[0] = radius * ::cos(angle);
  out[1] = radius * ::sin(angle);
}

// mean + std · normal; or exp of that. Means and deviations of elements, if they are given, lie as
// the elements do.
template <class T, bool kExponential>
__global__ void __launch_bounds__(kRandomThreads)
    normal_fill(Philox given, int64_t n, Numbers<Computed<T>> mean, Numbers<Computed<T>> std,
                const Fault* fault, T* out) {
  using C = Computed<T>;
  constexpr int kEach = 4 / kWordsOf<T>;
  const Philox philox = given.now();
  for (int64_t i = global_thread() * kEach; i < n; i += global_threads() * kEach) {
    const Words words = philox_words(philox.seed, philox.offset + i / kEach, 0);
    C values[kEach];
    if constexpr (std::is_same_v<C, double>) {
      normal_pair(word_pair(words, 0), word_pair(words, 1), values);
    } else {
      normal_pair(words.at[0], words.at[1], values);
      normal_pair(words.at[2], words.at[3], values + 2);
    }
    Pack<T, kEach> pack;
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      const int64_t at = i + j < n ? i + j : 0;
      const C deviation = std[at];
      if (std.data && !(deviation >= C(0)))
        report_number(fault, kFaultDeviation, static_cast<double>(deviation), at);
      C value = values[j] * deviation + mean[at];
      if constexpr (kExponential) value = static_cast<C>(::exp(static_cast<double>(value)));
      pack[j] = narrowed<T>(value);
    }
    if (i + kEach <= n) {
      store_pack(out + i, pack);
    } else {
#pragma unroll
      for (int j = 0; j < kEach; ++j)
        if (i + j < n) out[i + j] = pack[j];
    }
  }
}

template <class T, bool kExponential>
void fill_normal(Call& call, const Tensor& out, const Numbers<Computed<T>>& mean,
                 const Numbers<Computed<T>>& std) {
  fill_in_order<T>(call, out, [&](T* data) {
    const int64_t n = out.numel();
    constexpr int kEach = 4 / kWordsOf<T>;
    launch(normal_fill<T, kExponential>, grid_for(n, kEach, call.properties(), kRandomThreads),
           kRandomThreads, 0, call.stream(), draw_words(call, n, kWordsOf<T>), n, mean, std,
           std.data ? call.fault() : nullptr, data);
  });
}
template <bool kExponential>
void normal_by_params(Call& call) {
  const Tensor& out = tensor_to_fill(call);
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const auto number = [](double x) {
      return Numbers<C>{nullptr, dtype_of<C>, static_cast<C>(x)};
    };
    fill_normal<T, kExponential>(call, out, number(call.param(1)), number(call.param(2)));
  });
}

// Input `i` broadcast to `like` and row-major, or a number.
template <class C>
Numbers<C> broadcast_numbers(Call& call, int i, const Tensor& like, double otherwise) {
  if (!call.has(i)) return {nullptr, dtype_of<C>, static_cast<C>(otherwise)};
  const Tensor& given = call.in(i);
  require_internal(wide_type(given.dtype) == dtype_of<C>,
                   "mean, std and the result must have one dtype");
  const Tensor each = call.temporary(like.shape, given.dtype);
  if (like.numel() > 0) copy_into(call, each, given);
  return {each.data, each.dtype, C(0)};
}

}  // namespace

// Uniform in [from, to); parameters: generator, from, to. What rounds up to `to` becomes `from`.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(uniform) {
  const Tensor& out = tensor_to_fill(call);
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    const C from = static_cast<C>(call.param(1));
    const C to = static_cast<C>(call.param(2));
    fill_random<kWordsOf<T>, T>(
        call, out, UniformSample<T>{from, to - from, narrowed<T>(to), narrowed<T>(from)});
  });
}

// Normal; parameters: generator, mean, std.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normal) { normal_by_params<false>(call); }

// Exponentials of normal samples; parameters: generator, mean and std of the logarithm.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(logNormal) { normal_by_params<true>(call); }

// Normal with a mean and a standard deviation for each element, in a new row-major tensor. Inputs:
// mean and std, either of which may be left out for one number; parameters: generator, mean, std.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(normalEach) {
  const Tensor& out = call.out(0);
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    using C = Computed<T>;
    fill_normal<T, false>(call, out, broadcast_numbers<C>(call, 0, out, call.param(1)),
                          broadcast_numbers<C>(call, 1, out, call.param(2)));
  });
}

// Exponential; parameters: generator, rate.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(exponential) {
  const Tensor& out = tensor_to_fill(call);
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto scale = static_cast<Computed<T>>(1 / call.param(1));
    fill_random<kWordsOf<T>, T>(call, out, ExponentialSample<T>{scale});
  });
}

// Cauchy; parameters: generator, median, sigma.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(cauchy) {
  const Tensor& out = tensor_to_fill(call);
  with_float_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    fill_random<2, T>(call, out, CauchySample<T>{call.param(1), call.param(2)});
  });
}

// Trials up to the first success, not of bool; parameters: generator, p.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(geometric) {
  const Tensor& out = tensor_to_fill(call);
  const double scale = std::log(1 - call.param(1));
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>) {
      throw Failure("ERR_INTERNAL", "bools do not count");
    } else {
      fill_random<2, T>(call, out, GeometricSample<T>{scale});
    }
  });
}

// 1 with probability p, else 0; parameters: generator, p.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(bernoulli) {
  const Tensor& out = tensor_to_fill(call);
  const double p = call.param(1);
  const auto threshold =
      static_cast<uint64_t>(std::ceil((p > 0 ? std::min(p, 1.0) : 0.0) * 0x1p32));
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    fill_random<1, T>(call, out, BernoulliSample<T>{threshold, converted<T>(1.0f)});
  });
}

// The same with a probability for each element. Inputs: what `target` takes, and p, floating, which
// broadcasts to the output.
FLAMBEAU_CUDA_KERNEL_ALL_TYPES(bernoulliEach) {
  const Tensor& out = tensor_to_fill(call);
  const Tensor& p = call.in(1);
  require_internal(is_floating(p.dtype), "probabilities are floating numbers");
  if (out.numel() == 0) return;
  // Apart from what is written.
  const Tensor each = call.temporary(out.shape, p.dtype);
  copy_into(call, each, p);
  with_every_type(out.dtype, [&](auto zero) {
    using T = decltype(zero);
    fill_random<2, T>(
        call, out, BernoulliEachSample<T>{each.data, each.dtype, converted<T>(1.0f), call.fault()});
  });
}

}  // namespace flambeau::cuda
