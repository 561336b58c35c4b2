#include "fault.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "device_abi.h"
#include "failure.h"
#include "kernels.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

struct Slot {
  std::once_flag once;
  FaultReport* report = nullptr;  // as the host sees it
  int32_t* taken = nullptr;
  Fault* faults = nullptr;
  int count = 0;
};

Slot& slot_of(int index) {
  static auto* slots = new Slot[FLAMBEAU_MAX_DEVICES];
  return slots[index];
}

// Not from the caching allocator: it lasts, and must not land in the memory of a graph.
void make(Slot& slot, int index, int kernels) {
  use_device(index);
  void* report = nullptr;
  check(cudaHostAlloc(&report, sizeof(FaultReport), cudaHostAllocMapped | cudaHostAllocPortable),
        "cudaHostAlloc");
  std::memset(report, 0, sizeof(FaultReport));
  void* seen = nullptr;
  check(cudaHostGetDevicePointer(&seen, report, 0), "cudaHostGetDevicePointer");
  void* taken = nullptr;
  check(cudaMalloc(&taken, sizeof(int32_t)), "cudaMalloc");
  std::vector<Fault> faults(kernels);
  for (int i = 0; i < kernels; ++i)
    faults[i] = {static_cast<int32_t*>(taken), static_cast<FaultReport*>(seen), i};
  void* there = nullptr;
  check(cudaMalloc(&there, sizeof(Fault) * faults.size()), "cudaMalloc");
  const cudaStream_t stream = default_stream(index);
  check(cudaMemsetAsync(taken, 0, sizeof(int32_t), stream), "cudaMemsetAsync");
  check(cudaMemcpyAsync(there, faults.data(), sizeof(Fault) * faults.size(), cudaMemcpyHostToDevice,
                        stream),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  slot.taken = static_cast<int32_t*>(taken);
  slot.faults = static_cast<Fault*>(there);
  slot.count = kernels;
  slot.report = static_cast<FaultReport*>(report);
}

std::string shortest(double value) {
  if (std::isnan(value)) return "NaN";
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

Failure described(const FaultReport& report) {
  double number;
  std::memcpy(&number, &report.value, sizeof number);
  const std::string whole = std::to_string(report.value);
  const std::string range = " is outside [0, " + std::to_string(report.bound) + ")";
  const std::string real = shortest(number);
  const char* code = "ERR_VALUE";
  std::string text;
  switch (report.kind) {
    case kFaultIndex:
      code = "ERR_INDEX";
      text = "index " + whole + range;
      break;
    case kFaultClass:
      code = "ERR_INDEX";
      text = "class " + whole + range;
      break;
    case kFaultTarget:
      code = "ERR_INDEX";
      text = "target " + whole + range;
      break;
    case kFaultSorter:
      code = "ERR_INDEX";
      text = "the sorter's index " + whole + range;
      break;
    case kFaultDivision: text = "whole numbers cannot be divided by zero"; break;
    case kFaultProbability: text = "probabilities lie in [0, 1], but one is " + real; break;
    case kFaultWeight: text = "weights are finite numbers of at least 0, but one is " + real; break;
    case kFaultWeights: text = "the weights of a distribution must not all be 0"; break;
    case kFaultDeviation: text = "standard deviations are at least 0, but one is " + real; break;
    case kFaultRate: text = "rates are at least 0, but one is " + real; break;
    case kFaultBin: text = "the number " + real + " has no bin"; break;
    case kFaultRepeats:
      text = "repeats must not be negative, and must add up to the size of the output, " +
             std::to_string(report.bound);
      break;
    case kFaultPointers:
      text =
          "crow must begin with 0, must not decrease, and must end with the number of entries, " +
          std::to_string(report.bound);
      break;
    default: text = "something is wrong with the values"; break;
  }
  const std::vector<KnownKernel>& kernels = known_kernels();
  const bool known = report.kernel >= 0 && report.kernel < static_cast<int>(kernels.size());
  return Failure(code, text + " (found by the GPU in an earlier call of " +
                           (known ? kernels[report.kernel].name : "a kernel") +
                           ", whose result cannot be used)");
}

}  // namespace

const Fault* faults_of(int index, int kernels) {
  Slot& slot = slot_of(index);
  std::call_once(slot.once, [&] { make(slot, index, kernels); });
  return slot.faults;
}

void raise_fault(int index) {
  Slot& slot = slot_of(index);
  if (!slot.report || slot.report->kind == kFaultNone) return;
  const Failure failure = described(*slot.report);
  slot.report->kind = kFaultNone;
  use_device(index);
  // Later work may report again.
  check(cudaMemsetAsync(slot.taken, 0, sizeof(int32_t), current_stream(index)), "cudaMemsetAsync");
  throw failure;
}

}  // namespace flambeau::cuda
