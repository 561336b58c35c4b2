// Who has read and written each byte of memory last, and whether that is a race.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flambeau::cuda::emulation::watch {

// What the accesses of a launch go to. Memory of the host, stacks and parameters are none of it.
struct Region {
  const char* data = nullptr;
  size_t bytes = 0;
  bool is_shared = false;  // by the threads of a block only
  void* cells = nullptr;
};
// The region that `place` is in, or null.
const Region* region_of(const void* place);

enum class Access : uint8_t {
  kRead,
  kWrite,
  kAtomic,
  kWeakRead,  // through a volatile pointer: with atomics it is no race
  kBeginCopy,
  kEndCopy
};

namespace shadow {

void begin_launch();
void begin_block();
// Ends the launch with a failure if it is a race.
void access(const Region& region, const void* place, size_t bytes, Access access, uint32_t caller);

}  // namespace shadow
}  // namespace flambeau::cuda::emulation::watch
