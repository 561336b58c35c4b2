// Which instruction set the kernels of simd/ run on.
//
// Every file of simd/ is compiled once per level, into a namespace of that name, and exports tables
// of raw-pointer functions. A table `extern const ReduceTable reduce_table;` of simd/reduce.h is
// reached by
//
//   FLAMBEAU_SIMD_TABLE(ReduceTable, reduce_table)   // declares the table of every level
//   … active::reduce_table().sum(…)                  // the one this processor runs
//   … active::reduce_table(Isa::kV3).sum(…)          // that of a given level
#pragma once

#include <cstdint>
#include <vector>

namespace flambeau {

#ifdef FLAMBEAU_SINGLE_ISA
enum class Isa : uint8_t { kBase };
#else
enum class Isa : uint8_t { kV2, kV3, kV4 };  // x86-64-v2 (SSE4.2), -v3 (AVX2, FMA), -v4 (AVX-512)
#endif

const char* isa_name(Isa isa);
// The levels this processor runs, lowest first.
const std::vector<Isa>& supported_isas();
// The level that `wanted` names (v2, v3, v4; base where there is one level only), the highest
// supported one for null or an empty string. Throws Failure("ERR_VALUE") where there is no such
// level or the processor lacks it.
Isa select_isa(const char* wanted);
// The level in use, selected once by the environment variable FLAMBEAU_ISA.
Isa active_isa();

#ifdef FLAMBEAU_SINGLE_ISA
#define FLAMBEAU_SIMD_TABLE(Type, name)                                                      \
  namespace base {                                                                           \
  extern const Type name;                                                                    \
  }                                                                                          \
  namespace active {                                                                         \
  inline const Type& name(::flambeau::Isa = active_isa()) { return ::flambeau::base::name; } \
  }
#else
#define FLAMBEAU_SIMD_TABLE(Type, name)                         \
  namespace v2 {                                                \
  extern const Type name;                                       \
  }                                                             \
  namespace v3 {                                                \
  extern const Type name;                                       \
  }                                                             \
  namespace v4 {                                                \
  extern const Type name;                                       \
  }                                                             \
  namespace active {                                            \
  inline const Type& name(::flambeau::Isa isa = active_isa()) { \
    switch (isa) {                                              \
      case ::flambeau::Isa::kV4: return ::flambeau::v4::name;   \
      case ::flambeau::Isa::kV3: return ::flambeau::v3::name;   \
      case ::flambeau::Isa::kV2: break;                         \
    }                                                           \
    return ::flambeau::v2::name;                                \
  }                                                             \
  }
#endif

}  // namespace flambeau
