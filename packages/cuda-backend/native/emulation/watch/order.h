// Which accesses of a launch are ordered: the happens-before relation of CUDA's memory model, as
// far as kernels use it.
//
//   __syncthreads and its kin order all threads of the block; __syncwarp the lanes that take part.
//   Shuffles, votes, matches, reductions of warps and products of tensor cores order nothing: CUDA
//   documents that they are no memory barrier.
//   A fence, and then an atomic of the same thread, releases what was ordered before the fence; so
//   do fences of all threads, then a barrier, then an atomic of one of them. Who does an atomic on
//   the same place later acquires it, and hands it on at barriers. That is how the last block finds
//   what the others have written.
//
// The emulation runs one thread at a time, so a counter is the clock. What a thread does between
// two synchronisations is a segment; of another one it is known up to which time its segments are
// ordered before. (Lamport 1978; Mattern 1989.)
#pragma once

#include <cstdint>

#include "device.h"

namespace flambeau::cuda::emulation::watch {

struct Segment {
  uint32_t block;
  uint32_t time;  // when it began
  uint16_t thread;
  bool pending;  // a copy that the thread has not waited for: ordered before nothing
};

namespace order {

void begin_launch();
void begin_block(uint32_t block);
void set_running(int thread);
int running();

void passed_barrier();
void synchronised(int warp, unsigned lanes);
void fence(Scope scope);
void atomic_update(const void* place);

// The number of the segment that the running thread is in: 1 and up.
uint32_t current();
// A segment of the running thread for copies that are under way.
uint32_t pending();
const Segment& segment(uint32_t number);
// Is all of the segment ordered before what the running thread does next?
bool before(uint32_t number);
// Is whatever the lanes of this thread's warp did, in segments that began no later than `time` of
// this block?
bool lanes_before(unsigned lanes, uint32_t time);
// Is the segment of this block, since the last barrier, of the running thread's warp?
bool is_near(const Segment& segment);
bool is_of_this_block(const Segment& segment);

}  // namespace order
}  // namespace flambeau::cuda::emulation::watch
