// What requests of warps ask of memory, and what they move: with FLAMBEAU_EMULATED_TRAFFIC=1 a
// table of all kernels is printed when the program ends.
//
// Lanes of a warp do the same together: the n-th access of each lane at a place of the code,
// counted from where all lanes last met, is one request. Of memory of the device it moves the
// sectors of 32 bytes that it touches. Shared memory has 32 banks of 4 bytes; a request takes as
// many passes as the bank that is asked for most words. Accesses of 8 bytes are made by 16 lanes at
// a time, those of 16 by 8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shadow.h"

namespace flambeau::cuda::emulation::watch {

// Starts or ends counting; what was before.
bool count_traffic(bool wanted);

// Sums over requests.
struct Traffic {
  uint64_t requests = 0;
  uint64_t asked = 0;  // bytes
  uint64_t moved = 0;  // bytes of sectors; of shared memory passes
  uint64_t needed =
      0;  // bytes of sectors if lanes were neighbours; of shared memory passes without conflicts

  // In percent: 100 where nothing is moved in vain.
  double efficiency() const;
};

namespace traffic {

void begin_launch(const void* kernel);
void end_launch();
void end_block();
void end_warp(int warp);
void access(int thread, const Region& region, const void* place, size_t bytes, bool writes,
            uint32_t caller);

// What launches of a kernel have done so far.
struct Counts {
  uint64_t launches = 0;
  Traffic loads, stores, shared;
};
Counts counts_of(const void* kernel);
// A table of all kernels, those that move most in vain first.
std::string report();

}  // namespace traffic
}  // namespace flambeau::cuda::emulation::watch
