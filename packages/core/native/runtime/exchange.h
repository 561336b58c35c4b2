// Tensors on their way from one thread to another. A channel holds one count of each tensor that
// was sent and not yet received, so that nothing is lost or leaks when either thread ends.
#pragma once

#include <cstdint>

#include "tensor.h"

namespace flambeau {

// A new channel, known to all threads.
uint32_t open_channel();
// Lets go of everything that was not received. Unknown and closed channels are left alone.
void close_channel(uint32_t channel);
// Keeps `tensor` for another thread; the ticket is below 2^53. Throws Failure("ERR_VALUE") if the
// channel is not open.
uint64_t send(uint32_t channel, const Tensor& tensor);
// The tensor of a ticket, which is good for once unless `keep` says so. Throws
// Failure("ERR_DISPOSED") if there is none.
Tensor receive(uint64_t ticket, bool keep);
// Tensors that were sent and not received.
size_t waiting_tensors();

}  // namespace flambeau
