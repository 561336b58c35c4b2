// Tensors as the kernels see them: a layout and a counted piece of memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "allocator.h"
#include "layout.h"

namespace flambeau {

class Device;  // devices.h

// A block of memory shared by the tensors that view it. Counted atomically, so that workers may
// share it; the version rises with every in-place write.
struct Storage {
  explicit Storage(size_t size_bytes) : block(allocate(size_bytes)), bytes(size_bytes) {}
  // On a device; null: in the processor's memory.
  Storage(size_t size_bytes, Device* where);
  ~Storage() {
    if (device) {
      leave_device();
    } else {
      deallocate(block);
    }
  }
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
  Device* device = nullptr;  // null: the processor

 private:
  void leave_device() noexcept;
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

// A strided view of a storage.
struct Tensor : Strided {
  StorageRef storage;
};

// A new dense tensor with unspecified contents.
Tensor empty_tensor(const Shape& shape, DType dtype);
Tensor empty_tensor(const Shape& shape, DType dtype, const int64_t* strides);
// The same on a device, if one is given; without strides, row-major.
Tensor empty_tensor(const Shape& shape, DType dtype, const int64_t* strides, Device* device);

}  // namespace flambeau
