#include "onednn.h"

#ifndef FLAMBEAU_SERIAL_ONEDNN
#include <omp.h>
#endif

#include <new>
#include <string>

#include "context.h"
#include "isa.h"

namespace flambeau {

namespace {

#ifndef FLAMBEAU_SINGLE_ISA
// oneDNN looks at the processor itself; FLAMBEAU_ISA limits it as it limits our own loops. It takes
// a limit before its first use only, hence here, when the library is loaded.
[[maybe_unused]] const bool isa_is_limited = [] {
  try {
    if (active_isa() == supported_isas().back()) return false;
    const auto limit = active_isa() == Isa::kV2 ? dnnl_cpu_isa_sse41 : dnnl_cpu_isa_avx2;
    return dnnl_set_max_cpu_isa(limit) == dnnl_success;
  } catch (const Failure&) {
    return false;  // a wrong FLAMBEAU_ISA is reported by the first kernel that asks
  }
}();
#endif

}  // namespace

const dnnl::engine& onednn_engine() {
  // Never destroyed: threads may still run when the process ends.
  static const auto* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

dnnl::stream& onednn_stream() {
  thread_local dnnl::stream stream(onednn_engine());
  return stream;
}

#ifdef FLAMBEAU_SERIAL_ONEDNN
OpenMpThreads::OpenMpThreads(int count) : before_(count) {}
OpenMpThreads::~OpenMpThreads() = default;
#else
OpenMpThreads::OpenMpThreads(int count) : before_(omp_get_max_threads()) {
  if (before_ != count) omp_set_num_threads(count);
}
OpenMpThreads::~OpenMpThreads() { omp_set_num_threads(before_); }
#endif

void throw_onednn(const dnnl::error& error) {
  if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
  throw Failure("ERR_INTERNAL", std::string("oneDNN: ") + error.what());
}

}  // namespace flambeau
