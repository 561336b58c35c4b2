// A tensor as rows along one of its axes, for kernels that work on whole rows: sorting, selecting.
#pragma once

#include <utility>

#include "call.h"
#include "primitives.h"
#include "sort_keys.h"

namespace flambeau::cuda {

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

template <class T>
FLAMBEAU_HD bool is_nan(T x) {
  return x != x;
}

// Bits of the keys of elements of type T: those above are 0.
template <class T>
inline constexpr int kKeyBits = 8 * sizeof(T);
// The key of an element, or its complement, which has the reverse order.
template <class T>
FLAMBEAU_HD typename SortKey<T>::Type key_of(T x, bool reversed) {
  using Key = typename SortKey<T>::Type;
  constexpr Key kMask = ~Key{0} >> (8 * sizeof(Key) - kKeyBits<T>);
  return SortKey<T>::of(x) ^ (reversed ? kMask : Key{0});
}

// The same elements with `axis` as the last axis.
inline Tensor moved_last(const Tensor& x, int axis) {
  Tensor view = x;
  for (int i = axis; i + 1 < x.ndim(); ++i) {
    std::swap(view.shape.sizes[i], view.shape.sizes[i + 1]);
    std::swap(view.strides[i], view.strides[i + 1]);
  }
  return view;
}

// Rows of n elements one after the other. A tensor without axes is one row of one element.
struct Rows {
  Tensor x;  // contiguous, the axis last
  int axis = 0;
  int64_t count = 1;
  int64_t n = 1;

  Rows(Call& call, const Tensor& from, int64_t along) : axis(static_cast<int>(along)) {
    if (along < 0 || along >= std::max(from.ndim(), 1))
      throw Failure("ERR_INTERNAL", "no such axis");
    x = from.ndim() == 0 ? from : call.contiguous(moved_last(from, axis));
    n = from.ndim() == 0 ? 1 : from.size(axis);
    for (int i = 0; i < from.ndim(); ++i)
      if (i != axis) count *= from.size(i);
  }
};

// Output `i` of a call with `width` elements for each row, in place of the n of x: filled row by
// row at data(), and then brought into the order of x's axes by finish().
class RowsOutput {
 public:
  RowsOutput(Call& call, int i, const Rows& rows, int64_t width, DType dtype)
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
    return filled_.as<T>();
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

// Output `i` of a call with one element for each row: the shape of x without the axis, or with
// size 1 in its place.
inline Tensor& output_of_rows(Call& call, int i, const Rows& rows, DType dtype) {
  if (call.in_place(i) || call.spec(i).dtype != dtype || call.spec(i).shape.numel() != rows.count)
    throw Failure("ERR_INTERNAL", "one result for each row");
  return call.out(i);
}

// values, places = the elements of every row in rising (or falling) order, NaN as the largest, and
// where they were; equal elements keep their order. Both are row by row; of `values` elements of
// x's type. (sort.cu)
void sort_rows(Call& call, const Rows& rows, bool descending, void* values, int64_t* places);

#if defined(FLAMBEAU_DEVICE_CODE)

// Items of keys and places (sort_keys.h) that come after all others.
FLAMBEAU_DEVICE void set_last(PackedItem& item) { item.bits = ~uint64_t{0}; }
FLAMBEAU_DEVICE void set_last(WideItem& item) {
  item.bits = ~uint64_t{0};
  item.at = INT64_MAX;
}

// Sorts each of the runs of `n` items, a power of two, that `items` in shared memory has `total`
// of. All threads of the block call it; it ends with a barrier.
template <class Item>
FLAMBEAU_DEVICE void block_sort(Item* items, int n, int total) {
  __syncthreads();
  for (int size = 2; size <= n; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int p = block_thread(); p < total / 2; p += block_threads()) {
        const int low = 2 * p - (p & (distance - 1));
        const Item a = items[low];
        const Item b = items[low + distance];
        // Bitonic: runs of `size` rise and fall in turn, but the last, of all n, rises.
        const bool rises = (low & (n - 1) & size) == 0;
        if (rises ? b < a : a < b) {
          items[low] = b;
          items[low + distance] = a;
        }
      }
      __syncthreads();
    }
  }
}

#endif

}  // namespace flambeau::cuda
