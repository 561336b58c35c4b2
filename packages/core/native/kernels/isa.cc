#include "isa.h"

#include <cstdlib>
#include <string>

#include "context.h"

namespace flambeau {

namespace {

std::vector<Isa> detect() {
#ifdef FLAMBEAU_SINGLE_ISA
  return {Isa::kBase};
#else
  __builtin_cpu_init();
  std::vector<Isa> isas = {Isa::kV2};
  if (__builtin_cpu_supports("x86-64-v3")) isas.push_back(Isa::kV3);
  if (__builtin_cpu_supports("x86-64-v4")) isas.push_back(Isa::kV4);
  return isas;
#endif
}

}  // namespace

const char* isa_name(Isa isa) {
#ifdef FLAMBEAU_SINGLE_ISA
  (void)isa;
  return "base";
#else
  constexpr const char* kNames[] = {"v2", "v3", "v4"};
  return kNames[static_cast<int>(isa)];
#endif
}

const std::vector<Isa>& supported_isas() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa select_isa(const char* wanted) {
  const std::vector<Isa>& isas = supported_isas();
  if (!wanted || !*wanted) return isas.back();
  std::string names;
  for (Isa isa : isas) {
    if (std::string(wanted) == isa_name(isa)) return isa;
    names += std::string(names.empty() ? "" : ", ") + isa_name(isa);
  }
  throw Failure("ERR_VALUE", "the environment variable FLAMBEAU_ISA is '" + std::string(wanted) +
                                 "'; on this processor it may be " + names);
}

Isa active_isa() {
  static const Isa isa = select_isa(std::getenv("FLAMBEAU_ISA"));
  return isa;
}

}  // namespace flambeau
