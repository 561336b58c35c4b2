// Kernels that are compiled while the program runs, and kept.
#pragma once

#include <string>

#include "launch.h"

namespace flambeau::cuda::fusion {

// A header that generated kernels include. (written by embed.cmake)
struct Header {
  const char* name;
  const char* text;
};
extern const Header kHeaders[];
extern const int kHeaderCount;

// Why kernels cannot be compiled here, with the remedy; empty where they can.
const std::string& why_unavailable();

// The kernel `fused` of a source, compiled for the architecture of the device where that has not
// been done. Throws ERR_DEVICE without NVRTC, and ERR_INTERNAL with NVRTC's words where it refuses.
const void* compiled(const std::string& source, int device);

// Launches it, with the bytes of its only argument.
void launch_compiled(const void* kernel, unsigned blocks, unsigned threads, const void* argument,
                     LaunchOn on);

}  // namespace flambeau::cuda::fusion
