// Index tensors: their types, and the error for an index that is out of range.
#pragma once

#include <cstring>
#include <string>

#include "in_place.h"
#include "index_axes.h"
#include "iterate.h"

namespace flambeau {

// `label` is the axis as its user knows it; -1 stands for all of the tensor, -2 for classes.
[[noreturn]] inline void throw_outside(const Tensor& index, int64_t flat, int64_t value,
                                       int64_t size, int64_t label) {
  std::string position;
  for (int axis = index.ndim() - 1; axis >= 0; --axis) {
    position = std::to_string(flat % index.size(axis)) + (position.empty() ? "" : ", " + position);
    flat /= index.size(axis);
  }
  const std::string count = std::to_string(size) + " ";
  throw Failure("ERR_INDEX",
                (label == -2 ? "class " : "index ") + std::to_string(value) +
                    (index.ndim() == 0 ? "" : " at position [" + position + "]") +
                    (label >= 0 ? " is outside axis " + std::to_string(label) + ", which has " +
                                      count + (size == 1 ? "position" : "positions")
                     : label == -1 ? " is outside the tensor, which has " + count +
                                         (size == 1 ? "element" : "elements")
                                   : " is outside [0, " + std::to_string(size) + ")"));
}

// Calls body(I{}) with the type of an index tensor.
template <class Body>
void with_index_type(const Tensor& index, const Body& body) {
  switch (index.dtype) {
    case DType::kInt64: return body(int64_t{});
    case DType::kInt32: return body(int32_t{});
    case DType::kUInt8: return body(uint8_t{});
    case DType::kInt16: return body(int16_t{});
    case DType::kInt8: return body(int8_t{});
    default: throw Failure("ERR_INTERNAL", "indices are whole numbers");
  }
}

// Calls body(T{}) with an unsigned type of `bytes` bytes.
template <class Body>
void with_item(size_t bytes, const Body& body) {
  if (bytes == 8) return body(uint64_t{});
  if (bytes == 4) return body(uint32_t{});
  if (bytes == 2) return body(uint16_t{});
  body(uint8_t{});
}

// Throws ERR_INDEX, naming the first one in row-major order, unless all indices are in [0, size),
// or in [-size, size) if they wrap.
void check_places(Call& call, const Tensor& index, int64_t size, bool wraps, int64_t label);

// Zeroes a new tensor.
inline void clear(Tensor& t) {
  const int64_t bytes = t.numel() * static_cast<int64_t>(t.item_bytes());
  parallel_for(bytes, kGrain * 8, [&](int64_t begin, int64_t end) {
    std::memset(t.data + begin, 0, static_cast<size_t>(end - begin));
  });
}

// What happens to an element that is written.
template <class T>
struct Assign {
  void operator()(T& to, T from) const { to = from; }
};
template <class T>
struct AddScaled {
  T alpha;
  void operator()(T& to, T from) const {
    if constexpr (std::is_same_v<T, bool>) {
      to = to || (from && alpha);
    } else if constexpr (std::is_floating_point_v<T>) {
      to += alpha * from;
    } else {
      // Wraps; signed overflow would be undefined.
      using U = std::make_unsigned_t<T>;
      to = static_cast<T>(static_cast<U>(to) + static_cast<U>(alpha) * static_cast<U>(from));
    }
  }
};

}  // namespace flambeau
