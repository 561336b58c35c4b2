#include "about.h"

#include <oneapi/dnnl/dnnl.h>

#include "context.h"
#include "isa.h"

// NOLINTBEGIN(readability-identifier-naming): the names are OpenBLAS's
extern "C" {
char* openblas_get_config();
char* openblas_get_corename();
}
// NOLINTEND(readability-identifier-naming)

namespace flambeau {

namespace {

const char* onednn_isa() {
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "SSE4.1";
    case dnnl_cpu_isa_avx: return "AVX";
    case dnnl_cpu_isa_avx2: return "AVX2";
    case dnnl_cpu_isa_avx2_vnni: return "AVX2 with VNNI";
    case dnnl_cpu_isa_avx512_core: return "AVX-512";
    case dnnl_cpu_isa_avx512_core_vnni: return "AVX-512 with VNNI";
    case dnnl_cpu_isa_avx512_core_bf16: return "AVX-512 with bfloat16";
    case dnnl_cpu_isa_avx512_core_amx: return "AVX-512 with bfloat16 and AMX";
    default: return "none";
  }
}

// The level in use; what is wrong with FLAMBEAU_ISA where it names none.
std::string active_level() {
  try {
    return isa_name(active_isa());
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> about() {
  std::string levels;
  for (const Isa isa : supported_isas()) {
    levels += std::string(levels.empty() ? "" : " ") + isa_name(isa);
  }
  const dnnl_version_t* onednn = dnnl_version();
#ifdef FLAMBEAU_SERIAL_ONEDNN
  const char* const origin = "built in";
#else
  const char* const origin = "system";
#endif
  return {
      {"levels", levels},
      {"level", active_level()},
      {"onednn", std::to_string(onednn->major) + "." + std::to_string(onednn->minor) + "." +
                     std::to_string(onednn->patch)},
      {"onednnOrigin", origin},
      {"onednnIsa", onednn_isa()},
      {"openblas", openblas_get_config()},
      {"openblasCore", openblas_get_corename()},
      {"compiler", __VERSION__},
  };
}

}  // namespace flambeau
