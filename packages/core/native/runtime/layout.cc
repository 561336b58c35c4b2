#include "layout.h"

#include <algorithm>
#include <new>
#include <string>

#include "failure.h"

namespace flambeau {

const char* dtype_name(DType dtype) {
  constexpr const char* kNames[kNumDTypes] = {"float32", "float64", "int64",    "int32", "uint8",
                                              "bool",    "float16", "bfloat16", "int8",  "int16"};
  return kNames[static_cast<int>(dtype)];
}

void reject_narrow(DType dtype) {
  throw Failure("ERR_INTERNAL", std::string("this kernel is not for ") + dtype_name(dtype));
}

bool Strided::is_contiguous() const {
  int64_t expected = 1;
  for (int i = ndim() - 1; i >= 0; --i) {
    if (size(i) == 0) return true;
    if (size(i) != 1 && strides[i] != expected) {
      for (int j = i - 1; j >= 0; --j)
        if (size(j) == 0) return true;
      return false;
    }
    expected *= size(i);
  }
  return true;
}

bool Strided::is_channels_last() const {
  if (ndim() != 4) return false;
  int64_t expected = 1;
  for (int axis : {1, 3, 2, 0}) {
    if (size(axis) == 0) return true;
    if (size(axis) != 1 && strides[axis] != expected) return false;
    expected *= size(axis);
  }
  return true;
}

namespace {

// Axes sorted from the innermost in memory to the outermost; ties keep row-major order. Axes of
// size 1 have no say and come last.
void memory_order(const Strided& t, int* order) {
  int count = 0;
  for (int i = t.ndim() - 1; i >= 0; --i)
    if (t.size(i) != 1) order[count++] = i;
  std::stable_sort(order, order + count, [&](int a, int b) { return t.strides[a] < t.strides[b]; });
  for (int i = t.ndim() - 1; i >= 0; --i)
    if (t.size(i) == 1) order[count++] = i;
}

bool has_expanded_axis(const Strided& t) {
  for (int i = 0; i < t.ndim(); ++i)
    if (t.size(i) > 1 && t.strides[i] == 0) return true;
  return false;
}

}  // namespace

bool Strided::is_dense() const {
  if (numel() == 0) return true;
  int axes[kMaxDims];
  int count = 0;
  for (int i = 0; i < ndim(); ++i)
    if (size(i) != 1) axes[count++] = i;
  std::sort(axes, axes + count, [&](int a, int b) { return strides[a] < strides[b]; });
  int64_t expected = 1;
  for (int i = 0; i < count; ++i) {
    if (strides[axes[i]] != expected) return false;
    expected *= size(axes[i]);
  }
  return true;
}

void contiguous_strides(const Shape& shape, int64_t* strides) {
  int64_t step = 1;
  for (int i = shape.ndim - 1; i >= 0; --i) {
    strides[i] = step;
    step *= std::max<int64_t>(shape.sizes[i], 1);
  }
}

void strides_like(const Shape& shape, const Strided& like, int64_t* strides) {
  if (like.ndim() == 4 && !like.is_contiguous() && like.is_channels_last())
    return channels_last_strides(shape, strides);
  if (like.is_contiguous() || has_expanded_axis(like)) return contiguous_strides(shape, strides);
  int order[kMaxDims];
  memory_order(like, order);
  int64_t step = 1;
  for (int i = 0; i < shape.ndim; ++i) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(shape.sizes[order[i]], 1);
  }
}

void channels_last_strides(const Shape& shape, int64_t* strides) {
  int64_t step = 1;
  const auto place = [&](int axis) {
    strides[axis] = step;
    step *= std::max<int64_t>(shape.sizes[axis], 1);
  };
  place(1);
  for (int axis = shape.ndim - 1; axis > 1; --axis) place(axis);
  place(0);
}

size_t checked_bytes(const Shape& shape, DType dtype) {
  constexpr int64_t kLimit = int64_t{1} << 47;
  int64_t total = static_cast<int64_t>(element_size(dtype));
  bool empty = false;
  for (int i = 0; i < shape.ndim; ++i) {
    if (shape.sizes[i] < 0) throw std::bad_alloc();
    if (shape.sizes[i] == 0) {
      empty = true;
      continue;
    }
    if (shape.sizes[i] > kLimit / total) throw std::bad_alloc();
    total *= shape.sizes[i];
  }
  return empty ? 0 : static_cast<size_t>(total);
}

}  // namespace flambeau
