// Places for tensors beside the processor's memory. Another addon brings a kind of device
// (device_abi.h); each device of it gets an ordinal from 1 on, 0 being the processor.
#pragma once

#include <atomic>
#include <string>

#include "device_abi.h"
#include "failure.h"
#include "layout.h"

namespace flambeau {

struct Tensor;

class Device {
 public:
  Device(const FlambeauDevice* kind, int32_t index, int ordinal)
      : kind_(kind), index_(index), ordinal_(ordinal) {}

  const FlambeauDevice& kind() const { return *kind_; }
  int32_t index() const { return index_; }  // among devices of its kind
  int ordinal() const { return ordinal_; }
  std::string name() const { return std::string(kind_->name) + ":" + std::to_string(index_); }

  // Throws Failure("ERR_OUT_OF_MEMORY") where there is no room.
  void* allocate(size_t bytes);
  void deallocate(void* data, size_t bytes) noexcept;
  size_t live_bytes() const { return live_.load(std::memory_order_relaxed); }
  // Waits for everything that was begun.
  void synchronize();
  // Throws what the device says of its last failure, unless `status` is FLAMBEAU_OK.
  void check(int status) const;

 private:
  const FlambeauDevice* kind_;
  int32_t index_;
  int ordinal_;
  std::atomic<size_t> live_{0};
};

// How many ordinals there are, 0 without any device: read by every operation.
inline std::atomic<int> g_devices{0};
inline bool any_device() { return g_devices.load(std::memory_order_acquire) > 0; }

// The device of an ordinal; null for 0, the processor. Throws Failure("ERR_DEVICE") for others.
Device* device_at(int ordinal);
// Gives ordinals to the devices of a kind, once; later calls give the first of them again. Throws
// Failure("ERR_DEVICE") if the addon is of another version or cannot be connected.
int register_devices(const FlambeauDevice* kind);

// The device on which a tensor is; null for the processor.
Device* device_of(const Tensor& t);
// As the border sees a tensor: pointers into it, valid while it lives.
FlambeauTensor bordered(const Tensor& t);

// copy_into and fill_with, where at least one side is on a device. (device_copy.cc)
void copy_between(const Tensor& to, const Tensor& from);
void fill_on_device(const Tensor& to, double value);

}  // namespace flambeau
