// Devices, and the streams that work is put on. Each device has a default stream of its own, which
// does not wait for the legacy stream; a thread may choose another one per device.
#pragma once

#include <string>
#include <utility>

#include "launch.h"

namespace flambeau::cuda {

// How many devices there are; looked up once. Zero where `why_unavailable` says something.
int device_count();
// Why no device can be used: what is wrong, and the remedy. Empty where one can.
struct Unavailable {
  std::string rule;
  std::string fix;
};
const Unavailable& why_unavailable();

// Throws ERR_VALUE unless `index` is that of a device.
void check_device(int index);
// Makes `index` the device that CUDA calls of this thread mean. Cheap where it is already.
void use_device(int index);

// The device that 'cuda' without an index means, for this thread.
int current_device();
void set_current_device(int index);

cudaStream_t default_stream(int device);
// The stream that this thread puts work for a device on. Who asks for it is about to: operations
// that a graph holds back (fusion/) go first, so that the order stays. Streams are handed out here,
// by Call::stream() and by number (addon/streams.h), and all three see to that; who holds
// operations back never asks.
cudaStream_t current_stream(int device);
// The same, to be compared or noted, and for nothing else.
cudaStream_t stream_in_use(int device);
void set_current_stream(int device, cudaStream_t stream);
// One of 32 streams per device and priority, handed out in turn. A lower number comes first;
// numbers beyond the device's range mean its ends.
cudaStream_t pooled_stream(int device, int priority);
// The least and the greatest priority, such as 0 and -5.
std::pair<int, int> priority_range(int device);
// Has any stream but the default ones been handed out? As long as not, everything is in order.
bool many_streams();

// An event, made on first use and destroyed with its owner.
class Event {
 public:
  explicit Event(bool timing) : timing_(timing) {}
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool recorded() const { return event_ != nullptr; }
  int device() const { return device_; }
  void record(int device, cudaStream_t stream);
  // Lets what comes later on `stream` wait for it; nothing where it was never recorded.
  void wait(int device, cudaStream_t stream) const;
  // Has the work before it been done?
  bool query() const;
  void synchronize() const;
  // Milliseconds from this one to `end`. Throws ERR_VALUE unless both keep time and are done.
  float elapsed(const Event& end) const;

 private:
  bool timing_;
  int device_ = -1;
  cudaEvent_t event_ = nullptr;
};

// Waits for the work on a stream, or on all of a device, and raises what it reported (fault.h).
// `call` names who asked: waiting is refused while a graph is captured.
void synchronize_stream(int device, cudaStream_t stream, const char* call);
void synchronize_device(int device, const char* call);

}  // namespace flambeau::cuda
