#include "devices.h"

#include <memory>
#include <mutex>
#include <vector>

#include "device_call.h"
#include "kernel.h"

namespace flambeau {

namespace {

std::mutex g_mutex;
std::unique_ptr<Device> g_table[FLAMBEAU_MAX_DEVICES];  // by ordinal - 1

}  // namespace

void Device::check(int status) const {
  if (status == FLAMBEAU_OK) return;
  const char* code = "ERR_DEVICE";
  const char* text = kind_->error(&code);
  throw Failure(status == FLAMBEAU_OUT_OF_MEMORY ? "ERR_OUT_OF_MEMORY" : known_code(code),
                text ? text : "the device failed");
}

void* Device::allocate(size_t bytes) {
  void* data = nullptr;
  const int status = kind_->allocate(index_, bytes, &data);
  if (status == FLAMBEAU_OUT_OF_MEMORY) {
    const char* code = nullptr;
    throw DeviceFull(kind_->error(&code));
  }
  check(status);
  live_.fetch_add(bytes, std::memory_order_relaxed);
  return data;
}

void Device::deallocate(void* data, size_t bytes) noexcept {
  live_.fetch_sub(bytes, std::memory_order_relaxed);
  kind_->deallocate(index_, data);
}

void Device::synchronize() { check(kind_->synchronize(index_)); }

Device* device_at(int ordinal) {
  if (ordinal == 0) return nullptr;
  if (ordinal < 0 || ordinal > g_devices.load(std::memory_order_acquire))
    throw Failure("ERR_DEVICE", "there is no device with this number");
  return g_table[ordinal - 1].get();
}

int register_devices(const FlambeauDevice* kind) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const int before = g_devices.load();
  for (int i = 0; i < before; ++i)
    if (&g_table[i]->kind() == kind) return i + 1;
  if (kind->abi != FLAMBEAU_DEVICE_ABI)
    throw Failure("ERR_DEVICE", "the device's addon is for border version " +
                                    std::to_string(kind->abi) + ", core for " +
                                    std::to_string(FLAMBEAU_DEVICE_ABI));
  if (kind->count < 1 || before + kind->count > FLAMBEAU_MAX_DEVICES)
    throw Failure("ERR_DEVICE", "the number of devices is out of range");
  // Kept for good: the device may keep them.
  static std::vector<const char*> names;
  names.clear();
  for (const std::string& name : KernelRegistry::instance().names()) names.push_back(name.c_str());
  if (kind->connect(device_host(), names.data(), static_cast<int32_t>(names.size())) !=
      FLAMBEAU_OK) {
    const char* code = nullptr;
    throw Failure("ERR_DEVICE", kind->error(&code));
  }
  for (int32_t i = 0; i < kind->count; ++i)
    g_table[before + i] = std::make_unique<Device>(kind, i, before + i + 1);
  g_devices.store(before + kind->count, std::memory_order_release);
  return before + 1;
}

Device* device_of(const Tensor& t) { return t.storage ? t.storage->device : nullptr; }

FlambeauTensor bordered(const Tensor& t) {
  FlambeauTensor b;
  b.data = t.data;
  b.storage = t.storage.get();
  b.storage_bytes = t.storage ? static_cast<int64_t>(t.storage->bytes) : 0;
  b.sizes = t.shape.sizes;
  b.strides = t.strides;
  b.ndim = t.ndim();
  b.dtype = static_cast<int32_t>(t.dtype);
  return b;
}

}  // namespace flambeau
