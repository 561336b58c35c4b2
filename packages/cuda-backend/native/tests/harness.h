// Runs kernels of the device as core would: arrays on the host go in, arrays on the host come out.
//
//   const Array x = array<float>({2, 3}, {1, 2, 3, 4, 5, 6});
//   const Results y = run("softmax", {x}, {{DType::kFloat32, {2, 3}}}, {1});
//   CHECK(y[0].values() == …);
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "runtime/border.h"
#include "runtime/kernels.h"
#include "runtime/memory.h"
#include "runtime/stream.h"

namespace flambeau::cuda::testing {

// A strided array on the host. `bytes` is its whole storage.
struct Array {
  DType dtype = DType::kFloat32;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  int64_t offset = 0;  // of the first element, in elements
  std::vector<char> bytes;

  int64_t numel() const {
    int64_t n = 1;
    for (int64_t size : sizes) n *= size;
    return n;
  }
  // The elements in row-major order, as numbers.
  std::vector<double> values() const;
  double value(int64_t flat) const { return values().at(static_cast<size_t>(flat)); }
};

inline std::vector<int64_t> row_major(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0; step *= std::max<int64_t>(sizes[i], 1)) strides[i] = step;
  return strides;
}

template <class T>
double as_double(T x) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return formulas::to_float(x);
  } else {
    return static_cast<double>(x);
  }
}
template <class T>
T as_type(double x) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return formulas::from_float<T>(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, bool>) {
    return x != 0;
  } else {
    return static_cast<T>(x);
  }
}

inline std::vector<double> Array::values() const {
  std::vector<double> out;
  const int64_t n = numel();
  for (int64_t flat = 0; flat < n; ++flat) {
    int64_t rest = flat, place = offset;
    for (size_t axis = sizes.size(); axis-- > 0; rest /= sizes[axis])
      place += rest % sizes[axis] * strides[axis];
    with_every_type(dtype, [&](auto zero) {
      using T = decltype(zero);
      T x;
      std::memcpy(&x, bytes.data() + place * static_cast<int64_t>(sizeof(T)), sizeof(T));
      out.push_back(as_double(x));
    });
  }
  return out;
}

// An array of this type, row-major unless strides say otherwise; then `values` is its storage.
inline Array typed(DType dtype, const std::vector<int64_t>& sizes,
                   const std::vector<double>& values, std::vector<int64_t> strides = {},
                   int64_t offset = 0) {
  Array a;
  a.dtype = dtype;
  a.sizes = sizes;
  a.strides = strides.empty() ? row_major(sizes) : std::move(strides);
  a.offset = offset;
  a.bytes.resize(values.size() * element_size(dtype));
  with_every_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < values.size(); ++i) {
      const T x = as_type<T>(values[i]);
      std::memcpy(a.bytes.data() + i * sizeof(T), &x, sizeof(T));
    }
  });
  return a;
}

template <class T>
Array array(const std::vector<int64_t>& sizes, const std::vector<double>& values,
            std::vector<int64_t> strides = {}, int64_t offset = 0) {
  return typed(dtype_of<T>, sizes, values, std::move(strides), offset);
}

// 0, 1, 2, … times `step`, plus `start`.
inline Array counting(DType dtype, const std::vector<int64_t>& sizes, double start = 0,
                      double step = 1) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(start + static_cast<double>(i) * step);
  return typed(dtype, sizes, values);
}

// An input: an array, a number, or nothing.
struct In {
  std::optional<Array> array;
  std::optional<double> number;
  DType dtype = DType::kFloat32;  // of the number

  In(const Array& a) : array(a) {}                                            // NOLINT
  In(double value, DType of = DType::kFloat32) : number(value), dtype(of) {}  // NOLINT
  In(std::nullopt_t) {}                                                       // NOLINT
};

// What an output is to be: a new array, or an existing one, whose storage is then the result's.
struct Out {
  DType dtype;
  std::vector<int64_t> sizes;
  std::optional<Array> target;
  // Does the target share its storage with input number `alias`?
  int alias = -1;

  Out(DType of, std::vector<int64_t> shape) : dtype(of), sizes(std::move(shape)) {}
  Out(const Array& into, int same_as = -1)  // NOLINT
      : dtype(into.dtype), sizes(into.sizes), target(into), alias(same_as) {}
};

using Results = std::vector<Array>;

// The part of core that a kernel talks to.
class FakeCore {
 public:
  struct Place {
    void* data = nullptr;
    Array as;  // sizes, strides, offset, type; bytes count the storage
  };
  std::vector<Place> outputs;
  std::vector<FlambeauOutput> specs;
  std::vector<void*> owned;
  std::string code, text;
  uint64_t drawn = 0;
  uint64_t seed = 42;

  static const FlambeauHost* table() {
    static const FlambeauHost host = {FLAMBEAU_DEVICE_ABI, output, temporary, draw, error, collect};
    return &host;
  }
  void* take(size_t bytes) {
    void* data = nullptr;
    if (device_table()->allocate(0, bytes, &data) != FLAMBEAU_OK) throw std::bad_alloc();
    if (data) owned.push_back(data);
    return data;
  }
  FakeCore() = default;
  FakeCore(const FakeCore&) = delete;
  ~FakeCore() {
    for (void* data : owned) device_table()->deallocate(0, data);
  }

 private:
  static FakeCore& of(void* host) { return *static_cast<FakeCore*>(host); }
  static int output(void* host, int32_t i, const int64_t* strides, int64_t elements,
                    FlambeauTensor* tensor) {
    FakeCore& core = of(host);
    Place& place = core.outputs[static_cast<size_t>(i)];
    const FlambeauOutput& spec = core.specs[static_cast<size_t>(i)];
    if (!place.data) {
      Array& a = place.as;
      a.dtype = static_cast<DType>(spec.dtype);
      a.sizes.assign(spec.sizes, spec.sizes + spec.ndim);
      a.strides = row_major(a.sizes);
      if (strides) a.strides.assign(strides, strides + spec.ndim);
      const int64_t count = elements > 0 ? elements : a.numel();
      a.bytes.resize(static_cast<size_t>(count) * element_size(a.dtype));
      place.data = core.take(a.bytes.size());
      // What a kernel forgets to write shows.
      if (place.data)
        check(cudaMemsetAsync(place.data, 0xa5, a.bytes.size(), current_stream(0)), "fill");
    }
    *tensor = described(place.data, place.as);
    return FLAMBEAU_OK;
  }
  static int temporary(void* host, size_t bytes, void** data) {
    *data = of(host).take(bytes);
    return FLAMBEAU_OK;
  }
  static int draw(void* host, int32_t, uint64_t count, uint64_t* seed, uint64_t* offset) {
    FakeCore& core = of(host);
    *seed = core.seed;
    *offset = core.drawn;
    core.drawn += count;
    return FLAMBEAU_OK;
  }
  static const char* error(void* host, const char** code) {
    *code = of(host).code.c_str();
    return of(host).text.c_str();
  }
  static void collect() {}

 public:
  static FlambeauTensor described(void* data, const Array& a) {
    FlambeauTensor t;
    t.data = static_cast<char*>(data) + a.offset * static_cast<int64_t>(element_size(a.dtype));
    t.storage = data;
    t.storage_bytes = static_cast<int64_t>(a.bytes.size());
    t.sizes = a.sizes.data();
    t.strides = a.strides.data();
    t.ndim = static_cast<int32_t>(a.sizes.size());
    t.dtype = static_cast<int32_t>(a.dtype);
    return t;
  }
};

// Throws what the device says of its last failure.
inline void require_ok(int status) {
  if (status == FLAMBEAU_OK) return;
  const char* code = nullptr;
  const char* text = device_table()->error(&code);
  throw Failure(code, text);
}

// The number of a kernel, once all are connected.
inline int kernel_number(const std::string& name) {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> all;
    for (const auto& kernel : KernelRegistry::instance().all()) all.push_back(kernel.name.c_str());
    require_ok(
        device_table()->connect(FakeCore::table(), all.data(), static_cast<int32_t>(all.size())));
    return all;
  }();
  for (size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<int>(i);
  throw Failure("ERR_INTERNAL", "there is no kernel '" + name + "'");
}

// A call with all that belongs to it.
class Prepared {
 public:
  Prepared(const std::vector<In>& inputs, const std::vector<Out>& outputs,
           std::vector<double> params)
      : ins_(inputs), outs_(outputs), params_(std::move(params)), values_(inputs.size()) {
    for (size_t i = 0; i < ins_.size(); ++i) {
      In& in = ins_[i];
      FlambeauInput& input = inputs_.emplace_back();
      input = {};
      if (in.number) {
        input.given = input.is_number = 1;
        input.value = *in.number;
        with_every_type(in.dtype, [&](auto zero) {
          const auto x = as_type<decltype(zero)>(*in.number);
          std::memcpy(&values_[i], &x, sizeof x);
        });
        input.tensor.data = &values_[i];
        input.tensor.dtype = static_cast<int32_t>(in.dtype);
      } else if (in.array) {
        input.given = 1;
        input.tensor = FakeCore::described(sent(*in.array), *in.array);
      }
    }
    for (Out& out : outs_) {
      FlambeauOutput& output = core_.specs.emplace_back();
      output.sizes = out.sizes.data();
      output.ndim = static_cast<int32_t>(out.sizes.size());
      output.dtype = output.stored_dtype = static_cast<int32_t>(out.dtype);
      output.in_place = out.target.has_value();
      FakeCore::Place& place = core_.outputs.emplace_back();
      if (!out.target) continue;
      place.as = *out.target;
      place.data = out.alias >= 0
                       ? const_cast<void*>(inputs_[static_cast<size_t>(out.alias)].tensor.storage)
                       : sent(*out.target);
    }
    call_ = {&core_,
             inputs_.data(),
             core_.specs.data(),
             params_.data(),
             static_cast<int32_t>(inputs_.size()),
             static_cast<int32_t>(core_.specs.size()),
             static_cast<int32_t>(params_.size()),
             0};
  }

  const FlambeauCall& call() const { return call_; }
  FakeCore& core() { return core_; }

  // The outputs on the host, once everything is done.
  Results results() {
    Results arrays;
    for (const FakeCore::Place& place : core_.outputs) {
      Array a = place.as;
      require_ok(device_table()->transfer(a.bytes.data(), -1, place.data, 0, a.bytes.size()));
      arrays.push_back(std::move(a));
    }
    return arrays;
  }

 private:
  void* sent(const Array& a) {
    void* const data = core_.take(a.bytes.size());
    require_ok(device_table()->transfer(data, 0, a.bytes.data(), -1, a.bytes.size()));
    return data;
  }

  std::vector<In> ins_;
  std::vector<Out> outs_;
  std::vector<double> params_;
  std::vector<int64_t> values_;  // of numbers
  std::vector<FlambeauInput> inputs_;
  FakeCore core_;
  FlambeauCall call_;
};

// Runs a kernel, waits for it, and raises what it reported.
inline Results run(const std::string& name, const std::vector<In>& inputs,
                   const std::vector<Out>& outputs, const std::vector<double>& params = {}) {
  const int kernel = kernel_number(name);
  Prepared prepared(inputs, outputs, params);
  require_ok(device_table()->launch(kernel, &prepared.call()));
  require_ok(device_table()->synchronize(0));
  return prepared.results();
}

// Are all elements as near as |a - b| <= absolute + relative·|b|? NaN equals NaN.
inline bool close(const std::vector<double>& a, const std::vector<double>& b,
                  double relative = 1e-5, double absolute = 1e-6) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    if (!(std::fabs(a[i] - b[i]) <= absolute + relative * std::fabs(b[i]))) return false;
  }
  return true;
}

}  // namespace flambeau::cuda::testing
