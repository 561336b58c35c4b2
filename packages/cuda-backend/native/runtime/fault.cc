#include "fault.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "failure.h"
#include "graph.h"
#include "kernels.h"
#include "per_device.h"
#include "stream.h"

namespace flambeau::cuda {

namespace {

// What is known of a call, for the message.
struct Reporter {
  int kernel = -1;
  int axis = kFaultOfNothing;
  bool has_shape = false;
  bool kept = false;  // a graph may report again and again
  Shape shape;        // of the index
};

// Calls take turns; a report of one that was so many calls ago gets the name of another one. Those
// of graphs keep their turn, as long as there are few.
constexpr int kCalls = 4096;
constexpr int kMostKept = 2048;

struct Slot {
  std::mutex mutex;
  FaultReport* report = nullptr;  // as the host sees it
  int32_t* taken = nullptr;
  Fault* faults = nullptr;
  std::vector<Reporter> calls = std::vector<Reporter>(kCalls);
  int next = 0;
  int kept = 0;
};

// Not from the caching allocator: it lasts, and must not land in the memory of a graph.
Slot* make_slot(int device) {
  use_device(device);
  void* report = nullptr;
  check(cudaHostAlloc(&report, sizeof(FaultReport), cudaHostAllocMapped | cudaHostAllocPortable),
        "cudaHostAlloc");
  std::memset(report, 0, sizeof(FaultReport));
  void* seen = nullptr;
  check(cudaHostGetDevicePointer(&seen, report, 0), "cudaHostGetDevicePointer");
  void* taken = nullptr;
  check(cudaMalloc(&taken, sizeof(int32_t)), "cudaMalloc");
  std::vector<Fault> faults(kCalls);
  for (int i = 0; i < kCalls; ++i)
    faults[i] = {static_cast<int32_t*>(taken), static_cast<FaultReport*>(seen), i};
  void* there = nullptr;
  check(cudaMalloc(&there, sizeof(Fault) * faults.size()), "cudaMalloc");
  // On a stream of its own, since the current one may be recorded.
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  check(cudaMemsetAsync(taken, 0, sizeof(int32_t), stream), "cudaMemsetAsync");
  check(cudaMemcpyAsync(there, faults.data(), sizeof(Fault) * faults.size(), cudaMemcpyHostToDevice,
                        stream),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  check(cudaStreamDestroy(stream), "cudaStreamDestroy");
  auto slot = std::make_unique<Slot>();
  slot->report = static_cast<FaultReport*>(report);
  slot->taken = static_cast<int32_t*>(taken);
  slot->faults = static_cast<Fault*>(there);
  return slot.release();
}

PerDevice<Slot>& slots() {
  static auto* all = new PerDevice<Slot>;
  return *all;
}

// `[1, 0]`
std::string position_in(const Shape& shape, int64_t flat) {
  std::string position;
  for (int axis = shape.ndim - 1; axis >= 0; --axis) {
    const int64_t size = shape.sizes[axis] > 0 ? shape.sizes[axis] : 1;
    position = std::to_string(flat % size) + (position.empty() ? "" : ", " + position);
    flat /= size;
  }
  return "[" + position + "]";
}

std::string index_text(const FaultReport& report, const Reporter& call) {
  std::string text =
      (call.axis == kFaultOfClasses || report.kind == kFaultClass ? "class " : "index ") +
      std::to_string(report.value);
  if (call.has_shape && call.shape.ndim > 0 && report.position >= 0)
    text += " at position " + position_in(call.shape, report.position);
  const std::string count = std::to_string(report.bound) + " ";
  if (call.axis >= 0)
    return text + " is outside axis " + std::to_string(call.axis) + ", which has " + count +
           (report.bound == 1 ? "position" : "positions");
  if (call.axis == kFaultOfTensor)
    return text + " is outside the tensor, which has " + count +
           (report.bound == 1 ? "element" : "elements");
  return text + " is outside [0, " + std::to_string(report.bound) + ")";
}

// The words of core's kernels for the same failure.
std::string fault_text(const FaultReport& report, const Reporter& call) {
  double real;
  std::memcpy(&real, &report.value, sizeof real);
  const std::string number = std::to_string(real);
  const std::string whole = std::to_string(report.value);
  const std::string bound = std::to_string(report.bound);
  const std::string at = std::to_string(report.position);
  const bool placed = report.position >= 0;
  const auto of = [&](const char* what) { return placed ? what + (" " + at) : "one"; };
  switch (report.kind) {
    case kFaultIndex:
    case kFaultClass: return index_text(report, call);
    case kFaultTarget:
      return "target " + whole + (placed ? " at position " + at : "") + " is outside [0, " + bound +
             ")";
    case kFaultSorter:
      return "the sorter's index " + whole + " is outside of a sequence of " + bound;
    case kFaultWindow: return "index " + whole + " does not lie in the window that it belongs to";
    case kFaultDivision: return "whole numbers cannot be divided by zero";
    case kFaultProbability:
      return "probabilities lie in [0, 1], but " + of("the one of element") + " is " + number;
    case kFaultWeight:
      return "weights are finite numbers of at least 0, but " + of("that of category") + " is " +
             number;
    case kFaultWeights: return "the weights of a distribution must not all be 0";
    case kFaultDeviation:
      return "standard deviations are at least 0, but " + of("that of element") + " is " + number;
    case kFaultRate: return "rates are at least 0, but " + of("that of element") + " is " + number;
    case kFaultBin: return "the number " + whole + " has no bin";
    case kFaultNegativeRepeats: return "repeats must not be negative";
    case kFaultMoreRepeats: return "the repeats add up to more than the size of the output";
    case kFaultFewerRepeats: return "the repeats add up to less than the size of the output";
    case kFaultPointerEnds:
      return "crow must begin with 0 and end with the number of entries, " + bound;
    case kFaultPointerOrder: return "crow must not decrease, but does after row " + at;
    case kFaultInputLength:
      return "the length of the input of sequence " + at + " is " + whole + ", outside [0, " +
             bound + "]";
    case kFaultTargetLength:
      return "the length of the target of sequence " + at + " is " + whole + ", outside [0, " +
             bound + "]";
    case kFaultTargetsShort: return "the targets are shorter than their lengths";
    case kFaultLabel:
      return "label " + whole + " of target " + at + " is outside [0, " + bound + ")";
    default: return "something is wrong with the values";
  }
}

const char* fault_code(int32_t kind) {
  switch (kind) {
    case kFaultIndex:
    case kFaultClass:
    case kFaultTarget:
    case kFaultSorter:
    case kFaultLabel:
    case kFaultWindow: return "ERR_INDEX";
    default: return "ERR_VALUE";
  }
}

}  // namespace

const Fault* fault_for(int device, int kernel, const Strided* index, int axis) {
  Slot& slot = slots().get(device, make_slot);
  const std::lock_guard lock(slot.mutex);
  do {
    slot.next = (slot.next + 1) % kCalls;
  } while (slot.calls[slot.next].kept);
  Reporter& call = slot.calls[slot.next];
  call.kernel = kernel;
  call.axis = axis;
  call.has_shape = index != nullptr;
  if (index) call.shape = index->shape;
  if (recording() && slot.kept < kMostKept) {
    call.kept = true;
    ++slot.kept;
  }
  return slot.faults + slot.next;
}

void raise_fault(int device) {
  Slot* const made = slots().find(device);
  if (!made || made->report->kind == kFaultNone) return;
  Slot& slot = *made;
  const FaultReport& report = *slot.report;
  Reporter call;
  if (report.call >= 0 && report.call < kCalls) {
    const std::lock_guard lock(slot.mutex);
    call = slot.calls[report.call];
  }
  const std::vector<KnownKernel>& kernels = known_kernels();
  const bool is_known = call.kernel >= 0 && call.kernel < static_cast<int>(kernels.size());
  const Failure failure(fault_code(report.kind),
                        (is_known ? kernels[call.kernel].name + ": " : "") +
                            fault_text(report, call) + " (the GPU found it in an earlier call)");
  slot.report->kind = kFaultNone;
  use_device(device);
  // Later work may report again.
  check(cudaMemsetAsync(slot.taken, 0, sizeof(int32_t), current_stream(device)), "cudaMemsetAsync");
  throw failure;
}

}  // namespace flambeau::cuda
