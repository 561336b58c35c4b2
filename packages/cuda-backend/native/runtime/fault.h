// Failures that only device code sees, such as an index outside of its axis: it reports the first
// one and goes on without touching memory, and the host raises it when it next waits for the
// device.
#pragma once

#include <cstdint>

#include "launch.h"
#include "layout.h"

namespace flambeau::cuda {

// What went wrong. The comment says what `value` and `bound` are: whole numbers, or where `number`
// stands there, floating-point numbers (report_number). `position` is the place of the value among
// its tensor's elements in row-major order, where the kernel can tell it.
enum FaultKind : int32_t {
  kFaultNone,
  kFaultIndex,        // an index is outside [0, bound) or [-bound, bound)
  kFaultClass,        // a class is outside [0, bound)
  kFaultTarget,       // a target is outside [0, bound)
  kFaultDivision,     // a whole number was divided by zero
  kFaultSorter,       // an index of a sorter is outside [0, bound)
  kFaultWindow,       // an index is not in the window that it belongs to
  kFaultProbability,  // number: a probability is outside [0, 1]
  kFaultWeight,       // number: a weight of a distribution is negative or not finite
  kFaultWeights,      // the weights of a distribution are all 0
  kFaultDeviation,    // number: a standard deviation is negative
  kFaultRate,         // number: a rate is negative
  kFaultBin,          // a number has no bin
  kFaultNegativeRepeats,
  kFaultMoreRepeats,   // repeats add up to more than the size of the output
  kFaultFewerRepeats,  // … to less
  kFaultPointerEnds,   // row pointers do not begin with 0, or do not end with `bound`
  kFaultPointerOrder,  // row pointers decrease after row `position`
  kFaultInputLength,   // of a sequence (number `position`): outside [0, bound]
  kFaultTargetLength,  // the same for its target
  kFaultTargetsShort,  // targets in a row are shorter than their lengths
  kFaultLabel,         // a label of target number `position` is outside [0, bound)
};

// The first failure since the last look, in host memory that the device sees.
struct FaultReport {
  int64_t value;
  int64_t bound;
  int64_t position;
  int32_t call;
  volatile int32_t kind;  // written last
};

// Where the kernels of one call report, in device memory: see Call::fault.
struct Fault {
  int32_t* taken;  // in device memory: has something been reported?
  FaultReport* report;
  int32_t call;
};

#if defined(__CUDACC__) || defined(FLAMBEAU_EMULATED)
// Of a whole number. The first report counts; later ones are dropped.
__device__ inline void report(const Fault* fault, FaultKind kind, int64_t value, int64_t bound,
                              int64_t position = -1) {
  if (atomicCAS(fault->taken, 0, 1) != 0) return;
  fault->report->value = value;
  fault->report->bound = bound;
  fault->report->position = position;
  fault->report->call = fault->call;
  __threadfence_system();
  fault->report->kind = kind;
}

// Of a floating-point number.
__device__ inline void report_number(const Fault* fault, FaultKind kind, double value,
                                     int64_t position = -1) {
  report(fault, kind, __double_as_longlong(value), 0, position);
}
#endif

// What the user knows an index by, where it is no axis.
inline constexpr int kFaultOfTensor = -1;   // it counts all elements
inline constexpr int kFaultOfClasses = -2;  // it is a class
inline constexpr int kFaultOfNothing = -3;  // not known

// A place to report to, for one call of kernel number `kernel`. `index` is the tensor whose values
// are checked (null: not known), `axis` the axis that they point into, as the user knows it.
const Fault* fault_for(int device, int kernel, const Strided* index, int axis);

// Throws the failure that was reported on a device, if any, and forgets it. The device must have
// finished the work in question.
void raise_fault(int device);

}  // namespace flambeau::cuda
