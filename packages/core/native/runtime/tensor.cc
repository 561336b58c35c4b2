#include "tensor.h"

#include <algorithm>
#include <new>
#include <vector>

#include "devices.h"

namespace flambeau {

namespace {

constexpr size_t kKeptStorages = 4096;

// Storages may die after the list: this needs no destructor and can still be read then.
thread_local bool t_closed = false;

struct StorageMemory {
  std::vector<void*> free;
  ~StorageMemory() {
    t_closed = true;
    for (void* memory : free) ::operator delete(memory);
  }
};
thread_local StorageMemory t_storages;

}  // namespace

void* Storage::operator new(size_t size) {
  if (t_closed || t_storages.free.empty()) return ::operator new(size);
  void* memory = t_storages.free.back();
  t_storages.free.pop_back();
  return memory;
}

void Storage::operator delete(void* memory) noexcept {
  if (t_closed || t_storages.free.size() >= kKeptStorages) return ::operator delete(memory);
  try {
    t_storages.free.push_back(memory);
  } catch (...) {
    ::operator delete(memory);
  }
}

Storage::Storage(size_t size_bytes, Device* where) : bytes(size_bytes), device(where) {
  block = where ? Block{where->allocate(size_bytes), size_bytes} : allocate(size_bytes);
}

void Storage::leave_device() noexcept { device->deallocate(block.ptr, block.bytes); }

Tensor empty_tensor(const Shape& shape, DType dtype, const int64_t* strides) {
  Tensor t = empty_tensor(shape, dtype);
  std::copy(strides, strides + shape.ndim, t.strides);
  t.storage->turned = !t.is_contiguous();
  return t;
}

Tensor empty_tensor(const Shape& shape, DType dtype, const int64_t* strides, Device* device) {
  if (!device) return strides ? empty_tensor(shape, dtype, strides) : empty_tensor(shape, dtype);
  Tensor t;
  t.storage = StorageRef(new Storage(checked_bytes(shape, dtype), device));
  t.data = static_cast<char*>(t.storage->block.ptr);
  t.dtype = dtype;
  t.shape = shape;
  contiguous_strides(shape, t.strides);
  if (!strides) return t;
  std::copy(strides, strides + shape.ndim, t.strides);
  t.storage->turned = !t.is_contiguous();
  return t;
}

Tensor empty_tensor(const Shape& shape, DType dtype) {
  Tensor t;
  t.storage = StorageRef(new Storage(checked_bytes(shape, dtype)));
  t.data = static_cast<char*>(t.storage->block.ptr);
  t.dtype = dtype;
  t.shape = shape;
  contiguous_strides(shape, t.strides);
  return t;
}

}  // namespace flambeau
