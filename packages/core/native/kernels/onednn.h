// What every caller of oneDNN needs: the engine, a stream per thread, and OpenMP kept in check.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "tensor.h"

namespace flambeau {

// The CPU engine of the process, limited to the instruction set in use (kernels/isa.h).
const dnnl::engine& onednn_engine();
// This thread's stream.
dnnl::stream& onednn_stream();

// While alive, OpenMP regions that this thread starts have `count` threads. oneDNN asks both when a
// primitive is made and when it runs; the two must agree.
class OpenMpThreads {
 public:
  explicit OpenMpThreads(int count);
  ~OpenMpThreads();
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  int before_;
};

[[noreturn]] void throw_onednn(const dnnl::error& error);

// Calls body and turns oneDNN's errors into std::bad_alloc or Failure("ERR_INTERNAL").
template <class Body>
decltype(auto) guard_onednn(Body&& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    throw_onednn(error);
  }
}

}  // namespace flambeau
