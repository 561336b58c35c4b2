// A call whose tensors are on a device.
#pragma once

#include "devices.h"
#include "failure.h"

namespace flambeau {

// What core offers to kernels of devices.
const FlambeauHost* device_host();

// A code of a failure that came over the border, as one of those that src/native-errors.ts knows.
const char* known_code(const char* code);

// There is no room on a device: garbage may be collected and the allocation tried again. The text
// is the device's.
class DeviceFull : public Failure {
 public:
  explicit DeviceFull(const char* text) : Failure("ERR_OUT_OF_MEMORY", text) {}
};

}  // namespace flambeau
