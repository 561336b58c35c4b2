// Runs kernels by name on tensors made from lists of numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "kernel.h"
#include "parallel.h"

namespace flambeau::testing {

inline int kernel_index(const std::string& name) {
  const auto& names = KernelRegistry::instance().names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Failure("ERR_INTERNAL", "no kernel is called " + name);
  return static_cast<int>(found - names.begin());
}

struct Output {
  DType dtype;
  Shape shape;
  int target = -1;  // the input that is written in place
};

// An input left out.
inline const Tensor kNone = [] {
  Tensor t;
  t.shape.ndim = -1;
  return t;
}();

// Runs kernel `name` and returns its outputs.
inline std::vector<Tensor> run(const std::string& name, const std::vector<Tensor>& inputs,
                               const std::vector<Output>& outputs,
                               const std::vector<double>& params = {}) {
  Context context;
  std::vector<Tensor> results;
  std::vector<Entry*> entries;
  {
    Call call(context);
    for (const Tensor& input : inputs) {
      Entry* entry = input.ndim() < 0 ? nullptr : context.add(Tensor(input));
      entries.push_back(entry);
      call.add_input(entry);
    }
    for (const Output& output : outputs)
      call.add_output(
          {output.dtype, output.shape, output.target < 0 ? nullptr : entries[output.target]});
    call.params() = params;
    call.run(kernel_index(name));
    for (size_t i = 0; i < outputs.size(); ++i) {
      Entry* entry = call.take_output(static_cast<int>(i));
      results.push_back(entry->tensor);
      context.release(entry);
    }
  }
  return results;
}

// Element at flat row-major position `index` of the shape.
inline int64_t offset_of(const Tensor& t, int64_t index) {
  int64_t offset = 0;
  for (int axis = t.ndim() - 1; axis >= 0; --axis) {
    offset += index % t.size(axis) * t.stride(axis);
    index /= t.size(axis);
  }
  return offset;
}
template <class T>
T& element(const Tensor& t, int64_t index) {
  return t.as<T>()[offset_of(t, index)];
}

template <class T>
std::vector<T> values(const Tensor& t) {
  std::vector<T> list(static_cast<size_t>(t.numel()));
  for (size_t i = 0; i < list.size(); ++i) list[i] = element<T>(t, static_cast<int64_t>(i));
  return list;
}

template <class T>
Tensor tensor(const Shape& shape, const std::vector<T>& list) {
  Tensor t = empty_tensor(shape, dtype_of<T>);
  std::copy(list.begin(), list.end(), t.as<T>());
  return t;
}

// Uniform in [-1, 1) (floats) or small whole numbers.
template <class T>
Tensor random_tensor(const Shape& shape, uint32_t seed) {
  std::mt19937 engine(seed);
  Tensor t = empty_tensor(shape, dtype_of<T>);
  for (int64_t i = 0; i < t.numel(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      t.as<T>()[i] = static_cast<T>(static_cast<double>(engine()) / 0x1p31 - 1);
    } else {
      t.as<T>()[i] = static_cast<T>(engine() % 201);
    }
  }
  return t;
}

inline Tensor transposed(Tensor t, int a, int b) {
  std::swap(t.shape.sizes[a], t.shape.sizes[b]);
  std::swap(t.strides[a], t.strides[b]);
  return t;
}

// Every second element along `axis`.
inline Tensor every_second(Tensor t, int axis) {
  t.shape.sizes[axis] = (t.shape.sizes[axis] + 1) / 2;
  t.strides[axis] *= 2;
  return t;
}

// A view [count, ...] whose new first axis repeats t.
inline Tensor expanded(const Tensor& t, int64_t count) {
  Tensor view = t;
  view.shape.ndim = t.ndim() + 1;
  for (int axis = t.ndim(); axis > 0; --axis) {
    view.shape.sizes[axis] = t.size(axis - 1);
    view.strides[axis] = t.stride(axis - 1);
  }
  view.shape.sizes[0] = count;
  view.strides[0] = 0;
  return view;
}

// The largest |a - b| / (1 + |b|); infinite where exactly one is NaN or infinities differ.
template <class T>
double difference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]);
    const double y = static_cast<double>(b[i]);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double error = std::fabs(x - y) / (1 + std::fabs(y));
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

// Sets the number of threads for as long as it lives.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace flambeau::testing
