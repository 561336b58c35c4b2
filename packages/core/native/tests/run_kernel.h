// Elementwise kernels on views of plain tensors, with targets that may overlap the inputs.
#pragma once

#include <string>
#include <vector>

#include "kernel_harness.h"

namespace flambeau::testing {

// Runs a kernel; an input without storage is passed as a left-out one.
inline Tensor apply(const std::string& name, const std::vector<Tensor>& inputs, DType dtype,
                    const Shape& shape, const std::vector<double>& params = {},
                    const Tensor* target = nullptr) {
  Context context;
  Call call(context);
  std::vector<Entry*> entries;
  for (const Tensor& input : inputs) {
    entries.push_back(input.data ? context.add(Tensor(input)) : nullptr);
    call.add_input(entries.back());
  }
  Entry* into = target ? context.add(Tensor(*target)) : nullptr;
  call.add_output({dtype, shape, into});
  call.params() = params;
  call.run(kernel_index(name));
  Entry* out = call.take_output(0);
  return out->tensor;
}

// The value at a flat row-major position.
template <class T>
T value(const Tensor& t, int64_t position) {
  return element<T>(t, position);
}

inline Tensor counting(const Shape& shape, float start = 0) {
  Tensor t = empty_tensor(shape, DType::kFloat32);
  for (int64_t i = 0; i < t.numel(); ++i) t.as<float>()[i] = start + static_cast<float>(i);
  return t;
}

inline Tensor view(const Tensor& base, const Shape& shape, const std::vector<int64_t>& strides,
                   int64_t offset = 0) {
  Tensor t = base;
  t.shape = shape;
  t.data = base.data + offset * static_cast<int64_t>(base.item_bytes());
  std::copy(strides.begin(), strides.end(), t.strides);
  return t;
}

}  // namespace flambeau::testing
