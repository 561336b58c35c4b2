// Tensors as the kernels see them: a data type, a shape, strides, and a counted piece of memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "allocator.h"
#include "half.h"

namespace flambeau {

inline constexpr int kMaxDims = 16;

// The order is the code that crosses the JavaScript boundary (src/dtype.ts).
enum class DType : uint8_t {
  kFloat32,
  kFloat64,
  kInt64,
  kInt32,
  kUInt8,
  kBool,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16
};
inline constexpr int kNumDTypes = 10;

// Bytes of an element, by code in hexadecimal digits from the right: a table would be copied to the
// stack with every call.
constexpr size_t element_size(DType dtype) {
  return uint64_t{0x2122114884} >> (4 * static_cast<int>(dtype)) & 15;
}
const char* dtype_name(DType dtype);
// float16 and bfloat16: stored so, computed as float32.
constexpr bool is_16bit_float(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}
constexpr bool is_floating(DType dtype) {
  return dtype <= DType::kFloat64 || is_16bit_float(dtype);
}
// The narrow types, float16, bfloat16, int8 and int16: most kernels see them as their wide type,
// float32 or int32 (Call::run).
constexpr bool is_narrow(DType dtype) { return dtype >= DType::kFloat16; }
constexpr DType wide_type(DType dtype) {
  return !is_narrow(dtype) ? dtype : is_16bit_float(dtype) ? DType::kFloat32 : DType::kInt32;
}

template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "no dtype has this type");
  return DType{};
}();
template <>
inline constexpr DType dtype_of<float> = DType::kFloat32;
template <>
inline constexpr DType dtype_of<double> = DType::kFloat64;
template <>
inline constexpr DType dtype_of<int64_t> = DType::kInt64;
template <>
inline constexpr DType dtype_of<int32_t> = DType::kInt32;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::kUInt8;
template <>
inline constexpr DType dtype_of<bool> = DType::kBool;
template <>
inline constexpr DType dtype_of<Half> = DType::kFloat16;
template <>
inline constexpr DType dtype_of<BFloat16> = DType::kBFloat16;
template <>
inline constexpr DType dtype_of<int8_t> = DType::kInt8;
template <>
inline constexpr DType dtype_of<int16_t> = DType::kInt16;

// Throws Failure("ERR_INTERNAL"): a kernel met a narrow type that it does not know.
[[noreturn]] void reject_narrow(DType dtype);

// Calls body(T{}) with the C++ type of `dtype`, which is not narrow.
template <class Body>
decltype(auto) with_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat64: return body(double{});
    case DType::kInt64: return body(int64_t{});
    case DType::kInt32: return body(int32_t{});
    case DType::kUInt8: return body(uint8_t{});
    case DType::kBool: return body(bool{});
    case DType::kFloat32: return body(float{});
    default: reject_narrow(dtype);
  }
}

// The same for all types. Half and BFloat16 have no arithmetic: see half.h.
template <class Body>
decltype(auto) with_every_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat16: return body(Half{});
    case DType::kBFloat16: return body(BFloat16{});
    case DType::kInt8: return body(int8_t{});
    case DType::kInt16: return body(int16_t{});
    default: return with_type(dtype, body);
  }
}

// A block of memory shared by the tensors that view it. Counted atomically, so that workers may
// share it; the version rises with every in-place write.
struct Storage {
  explicit Storage(size_t size_bytes) : block(allocate(size_bytes)), bytes(size_bytes) {}
  ~Storage() { deallocate(block); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  // Small objects that come and go with every operation: kept for reuse by each thread.
  static void* operator new(size_t size);
  static void operator delete(void* memory) noexcept;

  Block block;
  size_t bytes;
  std::atomic<int32_t> refs{1};
  std::atomic<uint32_t> version{0};
  // The operation that wrote in place last, by the number that JavaScript gave it; 0 for none.
  std::atomic<uint32_t> writer{0};
  // Made in inference mode: such memory is never part of a graph.
  std::atomic<bool> inference{false};
  // Made for a result that a kernel stores in another order than row-major, as convolutions do:
  // its user did not ask for that, and views may bring it into row-major order.
  bool turned = false;
};

// Owns one count of a storage; empty for scalars that live in the call itself.
class StorageRef {
 public:
  StorageRef() = default;
  explicit StorageRef(Storage* adopted) : storage_(adopted) {}
  StorageRef(const StorageRef& other) : storage_(other.storage_) {
    if (storage_) storage_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  StorageRef(StorageRef&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  StorageRef& operator=(StorageRef other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~StorageRef() {
    if (storage_ && storage_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete storage_;
  }
  Storage* get() const { return storage_; }
  Storage* operator->() const { return storage_; }
  explicit operator bool() const { return storage_ != nullptr; }

 private:
  Storage* storage_ = nullptr;
};

// Sizes of a shape, outermost axis first.
//
// Only the first `ndim` sizes have a value: copies leave the rest alone, which every operation
// would pay for.
struct Shape {
  int ndim = 0;
  int64_t sizes[kMaxDims];

  Shape() {}  // NOLINT(modernize-use-equals-default): a default would set all sizes to zero
  Shape(const Shape& other) { *this = other; }
  Shape& operator=(const Shape& other) {
    ndim = other.ndim;
    for (int i = 0; i < ndim; ++i) sizes[i] = other.sizes[i];
    return *this;
  }
  Shape(std::initializer_list<int64_t> list) {
    for (int64_t size : list) sizes[ndim++] = size;
  }
  Shape(const int64_t* first, int count) : ndim(count) {
    for (int i = 0; i < count; ++i) sizes[i] = first[i];
  }
  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < ndim; ++i) n *= sizes[i];
    return n;
  }
  bool operator==(const Shape& other) const {
    if (ndim != other.ndim) return false;
    for (int i = 0; i < ndim; ++i)
      if (sizes[i] != other.sizes[i]) return false;
    return true;
  }
};

// A strided view of a storage. Strides count elements and may be zero (expanded axes); they are
// never negative. As with shapes, only the first `ndim` strides have a value.
struct Tensor {
  StorageRef storage;
  char* data = nullptr;  // the first element
  DType dtype = DType::kFloat32;
  Shape shape;
  int64_t strides[kMaxDims];

  Tensor() {}  // NOLINT(modernize-use-equals-default): a default would set all strides to zero
  Tensor(const Tensor& other) { *this = other; }
  Tensor(Tensor&& other) noexcept { *this = std::move(other); }
  Tensor& operator=(const Tensor& other) {
    storage = other.storage;
    copy_layout(other);
    return *this;
  }
  Tensor& operator=(Tensor&& other) noexcept {
    storage = std::move(other.storage);
    copy_layout(other);
    return *this;
  }
  ~Tensor() = default;

  int ndim() const { return shape.ndim; }
  int64_t size(int axis) const { return shape.sizes[axis]; }
  int64_t stride(int axis) const { return strides[axis]; }
  int64_t numel() const { return shape.numel(); }
  size_t item_bytes() const { return element_size(dtype); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }

  // Row-major without gaps. Axes of size 1 do not matter; an empty tensor is contiguous.
  bool is_contiguous() const;
  // A 4-D tensor [N, C, H, W] stored as N, H, W, C without gaps.
  bool is_channels_last() const;
  // No gaps and no overlaps in any order of axes.
  bool is_dense() const;

 private:
  void copy_layout(const Tensor& other) {
    data = other.data;
    dtype = other.dtype;
    shape = other.shape;
    for (int i = 0; i < shape.ndim; ++i) strides[i] = other.strides[i];
  }
};

// Writes row-major strides for `shape`.
void contiguous_strides(const Shape& shape, int64_t* strides);
// Writes strides of a dense tensor of `shape` whose axes are ordered in memory as those of `like`
// (same rank); row-major where `like` leaves the order open.
void strides_like(const Shape& shape, const Tensor& like, int64_t* strides);
// Writes the strides of [N, C, H, W] stored as N, H, W, C.
void channels_last_strides(const Shape& shape, int64_t* strides);

// Product of the sizes times the element size; throws std::bad_alloc where it exceeds 2^47.
size_t checked_bytes(const Shape& shape, DType dtype);

// A new dense tensor with unspecified contents.
Tensor empty_tensor(const Shape& shape, DType dtype);
Tensor empty_tensor(const Shape& shape, DType dtype, const int64_t* strides);

}  // namespace flambeau
