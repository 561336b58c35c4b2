// Something that each device has one of, made when it is first asked for and never destroyed. Asked
// for by every call, so finding it takes neither a lock nor a flag of its thread.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "device_abi.h"
#include "failure.h"

namespace flambeau::cuda {

template <class T>
class PerDevice {
 public:
  // What device `index` has; make(index) gives a pointer to it the first time. Throws ERR_VALUE
  // where no device can have this number; whether there is one, `make` has to find out.
  template <class Make>
  T& get(int index, const Make& make) {
    if (index < 0 || index >= FLAMBEAU_MAX_DEVICES)
      throw Failure("ERR_VALUE", "there is no GPU " + std::to_string(index));
    if (T* const found = made_[index].load(std::memory_order_acquire)) return *found;
    const std::lock_guard lock(mutex_);
    T* found = made_[index].load(std::memory_order_relaxed);
    if (!found) {
      found = make(index);
      made_[index].store(found, std::memory_order_release);
    }
    return *found;
  }

  // The same, or null where it has not been made.
  T* find(int index) const { return made_[index].load(std::memory_order_acquire); }

 private:
  std::atomic<T*> made_[FLAMBEAU_MAX_DEVICES] = {};
  std::mutex mutex_;
};

}  // namespace flambeau::cuda
