// A tensor as rows along one of its axes, for kernels that work on whole rows: sorting, selecting.
// For tensors of the processor and of devices.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "failure.h"
#include "layout.h"

namespace flambeau {

// Calls body(T{}) with the C++ type of `dtype`, bools as bytes.
template <class Body>
void with_element(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat32: return body(float{});
    case DType::kFloat64: return body(double{});
    case DType::kInt64: return body(int64_t{});
    case DType::kInt32: return body(int32_t{});
    case DType::kUInt8:
    case DType::kBool: return body(uint8_t{});
    default: throw Failure("ERR_INTERNAL", std::string("not for ") + dtype_name(dtype));
  }
}

// The same elements with `axis` as the last axis.
template <class Tensor>
Tensor moved_last(const Tensor& x, int axis) {
  Tensor view = x;
  for (int i = axis; i + 1 < x.ndim(); ++i) {
    std::swap(view.shape.sizes[i], view.shape.sizes[i + 1]);
    std::swap(view.strides[i], view.strides[i + 1]);
  }
  return view;
}

// Rows of n elements one after the other. A tensor without axes is one row of one element.
template <class Tensor>
struct TensorRows {
  Tensor x;  // contiguous, the axis last
  int axis = 0;
  int64_t count = 1;
  int64_t n = 1;

  template <class Call>
  TensorRows(Call& call, const Tensor& from, int64_t along) : axis(static_cast<int>(along)) {
    if (along < 0 || along >= std::max(from.ndim(), 1))
      throw Failure("ERR_INTERNAL", "no such axis");
    x = from.ndim() == 0 ? from : call.contiguous(moved_last(from, axis));
    n = from.ndim() == 0 ? 1 : from.size(axis);
    for (int i = 0; i < from.ndim(); ++i)
      if (i != axis) count *= from.size(i);
  }

  template <class T>
  const T* row(int64_t i) const {
    return x.template as<T>() + i * n;
  }
};

// All elements as `count` rows of n, whatever axes they are made of.
template <class Tensor>
struct FlatRows {
  Tensor x;  // contiguous
  int64_t n;
  int64_t count;
};
template <class Call, class Tensor>
FlatRows<Tensor> flat_rows(Call& call, const Tensor& x, int64_t n) {
  const int64_t numel = x.numel();
  require_internal(n >= 0 && (n == 0 ? numel == 0 : numel % n == 0),
                   "the rows do not fit the tensor");
  return {call.contiguous(x), n, n == 0 ? 0 : numel / n};
}

// For kernels whose places in a row have 32 bits.
template <class Tensor>
void require_short_rows(const TensorRows<Tensor>& rows) {
  if (rows.n > INT32_MAX) throw Failure("ERR_VALUE", "rows of 2^31 elements or more");
}

// Output `i` of a call with one element for each row: the shape of x without the axis, or with
// size 1 in its place.
template <class Call, class Tensor>
Tensor& output_of_rows(Call& call, int i, const TensorRows<Tensor>& rows, DType dtype) {
  if (call.in_place(i) || call.spec(i).dtype != dtype || call.spec(i).shape.numel() != rows.count)
    throw Failure("ERR_INTERNAL", "one result for each row");
  return call.out(i);
}

// Output `i` of a call with `width` elements for each row, in place of the n of x: filled row by
// row at data(), and then brought into the order of x's axes by finish().
template <class Call, class Tensor>
class TensorRowsOutput {
 public:
  TensorRowsOutput(Call& call, int i, const TensorRows<Tensor>& rows, int64_t width, DType dtype)
      : call_(call), out_(call.out(i)), axis_(rows.axis) {
    const bool fits = !call.in_place(i) && out_.dtype == dtype &&
                      out_.numel() == rows.count * width &&
                      (out_.ndim() == 0 || (axis_ < out_.ndim() && out_.size(axis_) == width));
    if (!fits) throw Failure("ERR_INTERNAL", "the wrong output for rows");
    if (out_.ndim() == 0 || axis_ == out_.ndim() - 1) {
      filled_ = out_;
    } else {
      filled_ = call.temporary(moved_last(out_, axis_).shape, dtype);
    }
  }
  template <class T>
  T* data() const {
    return filled_.template as<T>();
  }
  void finish() const {
    if (filled_.data != out_.data) copy_into(call_, moved_last(out_, axis_), filled_);
  }

 private:
  Call& call_;
  const Tensor& out_;
  int axis_;
  Tensor filled_;
};

}  // namespace flambeau
