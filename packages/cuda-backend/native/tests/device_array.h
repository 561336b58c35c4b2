// What tests of the emulated device share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../emulation/state.h"
#include "launch.h"

namespace flambeau::cuda {

// Memory of the device for a test.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count) {
    check(cudaMalloc(&data_, count * sizeof(T)), "cudaMalloc");
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    check(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice),
          "cudaMemcpy");
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  T* data() const { return data_; }
  std::vector<T> read() const {
    std::vector<T> values(count_);
    check(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost),
          "cudaMemcpy");
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t count_;
};

// The failure that `body` throws; empty if it throws none.
inline std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Settings of the emulation that last as long as this object: failures are not printed, and known
// at once, unless the test changes that.
struct Changed {
  emulation::Settings before = emulation::settings();
  Changed() {
    emulation::settings().quiet = true;
    emulation::settings().asynchronous = false;
    emulation::settings().lasting = false;
  }
  ~Changed() { emulation::settings() = before; }
};

}  // namespace flambeau::cuda
