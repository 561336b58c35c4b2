// Streams, as JavaScript names them: by number.
#pragma once

#include "launch.h"

namespace flambeau::cuda {

struct NumberedStream {
  int device;
  int priority;
  cudaStream_t stream;
};

// Throws ERR_INTERNAL where there is none with this number.
NumberedStream stream_with(int number);
// The number of a stream that this process handed out.
int number_of(int device, cudaStream_t stream);
// A stream of the device's pool.
int take_stream(int device, int priority);

}  // namespace flambeau::cuda
